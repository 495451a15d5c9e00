//! Where requests go: redirects, proxies, servers that cannot be reached, and names that lead where they may not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use orch_mcp::peer::{Peer as _, PeerError};
use orch_upstream::http::{self, HttpTarget};
use orch_upstream::{AddressPolicy, BreakerLimits, ConnectError, DialError, ProxySettings, UpstreamConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::server::{Server, Step, accepted, handshake, response, result};
use crate::support::{Events, SHARED, call, config, within};

async fn connect(url: &str, config: &UpstreamConfig) -> Result<Arc<http::HttpPeer>, ConnectError> {
    let headers = vec![("authorization".to_owned(), "Bearer sesame".into())];
    let target = HttpTarget { url: url.to_owned(), headers };
    within(http::connect(&target, &SHARED, config, Events::new())).await
}

#[tokio::test]
async fn a_redirect_within_the_server_is_followed_once_and_remembered() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/mcp" => response("307 Temporary Redirect\r\nlocation: /mcp/", ""),
        _ => handshake(asked).unwrap_or_else(|| result(asked, "{}")),
    })
    .await;
    let peer = connect(&format!("http://127.0.0.1:{}/mcp", server.port), &config()).await.unwrap();
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    let asked = server.all();
    assert_eq!(asked.iter().filter(|asked| asked.path == "/mcp").count(), 1, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.header("authorization") == Some("Bearer sesame")));
}

#[tokio::test]
async fn a_redirect_that_leads_elsewhere_is_not_followed_and_takes_no_credentials_along() {
    let other = Server::start(|asked| handshake(asked).unwrap_or_else(accepted)).await;
    let port = other.port;
    let server = Server::start(move |_| {
        response(&format!("307 Temporary Redirect\r\nlocation: http://127.0.0.1:{port}/mcp?token=sesame"), "")
    })
    .await;
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let error = connect(&url, &config()).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("another origin") && error.contains(&format!("127.0.0.1:{port}/mcp")), "{error}");
    assert!(!error.contains("sesame"), "{error}");
    assert!(other.all().is_empty());
}

#[tokio::test]
async fn a_server_that_redirects_in_circles_is_given_up() {
    let server = Server::start(|_| response("308 Permanent Redirect\r\nlocation: /mcp", "")).await;
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let error = connect(&url, &config()).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("redirects"), "{error}");
    assert!(server.all().len() <= 8, "{}", server.all().len());
}

#[tokio::test]
async fn who_cannot_be_reached_is_left_alone_for_a_while_and_then_tried_again() {
    // A port that nobody listens on, for now.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut config = config();
    config.http.breaker = BreakerLimits { failures: 2, first_pause_ms: 2000, longest_pause_ms: 2000 };
    let url = format!("http://{address}/mcp");
    for _ in 0..2 {
        let error = connect(&url, &config).await.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(DialError::Connect { .. })), "{error}");
    }
    let error = connect(&url, &config).await.map(drop).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ConnectError::Unreachable(DialError::Resting { failures: 2, .. })), "{text}");
    assert!(text.contains(&address.to_string()) && text.contains("tried again in "), "{text}");

    let server = Server::start_at(address, |asked| handshake(asked).unwrap_or_else(accepted)).await;
    let end = std::time::Instant::now() + crate::support::PATIENCE;
    while let Err(error) = connect(&url, &config).await {
        assert!(matches!(error, ConnectError::Unreachable(DialError::Resting { .. })), "{error}");
        assert!(std::time::Instant::now() < end, "never tried again");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(connect(&url, &config).await.is_ok(), "closed again");
    drop(server);
}

#[tokio::test]
async fn a_server_that_takes_a_request_and_says_nothing_is_given_up_in_time() {
    let gone = Arc::new(Notify::new());
    let hanging = Arc::clone(&gone);
    let server =
        Server::start(move |asked| handshake(asked).unwrap_or_else(|| vec![Step::Hang(Arc::clone(&hanging))])).await;
    let mut config = config();
    config.http.response_timeout_ms = 200;
    let peer = connect(&format!("http://127.0.0.1:{}/mcp", server.port), &config).await.unwrap();
    let error = call(&*peer, "{}").await.unwrap_err().to_string();
    assert!(error.contains("did not begin to answer within 200 ms"), "{error}");
    assert!(!peer.is_closed());
}

