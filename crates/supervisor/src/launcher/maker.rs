//! Names for what outlives a process that is killed, from which the next one tells whose it was.

use std::fs;

/// A process by its number and its start, which no other shares: `12-3456`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Maker(String);

impl Maker {
    /// This process.
    pub(crate) fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let start = rest.split_whitespace().nth(19)?;
        Some(Self(format!("{pid}-{start}")))
    }

    /// The one at the beginning of a name that goes on after another `-`, and the rest.
    pub(crate) fn at_start_of(name: &str) -> Option<(Self, &str)> {
        let (pid, rest) = name.split_once('-')?;
        let (start, rest) = rest.split_once('-')?;
        let (pid, start): (u32, u64) = (pid.parse().ok()?, start.parse().ok()?);
        Some((Self(format!("{pid}-{start}")), rest))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_there(&self) -> bool {
        let pid = self.0.split('-').next().and_then(|pid| pid.parse().ok());
        pid.and_then(Self::of).is_some_and(|there| there == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::Maker;

    #[test]
    fn a_process_is_told_from_its_successors() {
        let own = Maker::own().unwrap();
        assert!(own.as_str().starts_with(&format!("{}-", std::process::id())));
        assert!(own.is_there());
        let name = format!("{}-7-x", own.as_str());
        assert_eq!(Maker::at_start_of(&name), Some((own, "7-x")));
        let name = format!("{}-1-7", std::process::id());
        let (earlier, rest) = Maker::at_start_of(&name).unwrap();
        assert_eq!((earlier.is_there(), rest), (false, "7"));
        for none in ["", "1", "1-2", "x-2-3", "1-x-3", "-1-2-3"] {
            assert_eq!(Maker::at_start_of(none), None, "{none}");
        }
    }
}
