//! Why the gateway does not come up or ends.

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("MCP_SERVER_BASE_URL: `{url}` is not a base URL such as https://mcp.example.com")]
    BaseUrl { url: String },
    #[error(
        "MCP_SERVER_BASE_URL: `{url}` has a path, under which the dashboard does not work; give the daemon a host name or \
         a port of its own, such as {such}"
    )]
    BaseUrlPath { url: String, such: String },
    #[error("ORCH_ALLOWED_ORIGINS: `{origin}` is not an origin as browsers send it, such as {such}")]
    AllowedOrigin { origin: String, such: String },
    #[error(
        "ORCH_ALLOWED_HOSTS: `{host}` is not a host as requests name it, without a scheme and a port, such as {such}"
    )]
    AllowedHost { host: String, such: String },
    #[error("ORCH_TRUSTED_PROXIES: `{text}` is no trusted proxy: {hint}")]
    TrustedProxy { text: String, hint: String },
    #[error("the listener cannot be used")]
    Listen(#[source] std::io::Error),
    #[error("the HTTP server failed")]
    Serve(#[source] std::io::Error),
}
