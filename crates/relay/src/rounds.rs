//! A modern server's `input_required` in front of a client with a session: the answers are gathered as if the server
//! had asked in the middle of the call, and the call is sent again with them. A modern client does this itself.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use orch_mcp::capabilities;
use orch_mcp::declared::Declared;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::MethodName;
use orch_mcp::modern;
use orch_mcp::object;
use orch_mcp::peer::PeerRequest;
use orch_mcp::question::{Answered, Question, Reply};
use orch_mcp::raw::Raw;
use orch_mcp::word::Word;
use tokio::time::Sleep;

use crate::error::UPSTREAM_PROTOCOL;

/// A server that has asked so often without an answer of its own is not going to have one.
const MOST: u32 = 10;

/// The pause before a retry that brings nothing new, times the number of the round.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Rounds {
    request: PeerRequest,
    declared: Arc<Declared>,
    round: u32,
    gathering: Option<Gathering>,
}

/// What is needed for the next round.
struct Gathering {
    /// Not yet handed out.
    questions: VecDeque<Question>,
    waiting: Vec<(String, MethodName, Answered)>,
    answers: Vec<(String, Raw)>,
    state: Option<Raw>,
    pause: Option<Pin<Box<Sleep>>>,
}

/// What a call between two rounds comes to.
pub(crate) enum Between {
    Ask(Question),
    Retry(PeerRequest),
    Fail(RpcError),
}

impl Rounds {
    pub(crate) fn new(request: &PeerRequest) -> Self {
        let declared = request.declared.clone().unwrap_or_else(|| Arc::new(Declared::nothing()));
        Self { request: request.clone(), declared, round: 0, gathering: None }
    }

    pub(crate) const fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    /// Looks at a result. True when it is none yet, and the next round has begun.
    pub(crate) fn takes(&mut self, result: &Raw) -> Result<bool, RpcError> {
        static RESULT_TYPE: Word = Word::new("resultType");
        if !RESULT_TYPE.is_in(result.as_bytes()) {
            return Ok(false);
        }
        match object::string(result, "resultType").as_deref() {
            None | Some("complete") => return Ok(false),
            Some("input_required") => {}
            Some(other) => return Err(broken(&format!("a result of the unknown type {other:?}"))),
        }
        if !modern::may_ask(&self.request.method.known()) {
            return Err(broken(&format!("it wants input for {}", self.request.method.as_str())));
        }
        self.round += 1;
        if self.round > MOST {
            return Err(broken(&format!("it wanted more input {MOST} times")));
        }
        let state = object::member(result, "requestState");
        let mut gathering =
            Gathering { questions: VecDeque::new(), waiting: Vec::new(), answers: Vec::new(), state, pause: None };
        let asked = match object::member(result, "inputRequests") {
            None => Vec::new(),
            Some(asked) => object::entries(&asked).map_err(|_| broken("`inputRequests` is no object"))?,
        };
        if asked.is_empty() {
            if gathering.state.is_none() {
                return Err(broken("it wants input and does not say which"));
            }
            gathering.pause = Some(Box::pin(tokio::time::sleep(PAUSE * self.round)));
        }
        for (key, request) in asked {
            let method = object::string(&request, "method").ok_or_else(|| broken("an input request has no method"))?;
            let params = object::member(&request, "params");
            let declared = &self.declared.capabilities;
            let covered = |method: &MethodName| capabilities::covers(declared, method.as_str(), params.as_ref());
            let Some(method) = known(&method).filter(covered) else {
                return Err(broken(&format!("it asks for {method:?}, which the client did not declare")));
            };
            let (question, answered) = Question::new(method.clone(), params);
            gathering.questions.push_back(question);
            gathering.waiting.push((key, method, answered));
        }
        self.gathering = Some(gathering);
        Ok(true)
    }

    /// Pending while the client is being asked. Only to be called while gathering.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Between> {
        let Some(gathering) = &mut self.gathering else { return Poll::Pending };
        if let Some(question) = gathering.questions.pop_front() {
            return Poll::Ready(Between::Ask(question));
        }
        let mut index = 0;
        while let Some((_, _, answered)) = gathering.waiting.get_mut(index) {
            let Poll::Ready(reply) = Pin::new(answered).poll(cx) else {
                index += 1;
                continue;
            };
            let (key, method, _) = gathering.waiting.swap_remove(index);
            match given(&method, reply) {
                Ok(answer) => gathering.answers.push((key, answer)),
                Err(error) => return Poll::Ready(Between::Fail(error)),
            }
        }
        if !gathering.waiting.is_empty() {
            return Poll::Pending;
        }
        if let Some(pause) = &mut gathering.pause
            && pause.as_mut().poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let (answers, state) = (std::mem::take(&mut gathering.answers), gathering.state.take());
        self.gathering = None;
        Poll::Ready(match self.next(&answers, state) {
            Ok(request) => Between::Retry(request),
            Err(object::NotAnObject) => Between::Fail(broken("the request cannot be sent again")),
        })
    }

    /// The same request once more, with what was asked for.
    fn next(&self, answers: &[(String, Raw)], state: Option<Raw>) -> Result<PeerRequest, object::NotAnObject> {
        let mut params = self.request.params.clone().unwrap_or_else(|| Raw::from_static("{}"));
        if !answers.is_empty() {
            let responses = object::build(answers.iter().map(|(key, answer)| (key.as_str(), answer)));
            params = object::with(&params, "inputResponses", &responses)?;
        }
        if let Some(state) = state {
            params = object::with(&params, "requestState", &state)?;
        }
        Ok(PeerRequest { params: Some(params), ..self.request.clone() })
    }
}

fn known(method: &str) -> Option<MethodName> {
    [
        MethodName::from_static("sampling/createMessage"),
        MethodName::from_static("elicitation/create"),
        MethodName::from_static("roots/list"),
    ]
    .into_iter()
    .find(|known| known.as_str() == method)
}

/// What goes back for one question. Only an elicitation has a word for "no answer".
fn given(method: &MethodName, reply: Option<Reply>) -> Result<Raw, RpcError> {
    match reply {
        Some(Ok(result)) => Ok(result),
        _ if method.as_str() == "elicitation/create" => Ok(Raw::from_static(r#"{"action":"cancel"}"#)),
        Some(Err(error)) => {
            let text = format!("the client refused {}: {}", method.as_str(), error.message);
            Err(RpcError::new(code::INTERNAL, text).with_data(&error))
        }
        None => Err(RpcError::new(code::INTERNAL, format!("the client did not answer {}", method.as_str()))),
    }
}

/// The server broke the protocol.
fn broken(what: &str) -> RpcError {
    RpcError::gateway(UPSTREAM_PROTOCOL, format!("the server broke the protocol: {what}"))
}
