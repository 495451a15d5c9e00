//! What a caller may not know of answers exactly like what does not exist.

use orch_control::invitations::Place;
use orch_control::keys::ScopeDraft;
use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{Answer, World, bearer, request};

/// A body that the operation takes.
fn body(method: &str, path: &str) -> Option<Value> {
    match (method, path.rsplit('/').next().unwrap_or_default()) {
        ("PUT", "limits") => Some(json!({})),
        ("PUT", "policy") | ("POST", "try") => Some(json!({"rules": []})),
        ("PUT", "switch") => Some(json!({"kind": "tool", "name": "echo", "on": false})),
        ("POST", "explain") => Some(json!({"server": "echo", "name": "echo"})),
        ("PATCH", "personal-secrets") => Some(json!({})),
        ("POST", "calls") => Some(json!({"kind": "tool", "name": "echo"})),
        ("POST", "answers") => Some(json!({"question": 1, "result": {}})),
        ("POST", "snippets") => Some(json!({"key": "orch_AbCdEfGhIjKl_x_y"})),
        ("PUT", _) => Some(json!({"role": "viewer"})),
        ("PATCH", _) if path.contains("/members/") => Some(json!({"role": "viewer"})),
        ("POST", "invitations") => Some(json!({"email": "new@example.com", "role": "viewer"})),
        ("PATCH", _) | ("POST", "keys") => Some(json!({"name": "x"})),
        ("POST", "import") => Some(json!({"mcpServers": {}})),
        _ => None,
    }
}

async fn same(world: &World, token: &str, method: &str, hidden: &str, missing: &str) {
    same_with(world, token, method, (hidden, body(method, hidden)), (missing, body(method, missing))).await;
}

/// The same, with bodies.
async fn same_with(
    world: &World,
    token: &str,
    method: &str,
    hidden: (&str, Option<Value>),
    missing: (&str, Option<Value>),
) {
    let send = async |(path, body): (&str, Option<Value>)| -> Answer {
        let sent = bearer(request(method, path), token);
        let sent = match body {
            Some(body) => sent.set_json(body),
            None => sent,
        };
        world.send(sent).await.without_request_id()
    };
    let what = format!("{method} {hidden:?}");
    let (one, other) = (send(hidden).await, send(missing).await);
    assert_eq!(one.status, 404, "{what}: {one:?}");
    assert_eq!(one, other, "{what}");
}

#[actix_web::test]
async fn hides_projects_from_strangers_and_foreign_keys() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (other, other_admin) = world.project("other").await;
    world.server(&admin, &project, "echo").await;
    let (key, plain) = world.key(&admin, &project).await;
    let approval = world.desk.put(&project, admin.id);
    let invitation = world.invitation(&admin, Place::Project("demo")).await;
    world.open_session("/projects/demo/unified/mcp", &plain).await;
    let sessions = world.get("/api/v1/projects/demo/sessions", &world.token(&admin).await).await.json();
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let stranger = world.token(&other_admin).await;
    let (_, foreign) = world.key(&other_admin, &other).await;
    let id = project.id.to_string();
    for token in [stranger, foreign] {
        for (method, rest) in [
            ("GET", String::new()),
            ("PATCH", String::new()),
            ("DELETE", String::new()),
            ("GET", "/members".into()),
            ("DELETE", format!("/members/{}", admin.id)),
            ("PATCH", format!("/members/{}", admin.id)),
            ("GET", "/teams".into()),
            ("PUT", "/teams/core".into()),
            ("DELETE", "/teams/core".into()),
            ("GET", "/invitations".into()),
            ("POST", "/invitations".into()),
            ("GET", "/servers".into()),
            ("GET", "/servers/echo".into()),
            ("PATCH", "/servers/echo".into()),
            ("DELETE", "/servers/echo".into()),
            ("POST", "/servers/echo/restart".into()),
            ("GET", "/servers/echo/tools".into()),
            ("GET", "/servers/echo/logs".into()),
            ("GET", "/export".into()),
            ("POST", "/import".into()),
            ("GET", "/keys".into()),
            ("POST", "/keys".into()),
            ("DELETE", format!("/keys/{key}")),
            ("POST", format!("/keys/{key}/rotate")),
            ("GET", format!("/keys/{key}")),
            ("PATCH", format!("/keys/{key}")),
            ("GET", "/calls".into()),
            ("GET", "/audit".into()),
            ("GET", "/approvals".into()),
            ("GET", format!("/approvals/{approval}")),
            ("POST", format!("/approvals/{approval}/approve")),
            ("POST", format!("/approvals/{approval}/deny")),
            ("GET", "/sessions".into()),
            ("DELETE", format!("/sessions/{session}")),
            ("DELETE", format!("/invitations/{invitation}")),
            ("POST", format!("/invitations/{invitation}/renew")),
            ("GET", "/limits".into()),
            ("PUT", "/limits".into()),
            ("GET", "/policy".into()),
            ("PUT", "/policy".into()),
            ("POST", "/policy/try".into()),
            ("POST", "/policy/explain".into()),
            ("PUT", "/servers/echo/switch".into()),
            ("GET", "/servers/echo/tools/echo/history".into()),
            ("GET", "/servers/echo/logs/stream".into()),
            ("GET", "/servers/echo/logs/download".into()),
            ("GET", "/servers/echo/personal-secrets".into()),
            ("PATCH", "/servers/echo/personal-secrets".into()),
            ("DELETE", "/servers/echo/personal-secrets".into()),
            ("POST", "/servers/echo/calls".into()),
            ("DELETE", format!("/servers/echo/calls/{}", uuid::Uuid::nil())),
            ("POST", format!("/servers/echo/calls/{}/answers", uuid::Uuid::nil())),
            ("GET", "/activity".into()),
            ("GET", "/usage".into()),
            ("GET", "/usage/top?by=server".into()),
            ("GET", "/snippets".into()),
            ("POST", "/snippets".into()),
        ] {
            for name in ["demo", id.as_str()] {
                let hidden = format!("/api/v1/projects/{name}{rest}");
                same(&world, &token, method, &hidden, &format!("/api/v1/projects/nothing{rest}")).await;
            }
        }
    }
}

