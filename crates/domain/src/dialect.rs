//! How a server is spoken with, where its admin knows better than the daemon finds out. Knows no message.

/// Which era of the protocol is used toward a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Era {
    /// Found out when the server is connected.
    #[default]
    Auto,
    /// Revisions with a handshake: 2024-11-05 to 2025-11-25.
    Legacy,
    /// Revisions without: 2026-07-28.
    Modern,
}

/// Whether a server may ask the clients behind its calls: sampling, elicitation, roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interactive {
    /// Those who said that they can be asked.
    #[default]
    Auto,
    /// Nobody, so that everybody shares its connection.
    Never,
}

/// Both together, as a server has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dialect {
    pub era: Era,
    pub interactive: Interactive,
}

impl Era {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Legacy, Self::Modern];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|era| era.as_str() == text)
    }
}

impl Interactive {
    pub const ALL: [Self; 2] = [Self::Auto, Self::Never];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Never => "never",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interactive| interactive.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Era, Interactive};

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(Era::ALL.into_iter().all(|era| Era::parse(era.as_str()) == Some(era)));
        assert!(Interactive::ALL.into_iter().all(|one| Interactive::parse(one.as_str()) == Some(one)));
        assert_eq!((Era::parse("Legacy"), Interactive::parse("")), (None, None));
    }
}
