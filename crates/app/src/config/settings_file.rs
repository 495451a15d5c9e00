//! The file of settings, read once. Says what is wrong with it as a file; what stands in it is judged elsewhere.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map};
use figment::{Metadata, Profile, Provider};

pub(super) struct SettingsFile {
    path: PathBuf,
    text: String,
}

impl SettingsFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.to_owned(), text }),
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
}

impl Provider for SettingsFile {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML file", self.path.as_path())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Toml::string(&self.text).data()
    }
}
