//! What is wrong with one field of a request or a file, said so that a person can mend it. Never holds a secret
//! value.

use std::fmt;

/// At most this many are reported at once; who has more mends these first.
pub(crate) const MAX_REPORTED: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the field, such as `transport.args[1]` or `mcpServers.github.env.TOKEN`.
    pub field: String,
    pub problem: String,
    /// What to write instead; may be empty.
    pub hint: String,
    /// Where it stands in a file.
    pub at: Option<Position>,
}

/// Counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Problem {
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), hint: hint.into(), at: None }
    }

    #[must_use]
    pub fn at(self, at: Position) -> Self {
        Self { at: Some(at), ..self }
    }

    /// The same problem of a field further down, such as `transport` before `args[1]`.
    #[must_use]
    pub fn below(self, parent: &str) -> Self {
        let separator = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        Self { field: format!("{parent}{separator}{}", self.field), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, "line {}, column {}: ", at.line, at.column)?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}
