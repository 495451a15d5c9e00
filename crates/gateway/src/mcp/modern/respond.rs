//! From a reply to an HTTP response of this era: JSON with the status that the error asks for when the end comes
//! first, else an event stream. A client that leaves has cancelled: what drives the reply is what it reads.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};
use orch_auth::state_seal::StateSeal;
use orch_domain::id::UserId;
use orch_domain::port::clock::Clock;
use orch_mcp::declared::Declared;
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::message::MethodName;
use orch_mcp::modern::{self, Kind, Stamp};
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_mcp::{capabilities, codec, object, sse, tasks};
use orch_relay::reply::{Answer, Event, Reply};
use tokio::time::Instant;
use uuid::Uuid;

use super::parking::{self, Binding, Parked, State};
use super::running::{NotParked, Running, Ticket};
use super::spent::NotSpent;
use super::{opening, task};
use crate::mcp::accept::Accepts;
use crate::mcp::cursor::Cursors;
use crate::mcp::reach::Reach;
use crate::mcp::{McpEndpoints, refusal, respond as events};

/// How long further questions are waited for after the first: servers ask several things at once.
const COALESCE: Duration = Duration::from_millis(30);

/// What an answer has to be made like.
pub(super) struct Shape {
    pub(super) id: RequestId,
    pub(super) method: MethodName,
    /// `params.uri` of the request, for errors about it.
    pub(super) uri: Option<Raw>,
    pub(super) server_info: Option<Raw>,
    /// What the client said of itself with this request: it is asked nothing else.
    pub(super) declared: Arc<Declared>,
    pub(super) reach: Reach,
    /// What a state of this request is sealed with; None where the method has no such thing.
    pub(super) binding: Option<Binding>,
    /// How often this call has asked already.
    pub(super) round: u32,
    /// Whether the client can be asked to open a URL, and how often it was.
    pub(super) opens_urls: bool,
    pub(super) opened: u32,
    /// The id by which the client knows the task that the request is about.
    pub(super) task: Option<Raw>,
    pub(super) cursors: Option<Cursors>,
}

/// What the next thing is that the client is told.
enum Told {
    Message(Bytes),
    End(Answer),
}

/// `open` is what the client was asked before and has not answered.
pub(super) async fn respond(
    reply: Reply,
    open: Vec<(String, Question)>,
    ticket: Ticket,
    shape: Shape,
    accepts: Accepts,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    let call = Some((reply, ticket));
    let mut driven = Driven { call, questions: open, shape, lot: Lot::of(endpoints) };
    let patience = match accepts {
        Accepts::EventsOnly => Duration::ZERO,
        Accepts::JsonOnly => Duration::MAX,
        Accepts::Both => Duration::from_millis(endpoints.config.commit_after_ms),
    };
    let first = loop {
        let next = driven.next();
        let told = if patience == Duration::MAX { Ok(next.await) } else { tokio::time::timeout(patience, next).await };
        match told {
            Ok(Some(Told::End(answer))) => return driven.shape.json(answer),
            Ok(Some(Told::Message(_))) if accepts == Accepts::JsonOnly => {}
            Ok(Some(Told::Message(message))) => break Some(message),
            Ok(None) => return driven.shape.json(Err(RpcError::new(code::INTERNAL, "the request was cancelled"))),
            Err(_) => break None,
        }
    };
    let rest = stream::unfold(Some(driven), |driven| async move {
        let mut driven = driven?;
        match driven.next().await? {
            Told::Message(message) => Some((message, Some(driven))),
            Told::End(answer) => Some((driven.shape.encode(answer), None)),
        }
    });
    let messages = stream::iter(first).chain(rest);
    let keep_alive = Duration::from_secs(endpoints.config.keep_alive_secs);
    events::events(messages.map(|message| sse::encode_message(None, &message)), keep_alive)
}

