//! The environment variables that are settings, and the `.env` file.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

/// Name of the variable, and the path of the setting. A later alias only counts when the earlier is not set.
const VARIABLES: [(&str, &str, Kind); 21] = [
    ("DATABASE_URL", "database_url", Kind::Text),
    ("ORCH_DATA_DIR", "data_dir", Kind::Text),
    ("ORCH_ENV", "environment", Kind::Text),
    ("HOST", "host", Kind::Text),
    ("PORT", "port", Kind::Number),
    ("LOG_LEVEL", "log.level", Kind::Text),
    ("LOG_FORMAT", "log.format", Kind::Text),
    ("JWT_SECRET", "jwt_secret", Kind::Text),
    ("AUTH_SECRET", "jwt_secret", Kind::Text),
    ("MCP_ENCRYPTION_KEY", "encryption_key", Kind::Text),
    ("INITIAL_ADMIN_EMAIL", "initial_admin.email", Kind::Text),
    ("INITIAL_ADMIN_PASSWORD", "initial_admin.password", Kind::Text),
    ("MCP_SERVER_BASE_URL", "base_url", Kind::Text),
    ("ORCH_ALLOWED_ORIGINS", "allowed_origins", Kind::List),
    ("ORCH_ALLOWED_HOSTS", "allowed_hosts", Kind::List),
    ("ORCH_TRUSTED_PROXIES", "trusted_proxies", Kind::List),
    ("ORCH_SIGN_UP", "people.sign_up", Kind::Text),
    ("ORCH_SIGN_UP_DOMAINS", "people.allowed_domains", Kind::List),
    ("SMTP_URL", "mail.smtp_url", Kind::Text),
    ("SMTP_FROM", "mail.from", Kind::Text),
    ("ORCH_WORKERS", "workers", Kind::Number),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    /// Separated by commas.
    List,
}

/// The variables that are set and not empty, in the shape of the settings. A `.env` file in the working directory
/// counts for what the environment does not say.
pub(super) fn read() -> anyhow::Result<Value> {
    // Only the one here: what lies in a folder above belongs to something else.
    if let Err(error) = dotenvy::from_path(".env")
        && !error.not_found()
    {
        // The text of a line may be a secret, so only its place is said.
        match error {
            dotenvy::Error::LineParse(_, at) => {
                bail!(
                    "the file .env cannot be read: a line is malformed at its character {}; quote values with spaces",
                    at + 1
                )
            }
            error => bail!("the file .env cannot be read: {error}"),
        }
    }
    from(|name| {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
        std::env::var(name).ok()
    })
}

fn from(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Value> {
    let mut settings = Map::new();
    for (name, path, kind) in VARIABLES {
        let Some(text) = variable(name).filter(|text| !text.trim().is_empty()) else { continue };
        let value = match kind {
            Kind::Text => json!(text),
            Kind::Number => {
                let number: u16 = text
                    .trim()
                    .parse()
                    .with_context(|| format!("{name}: {text:?} is not a whole number from 0 to 65535"))?;
                json!(number)
            }
            Kind::List => json!(text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>()),
        };
        let (section, key) = path.split_once('.').map_or((None, path), |(section, key)| (Some(section), key));
        let target = match section {
            None => &mut settings,
            Some(section) => match settings.entry(section).or_insert_with(|| json!({})) {
                Value::Object(section) => section,
                _ => continue,
            },
        };
        target.entry(key).or_insert(value);
    }
    Ok(Value::Object(settings))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::from;

    #[test]
    fn puts_variables_where_the_settings_are() {
        let set = [
            ("PORT", "9000"),
            ("LOG_LEVEL", "debug"),
            ("AUTH_SECRET", "second"),
            ("JWT_SECRET", "first"),
            ("ORCH_ALLOWED_ORIGINS", "https://a, https://b,"),
            ("HOST", " "),
        ];
        let read = from(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(
            read.expect("settings"),
            json!({ "port": 9000, "log": { "level": "debug" }, "jwt_secret": "first", "allowed_origins": ["https://a", "https://b"] })
        );
    }

    #[test]
    fn names_the_variable_that_is_wrong() {
        let error = from(|name| (name == "PORT").then(|| "many".to_owned())).expect_err("a text is no port");
        assert_eq!(error.to_string(), "PORT: \"many\" is not a whole number from 0 to 65535");
    }
}
