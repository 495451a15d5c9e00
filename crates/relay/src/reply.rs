//! The answer to one request as a stream: notifications about it, then exactly one end. Drives the deadline, the
//! early stop and the record of the call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use orch_domain::call::{Audited, CallTicket, Outcome};
use orch_domain::port::clock::Clock;
use orch_mcp::error::{RpcError, code};
use orch_mcp::level::LogLevel;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::word::Word;
use orch_mcp::{method, object, tasks};
use tokio::time::{Instant, Sleep};

use crate::error::CallError;
use crate::fleet::wanted::Needed;
use crate::fleet::{Lease, Unready};
use crate::held::{Turn, Waiting};
use crate::mending::{Mended, Mending};
use crate::outward::Outward;
use crate::questions::Questions;
use crate::rounds::{Between, Rounds};
use crate::stop::Stop;
use crate::tasks::TaskRun;

/// A result or an error, without the id: that belongs to the edge.
pub type Answer = Result<Raw, RpcError>;

/// What a reply consists of.
#[derive(Debug)]
pub enum Event {
    /// A notification about this request, ready to send.
    Notification(Notification),
    /// The server asks the client. Dropped, the server is told that nobody answers.
    Question(Question),
    End(Audited<Answer>),
    /// The client cancelled: there is no answer.
    Cancelled,
}

/// A stream of [`Event`]s that ends after `End` or `Cancelled`. Dropping it earlier cancels the request upstream and
/// records the call as abandoned.
#[must_use = "a reply does nothing unless it is polled"]
pub struct Reply(State);

enum State {
    Done,
    Answered(Audited<Answer>),
    /// Something of ours that has to wait for servers; not a call.
    Deferred(Deferred, Arc<Stop>, Revision),
    /// A call that somebody has to approve first.
    Held(Box<Waiting>),
    Live(Box<Live>),
}

pub(crate) type Deferred = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A request on its way.
struct Live {
    source: Source,
    /// What the client is being asked; meanwhile the server's time does not run.
    questions: Questions,
    /// Of a client with a session in front of a modern server.
    rounds: Option<Box<Rounds>>,
    /// After a refusal, or in case of one.
    mending: Option<Box<Mending>>,
    /// Of a tool that its legacy server runs only as a task.
    task: Option<TaskRun>,
    plan: Plan,
    ticket: Option<CallTicket>,
    /// The request, as long as nothing has come and it may be sent once more.
    again: Option<PeerRequest>,
    timer: Pin<Box<Sleep>>,
    latest_end: Instant,
    /// The server has answered what it was sent last.
    answered: bool,
}

impl Drop for Live {
    fn drop(&mut self) {
        if !self.answered
            && let Source::Streaming(_, lease) = &self.source
        {
            lease.abandon();
        }
    }
}

pub(crate) type Acquiring = Pin<Box<dyn Future<Output = Result<Lease, Unready>> + Send>>;

enum Source {
    /// The server is being started; then the request is sent.
    Acquiring(Acquiring, PeerRequest),
    /// The lease keeps the server from being taken for idle.
    Streaming(ReplyStream, Lease),
}

/// How a live request is to be carried through.
pub(crate) struct Plan {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: Arc<Stop>,
    pub(crate) revision: Revision,
    /// For messages.
    pub(crate) server: Arc<str>,
    pub(crate) outward: Outward,
    /// The client's progress token, as it wrote it.
    pub(crate) progress_token: Option<Raw>,
    /// Which log messages the client wants; None for none.
    pub(crate) log_level: Option<LogLevel>,
    /// Without an answer or progress for this long, the request is cancelled.
    pub(crate) patience: Duration,
    pub(crate) longest: Duration,
    /// How long the client may take to answer a question.
    pub(crate) question: Duration,
    /// The server runs what is called only as a task.
    pub(crate) as_task: bool,
    /// It means something only to a server of the client's era.
    pub(crate) of_own_era: bool,
    /// It reads a resource.
    pub(crate) reads: bool,
    /// Which connection it needs; None for the one that all share.
    pub(crate) needed: Option<Box<Needed>>,
}

impl Plan {
    fn fits(&self, lease: &Lease) -> bool {
        !self.of_own_era || lease.peer().hello().revision.era() == self.revision.era()
    }
}

