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
