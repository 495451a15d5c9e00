//! Servers at `https://` whose certificates are of an authority of one's own: believed where a file says so, and else not.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orch_upstream::http::{self, HttpTarget};
use orch_upstream::{ConnectError, UpstreamConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::server::{Server, handshake, result};
use crate::support::{Events, SHARED, call, config, within};

/// An MCP server behind TLS, and the file with the certificate of its authority.
struct Secured {
    port: u16,
    ca_file: PathBuf,
    terminator: AbortHandle,
    _folder: TempDir,
    _server: Server,
}

impl Drop for Secured {
    fn drop(&mut self) {
        self.terminator.abort();
    }
}

impl Secured {
    async fn start() -> Self {
        let server = Server::start(|asked| handshake(asked).unwrap_or_else(|| result(asked, r#"{"safe":true}"#))).await;
        let behind = server.port;
        let mut authority = CertificateParams::new(Vec::new()).expect("params");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("key")).expect("authority");
        let key = KeyPair::generate().expect("key");
        let named = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("params");
        let certificate = named.signed_by(&key, &issuer).expect("certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("key");
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
        let port = listener.local_addr().expect("address").port();
        let terminator = tokio::spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("connection");
                let acceptor = acceptor.clone();
                conversations.spawn(async move {
                    // A client that does not believe us goes in the middle of the handshake.
                    let Ok(mut secured) = acceptor.accept(stream).await else { return };
                    let mut plain = TcpStream::connect(("127.0.0.1", behind)).await.expect("the server");
                    // It ends when either side does.
                    let _ = copy_bidirectional(&mut secured, &mut plain).await;
                });
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let ca_file = folder.path().join("ca.pem");
        let text = STANDARD.encode(issuer.der());
        std::fs::write(&ca_file, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
            .expect("a file");
        Self { port, ca_file, terminator: terminator.abort_handle(), _folder: folder, _server: server }
    }

    async fn connect(&self, ca_file: Option<PathBuf>) -> Result<Arc<http::HttpPeer>, ConnectError> {
        let target = HttpTarget { url: format!("https://127.0.0.1:{}/mcp", self.port), headers: Vec::new() };
        let mut config: UpstreamConfig = config();
        config.tls.ca_file = ca_file;
        within(http::connect(&target, &SHARED, &config, Events::new())).await
    }
}

#[tokio::test]
async fn an_own_authority_is_believed_where_its_file_is_named() {
    let secured = Secured::start().await;
    let peer = secured.connect(Some(secured.ca_file.clone())).await.expect("a peer");
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"safe":true}"#));
}

#[tokio::test]
async fn an_authority_that_nobody_named_is_not_believed() {
    let secured = Secured::start().await;
    let error = secured.connect(None).await.expect_err("no trust").to_string();
    assert!(error.contains("127.0.0.1") && error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_file_without_authorities_is_named() {
    let secured = Secured::start().await;
    let empty = secured.ca_file.with_extension("txt");
    std::fs::write(&empty, "no certificate").expect("a file");
    for file in [empty, secured.ca_file.with_extension("gone")] {
        let error = secured.connect(Some(file.clone())).await.expect_err("no authorities").to_string();
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
}
