//! A call whose legacy server asks the client in the middle of it. The client is told what is asked, and the call waits
//! here until the client comes back with the answers, or for so long.

use futures_util::{FutureExt as _, StreamExt as _};
use orch_auth::state_seal::StateSeal;
use orch_mcp::declared::Declared;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::{MethodName, Request};
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_mcp::{capabilities, modern, object, tasks};
use orch_relay::reply::Reply;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::running::Ticket;
use crate::mcp::reach::Reach;

/// A call that waits.
pub(in crate::mcp) struct Parked {
    pub(super) reply: Reply,
    /// What is asked, by the keys that the client knows.
    pub(super) questions: Vec<(String, Question)>,
    pub(super) round: u32,
    pub(super) ticket: Ticket,
    /// It is given up then.
    pub(super) until: Instant,
}

/// What a client is given to bring back.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum State {
    /// A call that waits here.
    Parked { id: Uuid, round: u32 },
    /// What a modern server wants to see again. It stays ours to hand out, since the server sees our credential and
    /// not the client's.
    Passed { inner: String },
    /// URLs that are to be opened before the call is made anew. Nothing waits for that here, so who comes back with it
    /// is noted by the id: it is good once.
    Opening { id: Uuid, round: u32, asked: Vec<String> },
}

/// What a state is sealed together with: it is good for the same request of the same principal, and nothing else.
pub(super) struct Binding {
    reach: Reach,
    method: MethodName,
    params: Option<Raw>,
}

impl Binding {
    pub(super) fn of(reach: &Reach, request: &Request) -> Self {
        Self { reach: reach.clone(), method: request.method.clone(), params: request.params.clone() }
    }

    /// In words. Found only when there is a state: most calls have none.
    fn reach(&self) -> String {
        format!("{:?}", self.reach)
    }

    /// The params without what differs from round to round.
    fn params(&self) -> Vec<u8> {
        let mut members = self.params.as_ref().and_then(|params| object::entries(params).ok()).unwrap_or_default();
        members.retain(|(name, _)| !matches!(name.as_str(), "_meta" | "inputResponses" | "requestState"));
        // The same request may be written in another order.
        members.sort_by(|(left, _), (right, _)| left.cmp(right));
        let mut params = Vec::new();
        for (name, value) in &members {
            for part in [name.as_bytes(), value.as_bytes()] {
                params.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                params.extend_from_slice(part);
            }
        }
        params
    }

    /// `until` is in Unix seconds, as `now` is below.
    pub(super) fn seal(&self, seal: &StateSeal, state: &State, until: i64) -> Option<String> {
        let state = serde_json::to_vec(state).ok()?;
        let (reach, params) = (self.reach(), self.params());
        seal.seal_until(&[reach.as_bytes(), self.method.as_str().as_bytes(), &params], &state, until)
    }

    pub(super) fn open(&self, seal: &StateSeal, sealed: &str, now: i64) -> Option<State> {
        let (reach, params) = (self.reach(), self.params());
        let opened = seal.open_at(&[reach.as_bytes(), self.method.as_str().as_bytes(), &params], sealed, now)?;
        serde_json::from_slice(&opened).ok()
    }
}

/// The result that tells the client what is asked.
pub(super) fn input_required(questions: &[(String, Question)], state: &str) -> Option<Raw> {
    let requests: Vec<(String, Raw)> = questions
        .iter()
        .map(|(key, question)| {
            let method = Raw::serialize(&question.method.as_str()).unwrap_or_else(|_| Raw::from_static("null"));
            let mut members = vec![("method", &method)];
            let params = question.params.as_ref().map(stateless);
            if let Some(params) = &params {
                members.push(("params", params));
            }
            (key.clone(), object::build(members))
        })
        .collect();
    let requests = object::build(requests.iter().map(|(key, request)| (key.as_str(), request)));
    let state = Raw::serialize(&state).ok()?;
    let kind = Raw::from_static("\"input_required\"");
    Some(object::build([("resultType", &kind), ("inputRequests", &requests), ("requestState", &state)]))
}

/// A question without what only a session understands.
fn stateless(params: &Raw) -> Raw {
    let own = object::without(params, |member| matches!(member, "elicitationId" | "task"));
    tasks::plain(own.unwrap_or_else(|_| params.clone()))
}

/// One message for everything that is wrong with a state, so that nothing can be learnt from it.
pub(super) fn invalid_state() -> RpcError {
    let text = "invalid requestState: it was not given for this request, was used before, or has expired; \
                send the request again without requestState and inputResponses";
    RpcError::new(code::INVALID_PARAMS, text)
}

/// -32021: the client came back as one that cannot be asked what is still open.
pub(super) fn not_declared(required: &Value) -> RpcError {
    modern::missing_capability(required, "the call waits for an answer of a kind that the client does not declare now")
}

impl Parked {
    /// Takes a call that was told to end to its end, which nobody is there to hear.
    pub(super) fn end(mut self) {
        while let Some(Some(_)) = self.reply.next().now_or_never() {}
    }

    /// What a client would have to declare to be asked what is open; None when it does.
    pub(super) fn lacking(&self, declared: &Declared) -> Option<Value> {
        let mut open = self.questions.iter().filter(|(_, question)| !question.is_withdrawn());
        open.find_map(|(_, question)| {
            capabilities::lacking(&declared.capabilities, question.method.as_str(), question.params.as_ref())
        })
    }

    /// Hands over the answers that the client brings. What is missing stays open. An error consumes nothing.
    pub(super) fn answer(&mut self, responses: Option<Raw>) -> Result<(), RpcError> {
        let responses = match responses {
            None => Vec::new(),
            Some(responses) => object::entries(&responses)
                .map_err(|_| RpcError::invalid_params("params.inputResponses must be an object"))?,
        };
        let given = |key: &str| responses.iter().find(|(name, _)| name == key).map(|(_, answer)| answer);
        for (key, question) in &self.questions {
            if let Some(answer) = given(key) {
                check(question.method.as_str(), answer)
                    .map_err(|wrong| RpcError::invalid_params(format!("params.inputResponses.{key} {wrong}")))?;
            }
        }
        let open = std::mem::take(&mut self.questions);
        for (key, question) in open {
            match given(&key) {
                Some(answer) => question.answer(Ok(answer.detached())),
                // The server may have changed its mind meanwhile.
                None if question.is_withdrawn() => {}
                None => self.questions.push((key, question)),
            }
        }
        Ok(())
    }
}

/// Whether an answer has the members that its kind must have; what is wrong with it, if not.
pub(in crate::mcp) fn check(method: &str, answer: &Raw) -> Result<(), String> {
    if !answer.is_object() {
        return Err("must be an object".to_owned());
    }
    let complete = match method {
        "elicitation/create" => {
            matches!(object::string(answer, "action").as_deref(), Some("accept" | "decline" | "cancel"))
        }
        "sampling/createMessage" => {
            ["role", "content", "model"].iter().all(|member| object::member(answer, member).is_some())
        }
        "roots/list" => object::member(answer, "roots").and_then(|roots| object::elements(&roots)).is_some(),
        _ => true,
    };
    if complete { Ok(()) } else { Err(format!("is no result of {method}")) }
}
