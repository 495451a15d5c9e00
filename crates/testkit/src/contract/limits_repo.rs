//! The contract of [`LimitsRepo`](orch_domain::port::limits_repo::LimitsRepo).

use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::quota::{Allowance, Limits, StoredLimits};

use super::{TestStore, a_stored_project, an_entry, is_on_record};

pub async fn limits_repo(store: &dyn TestStore) {
    let repo = store.limits();
    let (project, _) = a_stored_project(store).await;
    let limits = |per_minute, version| {
        let key = Allowance { per_minute: Some(per_minute), ..Allowance::default() };
        let user = Allowance { concurrent: Some(3), ..Allowance::default() };
        let whole = Allowance { per_day: Some(1_000_000_000), ..Allowance::default() };
        StoredLimits { limits: Limits { key, user, project: whole, server_concurrent: Some(9) }, version }
    };
    for (whose, per_minute) in [(None, 60), (Some(project.id), 5)] {
        assert_eq!(repo.find(whose).await.expect("an answer"), StoredLimits::default());
        for version in [1, 2] {
            let (written, entry) = (limits(per_minute * version, version), an_entry());
            repo.put(whose, &written, &entry).await.expect("limits can be written");
            assert_eq!(repo.find(whose).await.expect("an answer"), written);
            assert!(is_on_record(store, entry.id).await);
        }
        let entry = an_entry();
        for version in [1, 2, 4] {
            let outcome = repo.put(whose, &limits(1, version), &entry).await;
            assert!(matches!(outcome, Err(StoreError::Stale { what: "the limits" })), "{version}: {outcome:?}");
        }
        assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
    }
    let outcome = repo.put(Some(ProjectId::new()), &limits(1, 1), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");

    let directory = store.directory().load().await.expect("a directory");
    assert_eq!(directory.instance_limits(), limits(120, 2).limits);
    let facts = directory.project(project.id).expect("the project");
    assert_eq!(directory.limits(facts).key.per_minute, Some(10));
    store.projects().delete(project.id, None, &an_entry()).await.expect("a project can be deleted");
    assert_eq!(repo.find(Some(project.id)).await.expect("an answer"), StoredLimits::default());
}
