//! What the gateway is told by its operator. Reads nothing by itself.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where clients reach the daemon, without a slash at the end. Cookies are `Secure` when it is https.
    pub base_url: String,
    /// Origins that may send requests, beside loopback and the base URL: `https://tools.example.com`.
    pub allowed_origins: Vec<String>,
    /// Host names that the daemon answers to, beside loopback and the base URL, with any port.
    pub allowed_hosts: Vec<String>,
    /// Addresses and networks of the proxies in front, such as `10.0.0.0/8`: whom they name is the client.
    pub trusted_proxies: Vec<String>,
    pub max_body_bytes: usize,
    /// Connections that are silent for longer are closed.
    pub keep_alive_seconds: u64,
    /// How long a client may take to send its request line and headers.
    pub header_timeout_seconds: u64,
    /// How long answers that are on their way are given when the daemon stops and no call runs any more.
    pub shutdown_seconds: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            base_url: "http://localhost:8000".to_owned(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            max_body_bytes: 4 * 1024 * 1024,
            keep_alive_seconds: 75,
            header_timeout_seconds: 10,
            shutdown_seconds: 5,
        }
    }
}