/// What is needed to let a call wait, here or with its client.
pub(super) struct Lot {
    running: Arc<Running>,
    seal: Arc<StateSeal>,
    clock: Arc<dyn Clock>,
    most: usize,
    within: Duration,
}

impl Lot {
    pub(super) fn of(endpoints: &McpEndpoints) -> Self {
        Self {
            running: Arc::clone(&endpoints.running),
            seal: Arc::clone(&endpoints.seal),
            clock: Arc::clone(&endpoints.clock),
            most: endpoints.config.max_parked_per_user,
            within: Duration::from_secs(endpoints.config.park_secs),
        }
    }

    /// A state that is good for as long as a call waits.
    fn seal(&self, binding: &Binding, state: &State) -> Option<String> {
        binding.seal(&self.seal, state, self.over(self.clock.now().unix_timestamp()))
    }

    /// Has a state that is good once be used.
    pub(super) fn spend(&self, id: Uuid, user: UserId) -> Result<(), NotSpent> {
        let now = self.clock.now().unix_timestamp();
        self.running.spend(id, user, now, self.over(now))
    }

    /// When what is sealed now is over.
    fn over(&self, now: i64) -> i64 {
        now.saturating_add(i64::try_from(self.within.as_secs()).unwrap_or(i64::MAX))
    }

    /// Lets a call wait, and gives what the client is told. Gives the call back when it is to end instead.
    fn park(
        &self,
        call: (Reply, Ticket),
        questions: Vec<(String, Question)>,
        shape: &Shape,
    ) -> Result<Answer, Box<Parked>> {
        let failed = || RpcError::new(code::INTERNAL, "the call cannot wait for an answer");
        let (id, round) = (Uuid::new_v4(), shape.round + 1);
        let state = shape.binding.as_ref().and_then(|binding| self.seal(binding, &State::Parked { id, round }));
        let told = state.and_then(|state| parking::input_required(&questions, &state));
        let Some(told) = told else { return Ok(Err(failed())) };
        let (reply, ticket) = call;
        let parked = Parked { reply, questions, round, ticket, until: Instant::now() + self.within };
        match self.running.park(id, shape.reach.clone(), parked, self.most) {
            Ok(()) => Ok(Ok(told)),
            Err(NotParked::TooMany) => {
                let text = format!("{} calls wait for an answer of the client, the limit", self.most);
                Ok(Err(refusal::limited(text)))
            }
            Err(NotParked::Stopping(parked)) => Err(parked),
        }
    }
}

/// A reply that is read by its client. Dropped when the client leaves, and then cancelled.
struct Driven {
    /// None when the call waits for its client, or is over.
    call: Option<(Reply, Ticket)>,
    /// What the client has to be asked.
    questions: Vec<(String, Question)>,
    shape: Shape,
    lot: Lot,
}

impl Driven {
    /// None at the end. Given up in the middle, it loses nothing: what was asked is kept for the next time.
    async fn next(&mut self) -> Option<Told> {
        loop {
            let (reply, _) = self.call.as_mut()?;
            let event = if self.questions.is_empty() {
                reply.next().await
            } else {
                match tokio::time::timeout(COALESCE, reply.next()).await {
                    Ok(event) => event,
                    Err(_) => {
                        // The server may have taken a question back, also one that was open before.
                        self.questions.retain(|(_, question)| !question.is_withdrawn());
                        if self.questions.is_empty() {
                            continue;
                        }
                        let (call, questions) = (self.call.take()?, std::mem::take(&mut self.questions));
                        match self.lot.park(call, questions, &self.shape) {
                            Ok(answer) => return Some(Told::End(answer)),
                            Err(parked) => {
                                let Parked { reply, questions, ticket, .. } = *parked;
                                self.call = Some((reply, ticket));
                                // Not before its end: a server that hears that nobody answers would go on without.
                                self.questions = questions;
                                continue;
                            }
                        }
                    }
                }
            };
            match event {
                None | Some(Event::Cancelled) => {
                    self.call = None;
                    return None;
                }
                Some(Event::End(answer)) => {
                    self.call = None;
                    return Some(Told::End(self.shape.passed(answer.into_inner(), &self.lot)));
                }
                Some(Event::Question(question)) if !self.shape.may_ask(&question) => {
                    let reply = refused(&question);
                    question.answer(reply);
                }
                Some(Event::Question(question)) => {
                    let key = format!("r{}-{}", self.shape.round + 1, self.questions.len() + 1);
                    self.questions.push((key, question));
                }
                // While the client is being told what is asked, nothing else is worth a message.
                Some(Event::Notification(_)) if !self.questions.is_empty() => {}
                Some(Event::Notification(notification)) => {
                    let message =
                        codec::encode_notification(notification.method.as_str(), notification.params.as_ref());
                    return Some(Told::Message(message));
                }
            }
        }
    }
}

