//! Which paths need a credential. Everything that is not listed here needs one.

/// How a path is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Anybody may ask.
    Open,
    /// An MCP endpoint: it checks the credential itself, as it takes other ones and answers in JSON-RPC.
    Endpoint,
    /// Nothing is reached without a [`Caller`](crate::caller::Caller).
    Caller,
}

impl Gate {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/projects/") {
            let is_endpoint =
                [b"/mcp".as_slice(), b"/sse", b"/messages"].into_iter().any(|suffix| path.as_bytes().ends_with(suffix));
            return if is_endpoint { Self::Endpoint } else { Self::Caller };
        }
        match path {
            "/api/v1/auth/login"
            | "/api/v1/auth/refresh"
            | "/api/v1/auth/ways-in"
            | "/api/v1/auth/sign-up"
            | "/api/v1/auth/forgot-password"
            | "/api/v1/auth/reset-password"
            | "/api/v1/invitations/lookup"
            | "/api/v1/invitations/redeem"
            | "/api/v1/invitations/decline"
            | "/api/openapi.json"
            | "/docs"
            | "/health"
            | "/health/live"
            | "/health/ready" => Self::Open,
            path if path.starts_with("/docs/") => Self::Open,
            _ => Self::Caller,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn is_closed_by_default() {
        for path in [
            "",
            "/",
            "/api",
            "/api/v1/auth/me",
            "/api/v1/auth/login/",
            "/projects/a",
            "/docsx",
            "/health/x",
            "/api/v1/invitations/accept",
            "/api/v1/invitations",
        ] {
            assert_eq!(Gate::of(path), Gate::Caller, "{path}");
        }
    }

    #[test]
    fn leaves_mcp_endpoints_to_themselves() {
        for path in ["/projects/a/mcp", "/projects/a/unified/mcp", "/projects/a/servers/b/sse"] {
            assert_eq!(Gate::of(path), Gate::Endpoint, "{path}");
        }
    }
}
