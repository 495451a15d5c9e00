//! Clients with sessions: their streams, how much they may have open, and what nobody else gets of them.

use std::pin::pin;
use std::sync::Arc;

use actix_web::test::TestRequest;
use futures_util::future::poll_immediate;
use orch_control::keys::NewKey;
use orch_domain::quota::Allowance;
use orch_domain::role::Role;
use orch_gateway::mcp::McpConfig;
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::{ends, never};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::mcp_world::{Held, Mcp, SERVER, UNIFIED, call, legacy, modern, raw, within};
use crate::world::{Answer, World, bearer, login, request};

pub(crate) fn request_of(id: u32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(crate) fn initialize() -> Value {
    request_of(
        1,
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}),
    )
}

pub(crate) async fn served() -> Mcp {
    Mcp::before(McpConfig::default(), Revision::V2025_11_25, |_| ends(Ok(raw(r#"{"content":[]}"#)))).await
}

#[actix_web::test]
async fn a_stream_is_asked_for_as_one() {
    let mcp = served().await;
    let session = mcp.world.open_session(UNIFIED, &mcp.key).await;
    let get = |accept: &'static str| legacy("GET", UNIFIED, &mcp.key, Some(&session)).insert_header(("accept", accept));
    assert_eq!(mcp.world.send(get("application/json")).await.status, 406);
    assert_eq!(mcp.world.send(get("text/html")).await.status, 406);
    let none = mcp.world.send(legacy("GET", UNIFIED, &mcp.key, None)).await;
    assert_eq!((none.status, none.header("allow")), (405, Some("POST")));
    assert_eq!(mcp.hold(get("text/event-stream")).await.status, 200);
}

/// Takes the tool away, or gives it back, which is news.
pub(crate) async fn switch(mcp: &Mcp, on: bool) {
    let token = mcp.world.token(&mcp.admin).await;
    let sent = bearer(request("PUT", "/api/v1/projects/demo/servers/s/switch"), &token);
    assert_eq!(mcp.world.send(sent.set_json(json!({"kind": "tool", "name": "ask", "on": on}))).await.status, 200);
    mcp.world.run_servers().await;
}

async fn is_waiting(stream: &mut Held) -> bool {
    poll_immediate(pin!(stream.next())).await.is_none()
}

/// So that there are no news of the server's start.
async fn has_started(mcp: &Mcp) {
    assert_eq!(mcp.ask(&request_of(1, "tools/list", json!({})), json!({})).await.status, 200);
}

/// A stream of news, and the id that a client has before there are any.
pub(crate) async fn listen(mcp: &Mcp, session: &str) -> (Held, String) {
    let mut stream = mcp.hold(legacy("GET", SERVER, &mcp.key, Some(session))).await;
    let priming = stream.next().await.unwrap();
    let id = priming.strip_prefix("id: ").and_then(|rest| rest.strip_suffix("\ndata: \n\n"));
    (stream, id.unwrap().to_owned())
}

/// What a switched tool makes known on a stream: three lists that may have changed.
async fn told(stream: &mut Held) -> [String; 3] {
    let mut told = [const { String::new() }; 3];
    for event in &mut told {
        *event = stream.next().await.unwrap();
        assert!(event.contains("/list_changed"), "{event}");
    }
    told
}

pub(crate) fn id_of(event: &str) -> &str {
    event.strip_prefix("id: ").and_then(|rest| rest.lines().next()).unwrap()
}

#[actix_web::test]
async fn a_stream_of_news_goes_on_where_it_was_lost() {
    let mcp = served().await;
    has_started(&mcp).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let resume =
        |id: &str| mcp.hold(legacy("GET", SERVER, &mcp.key, Some(&session)).insert_header(("last-event-id", id)));
    let (mut first, start) = listen(&mcp, &session).await;
    switch(&mcp, false).await;
    let [one, two, three] = told(&mut first).await;
    let (mut second, _) = listen(&mcp, &session).await;
    switch(&mcp, true).await;
    let elsewhere = told(&mut second).await;

    // As far as the client knows, nothing or only the first has arrived. What went out on another stream stays there.
    for (last, missed) in [(start.as_str(), vec![&one, &two, &three]), (id_of(&one), vec![&two, &three])] {
        let mut again = resume(last).await;
        for event in missed {
            assert_eq!(again.next().await.as_ref(), Some(event));
        }
        assert!(is_waiting(&mut again).await, "that is all");
        if last == start {
            assert_eq!(first.next().await, None, "one client reads it at a time");
        }
    }
    let mut again = resume(id_of(&three)).await;
    assert!(is_waiting(&mut again).await, "where nothing was missed nothing comes twice");
    switch(&mcp, false).await;
    let [next, ..] = told(&mut again).await;
    assert!(id_of(&next) != id_of(&elsewhere[0]) && id_of(&next) != id_of(&one));
    let mut elsewhere = resume(id_of(&elsewhere[2])).await;
    assert!(is_waiting(&mut elsewhere).await);
    switch(&mcp, true).await;
    told(&mut elsewhere).await;
    assert!(is_waiting(&mut again).await, "the other is the newest now");
}

#[actix_web::test]
async fn a_stream_of_an_older_client_begins_with_its_first_news() {
    let mcp = served().await;
    has_started(&mcp).await;
    let mut hello = initialize();
    hello["params"]["protocolVersion"] = json!("2025-06-18");
    let opened = mcp.world.send(legacy("POST", SERVER, &mcp.key, None).set_json(&hello)).await;
    let session = opened.header("mcp-session-id").unwrap();
    let mut stream = mcp.hold(legacy("GET", SERVER, &mcp.key, Some(session))).await;
    assert!(is_waiting(&mut stream).await);
    switch(&mcp, false).await;
    id_of(&told(&mut stream).await[0]);
}

#[actix_web::test]
async fn several_streams_stay_open_and_the_newest_has_the_news() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let open = async || listen(&mcp, &session).await.0;
    let news = |told: Option<String>| told.is_some_and(|told| told.contains("notifications/tools/list_changed"));
    let (mut first, mut second) = (open().await, open().await);
    assert!(is_waiting(&mut first).await && is_waiting(&mut second).await);
    switch(&mcp, false).await;
    assert!(news(second.next().await));
    assert!(is_waiting(&mut first).await, "it goes out once");
    drop(second);
    // Until its connection is seen to be gone, what there is to tell goes there, and waits for its client.
    let told = within(async {
        let mut on = true;
        loop {
            switch(&mcp, on).await;
            if let Some(told) = poll_immediate(pin!(first.next())).await {
                return told;
            }
            on = !on;
        }
    });
    assert!(news(told.await));

    let ended = legacy("DELETE", SERVER, &mcp.key, Some(&session));
    let third = open().await;
    assert_eq!(mcp.world.send(ended).await.status, 204);
    // Both come to an end.
    first.rest().await;
    third.rest().await;
}

#[actix_web::test]
async fn a_stream_that_was_read_to_its_end_is_not_there_again() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let sent = legacy("POST", SERVER, &mcp.key, Some(&session)).insert_header(("accept", "text/event-stream"));
    let told = mcp.hold(sent.set_json(call(2, json!({})))).await.rest().await;
    let ids: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    let resume = |id: &str| legacy("GET", SERVER, &mcp.key, Some(&session)).insert_header(("last-event-id", id));
    let answer = mcp.world.send(resume(ids[0])).await;
    assert!(answer.status == 200 && answer.body.contains(r#""result""#), "{answer:?}");
    let over = mcp.world.send(resume(ids[1])).await;
    assert_eq!((over.status, over.header("allow")), (405, Some("POST")), "clients come back after anything else");
}

#[actix_web::test]
async fn a_batch_takes_what_is_taken_alone() {
    let mcp = served().await;
    let mut hello = initialize();
    hello["params"]["protocolVersion"] = json!("2025-03-26");
    let opened = mcp.world.send(legacy("POST", UNIFIED, &mcp.key, None).set_json(&hello)).await;
    let session = opened.header("mcp-session-id").unwrap();
    let batch = json!([
        request_of(2, "logging/setLevel", json!({"level": "error"})),
        request_of(3, "logging/setLevel", json!({"level": "loud"})),
        request_of(4, "resources/unsubscribe", json!({"uri": "s+file:///a"})),
        request_of(5, "ping", json!({})),
    ]);
    let sent = legacy("POST", UNIFIED, &mcp.key, Some(session)).insert_header(("accept", "application/json"));
    let answers = mcp.world.send(sent.set_json(batch)).await.json();
    let outcome = |id: u32| answers.as_array().unwrap().iter().find(|answer| answer["id"] == id).unwrap();
    for id in [2, 4, 5] {
        assert_eq!(outcome(id)["result"], json!({}), "{answers}");
    }
    assert_eq!(outcome(3)["error"]["code"], -32602, "{answers}");
}

/// A client over HTTP+SSE: its stream, and where it posts.
pub(crate) async fn over_sse(mcp: &Mcp) -> (Held, String) {
    let mut stream = mcp.hold(legacy("GET", "/projects/demo/servers/s/sse", &mcp.key, None)).await;
    let first = stream.next().await.unwrap();
    let address = first.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned();
    (stream, address)
}

#[actix_web::test]
async fn over_http_sse_a_batch_shakes_no_hands_either() {
    let mcp = served().await;
    let (mut stream, address) = over_sse(&mcp).await;
    let post = |body: Value| mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(body));
    let mut hello = initialize();
    hello["params"]["protocolVersion"] = json!("2025-03-26");
    assert_eq!(post(hello.clone()).await.status, 202);
    assert!(stream.next().await.unwrap().contains(r#""result""#));
    let refused = post(json!([request_of(2, "ping", json!({})), hello])).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(-32600)), "{refused:?}");
    assert_eq!(mcp.world.sessions.count(), 1);
}

#[actix_web::test]
async fn over_http_sse_a_client_without_a_handshake_hears_what_it_asked_for() {
    let mcp = served().await;
    let (mut stream, address) = over_sse(&mcp).await;
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2027-01-01"});
    let body = request_of(2, "tools/list", json!({"_meta": meta}));
    assert_eq!(mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(body)).await.status, 202);
    let told = stream.next().await.unwrap();
    assert!(told.contains("-32022") && told.contains(r#""requested":"2027-01-01""#), "{told}");
}

#[actix_web::test]
async fn a_client_that_takes_json_alone_gets_json() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    for (accept, kind) in [
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream", "text/event-stream"),
    ] {
        let sent = legacy("POST", SERVER, &mcp.key, Some(&session)).insert_header(("accept", accept));
        let answer = mcp.world.send(sent.set_json(call(2, json!({})))).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{accept}");
    }
}

#[actix_web::test]
async fn a_client_that_takes_events_alone_gets_events() {
    let mcp = served().await;
    let sent = |request: TestRequest| request.insert_header(("accept", "text/event-stream"));
    let message = |stream: &str| {
        let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).find(|data| !data.is_empty());
        serde_json::from_str::<Value>(data.expect(stream)).unwrap()
    };
    let opened = mcp.world.send(sent(legacy("POST", SERVER, &mcp.key, None)).set_json(initialize())).await;
    assert_eq!((opened.status, opened.header("content-type")), (200, Some("text/event-stream")), "{opened:?}");
    assert_eq!(message(&opened.body)["result"]["protocolVersion"], "2025-11-25");
    let session = opened.header("mcp-session-id").unwrap();
    let told = async |request: TestRequest| {
        let stream = mcp.hold(sent(request)).await;
        assert_eq!(stream.status, 200);
        message(&stream.rest().await)
    };
    let post = |body: Value| told(legacy("POST", SERVER, &mcp.key, Some(session)).set_json(body));
    let level = |level: &str| request_of(2, "logging/setLevel", json!({"level": level}));
    assert_eq!(post(level("error")).await["result"], json!({}));
    assert_eq!(post(level("loud")).await["error"]["code"], -32602);
    assert_eq!(post(call(4, json!({}))).await["id"], 4);
    // Its status is what says it.
    let gone = mcp.world.send(sent(legacy("POST", SERVER, &mcp.key, Some("x"))).set_json(call(5, json!({})))).await;
    assert_eq!((gone.status, gone.json()["error"]["code"].as_i64()), (404, Some(-32001)));

    for body in [
        request_of(6, "server/discover", json!({})),
        request_of(7, "tools/list", json!({})),
        request_of(8, "tools/call", json!({"name": 7})),
        call(9, json!({})),
    ] {
        assert_eq!(told(modern(SERVER, &mcp.key, &body, json!({}))).await["id"], body["id"]);
    }
}

#[actix_web::test]
async fn a_batch_belongs_to_a_session() {
    let mcp = served().await;
    let batch = json!([request_of(2, "ping", json!({}))]);
    let send = async |session| {
        let answer = mcp.world.send(legacy("POST", SERVER, &mcp.key, session).set_json(&batch)).await;
        (answer.status, answer.json()["error"]["code"].as_i64().unwrap())
    };
    assert_eq!(send(None).await, (400, -32600));
    // Who has lost its session has to hear that.
    assert_eq!(send(Some("nothing")).await, (404, -32001));
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    assert_eq!(send(Some(&session)).await, (400, -32600), "of a revision without batches");
}

#[actix_web::test]
async fn every_door_is_closed_to_other_hosts_and_origins() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    for (method, path) in [
        ("POST", SERVER),
        ("GET", SERVER),
        ("DELETE", SERVER),
        ("OPTIONS", SERVER),
        ("GET", "/projects/demo/servers/s/sse"),
        ("POST", "/projects/demo/servers/s/messages?sessionId=x"),
        ("GET", "/projects/demo/sse"),
    ] {
        for (header, value, status) in [("host", "evil.example", 421), ("origin", "https://evil.example", 403)] {
            let sent = legacy(method, path, &mcp.key, Some(&session)).insert_header((header, value));
            assert_eq!(mcp.world.send(sent.set_json(initialize())).await.status, status, "{method} {path} {header}");
        }
    }
    let ping = legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(request_of(2, "ping", json!({})));
    assert_eq!(mcp.world.send(ping).await.status, 200, "nobody else has ended the session");
}

#[actix_web::test]
async fn what_an_instance_admin_uses_of_others_is_noticed_without_a_call() {
    let mcp = served().await;
    mcp.world.open_session(SERVER, &mcp.key).await;
    let root = mcp.world.user(|user| user.instance_admin()).await;
    let token = mcp.world.token(&root).await;
    assert!(mcp.world.noticed.lock().unwrap().is_empty());
    mcp.world.open_session(SERVER, &token).await;
    mcp.world.open_session(UNIFIED, &token).await;
    let noticed = mcp.world.noticed.lock().unwrap().clone();
    let told: Vec<_> = noticed.iter().map(|entry| (entry.project_id, entry.detail.as_str())).collect();
    assert_eq!(told, [(Some(mcp.project.id), "used what its servers offer (as instance admin)")]);
}

#[actix_web::test]
async fn a_page_of_a_known_origin_may_use_an_endpoint() {
    const PAGE: &str = "http://localhost:6274";
    let mcp = served().await;
    let asked = request("OPTIONS", SERVER)
        .insert_header(("origin", PAGE))
        .insert_header(("access-control-request-method", "POST"))
        .insert_header(("access-control-request-headers", "authorization, mcp-param-city"));
    let told = mcp.world.send(asked).await;
    assert_eq!((told.status, told.header("access-control-allow-origin")), (204, Some(PAGE)));
    assert_eq!(told.header("access-control-allow-methods"), Some("POST, GET, DELETE"));
    assert_eq!(told.header("access-control-allow-headers"), Some("authorization, *"));
    assert_eq!(told.header("access-control-allow-credentials"), None);
    let sent = |key: &str| legacy("POST", SERVER, key, None).set_json(initialize()).insert_header(("origin", PAGE));
    for (key, status) in [(mcp.key.as_str(), 200), ("mcp_nothing", 401)] {
        let answer = mcp.world.send(sent(key)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some(PAGE)));
        assert_eq!(answer.header("vary"), Some("origin"));
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("mcp-session-id") && exposed.contains("www-authenticate"), "{exposed}");
    }
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let ping = || legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(request_of(2, "ping", json!({})));
    let (plain, paged) = (mcp.world.send(ping()).await, mcp.world.send(ping().insert_header(("origin", PAGE))).await);
    assert_eq!((paged.status, &paged.body), (200, &plain.body));
    assert_eq!(paged.header("content-type"), plain.header("content-type"));
    assert_eq!(paged.header("access-control-allow-origin"), Some(PAGE));
    assert!(!plain.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{plain:?}");
}

