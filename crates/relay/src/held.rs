//! A call that waits for somebody's approval. Keeps its client from giving up meanwhile, asks it to confirm where the
//! rule lets it, and fails closed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use orch_domain::call::{CallTicket, Outcome};
use orch_domain::id::RuleId;
use orch_domain::policy::decision::{Confirmable, Consent};
use orch_domain::port::clock::Clock;
use orch_domain::refusal::Refusal;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::question::{Answered, Question};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use tokio::time::{Instant, Sleep};

use crate::approvals::{Decided, Seat};
use crate::error::{CallError, Unapproved};
use crate::questions;
use crate::reply::{Event, Reply};
use crate::stop::Stop;

/// A client that asked for progress hears this often that its call still waits; clients give up after a minute.
const TICK: Duration = Duration::from_secs(10);

/// Carries the call on, once somebody has agreed.
pub(crate) type Proceed = Box<dyn FnOnce(Consent, Option<CallTicket>) -> Reply + Send>;

pub(crate) struct Waiting {
    seat: Seat,
    /// What the client is asked, until it is handed over.
    question: Option<Question>,
    confirming: Option<(Answered, Confirmable)>,
    deadline: Pin<Box<Sleep>>,
    tick: Pin<Box<Sleep>>,
    ticks: u64,
    /// The client's progress token, as it wrote it.
    progress_token: Option<Raw>,
    stop: Arc<Stop>,
    revision: Revision,
    clock: Arc<dyn Clock>,
    /// The rule that wants an approval.
    rule: RuleId,
    ticket: Option<CallTicket>,
    proceed: Option<Proceed>,
}

/// What a waiting call is made of.
pub(crate) struct NewWaiting {
    pub(crate) seat: Seat,
    pub(crate) within: Duration,
    /// What the client would be asked, where its rule lets it confirm and it can be asked.
    pub(crate) confirm: Option<(Confirmable, String)>,
    pub(crate) progress_token: Option<Raw>,
    pub(crate) stop: Arc<Stop>,
    pub(crate) revision: Revision,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rule: RuleId,
    pub(crate) ticket: Option<CallTicket>,
    pub(crate) proceed: Proceed,
}

/// What one poll brought.
pub(crate) enum Turn {
    Event(Event),
    /// From now on it is this reply.
    GoOn(Reply),
    Cancelled,
}

impl Waiting {
    pub(crate) fn new(mut new: NewWaiting) -> Self {
        if let Some(ticket) = &mut new.ticket {
            ticket.wait(new.clock.now());
        }
        let (mut question, mut confirming) = (None, None);
        if let Some((confirmable, text)) = new.confirm {
            let (asked, answered) = Question::new(MethodName::from_static(questions::ELICITATION), form(&text));
            question = Some(asked);
            confirming = Some((answered, confirmable));
        }
        let now = Instant::now();
        Self {
            seat: new.seat,
            question,
            confirming,
            deadline: Box::pin(tokio::time::sleep_until(now + new.within)),
            tick: Box::pin(tokio::time::sleep_until(now + TICK)),
            ticks: 0,
            progress_token: new.progress_token,
            stop: new.stop,
            revision: new.revision,
            clock: new.clock,
            rule: new.rule,
            ticket: new.ticket,
            proceed: Some(new.proceed),
        }
    }

    pub(crate) fn go_on(&mut self, progress_token: Option<Raw>) {
        self.progress_token = progress_token;
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if let Poll::Ready(reason) = self.stop.poll_waiting(cx) {
            return Poll::Ready(match reason.error() {
                None => {
                    if let Some(ticket) = self.ticket.take() {
                        // A record that cannot be written is reported by the log itself.
                        let _ = ticket.close(Outcome::Cancelled, self.clock.now(), ());
                    }
                    Turn::Cancelled
                }
                Some(error) => self.fail(&error),
            });
        }
        if let Poll::Ready(decided) = self.seat.poll(cx) {
            return Poll::Ready(match decided {
                Decided::Approved(consent) => self.proceed(consent),
                Decided::Denied => self.fail(&CallError::NotApproved(Unapproved::Denied)),
            });
        }
        if let Some(question) = self.question.take() {
            // It has to be polled once more to be woken by the answer.
            cx.waker().wake_by_ref();
            return Poll::Ready(Turn::Event(Event::Question(question)));
        }
        if let Some((answered, _)) = &mut self.confirming
            && let Poll::Ready(reply) = Pin::new(answered).poll(cx)
            && let Some((_, confirmable)) = self.confirming.take()
        {
            let action = reply.and_then(Result::ok).and_then(|result| object::string(&result, "action"));
            match action.as_deref() {
                Some("accept") => match self.seat.confirm() {
                    Ok(true) => return Poll::Ready(self.proceed(confirmable.confirmed())),
                    Ok(false) => {}
                    Err(error) => return Poll::Ready(self.fail(&CallError::NotRecorded(error))),
                },
                Some("decline" | "cancel") => {
                    self.seat.decline();
                    return Poll::Ready(self.fail(&CallError::NotApproved(Unapproved::Declined)));
                }
                // A client that cannot ask says nothing of its user: an admin may still answer.
                _ => {}
            }
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            self.seat.expire();
            return Poll::Ready(self.fail(&CallError::NotApproved(Unapproved::Expired)));
        }
        if self.tick.as_mut().poll(cx).is_ready() {
            self.tick.as_mut().reset(Instant::now() + TICK);
            cx.waker().wake_by_ref();
            self.ticks += 1;
            if let Some(notification) = self.progress() {
                return Poll::Ready(Turn::Event(Event::Notification(notification)));
            }
        }
        Poll::Pending
    }

    fn proceed(&mut self, consent: Consent) -> Turn {
        let mut ticket = self.ticket.take();
        if let Some(ticket) = &mut ticket {
            ticket.go_on(self.clock.now());
        }
        match self.proceed.take() {
            Some(proceed) => Turn::GoOn(proceed(consent, ticket)),
            None => Turn::Cancelled,
        }
    }

    fn fail(&mut self, error: &CallError) -> Turn {
        if let (Some(ticket), Some(reason)) = (&mut self.ticket, error.reason()) {
            ticket.refuse(Refusal { reason, rule: Some(self.rule) });
        }
        Turn::GoOn(Reply::failed(error, self.revision, self.ticket.take(), &*self.clock))
    }

    fn progress(&self) -> Option<Notification> {
        let token = self.progress_token.as_ref()?;
        let ticks = Raw::serialize(&self.ticks).ok()?;
        let text = Raw::from_static(r#""waiting for approval""#);
        let mut members = vec![("progressToken", token), ("progress", &ticks)];
        if self.revision >= Revision::V2025_03_26 {
            members.push(("message", &text));
        }
        let params = Some(object::build(members));
        Some(Notification { method: MethodName::from_static("notifications/progress"), params })
    }
}

/// A question that takes nothing but yes or no.
fn form(text: &str) -> Option<Raw> {
    Raw::serialize(&serde_json::json!({
        "mode": "form",
        "message": text,
        "requestedSchema": { "type": "object", "properties": {} },
    }))
    .ok()
}
