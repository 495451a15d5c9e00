//! The errors of `orch-control` as answers. Says nothing that the control plane did not mean to be said.

use orch_control::error::ControlError;
use orch_control::problem::Problem;
use orch_domain::error::StoreError;

use crate::api_error::{ApiError, Code, FieldError};

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let text = error.to_string();
        match error {
            ControlError::Missing { .. } => Self::new(Code::NotFound, text),
            ControlError::Forbidden { .. } => Self::new(Code::Forbidden, text),
            ControlError::Invalid { problems } => {
                let detail = match problems.as_slice() {
                    [problem] => problem.to_string(),
                    problems => format!("{} problems", problems.len()),
                };
                Self::new(Code::Invalid, detail).with_errors(problems.into_iter().map(FieldError::from).collect())
            }
            ControlError::Conflict { .. } => Self::new(Code::Conflict, text),
            ControlError::Taken(problem) => Self::new(Code::Conflict, text).with_errors(vec![problem.into()]),
            ControlError::Gone { .. } => Self::new(Code::Gone, text),
            ControlError::Busy => Self::new(Code::TooManyRequests, text).retry_after(60),
            ControlError::Stale { .. } => Self::new(Code::Stale, text),
            ControlError::LastAdmin { .. } => Self::new(Code::LastAdmin, text),
            ControlError::LastInstanceAdmin => Self::new(Code::LastInstanceAdmin, text),
            ControlError::Runtime { .. } => Self::new(Code::ServerFailed, text),
            ControlError::Store(error) => Self::from(error),
            error @ (ControlError::Vault(_) | ControlError::Password(_)) => Self::internal(error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            error @ StoreError::Unavailable { .. } => Self::unavailable(error),
            error @ StoreError::Full { .. } => Self::disk_full(error),
            error @ StoreError::Damaged { .. } => Self::damaged(error),
            error => Self::internal(error),
        }
    }
}

impl From<Problem> for FieldError {
    fn from(problem: Problem) -> Self {
        Self {
            field: problem.field,
            problem: problem.problem,
            hint: problem.hint,
            line: problem.at.map(|at| at.line),
            column: problem.at.map(|at| at.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::error::StoreError;

    use crate::api_error::{ApiError, Code};

    #[test]
    fn a_database_that_fails_is_told_of_as_what_it_is() {
        let check = |error: StoreError, detail: &str, retry_after| {
            let error = ApiError::from(error);
            assert_eq!((error.code, error.retry_after), (Code::Unavailable, retry_after), "{error}");
            assert!(error.detail.contains(detail), "{error}");
        };
        let doing = "looking";
        check(StoreError::Unavailable { doing, source: "gone".into() }, "is not available", Some(1));
        check(StoreError::Full { doing, source: "no room".into() }, "disk of the database is full", Some(60));
        check(StoreError::Damaged { doing, source: "malformed".into() }, "restore a backup", None);
    }
}
