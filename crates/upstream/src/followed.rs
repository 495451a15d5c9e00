//! What is followed at a modern server, which takes it as a whole and has no way to change it: a wish waits until a new
//! stream has been agreed upon.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orch_mcp::declared::Declared;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerRequest, Topic};
use orch_mcp::raw::Raw;
use tokio::sync::watch;

use crate::config::ClientIdentity;

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
    pub(crate) topics: BTreeSet<Topic>,
}

#[derive(Debug, Clone, Default)]
struct Agreed {
    version: u64,
    topics: BTreeSet<Topic>,
    /// The server has no such streams.
    refused: Option<RpcError>,
}

impl Followed {
    /// Wishes for one more, and waits for what the server says.
    pub(crate) async fn add(&self, topic: Topic) -> Result<(), PeerError> {
        let mut version = 0;
        let _ = self.wanted.send_if_modified(|wanted| {
            let new = wanted.topics.insert(topic.clone());
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
                None if agreed.topics.contains(&topic) => return Ok(()),
                None => PeerError::Rpc(RpcError::new(code::INVALID_PARAMS, "the server does not tell of this")),
            },
            _ => PeerError::Closed { reason: "the server did not agree to a subscription in time".to_owned() },
        };
        self.remove(&topic);
        Err(refusal)
    }

    /// What the server goes on telling of it until the next change is ignored by whoever gets it.
    pub(crate) fn remove(&self, topic: &Topic) {
        let _ = self.wanted.send_if_modified(|wanted| wanted.topics.remove(topic));
    }

    pub(crate) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// The server's acknowledgement of what was wanted in that version.
    pub(crate) fn agree(&self, version: u64, acknowledged: &Notification) {
        let notifications = acknowledged.params.as_ref().and_then(|params| object::member(params, "notifications"));
        let strings = |name: &str| {
            let named = notifications.as_ref().and_then(|notifications| object::member(notifications, name));
            named.and_then(|strings| strings.read::<Vec<String>>().ok()).unwrap_or_default()
        };
        let resources = strings("resourceSubscriptions").into_iter().map(Topic::Resource);
        let topics = resources.chain(strings("taskIds").into_iter().map(Topic::Task)).collect();
        self.agreed.send_replace(Agreed { version, topics, refused: None });
    }

    pub(crate) fn refuse(&self, error: RpcError) {
        let _ = self.agreed.send_if_modified(|agreed| {
            agreed.refused = Some(error);
            true
        });
    }
}

/// The request for a stream: all lists, and what is wanted.
pub(crate) fn listen_request(wanted: &Wanted, identity: &ClientIdentity) -> PeerRequest {
    let yes = Raw::from_static("true");
    let (mut uris, mut tasks) = (Vec::new(), Vec::new());
    for topic in &wanted.topics {
        match topic {
            Topic::Resource(uri) => uris.push(uri),
            Topic::Task(id) => tasks.push(id),
        }
    }
    let strings = |strings: &[&String]| Raw::serialize(&strings).unwrap_or_else(|_| Raw::from_static("[]"));
    let (resource_uris, task_ids) = (strings(&uris), strings(&tasks));
    let mut members = vec![("toolsListChanged", &yes), ("promptsListChanged", &yes), ("resourcesListChanged", &yes)];
    if !uris.is_empty() {
        members.push(("resourceSubscriptions", &resource_uris));
    }
    let mut declared = None;
    if !tasks.is_empty() {
        members.push(("taskIds", &task_ids));
        // A server tells of tasks only to who says that it knows them.
        let capabilities = Raw::from_static(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#);
        declared = Some(Arc::new(Declared { capabilities, info: Some(identity.implementation()) }));
    }
    let params = object::build([("notifications", &object::build(members))]);
    PeerRequest { declared, ..PeerRequest::new(MethodName::from_static("subscriptions/listen"), Some(params)) }
}
