//! Pages, and the life of each noun over REST.

use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{World, bearer, request};

#[actix_web::test]
async fn goes_through_all_pages() {
    let world = World::new().await;
    let user = world.user(|user| user.instance_admin()).await;
    let token = world.token(&user).await;
    for number in 0..5 {
        assert_eq!(world.post("/api/v1/projects", &token, json!({"name": format!("P {number}")})).await.status, 201);
    }
    let mut slugs = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/api/v1/projects?limit=2{cursor}"), &token).await.json();
        for item in page["items"].as_array().unwrap() {
            slugs.push(item["slug"].as_str().unwrap().to_owned());
        }
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            other => {
                assert_eq!(other, &Value::Null);
                break;
            }
        }
    }
    assert_eq!(slugs, ["p-0", "p-1", "p-2", "p-3", "p-4"]);
}

#[actix_web::test]
async fn gives_lists_one_shape() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    world.server(&admin, &project, "echo").await;
    let token = world.token(&admin).await;
    for list in ["servers", "members", "keys", "calls", "audit", "servers/echo/tools", "servers/echo/logs"] {
        let page = world.get(&format!("/api/v1/projects/demo/{list}"), &token).await.json();
        assert!(page["items"].is_array() && page.as_object().unwrap().contains_key("next_cursor"), "{list}: {page}");
    }
    let prompts = world.get("/api/v1/projects/demo/servers/echo/tools?kind=prompt", &token).await.json();
    assert_eq!(prompts["items"], json!([]));
    let tools = world.get("/api/v1/projects/demo/servers/echo/tools", &token).await.json();
    assert_eq!(tools["items"][0]["definition"]["inputSchema"]["type"], json!("object"));
}

#[actix_web::test]
async fn shows_a_server_without_its_secrets() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let path = "/api/v1/projects/demo/servers";
    let body = json!({"alias": "echo", "timeout": 2.5, "transport":
        {"type": "stdio", "command": "npx", "args": ["-y", "pkg"], "env": {"B": "2", "A": "1"}}});
    let created = world.post(path, &token, body).await;
    assert_eq!((created.status, created.header("etag")), (201, Some("\"1\"")));
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert!(created.header("location").is_some_and(|location| location.ends_with(&id)));
    let shown = world.get(&format!("{path}/{id}"), &token).await.json();
    assert_eq!(
        shown["transport"],
        json!({"type": "stdio", "command": "npx", "arg_count": 2, "env": ["A", "B"], "cwd": null})
    );
    assert_eq!((&shown["timeout"], &shown["status"]["state"]), (&json!(2.5), &json!("ready")));
    let patch = json!({"transport": {"env": {"A": null, "C": "3"}, "args": [null, "other"], "cwd": "/x"}});
    let patched = world.patch(&format!("{path}/echo"), &token, patch).await;
    assert_eq!(
        patched.json()["transport"],
        json!({"type": "stdio", "command": "npx", "arg_count": 2, "env": ["B", "C"], "cwd": "/x"})
    );
    let patched = world.patch(&format!("{path}/echo"), &token, json!({"transport": {"cwd": null}})).await;
    assert_eq!(patched.json()["transport"]["cwd"], Value::Null);
    let remote = json!({"transport": {"type": "streamable-http", "url": "https://b/mcp", "headers": {"X-Key": "v"}}});
    let patched = world.patch(&format!("{path}/echo"), &token, remote).await;
    assert_eq!(
        patched.json()["transport"],
        json!({"type": "streamable-http", "url": "https://b/mcp", "headers": ["x-key"]})
    );
}

#[actix_web::test]
async fn makes_rotates_and_revokes_keys() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let path = "/api/v1/projects/demo/keys";
    let created = world.post(path, &token, json!({"name": "agent", "expires_at": "2027-01-01T00:00:00Z"})).await.json();
    let (id, key) = (created["id"].as_str().unwrap(), created["key"].as_str().unwrap());
    assert!(key.starts_with("orch_") && key.starts_with(created["prefix"].as_str().unwrap()), "{created}");
    world.catch_up().await;
    assert_eq!(world.get("/api/v1/projects/demo", key).await.status, 200);
    let rotated = world.post(&format!("{path}/{id}/rotate"), &token, json!({"overlap_seconds": 60})).await;
    assert_eq!(rotated.status, 201);
    world.catch_up().await;
    let new = rotated.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/api/v1/projects/demo", key).await.status, 200);
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(world.get("/api/v1/projects/demo", key).await.status, 401);
    assert_eq!(world.get("/api/v1/projects/demo", &new).await.status, 200);
    let new_id = rotated.json()["id"].as_str().unwrap().to_owned();
    let revoked = world.send(bearer(request("DELETE", &format!("{path}/{new_id}")), &token)).await;
    assert_eq!(revoked.status, 204);
    world.catch_up().await;
    assert_eq!(world.get("/api/v1/projects/demo", &new).await.status, 401);
    let list = world.get(path, &token).await;
    assert!(!list.body.contains(key) && !list.body.contains(&new), "the plain key is shown once");
}

#[actix_web::test]
async fn removes_members_by_address() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let member = world.member(&project, Role::Member).await;
    let token = world.token(&admin).await;
    let path = format!("/api/v1/projects/demo/members/{}", member.email.as_str().replace('@', "%40"));
    assert_eq!(world.send(bearer(request("DELETE", &path), &token)).await.status, 204);
    let unknown = world.send(bearer(request("DELETE", &path), &token)).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not_found"));
}

#[actix_web::test]
async fn imports_and_exports() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let file = json!({"mcpServers": {"echo": {"command": "npx", "args": ["a"], "autoApprove": []}}});
    let dry = world.post("/api/v1/projects/demo/import?dry_run=true", &token, file.clone()).await.json();
    assert_eq!(dry["servers"], json!([{"name": "echo", "alias": "echo", "action": "create", "changes": []}]));
    assert_eq!((&dry["dry_run"], dry["warnings"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    assert_eq!(world.get("/api/v1/projects/demo/servers/echo", &token).await.status, 404);
    assert_eq!(world.post("/api/v1/projects/demo/import", &token, file).await.status, 200);
    let export = world.get("/api/v1/projects/demo/export", &token).await;
    assert_eq!(
        export.json(),
        json!({"mcpServers": {"echo": {"command": "npx", "args": ["${ECHO_ARG_1}"], "autoApprove": []}}})
    );
    let again = world.post("/api/v1/projects/demo/import", &token, export.json()).await.json();
    assert_eq!(again["servers"][0]["action"], json!("unchanged"));
}