#[actix_web::test]
async fn hides_servers_and_keys_of_other_projects_inside_the_own_one() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (_, other_admin) = world.project("other").await;
    world.server(&admin, &project, "echo").await;
    let server = world.get("/api/v1/projects/demo/servers/echo", &world.token(&admin).await).await.json();
    let server = server["id"].as_str().unwrap().to_owned();
    let (key, _) = world.key(&admin, &project).await;
    let token = world.token(&other_admin).await;
    let nothing = uuid::Uuid::nil();
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/restart"), ("GET", "/tools"), ("GET", "/logs")] {
        let path = |id: &str| format!("/api/v1/projects/other/servers/{id}{rest}");
        same(&world, &token, method, &path(&server), &path(&nothing.to_string())).await;
    }
    let path = |id: &str| format!("/api/v1/projects/other/keys/{id}");
    same(&world, &token, "DELETE", &path(&key.to_string()), &path(&nothing.to_string())).await;
}

#[actix_web::test]
async fn hides_the_keys_of_others_from_members() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (key, _) = world.key(&admin, &project).await;
    let token = world.token(&world.member(&project, Role::Member).await).await;
    let path = |id: &str| format!("/api/v1/projects/demo/keys/{id}");
    for method in ["GET", "PATCH", "DELETE"] {
        same(&world, &token, method, &path(&key.to_string()), &path("nothing")).await;
    }
    let rotate = |id: &str| format!("{}/rotate", path(id));
    same(&world, &token, "POST", &rotate(&key.to_string()), &rotate("nothing")).await;
}

#[actix_web::test]
async fn hides_servers_from_keys_that_were_made_for_others() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    for alias in ["echo", "elsewhere"] {
        world.server(&admin, &project, alias).await;
    }
    let scope = ScopeDraft { servers: Some(vec!["elsewhere".to_owned()]), ..ScopeDraft::default() };
    let (_, key) = world.key_with(&admin, &project, scope).await;
    let nobody = uuid::Uuid::nil();
    for (method, rest) in [
        ("GET", String::new()),
        ("GET", "/tools".into()),
        ("GET", "/tools/echo/history".into()),
        ("POST", "/calls".into()),
        ("DELETE", format!("/calls/{nobody}")),
        ("POST", format!("/calls/{nobody}/answers")),
    ] {
        let path = |alias: &str| format!("/api/v1/projects/demo/servers/{alias}{rest}");
        same(&world, &key, method, &path("echo"), &path("nothing")).await;
    }
    let explain = "/api/v1/projects/demo/policy/explain";
    let about = |server: &str| (explain, Some(json!({"server": server, "name": "echo"})));
    same_with(&world, &key, "POST", about("echo"), about("nothing")).await;
    let listed = world.get("/api/v1/projects/demo/servers", &key).await.json();
    let aliases: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["alias"]).collect();
    assert_eq!(aliases, ["elsewhere"]);
}

