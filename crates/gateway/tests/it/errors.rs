//! The problem details of bad input, and of failures of ours.

use actix_web::http::header::ContentType;
use serde_json::{Value, json};

use crate::world::{Answer, World, bearer, request};

async fn admin() -> (World, String) {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    world.server(&admin, &project, "echo").await;
    let token = world.token(&admin).await;
    (world, token)
}

/// Checks the whole form of a problem and gives its code, detail and field errors.
fn problem(answer: &Answer) -> (u16, String, String, Value) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json();
    let code = answer.code();
    assert_eq!(body["type"], json!(format!("urn:orch:problem:{code}")));
    assert_eq!(body["status"], json!(answer.status));
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    (answer.status, code, body["detail"].as_str().unwrap().to_owned(), body["errors"].clone())
}

fn field(field: &str, problem: &str, hint: &str) -> Value {
    json!([{"field": field, "problem": problem, "hint": hint}])
}

#[actix_web::test]
async fn says_what_is_wrong_with_a_body() {
    let (world, token) = admin().await;
    let send = async |text: &str| {
        let sent = bearer(request("POST", "/api/v1/projects/demo/servers"), &token);
        world.send(sent.insert_header(ContentType::json()).set_payload(text.to_owned())).await
    };
    let (status, code, detail, _) = problem(&send("{\n  \"alias\" \"x\"\n}").await);
    assert_eq!((status, code.as_str(), detail.as_str()), (400, "malformed_json", "line 2, column 11: expected `:`"));

    let invalid = [
        (r#"{"transport": {"type": "stdio"}}"#, field("alias", "it is missing", "")),
        (
            r#"{"alias": "x", "transport": {"type": "stdio"}}"#,
            field("transport.command", "it is missing", "write the program, such as npx"),
        ),
        (r#"{"alias": "x", "colour": 1, "transport": {"type": "stdio"}}"#, field("colour", "it is not known here", "")),
        (
            r#"{"alias": "x", "transport": {"type": "stdio", "comand": "x"}}"#,
            field("transport.comand", "it is not known here", ""),
        ),
        (
            r#"{"alias": "x", "transport": {"type": "tcp"}}"#,
            field("transport.type", "expected one of `stdio`, `streamable-http`, `sse`", ""),
        ),
        (
            r#"{"alias": "x", "transport": {"type": "stdio", "command": "x", "args": ["a", 5]}}"#,
            field("transport.args[1]", "expected a string, found integer", ""),
        ),
        (
            r#"{"alias": "x", "transport": {"type": "stdio", "command": "x", "url": "https://b"}}"#,
            field(
                "transport.url",
                "it does not belong to this transport",
                "a stdio server has command, args, env and cwd",
            ),
        ),
        (
            r#"{"alias": "x", "timeout": -1, "transport": {"type": "stdio", "command": "x"}}"#,
            field("timeout", "it is out of range", "write seconds, more than 0 and at most 3600"),
        ),
        (
            r#"{"alias": "A b", "transport": {"type": "stdio", "command": "x"}}"#,
            field(
                "alias",
                "it is not a server alias",
                "use 1 to 24 of a-z, 0-9 and -, starting with a letter, such as a-b",
            ),
        ),
        (
            r#"{"alias": "x", "transport": {"type": "sse", "url": "https://u:p@b"}}"#,
            field(
                "transport.url",
                "it holds credentials, and URLs are not secret here",
                "put them into the header Authorization instead, as Basic and the base64 of name:password",
            ),
        ),
    ];
    for (text, expected) in invalid {
        let (status, code, _, errors) = problem(&send(text).await);
        assert_eq!((status, code.as_str()), (422, "invalid"), "{text}");
        assert_eq!(errors, expected, "{text}");
    }
    let taken = send(r#"{"alias": "echo", "transport": {"type": "stdio", "command": "x"}}"#).await;
    let (status, code, detail, errors) = problem(&taken);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert_eq!(detail, "a server with this alias exists already");
    assert_eq!(errors, field("alias", "a server with this alias exists already", "write another one"));
}

#[actix_web::test]
async fn says_where_in_a_file_something_is_wrong() {
    let (world, token) = admin().await;
    let send = async |text: &str| {
        let sent = bearer(request("POST", "/api/v1/projects/demo/import"), &token);
        world.send(sent.insert_header(("content-type", "text/plain")).set_payload(text.to_owned())).await
    };
    let answer = send("{\n  // ours\n  \"x\": { \"command\": \"npx\", \"args\": [8080] },\n}").await;
    let (status, code, detail, errors) = problem(&answer);
    assert_eq!((status, code.as_str()), (422, "invalid"));
    assert_eq!(detail, "line 3, column 37: x.args[0]: expected a string, found a number; put it into double quotes");
    assert_eq!(
        errors,
        json!([{"field": "x.args[0]", "problem": "expected a string, found a number", "hint": "put it into double quotes", "line": 3, "column": 37}])
    );
    let answer = send("{").await;
    assert_eq!(problem(&answer).2, "line 1, column 1: this is not JSON: unterminated object; a } is missing");
}

#[actix_web::test]
async fn refuses_queries_that_it_does_not_understand() {
    let (world, token) = admin().await;
    let table = [
        ("/api/v1/projects?limit=0", "limit"),
        ("/api/v1/projects?limit=201", "limit"),
        ("/api/v1/projects?limit=x", "limit"),
        ("/api/v1/projects?cursor=x", "cursor"),
        ("/api/v1/projects?page=2", "page"),
        ("/api/v1/projects?limit=1&limit=2", "limit"),
        ("/api/v1/projects/demo/servers/echo/logs?tail=1001", "tail"),
        ("/api/v1/projects/demo/servers/echo/tools?kind=thing", "kind"),
        ("/api/v1/projects/demo/usage?from=yesterday", "from"),
    ];
    for (path, parameter) in table {
        let answer = world.get(path, &token).await;
        let (status, code, _, errors) = problem(&answer);
        assert_eq!((status, code.as_str(), errors[0]["field"].as_str()), (422, "invalid", Some(parameter)), "{path}");
    }
}

#[actix_web::test]
async fn refuses_terms_of_an_approval_that_is_not_required() {
    let (world, token) = admin().await;
    let put = async |rule: Value| {
        let sent = bearer(request("PUT", "/api/v1/projects/demo/policy"), &token).insert_header(("if-match", "*"));
        world.send(sent.set_json(json!({ "rules": [{ "effect": "deny" }, rule] }))).await
    };
    let terms = json!({ "caller_may_confirm": true });
    let (status, _, _, errors) = problem(&put(json!({ "effect": "allow", "approval": terms })).await);
    let hint = "leave it out, or let the effect be require_approval";
    assert_eq!((status, errors), (422, field("rules[1].approval", "the rule requires no approval", hint)));
    // As a rule is shown.
    assert_eq!(put(json!({ "effect": "allow", "approval": null })).await.status, 200);
    assert_eq!(put(json!({ "effect": "require_approval", "approval": terms })).await.status, 200);
}

#[actix_web::test]
async fn shows_times_as_they_are_stored() {
    let (world, token) = admin().await;
    let keys = "/api/v1/projects/demo/keys";
    let body = json!({ "name": "k", "expires_at": "2030-01-31T09:00:00.123456789+09:00" });
    let created = world.post(keys, &token, body).await.json();
    assert_eq!(created["expires_at"], "2030-01-31T00:00:00.123456Z");
    let key = format!("{keys}/{}", created["id"].as_str().unwrap());
    let patched = world.patch(&key, &token, json!({ "expires_at": "2031-01-31T09:00:00+09:00" })).await.json();
    assert_eq!(patched["expires_at"], "2031-01-31T00:00:00Z");
    assert!(world.patch(&key, &token, json!({ "expires_at": null })).await.json()["expires_at"].is_null());
    let until = "2030-01-01T09:00:00%2B09:00";
    let usage = world.get(&format!("/api/v1/projects/demo/usage?until={until}"), &token).await.json();
    assert_eq!((&usage["from"], &usage["until"]), (&json!("2029-12-31T00:00:00Z"), &json!("2030-01-01T00:00:00Z")));
    for at in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        for path in ["usage?until=", "usage/top?until=", "activity?until=", "audit?from=", "activity?from="] {
            let answer = world.get(&format!("/api/v1/projects/demo/{path}{at}"), &token).await;
            assert_eq!(answer.status, 200, "{path}{at}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn takes_no_array_for_an_object() {
    let (world, token) = admin().await;
    let table = [
        ("POST", "/api/v1/projects", r#"["Other", null, null]"#, ""),
        ("POST", "/api/v1/projects/demo/servers", r#"{"alias": "x", "transport": ["stdio", "sh"]}"#, "transport"),
        ("POST", "/api/v1/projects/demo/keys", r#"{"name": "x", "scope": [null, null, true]}"#, "scope"),
        ("PATCH", "/api/v1/projects/demo", r#"{"recorded_arguments": ["nothing"]}"#, "recorded_arguments"),
        (
            "PUT",
            "/api/v1/projects/demo/policy",
            r#"{"rules": [{"effect": "deny", "subject": ["anybody"]}]}"#,
            "rules[0].subject",
        ),
    ];
    for (method, path, body, field) in table {
        let sent =
            bearer(request(method, path), &token).insert_header(ContentType::json()).insert_header(("if-match", "*"));
        let (status, code, _, errors) = problem(&world.send(sent.set_payload(body)).await);
        let told = (errors[0]["field"].as_str(), errors[0]["problem"].as_str());
        assert_eq!((status, code.as_str()), (422, "invalid"), "{path} {errors}");
        assert_eq!(told, (Some(field), Some("expected an object, found array")), "{path}");
    }
}

#[actix_web::test]
async fn keeps_the_last_admin() {
    let (world, token) = admin().await;
    let me = world.get("/api/v1/auth/me", &token).await.json()["user"]["id"].as_str().unwrap().to_owned();
    let sent = bearer(request("DELETE", &format!("/api/v1/projects/demo/members/{me}")), &token);
    let answer = world.send(sent).await;
    assert_eq!(problem(&answer).1, "last_admin");
}

#[actix_web::test]
async fn says_that_a_server_failed() {
    let (world, token) = admin().await;
    let answer = world.send(bearer(request("POST", "/api/v1/projects/demo/servers/echo/stop"), &token)).await;
    let (status, code, detail, _) = problem(&answer);
    assert_eq!((status, code.as_str(), detail.as_str()), (502, "server_failed", "it does not listen"));
}

#[actix_web::test]
async fn tells_nothing_of_a_database_that_is_away() {
    let (world, token) = admin().await;
    world.store.set_away(true);
    let answer = world.get("/api/v1/projects/demo/servers", &token).await;
    let (status, code, detail, _) = problem(&answer);
    assert_eq!((status, code.as_str()), (503, "unavailable"));
    assert_eq!(detail, "the database is not available; try again in a moment");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.contains("it is away"), "the cause is for the log");
}
