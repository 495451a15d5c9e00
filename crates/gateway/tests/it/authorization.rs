//! Every operation of the document for every kind of caller, from one table. An operation without a row fails.

use std::collections::BTreeMap;

use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{World, bearer, request};

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
    /// A key of the project; its creator is an admin of it.
    OwnKey,
    ExpiredKey,
    RevokedKey,
    /// An admin's account that was switched off, with a token from before.
    Deactivated,
}

use Who::{
    Admin, Deactivated, ExpiredKey, ForeignKey, InstanceAdmin, Member, Nobody, OwnKey, RevokedKey, Stranger, Viewer,
};

const EVERYBODY: [Who; 11] =
    [Nobody, Stranger, Viewer, Member, Admin, InstanceAdmin, ForeignKey, OwnKey, ExpiredKey, RevokedKey, Deactivated];

/// What a kind of operation answers; 200 stands for any success. In the order of `EVERYBODY`.
type Row = [u16; 11];

//                      nobody  strang viewer member admin  instan foreign own   expired revoked deactivated
const OPEN: Row = [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200];
const ANY: Row = [401, 200, 200, 200, 200, 200, 200, 200, 401, 401, 401];
const LOGIN: Row = [401, 200, 200, 200, 200, 200, 403, 403, 401, 401, 401];
const INSTANCE: Row = [401, 403, 403, 403, 403, 200, 403, 403, 401, 401, 401];
const VIEW: Row = [401, 404, 200, 200, 200, 200, 404, 200, 401, 401, 401];
const CALL: Row = [401, 404, 403, 200, 200, 200, 404, 200, 401, 401, 401];
const OWN_KEYS: Row = [401, 404, 403, 200, 200, 200, 404, 403, 401, 401, 401];
const ADMIN: Row = [401, 404, 403, 403, 200, 200, 404, 403, 401, 401, 401];
/// On a key that an admin of the project made: another member may not know of it.
const ANY_KEY: Row = [401, 404, 403, 404, 200, 200, 404, 403, 401, 401, 401];
/// Like it, and only the creator of the key gets through.
const ROTATE: Row = [401, 404, 403, 404, 200, 409, 404, 403, 401, 401, 401];
/// The switch of the fake runtime fails for those who get through.
const STOP: Row = [401, 404, 403, 403, 502, 502, 404, 403, 401, 401, 401];

#[rustfmt::skip]
const TABLE: [(&str, Row); 38] = [
    ("get_liveness", OPEN),
    ("get_readiness", OPEN),
    ("get_health", OPEN),
    ("create_login", OPEN),
    // Open to all, and then it is the token that counts: there is none here.
    ("refresh_login", [401; 11]),
    ("delete_login", LOGIN),
    ("get_me", ANY),
    ("update_password", LOGIN),
    ("list_users", INSTANCE),
    ("create_user", INSTANCE),
    ("get_user", INSTANCE),
    ("update_user", INSTANCE),
    ("reset_password", INSTANCE),
    ("list_projects", ANY),
    ("create_project", INSTANCE),
    ("get_project", VIEW),
    ("update_project", ADMIN),
    ("delete_project", ADMIN),
    ("list_members", VIEW),
    ("put_member", ADMIN),
    ("delete_member", ADMIN),
    ("list_servers", VIEW),
    ("create_server", ADMIN),
    ("get_server", VIEW),
    ("update_server", ADMIN),
    ("delete_server", ADMIN),
    ("start_server", ADMIN),
    ("stop_server", STOP),
    ("restart_server", ADMIN),
    ("list_logs", ADMIN),
    ("list_tools", VIEW),
    ("import_servers", ADMIN),
    ("export_servers", VIEW),
    ("list_keys", OWN_KEYS),
    ("create_key", OWN_KEYS),
    ("delete_key", ANY_KEY),
    ("rotate_key", ROTATE),
    ("list_calls", CALL),
];

/// The rest of the table: [`list_audit`] is for admins, the other one for instance admins.
const AUDIT: [(&str, Row); 2] = [("list_audit", ADMIN), ("list_instance_audit", INSTANCE)];

/// On calls that are none: whoever is known at all is told the same.
const NO_CALL: Row = [401, 404, 404, 404, 404, 404, 404, 404, 401, 401, 401];

/// Whoever sees the project with a login.
const STAR: Row = [401, 404, 200, 200, 200, 200, 403, 403, 401, 401, 401];
const NO_STAR: Row = [401, 404, 404, 404, 404, 404, 403, 403, 401, 401, 401];

