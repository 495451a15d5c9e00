//! How much servers are told to log, and whose wish that is.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::run_settings::Isolation;
use orch_mcp::declared::Declared;
use orch_mcp::initialize::ServerHello;
use orch_mcp::level::LogLevel;
use orch_mcp::object;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client};
use orch_relay::subscription::{Interest, Subscription};
use orch_testkit::builders::a_server;
use orch_testkit::scripted_peer::ScriptedPeer;

use crate::house::{House, hello, raw, usual};

const CALL: &str = r#"{"name":"read"}"#;

fn with_log() -> ScriptedPeer {
    let capabilities = raw(r#"{"tools":{},"logging":{}}"#);
    ScriptedPeer::new(ServerHello { capabilities, ..hello() }, usual("read", Ok(raw("{}"))))
}

/// With a server that everybody shares, which runs.
async fn house() -> (House, Arc<ScriptedPeer>) {
    let house = House::with(&["fs"]);
    let peer = Arc::new(with_log());
    house.connector.put("fs", Ok(Arc::clone(&peer)));
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("it runs");
    (house, peer)
}

async fn session(house: &House) -> Subscription {
    house.relay.subscribe(&House::in_session(&house.alone("fs")), Interest::lists()).await
}

/// A request of a client without a session.
fn wants(house: &House, level: LogLevel) -> CallContext {
    let client = Client::new("tester 1".into(), Revision::V2026_07_28, Declared::nothing(), None);
    CallContext { client: Arc::new(client), log_level: Some(level), ..house.alone("fs") }
}

/// What a server was told and asked, in short: its levels, and `call` for each call.
fn heard(peer: &ScriptedPeer) -> Vec<String> {
    let short = |sent: &orch_mcp::peer::PeerRequest| match sent.method.as_str() {
        "logging/setLevel" => object::string(sent.params.as_ref()?, "level"),
        "tools/call" => Some("call".to_owned()),
        _ => None,
    };
    peer.sent().iter().filter_map(short).collect()
}

/// The clock of the test goes on only when nothing is left to be done, so everything has been told then.
async fn settled() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

async fn check(peer: &ScriptedPeer, expected: &[&str]) {
    settled().await;
    assert_eq!(heard(peer), expected);
}

#[tokio::test(start_paused = true)]
async fn who_has_not_said_hears_what_is_usual() {
    let (house, peer) = house().await;
    let silent = session(&house).await;
    check(&peer, &["call"]).await;
    let calm = session(&house).await;
    calm.handle().set_log_level(LogLevel::Error);
    check(&peer, &["call", "info"]).await;
    drop(silent);
    check(&peer, &["call", "info", "error"]).await;
    let late = session(&house).await;
    check(&peer, &["call", "info", "error", "info"]).await;
    late.handle().set_log_level(LogLevel::Debug);
    check(&peer, &["call", "info", "error", "info", "debug"]).await;
    drop(late);
    check(&peer, &["call", "info", "error", "info", "debug", "error"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_hears_what_it_asks_for_while_it_runs() {
    let (house, peer) = house().await;
    let _silent = session(&house).await;
    for level in [LogLevel::Debug, LogLevel::Debug, LogLevel::Warning] {
        house.ask(&wants(&house, level), "tools/call", CALL).await.expect("an answer");
    }
    // Told before the first, once for all that follow soon, and taken back when nobody asks any more.
    assert_eq!(heard(&peer), ["call", "debug", "call", "call", "call"]);
    check(&peer, &["call", "debug", "call", "call", "call", "info"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_silences_nobody() {
    let (house, peer) = house().await;
    let _silent = session(&house).await;
    house.ask(&wants(&house, LogLevel::Error), "tools/call", CALL).await.expect("an answer");
    assert_eq!(heard(&peer), ["call", "info", "call"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_ones_own_is_told_again() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.run.isolation = Isolation::PerPrincipal);
    house.connector.make("fs", with_log);
    for level in [LogLevel::Error, LogLevel::Debug, LogLevel::Warning] {
        house.ask(&wants(&house, level), "tools/call", CALL).await.expect("an answer");
    }
    let peers = house.connector.made();
    let own: Vec<_> = peers.iter().map(|(peer, _)| heard(peer)).filter(|heard| !heard.is_empty()).collect();
    assert_eq!(own, [["error", "call", "debug", "call", "call"]]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_later_is_told_what_is_wanted() {
    let (house, _) = house().await;
    let curious = house.relay.subscribe(&House::in_session(&house.unified()), Interest::lists()).await;
    curious.handle().set_log_level(LogLevel::Debug);
    let peer = Arc::new(with_log());
    house.connector.put("late", Ok(Arc::clone(&peer)));
    house.change_project(|project| {
        let server = a_server().in_project(project.project.id).named("late").build();
        project.servers.insert(server.alias.clone(), Arc::new(server));
    });
    house.ask(&house.alone("late"), "tools/call", CALL).await.expect("it runs");
    settled().await;
    // A call does not wait for it.
    let mut heard = heard(&peer);
    heard.sort();
    assert_eq!(heard, ["call", "debug"]);
}
