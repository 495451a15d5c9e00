//! Names that people give to things: shown, never used to find anything.

use crate::error::ControlError;

pub(crate) const MAX_CHARS: usize = 100;

/// Trims the name; refuses one that is too long or cannot be shown on a line. `field` names it in the answer.
pub(crate) fn parse(field: &str, text: &str) -> Result<String, ControlError> {
    let text = text.trim();
    if text.chars().count() > MAX_CHARS {
        return Err(ControlError::invalid(field, "it is too long", format!("use at most {MAX_CHARS} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(ControlError::invalid(field, "it holds a control character", "write it on one line"));
    }
    Ok(text.to_owned())
}

/// Like [`parse`], for a name that may not be empty.
pub(crate) fn parse_required(field: &str, text: &str) -> Result<String, ControlError> {
    let name = parse(field, text)?;
    if name.is_empty() {
        return Err(ControlError::invalid(field, "it is empty", "write a name"));
    }
    Ok(name)
}