#[actix_web::test]
async fn a_session_is_its_principals_alone() {
    let mcp = served().await;
    let session = mcp.world.open_session(UNIFIED, &mcp.key).await;
    let member = mcp.world.member(&mcp.project, Role::Member).await;
    let (_, others) = mcp.world.key(&member, &mcp.project).await;
    let (_, another_of_mine) = mcp.world.key(&mcp.admin, &mcp.project).await;
    let ping = |endpoint: &str, key: &str, session: &str| {
        legacy("POST", endpoint, key, Some(session)).set_json(request_of(2, "ping", json!({})))
    };
    let unknown = mcp.world.send(ping(UNIFIED, &mcp.key, "nothing")).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!(-32001)));
    for key in [&others, &another_of_mine] {
        let foreign = mcp.world.send(ping(UNIFIED, key, &session)).await;
        assert_eq!((foreign.status, foreign.body), (404, unknown.body.clone()));
        let resumed = legacy("GET", UNIFIED, key, Some(&session)).insert_header(("last-event-id", "1:1"));
        assert_eq!(mcp.world.send(resumed).await.status, 404);
        assert_eq!(mcp.world.send(legacy("DELETE", UNIFIED, key, Some(&session))).await.status, 404);
    }
    assert_eq!(mcp.world.send(ping(SERVER, &mcp.key, &session)).await.status, 404, "of another endpoint");
    assert_eq!(mcp.world.send(ping(UNIFIED, &mcp.key, &session)).await.status, 200);
}

