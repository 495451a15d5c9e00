//! How a server is spoken with, where its admin knows better than the daemon finds out. Knows no message.

use crate::words::words;

words! {
    /// Which era of the protocol is used toward a server.
    #[derive(Default)]
    Era {
        /// Found out when the server is connected.
        #[default]
        Auto = "auto",
        /// Revisions with a handshake: 2024-11-05 to 2025-11-25.
        Legacy = "legacy",
        /// Revisions without: 2026-07-28.
        Modern = "modern",
    }
}

words! {
    /// Whether a server may ask the clients behind its calls: sampling, elicitation, roots.
    #[derive(Default)]
    Interactive {
        /// Those who said that they can be asked.
        #[default]
        Auto = "auto",
        /// Nobody, so that everybody shares its connection.
        Never = "never",
    }
}

/// Both together, as a server has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dialect {
    pub era: Era,
    pub interactive: Interactive,
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
