//! Calls: one tool call, prompt get or resource read, and the ticket that makes sure each is recorded.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Timestamp;
use crate::arguments::Arguments;
use crate::id::{CallId, KeyId, ProjectId, ServerId, UserId};
use crate::port::call_log::{CallLog, CallLogError};
use crate::refusal::Refusal;
use crate::words::words;

/// The record of a call. Results are not in it, and of arguments what the project wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub id: CallId,
    pub at: Timestamp,
    pub project_id: ProjectId,
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    /// What the client calls itself, name and version; as claimed.
    pub client: Arc<str>,
    /// None when no server of that name was found, or none was looked for.
    pub server_id: Option<ServerId>,
    /// The alias at the time of the call; empty when unknown.
    pub server: Arc<str>,
    pub kind: CallKind,
    /// The tool's or prompt's upstream name, or the resource's URI; as the client wrote it when it was not found.
    pub target: String,
    /// Without what it waited for an approval.
    pub duration: Duration,
    /// How long it waited for an approval.
    pub waited: Duration,
    pub outcome: Outcome,
    /// Why it was refused or limited; also None for calls of a time before this was recorded.
    pub refusal: Option<Refusal>,
    pub arguments: Option<Arguments>,
}

impl Call {
    /// Leaves what its caller may know. What was hidden from it looks like what was never there, and rules are known to who
    /// sets them.
    pub fn redact_for_caller(&mut self) {
        if let Some(refusal) = &mut self.refusal {
            if refusal.reason.leads_nowhere() {
                self.server_id = None;
                self.server = Arc::default();
            }
            *refusal = refusal.reason.told_to_caller().into();
        }
    }

    /// When it ended.
    #[must_use]
    pub fn ended(&self) -> Timestamp {
        // What a file says may be anything.
        let took = self.duration.saturating_add(self.waited);
        self.at.saturating_add(took.try_into().unwrap_or_default())
    }

    /// The server that it counts for: none where it led to nothing.
    #[must_use]
    pub fn server_counted(&self) -> Option<ServerId> {
        self.server_id.filter(|_| !self.refusal.is_some_and(|refusal| refusal.reason.leads_nowhere()))
    }
}

