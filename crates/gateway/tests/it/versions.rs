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
    let etag = world.get("/api/v1/projects/demo", &token).await.header("etag").unwrap().to_owned();
    let sent = bearer(request("DELETE", "/api/v1/projects/demo"), &token).insert_header(("if-match", etag));
    assert_eq!(world.send(sent).await.status, 204);
}
