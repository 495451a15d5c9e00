//! The two secrets that everything else hangs on. In development they are generated once into the data directory, when
//! an instance is made; in production they have to be given.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use orch_auth::master::{MasterSecrets, Strictness, generate_secret_base64};
use orch_auth::vault::key::parse_keys;
use secrecy::{ExposeSecret, SecretString};

use super::{Environment, Settings, private_dir, standing};
use crate::unusable::unusable;

/// The instance's secrets, well-formed. Whether they are the right ones, [`secret_check`](crate::secret_check) knows.
#[derive(Debug)]
pub struct Secrets {
    pub master: MasterSecrets,
    pub jwt_source: SecretSource,
    pub key_source: SecretSource,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSource {
    /// How the setting is called in the environment.
    pub variable: &'static str,
    /// Where it is kept when it was generated.
    pub file: PathBuf,
    /// Whether it is set, so that the file does not count.
    pub is_given: bool,
}

impl Secrets {
    /// Takes the secrets from the settings, or else from the data directory.
    pub fn load(settings: &Settings) -> anyhow::Result<Self> {
        Self::load_or(settings, |SecretSource { variable, file, .. }| {
            bail!(
                "{variable} is not set, and {} is not there: the secrets of this instance are not known here; set \
                 {variable} as its daemon has it, or name its data directory with --data-dir or ORCH_DATA_DIR",
                file.display()
            )
        })
    }

    /// As they would be at the first start of a new instance, whatever is there already; writes nothing.
    pub(crate) fn of_a_new_instance(settings: &Settings) -> anyhow::Result<Self> {
        Self::load_or(settings, |_| Ok(generate_secret_base64()))
    }

    fn load_or(
        settings: &Settings,
        absent: impl Fn(&SecretSource) -> anyhow::Result<SecretString>,
    ) -> anyhow::Result<Self> {
        let (jwt_source, key_source) = (jwt_source(settings), key_source(settings));
        let read = |source: &SecretSource, given: Option<&SecretString>| match read(settings, source, given)? {
            Some(secret) => Ok(secret),
            None => absent(source),
        };
        let jwt = read(&jwt_source, settings.jwt_secret.as_ref())?;
        let key = read(&key_source, settings.encryption_key.as_ref())?;
        let strictness = match settings.environment {
            Environment::Development => Strictness::Development,
            Environment::Production => Strictness::Production,
        };
        let keys = parse_keys(&key).map_err(unusable)?;
        let master = MasterSecrets::derive(&jwt, keys, strictness).map_err(unusable)?;
        Ok(Self { master, jwt_source, key_source })
    }

    /// Files that [`Secrets::generate`] would write. None in production, where the secrets have to be given.
    pub fn missing(settings: &Settings) -> anyhow::Result<Vec<PathBuf>> {
        let mut missing = Vec::new();
        for source in [jwt_source(settings), key_source(settings)] {
            if !source.is_given && !settings.is_production() && !is_there(&source.file)? {
                missing.push(source.file);
            }
        }
        Ok(missing)
    }

    /// Makes the secrets of a new instance, where they are not there, and tells which files hold them. In any other
    /// instance it would be the wrong ones.
    pub fn generate(settings: &Settings) -> anyhow::Result<Vec<PathBuf>> {
        let missing = Self::missing(settings)?;
        if !missing.is_empty() {
            private_dir(&settings.secrets_dir())?;
        }
        for path in &missing {
            match write_new(path, &generate_secret_base64()) {
                // Another process of ours was quicker; its secret counts.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                written => written.with_context(|| format!("{} cannot be written", path.display()))?,
            }
        }
        Ok(missing)
    }
}

fn jwt_source(settings: &Settings) -> SecretSource {
    let file = settings.secrets_dir().join("jwt_secret");
    SecretSource { variable: "JWT_SECRET", file, is_given: settings.jwt_secret.is_some() }
}

fn key_source(settings: &Settings) -> SecretSource {
    let file = settings.secrets_dir().join("encryption_key");
    SecretSource { variable: "MCP_ENCRYPTION_KEY", file, is_given: settings.encryption_key.is_some() }
}

fn read(
    settings: &Settings,
    source: &SecretSource,
    given: Option<&SecretString>,
) -> anyhow::Result<Option<SecretString>> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    if settings.is_production() {
        bail!("{} is not set; production needs it (make one with: openssl rand -base64 32)", source.variable);
    }
    match standing::read(&source.file) {
        Ok((text, standing)) => {
            let shown = source.file.display().to_string();
            if let Some(standing) = standing {
                standing.refuse_foreign(&shown)?;
            }
            Ok(Some(SecretString::from(text.trim())))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", source.file.display())),
    }
}

fn is_there(path: &Path) -> anyhow::Result<bool> {
    path.try_exists().with_context(|| format!("{} cannot be looked at", path.display()))
}

/// Appears at once and whole, readable by its owner only; never replaces a file.
fn write_new(path: &Path, secret: &SecretString) -> std::io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(secret.expose_secret().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written
}