#[actix_web::test]
async fn nothing_is_answered_without_a_credential() {
    let mcp = served().await;
    let token = mcp.world.token(&mcp.admin).await;
    let in_query = format!("{UNIFIED}?access_token={}", mcp.key);
    for (method, path) in [
        ("POST", UNIFIED),
        ("GET", UNIFIED),
        ("DELETE", UNIFIED),
        ("POST", SERVER),
        ("GET", "/projects/demo/unified/sse"),
        ("POST", "/projects/demo/unified/messages?sessionId=x"),
        ("POST", in_query.as_str()),
    ] {
        let answer = mcp.world.send(request(method, path).set_json(initialize())).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(r#"Bearer realm="mcp""#)), "{path}");
        let wrong = mcp.world.send(bearer(request(method, path), "orch_nothing").set_json(initialize())).await;
        let challenge = r#"Bearer realm="mcp", error="invalid_token""#;
        assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some(challenge)), "{path}");
    }
    // A key of another project is as good as one for an endpoint that does not exist.
    let (other, other_admin) = mcp.world.project("other").await;
    let (_, foreign) = mcp.world.key(&other_admin, &other).await;
    let refused = mcp.world.send(legacy("POST", UNIFIED, &foreign, None).set_json(initialize())).await;
    let missing = legacy("POST", "/projects/nothing/unified/mcp", &foreign, None).set_json(initialize());
    assert_eq!((refused.status, refused.body), (404, mcp.world.send(missing).await.body));
    // Clients look for metadata before they connect, and learn at once that there is none.
    for path in
        ["/.well-known/oauth-protected-resource/projects/demo/unified/mcp", "/.well-known/oauth-authorization-server"]
    {
        assert_eq!(mcp.world.get(path, &token).await.status, 404, "{path}");
        assert_eq!(mcp.world.send(request("GET", path)).await.status, 404, "{path}");
    }
}

