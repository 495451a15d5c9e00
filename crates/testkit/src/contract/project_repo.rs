//! The contract of [`ProjectRepo`](orch_domain::port::project_repo::ProjectRepo), members aside.

use orch_domain::activity::EntryFilter;
use orch_domain::arguments::RecordedArguments;
use orch_domain::audit::AuditAction;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::policy::pattern::Pattern;
use orch_domain::port::call_log::CallFilter;
use orch_domain::port::project_repo::ProjectFilter;
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::slug::Slug;

use super::{TestStore, a_stored_project, a_stored_server, a_stored_user, an_entry, at, is_on_record};
use crate::builders::{a_call, a_catalog, a_key, a_project, an_audit_entry};

pub async fn project_repo(store: &dyn TestStore) {
    pages_stay_where_they_are(store).await;
    finds_what_was_created(store).await;
    refuses_a_taken_slug(store).await;
    updates_by_version(store).await;
    deletes_what_belongs_to_it_and_keeps_the_records(store).await;
    finds_by_a_part_of_slug_or_name(store).await;
}

async fn pages_stay_where_they_are(store: &dyn TestStore) {
    let projects = store.projects();
    let admin = a_stored_user(store).await.id;
    let mut created = Vec::new();
    for _ in 0..4 {
        let project = a_project().build();
        projects.create(&project, admin, &an_entry()).await.expect("a project can be created");
        created.push(project.id);
        // Of somebody else.
        created.push(a_stored_project(store).await.0.id);
    }
    let theirs: Vec<_> = created.iter().copied().step_by(2).collect();
    assert_eq!(ids_in_pages_of_three(store, None).await, created);
    assert_eq!(ids_in_pages_of_three(store, Some(admin)).await, theirs);
    assert_eq!(ids_in_pages_of_three(store, Some(UserId::new())).await, []);
}

async fn ids_in_pages_of_three(store: &dyn TestStore, member: Option<UserId>) -> Vec<ProjectId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::new(3, None);
    loop {
        let page = store.projects().list(&ProjectFilter { member, search: None }, request).await.expect("a list");
        ids.extend(page.items.iter().map(|project| project.id));
        match page.next {
            Some(next) => request.after = Some(next),
            None => return ids,
        }
    }
}

async fn finds_by_a_part_of_slug_or_name(store: &dyn TestStore) {
    let admin = a_stored_user(store).await.id;
    let project = a_project().named("Deep Thought").slug("answers").build();
    store.projects().create(&project, admin, &an_entry()).await.expect("a project can be created");
    let search = async |text: &str, member| {
        let filter = ProjectFilter { member, search: Some(text.to_owned()) };
        let found = store.projects().list(&filter, PageRequest::default()).await.expect("a list").items;
        found.into_iter().map(|project| project.id).collect::<Vec<_>>()
    };
    for text in ["deep t", "SWERS"] {
        assert_eq!(search(text, None).await, [project.id], "{text}");
        assert_eq!(search(text, Some(admin)).await, [project.id], "{text}");
        assert_eq!(search(text, Some(UserId::new())).await, [], "{text}");
    }
    assert_eq!(search("deep%", None).await, []);
}

