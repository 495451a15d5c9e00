//! What an update changes: for the audit trail in words of a list, and in a line for people.

use std::fmt;

use orch_domain::audit::{AuditEntry, ChangedPart, FactName};

/// Of one thing. Without any, nothing is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(Vec<Change>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    part: ChangedPart,
    /// Of the variable or header.
    name: Option<String>,
    /// For people, where there is more to say than the part.
    said: Option<String>,
}

impl Changes {
    pub(crate) fn note(&mut self, part: ChangedPart, differs: bool) {
        if differs {
            self.0.push(Change { part, name: None, said: None });
        }
    }

    /// One that is told as `said`, behind the part's name.
    pub(crate) fn tell(&mut self, part: ChangedPart, differs: bool, said: impl FnOnce() -> String) {
        if differs {
            self.0.push(Change { part, name: None, said: Some(said()) });
        }
    }

    /// One of several parts that have names.
    pub(crate) fn named(&mut self, part: ChangedPart, name: String) {
        self.0.push(Change { part, name: Some(name), said: None });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a change of this part and no other.
    pub(crate) fn is_only(&self, part: ChangedPart) -> bool {
        matches!(self.0.as_slice(), [change] if change.part == part)
    }

    /// Each for people, such as `command` or `env TOKEN`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }

    /// All of them for people.
    pub(crate) fn detail(&self) -> String {
        self.lines().collect::<Vec<_>>().join(", ")
    }

    /// The entry with each of them as a fact.
    pub(crate) fn on(&self, entry: AuditEntry) -> AuditEntry {
        let word = |change: &Change| match &change.name {
            Some(name) => format!("{} {name}", change.part),
            None => change.part.to_string(),
        };
        entry.with_all(FactName::Changed, self.0.iter().map(word))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.part.as_str().replace('_', " "))?;
        let more = self.name.as_ref().or(self.said.as_ref());
        more.map_or(Ok(()), |more| write!(f, " {more}"))
    }
}
