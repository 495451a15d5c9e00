//! Sessions: tokens for scripts, cookies for browsers.

use actix_web::test::TestRequest;
use orch_gateway::config::GatewayConfig;
use serde_json::json;

use crate::world::{Answer, PASSWORD, World, request};

async fn log_in(world: &World, email: &str, password: &str) -> Answer {
    world.send(request("POST", "/api/v1/auth/login").set_json(json!({"email": email, "password": password}))).await
}

/// The cookies that an answer sets, as a browser would send them.
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| value.split(';').next().unwrap().split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn with_cookies(sent: TestRequest, cookies: &[(String, String)]) -> TestRequest {
    let text: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    sent.insert_header(("cookie", text.join("; ")))
}

fn from_own_page(sent: TestRequest) -> TestRequest {
    sent.insert_header(("origin", "http://localhost:8000"))
}

#[actix_web::test]
async fn gives_tokens_and_cookies() {
    let world = World::new().await;
    let user = world.user(|user| user.email("ada@example.com")).await;
    let answer = log_in(&world, "ada@example.com", PASSWORD).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, body["token_type"].as_str(), body["expires_in"].as_u64()),
        (200, Some("Bearer"), Some(900))
    );
    assert_eq!(body["user"]["id"].as_str(), Some(user.id.to_string().as_str()));
    let me = world.get("/api/v1/auth/me", body["access_token"].as_str().unwrap()).await;
    assert_eq!((me.status, me.json()["via"].as_str()), (200, Some("login")));
    let set: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value).collect();
    assert_eq!(set.len(), 2);
    for cookie in set {
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    }
}

#[actix_web::test]
async fn sets_secure_cookies_under_https() {
    let config = GatewayConfig { base_url: "https://mcp.example.com".into(), ..GatewayConfig::default() };
    let world = World::with(config).await;
    world.user(|user| user.email("ada@example.com")).await;
    let answer = log_in(&world, "ada@example.com", PASSWORD).await;
    let set: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert!(set.iter().all(|(_, cookie)| cookie.ends_with("; Secure")), "{set:?}");
}

#[actix_web::test]
async fn does_not_tell_who_has_an_account() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    let wrong = log_in(&world, "ada@example.com", "wrong password").await.without_request_id();
    let unknown = log_in(&world, "nobody@example.com", "wrong password").await.without_request_id();
    let malformed = log_in(&world, "nobody", "wrong password").await.without_request_id();
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "invalid_credentials"));
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, malformed);
    assert!(cookies(&wrong).is_empty());
}

#[actix_web::test]
async fn slows_down_guessing() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    for _ in 0..50 {
        let answer = log_in(&world, "ada@example.com", "wrong password").await;
        if answer.status == 429 {
            assert_eq!(answer.code(), "too_many_requests");
            assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
            return;
        }
    }
    panic!("guessing is not slowed down");
}

#[actix_web::test]
async fn shows_no_token_to_a_page() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    for header in [("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")] {
        let sent = request("POST", "/api/v1/auth/login").insert_header(header);
        let answer = world.send(sent.set_json(json!({"email": "ada@example.com", "password": PASSWORD}))).await;
        let set = cookies(&answer);
        assert_eq!((answer.status, set.len()), (200, 2), "{header:?}");
        let body = answer.json().to_string();
        assert!(set.iter().all(|(_, token)| !body.contains(token)), "{header:?} {body}");
    }
}

#[actix_web::test]
async fn takes_a_cookie_from_its_own_pages_alone() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let session = cookies(&log_in(&world, admin.email.as_str(), PASSWORD).await);
    // Looking is harmless, as no other page can read the answer.
    let look = with_cookies(request("GET", "/api/v1/auth/me"), &session);
    assert_eq!(world.send(look).await.status, 200);
    let change = || with_cookies(request("PATCH", "/api/v1/projects/demo"), &session).set_json(json!({"name": "New"}));
    for (header, expected) in [
        (None, 403),
        (Some(("origin", "http://localhost:3000")), 403),
        (Some(("sec-fetch-site", "cross-site")), 403),
        (Some(("sec-fetch-site", "same-site")), 403),
        (Some(("sec-fetch-site", "same-origin")), 200),
        (Some(("origin", "http://localhost:8000")), 200),
    ] {
        let sent = match header {
            Some(header) => change().insert_header(header),
            None => change(),
        };
        let answer = world.send(sent).await;
        assert_eq!(answer.status, expected, "{header:?}");
        if expected == 403 {
            assert_eq!(answer.code(), "cross_site_request");
        }
    }
    // A script with the token needs no page.
    let token = &session[0].1;
    assert_eq!(world.patch("/api/v1/projects/demo", token, json!({"name": "Newer"})).await.status, 200);
}