/// What the dashboard needs beside the nouns.
const DASHBOARD: [(&str, Row); 9] = [
    ("create_call", CALL),
    ("create_answer", NO_CALL),
    ("delete_call", NO_CALL),
    ("list_snippets", VIEW),
    ("render_snippets", VIEW),
    ("list_catalog_servers", ANY),
    ("list_stars", LOGIN),
    ("create_star", STAR),
    ("delete_star", NO_STAR),
];

fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "create_login" => json!({"email": "target@example.com", "password": crate::world::PASSWORD}),
        "update_password" => json!({"old_password": crate::world::PASSWORD, "new_password": "another long one"}),
        "create_user" => json!({"email": "new@example.com"}),
        "update_user" => json!({"name": "New"}),
        "create_project" => json!({"name": "New"}),
        "update_project" => json!({"name": "New"}),
        "put_member" => json!({"role": "viewer"}),
        "create_server" => json!({"alias": "new", "transport": {"type": "stdio", "command": "x"}}),
        "update_server" => json!({"name": "New"}),
        "import_servers" => json!({"mcpServers": {}}),
        "create_star" => json!({"project": "demo", "server": "echo", "tool": "echo"}),
        "create_call" => json!({"kind": "tool", "name": "echo"}),
        "create_answer" => json!({"question": 1, "result": {}}),
        "render_snippets" => json!({"key": "orch_AbCdEfGhIjKl_x_y"}),
        "create_key" => json!({"name": "new"}),
        _ => return None,
    })
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

fn table() -> BTreeMap<&'static str, Row> {
    TABLE.into_iter().chain(AUDIT).chain(DASHBOARD).collect()
}

#[test]
fn has_a_row_for_every_operation() {
    let documented: Vec<_> = operations().into_keys().collect();
    let in_table: Vec<_> = table().into_keys().map(str::to_owned).collect();
    assert_eq!(documented, in_table);
}

#[actix_web::test]
async fn decides_as_the_table_says() {
    let mut wrong = Vec::new();
    for (operation, (method, path)) in operations() {
        let row = table()[operation.as_str()];
        for (who, expected) in EVERYBODY.into_iter().zip(row) {
            let status = ask(who, &operation, method, &path).await;
            let same = if expected == 200 { (200..300).contains(&status) } else { status == expected };
            if !same {
                wrong.push(format!("{operation} by {who:?}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Has one operation asked for in a world of its own.
async fn ask(who: Who, operation: &str, method: &str, path: &str) -> u16 {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (other, other_admin) = world.project("other").await;
    world.member(&project, Role::Admin).await;
    let target = world.user(|user| user.email("target@example.com")).await;
    let target_member = world.member(&project, Role::Viewer).await;
    world.server(&admin, &project, "echo").await;
    let (key, own) = world.key(&admin, &project).await;
    let token = match who {
        Nobody => None,
        Stranger => Some(world.token(&world.user(|user| user).await).await),
        Viewer => Some(world.token(&world.member(&project, Role::Viewer).await).await),
        Member => Some(world.token(&world.member(&project, Role::Member).await).await),
        Admin => Some(world.token(&admin).await),
        InstanceAdmin => Some(world.token(&world.user(|user| user.instance_admin()).await).await),
        ForeignKey => Some(world.key(&other_admin, &other).await.1),
        OwnKey => Some(own),
        ExpiredKey => {
            let (id, plain) = world.key(&admin, &project).await;
            let gone = crate::world::login(admin.id);
            let overlap = Some(std::time::Duration::ZERO);
            world.control.keys.rotate(&gone, "demo", &id.to_string(), overlap).await.unwrap();
            Some(plain)
        }
        RevokedKey => {
            let (id, plain) = world.key(&admin, &project).await;
            world.control.keys.revoke(&crate::world::login(admin.id), "demo", &id.to_string()).await.unwrap();
            Some(plain)
        }
        Deactivated => {
            let gone = world.member(&project, Role::Admin).await;
            let token = world.token(&gone).await;
            let root = world.user(|user| user.instance_admin()).await;
            world.control.users.deactivate(&crate::world::login(root.id), gone.email.as_str()).await.unwrap();
            Some(token)
        }
    };
    world.catch_up().await;
    let user = if path.contains("/members/") { target_member.id } else { target.id };
    let path = path
        .replace("{project}", "demo")
        .replace("{server}", "echo")
        .replace("{user}", &user.to_string())
        .replace("{key}", &key.to_string());
    let mut sent = request(method, &path);
    if let Some(token) = &token {
        sent = bearer(sent, token);
    }
    if let Some(body) = body(operation) {
        sent = sent.set_json(body);
    }
    world.send(sent).await.status
}
