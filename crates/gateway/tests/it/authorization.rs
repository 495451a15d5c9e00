//! The matrix of permissions: every operation of the OpenAPI document for every kind of caller, from one table. An
//! operation without a row fails, and so does a row without an operation.
//!
//! **To add a row** for a new route, write one line in [`rows`]: the operation id, the [`Access`] that describes who
//! may, and the body that the operation takes, if any:
//! `row("create_thing", ADMIN).body(json!({"name": "new"})),`.
//! Where single callers differ, say `.but(Member, 404)`. A new `{placeholder}` in a path gets one line in [`fill`].
//!
//! A caller that gets 404 on something of the project gets byte for byte what it gets for a project that is not there.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_control::invitations::Place;
use orch_control::keys::ScopeDraft;
use orch_domain::id::{ApprovalId, KeyId, SessionId, UserId};
use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{Answer, PASSWORD, World, bearer, login, request};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// An account that does not belong to the project.
    Stranger,
    Viewer,
    Member,
    Admin,
    InstanceAdmin,
    /// A key of another project; its creator is an admin there.
    ForeignKey,
    /// A key of the project with all of its creator's rights; its creator is an admin of it.
    OwnKey,
    /// The same, made for another server than the one that operations are aimed at.
    ScopedKey,
    /// The same, read-only.
    ReadOnlyKey,
    ExpiredKey,
    RevokedKey,
    /// An admin's account that was switched off, with a token from before.
    Deactivated,
}

use Who::{
    Admin, Deactivated, ExpiredKey, ForeignKey, InstanceAdmin, Member, Nobody, OwnKey, ReadOnlyKey, RevokedKey,
    ScopedKey, Stranger, Viewer,
};

const EVERYBODY: [Who; 13] = [
    Nobody,
    Stranger,
    Viewer,
    Member,
    Admin,
    InstanceAdmin,
    ForeignKey,
    OwnKey,
    ScopedKey,
    ReadOnlyKey,
    ExpiredKey,
    RevokedKey,
    Deactivated,
];

/// What a kind of operation answers to whom; 200 stands for any success.
type Access = fn(Who) -> u16;

/// Who has no live credential at all.
const fn is_out(who: Who) -> bool {
    matches!(who, Nobody | ExpiredKey | RevokedKey | Deactivated)
}

const OPEN: Access = |_| 200;
/// Every live credential.
const ANY: Access = |who| if is_out(who) { 401 } else { 200 };
/// Every login; a key is told that it takes a login.
const LOGIN: Access = |who| match who {
    ForeignKey | OwnKey | ScopedKey | ReadOnlyKey => 403,
    who => ANY(who),
};
const INSTANCE: Access = |who| match who {
    InstanceAdmin => 200,
    who if is_out(who) => 401,
    _ => 403,
};
/// Everybody who sees the project.
const VIEW: Access = |who| match who {
    Stranger | ForeignKey => 404,
    who => ANY(who),
};
/// Everybody who sees the server that it is about.
const VIEW_SERVER: Access = |who| if matches!(who, ScopedKey) { 404 } else { VIEW(who) };
/// Who calls: members and keys.
const CALL: Access = |who| if matches!(who, Viewer) { 403 } else { VIEW(who) };
/// Members and above with a login.
const OWN_KEYS: Access = |who| match who {
    OwnKey | ScopedKey | ReadOnlyKey => 403,
    who => CALL(who),
};
/// Admins of the project with a login.
const ADMIN: Access = |who| if matches!(who, Member) { 403 } else { OWN_KEYS(who) };

const NO_CALL: Access = |who| if is_out(who) { 401 } else { 404 };
/// Whoever sees the project with a login.
const STAR: Access = |who| match who {
    ForeignKey | OwnKey | ScopedKey | ReadOnlyKey => 403,
    who => VIEW(who),
};
/// On a team that the admin of the project is an admin of; nobody else is in it but the member of the path.
const TEAM: Access = |who| match who {
    Stranger | Viewer | Member => 404,
    who => LOGIN(who),
};
/// About oneself, and there is no such thing.
const NO_OWN: Access = |who| match LOGIN(who) {
    200 => 404,
    status => status,
};
const NO_STAR: Access = |who| match LOGIN(who) {
    200 => 404,
    status => status,
};

