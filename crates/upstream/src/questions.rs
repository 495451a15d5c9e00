//! Questions of a legacy server that wait for somebody's answer. Keeps the server's ids; knows nothing of who is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use orch_mcp::codec;
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::message::{Notification, Request};
use orch_mcp::meta;
use orch_mcp::object;
use orch_mcp::question::{Question, Reply};
use orch_mcp::raw::Raw;
use tokio::task::AbortHandle;

/// A server that asks more than this at once does not want answers.
const MOST_OPEN: usize = 64;

#[derive(Default)]
pub(crate) struct Questions {
    /// By the server's ids: each with the task that carries the answer back.
    open: Mutex<HashMap<RequestId, AbortHandle>>,
}

/// Whether a request of a server is one that only a client can answer.
pub(crate) fn is_question(request: &Request) -> bool {
    matches!(request.method.as_str(), "sampling/createMessage" | "elicitation/create" | "roots/list")
}

impl Questions {
    /// Takes a question up. `send` gets the encoded response, when there is one. None when too many are open, or the
    /// server has used the id already.
    pub(crate) fn open(
        self: &Arc<Self>,
        request: &Request,
        send: impl FnOnce(Bytes) + Send + 'static,
    ) -> Option<Question> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let id = request.id.detached();
        let params = request.params.clone().map(|params| meta::take_hop(params).0);
        let mut open = self.lock();
        if open.len() >= MOST_OPEN || open.contains_key(&id) {
            return None;
        }
        let (question, answered) = Question::new(request.method.clone(), params);
        let questions = Arc::clone(self);
        let (asked, method) = (id.clone(), request.method.clone());
        let task = runtime.spawn(async move {
            let reply = answered.await;
            questions.lock().remove(&asked);
            send(response(&asked, method.as_str(), reply));
        });
        open.insert(id, task.abort_handle());
        Some(question)
    }

    /// The server has cancelled one of its requests.
    pub(crate) fn withdraw(&self, notification: &Notification) {
        let id = notification
            .params
            .as_ref()
            .and_then(|params| object::member(params, "requestId"))
            .and_then(|id| RequestId::parse(&id));
        let task = id.and_then(|id| self.lock().remove(&id.detached()));
        if let Some(task) = task {
            task.abort();
        }
    }

    /// The connection is over: nobody waits for an answer any more.
    pub(crate) fn end(&self) {
        for (_, task) in self.lock().drain() {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, AbortHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn response(id: &RequestId, method: &str, reply: Option<Reply>) -> Bytes {
    match reply {
        Some(Ok(result)) => codec::encode_result(id, &result.on_one_line()),
        Some(Err(error)) => codec::encode_error(Some(id), &error),
        None => unanswered(id, method, "nobody answered"),
    }
}

/// What a server hears that asked for what its client can do, and gets no answer. Only an elicitation has a result that
/// says so.
pub(crate) fn unanswered(id: &RequestId, method: &str, why: &'static str) -> Bytes {
    match method {
        "elicitation/create" => codec::encode_result(id, &Raw::from_static(r#"{"action":"cancel"}"#)),
        _ => codec::encode_error(Some(id), &RpcError::new(code::INTERNAL, why)),
    }
}
