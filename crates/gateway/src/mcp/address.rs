//! Which endpoint a path names. Finds nothing; that is [`endpoint`](super::endpoint)'s part.

/// `/projects/<project>/servers/<server>/mcp`, `/projects/<project>/unified/mcp`, or `/projects/<project>/mcp` for
/// short. Projects, ids and aliases need no escapes in a URL, so an escaped one names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// Id or slug.
    pub(super) project: &'a str,
    /// Id or alias; None for the unified endpoint.
    pub(super) server: Option<&'a str>,
}

impl<'a> Address<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix("/projects/")?.split('/');
        let project = parts.next().filter(|project| !project.is_empty())?;
        let server = match (parts.next()?, parts.next(), parts.next()) {
            ("servers", Some(server), Some("mcp")) if !server.is_empty() => Some(server),
            ("unified", Some("mcp"), None) | ("mcp", None, None) => None,
            _ => return None,
        };
        parts.next().is_none().then_some(Self { project, server })
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn knows_the_endpoints_and_nothing_else() {
        let server = |server| Some(Address { project: "demo", server });
        assert_eq!(Address::of("/projects/demo/servers/fs/mcp"), server(Some("fs")));
        assert_eq!(Address::of("/projects/demo/unified/mcp"), server(None));
        assert_eq!(Address::of("/projects/demo/mcp"), server(None));
        for path in [
            "/projects",
            "/projects/",
            "/projects/demo",
            "/projects//mcp",
            "/projects/demo/mcp/",
            "/projects/demo/unified",
            "/projects/demo/unified/mcp/x",
            "/projects/demo/servers/mcp",
            "/projects/demo/servers//mcp",
            "/projects/demo/servers/fs/mcp/x",
            "/projects/demo/servers/fs/sse",
            "/other/demo/mcp",
        ] {
            assert_eq!(Address::of(path), None, "{path}");
        }
    }
}
