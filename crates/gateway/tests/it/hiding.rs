//! What a caller may not know of answers exactly like what does not exist.

use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{Answer, World, bearer, request};

/// A body that the operation takes.
fn body(method: &str, path: &str) -> Option<Value> {
    match (method, path.rsplit('/').next().unwrap_or_default()) {
        ("PUT", _) => Some(json!({"role": "viewer"})),
        ("PATCH", _) if path.contains("/members/") => Some(json!({"role": "viewer"})),
        ("POST", "invitations") => Some(json!({"email": "new@example.com", "role": "viewer"})),
        ("PATCH", _) | ("POST", "keys") => Some(json!({"name": "x"})),
        ("POST", "import") => Some(json!({"mcpServers": {}})),
        _ => None,
    }
}

async fn same(world: &World, token: &str, method: &str, hidden: &str, missing: &str) {
    let send = async |path: &str| -> Answer {
        let sent = bearer(request(method, path), token);
        let sent = match body(method, path) {
            Some(body) => sent.set_json(body),
            None => sent,
        };
        world.send(sent).await.without_request_id()
    };
    let (one, other) = (send(hidden).await, send(missing).await);
    assert_eq!(one.status, 404, "{method} {hidden}: {one:?}");
    assert_eq!(one, other, "{method} {hidden}");
}

#[actix_web::test]
async fn hides_projects_from_strangers_and_foreign_keys() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (other, other_admin) = world.project("other").await;
    world.server(&admin, &project, "echo").await;
    let (key, _) = world.key(&admin, &project).await;
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
            ("GET", "/calls".into()),
            ("GET", "/audit".into()),
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
    same(&world, &token, "DELETE", &path(&key.to_string()), &path("nothing")).await;
}
