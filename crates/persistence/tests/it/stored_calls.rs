//! What is kept beside calls: between which times those of a stretch of the record are.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::activity::CallQuery;
use orch_domain::id::ProjectId;
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::port::call_log::CallRepo;
use orch_domain::port::chain_signer::ChainSigner;
use orch_migrations::Migrator;
use orch_persistence::{SeaActivityRepo, SeaAuditChain, SeaCallRepo};
use orch_testkit::builders::a_call;
use orch_testkit::fakes::FixedClock;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use crate::stores::{Location, on_postgres, on_sqlite};

async fn stretches(location: &Location) -> i64 {
    let raw = sea_orm::Database::connect(location.url()).await.unwrap();
    let count = Statement::from_string(raw.get_database_backend(), "SELECT COUNT(*) AS n FROM call_stretches");
    let row = raw.query_one_raw(count).await.unwrap().unwrap();
    raw.close().await.unwrap();
    row.try_get("", "n").unwrap()
}

struct Signer;

impl ChainSigner for Signer {
    fn key_id(&self) -> String {
        "one".to_owned()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        message == signature
    }
}

/// A database of a version that did not note the times of stretches; and what is noted goes with its calls.
async fn times_are_noted_for_what_is_there_and_no_longer(location: Location) {
    let database = location.connect().await;
    database.sign_with(Arc::new(Signer));
    database.migrate().await.unwrap();
    let (repo, project) = (SeaCallRepo::new(database.clone()), ProjectId::new());
    let at = |hours: u64| FixedClock::START + Duration::from_secs(hours * 3600);
    let calls =
        |hours, count| -> Vec<_> { (0..count).map(|_| a_call().in_project(project).at(at(hours)).build()).collect() };
    let (old, fresh) = (calls(1, 2100), calls(9, 1000));
    repo.insert(&old).await.unwrap();
    repo.insert(&fresh).await.unwrap();
    assert_eq!(stretches(&location).await, 4);

    let raw = sea_orm::Database::connect(location.url()).await.unwrap();
    let steps = Migrator::migrations();
    let noted = steps.iter().position(|step| step.name().ends_with("span_calls")).unwrap();
    Migrator::down(&raw, Some(u32::try_from(steps.len() - noted).unwrap())).await.unwrap();
    raw.close().await.unwrap();
    database.migrate().await.unwrap();
    assert_eq!(stretches(&location).await, 4);
    let activity = SeaActivityRepo::new(database.clone());
    let found = async |query: CallQuery| {
        let found = activity.calls(&query, u64::MAX, 5000).await.unwrap();
        found.into_iter().rev().map(|found| found.item).collect::<Vec<_>>()
    };
    assert!(found(CallQuery { from: Some(at(5)), ..CallQuery::all(project) }).await == fresh);
    assert!(found(CallQuery { until: Some(at(5)), ..CallQuery::all(project) }).await == old);

    let chain = SeaAuditChain::new(database.clone());
    let pruned = chain.prune_calls(database.cut(at(5)).await.unwrap()).await.unwrap();
    assert_eq!((pruned.taken, pruned.damaged), (2100, 0));
    assert_eq!(stretches(&location).await, 2);
    assert!(found(CallQuery { from: Some(at(0)), ..CallQuery::all(project) }).await == fresh);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_notes_times_for_what_is_there_and_no_longer() {
    on_sqlite(times_are_noted_for_what_is_there_and_no_longer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_notes_times_for_what_is_there_and_no_longer() {
    on_postgres(times_are_noted_for_what_is_there_and_no_longer).await;
}
