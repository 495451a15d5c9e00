//! The contract of [`ProjectRepo`](orch_domain::port::project_repo::ProjectRepo) on members.

use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::membership::Membership;
use orch_domain::role::Role;
use orch_domain::user::User;

use super::{ROUNDS, TestStore, a_stored_project, a_stored_user, an_entry, at, is_on_record};

pub async fn members(store: &dyn TestStore) {
    adds_changes_and_removes(store).await;
    lists_in_the_order_of_joining(store).await;
    refuses_who_does_not_exist(store).await;
    refuses_who_has_seen_another_role(store).await;
    keeps_an_admin(store).await;
    counts_active_admins_only(store).await;
    keeps_an_admin_when_two_leave_at_once(store).await;
}

fn membership(project_id: ProjectId, user_id: UserId, role: Role) -> Membership {
    Membership { project_id, user_id, role, created_at: at(0) }
}

async fn adds_changes_and_removes(store: &dyn TestStore) {
    let projects = store.projects();
    let ((project, _), user) = (a_stored_project(store).await, a_stored_user(store).await);
    let joined = membership(project.id, user.id, Role::Viewer);
    let entry = an_entry();
    projects.put_member(&joined, None, &entry).await.expect("a member can be added");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(projects.find_member(project.id, user.id).await.expect("found").as_ref(), Some(&joined));

    let raised = Membership { role: Role::Member, created_at: at(60), ..joined.clone() };
    projects.put_member(&raised, Some(Role::Viewer), &an_entry()).await.expect("a role can be changed");
    let found = projects.find_member(project.id, user.id).await.expect("found");
    assert_eq!(found, Some(Membership { role: Role::Member, ..joined }), "the time of joining stays");

    let entry = an_entry();
    projects.remove_member(project.id, user.id, Role::Member, &entry).await.expect("a member can be removed");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(projects.find_member(project.id, user.id).await.expect("an answer"), None);
    let outcome = projects.remove_member(project.id, user.id, Role::Member, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the member" })), "{outcome:?}");
}

async fn lists_in_the_order_of_joining(store: &dyn TestStore) {
    let projects = store.projects();
    let (project, admin) = a_stored_project(store).await;
    let mut expected = vec![(membership(project.id, admin.id, Role::Admin), admin)];
    // Times with and without a fraction of a second, and not in the order of the ids.
    let mut users = Vec::new();
    for _ in 0..3 {
        users.push(a_stored_user(store).await);
    }
    let whole = at(10).replace_nanosecond(0).expect("a time");
    for (user, joined) in users.into_iter().rev().zip([whole, at(10), at(11)]) {
        let member = Membership { created_at: joined, ..membership(project.id, user.id, Role::Member) };
        projects.put_member(&member, None, &an_entry()).await.expect("a member can be added");
        expected.push((member, user));
    }
    assert_eq!(projects.list_members(project.id).await.expect("a list"), expected);
    assert_eq!(projects.list_members(ProjectId::new()).await.expect("a list"), []);
}

async fn refuses_who_does_not_exist(store: &dyn TestStore) {
    let (project, admin) = a_stored_project(store).await;
    let nobody = membership(project.id, UserId::new(), Role::Viewer);
    let outcome = store.projects().put_member(&nobody, None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the user" })), "{outcome:?}");
    let nowhere = membership(ProjectId::new(), admin.id, Role::Admin);
    let outcome = store.projects().put_member(&nowhere, None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
}

async fn refuses_who_has_seen_another_role(store: &dyn TestStore) {
    let projects = store.projects();
    let ((project, _), user) = (a_stored_project(store).await, a_stored_user(store).await);
    let stored = async || projects.find_member(project.id, user.id).await.expect("an answer").map(|member| member.role);
    let is_stale = |outcome: &Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::Stale { what: "the member" })), "{outcome:?}");
    };
    let (viewer, admin) = (membership(project.id, user.id, Role::Viewer), membership(project.id, user.id, Role::Admin));
    projects.put_member(&viewer, None, &an_entry()).await.expect("a member can be added");
    let entry = an_entry();
    for seen in [None, Some(Role::Member), Some(Role::Admin)] {
        is_stale(&projects.put_member(&admin, seen, &entry).await);
    }
    is_stale(&projects.remove_member(project.id, user.id, Role::Member, &entry).await);
    assert_eq!(stored().await, Some(Role::Viewer), "refused writes change nothing");

    projects.remove_member(project.id, user.id, Role::Viewer, &an_entry()).await.expect("a member can be removed");
    is_stale(&projects.put_member(&admin, Some(Role::Viewer), &entry).await);
    assert_eq!(stored().await, None, "who was removed does not come back");
    assert!(!is_on_record(store, entry.id).await);
}

