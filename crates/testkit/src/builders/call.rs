//! Calls.

use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::arguments::Arguments;
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::id::{CallId, KeyId, ProjectId, ServerId, UserId};
use orch_domain::refusal::Refusal;

use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct CallBuilder(Call);

/// A tool call that went well, by a login.
#[must_use]
pub fn a_call() -> CallBuilder {
    CallBuilder(Call {
        id: CallId::new(),
        at: FixedClock::START,
        project_id: ProjectId::new(),
        user_id: UserId::new(),
        key_id: None,
        client: "claude-code 2.0".into(),
        server_id: Some(ServerId::new()),
        server: "github".into(),
        kind: CallKind::Tool,
        target: "create_issue".to_owned(),
        duration: Duration::from_micros(12_345),
        waited: Duration::ZERO,
        outcome: Outcome::Ok,
        refusal: None,
        arguments: None,
    })
}

impl CallBuilder {
    #[must_use]
    pub fn in_project(mut self, project: ProjectId) -> Self {
        self.0.project_id = project;
        self
    }

    #[must_use]
    pub fn by(mut self, user: UserId) -> Self {
        self.0.user_id = user;
        self
    }

    #[must_use]
    pub fn with_key(mut self, key: KeyId) -> Self {
        self.0.key_id = Some(key);
        self
    }

    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.0.at = at;
        self
    }

    #[must_use]
    pub fn on(mut self, server: ServerId) -> Self {
        self.0.server_id = Some(server);
        self
    }

    #[must_use]
    pub fn to_nowhere(mut self, target: &str) -> Self {
        self.0.server_id = None;
        self.0.server = "".into();
        target.clone_into(&mut self.0.target);
        self
    }

    #[must_use]
    pub fn kind(mut self, kind: CallKind) -> Self {
        self.0.kind = kind;
        self
    }

    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// Ends it as calls end that are refused for this.
    #[must_use]
    pub fn refused(mut self, refusal: impl Into<Refusal>) -> Self {
        let refusal = refusal.into();
        self.0.outcome = refusal.reason.outcome();
        self.0.refusal = Some(refusal);
        self
    }

    #[must_use]
    pub fn waited(mut self, waited: Duration) -> Self {
        self.0.waited = waited;
        self
    }

    #[must_use]
    pub fn arguments(mut self, arguments: Arguments) -> Self {
        self.0.arguments = Some(arguments);
        self
    }

    #[must_use]
    pub fn build(self) -> Call {
        self.0
    }
}
