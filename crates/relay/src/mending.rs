//! Refusals that a call survives, as the server has not run it: headers that are not those that it wants by now, a
//! version that it offers in the same breath, a tool that it runs only as a task. What was not known is learnt, and the
//! call is sent once more.

use std::pin::Pin;
use std::task::{Context, Poll};

use orch_mcp::error::code;
use orch_mcp::method::Method;
use orch_mcp::peer::{Peer, PeerError, PeerRequest};
use orch_mcp::raw::Raw;
use orch_mcp::{modern, object, tasks};

use crate::catalog::fetch;
use crate::fleet::Lease;
use crate::tasks::TaskRun;

/// The pages of the list that are looked through for the tool.
const MAX_PAGES: usize = 50;

pub(crate) struct Mending {
    request: PeerRequest,
    looking: Option<Pin<Box<dyn Future<Output = Mended> + Send>>>,
    is_spent: bool,
}

/// How the call goes on.
pub(crate) enum Mended {
    Again(PeerRequest),
    /// The server begins a task with it.
    AsTask(PeerRequest),
    /// The refusal stands.
    Not(PeerError),
}

impl Mending {
    /// For a request to a modern server.
    pub(crate) fn of(request: &PeerRequest) -> Box<Self> {
        Box::new(Self { request: request.clone(), looking: None, is_spent: false })
    }

    /// For a call that a legacy server has just refused: perhaps the tool runs only as a task, which is in the list that
    /// was not known when the call was sent. None when that cannot be.
    pub(crate) fn as_task(request: &PeerRequest, error: &PeerError, lease: &Lease) -> Option<Box<Self>> {
        let refused = matches!(error, PeerError::Rpc(error) if error.code == code::METHOD_NOT_FOUND);
        let hello = lease.peer().hello();
        if !refused || !hello.revision.is_legacy() || !tasks::may_run_calls(&hello.capabilities) {
            return None;
        }
        let name = tool_of(request)?;
        let (peer, request, error) = (lease.shared_peer(), request.clone(), error.clone());
        let again = request.clone();
        let looking = Box::pin(async move {
            let is_required = tool(&*peer, &name).await.is_some_and(|tool| tasks::is_required(&tool));
            match &again.params {
                Some(params) if is_required => {
                    Mended::AsTask(PeerRequest { params: Some(TaskRun::begin(params)), ..again })
                }
                _ => Mended::Not(error),
            }
        });
        Some(Box::new(Self { request, looking: Some(looking), is_spent: true }))
    }

    /// What was sent last.
    pub(crate) fn sent(&mut self, request: &PeerRequest) {
        self.request = request.clone();
    }

    pub(crate) const fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// Whether an error is one that can be mended, which then begins. Once in a call.
    pub(crate) fn takes(&mut self, error: &PeerError, lease: &Lease) -> bool {
        let PeerError::Rpc(error) = error else { return false };
        if self.is_spent {
            return false;
        }
        match error.code {
            code::HEADER_MISMATCH => {
                let Some(name) = tool_of(&self.request) else { return false };
                let (peer, request) = (lease.shared_peer(), self.request.clone());
                self.looking = Some(Box::pin(async move {
                    let schema = tool(&*peer, &name).await.and_then(|tool| object::member(&tool, "inputSchema"));
                    Mended::Again(PeerRequest { input_schema: schema, ..request })
                }));
            }
            // The server refuses the version that it names as its own, as some do while they start.
            code::UNSUPPORTED_VERSION if modern::offers_ours(error) => {
                self.looking = Some(Box::pin(std::future::ready(Mended::Again(self.request.clone()))));
            }
            _ => return false,
        }
        self.is_spent = true;
        true
    }

    /// Only to be called while looking.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Mended> {
        let Some(looking) = &mut self.looking else { return Poll::Pending };
        let mended = std::task::ready!(looking.as_mut().poll(cx));
        self.looking = None;
        Poll::Ready(mended)
    }
}

/// The name of the tool that is called; None for other requests.
fn tool_of(request: &PeerRequest) -> Option<String> {
    if request.method.known() != Method::ToolsCall {
        return None;
    }
    request.params.as_ref().and_then(|params| object::string(params, "name"))
}

/// The definition of a tool; None when the server does not list it, or no list at all.
async fn tool(peer: &dyn Peer, name: &str) -> Option<Raw> {
    let mut cursor: Option<Raw> = None;
    for _ in 0..MAX_PAGES {
        let params = cursor.as_ref().map(|cursor| object::build([("cursor", cursor)]));
        let method = orch_mcp::message::MethodName::from_static("tools/list");
        let page = fetch::answer(peer, PeerRequest::new(method, params)).await.ok()?;
        let tools = object::elements(&object::member(&page, "tools")?)?;
        if let Some(tool) = tools.into_iter().find(|tool| object::string(tool, "name").as_deref() == Some(name)) {
            return Some(tool);
        }
        cursor = object::member(&page, "nextCursor").filter(|cursor| cursor.as_str() != "null");
        cursor.as_ref()?;
    }
    None
}