impl Shape {
    pub(super) fn json(&self, answer: Answer) -> HttpResponse {
        if let Err(error) = &answer
            && error.retry_after().is_some()
        {
            return refusal::error(StatusCode::TOO_MANY_REQUESTS, &self.id, error);
        }
        let status = match &answer {
            Ok(_) => StatusCode::OK,
            Err(error) => status(error.code),
        };
        HttpResponse::build(status).content_type("application/json").body(self.encode(answer))
    }

    /// What a server says, as far as it may say it to this client.
    fn passed(&self, answer: Answer, lot: &Lot) -> Answer {
        let result = match answer {
            Ok(result) => result,
            Err(error) if error.code == code::URL_ELICITATION_REQUIRED => return self.open_first(error, lot),
            Err(error) => return Err(error),
        };
        match modern::kind(&result) {
            Kind::Complete => {}
            Kind::InputRequired => return self.asking(result, lot),
            Kind::Task if self.task.is_none() => return self.begun(&result, &lot.seal),
            Kind::Task => {}
            Kind::Unknown(kind) => return Err(broken(&format!("a result of the unknown type {}", kind.as_str()))),
        }
        if let Some(cursors) = &self.cursors {
            return Ok(cursors.seal(result));
        }
        Ok(match &self.task {
            Some(shown) => task::shown_as(shown, result),
            None => result,
        })
    }

    /// A modern server has made a task of the call.
    fn begun(&self, result: &Raw, seal: &StateSeal) -> Answer {
        if !tasks::is_named_in(&self.declared.capabilities) {
            return Err(broken("it makes a task of the call, which the client did not declare"));
        }
        let id = tasks::created(result).ok_or_else(|| broken("it makes a task of the call and does not say which"))?;
        let failed = || RpcError::new(code::INTERNAL, "the task cannot be handed out");
        task::created(&self.reach, seal, &id, result).ok_or_else(failed)
    }

    /// A modern server asks, and the client goes on from there itself. What the server wants to see again goes through
    /// the client under our seal.
    fn asking(&self, result: Raw, lot: &Lot) -> Answer {
        let binding = self.binding.as_ref().ok_or_else(|| broken("it wants input where none can be given"))?;
        let asked = match object::member(&result, "inputRequests") {
            None => Vec::new(),
            Some(asked) => object::entries(&asked).map_err(|_| broken("`inputRequests` is no object"))?,
        };
        for (_, request) in &asked {
            let method = object::string(request, "method").ok_or_else(|| broken("an input request has no method"))?;
            let params = object::member(request, "params");
            if !capabilities::covers(&self.declared.capabilities, &method, params.as_ref()) {
                return Err(broken(&format!("it asks for {method:?} as the client did not declare it")));
            }
        }
        let Some(state) = object::member(&result, "requestState") else {
            return if asked.is_empty() { Err(broken("it wants input and does not say which")) } else { Ok(result) };
        };
        let inner = state.read::<String>().map_err(|_| broken("`requestState` is no string"))?;
        let failed = || RpcError::new(code::INTERNAL, "the call cannot wait for an answer");
        let sealed = lot.seal(binding, &State::Passed { inner }).ok_or_else(failed)?;
        let sealed = Raw::serialize(&sealed).map_err(|_| failed())?;
        object::with(&result, "requestState", &sealed).map_err(|_| failed())
    }

