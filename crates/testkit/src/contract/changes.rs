//! The contract of [`Changes`](orch_domain::port::changes::Changes), and of every write to be announced.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use orch_domain::api_key::KeyUse;
use orch_domain::audit::AuditAction;
use orch_domain::change::{Change, Committed};
use orch_domain::membership::Membership;
use orch_domain::port::invitation_repo::Accepting;
use orch_domain::port::server_repo::{ServerUpdate, ServerWrite};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::server::Server;
use orch_domain::team::{Team, TeamGrant, TeamMembership, TeamRole};
use orch_domain::user::User;

use super::{TestStore, an_entry, at};
use crate::builders::{
    a_call, a_catalog, a_key, a_project, a_refresh_token, a_server, a_team, a_user, an_audit_entry, an_invitation,
};

pub(super) type News = Pin<Box<dyn Stream<Item = Change> + Send>>;

/// The next change; long before the deadline on every store that works.
async fn next(news: &mut News) -> Change {
    tokio::time::timeout(Duration::from_secs(10), news.next()).await.expect("a change in time").expect("no end")
}

pub async fn changes(store: &dyn TestStore) {
    let (user, project) = (a_user().build(), a_project().build());
    // Before the subscription: not told.
    store.users().create(&user, &an_entry()).await.expect("a user");
    let mut first = store.changes().subscribe();
    let mut second = store.changes().subscribe();
    let of_project = Change::Project(project.id);

    let others = a_user().build();
    store.users().create(&others, &an_entry()).await.expect("a user");
    // What was before may be told as well: it could be on its way when the subscription was made.
    until(&mut first, Change::Users).await;
    store.projects().create(&project, user.id, &an_entry()).await.expect("a project");
    until(&mut first, of_project).await;
    until(&mut second, of_project).await;

    announces_each_write(store, &mut first, (&user, &others), &project).await;
    is_silent_about_what_did_not_happen(store, &mut first, &user).await;

    // The other subscriber saw the same, in the same order, up to the last.
    let last = Change::Project(mark(store, user.id).await);
    until(&mut first, last).await;
    until(&mut second, last).await;
}

/// The entries of a write come right after its changes.
pub async fn committed_entries(store: &dyn TestStore) {
    let mut news = store.changes().subscribe_committed();
    let (user, entry) = (a_user().build(), an_entry());
    store.users().create(&user, &entry).await.expect("a user");
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(10), news.next()).await.expect("news in time").expect("no end")
    };
    assert_eq!(next().await, Committed::Change(Change::Users));
    let told = next().await;
    let is_it = matches!(&told, Committed::Entry(told) if told.id == entry.id && told.action == entry.action.as_str());
    assert!(is_it, "an entry comes after its change: {told:?}");
    // What stands alone is told when it is news.
    let entry_of = |action| an_audit_entry().action(action).build();
    let [look, refusal, failed] =
        [AuditAction::ProjectInspect, AuditAction::AccessRefuse, AuditAction::LoginFail].map(entry_of);
    for entry in [&look, &refusal, &failed] {
        store.audit().append(entry).await.expect("an entry");
    }
    for entry in [refusal, failed] {
        let told = next().await;
        let is_it = matches!(&told, Committed::Entry(told) if told.id == entry.id);
        assert!(is_it, "{} and not {told:?}", entry.action);
    }
    // What becomes of an invitation changes nothing that is kept in memory, and is news to who is invited.
    let [created, declined, again, revoked, third, accepted] = std::array::from_fn(|_| an_entry());
    let invitations = store.invitations();
    let [one, two, three] = std::array::from_fn(|_| an_invitation().build());
    invitations.create(&one, &created).await.expect("an invitation");
    invitations.decline(one.id, at(1), &declined).await.expect("a refusal");
    invitations.create(&two, &again).await.expect("an invitation");
    invitations.revoke(two.id, at(1), &revoked).await.expect("an end");
    invitations.create(&three, &third).await.expect("an invitation");
    let accepting = Accepting::Account(user.id);
    invitations.accept(three.id, accepting, at(1), std::slice::from_ref(&accepted)).await.expect("an acceptance");
    for entry in [created, declined, again, revoked, third, accepted] {
        let told = next().await;
        assert!(matches!(&told, Committed::Entry(told) if told.id == entry.id), "{entry:?} and not {told:?}");
    }
}

pub(super) async fn until(news: &mut News, expected: Change) {
    while next(news).await != expected {}
}

