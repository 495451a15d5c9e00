//! What is taken away is gone at once, also for sessions that are open.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, eventually, scripted};
use crate::wire::{Events, Wire, answer, modern};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const HANG: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"hang","arguments":{}}}"#;

/// The product's promise.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_revoked_key_ends_sessions_streams_and_calls() {
    let daemon = Daemon::start().await;
    let record = daemon.data.path().join("seen.jsonl");
    let args = ["plain", record.to_str().expect("a path")];
    let project = daemon.project("revoke", json!({ "s": scripted(&args) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let mut stream = wire.request(reqwest::Method::GET).send().await.expect("a stream");
    assert_eq!(stream.status(), 200);
    let hanging = wire.post(HANG);
    let revoking = async {
        eventually("the call reaches the server", || {
            std::fs::read_to_string(&record).is_ok_and(|seen| seen.contains("\"hang\""))
        })
        .await;
        let path = format!("/projects/revoke/keys/{}", project.key_id);
        daemon.send(reqwest::Method::DELETE, &path, None).await;
        Instant::now()
    };
    let (hung, revoked_at) = tokio::join!(hanging, revoking);
    assert_eq!(hung.json()["error"]["data"]["gateway"]["reason"], "access_ended", "{:?}", hung.body);
    while stream.chunk().await.expect("the stream ends in good order").is_some() {}
    assert!(revoked_at.elapsed() < AT_ONCE, "{:?}", revoked_at.elapsed());
    assert_eq!(wire.post(PING).await.status, 401);
}

#[tokio::test]
async fn a_disabled_server_ends_its_sessions_and_leaves_the_common_roof() {
    let daemon = Daemon::start().await;
    let project =
        daemon.project("disable", json!({ "a": scripted(&[]), "b": scripted(&[]) })).await.started(&["a", "b"]).await;
    let own = Wire::open(&project, "servers/a/mcp", "2025-06-18").await;
    let unified = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let list = || async {
        let answer = unified.post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await;
        answer.json()["result"].to_string()
    };
    assert!(list().await.contains("a__echo"));
    let mut stream = unified.request(reqwest::Method::GET).send().await.expect("a stream");

    daemon.send(reqwest::Method::PATCH, "/projects/disable/servers/a", Some(json!({ "enabled": false }))).await;
    let since = Instant::now();
    while own.post(PING).await.status != 404 {
        assert!(since.elapsed() < AT_ONCE, "the session is still open");
    }
    // News come to who listens, and then the list is already without it.
    let news = stream.chunk().await.expect("news").expect("news");
    assert!(String::from_utf8_lossy(&news).contains("list_changed"), "{news:?}");
    let listed = list().await;
    assert!(!listed.contains("a__echo") && listed.contains("b__echo"), "{listed}");
    let call = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a__echo","arguments":{"text":"x"}}}"#;
    assert_eq!(unified.post(call).await.json()["error"]["code"], -32602);
    let hello =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } });
    let again = Wire::without_session(&project, "servers/a/mcp").post(hello.to_string()).await.json();
    assert_eq!(again["error"]["data"]["gateway"]["reason"], "server_disabled", "{again}");

    daemon.send(reqwest::Method::PATCH, "/projects/disable/servers/a", Some(json!({ "enabled": true }))).await;
    let since = Instant::now();
    while !list().await.contains("a__echo") {
        assert!(since.elapsed() < crate::harness::DEADLINE, "the server does not come back");
    }
}

#[tokio::test]
async fn a_deactivated_user_takes_the_keys_along() {
    let daemon = Daemon::start().await;
    let project = daemon.project("leaver", json!({ "s": scripted(&[]) })).await;
    let (id, key) = member(&daemon, "leaver").await;
    let ask = || {
        daemon
            .http
            .post(project.url("unified/mcp"))
            .bearer_auth(&key)
            .header("content-type", "application/json")
            .body(PING)
    };
    assert_eq!(answer(ask()).await.status, 400, "let in, but without a session");
    daemon.send(reqwest::Method::PATCH, &format!("/users/{id}"), Some(json!({ "active": false }))).await;
    let since = Instant::now();
    while answer(ask()).await.status != 401 {
        assert!(since.elapsed() < AT_ONCE, "the key still works");
    }
}

