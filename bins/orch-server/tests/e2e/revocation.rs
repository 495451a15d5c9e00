//! What is taken away is gone at once, also for sessions that are open.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, eventually, scripted};
use crate::insider::Insider;
use crate::wire::{Events, Wire, answer, modern};

pub(crate) const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
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
    let leaver = Insider::invited(&daemon, "leaver").await;
    let ask = || {
        daemon
            .http
            .post(project.url("unified/mcp"))
            .bearer_auth(&leaver.key)
            .header("content-type", "application/json")
            .body(PING)
    };
    assert_eq!(answer(ask()).await.status, 400, "let in, but without a session");
    daemon.send(reqwest::Method::PATCH, &format!("/users/{}", leaver.user), Some(json!({ "active": false }))).await;
    let since = Instant::now();
    while answer(ask()).await.status != 401 {
        assert!(since.elapsed() < AT_ONCE, "the key still works");
    }
}

/// Somebody who has opened all that can be: ways to ask over each transport, and beside them [`Streams`].
pub(crate) struct Doors<'a> {
    project: &'a Project<'a>,
    own: Wire<'a>,
    unified: Wire<'a>,
    /// Where messages go over HTTP+SSE.
    messages: String,
}

pub(crate) struct Streams {
    session: reqwest::Response,
    sse: Events,
    listen: Events,
}

impl Streams {
    /// Reads on until all have ended.
    pub(crate) async fn end(mut self) {
        while self.session.chunk().await.expect("the stream ends in good order").is_some() {}
        while self.sse.next().await.is_some() {}
        while self.listen.next().await.is_some() {}
    }
}

impl<'a> Doors<'a> {
    /// By the key of the project, whose one server is `s`.
    pub(crate) async fn open(project: &'a Project<'a>) -> (Self, Streams) {
        let own = Wire::open(project, "servers/s/mcp", "2025-06-18").await;
        let unified = Wire::open(project, "unified/mcp", "2025-11-25").await;
        let session = unified.request(reqwest::Method::GET).send().await.expect("a stream");
        assert_eq!(session.status(), 200);
        let get = project.daemon.http.get(project.url("unified/sse")).bearer_auth(&project.key);
        let mut sse = Events::open(get.header("accept", "text/event-stream")).await;
        let (_, messages) = sse.next().await.expect("the endpoint event");
        let listen = json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {
            "notifications": { "toolsListChanged": true },
        } });
        let mut listen = Events::open(modern(project, "unified/mcp", listen, &json!({}))).await;
        assert_eq!(listen.message().await["method"], "notifications/subscriptions/acknowledged");
        let doors = Self { project, own, unified, messages };
        assert_eq!(doors.status().await, 200);
        assert_eq!(doors.status_over_sse().await, 202);
        assert_eq!(doors.status_without_session().await, 200);
        (doors, Streams { session, sse, listen })
    }

    /// What the next message over a session is answered with.
    pub(crate) async fn status(&self) -> u16 {
        self.own.post(PING).await.status
    }

    async fn status_over_sse(&self) -> u16 {
        let daemon = self.project.daemon;
        let post = daemon.http.post(format!("{}{}", daemon.base, self.messages)).bearer_auth(&self.project.key);
        answer(post.header("content-type", "application/json").body(PING)).await.status
    }

    async fn status_without_session(&self) -> u16 {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
        answer(modern(self.project, "unified/mcp", list, &json!({}))).await.status
    }

    /// The very next message gets `status`, whatever the transport.
    pub(crate) async fn are_shut(&self, status: u16) {
        for wire in [&self.own, &self.unified] {
            assert_eq!(wire.post(PING).await.status, status, "a session is still open");
        }
        assert_eq!(self.status_over_sse().await, status, "a session over HTTP+SSE is still open");
        let without = self.status_without_session().await;
        assert_eq!(without, status, "a request without a session is still answered");
        let fresh = Wire::without_session(self.project, "unified/mcp").post(PING).await.status;
        assert_eq!(fresh, status, "the key still reaches the project");
    }
}

/// How somebody gets to a project.
enum Way {
    Invited,
    Team,
}

/// Has somebody open all there is, and lose it by this request; its path is made of who it is.
async fn loses_it_all_at_once(
    way: Way,
    status: u16,
    method: reqwest::Method,
    change: impl FnOnce(&Insider) -> (String, Option<Value>),
) {
    let daemon = Daemon::start().await;
    let project = daemon.project("granted", json!({ "s": scripted(&[]) })).await;
    let insider = match way {
        Way::Invited => Insider::invited(&daemon, "granted").await,
        Way::Team => Insider::of_team(&daemon, "granted").await,
    };
    let project = Project { key: insider.key.clone(), ..project };
    let (doors, streams) = Doors::open(&project).await;
    let (path, body) = change(&insider);
    daemon.send(method, &path, body).await;
    let since = Instant::now();
    let end = async {
        streams.end().await;
        since.elapsed()
    };
    let ((), took) = tokio::join!(doors.are_shut(status), end);
    assert!(took < AT_ONCE, "{took:?}");
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
