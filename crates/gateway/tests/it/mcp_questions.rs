//! What a server asks a client with a session outside of any request, on the stream for news.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use orch_gateway::mcp::McpConfig;
use orch_mcp::message::MethodName;
use orch_mcp::question::{Answered, Question};
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::ends;
use serde_json::json;

use crate::mcp_sessions::{id_of, initialize, listen};
use crate::mcp_world::{Held, Mcp, SERVER, call, legacy, raw, within};

/// Whoever waits for a stream.
#[derive(Default)]
struct Reader(AtomicBool);

impl Wake for Reader {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    /// Begins to wait for `stream`, which has nothing yet.
    fn wait(self: &Arc<Self>, stream: &mut Held) {
        let waker = Waker::from(Arc::clone(self));
        assert!(pin!(stream.next()).poll(&mut Context::from_waker(&waker)).is_pending());
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether it was woken since it began to wait.
    fn was_woken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A client that was asked something and has taken up its stream again meanwhile, and then opened another one.
struct Asked {
    lost: Held,
    resumed: Held,
    _other: Held,
    answered: Answered,
}

async fn asked_and_resumed(mcp: &Mcp) -> Asked {
    let mut hello = initialize();
    hello["params"]["capabilities"] = json!({"elicitation": {}});
    let opened = mcp.world.send(legacy("POST", SERVER, &mcp.key, None).set_json(&hello)).await;
    let session = opened.header("mcp-session-id").unwrap();
    let called = mcp.world.send(legacy("POST", SERVER, &mcp.key, Some(session)).set_json(call(2, json!({})))).await;
    assert_eq!(called.status, 200);
    let (mut lost, _) = listen(mcp, session).await;
    let params = raw(r#"{"message":"who?","requestedSchema":{"type":"object","properties":{}}}"#);
    let (question, answered) = Question::new(MethodName::from_static("elicitation/create"), Some(params));
    mcp.question(question);
    let mut told = String::new();
    while !told.contains("elicitation/create") {
        told = lost.next().await.unwrap();
    }
    let resume = legacy("GET", SERVER, &mcp.key, Some(session)).insert_header(("last-event-id", id_of(&told)));
    let resumed = mcp.hold(resume).await;
    let (other, _) = listen(mcp, session).await;
    Asked { lost, resumed, _other: other, answered }
}

/// Comments to keep a stream alive would wake its reader as well.
async fn quiet() -> Mcp {
    let config = McpConfig { keep_alive_secs: 3600, ..McpConfig::default() };
    Mcp::before(config, Revision::V2025_11_25, |_| ends(Ok(raw(r#"{"content":[]}"#)))).await
}

async fn is_withdrawn(stream: &mut Held) {
    let told = stream.next().await.unwrap();
    assert!(told.contains("notifications/cancelled"), "{told}");
}

#[actix_web::test]
async fn one_that_is_withdrawn_after_its_stream_was_lost_is_so_on_the_one_that_goes_on() {
    let mcp = quiet().await;
    let Asked { lost, mut resumed, _other, answered } = asked_and_resumed(&mcp).await;
    drop(lost);
    let reader = Arc::new(Reader::default());
    reader.wait(&mut resumed);
    drop(answered);
    within(async {
        while !reader.was_woken() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    is_withdrawn(&mut resumed).await;
}

#[actix_web::test]
async fn one_that_is_withdrawn_before_its_stream_ends_is_so_on_the_one_that_goes_on() {
    let mcp = quiet().await;
    let Asked { mut lost, mut resumed, _other, answered } = asked_and_resumed(&mcp).await;
    let reader = Arc::new(Reader::default());
    reader.wait(&mut resumed);
    drop(answered);
    // The connection that nobody has left yet sees it first.
    is_withdrawn(&mut lost).await;
    assert!(reader.was_woken());
    is_withdrawn(&mut resumed).await;
}
