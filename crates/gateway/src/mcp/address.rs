//! Which endpoint a path names. Finds nothing; that is [`endpoint`](super::endpoint)'s part.

/// `/projects/<project>/servers/<server>/mcp`, `/projects/<project>/unified/mcp`, or `/projects/<project>/mcp` for
/// short; the same with `sse` and `messages`. Projects, ids and aliases need no escapes in a URL, so an escaped one names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// Id or slug.
    pub(super) project: &'a str,
    /// Id or alias; None for the unified endpoint.
    pub(super) server: Option<&'a str>,
    pub(super) door: Door,
}

/// Which transport is spoken at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    StreamableHttp,
    /// The stream of HTTP+SSE.
    Sse,
    /// Where a client of HTTP+SSE posts to.
    Messages,
}

impl Door {
    fn of(name: &str) -> Option<Self> {
        match name {
            "mcp" => Some(Self::StreamableHttp),
            "sse" => Some(Self::Sse),
            "messages" => Some(Self::Messages),
            _ => None,
        }
    }
}

impl<'a> Address<'a> {
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix("/projects/")?.split('/');
        let project = parts.next().filter(|project| !project.is_empty())?;
        let (server, door) = match (parts.next()?, parts.next(), parts.next()) {
            ("servers", Some(server), Some(door)) if !server.is_empty() => (Some(server), door),
            ("unified", Some(door), None) | (door, None, None) => (None, door),
            _ => return None,
        };
        let door = Door::of(door)?;
        parts.next().is_none().then_some(Self { project, server, door })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Door};

    #[test]
    fn knows_the_endpoints_and_nothing_else() {
        let server = |server| Some(Address { project: "demo", server, door: Door::StreamableHttp });
        assert_eq!(Address::of("/projects/demo/servers/fs/mcp"), server(Some("fs")));
        assert_eq!(Address::of("/projects/demo/unified/mcp"), server(None));
        assert_eq!(Address::of("/projects/demo/mcp"), server(None));
        let sse = |server, door| Some(Address { project: "demo", server, door });
        assert_eq!(Address::of("/projects/demo/servers/fs/sse"), sse(Some("fs"), Door::Sse));
        assert_eq!(Address::of("/projects/demo/unified/messages"), sse(None, Door::Messages));
        assert_eq!(Address::of("/projects/demo/sse"), sse(None, Door::Sse));
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
            "/projects/demo/servers/fs/events",
            "/other/demo/mcp",
        ] {
            assert_eq!(Address::of(path), None, "{path}");
        }
    }
}
