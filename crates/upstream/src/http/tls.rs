//! What we trust: the certificate authorities of this machine. Shows no certificate of ours.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Configs = HashMap<Option<PathBuf>, Arc<ClientConfig>>;

/// Reading the machine's authorities takes milliseconds and their set does not change under us, so it is done once
/// for each file of further ones.
static CONFIGS: LazyLock<Mutex<Configs>> = LazyLock::new(Mutex::default);

/// The configuration for all servers, or why there is none. The authorities of `own` are trusted as well.
pub(super) async fn config(own: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let own = own.map(Path::to_path_buf);
    if let Some(config) = known(&own) {
        return Ok(config);
    }
    let reading = tokio::task::spawn_blocking(move || {
        let config = Arc::new(read(own.as_deref())?);
        let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(configs.entry(own).or_insert(config)))
    });
    reading.await.unwrap_or_else(|_| Err("the certificate authorities could not be read".to_owned()))
}

fn known(own: &Option<PathBuf>) -> Option<Arc<ClientConfig>> {
    CONFIGS.lock().unwrap_or_else(PoisonError::into_inner).get(own).cloned()
}

fn read(own: Option<&Path>) -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(error = %error, "a certificate authority of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_added, _ignored) = roots.add_parsable_certificates(found.certs);
    if let Some(path) = own {
        add(&mut roots, path).map_err(|why| format!("the certificates in {}: {why}", path.display()))?;
    }
    if roots.is_empty() {
        return Err("this machine has no certificate authorities (ca-certificates)".to_owned());
    }
    trusting(roots)
}

/// Whether the certificates of a file can be used.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    add(&mut RootCertStore::empty(), path)
        .map_err(|why| format!("upstream.tls.ca_file: the certificates in {} cannot be used: {why}", path.display()))
}

/// Adds the certificates of a file, at least one.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if roots.len() == before { Err("there is none in it".to_owned()) } else { Ok(()) }
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
