//! The end of a connection to a child, by its doing and by ours.

use orch_mcp::peer::Peer as _;
use orch_supervisor::{ExitReason, Request};
use orch_upstream::UpstreamConfig;

use crate::support::child::{connected, connected_with, local, shell};
use crate::support::{Events, call, closed, config, method, request, spawn, within};

#[tokio::test]
async fn ends_every_request_when_the_child_crashes() {
    let (peer, mut child, events) = connected().await;
    let replies = [(); 3].map(|()| spawn(peer.send(request("tools/call", "{}"))));
    for _ in 0..3 {
        child.message().await;
    }
    child.exit(ExitReason::Code(3));
    for reply in replies {
        assert_eq!(within(reply).await.expect("task"), closed("the server exited with code 3"));
    }
    assert_eq!(events.next().await, "closed: the server exited with code 3");
    assert!(peer.is_closed());
    assert_eq!(call(&*peer, "{}").await, closed("the server exited with code 3"));
    let refused = peer.notify(method("notifications/x"), None).await;
    assert_eq!(refused.map(|()| String::new()), closed("the server exited with code 3"));
    within(peer.close()).await;
    assert!(events.is_empty());
}

#[tokio::test]
async fn delivers_what_a_child_said_before_it_exited() {
    let (peer, mut child, events) = connected().await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    child.answer(&message, r#"{"last":1}"#).await;
    child.exit(ExitReason::Signal(9));
    assert_eq!(within(reply).await.expect("task").as_deref(), Ok(r#"{"last":1}"#));
    assert_eq!(events.next().await, "closed: the server was ended by signal 9 (SIGKILL)");
}

#[tokio::test]
async fn closes_on_a_line_over_the_limit() {
    let (peer, mut child, events) = connected_with(&UpstreamConfig { max_message_bytes: 100_000, ..config() }).await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    child.message().await;
    let endless = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        // Never a line break; ends when nobody reads any more.
        while child.output.write_all(&[b'x'; 4096]).await.is_ok() {}
        child
    });
    let reason = "the server wrote a line of more than 100000 bytes";
    assert_eq!(within(reply).await.expect("task"), closed(reason));
    assert_eq!(events.next().await, format!("closed: {reason}"));
    let child = within(endless).await.expect("task");
    assert!(matches!(child.asked().await, Some(Request::Stop { .. })));
}

#[tokio::test]
async fn takes_a_line_of_exactly_the_limit() {
    let (peer, mut child, _events) = connected_with(&UpstreamConfig { max_message_bytes: 300_000, ..config() }).await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    let frame = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"t":""}}}}"#, message["id"]).len();
    let result = format!(r#"{{"t":"{}"}}"#, "x".repeat(300_000 - frame));
    child.answer(&message, &result).await;
    assert_eq!(within(reply).await.expect("task"), Ok(result));
}

#[tokio::test]
async fn says_that_a_child_closed_its_output_or_its_input() {
    let events = Events::new();
    let launcher = local();
    let hello = crate::support::child::HELLO;
    let script = format!(r#"read l; echo '{{"jsonrpc":"2.0","id":1,"result":{hello}}}'; read l; exec >&-; sleep 60"#);
    let peer = within(orch_upstream::stdio::connect(
        &launcher,
        shell(&script),
        &crate::support::SHARED,
        &config(),
        events.clone(),
    ))
    .await
    .expect("peer");
    assert_eq!(events.next().await, "closed: the server closed its standard output");
    assert_eq!(call(&*peer, "{}").await, closed("the server closed its standard output"));
    drop(peer);
    within(launcher.drained()).await;

    let script = format!(r#"read l; echo '{{"jsonrpc":"2.0","id":1,"result":{hello}}}'; read l; exec <&-; sleep 60"#);
    let launcher = local();
    let peer = within(orch_upstream::stdio::connect(
        &launcher,
        shell(&script),
        &crate::support::SHARED,
        &config(),
        events.clone(),
    ))
    .await
    .expect("peer");
    // Until the child has closed it, a write goes into the pipe.
    let reason = loop {
        let end = call_or_close(&peer).await;
        if let Some(reason) = end {
            break reason;
        }
    };
    assert_eq!(reason, "the server closed its standard input");
    drop(peer);
    within(launcher.drained()).await;
}

/// One notification; the reason once it is over.
async fn call_or_close(peer: &std::sync::Arc<orch_upstream::stdio::StdioPeer>) -> Option<String> {
    let sent = peer.notify(method("notifications/x"), None).await;
    tokio::task::yield_now().await;
    sent.err().map(|error| error.to_string()).filter(|_| peer.is_closed())
}

#[tokio::test]
async fn close_ends_requests_and_the_process_politely() {
    let (peer, mut child, events) = connected().await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    child.message().await;
    let closing = tokio::spawn({
        let peer = peer.clone();
        async move { peer.close().await }
    });
    assert_eq!(within(reply).await.expect("task"), closed("the connection to the server was closed"));
    assert!(peer.is_closed());
    assert!(matches!(child.asked().await, Some(Request::Stop { .. })));
    within(closing).await.expect("task");
    assert!(events.is_empty(), "{}", events.next().await);
}

#[tokio::test]
async fn a_real_child_ends_at_the_end_of_its_input() {
    let events = Events::new();
    let launcher = local();
    let hello = crate::support::child::HELLO;
    let script = format!(r#"read l; echo '{{"jsonrpc":"2.0","id":1,"result":{hello}}}'; cat >/dev/null; exit 0"#);
    let target = shell(&script);
    let log = target.log.clone();
    let peer =
        within(orch_upstream::stdio::connect(&launcher, target, &crate::support::SHARED, &config(), events.clone()))
            .await
            .expect("peer");
    assert!(peer.pid().is_some_and(|pid| pid > 0));
    within(peer.close()).await;
    assert_eq!(launcher.count(), 0);
    assert!(log.tail(1)[0].text.contains("exited with code 0"), "{:?}", log.tail(1));
    assert!(events.is_empty());
}

#[tokio::test]
async fn a_dropped_peer_ends_its_process_and_its_requests() {
    let (peer, mut child, _events) = connected().await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    child.message().await;
    drop(peer);
    assert_eq!(within(reply).await.expect("task"), closed("the connection to the server was closed"));
    assert!(matches!(child.asked().await, Some(Request::Stop { .. })));
}

#[test]
fn nobody_waits_for_a_runtime_that_is_gone() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let owner = runtime();
    let (peer, child, _events) = owner.block_on(connected());
    let caller = runtime();
    let reply = caller.spawn(crate::support::end(peer.send(request("tools/call", "{}"))));
    caller.block_on(async {
        tokio::task::yield_now().await;
    });
    drop((owner, child));
    assert_eq!(caller.block_on(within(reply)).expect("task"), closed("the connection to the server was closed"));
    assert!(peer.is_closed());
}
