//! A modern server refuses a call whose headers are not those that it wants: the tool has changed since its list was
//! read. The schema is read anew, and the call sent once more; the server has not run it.

use std::pin::Pin;
use std::task::{Context, Poll};

use orch_mcp::error::code;
use orch_mcp::method::Method;
use orch_mcp::object;
use orch_mcp::peer::{Peer, PeerError, PeerRequest};
use orch_mcp::raw::Raw;

use crate::catalog::fetch;
use crate::fleet::Lease;

/// The pages of the list that are looked through for the tool.
const MAX_PAGES: usize = 50;

pub(crate) struct Mending {
    request: PeerRequest,
    looking: Option<Pin<Box<dyn Future<Output = Option<Raw>> + Send>>>,
    is_spent: bool,
}

impl Mending {
    /// None for requests without such headers.
    pub(crate) fn of(request: &PeerRequest) -> Option<Box<Self>> {
        let is_call = request.method.known() == Method::ToolsCall;
        is_call.then(|| Box::new(Self { request: request.clone(), looking: None, is_spent: false }))
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
        let is_mismatch = matches!(error, PeerError::Rpc(error) if error.code == code::HEADER_MISMATCH);
        let name = self.request.params.as_ref().and_then(|params| object::string(params, "name"));
        let Some(name) = name.filter(|_| is_mismatch && !self.is_spent) else { return false };
        self.is_spent = true;
        let peer = lease.shared_peer();
        self.looking = Some(Box::pin(async move { schema_of(&*peer, &name).await }));
        true
    }

    /// The request with the schema of now. Only to be called while looking.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<PeerRequest> {
        let Some(looking) = &mut self.looking else { return Poll::Pending };
        let schema = std::task::ready!(looking.as_mut().poll(cx));
        self.looking = None;
        self.request.input_schema = schema;
        Poll::Ready(self.request.clone())
    }
}

/// None when the server does not list the tool, or no list at all.
async fn schema_of(peer: &dyn Peer, name: &str) -> Option<Raw> {
    let mut cursor: Option<Raw> = None;
    for _ in 0..MAX_PAGES {
        let params = cursor.as_ref().map(|cursor| object::build([("cursor", cursor)]));
        let method = orch_mcp::message::MethodName::from_static("tools/list");
        let page = fetch::answer(peer, PeerRequest::new(method, params)).await.ok()?;
        let tools = object::elements(&object::member(&page, "tools")?)?;
        if let Some(tool) = tools.iter().find(|tool| object::string(tool, "name").as_deref() == Some(name)) {
            return object::member(tool, "inputSchema");
        }
        cursor = object::member(&page, "nextCursor").filter(|cursor| cursor.as_str() != "null");
        cursor.as_ref()?;
    }
    None
}
