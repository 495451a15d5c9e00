//! Calls over REST, as the dashboard makes them: one more edge of the relay. What a server asks goes out as an event
//! and is answered by another request; whoever stops reading cancels the call. Decides nothing about tools and servers.

mod event;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::Stream;
use orch_domain::id::UserId;
use orch_domain::policy::Denial;
use orch_domain::principal::Principal;
use orch_domain::refusal::Reason;
use orch_mcp::declared::Declared;
use orch_mcp::id::RequestId;
use orch_mcp::level::LogLevel;
use orch_mcp::message::{MethodName, Request};
use orch_mcp::question::{self, Question};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client, Endpoint};
use orch_relay::reply::{Event, Reply};
use orch_relay::stop::{Stop, StopReason};
use tokio::time::Instant;
use uuid::Uuid;

use super::modern::running::{NotEntered, Ticket};
use super::reach::Reach;
use super::{McpEndpoints, endpoint, respond};
use crate::mcp::modern::parking;
use crate::millis::millis;

pub use self::event::CallEventView;

/// Who is behind such a call can be asked everything.
const CAPABILITIES: &str = r#"{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}}"#;

/// The calls that run.
#[derive(Default)]
pub struct Playground(Mutex<HashMap<Uuid, Arc<Open>>>);

/// One call, as those see it who answer its questions.
struct Open {
    reach: Reach,
    stop: Arc<Stop>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    last: u64,
    open: Vec<(u64, Question)>,
}

/// What is to be called, and by whom.
pub struct Wanted<'a> {
    pub principal: Principal,
    /// For the record.
    pub client: &'a str,
    pub project: &'a str,
    pub server: &'a str,
    pub method: MethodName,
    pub params: Raw,
    pub log_level: LogLevel,
    /// Whether somebody is there to answer questions.
    pub can_be_asked: bool,
}

/// Why a call is not taken.
pub enum Refused {
    Denied(Denial),
    Disabled,
    TooMany {
        most: usize,
    },
    /// The daemon stops.
    Stopping,
}

/// Why an answer is not taken.
pub enum Unanswered {
    /// There is no such call of this principal.
    NoSuchCall,
    /// It was answered or withdrawn, or never asked.
    NoSuchQuestion,
    /// It is no answer to this question; says what is wrong.
    Invalid(String),
}

impl Playground {
    /// Gives an answer to the server that asked.
    pub fn answer(
        &self,
        principal: &Principal,
        call: Uuid,
        number: u64,
        answer: question::Reply,
    ) -> Result<(), Unanswered> {
        let open = self.find(principal, call).ok_or(Unanswered::NoSuchCall)?;
        let mut asked = open.asked();
        let at = asked.open.iter().position(|(own, _)| *own == number).ok_or(Unanswered::NoSuchQuestion)?;
        if let (Ok(answer), Some((_, question))) = (&answer, asked.open.get(at)) {
            parking::check(question.method.as_str(), answer).map_err(Unanswered::Invalid)?;
        }
        let (_, question) = asked.open.swap_remove(at);
        drop(asked);
        if question.is_withdrawn() {
            return Err(Unanswered::NoSuchQuestion);
        }
        question.answer(answer);
        Ok(())
    }

    /// Cancels a call; its stream says so. False when there is none of this principal.
    pub fn cancel(&self, principal: &Principal, call: Uuid) -> bool {
        let open = self.find(principal, call);
        open.is_some_and(|open| {
            open.stop.stop(StopReason::Cancelled);
            true
        })
    }

    fn find(&self, principal: &Principal, call: Uuid) -> Option<Arc<Open>> {
        self.lock().get(&call).filter(|open| open.reach.principal == *principal).cloned()
    }