words! {
    /// What is called.
    CallKind {
        Tool = "tool",
        Prompt = "prompt",
        Resource = "resource",
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Ok,
    /// The tool itself reported an error (`isError`).
    ToolError,
    /// The upstream answered with a JSON-RPC error of this code.
    RpcError(i64),
    /// The upstream is down, broke off, or broke the protocol.
    Unavailable,
    Timeout,
    /// Policy said no, or there is no such thing.
    Refused,
    /// A limit of ours was reached.
    Limited,
    Cancelled,
    /// The answer could not be delivered.
    Abandoned,
    /// The daemon stopped before the call had ended by itself.
    Stopping,
}

words! {
    /// An [`Outcome`] without the upstream's error code.
    OutcomeKind {
        Ok = "ok",
        ToolError = "tool_error",
        RpcError = "rpc_error",
        Unavailable = "unavailable",
        Timeout = "timeout",
        Refused = "refused",
        Limited = "limited",
        Cancelled = "cancelled",
        Abandoned = "abandoned",
        Stopping = "stopping",
    }
}

impl Outcome {
    #[must_use]
    pub const fn kind(self) -> OutcomeKind {
        match self {
            Self::Ok => OutcomeKind::Ok,
            Self::ToolError => OutcomeKind::ToolError,
            Self::RpcError(_) => OutcomeKind::RpcError,
            Self::Unavailable => OutcomeKind::Unavailable,
            Self::Timeout => OutcomeKind::Timeout,
            Self::Refused => OutcomeKind::Refused,
            Self::Limited => OutcomeKind::Limited,
            Self::Cancelled => OutcomeKind::Cancelled,
            Self::Abandoned => OutcomeKind::Abandoned,
            Self::Stopping => OutcomeKind::Stopping,
        }
    }

    /// The word of its kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }

    /// The upstream's error code, for [`Outcome::RpcError`].
    #[must_use]
    pub const fn code(self) -> Option<i64> {
        match self {
            Self::RpcError(code) => Some(code),
            _ => None,
        }
    }

    /// The inverse of [`Outcome::kind`] and [`Outcome::code`]; None where the code is missing.
    #[must_use]
    pub fn of(kind: OutcomeKind, code: Option<i64>) -> Option<Self> {
        Some(match kind {
            OutcomeKind::Ok => Self::Ok,
            OutcomeKind::ToolError => Self::ToolError,
            OutcomeKind::RpcError => Self::RpcError(code?),
            OutcomeKind::Unavailable => Self::Unavailable,
            OutcomeKind::Timeout => Self::Timeout,
            OutcomeKind::Refused => Self::Refused,
            OutcomeKind::Limited => Self::Limited,
            OutcomeKind::Cancelled => Self::Cancelled,
            OutcomeKind::Abandoned => Self::Abandoned,
            OutcomeKind::Stopping => Self::Stopping,
        })
    }
}

/// An answer whose call is on record. Only [`CallTicket::close`] and [`Audited::unrecorded`] make one, and an edge
/// answers with nothing else.
#[derive(Debug)]
pub struct Audited<T>(T);

impl<T> Audited<T> {
    /// An answer to something that is not a call: a list, a ping, a handshake.
    pub const fn unrecorded(answer: T) -> Self {
        Self(answer)
    }

    /// The same answer in other words.
    pub fn map<U>(self, translate: impl FnOnce(T) -> U) -> Audited<U> {
        Audited(translate(self.0))
    }

    pub const fn get(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The obligation to record a call. Dropped unclosed, it records the call as abandoned.
pub struct CallTicket {
    log: Arc<dyn CallLog>,
    /// None once it is on record. Boxed, as the ticket goes through many hands.
    call: Option<Box<Call>>,
    /// Since when it waits for an approval.
    waits_since: Option<Timestamp>,
    /// What is given back when the call is over.
    kept: Option<Box<dyn Send + Sync>>,
}

impl CallTicket {
    /// `call.outcome`, `call.duration` and `call.waited` are filled in at the end. Opened by [`open`](crate::port::call_log::open).
    pub(crate) fn new(log: Arc<dyn CallLog>, call: Call) -> Self {
        Self { log, call: Some(Box::new(call)), waits_since: None, kept: None }
    }

    /// The call as it will be recorded, to be completed once the target is known.
    pub fn call_mut(&mut self) -> Option<&mut Call> {
        self.call.as_deref_mut()
    }

    /// Holds something for as long as the call takes.
    pub fn keep(&mut self, kept: Box<dyn Send + Sync>) {
        self.kept = Some(kept);
    }

    /// Says why the call is about to be refused. What is said first counts, as it knows most.
    pub fn refuse(&mut self, refusal: Refusal) {
        if let Some(call) = &mut self.call {
            call.refusal.get_or_insert(refusal);
        }
    }

    /// The call waits for an approval from now on. That counts apart from its duration.
    pub fn wait(&mut self, now: Timestamp) {
        self.waits_since.get_or_insert(now);
    }

    /// It waits no longer.
    pub fn go_on(&mut self, now: Timestamp) {
        if let Some(since) = self.waits_since.take()
            && let Some(call) = &mut self.call
        {
            call.waited += between(since, now);
        }
    }

    /// Puts the call on record and gives the answer free. An error means that the record is not durable, and so the
    /// answer must not leave.
    pub fn close<T>(mut self, outcome: Outcome, now: Timestamp, answer: T) -> Result<Audited<T>, CallLogError> {
        self.record(outcome, now)?;
        Ok(Audited(answer))
    }

    fn record(&mut self, outcome: Outcome, now: Timestamp) -> Result<(), CallLogError> {
        self.kept = None;
        self.go_on(now);
        let Some(mut call) = self.call.take() else {
            return Ok(());
        };
        call.outcome = outcome;
        call.duration = between(call.at, now).saturating_sub(call.waited);
        self.log.append(&call)
    }
}

/// Clocks may be put back.
fn between(since: Timestamp, now: Timestamp) -> Duration {
    (now - since).try_into().unwrap_or(Duration::ZERO)
}

impl Drop for CallTicket {
    fn drop(&mut self) {
        if self.call.is_some() {
            let now = self.log.now();
            // The caller has gone; the log itself reports that it cannot be written.
            let _ = self.record(Outcome::Abandoned, now);
        }
    }
}

impl fmt::Debug for CallTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTicket").field("call", &self.call).finish_non_exhaustive()
    }
}