impl Reply {
    /// An answer that concerns no call.
    pub(crate) const fn unrecorded(answer: Answer) -> Self {
        Self(State::Answered(Audited::unrecorded(answer)))
    }

    /// An answer of ours that takes its time.
    pub(crate) fn deferred(answer: Deferred, stop: Arc<Stop>, revision: Revision) -> Self {
        Self(State::Deferred(answer, stop, revision))
    }

    /// A request that failed before it was sent.
    pub(crate) fn failed(
        error: &CallError,
        revision: Revision,
        mut ticket: Option<CallTicket>,
        clock: &dyn Clock,
    ) -> Self {
        note_reason(&mut ticket, error);
        let answer = Err(error.to_rpc(revision));
        Self(State::Answered(record(ticket, error.outcome(), clock, revision, answer)))
    }

    /// A call that waits until somebody agrees.
    pub(crate) fn held(waiting: Waiting) -> Self {
        Self(State::Held(Box::new(waiting)))
    }

    pub(crate) fn live(
        source: Result<Lease, Acquiring>,
        request: PeerRequest,
        plan: Plan,
        ticket: Option<CallTicket>,
    ) -> Self {
        if let Ok(lease) = &source
            && !plan.fits(lease)
        {
            let error = CallError::MethodNotFound(request.method.as_str().to_owned());
            return Self::failed(&error, plan.revision, ticket, &*plan.clock);
        }
        let now = Instant::now();
        let timer = Box::pin(tokio::time::sleep_until(now + plan.patience));
        let latest_end = now + plan.longest;
        let is_call = matches!(request.method.known(), method::Method::ToolsCall) && !plan.as_task;
        let again = is_call.then(|| request.clone());
        let (source, rounds, mending) = match source {
            Ok(lease) => {
                let (rounds, mending) = (rounds(&plan, &lease, &request), mending(&lease, &request));
                (Source::Streaming(lease.peer().send(request), lease), rounds, mending)
            }
            Err(acquiring) => (Source::Acquiring(acquiring, request), None, None),
        };
        let questions = Questions::default();
        let task = plan.as_task.then(TaskRun::new);
        Self(State::Live(Box::new(Live {
            source,
            questions,
            rounds,
            mending,
            task,
            ticket,
            again,
            timer,
            latest_end,
            plan,
            answered: false,
        })))
    }
}

impl Reply {
    /// The client goes on with the same call in another request: its progress token counts from now on, and which log
    /// messages it wants.
    pub fn go_on(&mut self, progress_token: Option<Raw>, log_level: Option<LogLevel>) {
        match &mut self.0 {
            State::Live(live) => {
                live.plan.progress_token = progress_token;
                live.plan.log_level = log_level;
            }
            State::Held(waiting) => waiting.go_on(progress_token),
            State::Done | State::Answered(_) | State::Deferred(..) => {}
        }
    }
}

impl Stream for Reply {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        match std::mem::replace(&mut self.0, State::Done) {
            State::Done => Poll::Ready(None),
            State::Answered(answer) => Poll::Ready(Some(Event::End(answer))),
            State::Deferred(mut answer, stop, revision) => {
                if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Some(Event::End(Audited::unrecorded(answer))));
                }
                match stop.poll(cx) {
                    Poll::Ready(reason) => Poll::Ready(Some(match reason.error() {
                        None => Event::Cancelled,
                        Some(error) => Event::End(Audited::unrecorded(Err(error.to_rpc(revision)))),
                    })),
                    Poll::Pending => {
                        self.0 = State::Deferred(answer, stop, revision);
                        Poll::Pending
                    }
                }
            }
            State::Held(mut waiting) => match waiting.poll(cx) {
                Poll::Pending => {
                    self.0 = State::Held(waiting);
                    Poll::Pending
                }
                Poll::Ready(Turn::Event(event)) => {
                    self.0 = State::Held(waiting);
                    Poll::Ready(Some(event))
                }
                Poll::Ready(Turn::GoOn(reply)) => {
                    *self = reply;
                    self.poll_next(cx)
                }
                Poll::Ready(Turn::Cancelled) => Poll::Ready(Some(Event::Cancelled)),
            },
            State::Live(mut live) => match live.poll(cx) {
                Poll::Pending => {
                    self.0 = State::Live(live);
                    Poll::Pending
                }
                Poll::Ready(Step::Notification(notification)) => {
                    self.0 = State::Live(live);
                    Poll::Ready(Some(Event::Notification(notification)))
                }
                Poll::Ready(Step::Question(question)) => {
                    self.0 = State::Live(live);
                    Poll::Ready(Some(Event::Question(question)))
                }
                Poll::Ready(Step::End(outcome, answer)) => {
                    let ticket = live.ticket.take();
                    let Plan { clock, revision, .. } = &live.plan;
                    Poll::Ready(Some(Event::End(record(ticket, outcome, &**clock, *revision, answer))))
                }
                Poll::Ready(Step::Cancelled) => {
                    let ticket = live.ticket.take();
                    let Plan { clock, revision, .. } = &live.plan;
                    let nothing = record(ticket, Outcome::Cancelled, &**clock, *revision, Ok(Raw::from_static("{}")));
                    drop(nothing);
                    Poll::Ready(Some(Event::Cancelled))
                }
            },
        }
    }
}

