//! The operations of REST.
//!
//! **To add a row** for a new route, write one line in [`rows`]: the operation id, the [`Access`] that describes who
//! may, and the body that the operation takes, if any:
//! `row("create_thing", ADMIN).body(json!({"name": "new"})),`.
//! Where single callers differ, say `.but(Member, 404)`.

use serde_json::{Value, json};

use super::Who::{self, Admin, ForeignKey, InstanceAdmin, Member, OwnKey, ReadOnlyKey, ScopedKey, Stranger, Viewer};

/// The password of everybody in the world that is asked.
pub const PASSWORD: &str = "correct horse battery";

/// Stands in a body for the whole text of a live key of the project.
pub const KEY: &str = "{key}";

/// What a kind of operation answers to whom; 200 stands for any success.
pub type Access = fn(Who) -> u16;

const OPEN: Access = |_| 200;
/// Every live credential.
const ANY: Access = |who| if who.is_out() { 401 } else { 200 };
/// Every login; a key is told that it takes a login.
const LOGIN: Access = |who| match who {
    ForeignKey | OwnKey | ScopedKey | ReadOnlyKey => 403,
    who => ANY(who),
};
const INSTANCE: Access = |who| match who {
    InstanceAdmin => 200,
    who if who.is_out() => 401,
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

const NO_CALL: Access = |who| if who.is_out() { 401 } else { 404 };
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
#[derive(Debug)]
pub struct Row {
    pub operation: &'static str,
    access: Access,
    pub body: Option<Value>,
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

    #[must_use]
    pub fn expected(&self, who: Who) -> u16 {
        let other = self.but.iter().find(|(but, _)| *but == who);
        other.map_or_else(|| (self.access)(who), |(_, status)| *status)
    }
}

#[must_use]
#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
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
        row("list_instance_keys", INSTANCE),
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
        // approvals: of the one that waits a member knows nothing, as another wants to call; nor does a narrow key
        row("list_approvals", CALL),
        row("get_approval", CALL).but(Member, 404).but(ScopedKey, 404).but(ReadOnlyKey, 404),
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
        row("render_snippets", VIEW).body(json!({"key": KEY})),
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
        row("get_usage", VIEW).but(ScopedKey, 403).but(ReadOnlyKey, 403),
        row("list_top_usage", VIEW),
        row("get_system", INSTANCE),
        row("list_audit", ADMIN),
        row("list_instance_audit", INSTANCE),
    ]
}
