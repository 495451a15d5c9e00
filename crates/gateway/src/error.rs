//! Why the gateway does not come up or ends.

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("the base URL `{url}` is not a URL such as https://mcp.example.com")]
    BaseUrl { url: String },
    #[error("`{origin}` is not an origin such as https://tools.example.com")]
    AllowedOrigin { origin: String },
    #[error("`{text}` is no trusted proxy: write an address or a network, such as 10.0.0.0/8")]
    TrustedProxy { text: String },
    #[error("the listener cannot be used")]
    Listen(#[source] std::io::Error),
    #[error("the HTTP server failed")]
    Serve(#[source] std::io::Error),
}