/// How a call fails at a server that is left alone.
fn is_resting(call: &Result<String, PeerError>) -> bool {
    matches!(call, Err(PeerError::Closed { reason }) if reason.contains("times in a row and is tried again in"))
}

#[tokio::test]
async fn a_server_that_only_says_that_it_cannot_is_left_alone_for_a_while() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let server = Server::start(move |asked| {
        handshake(asked).unwrap_or_else(|| match is_well.load(Ordering::SeqCst) {
            true => result(asked, "{}"),
            false => response("502 Bad Gateway\r\ncontent-type: text/html", "<html>"),
        })
    })
    .await;
    let mut config = config();
    config.http.breaker = BreakerLimits { failures: 3, first_pause_ms: 2000, longest_pause_ms: 2000 };
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let peer = connect(&url, &config).await.unwrap();
    for _ in 0..3 {
        let error = call(&*peer, "{}").await.unwrap_err().to_string();
        assert!(error.contains("HTTP 502"), "{error}");
    }
    let asked = server.all().len();
    let refused = call(&*peer, "{}").await;
    assert!(is_resting(&refused), "{refused:?}");
    assert_eq!(server.all().len(), asked, "nothing is sent");
    // Another one at the same origin is none the worse.
    let other = connect(&format!("http://127.0.0.1:{}/other", server.port), &config).await.unwrap();
    well.store(true, Ordering::SeqCst);
    assert!(call(&*other, "{}").await.is_ok());
    within(async {
        loop {
            match call(&*peer, "{}").await {
                Ok(_) => break,
                refused => assert!(is_resting(&refused), "{refused:?}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(call(&*peer, "{}").await.is_ok());
}

#[tokio::test]
async fn errors_of_the_protocol_are_answers_whatever_their_status() {
    let server = Server::start(|asked| {
        handshake(asked).unwrap_or_else(|| {
            let error = r#""error":{"code":-32603,"message":"no"}"#;
            let answer = format!(r#"{{"jsonrpc":"2.0","id":{},{error}}}"#, asked.id());
            response("500 Oops\r\ncontent-type: application/json", &answer)
        })
    })
    .await;
    let mut config = config();
    config.http.breaker = BreakerLimits { failures: 2, ..BreakerLimits::default() };
    let peer = connect(&format!("http://127.0.0.1:{}/mcp", server.port), &config).await.unwrap();
    for _ in 0..5 {
        assert!(matches!(call(&*peer, "{}").await, Err(PeerError::Rpc(_))));
    }
}

#[tokio::test]
async fn a_server_that_takes_the_handshake_and_says_nothing_is_left_alone_for_a_while() {
    let server = Server::start(|_| vec![Step::Hang(Arc::default())]).await;
    let mut config = config();
    config.handshake_timeout_ms = 50;
    config.http.breaker = BreakerLimits { failures: 2, ..BreakerLimits::default() };
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    for _ in 0..2 {
        let error = connect(&url, &config).await.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Silent { .. }), "{error}");
    }
    let error = connect(&url, &config).await.map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(DialError::Resting { failures: 2, .. })), "{error}");
}

#[tokio::test]
async fn names_and_networks_may_be_allowed_one_by_one() {
    let server = Server::start(|asked| handshake(asked).unwrap_or_else(accepted)).await;
    let addresses = |allow_networks: &[&str], allow_hosts: &[&str]| UpstreamConfig {
        addresses: AddressPolicy {
            allow_networks: allow_networks.iter().map(|network| network.parse().unwrap()).collect(),
            allow_hosts: allow_hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..AddressPolicy::default()
        },
        ..config()
    };
    let (name, number) = (format!("http://localhost:{}/", server.port), format!("http://127.0.0.1:{}/", server.port));
    let blocked = async |url: &str, config: UpstreamConfig| {
        let error = connect(url, &config).await.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(DialError::Blocked { .. })), "{error}");
    };
    blocked(&name, addresses(&[], &[])).await;
    blocked(&number, addresses(&["10.0.0.0/8"], &["localhost"])).await;
    connect(&name, &addresses(&[], &["localhost"])).await.unwrap();
    connect(&number, &addresses(&["127.0.0.0/8"], &[])).await.unwrap();
}