/// What one poll brought.
enum Step {
    Notification(Notification),
    Question(Question),
    End(Outcome, Answer),
    Cancelled,
}

impl Live {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if !self.questions.is_empty() && self.questions.poll(cx).is_ready() {
            // It is the server's turn again.
            self.rest();
        }
        loop {
            if let Some(rounds) = self.rounds.as_mut().filter(|rounds| rounds.is_gathering()) {
                match rounds.poll(cx) {
                    Poll::Pending => return self.poll_early_end(cx),
                    Poll::Ready(Between::Ask(question)) => return Poll::Ready(self.ask(question)),
                    Poll::Ready(Between::Fail(error)) => {
                        return Poll::Ready(Step::End(Outcome::RpcError(error.code), Err(error)));
                    }
                    Poll::Ready(Between::Retry(request)) => {
                        if let Some(mending) = &mut self.mending {
                            mending.sent(&request);
                        }
                        self.send(request);
                        self.rest();
                    }
                }
            }
            if let Some(mending) = self.mending.as_mut().filter(|mending| mending.is_looking()) {
                match mending.poll(cx) {
                    Poll::Pending => return self.poll_early_end(cx),
                    Poll::Ready(Mended::Again(request)) => self.send(request),
                    Poll::Ready(Mended::AsTask(request)) => {
                        self.task = Some(TaskRun::new());
                        self.send(request);
                    }
                    Poll::Ready(Mended::Not(error)) => {
                        return Poll::Ready(self.fail(&CallError::from_peer(&self.plan.server, error)));
                    }
                }
            }
            match &mut self.source {
                Source::Acquiring(acquiring, request) => match acquiring.as_mut().poll(cx) {
                    Poll::Pending => return self.poll_early_end(cx),
                    Poll::Ready(Ok(lease)) if !self.plan.fits(&lease) => {
                        let error = CallError::MethodNotFound(request.method.as_str().to_owned());
                        return Poll::Ready(self.fail(&error));
                    }
                    Poll::Ready(Ok(lease)) => {
                        // The time of the start does not count against the call.
                        self.timer.as_mut().reset(Instant::now() + self.plan.patience);
                        self.rounds = rounds(&self.plan, &lease, request);
                        self.mending = mending(&lease, request);
                        self.source = Source::Streaming(lease.peer().send(request.clone()), lease);
                    }
                    Poll::Ready(Err(unready)) => return Poll::Ready(self.fail(&unready_error(&self.plan, unready))),
                },
                Source::Streaming(replies, _) => match replies.as_mut().poll_next(cx).map(|item| {
                    self.answered = matches!(item, None | Some(ReplyItem::End(_)));
                    item
                }) {
                    Poll::Pending => return self.poll_early_end(cx),
                    Poll::Ready(Some(ReplyItem::Progress(params))) => {
                        self.again = None;
                        let patience = Instant::now() + self.plan.patience;
                        self.timer.as_mut().reset(patience.min(self.latest_end));
                        if let Some(notification) = self.progress(&params) {
                            return Poll::Ready(Step::Notification(notification));
                        }
                    }
                    Poll::Ready(Some(ReplyItem::Notification(notification))) if !self.wants(&notification) => {}
                    Poll::Ready(Some(ReplyItem::Notification(notification))) => {
                        return Poll::Ready(Step::Notification(self.plan.outward.notification(notification)));
                    }
                    Poll::Ready(Some(ReplyItem::Question(question))) => {
                        self.again = None;
                        return Poll::Ready(self.ask(question));
                    }
                    Poll::Ready(Some(ReplyItem::End(Ok(mut result)))) => {
                        if let Some(rounds) = &mut self.rounds {
                            match rounds.takes(&result) {
                                Ok(false) => {}
                                Ok(true) => {
                                    // The server has begun, so the call as it was cannot be sent once more.
                                    self.again = None;
                                    continue;
                                }
                                Err(error) => {
                                    return Poll::Ready(Step::End(Outcome::RpcError(error.code), Err(error)));
                                }
                            }
                        }
                        if let Some(task) = &mut self.task {
                            if let Source::Streaming(_, lease) = &self.source
                                && let Some(request) = task.takes(&result, lease)
                            {
                                self.send(request);
                                continue;
                            }
                            task.done();
                            result = tasks::plain(result);
                        }
                        if !self.plan.revision.is_legacy()
                            && let Source::Streaming(_, lease) = &self.source
                            && lease.peer().hello().revision.is_legacy()
                        {
                            result = orch_mcp::modern::of_legacy(result);
                        }
                        let outcome = if is_tool_error(&result) { Outcome::ToolError } else { Outcome::Ok };
                        return Poll::Ready(Step::End(outcome, Ok(self.plan.outward.result(result))));
                    }
                    Poll::Ready(Some(ReplyItem::End(Err(error)))) => {
                        if matches!(error, PeerError::Closed { .. }) && self.try_again() {
                            continue;
                        }
                        if let Some(mending) = &mut self.mending
                            && let Source::Streaming(_, lease) = &self.source
                            && mending.takes(&error, lease)
                        {
                            continue;
                        }
                        if self.task.is_none()
                            && let Some(request) = self.again.take()
                            && let Source::Streaming(_, lease) = &self.source
                            && let Some(mending) = Mending::as_task(&request, &error, lease)
                        {
                            self.mending = Some(mending);
                            continue;
                        }
                        if let Some(task) = &mut self.task {
                            task.done();
                        }
                        return Poll::Ready(self.fail(&CallError::from_peer(&self.plan.server, error)));
                    }
                    Poll::Ready(None) => {
                        let reason = "the connection ended without an answer".to_owned();
                        let server = self.plan.server.to_string();
                        return Poll::Ready(self.fail(&CallError::Disconnected { server, reason }));
                    }
                },
            }
        }
    }

    /// The same call goes on with another request.
    fn send(&mut self, request: PeerRequest) {
        self.answered = false;
        if let Source::Streaming(replies, lease) = &mut self.source {
            *replies = lease.peer().send(request);
        }
    }

    /// Nothing has come: has somebody ended the request, or is its time over?
    fn poll_early_end(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(reason) = self.plan.stop.poll(cx) {
            // One that is tried once more does no harm a third time.
            let error = match self.source {
                Source::Acquiring(..) => reason.error(),
                Source::Streaming(..) => reason.error_of_sent(),
            };
            return Poll::Ready(match error {
                None => Step::Cancelled,
                Some(error) => self.fail(&error),
            });
        }
        if matches!(self.source, Source::Acquiring(..)) {
            // Starting has a deadline of its own.
            return Poll::Pending;
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            if !self.questions.is_empty() {
                self.questions.give_up();
                self.rest();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let seconds = self.plan.patience.as_secs();
            if let Source::Streaming(_, lease) = &self.source {
                lease.suspect();
            }
            return Poll::Ready(self.fail(&CallError::Timeout { server: self.plan.server.to_string(), seconds }));
        }
        Poll::Pending
    }

    /// The connection died before anything came. Sends the request once more, if the tool says that this does no harm.
    fn try_again(&mut self) -> bool {
        let Some(request) = self.again.take() else { return false };
        let Source::Streaming(_, lease) = &self.source else { return false };
        let tool = request.params.as_ref().and_then(|params| object::string(params, "name"));
        let Some(slot) = tool.and_then(|tool| lease.second_try(&tool)) else { return false };
        let needed = self.plan.needed.clone();
        let acquiring = async move {
            match needed {
                None => slot.acquire().await,
                Some(needed) => slot.acquire_for(&needed).await,
            }
        };
        self.source = Source::Acquiring(Box::pin(acquiring), request);
        true
    }

    /// Whether it means something to the client, and whether it asked for a log message like this.
    fn wants(&self, notification: &Notification) -> bool {
        match notification.method.as_str() {
            method::LOG_MESSAGE => {}
            method => return self.plan.revision.may_hear(method),
        }
        let level = notification.params.as_ref().and_then(|params| object::member(params, "level"));
        let level = level.and_then(|level| LogLevel::read(&level));
        self.plan.log_level.is_some_and(|wanted| level.is_none_or(|level| level >= wanted))
    }

    /// Hands a question on. People are slower than servers.
    fn ask(&mut self, question: Question) -> Step {
        let until = Instant::now() + self.plan.question;
        self.timer.as_mut().reset(until.min(self.latest_end));
        Step::Question(self.questions.pass(question, &self.plan.outward))
    }

    /// The server has its usual time again.
    fn rest(&mut self) {
        let until = Instant::now() + self.plan.patience;
        self.timer.as_mut().reset(until.min(self.latest_end));
    }

    fn fail(&mut self, error: &CallError) -> Step {
        note_reason(&mut self.ticket, error);
        let mut rpc = error.to_rpc(self.plan.revision);
        // A modern server's way to say that a resource is not there has a code of its own in the legacy revisions.
        if self.plan.reads
            && self.plan.revision.is_legacy()
            && rpc.code == code::INVALID_PARAMS
            && rpc.data.as_ref().and_then(|data| object::string(data, "uri")).is_some()
            && matches!(&self.source, Source::Streaming(_, lease) if !lease.peer().hello().revision.is_legacy())
        {
            rpc.code = code::RESOURCE_NOT_FOUND;
        }
        Step::End(error.outcome(), Err(self.plan.outward.error(rpc)))
    }

    /// The progress notification under the client's own token; None when it did not ask for any.
    fn progress(&self, params: &Raw) -> Option<Notification> {
        let token = self.plan.progress_token.as_ref()?;
        let params = object::with(params, "progressToken", token).ok()?;
        Some(Notification { method: MethodName::from_static("notifications/progress"), params: Some(params) })
    }
}

