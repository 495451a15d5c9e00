//! Projects: the unit of isolation.

use crate::Timestamp;
use crate::arguments::RecordedArguments;
use crate::id::ProjectId;
use crate::slug::Slug;
use crate::words::words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub slug: Slug,
    pub name: String,
    pub separator: Separator,
    pub flawed_tools: FlawedTools,
    pub recorded_arguments: RecordedArguments,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts the changes; what an `ETag` is made of.
    pub version: u32,
}

words! {
    /// What becomes of a tool whose schemas a strict client refuses, and the whole list with it.
    #[derive(Default)]
    FlawedTools {
        /// Listed with the least change that makes its schemas valid.
        #[default]
        Repair = "repair",
        /// Not listed.
        Hide = "hide",
        /// Listed as it is.
        Pass = "pass",
    }
}

/// What stands between alias and name on the unified endpoint. `__` unless the project chose another. It holds an
/// underscore, which no alias does, so names of different servers never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separator(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a separator: use 1 to 4 of _ and -, with at least one _")]
pub struct InvalidSeparator {
    pub text: String,
}

impl Separator {
    pub fn parse(text: &str) -> Result<Self, InvalidSeparator> {
        if (1..=4).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'_' | b'-')) && text.contains('_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSeparator { text: text.to_owned() })
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Separator {
    fn default() -> Self {
        Self("__".to_owned())
    }
}
