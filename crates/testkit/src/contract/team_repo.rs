//! The contract of [`TeamRepo`](orch_domain::port::team_repo::TeamRepo).

use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, TeamId, UserId};
use orch_domain::membership::Membership;
use orch_domain::page::PageRequest;
use orch_domain::port::project_repo::ProjectFilter;
use orch_domain::port::team_repo::TeamFilter;
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::team::{Team, TeamGrant, TeamMembership, TeamRole};
use orch_domain::user::User;

use super::{ROUNDS, TestStore, a_stored_project, a_stored_user, an_entry, at, is_on_record};
use crate::builders::a_team;

pub async fn team_repo(store: &dyn TestStore) {
    creates_finds_updates_and_deletes(store).await;
    lists_by_member_and_by_text(store).await;
    adds_changes_and_removes_members(store).await;
    grants_changes_and_takes_back(store).await;
    refuses_who_does_not_exist(store).await;
    refuses_who_has_seen_another_role(store).await;
    keeps_an_admin_of_the_team(store).await;
    keeps_an_admin_of_what_it_was_granted(store).await;
    refuses_to_deactivate_the_last_admin(store).await;
    reaches_projects_with_teams(store).await;
    keeps_an_admin_when_two_leave_at_once(store).await;
}

/// A team and its first admin.
async fn a_stored_team(store: &dyn TestStore) -> (Team, User) {
    let (team, admin) = (a_team().build(), a_stored_user(store).await);
    store.teams().create(&team, admin.id, &an_entry()).await.expect("a team can be created");
    (team, admin)
}

fn member(team_id: TeamId, user_id: UserId, role: TeamRole) -> TeamMembership {
    TeamMembership { team_id, user_id, role, created_at: at(0) }
}

fn grant(project_id: ProjectId, team_id: TeamId, role: Role) -> TeamGrant {
    TeamGrant { project_id, team_id, role, created_at: at(0) }
}

fn is_last_admin_of(outcome: &Result<(), StoreError>, expected: &[String]) {
    assert!(matches!(outcome, Err(StoreError::LastAdmin { of }) if of == expected), "{outcome:?}, not {expected:?}");
}

