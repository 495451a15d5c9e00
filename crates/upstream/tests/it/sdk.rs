//! The official SDK as the server, on both transports: what it does was not written by us.

mod echo;

use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use orch_mcp::peer::Peer;
use orch_supervisor::ProcessSpec;
use orch_upstream::http::HttpTarget;
use orch_upstream::stdio::StdioTarget;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use crate::support::child::local;
use crate::support::{Events, call, config, drain, end, log, request, with_progress, within};

async fn converse(peer: &Arc<dyn Peer>) {
    assert_eq!(peer.hello().revision.as_str(), "2025-11-25");
    assert_eq!(peer.hello().instructions.as_deref(), Some("echoes"));
    let list = end(peer.send(request("tools/list", ""))).await.expect("list");
    assert!(list.contains("\"echo\""), "{list}");

    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let peer = Arc::clone(peer);
            tokio::spawn(async move {
                for index in 0..20 {
                    let params = format!(r#"{{"name":"echo","arguments":{{"n":"{caller}-{index}"}}}}"#);
                    let result = call(&*peer, &params).await.expect("result");
                    assert!(result.contains(&format!("{caller}-{index}\\\"")), "{result}");
                }
            })
        })
        .collect();
    for caller in callers {
        within(caller).await.expect("caller");
    }
    let unknown = call(&**peer, r#"{"name":"nothing"}"#).await.expect_err("an error");
    assert_eq!(unknown.to_string(), "the server answered with error -32602: unknown tool");

    let (items, end) = drain(peer.send(with_progress("tools/call", r#"{"name":"echo","arguments":{}}"#))).await;
    let progress: Vec<_> = items.iter().filter(|item| item.starts_with("progress")).collect();
    assert_eq!(progress.len(), 3, "{items:?}");
    assert!(end.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_stdio() {
    let keeper = Path::new(env!("CARGO_BIN_EXE_orch-upstream-keeper"));
    let server = keeper.with_file_name("examples").join("sdk_echo");
    assert!(server.exists(), "examples are built with the tests: {}", server.display());
    let events = Events::new();
    let launcher = local();
    let target = StdioTarget { spec: ProcessSpec::new("sdk", server), log: log() };
    let peer =
        within(orch_upstream::stdio::connect(&launcher, target, &crate::support::SHARED, &config(), events.clone()))
            .await
            .expect("peer");
    let peer: Arc<dyn Peer> = peer;
    converse(&peer).await;
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    within(peer.close()).await;
    assert_eq!(launcher.count(), 0);
    assert!(events.is_empty(), "{}", events.next().await);
}

async fn serve(json: bool) -> HttpTarget {
    let server = StreamableHttpServerConfig::default().with_json_response(json).with_legacy_session_mode(!json);
    let service = StreamableHttpService::new(|| Ok(echo::Echo), Arc::<LocalSessionManager>::default(), server);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let url = format!("http://127.0.0.1:{}/mcp", listener.local_addr().expect("address").port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let builder = hyper::server::conn::http1::Builder::new();
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    HttpTarget { url, headers: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_with_sessions_and_events() {
    let events = Events::new();
    let target = serve(false).await;
    let peer = within(orch_upstream::http::connect(&target, &crate::support::SHARED, &config(), events.clone()))
        .await
        .expect("peer");
    let peer: Arc<dyn Peer> = peer;
    converse(&peer).await;
    within(peer.close()).await;
    assert!(events.oddities().is_empty(), "{:?}", events.oddities());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_without_sessions_as_json() {
    let events = Events::new();
    let target = serve(true).await;
    let peer = within(orch_upstream::http::connect(&target, &crate::support::SHARED, &config(), events.clone()))
        .await
        .expect("peer");
    assert_eq!(peer.hello().instructions.as_deref(), Some("echoes"));
    for n in 0..10 {
        let result = call(&*peer, &format!(r#"{{"name":"echo","arguments":{{"n":{n}}}}}"#)).await.expect("result");
        assert!(result.contains(&format!(":{n}")), "{result}");
    }
    within(peer.close()).await;
}