#[actix_web::test]
async fn refreshes_with_the_cookie_or_the_body_once() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    let first = log_in(&world, "ada@example.com", PASSWORD).await;
    let path = "/api/v1/auth/refresh";
    let foreign = world.send(with_cookies(request("POST", path), &cookies(&first))).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "cross_site_request"));
    let second = world.send(from_own_page(with_cookies(request("POST", path), &cookies(&first)))).await;
    assert_eq!((second.status, cookies(&second).len()), (200, 2), "{second:?}");
    // The page gets the next pair as cookies alone, so the token is read from there.
    assert_eq!(second.json()["refresh_token"], serde_json::Value::Null);
    let set = cookies(&second);
    let token = set.iter().find(|(name, _)| name == "orch_refresh").map(|(_, value)| value.clone()).unwrap();
    let third = world.send(request("POST", path).set_json(json!({"refresh_token": token}))).await;
    assert_eq!(third.status, 200);
    world.clock.advance(orch_domain::refresh_token::AGAIN_WITHIN);
    let again = world.send(request("POST", path).set_json(json!({"refresh_token": token}))).await;
    assert_eq!((again.status, again.code().as_str()), (401, "invalid_credentials"));
    // The reuse ended the whole login.
    let access = third.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/api/v1/auth/me", &access).await.status, 401);
    assert_eq!(world.send(request("POST", path)).await.status, 401);
}

#[actix_web::test]
async fn ends_a_login() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    let session = cookies(&log_in(&world, "ada@example.com", PASSWORD).await);
    let out = world.send(from_own_page(with_cookies(request("POST", "/api/v1/auth/logout"), &session))).await;
    assert_eq!(out.status, 204);
    assert!(cookies(&out).iter().all(|(_, value)| value.is_empty()), "{out:?}");
    assert_eq!(world.send(with_cookies(request("GET", "/api/v1/auth/me"), &session)).await.status, 401);
}

#[actix_web::test]
async fn logs_out_with_an_access_token_that_has_expired() {
    let world = World::new().await;
    world.user(|user| user.email("ada@example.com")).await;
    let session = cookies(&log_in(&world, "ada@example.com", PASSWORD).await);
    world.clock.advance(std::time::Duration::from_secs(3600));
    let out = || with_cookies(request("POST", "/api/v1/auth/logout"), &session);
    let foreign = world.send(out()).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "cross_site_request"));
    let answer = world.send(from_own_page(out())).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(cookies(&answer).iter().all(|(_, value)| value.is_empty()), "{answer:?}");
    let refresh = with_cookies(request("POST", "/api/v1/auth/refresh"), &session);
    assert_eq!(world.send(from_own_page(refresh)).await.status, 401, "the login is over");
    assert_eq!(world.send(from_own_page(out())).await.status, 204, "a second time is no trouble");
    assert_eq!(world.send(request("POST", "/api/v1/auth/logout")).await.status, 401);
}

#[actix_web::test]
async fn changes_the_own_password() {
    let world = World::new().await;
    let user = world.user(|user| user.email("ada@example.com")).await;
    let (one, other) = (world.token(&user).await, world.token(&user).await);
    let change = async |old: &str, new: &str| {
        world.post("/api/v1/auth/password", &one, json!({"old_password": old, "new_password": new})).await
    };
    let wrong = change("wrong password", "another long one").await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["field"].as_str()), (422, Some("old_password")));
    let short = change(PASSWORD, "short").await;
    assert_eq!((short.status, short.json()["errors"][0]["field"].as_str()), (422, Some("new_password")));
    assert_eq!(change(PASSWORD, "another long one").await.status, 204);
    assert_eq!(world.get("/api/v1/auth/me", &one).await.status, 200);
    assert_eq!(world.get("/api/v1/auth/me", &other).await.status, 401, "other logins are over");
    assert_eq!(log_in(&world, "ada@example.com", "another long one").await.status, 200);
}

#[actix_web::test]
async fn shows_a_key_whom_it_belongs_to() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (_, key) = world.key(&admin, &project).await;
    let me = world.get("/api/v1/auth/me", &key).await.json();
    assert_eq!(me["via"], json!("key"));
    assert_eq!(me["project_id"], json!(project.id.to_string()));
    assert_eq!(me["user"]["id"], json!(admin.id.to_string()));
}