async fn keeps_an_admin(store: &dyn TestStore) {
    let projects = store.projects();
    let ((project, admin), second) = (a_stored_project(store).await, a_stored_user(store).await);
    projects.put_member(&membership(project.id, second.id, Role::Member), None, &an_entry()).await.expect("a member");
    let entry = an_entry();
    let lowered = membership(project.id, admin.id, Role::Member);
    let outcome = projects.put_member(&lowered, Some(Role::Admin), &entry).await;
    assert!(matches!(outcome, Err(StoreError::LastAdmin { .. })), "{outcome:?}");
    let outcome = projects.remove_member(project.id, admin.id, Role::Admin, &entry).await;
    assert!(matches!(outcome, Err(StoreError::LastAdmin { .. })), "{outcome:?}");
    assert!(!is_on_record(store, entry.id).await);
    let still = projects.find_member(project.id, admin.id).await.expect("found").map(|member| member.role);
    assert_eq!(still, Some(Role::Admin), "refused writes change nothing");

    // To stay an admin is no loss of one.
    let stays = membership(project.id, admin.id, Role::Admin);
    projects.put_member(&stays, Some(Role::Admin), &an_entry()).await.expect("an admin stays");
    let raised = membership(project.id, second.id, Role::Admin);
    projects.put_member(&raised, Some(Role::Member), &an_entry()).await.expect("a second admin");
    projects.remove_member(project.id, admin.id, Role::Admin, &an_entry()).await.expect("the first may go now");
}

async fn counts_active_admins_only(store: &dyn TestStore) {
    let projects = store.projects();
    let ((project, admin), second) = (a_stored_project(store).await, a_stored_user(store).await);
    let joined = membership(project.id, second.id, Role::Admin);
    projects.put_member(&joined, None, &an_entry()).await.expect("a second admin");
    let away = User { deactivated_at: Some(at(1)), version: 2, ..second.clone() };
    store.users().update(&away, &an_entry()).await.expect("an update");
    let outcome = projects.remove_member(project.id, admin.id, Role::Admin, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::LastAdmin { .. })), "{outcome:?}");
    projects.remove_member(project.id, second.id, Role::Admin, &an_entry()).await.expect("who is inactive may go");
    // And the account of the last one cannot be switched off.
    let away = User { deactivated_at: Some(at(1)), version: 2, ..admin };
    let outcome = store.users().update(&away, &an_entry()).await;
    let expected = [format!("project {}", project.slug)];
    assert!(matches!(&outcome, Err(StoreError::LastAdmin { of }) if *of == expected), "{outcome:?}");
}

async fn keeps_an_admin_when_two_leave_at_once(store: &dyn TestStore) {
    for round in 0..ROUNDS {
        let ((project, first), second) = (a_stored_project(store).await, a_stored_user(store).await);
        let joined = membership(project.id, second.id, Role::Admin);
        store.projects().put_member(&joined, None, &an_entry()).await.expect("a second admin");
        let (projects, id) = (store.projects(), project.id);
        let leaving = tokio::spawn(async move { projects.remove_member(id, first.id, Role::Admin, &an_entry()).await });
        let (projects, id) = (store.projects(), project.id);
        let other = tokio::spawn(async move {
            match round % 2 {
                0 => projects.remove_member(id, second.id, Role::Admin, &an_entry()).await,
                _ => {
                    let lowered = membership(id, second.id, Role::Viewer);
                    projects.put_member(&lowered, Some(Role::Admin), &an_entry()).await
                }
            }
        });
        let outcomes = [leaving.await.expect("no panic"), other.await.expect("no panic")];
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::LastAdmin { .. }))).count();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
    }
}