fn is_limited(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok_and(|after| after > 0)));
    assert_eq!(answer.json()["error"]["data"]["gateway"]["reason"], "limit");
}

#[actix_web::test]
async fn who_has_too_much_open_hears_when_to_come_again() {
    let config = McpConfig { max_requests_per_session: 1, max_sessions: 1, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, |_| never()).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let sent = |id: u32| {
        legacy("POST", SERVER, &mcp.key, Some(&session))
            .insert_header(("accept", "text/event-stream"))
            .set_json(call(id, json!({})))
    };
    let held = mcp.hold(sent(2)).await;
    assert_eq!(held.status, 200);
    is_limited(&mcp.world.send(sent(3)).await, 429);
    let member = mcp.world.member(&mcp.project, Role::Member).await;
    let (_, others) = mcp.world.key(&member, &mcp.project).await;
    is_limited(&mcp.world.send(legacy("POST", SERVER, &others, None).set_json(initialize())).await, 503);
}

async fn slow_key(world: &World, mcp: &Mcp, per_minute: u32) -> String {
    let allowance = Allowance { per_minute: Some(per_minute), ..Allowance::default() };
    let new = NewKey { name: "slow".into(), allowance, ..NewKey::default() };
    let created = world.control.keys.create(&login(mcp.admin.id), "demo", new).await.unwrap();
    world.catch_up().await;
    created.plain.expose_secret().to_owned()
}

