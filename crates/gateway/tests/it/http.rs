//! HTTP itself: routes, methods, media types, sizes, hosts, origins, headers, ids.

use actix_web::http::header::ContentType;
use orch_gateway::config::GatewayConfig;
use serde_json::json;

use crate::world::{World, bearer, request};

async fn setup() -> (World, String) {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    (world, token)
}

#[actix_web::test]
async fn needs_a_credential_even_where_nothing_is() {
    let world = World::new().await;
    for path in ["/api", "/api/v1", "/api/v1/nothing", "/metrics", "/api/v1/auth/login/"] {
        let answer = world.send(request("GET", path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
    }
}

#[actix_web::test]
async fn refuses_what_is_no_credential() {
    let (world, token) = setup().await;
    for value in ["", "Bearer", "Bearer ", "Basic YTpi", &token, "Bearer x", "Bearer orch_x", "Bearer \u{e9}"] {
        let answer = world.send(request("GET", "/api/v1/auth/me").insert_header(("authorization", value))).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{value:?}");
    }
    let answer =
        world.send(request("GET", "/api/v1/auth/me").insert_header(("authorization", format!("bEARER {token}"))));
    assert_eq!(answer.await.status, 200);
}

#[actix_web::test]
async fn knows_its_routes_and_their_methods() {
    let (world, token) = setup().await;
    let answer = world.get("/api/v1/nothing", &token).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_route"));
    for (method, path, allow) in [
        ("PUT", "/api/v1/projects", "GET, POST"),
        ("POST", "/api/v1/projects/demo", "GET, PATCH, DELETE"),
        ("GET", "/api/v1/auth/login", "POST"),
        ("DELETE", "/health", "GET"),
    ] {
        let answer = world.send(bearer(request(method, path), &token)).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[actix_web::test]
async fn takes_json_of_a_limited_size() {
    let world = World::with(GatewayConfig { max_body_bytes: 1000, ..GatewayConfig::default() }).await;
    let admin = world.user(|user| user.instance_admin()).await;
    let token = world.token(&admin).await;
    let send = async |media_type: &str, body: String| {
        let sent = bearer(request("POST", "/api/v1/projects"), &token);
        let answer = world.send(sent.insert_header(("content-type", media_type)).set_payload(body)).await;
        (answer.status, answer.code())
    };
    let small = json!({"name": "x"}).to_string();
    let large = json!({"name": "x".repeat(2000)}).to_string();
    assert_eq!(send("application/json", large).await, (413, "too_large".to_owned()));
    assert_eq!(
        send("application/x-www-form-urlencoded", small.clone()).await,
        (415, "unsupported_media_type".to_owned())
    );
    assert_eq!(send("text/plain", small.clone()).await.0, 415);
    assert_eq!(send("application/json; charset=utf-8", small).await.0, 201);
    let none = world.send(bearer(request("POST", "/api/v1/projects"), &token)).await;
    assert_eq!((none.status, none.code().as_str()), (415, "unsupported_media_type"));
}

#[actix_web::test]
async fn answers_to_its_own_names_and_pages_alone() {
    let (world, token) = setup().await;
    let send = async |path: &str, headers: &[(&'static str, &str)]| {
        let sent = headers
            .iter()
            .fold(bearer(request("GET", path), &token), |sent, (name, value)| sent.insert_header((*name, *value)));
        world.send(sent).await
    };
    for path in ["/api/v1/auth/me", "/health/x", "/docs/", "/projects/demo/mcp", "/nothing"] {
        let answer = send(path, &[("host", "evil.example")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (421, "host_not_allowed"), "{path}");
        let answer = send(path, &[("origin", "https://evil.example")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "origin_not_allowed"), "{path}");
    }
    assert_eq!(send("/api/v1/auth/me", &[("origin", "http://localhost:3000")]).await.status, 200);
    assert_eq!(send("/api/v1/auth/me", &[("host", "127.0.0.1:9")]).await.status, 200);
    // A probe asks by whatever address it has; a page of somebody else does not.
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(send(path, &[("host", "10.0.0.7:8000")]).await.status, 200, "{path}");
        assert_eq!(send(path, &[("host", "10.0.0.7"), ("origin", "https://evil.example")]).await.status, 403, "{path}");
    }
}

#[actix_web::test]
async fn gives_every_request_an_id() {
    let (world, token) = setup().await;
    let own = world.get("/api/v1/auth/me", &token).await;
    let other = world.get("/api/v1/auth/me", &token).await;
    assert_eq!(own.header("x-request-id").map(str::len), Some(24));
    assert_ne!(own.header("x-request-id"), other.header("x-request-id"));
    for (sent, kept) in
        [("my-id_1.2", true), ("", false), ("a b", false), (&"x".repeat(65), false), ("<script>", false)]
    {
        let answer = world.send(request("GET", "/api/v1/nothing").insert_header(("x-request-id", sent))).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == sent, kept, "{sent:?}");
        assert_eq!(answer.json()["request_id"].as_str(), Some(id));
    }
}

#[actix_web::test]
async fn protects_what_it_answers() {
    let (world, token) = setup().await;
    let answer = world.get("/api/v1/auth/me", &token).await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let refused = world.send(request("GET", "/api/v1/auth/me")).await;
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
}

#[actix_web::test]
async fn tells_whether_it_is_well() {
    let world = World::new().await;
    for (path, when_away) in [("/health/live", 200), ("/health/ready", 503), ("/health", 503)] {
        world.ready.set(true);
        let answer = world.send(request("GET", path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok"}"#), "{path}");
        world.ready.set(false);
        let answer = world.send(request("GET", path)).await;
        assert_eq!(answer.status, when_away, "{path}");
    }
}

#[actix_web::test]
async fn shows_its_documentation_to_everybody() {
    let world = World::new().await;
    let answer = world.send(request("GET", "/docs")).await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("/docs/")));
    let page = world.send(request("GET", "/docs/")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|value| value.starts_with("text/html")), "{:?}", page.headers);
    let script = world.send(request("GET", "/docs/swagger-initializer.js")).await;
    assert_eq!(script.status, 200);
    assert_eq!(world.send(request("GET", "/docs/nothing.js")).await.code(), "no_such_route");
    let document = world.send(request("GET", "/api/openapi.json")).await;
    assert_eq!((document.status, document.json()["openapi"].as_str()), (200, Some("3.1.0")));
}

/// Those of the threads of this process, in nanoseconds.
fn time_slices() -> Vec<u64> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let threads = tasks.map(|task| task.unwrap().file_name().into_string().unwrap().parse().unwrap());
    // A thread may end meanwhile.
    threads
        .filter_map(|thread| uapi::sched_getattr(thread, 0).ok())
        .map(|attributes| attributes.sched_runtime)
        .collect()
}

#[actix_web::test]
async fn serves_until_it_is_told_to_stop() {
    use std::io::{Read, Write};
    let world = World::new().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let serving = actix_web::rt::spawn(world.gateway.clone().serve(listener, 1, shutdown));
    let asked = actix_web::rt::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
    let slices = time_slices();
    // A kernel before 6.12 tells of none.
    assert!(slices.contains(&100_000) || slices.iter().all(|slice| *slice == 0), "of a worker: {slices:?}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "the port is free again");
}

#[actix_web::test]
async fn takes_no_trailing_rubbish_after_json() {
    let (world, token) = setup().await;
    let sent = bearer(request("POST", "/api/v1/projects"), &token).insert_header(ContentType::json());
    let answer = world.send(sent.set_payload(r#"{"name": "x"} {}"#)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_json"));
}
