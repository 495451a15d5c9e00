//! `ETag` and `If-Match`.

use serde_json::json;

use crate::world::{Answer, World, bearer, request};

#[actix_web::test]
async fn changes_only_what_the_caller_has_seen() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    world.server(&admin, &project, "echo").await;
    let root = world.user(|user| user.instance_admin().email("root@example.com")).await;
    let token = world.token(&root).await;
    for path in ["/api/v1/projects/demo", "/api/v1/projects/demo/servers/echo", "/api/v1/users/root@example.com"] {
        let send = async |method: &str, etag: &str, name: &str| -> Answer {
            let sent = bearer(request(method, path), &token).insert_header(("if-match", etag));
            world.send(if method == "PATCH" { sent.set_json(json!({"name": name})) } else { sent }).await
        };
        let etag = world.get(path, &token).await.header("etag").unwrap().to_owned();
        let changed = send("PATCH", &etag, "One").await;
        assert_eq!(changed.status, 200, "{path}");
        let stale = send("PATCH", &etag, "Two").await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "stale"), "{path}");
        assert_eq!(send("PATCH", "\"nonsense\"", "Two").await.status, 412, "{path}");
        assert_eq!(send("PATCH", "*", "Two").await.status, 200, "{path}");
        assert_eq!(world.get(path, &token).await.json()["name"], json!("Two"), "{path}");
        if !path.contains("users") {
            assert_eq!(send("DELETE", &etag, "").await.status, 412, "{path}");
        }
    }
    let member = world.member(&project, orch_domain::role::Role::Member).await.id;
    let admin_token = world.token(&admin).await;
    let (key, _) = world.key(&admin, &project).await;
    world.team("core", &admin, &[]).await;
    let one = format!("/api/v1/projects/demo/keys/{key}");
    for (path, body) in [
        (one.clone(), json!({"name": "One"})),
        (format!("/api/v1/projects/demo/members/{member}"), json!({"role": "admin"})),
        (format!("/api/v1/teams/core/members/{}", admin.id), json!({"role": "admin"})),
    ] {
        let send = async |method: &str, etag: &str| -> Answer {
            let sent = bearer(request(method, &path), &admin_token).insert_header(("if-match", etag));
            world.send(if method == "PATCH" { sent.set_json(body.clone()) } else { sent }).await
        };
        let present = send("PATCH", "*").await;
        let etag = present.header("etag").unwrap_or_else(|| panic!("{path}: {present:?}")).to_owned();
        assert_eq!(etag, format!("\"{}\"", present.json()["version"]), "{path}");
        assert_eq!(send("PATCH", &etag).await.status, 200, "{path}");
        for method in ["PATCH", "DELETE"] {
            let stale = send(method, "\"99\"").await;
            assert_eq!((stale.status, stale.code().as_str()), (412, "stale"), "{method} {path}");
        }
    }
    assert!(world.get(&one, &admin_token).await.header("etag").is_some());
    let etag = world.get("/api/v1/projects/demo", &token).await.header("etag").unwrap().to_owned();
    let sent = bearer(request("DELETE", "/api/v1/projects/demo"), &token).insert_header(("if-match", etag));
    assert_eq!(world.send(sent).await.status, 204);
}
