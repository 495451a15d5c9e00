//! Changes that meet by chance. Does not know what is changed, or how.

use crate::error::ControlError;

/// Of changes that meet one always gets through, so only who meets others again and again is told.
const TRIES: usize = 5;

/// Has a change made anew on what is there now when another one was faster: who expects no version has not seen what
/// the other one changed, and wants it as it is. `attempt` reads, changes and writes.
pub(crate) async fn unless_expected<T, F>(expected: Option<u32>, attempt: impl Fn() -> F) -> Result<T, ControlError>
where
    F: Future<Output = Result<T, ControlError>>,
{
    if expected.is_some() {
        return attempt().await;
    }
    let mut met = "object";
    for _ in 0..TRIES {
        match attempt().await {
            Err(ControlError::Stale { what }) => met = what,
            outcome => return outcome,
        }
    }
    Err(ControlError::Conflict { problem: format!("others keep changing the {met}: try again in a moment") })
}
