//! Keeps stored secrets where they were written for: a header for one host must not be sent to another one by
//! changing the URL alone, as that would let somebody read what is write-only.

use orch_domain::secret::Slot;
use orch_domain::server::Transport;
use url::{Origin, Url};

use crate::problem::Problem;
use crate::servers::blueprint::SlotValue;

/// What is wrong when stored headers would go to another origin; None when nothing is.
pub(crate) fn to_another_host(old: &Transport, new: &Transport, values: &[(Slot, SlotValue)]) -> Option<Problem> {
    let (old, new) = (origin(old)?, origin(new)?);
    let keeps = values.iter().any(|(slot, value)| matches!((slot, value), (Slot::Header(_), SlotValue::Keep(_))));
    (keeps && old != new).then(|| {
        Problem::new(
            "url",
            "it points to another host than the one that the stored headers were written for",
            "write the values of all headers again, or remove them",
        )
    })
}

/// Whether what members have stored was written for another place: those values are theirs to give, so nobody who
/// changes the server takes them along. A process stays one place whatever its command: who may change that reads
/// what it is started with anyway, and the project's own values stay as well.
pub(crate) fn leaves_members_behind(old: &Transport, new: &Transport) -> bool {
    let is_process = |transport: &Transport| matches!(transport, Transport::Stdio { .. });
    is_process(old) != is_process(new) || origin(old) != origin(new)
}

/// None for a process; a URL that cannot be read is refused elsewhere.
fn origin(transport: &Transport) -> Option<Origin> {
    match transport {
        Transport::Stdio { .. } => None,
        Transport::StreamableHttp { url } | Transport::Sse { url } => Some(Url::parse(url).ok()?.origin()),
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::id::SecretId;
    use orch_domain::secret::{Sealed, Secret, Slot};
    use orch_domain::server::Transport;

    use super::{leaves_members_behind, to_another_host};
    use crate::servers::blueprint::SlotValue;

    fn check(old: &str, new: &str, slot: Slot, refused: bool) {
        let at = |url: &str| Transport::StreamableHttp { url: url.to_owned() };
        let secret = Secret { id: SecretId::new(), slot: slot.clone(), sealed: Sealed::from_bytes(vec![1]) };
        let found = to_another_host(&at(old), &at(new), &[(slot, SlotValue::Keep(secret))]);
        assert_eq!(found.is_some(), refused, "{old} {new}");
    }

    #[test]
    fn values_of_members_stay_with_their_host() {
        let http = |url: &str| Transport::StreamableHttp { url: url.to_owned() };
        let sse = |url: &str| Transport::Sse { url: url.to_owned() };
        let process = |command: &str| Transport::Stdio { command: command.to_owned(), cwd: None };
        for (old, new, moves) in [
            (http("https://a.example/mcp"), sse("https://a.example:443/other"), false),
            (process("npx"), process("uvx"), false),
            (http("https://a.example/mcp"), http("https://evil.example/mcp"), true),
            (http("https://a.example/mcp"), http("http://a.example/mcp"), true),
            (http("https://a.example/mcp"), http("https://a.example:8443/mcp"), true),
            (http("https://a.example/mcp"), process("npx"), true),
            (process("npx"), http("https://a.example/mcp"), true),
            (http("no url"), http("https://a.example/mcp"), true),
        ] {
            assert_eq!(leaves_members_behind(&old, &new), moves, "{old:?} {new:?}");
        }
    }

    #[test]
    fn stored_headers_stay_with_their_host() {
        let header = || Slot::Header("authorization".to_owned());
        check("https://a.example/mcp", "https://a.example/other?x=1", header(), false);
        check("https://a.example/mcp", "https://a.example:443/mcp", header(), false);
        check("https://a.example/mcp", "http://a.example/mcp", header(), true);
        check("https://a.example/mcp", "https://a.example:8443/mcp", header(), true);
        check("https://a.example/mcp", "https://evil.example/mcp", header(), true);
        check("https://a.example/mcp", "https://evil.example/mcp", Slot::Env("X".to_owned()), false);
    }
}