async fn finds_what_was_created(store: &dyn TestStore) {
    let projects = store.projects();
    let admin = a_stored_user(store).await.id;
    let hidden = ["ssn", "*Känguru*"].map(|text| Pattern::parse_member(text).expect("a pattern")).into();
    let redacted = RecordedArguments::Redacted { hidden };
    let (project, entry) =
        (a_project().named("Ünïcode").separator("_-_").recorded_arguments(redacted).build(), an_entry());
    projects.create(&project, admin, &entry).await.expect("a project can be created");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(projects.find(project.id).await.expect("found").as_ref(), Some(&project));
    assert_eq!(projects.find_by_slug(&project.slug).await.expect("found").as_ref(), Some(&project));
    let first = projects.find_member(project.id, admin).await.expect("found").expect("the first admin");
    assert_eq!((first.role, first.created_at), (Role::Admin, project.created_at));

    assert_eq!(projects.find(ProjectId::new()).await.expect("an answer"), None);
    let unknown = Slug::parse("unknown").expect("a slug");
    assert_eq!(projects.find_by_slug(&unknown).await.expect("an answer"), None);

    let orphan = a_project().build();
    let outcome = projects.create(&orphan, UserId::new(), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the user" })), "{outcome:?}");
    assert_eq!(projects.find(orphan.id).await.expect("an answer"), None, "nothing of a refused write stays");
}

async fn refuses_a_taken_slug(store: &dyn TestStore) {
    let projects = store.projects();
    let ((first, admin), (second, _)) = (a_stored_project(store).await, a_stored_project(store).await);
    let entry = an_entry();
    let outcome = projects.create(&a_project().slug(first.slug.as_str()).build(), admin.id, &entry).await;
    let taken = |outcome| matches!(outcome, Err(StoreError::Conflict { what: "a project with this slug" }));
    assert!(taken(outcome));
    assert!(taken(projects.update(&Project { slug: first.slug, version: 2, ..second }, &entry).await));
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
}

async fn updates_by_version(store: &dyn TestStore) {
    let projects = store.projects();
    let (project, _) = a_stored_project(store).await;
    let changed = Project { name: "Changed".to_owned(), updated_at: at(9), version: 2, ..project.clone() };
    let entry = an_entry();
    projects.update(&changed, &entry).await.expect("an update");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(projects.find(project.id).await.expect("found").as_ref(), Some(&changed));
    let outcome = projects.update(&changed, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the project" })), "{outcome:?}");
    let outcome = projects.update(&Project { version: 2, ..a_project().build() }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
}

async fn deletes_what_belongs_to_it_and_keeps_the_records(store: &dyn TestStore) {
    let (project, admin) = a_stored_project(store).await;
    let (other, _) = a_stored_project(store).await;
    let server = a_stored_server(store, project.id).await;
    let kept = a_stored_server(store, other.id).await;
    for server in [&server, &kept] {
        store.catalogs().save(&a_catalog(server.id).tool("t").build()).await.expect("a catalog can be saved");
    }
    let key = a_key().in_project(project.id).by(admin.id).build();
    store.keys().create(&key, &an_entry()).await.expect("a key can be created");
    let call = a_call().in_project(project.id).build();
    store.calls().insert(std::slice::from_ref(&call)).await.expect("a call can be stored");

    let entry = an_audit_entry().in_project(project.id).action(AuditAction::ProjectDelete).build();
    for other in [0, 2] {
        let outcome = store.projects().delete(project.id, Some(other), &an_entry()).await;
        assert!(matches!(outcome, Err(StoreError::Stale { what: "the project" })), "{outcome:?}");
    }
    assert!(store.servers().find(server.id).await.expect("an answer").is_some(), "a refused write takes nothing");
    store.projects().delete(project.id, Some(1), &entry).await.expect("a deletion");

    assert_eq!(store.projects().find(project.id).await.expect("an answer"), None);
    assert_eq!(store.projects().find_member(project.id, admin.id).await.expect("an answer"), None);
    assert_eq!(store.servers().find(server.id).await.expect("an answer"), None);
    assert_eq!(store.catalogs().find(server.id).await.expect("an answer"), None);
    assert_eq!(store.keys().find(key.id).await.expect("an answer"), None);
    assert!(store.users().find(admin.id).await.expect("an answer").is_some());
    assert!(store.servers().find(kept.id).await.expect("an answer").is_some());
    assert!(store.catalogs().find(kept.id).await.expect("an answer").is_some());

    let calls = CallFilter::all(project.id);
    assert_eq!(store.calls().list(calls, PageRequest::default()).await.expect("a list").items, [call]);
    let trail = store
        .audit()
        .list(Some(project.id), &EntryFilter::default(), PageRequest::default())
        .await
        .expect("a list")
        .items;
    assert_eq!(trail.first().map(|record| record.id), Some(entry.id));

    let outcome = store.projects().delete(project.id, None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
}
