//! The resources that are followed at a modern server, which takes them as a whole and has no way to change them: a
//! wish waits until a new stream has been agreed upon.

use std::collections::BTreeSet;
use std::time::Duration;

use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Notification;
use orch_mcp::object;
use orch_mcp::peer::PeerError;
use orch_mcp::raw::Raw;
use tokio::sync::watch;

/// How long a server may take to agree.
const WITHIN: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(crate) struct Followed {
    wanted: watch::Sender<Wanted>,
    agreed: watch::Sender<Agreed>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Counts the changes.
    pub(crate) version: u64,
    pub(crate) uris: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Agreed {
    version: u64,
    uris: BTreeSet<String>,
    /// The server has no such streams.
    refused: Option<RpcError>,
}

impl Followed {
    /// Wishes for one more, and waits for what the server says.
    pub(crate) async fn add(&self, uri: String) -> Result<(), PeerError> {
        let mut version = 0;
        let _ = self.wanted.send_if_modified(|wanted| {
            let new = wanted.uris.insert(uri.clone());
            wanted.version += u64::from(new);
            version = wanted.version;
            new
        });
        let mut agreed = self.agreed.subscribe();
        let answer = tokio::time::timeout(
            WITHIN,
            agreed.wait_for(|agreed| agreed.version >= version || agreed.refused.is_some()),
        );
        let refusal = match answer.await {
            Ok(Ok(agreed)) => match &agreed.refused {
                Some(error) => PeerError::Rpc(error.clone()),
                None if agreed.uris.contains(&uri) => return Ok(()),
                None => {
                    PeerError::Rpc(RpcError::new(code::INVALID_PARAMS, "the server does not tell of this resource"))
                }
            },
            _ => PeerError::Closed { reason: "the server did not agree to a subscription in time".to_owned() },
        };
        self.remove(&uri);
        Err(refusal)
    }

    /// What the server goes on telling of it until the next change is ignored by whoever gets it.
    pub(crate) fn remove(&self, uri: &str) {
        let _ = self.wanted.send_if_modified(|wanted| wanted.uris.remove(uri));
    }

    pub(crate) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// The server's acknowledgement of what was wanted in that version.
    pub(crate) fn agree(&self, version: u64, acknowledged: &Notification) {
        let uris = acknowledged
            .params
            .as_ref()
            .and_then(|params| object::member(params, "notifications"))
            .and_then(|notifications| object::member(&notifications, "resourceSubscriptions"))
            .and_then(|uris| uris.read::<BTreeSet<String>>().ok())
            .unwrap_or_default();
        self.agreed.send_replace(Agreed { version, uris, refused: None });
    }

    pub(crate) fn refuse(&self, error: RpcError) {
        let _ = self.agreed.send_if_modified(|agreed| {
            agreed.refused = Some(error);
            true
        });
    }
}

/// The params of `subscriptions/listen` before `_meta`: all lists, and these resources.
pub(crate) fn listen_params(wanted: &Wanted) -> Raw {
    let yes = Raw::from_static("true");
    let uris = Raw::serialize(&wanted.uris).unwrap_or_else(|_| Raw::from_static("[]"));
    let mut members = vec![("toolsListChanged", &yes), ("promptsListChanged", &yes), ("resourcesListChanged", &yes)];
    if !wanted.uris.is_empty() {
        members.push(("resourceSubscriptions", &uris));
    }
    object::build([("notifications", &object::build(members))])
}