    /// Notes a call; None when the user has too many.
    fn enter(&self, reach: Reach, stop: &Arc<Stop>, most: usize) -> Option<(Uuid, Arc<Open>)> {
        let user: UserId = reach.principal.user_id;
        let mut all = self.lock();
        if all.values().filter(|open| open.reach.principal.user_id == user).count() >= most {
            return None;
        }
        let id = Uuid::new_v4();
        let open = Arc::new(Open { reach, stop: Arc::clone(stop), asked: Mutex::default() });
        all.insert(id, Arc::clone(&open));
        Some((id, open))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Open>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a question and numbers it.
    fn ask(&self, question: Question) -> CallEventView {
        let mut asked = self.asked();
        asked.last += 1;
        let event = CallEventView::question(asked.last, &question);
        let number = asked.last;
        asked.open.push((number, question));
        event
    }

    /// The number of a question that the server does not want answered any more.
    fn poll_withdrawn(&self, cx: &mut Context<'_>) -> Poll<u64> {
        let mut asked = self.asked();
        let at = asked.open.iter_mut().position(|(_, question)| question.poll_withdrawn(cx).is_ready());
        at.map_or(Poll::Pending, |at| Poll::Ready(asked.open.swap_remove(at).0))
    }
}

/// Starts a call; the response is the stream of what becomes of it.
pub fn call(wanted: Wanted<'_>, endpoints: &McpEndpoints) -> Result<HttpResponse, Refused> {
    let entry = endpoint::enter_as(wanted.principal, wanted.project, Some(wanted.server), endpoints)
        .map_err(Refused::Denied)?;
    if let Endpoint::Server(server) = &entry.endpoint
        && !server.enabled
    {
        return Err(Refused::Disabled);
    }
    let reach = entry.reach();
    let capabilities = if wanted.can_be_asked { CAPABILITIES } else { "{}" };
    let declared = Declared { capabilities: Raw::from_static(capabilities), info: None };
    let stop = Arc::new(Stop::default());
    let cx = CallContext {
        principal: entry.principal,
        subject: entry.subject,
        project: entry.project,
        endpoint: entry.endpoint,
        client: Arc::new(Client::new(Arc::from(wanted.client), Revision::LATEST_LEGACY, declared, None)),
        log_level: Some(wanted.log_level),
        can_be_asked: wanted.can_be_asked,
        stop: Arc::clone(&stop),
    };
    let request = Request { id: RequestId::from_number(1), method: wanted.method, params: Some(wanted.params) };
    let most = endpoints.config.max_rest_calls_per_user;
    let ticket = endpoints.running.enter(reach.clone(), &stop, None, endpoints.config.max_requests_per_user);
    let entered = ticket.and_then(|ticket| {
        let place = endpoints.playground.enter(reach, &stop, most).ok_or(NotEntered::TooMany)?;
        Ok((ticket, place))
    });
    let (ticket, (id, open)) = entered.map_err(|not_entered| match not_entered {
        NotEntered::TooMany => {
            endpoints.relay.note_refused(&cx, &request, Reason::LimitInFlight);
            Refused::TooMany { most }
        }
        NotEntered::Stopping => {
            endpoints.relay.note_stopping(&cx, &request);
            Refused::Stopping
        }
    })?;
    let driver = Driver {
        reply: endpoints.relay.handle(&cx, request),
        id,
        open,
        playground: Arc::clone(&endpoints.playground),
        since: Instant::now(),
        begun: false,
        ended: false,
        _ticket: ticket,
    };
    Ok(respond::events(driver, Duration::from_secs(endpoints.config.keep_alive_secs)))
}

/// The events of one call. Dropped, it cancels the call.
struct Driver {
    reply: Reply,
    id: Uuid,
    open: Arc<Open>,
    playground: Arc<Playground>,
    since: Instant,
    begun: bool,
    /// Nothing comes after the end, not even that a question is withdrawn by it.
    ended: bool,
    /// The call is counted for as long as it runs.
    _ticket: Ticket,
}

impl Stream for Driver {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.begun {
            self.begun = true;
            return Poll::Ready(Some(CallEventView::Started { call: self.id }.encode()));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(question) = self.open.poll_withdrawn(cx) {
            return Poll::Ready(Some(CallEventView::Withdrawn { question }.encode()));
        }
        let event = std::task::ready!(Pin::new(&mut self.reply).poll_next(cx));
        self.ended = matches!(event, None | Some(Event::End(_) | Event::Cancelled));
        Poll::Ready(event.map(|event| {
            let duration_ms = millis(self.since.elapsed());
            let event = match event {
                Event::Notification(notification) => CallEventView::notification(&notification),
                Event::Question(question) => self.open.ask(question),
                Event::End(answer) => CallEventView::end(answer.into_inner(), duration_ms),
                Event::Cancelled => CallEventView::Cancelled { duration_ms },
            };
            event.encode()
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.playground.lock().remove(&self.id);
    }
}
