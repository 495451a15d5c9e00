//! From an error to what is said about it and to an exit code. The only place that knows the codes.

use std::borrow::Cow;
use std::error::Error;
use std::process::ExitCode;

use orch_app::control::error::ControlError;
use orch_app::control::problem::Problem;
use orch_app::domain::error::StoreError;
use orch_app::persistence::PersistenceError;
use orch_app::unusable::{Unusable, unusable};

use crate::output;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const MISSING: u8 = 3;
const CONFLICT: u8 = 4;
const UNAVAILABLE: u8 = 5;

/// Marks an error as one of usage: what was written on the command line or in a file cannot be used.
pub(crate) fn usage(error: impl Into<anyhow::Error>) -> anyhow::Error {
    let error = error.into();
    // A database that is not there stays what it is, wherever it was found out.
    if code(&error) == FAILED { unusable(error) } else { error }
}

/// What the fields that `orch-control` names are called on the command line.
pub(crate) type Spelling = [(&'static str, &'static str)];

/// The error in the words of the command line: a field that is on the list goes by its flag.
pub(crate) fn spelled(error: anyhow::Error, spelling: &Spelling) -> anyhow::Error {
    if !matches!(error.downcast_ref(), Some(ControlError::Invalid { .. } | ControlError::Taken(_))) {
        return error;
    }
    let spell = |problem: Problem| Problem { field: flag(&problem.field, spelling), ..problem };
    match error.downcast::<ControlError>() {
        Ok(ControlError::Invalid { problems }) => {
            ControlError::Invalid { problems: problems.into_iter().map(spell).collect() }.into()
        }
        Ok(ControlError::Taken(problem)) => ControlError::Taken(spell(problem)).into(),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}

/// The flag of the field, or of the one that it is a part of, and then which part.
fn flag(field: &str, spelling: &Spelling) -> String {
    let parts = spelling.iter().filter_map(|(name, flag)| Some((*name, *flag, field.strip_prefix(name)?)));
    let parts = parts.filter(|(_, _, part)| part.is_empty() || part.starts_with(['.', '[']));
    let Some((_, flag, part)) = parts.max_by_key(|(name, ..)| name.len()) else { return field.to_owned() };
    let place = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')?.parse::<usize>().ok());
    match (place, part.strip_prefix('.')) {
        (Some(place), _) => format!("{flag} (number {})", place.saturating_add(1)),
        (None, Some(name)) => format!("{flag} {name}"),
        (None, None) => flag.to_owned(),
    }
}

/// The problems of a file, one on a line.
pub(crate) fn in_file(file: &str, problems: &[Problem]) -> anyhow::Error {
    let file = if file == "-" { "standard input" } else { file };
    usage(anyhow::anyhow!(problems.iter().map(|problem| format!("{file}: {problem}")).collect::<Vec<_>>().join("\n")))
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
    if error.is::<Unusable>() {
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
        // To try again is of no use.
        PersistenceError::Damaged { .. } => Some(FAILED),
        PersistenceError::Url { .. } => Some(USAGE),
        _ => Some(FAILED),
    }
}

const fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::Unavailable { .. } | StoreError::Full { .. } => UNAVAILABLE,
        StoreError::Missing { .. } => MISSING,
        StoreError::Conflict { .. }
        | StoreError::Stale { .. }
        | StoreError::LastAdmin { .. }
        | StoreError::LastInstanceAdmin => CONFLICT,
        StoreError::Damaged { .. } | StoreError::Corrupt { .. } => FAILED,
    }
}

fn advice(error: &anyhow::Error) -> Option<Cow<'static, str>> {
    if let Some(advice) = error.chain().find_map(advice_of_the_store) {
        return Some(advice.into());
    }
    if code(error) == UNAVAILABLE {
        return Some("check that the database runs and that DATABASE_URL or --data-dir names it".into());
    }
    let advice = match error.chain().find_map(|error| error.downcast_ref::<ControlError>())? {
        ControlError::Taken(problem) => return Some(format!("{}: {}", problem.field, problem.hint).into()),
        ControlError::Missing { what: "project" } => "orch-admin project list shows the projects",
        ControlError::Missing { what: "server" } => "orch-admin server list --project PROJECT shows the servers",
        ControlError::Missing { what: "key" | "live key" } => "orch-admin key list --project PROJECT shows the keys",
        ControlError::Missing { what: "rule" } => "orch-admin policy list --project PROJECT shows the rules",
        ControlError::Missing { what: "user of the project" } => {
            "name somebody who reaches the project, by id or e-mail address"
        }
        ControlError::Missing { what: "user" } => "orch-admin user list shows the accounts",
        ControlError::Missing { what: "team" } => "name it by its slug, as the dashboard shows it, or by its id",
        ControlError::Stale { .. } => "run the command again",
        ControlError::LastInstanceAdmin => "make somebody else an admin first",
        _ => return None,
    };
    Some(advice.into())
}

/// Where the database is there, and it is its disk or its file that fails.
fn advice_of_the_store(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let store = match error.downcast_ref() {
        // What says the same as its cause is not in the chain.
        Some(ControlError::Store(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    match store {
        Some(StoreError::Full { .. }) => Some("make room on the disk of the database, and try again"),
        Some(StoreError::Damaged { .. }) => Some("stop the daemon and restore a backup: docs/how-to/back-up.md"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use orch_app::control::error::ControlError;
    use orch_app::domain::error::StoreError;

    use orch_app::persistence::PersistenceError;

    use super::{advice, code, flag, spelled, usage};

    fn check(error: impl Into<anyhow::Error>, expected: u8) {
        let error = error.into();
        assert_eq!(code(&error), expected, "{error:#}");
    }

    fn away() -> StoreError {
        StoreError::Unavailable { doing: "looking", source: "gone".into() }
    }

    fn full() -> StoreError {
        StoreError::Full { doing: "looking", source: "no room".into() }
    }

    fn damaged() -> StoreError {
        StoreError::Damaged { doing: "looking", source: "malformed".into() }
    }

    #[test]
    fn the_advice_is_for_what_fails() {
        let said = |error: anyhow::Error| advice(&error).expect("some advice").into_owned();
        for (error, expected) in [
            (away().into(), "check that the database runs"),
            (full().into(), "make room"),
            (ControlError::from(full()).into(), "make room"),
            (anyhow::Error::from(damaged()).context("opening the instance"), "restore a backup"),
            (ControlError::from(damaged()).into(), "restore a backup"),
        ] {
            let said = said(error);
            assert!(said.contains(expected), "{said}");
        }
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
        check(full(), 5);
        check(ControlError::from(damaged()), 1);
        let (database, source) = ("sqlite:orch.db".to_owned(), "malformed".into());
        check(PersistenceError::Damaged { database, source }, 1);
    }

    #[test]
    fn names_flags_in_place_of_fields() {
        let spelling = [("limits", "--set"), ("scope.servers", "--server"), ("limits.per_day", "--per-day")];
        for (field, expected) in [
            ("limits.memory_mib", "--set memory_mib"),
            ("limits.per_day", "--per-day"),
            ("scope.servers", "--server"),
            ("scope.servers[1]", "--server (number 2)"),
            ("scope.serversmith", "scope.serversmith"),
            ("name", "name"),
        ] {
            assert_eq!(flag(field, &spelling), expected);
        }
        let error = spelled(ControlError::invalid("scope.servers[0]", "it is gone", "").into(), &spelling);
        assert_eq!((error.to_string().as_str(), code(&error)), ("--server (number 1): it is gone", 2));
        assert_eq!(code(&spelled(away().into(), &spelling)), 5);
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
