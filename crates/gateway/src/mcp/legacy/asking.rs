//! What a server asks, as a request to the client of a session, and the client's response as the answer. Ids of these
//! requests are the session's own.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;
use futures_util::future::{Either, select};
use orch_mcp::error::RpcError;
use orch_mcp::id::RequestId;
use orch_mcp::message::Response;
use orch_mcp::method::Method;
use orch_mcp::question::{Question, Reply};
use orch_mcp::raw::Raw;
use orch_mcp::{asking, capabilities, codec, object};
use orch_relay::context::Client;
use tokio::sync::oneshot;

use super::session::Session;

/// Questions that one client may have before it at once.
const MOST: usize = 64;

#[derive(Default)]
pub(super) struct Asked {
    last: AtomicU64,
    open: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
}

impl Asked {
    /// Takes a response of the client. One that nobody waits for is ignored: the question may just have been withdrawn.
    pub(super) fn answer(&self, response: Response) {
        let Some(id) = response.id.and_then(|id| id.as_number()) else { return };
        let waiting = self.lock().remove(&id);
        if let Some(waiting) = waiting {
            let outcome = response.outcome.map(|result| result.detached());
            // The call may have ended meanwhile.
            let _ = waiting.send(outcome);
        }
    }

    /// The client has gone: nobody answers any more.
    pub(super) fn end(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Reply>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The request to send to the client, and what carries the answer back when it is driven to its end. It gives a
    /// message for the client when the server does not want to know any more. None when this client cannot be asked
    /// that; the server learns it from the question being dropped.
    pub(in crate::mcp) fn ask(
        self: &std::sync::Arc<Self>,
        question: Question,
    ) -> Option<(Bytes, impl Future<Output = Option<Bytes>> + Send + use<>)> {
        let mut question = question;
        let params = match shown(question.method.as_str(), question.params.clone(), &self.client) {
            Ok(params) => params,
            Err(refused) => {
                question.answer(refused);
                return None;
            }
        };
        let id = self.asked.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, receiver) = oneshot::channel();
        {
            let mut open = self.asked.lock();
            if open.len() >= MOST {
                return None;
            }
            open.insert(id, sender);
        }
        let request = codec::encode_request(&RequestId::from_number(id), question.method.as_str(), params.as_ref());
        let session = std::sync::Arc::clone(self);
        let carry = async move {
            let outcome = {
                let withdrawn = std::pin::pin!(poll_fn(|cx| question.poll_withdrawn(cx)));
                match select(receiver, withdrawn).await {
                    Either::Left((reply, _)) => Some(reply.ok()),
                    Either::Right(((), _)) => None,
                }
            };
            match outcome {
                Some(Some(reply)) => {
                    question.answer(reply);
                    None
                }
                Some(None) => None,
                None => {
                    session.asked.lock().remove(&id);
                    let params = Raw::serialize(&serde_json::json!({ "requestId": id })).ok();
                    Some(codec::encode_notification(Method::Cancelled.as_str(), params.as_ref()))
                }
            }
        };
        Some((request, carry))
    }
}

/// A question in the words of the client's revision, or the answer that such a client would give.
fn shown(method: &str, params: Option<Raw>, client: &Client) -> Result<Option<Raw>, Reply> {
    let by_url = params.as_ref().is_some_and(|params| object::string(params, "mode").as_deref() == Some("url"));
    let params = asking::for_revision(client.revision, method, params)?;
    if !capabilities::covers(&client.declared.capabilities, method, params.as_ref()) {
        let text = format!("{method} in this form is not what the client declared");
        return Err(Err(RpcError::invalid_params(text)));
    }
    match params {
        Some(params) if by_url && object::member(&params, "elicitationId").is_none() => {
            // The modern era has done away with the id, and the revisions with a handshake require one.
            let id = Raw::serialize(&uuid::Uuid::new_v4().to_string()).ok();
            Ok(id.and_then(|id| object::with(&params, "elicitationId", &id).ok()))
        }
        params => Ok(params),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::web::Bytes;
    use orch_mcp::declared::Declared;
    use orch_mcp::object;
    use orch_mcp::question::Reply;
    use orch_mcp::raw::Raw;
    use orch_mcp::revision::Revision;
    use orch_relay::context::Client;

    use super::shown;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    fn asked(revision: Revision, declared: &'static str, params: &'static str) -> Result<Option<Raw>, Reply> {
        let declared = Declared { capabilities: raw(declared), info: None };
        shown("elicitation/create", Some(raw(params)), &Client::new(Arc::from("c"), revision, declared, None))
    }

    #[test]
    fn a_client_is_asked_in_its_own_words_and_as_it_declared() {
        const URL: &str = r#"{"mode":"url","url":"https://a"}"#;
        const FORM: &str = r#"{"mode":"form","message":"m"}"#;
        let (old, new) = (Revision::V2025_06_18, Revision::V2025_11_25);
        assert_eq!(asked(old, r#"{"elicitation":{}}"#, FORM), Ok(Some(raw(r#"{"message":"m"}"#))));
        assert_eq!(asked(new, r#"{"elicitation":{}}"#, FORM), Ok(Some(raw(FORM))));
        for (revision, declared, params) in [
            (old, r#"{"elicitation":{}}"#, URL),
            (new, r#"{"elicitation":{}}"#, URL),
            (new, r#"{"elicitation":{"url":{}}}"#, FORM),
            (new, r#"{"sampling":{}}"#, FORM),
        ] {
            let refused = asked(revision, declared, params).expect_err("refused").expect_err("an error");
            assert_eq!(refused.code, -32602);
        }
        let opened = asked(new, r#"{"elicitation":{"url":{}}}"#, URL).expect("asked").expect("params");
        assert!(object::string(&opened, "elicitationId").is_some());
    }
}
