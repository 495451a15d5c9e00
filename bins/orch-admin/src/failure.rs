//! From an error to what is said about it and to an exit code. The only place that knows the codes.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use orch_app::control::error::ControlError;
use orch_app::domain::error::StoreError;
use orch_app::persistence::PersistenceError;

use crate::output;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const MISSING: u8 = 3;
const CONFLICT: u8 = 4;
const UNAVAILABLE: u8 = 5;

/// What was written on the command line or in a file cannot be used.
#[derive(Debug)]
struct Usage(anyhow::Error);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl Error for Usage {}

/// Marks an error as one of usage.
pub(crate) fn usage(error: impl Into<anyhow::Error>) -> anyhow::Error {
    let error = error.into();
    // A database that is not there stays what it is, wherever it was found out.
    if code(&error) == FAILED { anyhow::Error::new(Usage(error)) } else { error }
}

/// Says on standard error what went wrong and what can be done, and gives the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    output::remark(&format!("error: {error:#}"));
    if let Some(advice) = advice(error) {
        output::remark(&format!("hint: {advice}"));
    }
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of).unwrap_or(FAILED)
}

fn code_of(error: &(dyn Error + 'static)) -> Option<u8> {
    if error.is::<Usage>() {
        return Some(USAGE);
    }
    if let Some(error) = error.downcast_ref::<ControlError>() {
        return Some(match error {
            ControlError::Invalid { .. } => USAGE,
            ControlError::Missing { .. } => MISSING,
            ControlError::Conflict { .. }
            | ControlError::Taken(_)
            | ControlError::Gone { .. }
            | ControlError::Stale { .. }
            | ControlError::LastAdmin { .. }
            | ControlError::LastInstanceAdmin => CONFLICT,
            ControlError::Store(error) => of_store(error),
            ControlError::Forbidden { .. }
            | ControlError::Busy
            | ControlError::Vault(_)
            | ControlError::Password(_)
            | ControlError::Runtime { .. } => FAILED,
        });
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return Some(of_store(error));
    }
    match error.downcast_ref::<PersistenceError>()? {
        PersistenceError::Connect { .. } => Some(UNAVAILABLE),
        PersistenceError::Url { .. } => Some(USAGE),
        _ => Some(FAILED),
    }
}

const fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::Unavailable { .. } => UNAVAILABLE,
        StoreError::Missing { .. } => MISSING,
        StoreError::Conflict { .. }
        | StoreError::Stale { .. }
        | StoreError::LastAdmin { .. }
        | StoreError::LastInstanceAdmin => CONFLICT,
        StoreError::Corrupt { .. } => FAILED,
    }
}

fn advice(error: &anyhow::Error) -> Option<&'static str> {
    if code(error) == UNAVAILABLE {
        return Some("check that the database runs and that DATABASE_URL or --data-dir names it");
    }
    match error.chain().find_map(|error| error.downcast_ref::<ControlError>())? {
        ControlError::Missing { what: "project" } => Some("orch-admin project list shows the projects"),
        ControlError::Missing { what: "server" } => Some("orch-admin server list --project PROJECT shows the servers"),
        ControlError::Missing { what: "key" | "live key" } => {
            Some("orch-admin key list --project PROJECT shows the keys")
        }
        ControlError::Missing { what: "rule" } => Some("orch-admin policy list --project PROJECT shows the rules"),
        ControlError::Missing { what: "user of the project" } => {
            Some("name somebody who reaches the project, by id or e-mail address")
        }
        ControlError::Missing { what: "user" } => Some("orch-admin user list shows the accounts"),
        ControlError::Stale { .. } => Some("run the command again"),
        ControlError::LastInstanceAdmin => Some("make somebody else an admin first"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use orch_app::control::error::ControlError;
    use orch_app::domain::error::StoreError;

    use super::{code, usage};

    fn check(error: impl Into<anyhow::Error>, expected: u8) {
        let error = error.into();
        assert_eq!(code(&error), expected, "{error:#}");
    }

    fn away() -> StoreError {
        StoreError::Unavailable { doing: "looking", source: "gone".into() }
    }

    #[test]
    fn gives_the_documented_codes() {
        check(anyhow::anyhow!("something"), 1);
        check(ControlError::Runtime { reason: "exited".to_owned() }, 1);
        check(ControlError::invalid("name", "it is empty", "write one"), 2);
        check(ControlError::Missing { what: "server" }, 3);
        check(ControlError::Stale { what: "server" }, 4);
        check(ControlError::LastAdmin { of: vec!["project demo".to_owned()] }, 4);
        check(ControlError::from(StoreError::Conflict { what: "a project with this slug" }), 4);
        check(ControlError::from(away()), 5);
        check(away(), 5);
    }

    #[test]
    fn sees_through_context() {
        let error = Err::<(), _>(away()).context("opening the instance").expect_err("an error");
        check(error, 5);
    }

    #[test]
    fn usage_does_not_hide_a_database_that_is_away() {
        check(usage(anyhow::anyhow!("no number")), 2);
        check(usage(away()), 5);
    }
}
