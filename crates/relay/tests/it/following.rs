//! Resources that a session follows on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::method;
use orch_mcp::peer::{Peer, PeerEvent, PeerSink, Topic};
use orch_mcp::revision::Revision;
use orch_relay::context::SessionKey;
use orch_relay::subscription::{Interest, News, Subscription};
use orch_testkit::scripted_peer::ScriptedPeer;

use crate::house::{House, hello, raw, usual};

const CALL: &str = r#"{"name":"read"}"#;
const URI: &str = "file:///a";

fn house() -> House {
    let house = House::with(&["fs"]);
    house.connector.make("fs", || ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house
}

/// The open connections on which something is followed.
fn followed(house: &House) -> Vec<Arc<ScriptedPeer>> {
    let open = house.connector.made().into_iter().map(|(peer, _)| peer);
    open.filter(|peer| !peer.is_closed() && peer.subscribed().contains(&Topic::Resource(URI.to_owned()))).collect()
}

fn calls(peer: &ScriptedPeer) -> usize {
    peer.sent().iter().filter(|sent| sent.method.as_str() == "tools/call").count()
}

async fn says(sink: &Arc<dyn PeerSink>, uri: &str) {
    let params = Some(raw(&format!(r#"{{"uri":"{uri}"}}"#)));
    let method = MethodName::from_static(method::RESOURCE_UPDATED);
    sink.event(PeerEvent::Notification(Notification { method, params }));
    // The clock goes on when everybody has done what there was to do.
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// What it has been told of resources up to now.
fn told(news: &mut Subscription) -> usize {
    let mut told = 0;
    while let Some(Some(news)) = news.next().now_or_never() {
        told += usize::from(matches!(news, News::Notification(it) if it.method.as_str() == method::RESOURCE_UPDATED));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_session_with_a_connection_of_its_own_follows_there() {
    let house = house();
    let sink = || Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let plain = House::in_session(&house.alone("fs"));
    let mut others = house.relay.subscribe(&plain, Interest::lists()).await;
    others.handle().add(&plain, URI).await.expect("followed");
    let shared = sink();
    let askable = House::askable(&plain, Revision::V2025_11_25, Some(SessionKey::new()));
    let mut own = house.relay.subscribe(&askable, Interest::lists()).await;
    own.handle().add(&askable, URI).await.expect("followed");
    house.ask(&askable, "tools/call", CALL).await.expect("a result");
    let peers = followed(&house);
    assert_eq!(peers.iter().map(|peer| calls(peer)).collect::<Vec<_>>(), [0, 1], "where its calls go as well");
    let lane = sink();
    // Each hears of it once, from the connection on which it is followed.
    says(&lane, URI).await;
    assert_eq!((told(&mut own), told(&mut others)), (1, 0));
    says(&shared, URI).await;
    assert_eq!((told(&mut own), told(&mut others)), (0, 1));
    says(&lane, "file:///a/b").await;
    assert_eq!((told(&mut own), told(&mut others)), (1, 0));
    own.handle().remove(&askable, URI).expect("known");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(followed(&house).len(), 1, "only for the others");
}

#[tokio::test(start_paused = true)]
async fn what_is_followed_on_is_there_until_nobody_follows() {
    let house = house();
    let askable = House::askable(&house.alone("fs"), Revision::V2025_11_25, Some(SessionKey::new()));
    let news = house.relay.subscribe(&askable, Interest::lists()).await;
    news.handle().add(&askable, URI).await.expect("followed");
    let unused = async || {
        house.clock.advance(Duration::from_secs(301));
        tokio::time::sleep(Duration::from_secs(3)).await;
        followed(&house).len()
    };
    let first = followed(&house);
    assert_eq!(unused().await, 1);
    assert!(Arc::ptr_eq(&first[0], &followed(&house)[0]), "to listen is no disuse");
    // It ends by itself, and is there again without anybody calling.
    followed(&house)[0].break_off();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(followed(&house).len(), 1);
    // Another configuration.
    let before = followed(&house);
    house.change("fs", |server| server.generation += 1);
    tokio::time::sleep(Duration::from_secs(40)).await;
    let after = followed(&house);
    assert_eq!(after.len(), 1);
    assert!(!Arc::ptr_eq(&before[0], &after[0]), "of the new configuration");
    news.handle().remove(&askable, URI).expect("known");
    assert_eq!(unused().await, 0, "nobody follows it any more");
    let open = house.connector.made().into_iter().filter(|(peer, _)| !peer.is_closed()).count();
    assert!(open <= 1, "at most the shared one is left: {open}");
}
