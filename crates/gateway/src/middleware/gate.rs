//! Which requests need a credential. Everything that is not listed here needs one.

use actix_web::http::Method;

/// How a path is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Anybody may ask, and under any name: who asks whether the daemon lives may know its address alone, and the answer
    /// tells nothing else.
    Pulse,
    /// Anybody may ask.
    Open,
    /// Nothing is reached without a [`Caller`](crate::caller::Caller).
    Caller,
}

impl Gate {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        match Self::of_path(path) {
            Self::Caller if is_page(method, path) => Self::Open,
            gate => gate,
        }
    }

    /// What is documented is no page.
    pub(crate) fn of_path(path: &str) -> Self {
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
            | "/docs" => Self::Open,
            "/health" | "/health/live" | "/health/ready" => Self::Pulse,
            path if path.starts_with("/docs/") => Self::Open,
            _ => Self::Caller,
        }
    }
}

/// Whether nothing but the dashboard's files can answer: they are the same for everybody and hold no data.
fn is_page(method: &Method, path: &str) -> bool {
    let is_data = ["/api", "/docs", "/health", "/metrics"]
        .into_iter()
        .any(|data| path.strip_prefix(data).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    *method == Method::GET && path.starts_with('/') && !is_data
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::Gate;

    #[test]
    fn is_closed_by_default() {
        for path in [
            "",
            "/api",
            "/api/v1/auth/me",
            "/api/v1/auth/login/",
            "/api/x",
            "/health/x",
            "/metrics",
            "/api/v1/invitations/accept",
            "/api/v1/invitations",
        ] {
            assert_eq!(Gate::of(&Method::GET, path), Gate::Caller, "{path}");
        }
        for path in ["/", "/projects/a", "/docsx", "/login"] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
                assert_eq!(Gate::of(&method, path), Gate::Caller, "{method} {path}");
            }
        }
    }

    #[test]
    fn shows_the_dashboard_to_everybody() {
        for path in ["/", "/login", "/projects/a", "/projects/a/servers/b/tools", "/_next/static/x.js", "/docsx"] {
            assert_eq!(Gate::of(&Method::GET, path), Gate::Open, "{path}");
        }
    }
}
