//! Fetching of a server's lists, page by page, within bounds.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::catalog::ItemKind;
use orch_mcp::peer::{Peer, PeerError, PeerRequest, ReplyItem};
use orch_mcp::raw::Raw;
use orch_mcp::{headers, modern, object};

use super::{Item, shape};

/// Why a list could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{method}: {error}")]
    Peer { method: String, error: PeerError },
    #[error("{method} was not answered within {seconds} s")]
    Timeout { method: String, seconds: u64 },
    #[error("the answer to {method} has no array `{member}`")]
    Malformed { method: String, member: &'static str },
}

impl FetchError {
    /// The server itself said no, or answered with something else: asking again will not help.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::Peer { error: PeerError::Rpc(_), .. })
    }

    /// When the server wants to be asked again, where it says so.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Peer { error: PeerError::Busy { retry_after, .. }, .. } => *retry_after,
            _ => None,
        }
    }
}

/// More pages than this are a server that never ends.
const MAX_PAGES: usize = 500;
/// Enough to see what is wrong.
const MAX_REMARKS: usize = 20;
/// So many bytes of definitions are one list, whatever the number of items.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A list with remarks on what was wrong with it, for the server's log.
pub(crate) struct Fetched {
    pub(crate) items: Vec<Item>,
    /// For how long it may be kept, where every page says so; only modern servers do.
    pub(crate) ttl: Option<Duration>,
    pub(crate) remarks: Vec<String>,
}

impl Fetched {
    fn remark(&mut self, remark: impl FnOnce() -> String) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(remark());
        }
    }
}

/// Reads all pages of one list. An item without a name, or with the name of an earlier one, is left out with a
/// remark; so is what goes beyond `max_items`.
pub(crate) async fn list(
    peer: &dyn Peer,
    kind: ItemKind,
    deadline: Duration,
    max_items: usize,
) -> Result<Fetched, FetchError> {
    let shape = shape(kind);
    let method = shape.method.as_str();
    let mut fetched = Fetched { items: Vec::new(), ttl: None, remarks: Vec::new() };
    let mut names = HashSet::new();
    let mut bytes = 0usize;
    let mut cursors = HashSet::new();
    let mut cursor: Option<Raw> = None;
    let is_legacy = peer.hello().revision.is_legacy();
    for page in 0..MAX_PAGES {
        let params = cursor.as_ref().map(|cursor| object::build([("cursor", cursor)]));
        let request = PeerRequest::new(shape.method.clone(), params);
        let result = tokio::time::timeout(deadline, answer(peer, request))
            .await
            .map_err(|_| FetchError::Timeout { method: method.to_owned(), seconds: deadline.as_secs() })?
            .map_err(|error| FetchError::Peer { method: method.to_owned(), error })?;
        let items = object::member(&result, shape.member)
            .and_then(|items| object::elements(&items))
            .ok_or_else(|| FetchError::Malformed { method: method.to_owned(), member: shape.member })?;
        fetched.ttl = match (modern::ttl(&result).filter(|_| !is_legacy), fetched.ttl) {
            (said, None) if page == 0 => said,
            (said, earlier) => said.zip(earlier).map(|(said, earlier)| said.min(earlier)),
        };
        for definition in items {
            let Some(name) = object::string(&definition, shape.key) else {
                fetched.remark(|| format!("{method}: an item without `{}` is left out", shape.key));
                continue;
            };
            if kind == ItemKind::Tool
                && peer.mirrors_arguments()
                && let Some(Err(invalid)) = object::member(&definition, "inputSchema").map(|it| headers::mirrored(&it))
            {
                fetched.remark(|| format!("{method}: the tool {name:?} is left out: {invalid}"));
                continue;
            }
            if !names.insert(name.clone()) {
                fetched.remark(|| format!("{method}: a second item named {name:?} is left out"));
                continue;
            }
            if fetched.items.len() == max_items {
                fetched.remarks.push(format!("{method}: more than {max_items} items, the rest is left out"));
                return Ok(fetched);
            }
            bytes = bytes.saturating_add(definition.as_bytes().len());
            if bytes > MAX_BYTES {
                let mib = MAX_BYTES / (1024 * 1024);
                fetched.remarks.push(format!("{method}: more than {mib} MiB, the rest is left out"));
                return Ok(fetched);
            }
            fetched.items.push(Item::new(name, definition));
        }
        // The empty cursor is a good one in the modern era; before it, servers write it at the end.
        let is_end = |cursor: &Raw| cursor.as_str() == "null" || (is_legacy && cursor.as_str() == "\"\"");
        match object::member(&result, "nextCursor").filter(|cursor| !is_end(cursor)) {
            None => return Ok(fetched),
            Some(next) => {
                if !cursors.insert(next.clone()) {
                    fetched.remarks.push(format!("{method}: the cursor {next:?} came twice, reading ends there"));
                    return Ok(fetched);
                }
                cursor = Some(next);
            }
        }
    }
    fetched.remarks.push(format!("{method}: more than {MAX_PAGES} pages, the rest is left out"));
    Ok(fetched)
}

/// Waits for the end of a request and lets everything before it go.
pub(crate) async fn answer(peer: &dyn Peer, request: PeerRequest) -> Result<Raw, PeerError> {
    let mut replies = peer.send(request);
    while let Some(item) = replies.next().await {
        if let ReplyItem::End(end) = item {
            return end;
        }
    }
    Err(PeerError::Closed { reason: "the connection ended without an answer".to_owned() })
}
