//! Why the gateway does not come up or ends.

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("MCP_SERVER_BASE_URL: `{url}` is not a base URL such as https://mcp.example.com")]
    BaseUrl { url: String },
    #[error("ORCH_ALLOWED_ORIGINS: `{origin}` is not an origin such as https://tools.example.com")]
    AllowedOrigin { origin: String },
    #[error("ORCH_ALLOWED_HOSTS: `{host}` is not a host such as orch.example.com, without a scheme and a port")]
    AllowedHost { host: String },
    #[error("ORCH_TRUSTED_PROXIES: `{text}` is no trusted proxy: write an address or a network, such as 10.0.0.0/8")]
    TrustedProxy { text: String },
    #[error("the listener cannot be used")]
    Listen(#[source] std::io::Error),
    #[error("the HTTP server failed")]
    Serve(#[source] std::io::Error),
}
