//! The environment variables that are settings.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use figment::providers::Serialized;
use figment::value::Dict;
use figment::{Metadata, Profile, Provider};
use serde_json::{Map, Value, json};

use super::dotenv::{self, Loaded};

/// Name of the variable, and the path of the setting. Of two with one path the first is the name, and later ones are
/// aliases.
const VARIABLES: [(&str, &str, Kind); 22] = [
    ("DATABASE_URL", "database_url", Kind::Text),
    ("ORCH_DATA_DIR", "data_dir", Kind::Text),
    ("ORCH_ENV", "environment", Kind::Text),
    ("HOST", "host", Kind::Text),
    ("PORT", "port", Kind::Number),
    ("LOG_LEVEL", "log.level", Kind::Text),
    ("LOG_FORMAT", "log.format", Kind::Text),
    ("JWT_SECRET", "jwt_secret", Kind::Secret),
    ("AUTH_SECRET", "jwt_secret", Kind::Secret),
    ("MCP_ENCRYPTION_KEY", "encryption_key", Kind::Secret),
    ("INITIAL_ADMIN_EMAIL", "initial_admin.email", Kind::Text),
    ("INITIAL_ADMIN_PASSWORD", "initial_admin.password", Kind::Secret),
    ("MCP_SERVER_BASE_URL", "base_url", Kind::Text),
    ("ORCH_ALLOWED_ORIGINS", "allowed_origins", Kind::List),
    ("ORCH_ALLOWED_HOSTS", "allowed_hosts", Kind::List),
    ("ORCH_TRUSTED_PROXIES", "trusted_proxies", Kind::List),
    ("ORCH_SIGN_UP", "people.sign_up", Kind::Text),
    ("ORCH_SIGN_UP_DOMAINS", "people.allowed_domains", Kind::List),
    ("SMTP_URL", "mail.smtp_url", Kind::Text),
    ("SMTP_FROM", "mail.from", Kind::Text),
    ("ORCH_WORKERS", "workers", Kind::Number),
    ("ORCH_SANDBOX", "servers.sandbox", Kind::Text),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Taken to the letter.
    Secret,
    Number,
    /// Separated by commas.
    List,
}

/// Names of the file of settings, where no flag does.
const SETTINGS_FILE: &str = "ORCH_CONFIG";

/// What variables of ours begin with. Others of these beginnings are most likely misspelled.
const OURS: [&str; 4] = ["ORCH_", "INITIAL_ADMIN_", "MCP_SERVER_", "MCP_ENCRYPTION_"];

/// What the environment says, a `.env` file in the working directory included.
pub(super) struct Variables {
    settings: Vec<Said>,
    /// The file of settings.
    pub(super) file: Option<PathBuf>,
    /// Names that look like ours and are none.
    pub(super) unknown: Vec<String>,
    /// What is to be said of the `.env` file.
    pub(super) remarks: Vec<String>,
}

impl Variables {
    pub(super) const NAME: &str = "environment";

    pub(super) fn read() -> anyhow::Result<Self> {
        let Loaded { names: of_file, remarks } = dotenv::load()?;
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
        let variable = |name: &str| std::env::var_os(name);
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let file = variable(SETTINGS_FILE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let unknown = names.filter(|name| is_unknown(name)).collect();
        Ok(Self { settings: said(variable, |name| of_file.contains(name))?, file, unknown, remarks })
    }

    /// The settings of the file, then those of the environment: of each can be told where it was set.
    pub(super) fn layers(&self) -> [Layer; 2] {
        [true, false].map(|in_file| Layer {
            settings: shaped(self.settings.iter().filter(|said| said.in_file == in_file)),
            in_file,
        })
    }

    /// The setting that a variable says.
    pub(super) fn setting(name: &str) -> Option<&'static str> {
        VARIABLES.iter().find(|(known, ..)| *known == name).map(|(_, path, _)| *path)
    }

    /// The variable that says this setting.
    pub(super) fn of(path: &[String]) -> Option<&'static str> {
        let path = path.iter().take(2).cloned().collect::<Vec<_>>().join(".");
        let of_list = path.split('.').next();
        let named = |wanted: &str| VARIABLES.iter().find(|(_, path, _)| *path == wanted).map(|(name, ..)| *name);
        named(&path).or_else(|| of_list.and_then(named))
    }
}

/// What a variable says.
struct Said {
    path: &'static str,
    value: Value,
    /// It stands in the file `.env`.
    in_file: bool,
}

/// Variables that were set in one place, in the shape of the settings.
pub(super) struct Layer {
    settings: Value,
    in_file: bool,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        if self.in_file {
            Metadata::from(Variables::NAME, Path::new(dotenv::FILE))
        } else {
            Metadata::named(Variables::NAME)
        }
    }

    fn data(&self) -> Result<figment::value::Map<Profile, Dict>, figment::Error> {
        Serialized::defaults(&self.settings).data()
    }
}

/// Whether the variable is a setting that nobody may know.
pub(super) fn is_secret(name: &str) -> bool {
    VARIABLES.iter().any(|(known, _, kind)| *known == name && matches!(kind, Kind::Secret))
}

/// The settings that nobody may know.
pub(super) fn secrets() -> BTreeSet<&'static str> {
    VARIABLES.iter().filter(|(.., kind)| matches!(kind, Kind::Secret)).map(|(_, path, _)| *path).collect()
}

fn is_unknown(name: &str) -> bool {
    let ours = OURS.iter().any(|beginning| name.starts_with(beginning));
    // Kubernetes tells of services in the environment, also of one that is called orch.
    let of_a_service = name.contains("_SERVICE_") || name.ends_with("_PORT") || name.contains("_PORT_");
    ours && !of_a_service && name != SETTINGS_FILE && VARIABLES.iter().all(|(known, ..)| *known != name)
}