async fn announces_each_write(store: &dyn TestStore, news: &mut News, users: (&User, &User), project: &Project) {
    let (user, other) = users;
    let of_project = Change::Project(project.id);
    let entry = an_entry;

    store.users().update(&User { version: 2, ..other.clone() }, &entry()).await.expect("an update");
    assert_eq!(next(news).await, Change::Users);

    store.projects().update(&Project { version: 2, ..project.clone() }, &entry()).await.expect("an update");
    assert_eq!(next(news).await, of_project);
    let member = Membership { project_id: project.id, user_id: other.id, role: Role::Member, created_at: at(0) };
    store.projects().put_member(&member, None, &entry()).await.expect("a member");
    assert_eq!(next(news).await, of_project);
    store.projects().remove_member(project.id, other.id, Role::Member, &entry()).await.expect("a removal");
    assert_eq!(next(news).await, of_project);

    let server = a_server().in_project(project.id).build();
    store.servers().create(&server, &entry()).await.expect("a server");
    assert_eq!(next(news).await, of_project);
    let server = Server { version: 2, ..server };
    store.servers().update(&ServerUpdate::new(server.clone(), entry())).await.expect("an update");
    assert_eq!(next(news).await, of_project);
    let writes = [
        ServerWrite::Update(ServerUpdate::new(Server { version: 3, ..server.clone() }, entry())),
        ServerWrite::Create { server: a_server().in_project(project.id).build(), audit: entry() },
    ];
    store.servers().put_all(&writes).await.expect("writes");
    assert_eq!(next(news).await, of_project, "once for all of it");
    store.servers().delete(server.id, None, &entry()).await.expect("a deletion");
    assert_eq!(next(news).await, of_project);

    let key = a_key().in_project(project.id).by(user.id).build();
    store.keys().create(&key, &entry()).await.expect("a key");
    assert_eq!(next(news).await, of_project);
    let new = a_key().in_project(project.id).by(user.id).build();
    store.keys().rotate(&key, at(9), &new, &entry()).await.expect("a rotation");
    assert_eq!(next(news).await, of_project);
    store.keys().revoke(new.id, None, at(9), &entry()).await.expect("a revocation");
    assert_eq!(next(news).await, of_project);

    announces_teams(store, news, (user, other), project).await;

    store.projects().delete(project.id, None, &entry()).await.expect("a deletion");
    assert_eq!(next(news).await, of_project);
}

async fn announces_teams(store: &dyn TestStore, news: &mut News, users: (&User, &User), project: &Project) {
    let (user, other) = users;
    let teams = store.teams();
    let entry = an_entry;
    let team = a_team().build();
    teams.create(&team, user.id, &entry()).await.expect("a team");
    assert_eq!(next(news).await, Change::Teams);
    teams.update(&Team { version: 2, ..team.clone() }, &entry()).await.expect("an update");
    assert_eq!(next(news).await, Change::Teams);
    let member = TeamMembership { team_id: team.id, user_id: other.id, role: TeamRole::Member, created_at: at(0) };
    teams.put_member(&member, None, &entry()).await.expect("a member");
    assert_eq!(next(news).await, Change::Teams);
    teams.remove_member(team.id, other.id, TeamRole::Member, &entry()).await.expect("a removal");
    assert_eq!(next(news).await, Change::Teams);
    let grant = TeamGrant { project_id: project.id, team_id: team.id, role: Role::Member, created_at: at(0) };
    teams.put_grant(&grant, None, &entry()).await.expect("a grant");
    assert_eq!(next(news).await, Change::Project(project.id));
    teams.remove_grant(project.id, team.id, Role::Member, &entry()).await.expect("a removal");
    assert_eq!(next(news).await, Change::Project(project.id));
    teams.put_grant(&grant, None, &entry()).await.expect("a grant");
    assert_eq!(next(news).await, Change::Project(project.id));
    teams.delete(team.id, None, &entry()).await.expect("a deletion");
    assert_eq!(next(news).await, Change::Teams);
    assert_eq!(next(news).await, Change::Project(project.id), "it lost a grant");
}

async fn is_silent_about_what_did_not_happen(store: &dyn TestStore, news: &mut News, user: &User) {
    let entry = an_entry;
    let id = mark(store, user.id).await;
    assert_eq!(next(news).await, Change::Project(id));
    let server = a_server().in_project(id).build();
    store.servers().create(&server, &entry()).await.expect("a server");
    assert_eq!(next(news).await, Change::Project(id));
    let key = a_key().in_project(id).by(user.id).revoked_at(at(1)).build();
    store.keys().create(&key, &entry()).await.expect("a key");
    assert_eq!(next(news).await, Change::Project(id));

    // Refused, without effect, or nothing that the data plane decides by.
    store.users().create(&a_user().email(user.email.as_str()).build(), &entry()).await.expect_err("a conflict");
    store.servers().update(&ServerUpdate::new(server.clone(), entry())).await.expect_err("it is stale");
    store.projects().remove_member(id, user.id, Role::Admin, &entry()).await.expect_err("the last admin stays");
    store.keys().revoke(key.id, None, at(2), &entry()).await.expect("a second revocation");
    let used = KeyUse { at: at(3), address: None, client: None };
    store.keys().note_used(&[(key.id, used)]).await.expect("a note");
    let token = a_refresh_token().of(user.id).build();
    store.logins().open(&token, user.password.as_ref(), &entry()).await.expect("a login");
    store.catalogs().save(&a_catalog(server.id).tool("t").build()).await.expect("a catalog");
    store.calls().insert(&[a_call().build()]).await.expect("a call");
    store.audit().append(&entry()).await.expect("an entry");

    let id = mark(store, user.id).await;
    assert_eq!(next(news).await, Change::Project(id), "nothing in between");
}

/// Creates a project, for its announcement to be seen.
async fn mark(store: &dyn TestStore, admin: orch_domain::id::UserId) -> orch_domain::id::ProjectId {
    let project = a_project().build();
    store.projects().create(&project, admin, &an_entry()).await.expect("a project");
    project.id
}
