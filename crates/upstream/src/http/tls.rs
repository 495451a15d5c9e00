//! What we trust: the certificate authorities of this machine. Shows no certificate of ours.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Reading the machine's authorities takes milliseconds and their set does not change under us, so it is done once.
static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();

/// The configuration for all servers, or why there is none.
pub(super) async fn config() -> Result<Arc<ClientConfig>, String> {
    if let Some(config) = CONFIG.get() {
        return config.clone();
    }
    tokio::task::spawn_blocking(|| CONFIG.get_or_init(|| read().map(Arc::new)).clone())
        .await
        .unwrap_or_else(|_| Err("the certificate authorities could not be read".to_owned()))
}

fn read() -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(error = %error, "a certificate authority of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_added, _ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this machine has no certificate authorities (ca-certificates)".to_owned());
    }
    trusting(roots)
}

pub(super) fn trusting(roots: RootCertStore) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