/// The variables that are set and not empty.
fn said(variable: impl Fn(&str) -> Option<OsString>, in_file: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Said>> {
    let mut all: Vec<Said> = Vec::new();
    for (name, path, kind) in VARIABLES {
        let Some(text) = variable(name) else { continue };
        let in_file = in_file(name);
        let place = if in_file { format!(" (in {})", dotenv::FILE) } else { String::new() };
        // What is set counts: for a secret that cannot be read, another would be made.
        let text = text.into_string().map_err(|_| anyhow!("{name} is not text in UTF-8{place}"))?;
        if text.trim().is_empty() {
            continue;
        }
        let value = match kind {
            Kind::Text => json!(text.trim()),
            Kind::Secret => json!(text),
            Kind::Number => {
                let number: u16 = text
                    .trim()
                    .parse()
                    .map_err(|_| anyhow!("{name}: {text:?} is not a whole number from 0 to 65535{place}"))?;
                json!(number)
            }
            Kind::List => json!(text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>()),
        };
        match all.iter().find(|said| said.path == path) {
            // Whichever counted, somebody would believe in the other.
            Some(said) if said.value != value => {
                let first = VARIABLES.iter().find(|(_, other, _)| *other == path).map_or(name, |(first, ..)| first);
                bail!(
                    "{first} and {name} are two names of one setting and have different values: leave {name} out, in \
                     the environment and in .env"
                );
            }
            Some(_) => {}
            None => all.push(Said { path, value, in_file }),
        }
    }
    Ok(all)
}

/// In the shape of the settings.
fn shaped<'a>(all: impl Iterator<Item = &'a Said>) -> Value {
    let mut settings = Map::new();
    for Said { path, value, .. } in all {
        let (section, key) = path.split_once('.').map_or((None, *path), |(section, key)| (Some(section), key));
        let target = match section {
            None => &mut settings,
            Some(section) => match settings.entry(section).or_insert_with(|| json!({})) {
                Value::Object(section) => section,
                _ => continue,
            },
        };
        target.insert(key.to_owned(), value.clone());
    }
    Value::Object(settings)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    use serde_json::json;

    use super::{Variables, is_unknown, said, shaped};

    fn from(variable: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<serde_json::Value> {
        said(variable, |_| false).map(|said| shaped(said.iter()))
    }

    #[test]
    fn knows_variables_that_look_like_ours_and_are_none() {
        for name in ["ORCH_ALLOWED_ORIGIN", "ORCH_DATADIR", "INITIAL_ADMIN_EMIAL", "MCP_ENCRYPTION_KEYS"] {
            assert!(is_unknown(name), "{name}");
        }
        for name in ["ORCH_DATA_DIR", "ORCH_CONFIG", "PATH", "ORCH_SERVICE_HOST", "ORCH_PORT", "ORCH_PORT_8000_TCP"] {
            assert!(!is_unknown(name), "{name}");
        }
    }

    #[test]
    fn tells_the_variable_of_a_setting() {
        let check = |path: &[&str]| Variables::of(&path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(check(&["environment"]), Some("ORCH_ENV"));
        assert_eq!(check(&["people", "sign_up"]), Some("ORCH_SIGN_UP"));
        assert_eq!(check(&["allowed_origins", "0"]), Some("ORCH_ALLOWED_ORIGINS"));
        assert_eq!(check(&["relay", "max_items"]), None);
    }

    #[test]
    fn puts_variables_where_the_settings_are() {
        let set = [
            ("PORT", "9000"),
            ("LOG_LEVEL", "debug"),
            ("JWT_SECRET", "first"),
            ("ORCH_ALLOWED_ORIGINS", "https://a, https://b,"),
            ("HOST", " "),
        ];
        let read = from(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()));
        assert_eq!(
            read.expect("settings"),
            json!({ "port": 9000, "log": { "level": "debug" }, "jwt_secret": "first", "allowed_origins": ["https://a", "https://b"] })
        );
    }

    #[test]
    fn an_alias_says_the_same_or_nothing() {
        let set = |variables: &'static [(&str, &str)]| {
            from(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        for variables in [&[("AUTH_SECRET", "one")][..], &[("AUTH_SECRET", "one"), ("JWT_SECRET", "one")]] {
            assert_eq!(set(variables).expect("settings"), json!({ "jwt_secret": "one" }));
        }
        assert_eq!(
            set(&[("AUTH_SECRET", ""), ("JWT_SECRET", "one")]).expect("settings"),
            json!({ "jwt_secret": "one" })
        );
        let refused = set(&[("AUTH_SECRET", "sesame"), ("JWT_SECRET", "open")]).expect_err("two values").to_string();
        assert!(refused.starts_with("JWT_SECRET and AUTH_SECRET are two names of one setting"), "{refused}");
        assert!(!refused.contains("sesame") && !refused.contains("open"), "{refused}");
    }

    #[test]
    fn names_the_variable_that_is_wrong() {
        let error = from(|name| (name == "PORT").then(|| "many".into())).expect_err("a text is no port");
        assert_eq!(error.to_string(), "PORT: \"many\" is not a whole number from 0 to 65535");
        let bytes = || OsString::from_vec(vec![b'a', 0xff]);
        let error = from(|name| (name == "JWT_SECRET").then(bytes)).expect_err("it cannot be read");
        assert_eq!(error.to_string(), "JWT_SECRET is not text in UTF-8");
        let error = said(|name| (name == "PORT").then(|| "many".into()), |_| true).err().expect("a text is no port");
        assert_eq!(error.to_string(), "PORT: \"many\" is not a whole number from 0 to 65535 (in .env)");
    }
}