/// One line of the table.
struct Row {
    operation: &'static str,
    access: Access,
    body: Option<Value>,
    but: Vec<(Who, u16)>,
}

fn row(operation: &'static str, access: Access) -> Row {
    Row { operation, access, body: None, but: Vec::new() }
}

impl Row {
    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// What one caller gets instead.
    fn but(mut self, who: Who, status: u16) -> Self {
        self.but.push((who, status));
        self
    }

    fn expected(&self, who: Who) -> u16 {
        let other = self.but.iter().find(|(but, _)| *but == who);
        other.map_or_else(|| (self.access)(who), |(_, status)| *status)
    }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        // health
        row("get_liveness", OPEN),
        row("get_readiness", OPEN),
        row("get_health", OPEN),
        // auth
        row("create_login", OPEN).body(json!({"email": "target@example.com", "password": PASSWORD})),
        // Open to all, and then it is the token that counts: there is none here.
        row("refresh_login", |_| 401),
        row("delete_login", LOGIN),
        row("get_me", ANY),
        row("update_password", LOGIN).body(json!({"old_password": PASSWORD, "new_password": "another long one"})),
        // users
        row("list_users", INSTANCE),
        row("create_user", INSTANCE).body(json!({"email": "new@example.com"})),
        row("get_user", INSTANCE),
        row("update_user", INSTANCE).body(json!({"name": "New"})),
        row("create_reset_link", INSTANCE),
        // projects
        row("list_projects", ANY),
        row("create_project", INSTANCE).body(json!({"name": "New"})),
        row("get_project", VIEW),
        row("update_project", ADMIN).body(json!({"name": "New"})),
        row("delete_project", ADMIN),
        // members
        row("list_members", VIEW),
        row("update_member", ADMIN).body(json!({"role": "viewer"})),
        row("delete_member", ADMIN),
        row("list_project_teams", VIEW),
        row("put_project_team", ADMIN).body(json!({"role": "viewer"})),
        row("delete_project_team", ADMIN),
        // teams
        row("list_teams", LOGIN),
        row("create_team", INSTANCE).body(json!({"name": "New"})),
        row("get_team", TEAM),
        row("update_team", TEAM).body(json!({"name": "New"})),
        row("delete_team", TEAM),
        row("list_team_members", TEAM),
        row("update_team_member", TEAM).body(json!({"role": "member"})),
        row("delete_team_member", TEAM),
        row("list_team_projects", TEAM),
        // invitations
        row("list_invitations", INSTANCE),
        row("create_invitation", INSTANCE).body(json!({"email": "new@example.com"})),
        row("renew_invitation", INSTANCE),
        row("delete_invitation", INSTANCE),
        row("list_project_invitations", ADMIN),
        row("create_project_invitation", ADMIN).body(json!({"email": "new@example.com", "role": "viewer"})),
        row("renew_project_invitation", ADMIN),
        row("delete_project_invitation", ADMIN),
        row("list_team_invitations", TEAM),
        row("create_team_invitation", TEAM).body(json!({"email": "new@example.com", "role": "member"})),
        row("renew_team_invitation", TEAM),
        row("delete_team_invitation", TEAM),
        // Open to all, and then it is the token that counts: this one opens nothing.
        row("find_invitation", |_| 404).body(json!({"token": "orchi_none"})),
        row("redeem_invitation", |_| 404).body(json!({"token": "orchi_none", "password": PASSWORD})),
        row("decline_invitation", |_| 404).body(json!({"token": "orchi_none"})),
        row("accept_invitation", NO_OWN).body(json!({"token": "orchi_none"})),
        // about oneself: the invitation is for somebody else, and so is the login
        row("list_own_invitations", LOGIN),
        row("accept_own_invitation", NO_OWN),
        row("decline_own_invitation", NO_OWN),
        row("get_profile", LOGIN),
        row("update_profile", LOGIN).body(json!({"name": "New"})),
        row("list_own_logins", LOGIN),
        row("delete_other_logins", LOGIN),
        row("delete_own_login", NO_OWN),
        // at the door: accounts are not given out here, and no mail goes out
        row("get_ways_in", OPEN),
        row("create_sign_up", |_| 409).body(json!({"email": "new@example.com"})),
        row("create_password_reset", |_| 409).body(json!({"email": "new@example.com"})),
        row("redeem_password_reset", |_| 410).body(json!({"token": "orchp_none", "password": PASSWORD})),
        // servers
        row("list_servers", VIEW),
        row("create_server", ADMIN).body(json!({"alias": "new", "transport": {"type": "stdio", "command": "x"}})),
        row("get_server", VIEW_SERVER),
        row("update_server", ADMIN).body(json!({"name": "New"})),
        row("delete_server", ADMIN),
        row("start_server", ADMIN),
        // The switch of the fake runtime fails for those who get through.
        row("stop_server", ADMIN).but(Admin, 502).but(InstanceAdmin, 502),
        row("restart_server", ADMIN),
        row("list_logs", ADMIN),
        row("stream_logs", ADMIN),
        row("download_logs", ADMIN),
        row("list_tools", VIEW_SERVER),
        // Of what was never seen there is no history, for whoever gets through.
        row("get_tool_history", NO_CALL),
        // personal values
        row("list_personal_secrets", OWN_KEYS),
        row("update_personal_secrets", OWN_KEYS).body(json!({})),
        row("delete_personal_secrets", OWN_KEYS),
        // import and export
        row("import_servers", ADMIN).body(json!({"mcpServers": {}})),
        row("export_servers", VIEW),
        // keys: another member may not know of the one that an admin made; only its creator rotates it
        row("list_keys", OWN_KEYS),
        row("create_key", OWN_KEYS).body(json!({"name": "new"})),
        row("delete_key", OWN_KEYS).but(Member, 404),
        row("rotate_key", OWN_KEYS).but(Member, 404).but(InstanceAdmin, 409),
        row("get_key", OWN_KEYS).but(Member, 404),
        row("update_key", OWN_KEYS).but(Member, 404).but(InstanceAdmin, 409).body(json!({"name": "new"})),
        // policy
        row("get_policy", ADMIN),
        row("put_policy", ADMIN).body(json!({"rules": []})),
        row("try_policy", ADMIN).body(json!({"rules": []})),
        row("explain_policy", VIEW_SERVER).body(json!({"server": "echo", "name": "echo"})),
        row("put_switch", ADMIN).body(json!({"kind": "tool", "name": "echo", "on": false})),
        // approvals: of the one that waits a member knows nothing, as another wants to call
        row("list_approvals", CALL),
        row("get_approval", CALL).but(Member, 404),
        row("approve_approval", ADMIN),
        row("deny_approval", ADMIN),
        // limits
        row("get_limits", VIEW),
        row("put_limits", ADMIN).body(json!({})),
        row("get_instance_limits", INSTANCE),
        row("put_instance_limits", INSTANCE).body(json!({})),
        // calls over REST: of one that is none, whoever is known at all is told the same
        row("create_call", CALL).but(ScopedKey, 404).body(json!({"kind": "tool", "name": "echo"})),
        row("create_answer", NO_CALL).body(json!({"question": 1, "result": {}})),
        row("delete_call", NO_CALL),
        // clients, well-known servers, stars
        row("list_snippets", VIEW),
        row("render_snippets", VIEW).body(json!({"key": "orch_AbCdEfGhIjKl_x_y"})),
        row("list_catalog_servers", ANY),
        row("list_stars", LOGIN),
        row("create_star", STAR).body(json!({"project": "demo", "server": "echo", "tool": "echo"})),
        row("delete_star", NO_STAR),
        // calls and audit
        row("list_calls", CALL),
        // sessions: a member may not know of the one that an admin's client has opened
        row("list_sessions", OWN_KEYS),
        row("delete_session", OWN_KEYS).but(Member, 404),
        // events, activity, usage: by user and by key usage is for admins, see `usage`
        row("watch_events", LOGIN),
        row("list_activity", VIEW),
        row("get_usage", VIEW),
        row("list_top_usage", VIEW),
        row("get_system", INSTANCE),
        row("list_audit", ADMIN),
        row("list_instance_audit", INSTANCE),
    ]
}