async fn creates_finds_updates_and_deletes(store: &dyn TestStore) {
    let teams = store.teams();
    let (team, admin) = a_stored_team(store).await;
    assert_eq!(teams.find(team.id).await.expect("an answer").as_ref(), Some(&team));
    assert_eq!(teams.find_by_slug(&team.slug).await.expect("an answer").as_ref(), Some(&team));
    assert_eq!(teams.find(TeamId::new()).await.expect("an answer"), None);
    let first = teams.find_member(team.id, admin.id).await.expect("an answer").map(|member| member.role);
    assert_eq!(first, Some(TeamRole::Admin));

    let twin = a_team().slug(team.slug.as_str()).build();
    let outcome = teams.create(&twin, admin.id, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { what: "a team with this slug" })), "{outcome:?}");
    let (other, _) = a_stored_team(store).await;
    let outcome = teams.update(&Team { slug: team.slug.clone(), version: 2, ..other.clone() }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
    let slug = Slug::parse(&format!("{}-new", &team.slug.as_str()[..12])).expect("a slug");
    let renamed = Team { name: "New".into(), slug, version: 2, updated_at: at(5), ..team.clone() };
    let entry = an_entry();
    teams.update(&renamed, &entry).await.expect("an update");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(teams.find(team.id).await.expect("an answer"), Some(renamed.clone()));
    let outcome = teams.update(&renamed, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the team" })), "{outcome:?}");
    let outcome = teams.update(&Team { version: 2, ..a_team().build() }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the team" })), "{outcome:?}");

    teams.delete(team.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(teams.find(team.id).await.expect("an answer"), None);
    assert_eq!(teams.list_members(team.id).await.expect("a list"), []);
    let outcome = teams.delete(team.id, None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the team" })), "{outcome:?}");
}

async fn lists_by_member_and_by_text(store: &dyn TestStore) {
    let teams = store.teams();
    let (one, ada) = a_stored_team(store).await;
    let two = a_team().named("100% _Odd_ \\ Ünïcode").build();
    teams.create(&two, ada.id, &an_entry()).await.expect("a team");
    a_stored_team(store).await;
    let list = async |filter: TeamFilter| {
        let page = teams.list(&filter, PageRequest::new(200, None)).await.expect("a list");
        page.items.into_iter().map(|team| team.id).collect::<Vec<_>>()
    };
    let of_ada = || TeamFilter { member: Some(ada.id), search: None };
    assert_eq!(list(of_ada()).await, [one.id, two.id]);
    let first = teams.list(&of_ada(), PageRequest::new(1, None)).await.expect("a page");
    assert_eq!(first.next, Some(one.id.as_uuid()));
    let searched = |text: &str| TeamFilter { search: Some(text.to_owned()), ..of_ada() };
    for text in ["100%", "_odd_", "\\ ", "ODD", &two.slug.as_str().to_uppercase()] {
        assert_eq!(list(searched(text)).await, [two.id], "{text}");
    }
    // No character is a wildcard.
    for text in ["1%0", "100_", "nothing like it"] {
        assert_eq!(list(searched(text)).await, [], "{text}");
    }
}

async fn adds_changes_and_removes_members(store: &dyn TestStore) {
    let teams = store.teams();
    let ((team, admin), user) = (a_stored_team(store).await, a_stored_user(store).await);
    let joined = TeamMembership { created_at: at(7), ..member(team.id, user.id, TeamRole::Member) };
    let entry = an_entry();
    teams.put_member(&joined, None, &entry).await.expect("a member can be added");
    assert!(is_on_record(store, entry.id).await);
    let raised = TeamMembership { role: TeamRole::Admin, created_at: at(60), ..joined.clone() };
    teams.put_member(&raised, Some(TeamRole::Member), &an_entry()).await.expect("a role can be changed");
    let expected = TeamMembership { role: TeamRole::Admin, ..joined };
    assert_eq!(teams.find_member(team.id, user.id).await.expect("found").as_ref(), Some(&expected));
    let listed = teams.list_members(team.id).await.expect("a list");
    assert_eq!(listed, [(member(team.id, admin.id, TeamRole::Admin), admin), (expected, user.clone())]);
    let entry = an_entry();
    teams.remove_member(team.id, user.id, TeamRole::Admin, &entry).await.expect("a removal");
    assert!(is_on_record(store, entry.id).await);
    let outcome = teams.remove_member(team.id, user.id, TeamRole::Admin, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the member" })), "{outcome:?}");
}

async fn grants_changes_and_takes_back(store: &dyn TestStore) {
    let teams = store.teams();
    let ((team, _), (project, _)) = (a_stored_team(store).await, a_stored_project(store).await);
    let granted = grant(project.id, team.id, Role::Viewer);
    let entry = an_entry();
    teams.put_grant(&granted, None, &entry).await.expect("a grant");
    assert!(is_on_record(store, entry.id).await);
    let raised = TeamGrant { role: Role::Member, created_at: at(9), ..granted.clone() };
    teams.put_grant(&raised, Some(Role::Viewer), &an_entry()).await.expect("a change");
    let expected = TeamGrant { role: Role::Member, ..granted };
    assert_eq!(teams.list_grants(team.id).await.expect("a list"), [(expected.clone(), project.clone())]);
    assert_eq!(teams.list_teams_on(project.id).await.expect("a list"), [(expected, team.clone())]);
    let entry = an_entry();
    teams.remove_grant(project.id, team.id, Role::Member, &entry).await.expect("a removal");
    assert!(is_on_record(store, entry.id).await);
    let outcome = teams.remove_grant(project.id, team.id, Role::Admin, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the grant" })), "{outcome:?}");

    // The end of either is the end of the grant.
    teams.put_grant(&grant(project.id, team.id, Role::Viewer), None, &an_entry()).await.expect("a grant");
    store.projects().delete(project.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(teams.list_grants(team.id).await.expect("a list"), []);
    let (project, _) = a_stored_project(store).await;
    teams.put_grant(&grant(project.id, team.id, Role::Viewer), None, &an_entry()).await.expect("a grant");
    teams.delete(team.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(teams.list_teams_on(project.id).await.expect("a list"), []);
}

async fn refuses_who_does_not_exist(store: &dyn TestStore) {
    let teams = store.teams();
    let ((team, admin), (project, _)) = (a_stored_team(store).await, a_stored_project(store).await);
    let missing = |outcome: Result<(), StoreError>| match outcome {
        Err(StoreError::Missing { what }) => what,
        Err(StoreError::Conflict { what }) => what,
        _ => "no refusal for what is missing",
    };
    let nobody = member(team.id, UserId::new(), TeamRole::Member);
    assert_eq!(missing(teams.put_member(&nobody, None, &an_entry()).await), "the user");
    let nowhere = member(TeamId::new(), admin.id, TeamRole::Member);
    assert_eq!(missing(teams.put_member(&nowhere, None, &an_entry()).await), "the team");
    assert_eq!(
        missing(teams.put_grant(&grant(project.id, TeamId::new(), Role::Viewer), None, &an_entry()).await),
        "the team"
    );
    let nothing = grant(ProjectId::new(), team.id, Role::Viewer);
    assert_eq!(missing(teams.put_grant(&nothing, None, &an_entry()).await), "the project");
    assert_eq!(missing(teams.create(&a_team().build(), UserId::new(), &an_entry()).await), "the user");
}

async fn refuses_who_has_seen_another_role(store: &dyn TestStore) {
    let teams = store.teams();
    let ((team, _), (project, _)) = (a_stored_team(store).await, a_stored_project(store).await);
    let user = a_stored_user(store).await;
    let is_stale = |outcome: &Result<(), StoreError>, of: &str| {
        assert!(matches!(outcome, Err(StoreError::Stale { what }) if *what == of), "{outcome:?}");
    };
    let (plain, admin) = (member(team.id, user.id, TeamRole::Member), member(team.id, user.id, TeamRole::Admin));
    let (viewing, managing) = (grant(project.id, team.id, Role::Viewer), grant(project.id, team.id, Role::Admin));
    teams.put_member(&plain, None, &an_entry()).await.expect("a member can be added");
    teams.put_grant(&viewing, None, &an_entry()).await.expect("a grant");
    let entry = an_entry();
    for seen in [None, Some(TeamRole::Admin)] {
        is_stale(&teams.put_member(&admin, seen, &entry).await, "the member");
    }
    is_stale(&teams.remove_member(team.id, user.id, TeamRole::Admin, &entry).await, "the member");
    for seen in [None, Some(Role::Member), Some(Role::Admin)] {
        is_stale(&teams.put_grant(&managing, seen, &entry).await, "the grant");
    }
    is_stale(&teams.remove_grant(project.id, team.id, Role::Member, &entry).await, "the grant");
    let found = teams.find_member(team.id, user.id).await.expect("an answer");
    assert_eq!(found.as_ref(), Some(&plain), "refused writes change nothing");
    assert_eq!(teams.list_grants(team.id).await.expect("a list"), [(viewing, project.clone())]);

    teams.remove_member(team.id, user.id, TeamRole::Member, &an_entry()).await.expect("a removal");
    teams.remove_grant(project.id, team.id, Role::Viewer, &an_entry()).await.expect("a removal");
    is_stale(&teams.put_member(&admin, Some(TeamRole::Member), &entry).await, "the member");
    is_stale(&teams.put_grant(&managing, Some(Role::Viewer), &entry).await, "the grant");
    assert_eq!(teams.find_member(team.id, user.id).await.expect("an answer"), None, "what is gone does not come back");
    assert_eq!(teams.list_grants(team.id).await.expect("a list"), []);

    for other in [0, 2] {
        is_stale(&teams.delete(team.id, Some(other), &entry).await, "the team");
    }
    assert!(!is_on_record(store, entry.id).await);
    teams.delete(team.id, Some(1), &an_entry()).await.expect("a deletion");
}

async fn keeps_an_admin_of_the_team(store: &dyn TestStore) {
    let teams = store.teams();
    let ((team, admin), second) = (a_stored_team(store).await, a_stored_user(store).await);
    let of = [format!("team {}", team.slug)];
    teams.put_member(&member(team.id, second.id, TeamRole::Member), None, &an_entry()).await.expect("a member");
    let entry = an_entry();
    let lowered = member(team.id, admin.id, TeamRole::Member);
    is_last_admin_of(&teams.put_member(&lowered, Some(TeamRole::Admin), &entry).await, &of);
    is_last_admin_of(&teams.remove_member(team.id, admin.id, TeamRole::Admin, &entry).await, &of);
    assert!(!is_on_record(store, entry.id).await);
    let still = teams.find_member(team.id, admin.id).await.expect("found").map(|member| member.role);
    assert_eq!(still, Some(TeamRole::Admin), "refused writes change nothing");
    let raised = member(team.id, second.id, TeamRole::Admin);
    teams.put_member(&raised, Some(TeamRole::Member), &an_entry()).await.expect("a second admin");
    teams.remove_member(team.id, admin.id, TeamRole::Admin, &an_entry()).await.expect("the first may go now");
}

async fn keeps_an_admin_of_what_it_was_granted(store: &dyn TestStore) {
    let (teams, projects) = (store.teams(), store.projects());
    let ((team, team_admin), (project, admin)) = (a_stored_team(store).await, a_stored_project(store).await);
    let second = a_stored_user(store).await;
    let of = [format!("project {}", project.slug)];
    teams.put_grant(&grant(project.id, team.id, Role::Admin), None, &an_entry()).await.expect("a grant");
    teams.put_member(&member(team.id, second.id, TeamRole::Admin), None, &an_entry()).await.expect("a member");
    projects.remove_member(project.id, admin.id, Role::Admin, &an_entry()).await.expect("the team is an admin as well");

    let entry = an_entry();
    is_last_admin_of(&teams.delete(team.id, None, &entry).await, &of);
    is_last_admin_of(&teams.remove_grant(project.id, team.id, Role::Admin, &entry).await, &of);
    let lowered = grant(project.id, team.id, Role::Member);
    is_last_admin_of(&teams.put_grant(&lowered, Some(Role::Admin), &entry).await, &of);
    teams.remove_member(team.id, second.id, TeamRole::Admin, &an_entry()).await.expect("another one is left");
    let both = [of.as_slice(), &[format!("team {}", team.slug)]].concat();
    is_last_admin_of(&teams.remove_member(team.id, team_admin.id, TeamRole::Admin, &entry).await, &both);
    assert!(!is_on_record(store, entry.id).await);
    assert_eq!(teams.list_grants(team.id).await.expect("a list").len(), 1, "refused writes change nothing");
}

async fn refuses_to_deactivate_the_last_admin(store: &dyn TestStore) {
    let ((team, admin), (project, _)) = (a_stored_team(store).await, a_stored_project(store).await);
    let own = crate::builders::a_project().build();
    store.projects().create(&own, admin.id, &an_entry()).await.expect("a project");
    store.teams().put_grant(&grant(project.id, team.id, Role::Admin), None, &an_entry()).await.expect("a grant");
    let away = User { deactivated_at: Some(at(1)), version: 2, ..admin.clone() };
    let of = [format!("project {}", own.slug), format!("team {}", team.slug)];
    is_last_admin_of(&store.users().update(&away, &an_entry()).await, &of);

    let heir = a_stored_user(store).await;
    store.teams().put_member(&member(team.id, heir.id, TeamRole::Admin), None, &an_entry()).await.expect("an heir");
    store.teams().put_grant(&grant(own.id, team.id, Role::Admin), None, &an_entry()).await.expect("a grant");
    store.users().update(&away, &an_entry()).await.expect("a deactivation");
    // A team without anybody active in it administers nothing.
    let gone = User { deactivated_at: Some(at(1)), version: 2, ..heir };
    let of = [format!("project {}", own.slug), format!("team {}", team.slug)];
    is_last_admin_of(&store.users().update(&gone, &an_entry()).await, &of);
}

async fn reaches_projects_with_teams(store: &dyn TestStore) {
    let ((team, admin), (project, _)) = (a_stored_team(store).await, a_stored_project(store).await);
    let list = async |user: UserId| {
        let page = store
            .projects()
            .list(&ProjectFilter { member: Some(user), search: None }, PageRequest::new(200, None))
            .await
            .expect("a list");
        page.items.into_iter().map(|project| project.id).collect::<Vec<_>>()
    };
    assert_eq!(list(admin.id).await, []);
    store.teams().put_grant(&grant(project.id, team.id, Role::Viewer), None, &an_entry()).await.expect("a grant");
    assert_eq!(list(admin.id).await, [project.id]);
}

async fn keeps_an_admin_when_two_leave_at_once(store: &dyn TestStore) {
    for round in 0..ROUNDS {
        // The project has a person and a team with one person in it as its admins.
        let ((team, member_of_team), (project, admin)) = (a_stored_team(store).await, a_stored_project(store).await);
        let other = a_stored_user(store).await;
        store
            .teams()
            .put_member(&member(team.id, other.id, TeamRole::Admin), None, &an_entry())
            .await
            .expect("a member");
        store.teams().remove_member(team.id, member_of_team.id, TeamRole::Admin, &an_entry()).await.expect("a removal");
        let granted = grant(project.id, team.id, Role::Admin);
        store.teams().put_grant(&granted, None, &an_entry()).await.expect("a grant");
        let (teams, users, id) = (store.teams(), store.users(), project.id);
        if round % 3 == 2 {
            // Two people instead of a person and a team.
            let second = Membership { project_id: id, user_id: other.id, role: Role::Admin, created_at: at(0) };
            store.projects().put_member(&second, None, &an_entry()).await.expect("a second admin");
            teams
                .put_member(&member(team.id, member_of_team.id, TeamRole::Admin), None, &an_entry())
                .await
                .expect("a member");
            teams.remove_grant(id, team.id, Role::Admin, &an_entry()).await.expect("a removal");
        }
        let (projects, id) = (store.projects(), project.id);
        let leaving = tokio::spawn(async move { projects.remove_member(id, admin.id, Role::Admin, &an_entry()).await });
        let second = tokio::spawn(async move {
            match round % 3 {
                0 => teams.delete(team.id, None, &an_entry()).await,
                1 => teams.remove_grant(id, team.id, Role::Admin, &an_entry()).await,
                _ => {
                    let away = User { deactivated_at: Some(at(1)), version: 2, ..other };
                    users.update(&away, &an_entry()).await
                }
            }
        });
        let outcomes = [leaving.await.expect("no panic"), second.await.expect("no panic")];
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::LastAdmin { .. }))).count();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
    }
}