/// A client with a session does not know what a modern server wants when it asks.
fn rounds(plan: &Plan, lease: &Lease, request: &PeerRequest) -> Option<Box<Rounds>> {
    let bridged = plan.revision.is_legacy() && !lease.peer().hello().revision.is_legacy();
    bridged.then(|| Box::new(Rounds::new(request)))
}

/// What a modern server wants as headers may have changed.
fn mending(lease: &Lease, request: &PeerRequest) -> Option<Box<Mending>> {
    (!lease.peer().hello().revision.is_legacy()).then(|| Mending::of(request))
}

fn unready_error(plan: &Plan, unready: Unready) -> CallError {
    let server = plan.server.to_string();
    match unready {
        Unready::Failed(reason) => CallError::Unavailable { server, reason },
        Unready::Busy(reason) => CallError::Busy { server, reason },
    }
}

/// Says why the call is refused, unless somebody who knew more has said it.
fn note_reason(ticket: &mut Option<CallTicket>, error: &CallError) {
    if let (Some(ticket), Some(reason)) = (ticket, error.reason()) {
        ticket.refuse(reason.into());
    }
}

/// Puts the call on record. When that is not possible the answer does not leave: the record is the promise.
fn record(
    ticket: Option<CallTicket>,
    outcome: Outcome,
    clock: &dyn Clock,
    revision: Revision,
    answer: Answer,
) -> Audited<Answer> {
    let Some(ticket) = ticket else { return Audited::unrecorded(answer) };
    ticket
        .close(outcome, clock.now(), answer)
        .unwrap_or_else(|error| Audited::unrecorded(Err(CallError::NotRecorded(error).to_rpc(revision))))
}

fn is_tool_error(result: &Raw) -> bool {
    static IS_ERROR: Word = Word::new(r#""isError""#);
    IS_ERROR.is_in(result.as_bytes()) && object::member(result, "isError").is_some_and(|value| value.as_str() == "true")
}