/// What stands for a placeholder of a path.
fn fill(house: &House, placeholder: &str, path: &str) -> String {
    match placeholder {
        "project" => "demo".to_owned(),
        "server" => "echo".to_owned(),
        "user" if path.contains("/members/") => house.target_member.to_string(),
        "user" => house.target.to_string(),
        "key" => house.key.to_string(),
        "team" => "core".to_owned(),
        "invitation" if path.contains("/teams/") => house.team_invitation.clone(),
        "invitation" => house.invitation.clone(),
        "login" => uuid::Uuid::nil().to_string(),
        "approval" => house.approval.to_string(),
        "session" => house.session.to_string(),
        "name" => "echo".to_owned(),
        "call" | "star" => uuid::Uuid::nil().to_string(),
        other => panic!("{{{other}}} in {path} needs a line in `fill`"),
    }
}

/// A world with a project and what the operations are aimed at.
struct House {
    world: World,
    target: UserId,
    target_member: UserId,
    key: KeyId,
    approval: ApprovalId,
    session: SessionId,
    invitation: String,
    team_invitation: String,
    tokens: Vec<(Who, Option<String>)>,
}

impl House {
    async fn new(callers: &[Who]) -> Self {
        let world = World::new().await;
        let (project, admin) = world.project("demo").await;
        let (other, other_admin) = world.project("other").await;
        world.member(&project, Role::Admin).await;
        let target = world.user(|user| user.email("target@example.com")).await.id;
        let target_member = world.member(&project, Role::Viewer).await;
        world.team("core", &admin, &[&target_member]).await;
        let target_member = target_member.id;
        let grants = login(world.user(|user| user.instance_admin()).await.id);
        world.control.members.put_team(&grants, "demo", "core", Role::Viewer).await.unwrap();
        let invitation = world.invitation(&admin, Place::Project("demo")).await;
        let team_invitation = world.invitation(&admin, Place::Team("core")).await;
        world.server(&admin, &project, "echo").await;
        world.server(&admin, &project, "elsewhere").await;
        let (key, own) = world.key(&admin, &project).await;
        let approval = world.desk.put(&project, admin.id);
        world.open_session("/projects/demo/unified/mcp", &own).await;
        let [opened] = &world.control.sessions.list(&login(admin.id), "demo", None).await.unwrap()[..] else {
            panic!("one session was opened")
        };
        let session = opened.id;
        let mut tokens = Vec::new();
        for who in callers {
            let token = match who {
                Nobody => None,
                Stranger => Some(world.token(&world.user(|user| user).await).await),
                Viewer => Some(world.token(&world.member(&project, Role::Viewer).await).await),
                Member => Some(world.token(&world.member(&project, Role::Member).await).await),
                Admin => Some(world.token(&admin).await),
                InstanceAdmin => Some(world.token(&world.user(|user| user.instance_admin()).await).await),
                ForeignKey => Some(world.key(&other_admin, &other).await.1),
                OwnKey => Some(own.clone()),
                ScopedKey => {
                    let servers = Some(vec!["elsewhere".to_owned()]);
                    let scope = ScopeDraft { servers, ..ScopeDraft::default() };
                    Some(world.key_with(&admin, &project, scope).await.1)
                }
                ReadOnlyKey => {
                    let scope = ScopeDraft { read_only: true, ..ScopeDraft::default() };
                    Some(world.key_with(&admin, &project, scope).await.1)
                }
                ExpiredKey => {
                    let (id, plain) = world.key(&admin, &project).await;
                    let overlap = Some(Duration::ZERO);
                    world.control.keys.rotate(&login(admin.id), "demo", &id.to_string(), overlap).await.unwrap();
                    Some(plain)
                }
                RevokedKey => {
                    let (id, plain) = world.key(&admin, &project).await;
                    world.control.keys.revoke(&login(admin.id), "demo", &id.to_string()).await.unwrap();
                    Some(plain)
                }
                Deactivated => {
                    let gone = world.member(&project, Role::Admin).await;
                    let token = world.token(&gone).await;
                    let root = world.user(|user| user.instance_admin()).await;
                    world.control.users.deactivate(&login(root.id), gone.email.as_str()).await.unwrap();
                    Some(token)
                }
            };
            tokens.push((*who, token));
        }
        world.catch_up().await;
        Self { world, target, target_member, key, approval, session, invitation, team_invitation, tokens }
    }

