//! The file of settings, read once. Says what is wrong with it as a file; what stands in it is judged elsewhere.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};

use super::environment;
use super::standing::{self, Standing, has_password};

/// Settings that are URLs and may hold a secret.
const URLS: [&str; 4] = ["database_url", "mail.smtp_url", "upstream.proxy.http", "upstream.proxy.https"];

pub(super) struct SettingsFile {
    path: PathBuf,
    text: String,
    standing: Option<Standing>,
}

impl SettingsFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        match standing::read(path) {
            Ok((text, standing)) => Ok(Self { path: path.to_owned(), text, standing }),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => bail!("the configuration file {shown} does not exist"),
                ErrorKind::IsADirectory => {
                    bail!("the configuration file {shown} is a directory; name the file in it")
                }
                ErrorKind::InvalidData => bail!("the configuration file {shown} is not text in UTF-8"),
                _ => Err(error).with_context(|| format!("the configuration file {shown} cannot be read")),
            },
        }
    }

    /// What is to be said of who else can read or change it.
    pub(super) fn remarks(&self) -> Vec<String> {
        let settings = Figment::from(Toml::string(&self.text));
        let text = |name: &str| settings.find_value(name).ok()?.into_string();
        let secrets = environment::secrets().into_iter().filter(|name| text(name).is_some());
        let urls = URLS.into_iter().filter(|name| text(name).is_some_and(|url| has_password(&url)));
        let found: Vec<_> = secrets.chain(urls).collect();
        let shown = format!("the configuration file {}", self.path.display());
        self.standing.map(|standing| standing.remarks(&shown, &found)).unwrap_or_default()
    }
}

impl Provider for SettingsFile {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML file", self.path.as_path())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Toml::string(&self.text).data()
    }
}