#[actix_web::test]
async fn hides_what_waits_runs_and_is_invited_elsewhere() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (_, other_admin) = world.project("other").await;
    let member = world.member(&project, Role::Member).await;
    let approval = world.desk.put(&project, admin.id).to_string();
    let invitation = world.invitation(&admin, Place::Project("demo")).await;
    let (_, key) = world.key(&admin, &project).await;
    world.open_session("/projects/demo/unified/mcp", &key).await;
    let sessions = world.get("/api/v1/projects/demo/sessions", &world.token(&admin).await).await.json();
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let nothing = uuid::Uuid::nil().to_string();
    let (of_member, of_other) = (world.token(&member).await, world.token(&other_admin).await);
    for (token, method, path, rest, id) in [
        (&of_member, "GET", "demo/approvals", "", &approval),
        (&of_member, "DELETE", "demo/sessions", "", &session),
        (&of_other, "GET", "other/approvals", "", &approval),
        (&of_other, "POST", "other/approvals", "/approve", &approval),
        (&of_other, "POST", "other/approvals", "/deny", &approval),
        (&of_other, "DELETE", "other/sessions", "", &session),
        (&of_other, "DELETE", "other/invitations", "", &invitation),
        (&of_other, "POST", "other/invitations", "/renew", &invitation),
    ] {
        let path = |id: &str| format!("/api/v1/projects/{path}/{id}{rest}");
        same(&world, token, method, &path(id), &path(&nothing)).await;
    }
    for answer in ["accept", "decline"] {
        let path = |id: &str| format!("/api/v1/me/invitations/{id}/{answer}");
        same(&world, &of_other, "POST", &path(&invitation), &path(&nothing)).await;
    }
}

#[actix_web::test]
async fn hides_teams_from_who_is_not_in_them() {
    let world = World::new().await;
    let lead = world.user(|user| user).await;
    world.team("core", &lead, &[]).await;
    let invitation = world.invitation(&lead, Place::Team("core")).await;
    let token = world.token(&world.user(|user| user).await).await;
    let role = Some(json!({"role": "member"}));
    for (method, rest, body) in [
        ("GET", String::new(), None),
        ("PATCH", String::new(), Some(json!({"name": "x"}))),
        ("DELETE", String::new(), None),
        ("GET", "/members".into(), None),
        ("PATCH", format!("/members/{}", lead.id), role.clone()),
        ("DELETE", format!("/members/{}", lead.id), None),
        ("GET", "/projects".into(), None),
        ("GET", "/invitations".into(), None),
        ("POST", "/invitations".into(), Some(json!({"email": "new@example.com", "role": "member"}))),
        ("DELETE", format!("/invitations/{invitation}"), None),
        ("POST", format!("/invitations/{invitation}/renew"), None),
    ] {
        let path = |team: &str| format!("/api/v1/teams/{team}{rest}");
        same_with(&world, &token, method, (&path("core"), body.clone()), (&path("nothing"), body)).await;
    }
}

#[actix_web::test]
async fn hides_stars_and_what_cannot_be_starred() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    for alias in ["open", "closed"] {
        world.server(&admin, &project, alias).await;
    }
    let member = world.member(&project, Role::Member).await;
    let (of_admin, of_member) = (world.token(&admin).await, world.token(&member).await);
    let stranger = world.token(&world.user(|user| user).await).await;
    let star = world.post("/api/v1/stars", &of_member, json!({"project": "demo", "server": "closed"})).await;
    assert_eq!(star.status, 201, "{star:?}");
    let star = star.json()["id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("/api/v1/stars/{id}");
    same(&world, &of_admin, "DELETE", &path(&star), &path(&uuid::Uuid::nil().to_string())).await;
    let of_project = |project: &str| ("/api/v1/stars", Some(json!({"project": project})));
    same_with(&world, &stranger, "POST", of_project("demo"), of_project("nothing")).await;

    let starred = async || world.get("/api/v1/stars", &of_member).await.json()["items"].as_array().unwrap().len();
    assert_eq!(starred().await, 1);
    let hide = json!({"rules": [{
        "subject": {"type": "role", "role": "member"}, "object": {"server": "closed"}, "effect": "deny",
    }]});
    let put = bearer(request("PUT", "/api/v1/projects/demo/policy"), &of_admin).set_json(hide);
    let put = world.send(put).await;
    assert_eq!(put.status, 200, "{put:?}");
    world.catch_up().await;
    assert_eq!(starred().await, 0, "what is hidden by now is not shown by an old star");
    let of_server = |server: &str| ("/api/v1/stars", Some(json!({"project": "demo", "server": server})));
    same_with(&world, &of_member, "POST", of_server("closed"), of_server("nothing")).await;
}