    async fn ask(&self, who: Who, row: &Row, method: &str, path: &str) -> Answer {
        let mut sent = request(method, path);
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == who).unwrap();
        if let Some(token) = token {
            sent = bearer(sent, token);
        }
        if let Some(body) = &row.body {
            sent = sent.set_json(body);
        }
        self.world.send(sent).await
    }

    /// The path with its placeholders filled in, in `project`.
    fn path(&self, template: &str, project: Option<&str>) -> String {
        let mut path = String::new();
        for part in template.split('/').skip(1) {
            path.push('/');
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some("project") if project.is_some() => path.push_str(project.unwrap_or_default()),
                Some(placeholder) => path.push_str(&fill(self, placeholder, template)),
                None => path.push_str(part),
            }
        }
        path
    }
}

/// Operation ids with method and path.
fn operations() -> BTreeMap<String, (&'static str, String)> {
    let document = orch_gateway::openapi::openapi();
    let mut found = BTreeMap::new();
    for (path, item) in document.paths.paths {
        let methods =
            [("GET", item.get), ("PUT", item.put), ("POST", item.post), ("PATCH", item.patch), ("DELETE", item.delete)];
        for (method, operation) in methods {
            if let Some(id) = operation.and_then(|operation| operation.operation_id) {
                assert!(found.insert(id.clone(), (method, path.clone())).is_none(), "{id} is there twice");
            }
        }
    }
    found
}