/// A proxy that remembers the heads it was sent, and opens tunnels to wherever it is told.
async fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                let text = String::from_utf8_lossy(&head).into_owned();
                seen.lock().unwrap().push(text.clone());
                let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
                if text.starts_with("CONNECT ") {
                    let mut server = TcpStream::connect(target).await?;
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                    copy_bidirectional(&mut stream, &mut server).await?;
                } else {
                    let rest = target.strip_prefix("http://").unwrap_or_default();
                    let (authority, _) = rest.split_once('/').unwrap_or_default();
                    let mut server = TcpStream::connect(authority).await?;
                    server.write_all(&head).await?;
                    copy_bidirectional(&mut stream, &mut server).await?;
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    (port, heads)
}

#[tokio::test]
async fn servers_are_reached_through_the_proxy_with_its_credentials() {
    let server = Server::start(|asked| handshake(asked).unwrap_or_else(|| result(asked, "{}"))).await;
    let (port, heads) = proxy().await;
    let mut config = config();
    config.proxy.http = Some(format!("http://user:pass@127.0.0.1:{port}").into());
    let peer = connect(&format!("http://127.0.0.1:{}/mcp", server.port), &config).await.unwrap();
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    let heads = heads.lock().unwrap().clone();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.contains(&format!(" http://127.0.0.1:{}/mcp HTTP/1.1", server.port)), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{head}");
    }
}

#[tokio::test]
async fn a_tunnel_is_opened_to_servers_with_tls() {
    let (port, heads) = proxy().await;
    // No server with TLS, so the handshake fails; what matters is the way to it.
    let plain = Server::start(|asked| handshake(asked).unwrap_or_else(accepted)).await;
    let mut config = config();
    config.proxy.https = Some(format!("http://127.0.0.1:{port}").into());
    let error = connect(&format!("https://127.0.0.1:{}/mcp", plain.port), &config).await.map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(DialError::Tls { .. })), "{error}");
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", plain.port)), "{head}");
    assert!(!head.contains("sesame"), "what is for the server is not for the proxy: {head}");
}

#[tokio::test]
async fn who_is_excepted_is_reached_without_the_proxy() {
    let server = Server::start(|asked| handshake(asked).unwrap_or_else(accepted)).await;
    let proxy = ProxySettings {
        http: Some("http://127.0.0.1:1".into()),
        direct: vec!["127.0.0.0/8".to_owned()],
        ..ProxySettings::default()
    };
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let error =
        connect(&url, &UpstreamConfig { proxy: ProxySettings { direct: Vec::new(), ..proxy.clone() }, ..config() })
            .await
            .map(drop)
            .unwrap_err();
    assert!(error.to_string().contains("through the proxy"), "{error}");
    connect(&url, &UpstreamConfig { proxy, ..config() }).await.unwrap();
}

#[tokio::test]
async fn a_proxy_is_no_way_around_the_addresses() {
    let (port, heads) = proxy().await;
    let mut config = UpstreamConfig { addresses: AddressPolicy::default(), ..config() };
    config.proxy.http = Some(format!("http://127.0.0.1:{port}").into());
    for url in ["http://169.254.169.254/", "http://localhost:1/", "http://10.0.0.1/"] {
        let error = connect(url, &config).await.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(DialError::Blocked { .. })), "{url}: {error}");
    }
    assert!(heads.lock().unwrap().is_empty());
}
