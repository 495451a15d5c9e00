//! The contract of [`DirectorySource`](orch_domain::port::directory_source::DirectorySource).

use std::sync::Arc;

use orch_domain::directory::roster::TeamRoster;
use orch_domain::directory::{ProjectFacts, UserFacts};
use orch_domain::id::ProjectId;
use orch_domain::membership::Membership;
use orch_domain::role::Role;
use orch_domain::secret::Slot;
use orch_domain::team::{TeamGrant, TeamMembership, TeamRole};

use super::{TestStore, a_stored_project, an_entry, at};
use crate::builders::{a_key, a_server, a_team, a_user};

pub async fn directory_source(store: &dyn TestStore) {
    let empty = store.directory().load().await.expect("a directory");
    assert_eq!(empty.projects().count(), 0);

    let (project, admin) = a_stored_project(store).await;
    let (bare, _) = a_stored_project(store).await;
    let gone = a_user().instance_admin().deactivated(at(1)).build();
    store.users().create(&gone, &an_entry()).await.expect("a user can be created");
    let member = Membership { project_id: project.id, user_id: gone.id, role: Role::Viewer, created_at: at(0) };
    store.projects().put_member(&member, None, &an_entry()).await.expect("a member can be added");
    let server = a_server().in_project(project.id).named("b").secret(Slot::Arg(0), b"x").build();
    let disabled = a_server().in_project(project.id).named("a").disabled().build();
    for server in [&server, &disabled] {
        store.servers().create(server, &an_entry()).await.expect("a server can be created");
    }
    let team = a_team().build();
    store.teams().create(&team, admin.id, &an_entry()).await.expect("a team can be created");
    let joined = TeamMembership { team_id: team.id, user_id: gone.id, role: TeamRole::Member, created_at: at(0) };
    store.teams().put_member(&joined, None, &an_entry()).await.expect("a member can be added");
    let grant = TeamGrant { project_id: project.id, team_id: team.id, role: Role::Member, created_at: at(0) };
    store.teams().put_grant(&grant, None, &an_entry()).await.expect("a team can be granted a project");
    let live = a_key().in_project(project.id).by(admin.id).build();
    let dead = a_key().in_project(project.id).by(admin.id).revoked_at(at(1)).build();
    for key in [&live, &dead] {
        store.keys().create(key, &an_entry()).await.expect("a key can be created");
    }

    let users = store.directory().load_users().await.expect("users");
    assert_eq!(users.len(), 3);
    assert_eq!(users.get(&admin.id), Some(&UserFacts { active: true, instance_admin: false }));
    assert_eq!(users.get(&gone.id), Some(&UserFacts { active: false, instance_admin: true }));

    let directory = store.directory().load().await.expect("a directory");
    let alone = store.directory().load_project(project.id).await.expect("an answer").expect("the project");
    let check = |facts: &ProjectFacts| {
        assert_eq!(facts.project, project);
        assert_eq!(facts.members, [(admin.id, Role::Admin), (gone.id, Role::Viewer)].into());
        assert_eq!(facts.teams, [(team.id, Role::Member)].into());
        let servers: Vec<_> = facts.servers.values().map(|server| (**server).clone()).collect();
        assert_eq!(servers, [disabled.clone(), server.clone()]);
        let mut keys = facts.keys.clone();
        keys.sort_by_key(|key| key.id);
        // A dead key stays known, so that it can be told from one that never was.
        assert_eq!(keys, [Arc::new(live.clone()), Arc::new(dead.clone())]);
    };
    check(&alone);
    check(directory.project(project.id).expect("the project"));
    assert_eq!(directory.user(admin.id), users.get(&admin.id).copied());
    let everybody = [joined.clone(), TeamMembership { user_id: admin.id, role: TeamRole::Admin, ..joined.clone() }];
    let roster = TeamRoster::new([team.clone()], everybody);
    assert_eq!(directory.teams(), &roster);
    assert_eq!(store.directory().load_teams(None).await.expect("teams"), roster);
    let of_one = store.directory().load_teams(Some(gone.id)).await.expect("teams");
    assert_eq!(of_one, TeamRoster::new([team.clone()], [joined]));
    assert_eq!(directory.teams_of(gone.id).as_ref(), [team.id]);
    assert!(directory.project(bare.id).is_some_and(|facts| facts.servers.is_empty() && facts.keys.is_empty()));
    assert_eq!(directory.projects().count(), 2);
    assert!(directory.key(live.public_id.as_str()).is_some());

    assert!(store.directory().load_project(ProjectId::new()).await.expect("an answer").is_none());
}