#[actix_web::test]
async fn settings_of_a_session_count_like_everything_else() {
    let mcp = served().await;
    let key = slow_key(&mcp.world, &mcp, 2).await;
    let session = mcp.world.open_session(UNIFIED, &key).await;
    let set = |id: u32| {
        let body = request_of(id, "logging/setLevel", json!({"level": "debug"}));
        legacy("POST", UNIFIED, &key, Some(&session)).set_json(body)
    };
    let done = mcp.world.send(set(2)).await;
    assert_eq!((done.status, &done.json()["result"]), (200, &json!({})));
    is_limited(&mcp.world.send(set(3)).await, 429);
}

#[actix_web::test]
async fn a_client_over_http_sse_that_does_not_read_asks_only_so_much() {
    let config = McpConfig { max_requests_per_session: 2, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, |_| ends(Ok(raw(r#"{"content":[]}"#)))).await;
    let (mut stream, address) = over_sse(&mcp).await;
    let post = |body: Value| mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(body));
    assert_eq!(post(initialize()).await.status, 202);
    assert!(stream.next().await.unwrap().contains(r#""result""#));
    let all = futures_util::future::join_all((2..62).map(|id| post(call(id, json!({})))));
    let calls = || mcp.peer.sent().iter().filter(|sent| sent.method.as_str() == "tools/call").count();
    {
        let mut all = pin!(all);
        for _ in 0..10_000 {
            assert!(poll_immediate(all.as_mut()).await.is_none(), "nothing holds it up");
            tokio::task::yield_now().await;
        }
    }
    // What waits in the stream, and two that wait for a place in it.
    assert!((2..20).contains(&calls()), "{} calls were made", calls());
}

#[actix_web::test]
async fn a_client_over_http_sse_that_leaves_during_the_handshake_leaves_nothing() {
    let mcp = served().await;
    // The server is not there yet, so the handshake waits for it.
    let closed = Arc::clone(&mcp.door).acquire_owned().await.unwrap();
    let (stream, address) = over_sse(&mcp).await;
    let posted = mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(initialize())).await;
    assert_eq!(posted.status, 202);
    drop(stream);
    let gone = mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(initialize())).await;
    assert_eq!(gone.status, 404);
    drop(closed);
    // The next handshake is answered by the same connection, so the one before has come to its end as well.
    let session = within(mcp.world.open_session(SERVER, &mcp.key)).await;
    assert!(!session.is_empty());
    within(async {
        while mcp.world.sessions.count() != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
