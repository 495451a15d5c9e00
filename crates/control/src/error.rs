//! Why a use-case did not do what was asked.

use std::fmt;

use orch_domain::error::{StoreError, keeps_an_admin};
use orch_domain::policy::Denial;
use orch_domain::port::password_hasher::PasswordError;
use orch_domain::port::server_runtime::RuntimeError;
use orch_domain::port::vault::VaultError;
use orch_domain::role::Role;

use crate::problem::Problem;

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It does not exist, or the principal may not know that it does: the two are one answer.
    #[error("there is no such {what}")]
    Missing { what: &'static str },
    /// The principal sees the object and may not do this to it.
    #[error("this needs {needed}")]
    Forbidden { needed: Needed },
    #[error("{}", List(problems))]
    Invalid { problems: Vec<Problem> },
    /// It contradicts what is there.
    #[error("{problem}")]
    Conflict { problem: String },
    /// What a field of the request names exists already.
    #[error("{}", .0.problem)]
    Taken(Problem),
    /// It was there, and is over for good.
    #[error("{problem}")]
    Gone { problem: String },
    /// Too many ask for the same at the moment.
    #[error("too many ask for this at the moment; try again in a minute")]
    Busy,
    /// Somebody else changed it first.
    #[error("the {what} was changed in between")]
    Stale { what: &'static str },
    /// Projects or teams would be left without an active admin.
    #[error("{}", keeps_an_admin(.of))]
    LastAdmin { of: Vec<String> },
    #[error("an instance keeps at least one admin")]
    LastInstanceAdmin,
    #[error(transparent)]
    Store(StoreError),
    #[error("a secret could not be sealed or opened")]
    Vault(#[from] VaultError),
    #[error("the password could not be hashed")]
    Password(#[source] PasswordError),
    /// The server did not start or stop; the reason is for people and holds no secret.
    #[error("{reason}")]
    Runtime { reason: String },
}

/// What would have been enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    Role(Role),
    TeamAdmin,
    InstanceAdmin,
    /// The machine's own command line.
    Console,
    /// An API key looks and calls, it never manages.
    Login,
    /// An API key was made for less than that.
    WholeProject,
}

impl ControlError {
    #[must_use]
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { problems: vec![Problem::new(field, problem, hint)] }
    }

    /// What a store's error means for a write in which only what `field` of the request names can be taken.
    pub(crate) fn taken(field: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Conflict { what } => {
                Self::Taken(Problem::new(field, format!("{what} exists already"), "write another one"))
            }
            error => error.into(),
        }
    }

    /// The answer to a [`Denial`] on a `what`.
    #[must_use]
    pub const fn denied(denial: Denial, what: &'static str) -> Self {
        match denial {
            Denial::Hidden => Self::Missing { what },
            Denial::NeedsRole { needed } => Self::Forbidden { needed: Needed::Role(needed) },
        }
    }
}

impl Needed {
    /// The word of the audit trail.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Role(role) => role.as_str(),
            Self::TeamAdmin => "team_admin",
            Self::InstanceAdmin => "instance_admin",
            Self::Console => "console",
            Self::WholeProject => "whole_project",
            Self::Login => "login",
        }
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "the role {role}"),
            Self::TeamAdmin => f.write_str("an admin of the team"),
            Self::InstanceAdmin => f.write_str("an instance admin"),
            Self::Console => f.write_str("the command line of the machine itself"),
            Self::WholeProject => f.write_str("a login, or an API key that was made for the whole project"),
            Self::Login => f.write_str("a login: API keys look and call, they do not manage"),
        }
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { what } => Self::Conflict { problem: format!("{what} exists already") },
            StoreError::Stale { what } => Self::Stale { what: noun(what) },
            StoreError::Missing { what } => Self::Missing { what: noun(what) },
            StoreError::LastAdmin { of } => Self::LastAdmin { of },
            StoreError::LastInstanceAdmin => Self::LastInstanceAdmin,
            error @ (StoreError::Unavailable { .. }
            | StoreError::Full { .. }
            | StoreError::Damaged { .. }
            | StoreError::Corrupt { .. }) => Self::Store(error),
        }
    }
}

impl From<PasswordError> for ControlError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => {
                Self::invalid("password", "the length is wrong", "a password has 10 to 256 characters")
            }
            PasswordError::Failed => Self::Password(error),
        }
    }
}

impl From<RuntimeError> for ControlError {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::Missing => Self::Missing { what: "server" },
            RuntimeError::Disabled => Self::Conflict { problem: "the server is disabled: enable it first".to_owned() },
            RuntimeError::Failed { reason } => Self::Runtime { reason },
        }
    }
}

/// Both, or what is wrong with either.
pub(crate) fn both<A, B>(a: Result<A, ControlError>, b: Result<B, ControlError>) -> Result<(A, B), ControlError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(ControlError::Invalid { mut problems }), Err(ControlError::Invalid { problems: more })) => {
            problems.extend(more);
            Err(ControlError::Invalid { problems })
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// A store says `the project` where we say `project`: the two have to be one answer.
fn noun(what: &'static str) -> &'static str {
    what.strip_prefix("the ").unwrap_or(what)
}

/// Problems one after the other.
struct List<'a>(&'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