/// Somebody new who has come into a project as a member: the account's id, and a key.
pub(crate) async fn member(daemon: &Daemon, project: &str) -> (String, String) {
    let account = json!({ "email": "member@example.com", "password": "a long enough password" });
    let user = daemon.post("/users", account.clone()).await;
    let invited = json!({ "email": account["email"], "role": "member" });
    let invited = daemon.post(&format!("/projects/{project}/invitations"), invited).await;
    let login = daemon.http.post(format!("{}/api/v1/auth/login", daemon.base)).json(&account);
    let token = answer(login).await.json()["access_token"].as_str().expect("a token").to_owned();
    accept(daemon, &token, &invited).await;
    let keys = daemon.http.post(format!("{}/api/v1/projects/{project}/keys", daemon.base)).bearer_auth(&token);
    let key = answer(keys.json(&json!({ "name": "own" }))).await.json();
    (user["id"].as_str().expect("an id").to_owned(), key["key"].as_str().expect("a key").to_owned())
}

/// Accepts an invitation by the link that was shown to who invited.
pub(crate) async fn accept(daemon: &Daemon, token: &str, issued: &serde_json::Value) {
    let link = issued["link"].as_str().expect("a link");
    let (_, secret) = link.split_once('#').expect("a token");
    let accept = daemon
        .http
        .post(format!("{}/api/v1/invitations/accept", daemon.base))
        .bearer_auth(token)
        .json(&json!({ "token": secret }));
    let accepted = answer(accept).await;
    assert_eq!(accepted.status, 200, "{:?}", accepted.body);
}

/// How somebody gets to a project.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Invited,
    /// With a team alone.
    Team,
}

/// The account and the key of a member who has come in.
struct Insider {
    user: String,
    key: String,
    key_id: String,
}

impl Insider {
    async fn new(daemon: &Daemon, way: Way) -> Self {
        let email = "member@example.com";
        let account = json!({ "email": email, "password": "a long enough password" });
        let user = daemon.post("/users", account.clone()).await["id"].as_str().expect("an id").to_owned();
        let invited = json!({ "email": email, "role": "member" });
        let invited = match way {
            Way::Invited => daemon.post("/projects/granted/invitations", invited).await,
            Way::Team => {
                daemon.post("/teams", json!({ "name": "Core" })).await;
                let role = Some(json!({ "role": "member" }));
                daemon.send(reqwest::Method::PUT, "/projects/granted/teams/core", role).await;
                daemon.post("/teams/core/invitations", invited).await
            }
        };
        let login = daemon.http.post(format!("{}/api/v1/auth/login", daemon.base)).json(&account);
        let token = answer(login).await.json()["access_token"].as_str().expect("a token").to_owned();
        let make_key = || {
            let url = format!("{}/api/v1/projects/granted/keys", daemon.base);
            daemon.http.post(url).bearer_auth(&token).json(&json!({ "name": "own" }))
        };
        assert_eq!(answer(make_key()).await.status, 404, "nobody is in before accepting");
        accept(daemon, &token, &invited).await;
        let made = answer(make_key()).await.json();
        let text = |member: &str| made[member].as_str().expect("a text").to_owned();
        Self { user, key: text("key"), key_id: text("id") }
    }
}

