//! TLS with authorities of our own making, and names that lead where they may not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use url::Host;

use super::Dialer;
use crate::address::AddressPolicy;
use crate::config::BreakerLimits;
use crate::http::breaker::Breaker;
use crate::http::tls;

/// A server that answers one request on each connection, with a certificate of an authority of its own.
async fn server(name: &str) -> (u16, CertificateDer<'static>) {
    let mut authority = CertificateParams::new(Vec::new()).expect("params");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("key")).expect("authority");
    let root: CertificateDer<'static> = issuer.der().clone();
    let key = KeyPair::generate().expect("key");
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).expect("params").signed_by(&key, &issuer).expect("certificate");
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("config");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut chunk = [0; 1024];
            let _ = stream.read(&mut chunk).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
            let _ = stream.read(&mut chunk).await;
        }
    });
    (port, root)
}

fn dialer(port: u16, root: Option<CertificateDer<'static>>) -> Dialer {
    let mut roots = RootCertStore::empty();
    if let Some(root) = root {
        roots.add(root).expect("root");
    }
    Dialer {
        host: Host::Domain("localhost".to_owned()),
        port,
        tls: Some(Arc::new(tls::trusting(roots).expect("config"))),
        policy: AddressPolicy { allow_loopback: true, ..AddressPolicy::default() },
        proxy: None,
        breaker: Breaker::new(format!("test:{port}"), BreakerLimits::default(), Duration::from_secs(5)),
        timeout: Duration::from_secs(10),
        idle: Duration::from_secs(1),
    }
}

#[tokio::test]
async fn speaks_tls_with_a_server_it_trusts() {
    let (port, root) = server("localhost").await;
    let mut link = dialer(port, Some(root)).dial().await.expect("link");
    let head = link.send(&Method::GET, &Uri::from_static("/"), &HeaderMap::new(), &Bytes::new()).await;
    assert_eq!(head.expect("response").status, 200);
    assert_eq!(link.read().await.expect("data").expect("data").as_ref(), b"hello");
    assert!(link.read().await.is_none());
}

#[tokio::test]
async fn refuses_a_certificate_of_a_stranger_or_for_another_name() {
    let refused = async |port: u16, root| dialer(port, root).dial().await.map(drop).expect_err("refused").to_string();
    let (port, _) = server("localhost").await;
    let (_, other) = server("localhost").await;
    let error = refused(port, Some(other)).await;
    assert!(
        error.starts_with(&format!("cannot agree on TLS with localhost:{port}: invalid peer certificate")),
        "{error}"
    );
    let (port, root) = server("example.com").await;
    let error = refused(port, Some(root)).await;
    assert!(error.contains("certificate not valid for name \"localhost\""), "{error}");
}

#[tokio::test]
async fn judges_every_address_of_a_name() {
    let mut dialer = dialer(1, None);
    dialer.policy = AddressPolicy::default();
    let error = dialer.dial().await.map(drop).expect_err("refused").to_string();
    assert!(error.starts_with("localhost:1 has the address ") && error.ends_with("it is this machine"), "{error}");
}
