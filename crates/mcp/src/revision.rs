//! Protocol revisions. Which transport carries one is a separate question.

use std::fmt;

/// In the order of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

/// The two ways to speak: with a handshake and sessions, or with everything in each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    Legacy,
    Modern,
}

impl Revision {
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The newest revision with a handshake: what we offer upstream, and what we answer to a version unknown to us.
    pub const LATEST_LEGACY: Self = Self::V2025_11_25;

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Whether the revision has an `initialize` handshake, and so sessions.
    #[must_use]
    pub const fn is_legacy(self) -> bool {
        !matches!(self, Self::V2026_07_28)
    }

    #[must_use]
    pub const fn era(self) -> Era {
        if self.is_legacy() { Era::Legacy } else { Era::Modern }
    }

    /// Whether what a server tells by this notification has a meaning for a client of the revision. The tasks of 2025-11-25
    /// are an experiment that is withheld from clients.
    #[must_use]
    pub fn may_hear(self, notification: &str) -> bool {
        match notification {
            "notifications/elicitation/complete" => self == Self::V2025_11_25,
            "notifications/tasks/status" => false,
            _ => true,
        }
    }

    /// The revision that answers an `initialize` asking for `requested`.
    #[must_use]
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).filter(|revision| revision.is_legacy()).unwrap_or(Self::LATEST_LEGACY)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn negotiates_what_was_asked_for_or_the_latest_legacy() {
        for (asked, answer) in [
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2024-11-05", "2024-11-05"),
            ("2026-07-28", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
            ("", "2025-11-25"),
        ] {
            assert_eq!(Revision::negotiate(asked).as_str(), answer);
        }
    }
}