/// Has somebody open a session, a stream or a listen over each transport, and lose it all by this request; its path is
/// made of who it is. The very next message gets `status`, whatever the transport, and all that is open ends.
async fn loses_it_all_at_once(
    way: Way,
    status: u16,
    method: reqwest::Method,
    change: impl FnOnce(&Insider) -> (String, Option<Value>),
) {
    let daemon = Daemon::start().await;
    let project = daemon.project("granted", json!({ "s": scripted(&[]) })).await;
    let insider = Insider::new(&daemon, way).await;
    let project = Project { key: insider.key.clone(), ..project };

    let own = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let unified = Wire::open(&project, "unified/mcp", "2025-11-25").await;
    let mut stream = unified.request(reqwest::Method::GET).send().await.expect("a stream");
    assert_eq!(stream.status(), 200);
    assert_eq!(own.post(PING).await.status, 200);
    let get = daemon.http.get(project.url("unified/sse")).bearer_auth(&project.key);
    let mut sse = Events::open(get.header("accept", "text/event-stream")).await;
    let (_, messages) = sse.next().await.expect("the endpoint event");
    let say = |body: &str| {
        let post = daemon.http.post(format!("{}{messages}", daemon.base)).bearer_auth(&project.key);
        answer(post.header("content-type", "application/json").body(body.to_owned()))
    };
    assert_eq!(say(PING).await.status, 202);
    let list = || {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
        answer(modern(&project, "unified/mcp", list, &json!({})))
    };
    assert_eq!(list().await.status, 200);
    let listen = json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {
        "notifications": { "toolsListChanged": true },
    } });
    let mut listen = Events::open(modern(&project, "unified/mcp", listen, &json!({}))).await;
    assert_eq!(listen.message().await["method"], "notifications/subscriptions/acknowledged");

    let (path, body) = change(&insider);
    daemon.send(method, &path, body).await;
    let since = Instant::now();
    for wire in [&own, &unified] {
        assert_eq!(wire.post(PING).await.status, status, "a session is still open");
    }
    assert_eq!(say(PING).await.status, status, "a session over HTTP+SSE is still open");
    assert_eq!(list().await.status, status, "a request without a session is still answered");
    let fresh = Wire::without_session(&project, "unified/mcp").post(PING).await.status;
    assert_eq!(fresh, status, "the key still reaches the project");
    while stream.chunk().await.expect("the stream ends in good order").is_some() {}
    while sse.next().await.is_some() {}
    while listen.next().await.is_some() {}
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_revoked_key_is_refused_over_every_transport() {
    loses_it_all_at_once(Way::Invited, 401, reqwest::Method::DELETE, |who| {
        (format!("/projects/granted/keys/{}", who.key_id), None)
    })
    .await;
}

#[tokio::test]
async fn a_deactivated_user_is_refused_over_every_transport() {
    loses_it_all_at_once(Way::Invited, 401, reqwest::Method::PATCH, |who| {
        (format!("/users/{}", who.user), Some(json!({ "active": false })))
    })
    .await;
}

#[tokio::test]
async fn a_lowered_role_ends_sessions_and_streams() {
    loses_it_all_at_once(Way::Invited, 403, reqwest::Method::PATCH, |who| {
        (format!("/projects/granted/members/{}", who.user), Some(json!({ "role": "viewer" })))
    })
    .await;
}

#[tokio::test]
async fn a_membership_that_is_taken_away_ends_sessions_and_streams() {
    loses_it_all_at_once(Way::Invited, 404, reqwest::Method::DELETE, |who| {
        (format!("/projects/granted/members/{}", who.user), None)
    })
    .await;
}

#[tokio::test]
async fn leaving_a_team_ends_sessions_and_streams() {
    loses_it_all_at_once(Way::Team, 404, reqwest::Method::DELETE, |who| {
        (format!("/teams/core/members/{}", who.user), None)
    })
    .await;
}

#[tokio::test]
async fn a_grant_that_is_taken_back_ends_sessions_and_streams() {
    loses_it_all_at_once(Way::Team, 404, reqwest::Method::DELETE, |_| {
        ("/projects/granted/teams/core".to_owned(), None)
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_team_ends_sessions_and_streams() {
    loses_it_all_at_once(Way::Team, 404, reqwest::Method::DELETE, |_| ("/teams/core".to_owned(), None)).await;
}
