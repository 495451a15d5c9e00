//! Nothing that was planted as a secret is in any answer: not where it was accepted, not where it was refused.

use actix_web::http::header::ContentType;
use serde_json::json;

use crate::world::{PASSWORD, Seen, World, bearer, request};

#[actix_web::test]
async fn never_come_out_again() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let root = world.user(|user| user.instance_admin()).await;
    world.server(&admin, &project, "first").await;
    let (admin, root) = (world.token(&admin).await, world.token(&root).await);
    let seen = Seen::default();
    let base = "/api/v1/projects/demo";

    let servers = [
        json!({"alias": "local", "transport": {"type": "stdio", "command": "npx", "args": ["planted-a"], "env": {"K": "planted-b"}}}),
        json!({"alias": "remote", "transport": {"type": "sse", "url": "https://b/sse", "headers": {"Authorization": "Bearer planted-c"}}}),
        // Refused, each for another reason.
        json!({"alias": "no alias", "transport": {"type": "stdio", "command": "npx", "args": ["planted-d\u{0}"]}}),
        json!({"alias": "bad", "transport": {"type": "stdio", "command": "npx", "args": "planted-e"}}),
        json!({"alias": "bad", "transport": {"type": "stdio", "command": "npx", "env": "planted-f"}}),
        json!({"alias": "bad", "transport": {"type": "stdio", "command": "npx", "env": {"A=B": "planted-g"}}}),
        json!({"alias": "bad", "transport": {"type": "sse", "url": "https://b", "headers": {"X": "planted-h\r\n"}}}),
        json!({"alias": "bad", "transport": {"type": "sse", "url": "https://u:planted-i@b"}}),
        json!({"alias": "bad", "timeout": "planted-j", "transport": {"type": "sse", "url": "https://b"}}),
        json!({"alias": "bad", "transport": "planted-k, expected nothing"}),
    ];
    for body in servers {
        seen.note(&world.post(&format!("{base}/servers"), &admin, body).await);
    }
    for body in [
        json!({"transport": {"env": {"K": "planted-l", "L": 5}}}),
        json!({"transport": {"env": {"K": "planted-l"}, "args": ["planted-m"]}}),
        json!({"transport": {"headers": {"X": "planted-n"}}}),
    ] {
        seen.note(&world.patch(&format!("{base}/servers/local"), &admin, body).await);
    }
    for (text, query) in [
        (r#"{"i": {"command": "x", "args": ["planted-o"], "env": {"A": "planted-p"}, "apiKey": "planted-q"}}"#, ""),
        (r#"{"i": {"command": "x", "args": ["planted-o2"], "env": {"A": "planted-p2"}}}"#, "?dry_run=true"),
        (r#"{"i": {"command": 5, "args": ["planted-r"], "env": {"A": "planted-s ${X}"}}}"#, ""),
        (r#"{"i": {"command": "x", "args": ["planted-t"] "env": {}}}"#, ""),
        (r#"{"i": {"url": "https://u:planted-u@b", "headers": {"A": "planted-v\n"}}}"#, ""),
    ] {
        let sent = bearer(request("POST", &format!("{base}/import{query}")), &admin).insert_header(ContentType::json());
        seen.note(&world.send(sent.set_payload(text)).await);
    }
    for (path, body) in [
        ("/api/v1/auth/login", json!({"email": "a@b", "password": "planted-w"})),
        ("/api/v1/auth/login", json!({"email": "a@b", "password": ["planted-w"]})),
        ("/api/v1/auth/refresh", json!({"refresh_token": "planted-x"})),
        ("/api/v1/auth/password", json!({"old_password": "planted-y1", "new_password": "planted-y2"})),
        ("/api/v1/users", json!({"email": "new@example.com", "password": "planted-z long"})),
        ("/api/v1/users", json!({"email": "new2@example.com", "password": 1, "name": "x"})),
    ] {
        seen.note(&world.post(path, &root, body).await);
    }
    seen.note(&world.get("/api/v1/auth/me", "planted-token").await);

    let everything = orch_gateway::openapi::openapi().paths.paths.into_iter().filter(|(_, item)| item.get.is_some());
    for (path, _) in everything {
        for server in ["first", "local", "remote", "i"] {
            for token in [&admin, &root] {
                let path =
                    path.replace("{project}", "demo").replace("{server}", server).replace("{user}", "new@example.com");
                seen.note(&world.get(&path, token).await);
            }
        }
    }
    assert!(seen.holds("arg_count").is_some(), "the search finds what is there");
    for secret in ["planted-", PASSWORD, "argon2"] {
        if let Some(answer) = seen.holds(secret) {
            panic!("{secret} is in {answer}");
        }
    }
}