    /// Whether the client said that it can be asked this.
    fn may_ask(&self, question: &Question) -> bool {
        capabilities::covers(&self.declared.capabilities, question.method.as_str(), question.params.as_ref())
    }

    /// A legacy server wants a URL opened before it does anything.
    fn open_first(&self, error: RpcError, lot: &Lot) -> Answer {
        if self.binding.is_none() {
            // Nothing can be asked about it, whatever the client declares.
            return Err(error);
        }
        if !self.opens_urls {
            return Err(opening::not_declared(&error));
        }
        let round = self.opened + 1;
        self.opening(round, opening::asked(&error, round)?, lot)
    }

    fn opening(&self, round: u32, asked: Vec<String>, lot: &Lot) -> Answer {
        let failed = || RpcError::new(code::INTERNAL, "the call cannot wait for an answer");
        let binding = self.binding.as_ref().ok_or_else(failed)?;
        let state = State::Opening { id: Uuid::new_v4(), round, asked };
        let sealed = lot.seal(binding, &state).ok_or_else(failed)?;
        let State::Opening { asked, .. } = state else { return Err(failed()) };
        opening::input_required(&asked, &sealed).ok_or_else(failed)
    }

    /// Asks once more for what was asked for.
    pub(super) fn ask_to_open(&self, round: u32, asked: Vec<String>, lot: &Lot) -> HttpResponse {
        self.json(self.opening(round, asked, lot))
    }

    fn encode(&self, answer: Answer) -> Bytes {
        match answer {
            Ok(result) => {
                let stamp = Stamp { server_info: self.server_info.as_ref() };
                codec::encode_result(&self.id, &stamp.apply(&self.method.known(), result))
            }
            Err(error) => codec::encode_error(Some(&self.id), &self.error(error)),
        }
    }

    /// A legacy server's own codes in the words of this era.
    fn error(&self, mut error: RpcError) -> RpcError {
        match (error.code, &self.uri) {
            (code::RESOURCE_NOT_FOUND, Some(uri)) => {
                error.code = code::INVALID_PARAMS;
                let data = error.data.take().filter(Raw::is_object).unwrap_or_else(|| Raw::from_static("{}"));
                error.data = Some(match object::member(&data, "uri") {
                    Some(_) => data,
                    None => object::with(&data, "uri", uri).unwrap_or(data),
                });
                error
            }
            // Codes that this era does not have, where they mean nothing.
            (code::RESOURCE_NOT_FOUND | code::URL_ELICITATION_REQUIRED, _) => {
                RpcError::new(code::INTERNAL, error.message.clone())
                    .with_data(&serde_json::json!({ "original": error }))
            }
            _ => error,
        }
    }
}

/// The server broke the protocol.
fn broken(what: &str) -> RpcError {
    RpcError::gateway("upstream_protocol", format!("the server broke the protocol: {what}"))
}

/// What a legacy server hears that asks what its client did not declare, as from such a client.
fn refused(question: &Question) -> orch_mcp::question::Reply {
    let method = question.method.as_str();
    Err(match object::string(question.params.as_ref().unwrap_or(&Raw::from_static("{}")), "mode").as_deref() {
        Some(mode) => RpcError::invalid_params(format!("{method} with mode {mode:?} is not declared by the client")),
        None => RpcError::method_not_found(method),
    })
}

/// The status of an error that comes before anything else.
const fn status(code: i64) -> StatusCode {
    match code {
        code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION => StatusCode::BAD_REQUEST,
        code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}