#[test]
fn has_a_row_for_every_operation() {
    let documented: Vec<_> = operations().into_keys().collect();
    let mut in_table: Vec<_> = rows().into_iter().map(|row| row.operation.to_owned()).collect();
    in_table.sort_unstable();
    let missing: Vec<_> = documented.iter().filter(|id| !in_table.contains(id)).collect();
    assert!(missing.is_empty(), "operations without a row in `rows`: {missing:?}");
    assert_eq!(documented, in_table);
}

#[actix_web::test]
async fn decides_as_the_table_says() {
    let operations = operations();
    let mut wrong = Vec::new();
    // What is refused, or only looks, changes nothing: all of that is asked in one world.
    let shared = House::new(&EVERYBODY).await;
    for row in rows() {
        let (method, template) = &operations[row.operation];
        for who in EVERYBODY {
            let expected = row.expected(who);
            let changes = expected == 200 && *method != "GET";
            let own = if changes { Some(House::new(&[who]).await) } else { None };
            let house = own.as_ref().unwrap_or(&shared);
            let answer = house.ask(who, &row, method, &house.path(template, None)).await;
            let same = if expected == 200 { (200..300).contains(&answer.status) } else { answer.status == expected };
            if !same {
                wrong.push(format!("{} by {who:?}: {}, not {expected}: {}", row.operation, answer.status, answer.body));
            }
            if expected == 404 && matches!(who, Stranger | ForeignKey) && template.contains("{project}") {
                let missing = house.ask(who, &row, method, &house.path(template, Some("nothing"))).await;
                if answer.without_request_id() != missing.without_request_id() {
                    wrong.push(format!("{} tells {who:?} denied and missing apart", row.operation));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
