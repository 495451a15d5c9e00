//! Where clients reach the daemon. The daemon writes it down in its data directory, so that the command line prints
//! links that lead to it, however it was told its port.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context;

use crate::config::Settings;

/// A base URL, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    pub url: String,
    pub certainty: Certainty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Set, or what the daemon has written down.
    Known,
    /// No daemon has run on this data directory; one that is told nothing else will be found there.
    Assumed,
}

impl PublicUrl {
    pub(crate) fn of_this_daemon(settings: &Settings) -> Self {
        Self { url: settings.public_url(), certainty: Certainty::Known }
    }

    /// Of the daemon that runs on the same data directory, or ran there last.
    pub(crate) fn of_the_daemon(settings: &Settings) -> anyhow::Result<Self> {
        let (url, certainty) = match settings.base_url {
            Some(_) => (settings.public_url(), Certainty::Known),
            None => {
                let path = file(settings);
                match fs::read_to_string(&path) {
                    Ok(url) => (url.trim().to_owned(), Certainty::Known),
                    Err(error) if error.kind() == ErrorKind::NotFound => (settings.public_url(), Certainty::Assumed),
                    Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
                }
            }
        };
        Ok(Self { url, certainty })
    }

    /// Writes it down for the command line.
    pub(crate) fn note(&self, settings: &Settings) -> anyhow::Result<()> {
        let path = file(settings);
        let draft = path.with_extension("draft");
        fs::write(&draft, format!("{}\n", self.url))
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("public-url")
}

#[cfg(test)]
mod tests {
    use super::{Certainty, PublicUrl};
    use crate::config::Settings;

    #[test]
    fn is_that_of_the_daemon_however_it_was_told() {
        let data = tempfile::tempdir().expect("a directory");
        let settings = Settings { data_dir: data.path().to_owned(), ..Settings::default() };
        let of_the_daemon = |settings: &Settings| PublicUrl::of_the_daemon(settings).expect("a URL");
        let assumed = of_the_daemon(&settings);
        assert_eq!((assumed.url.as_str(), assumed.certainty), ("http://localhost:8000", Certainty::Assumed));
        let told = Settings { port: 9123, ..settings.clone() };
        PublicUrl::of_this_daemon(&told).note(&told).expect("it is written");
        let known = of_the_daemon(&settings);
        assert_eq!((known.url.as_str(), known.certainty), ("http://localhost:9123", Certainty::Known));
        let set = Settings { base_url: Some("https://mcp.example.com/".into()), ..settings };
        assert_eq!(of_the_daemon(&set).url, "https://mcp.example.com");
    }
}
