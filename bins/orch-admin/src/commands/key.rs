//! `key`: API keys of a project. The plain text of a key is shown once, when it is made.

use std::time::Duration;

use clap::Subcommand;
use orch_app::control::error::ControlError;
use orch_app::control::keys::{CreatedKey, NewKey};
use orch_app::domain::Timestamp;
use orch_app::domain::api_key::ApiKey;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::cli::InProject;
use crate::console::{self, Console};
use crate::failure;
use crate::moment::{self, End};
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Create a key; it is shown once
    Create {
        #[command(flatten)]
        within: InProject,
        name: String,
        /// When it ends: 90d, 12h or a time such as 2030-01-31T00:00:00Z; never when absent
        #[arg(long, value_name = "WHEN", value_parser = End::parse)]
        expires: Option<End>,
        /// Who answers for it, by id or e-mail address; the first admin of the project when absent
        #[arg(long, value_name = "USER")]
        creator: Option<String>,
    },
    /// List the keys of a project
    List {
        #[command(flatten)]
        within: InProject,
    },
    /// Make a new key in place of an old one, which lives on for a while
    Rotate {
        #[command(flatten)]
        within: InProject,
        /// Id, public id (orch_ and 12 characters), or name when only one key has it
        key: String,
        /// How long the old key lives on; a day when absent
        #[arg(long, value_name = "TIME", value_parser = moment::parse_duration)]
        overlap: Option<Duration>,
    },
    /// Make a key dead at once
    Revoke {
        #[command(flatten)]
        within: InProject,
        /// Id, public id (orch_ and 12 characters), or name when only one key has it
        key: String,
    },
}

#[derive(Serialize)]
struct View {
    id: String,
    name: String,
    /// How the key begins; safe to show.
    prefix: String,
    creator_id: String,
    state: &'static str,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<Timestamp>,
    #[serde(with = "time::serde::rfc3339::option")]
    revoked_at: Option<Timestamp>,
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<Timestamp>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: Timestamp,
    /// The plain text, only where the key was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Key {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (keys, who) = (&console.control().keys, &console.who);
        let now = console.instance.clock.now();
        match self {
            Self::Create { within, name, expires, creator } => {
                let expires_at = expires
                    .map(|end| end.from(now).ok_or_else(|| failure::usage(anyhow::anyhow!("--expires is too far off"))))
                    .transpose()?;
                let created = keys.create(who, &within.project, NewKey { name, expires_at, creator }).await?;
                show_new(output, &created, now)
            }
            Self::List { within } => {
                let all = console::all(|page| keys.list(who, &within.project, page)).await?;
                let views: Vec<_> = all.iter().map(|key| view(key, now)).collect();
                output.list(&views, ["NAME", "KEY", "STATE", "EXPIRES", "LAST USED", "ID"], |view| {
                    [
                        view.name.clone(),
                        view.prefix.clone(),
                        view.state.to_owned(),
                        moment::shown_or_dash(view.expires_at),
                        moment::shown_or_dash(view.last_used_at),
                        view.id.clone(),
                    ]
                })
            }
            Self::Rotate { within, key, overlap } => {
                let id = resolve(console, &within.project, &key).await?;
                let created = keys.rotate(who, &within.project, &id, overlap).await?;
                show_new(output, &created, now)
            }
            Self::Revoke { within, key } => {
                let id = resolve(console, &within.project, &key).await?;
                keys.revoke(who, &within.project, &id).await?;
                let all = console::all(|page| keys.list(who, &within.project, page)).await?;
                match all.iter().find(|key| key.id.to_string() == id) {
                    Some(key) => output.one(&view(key, now), &format!("revoked {}", key.name)),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The id of a key that was named in one of the ways a person may know it by.
async fn resolve(console: &Console, project: &str, named: &str) -> anyhow::Result<String> {
    let keys = console::all(|page| console.control().keys.list(&console.who, project, page)).await?;
    let public_id = named.strip_prefix("orch_").unwrap_or(named);
    let exact = keys.iter().find(|key| key.id.to_string() == named || key.public_id.as_str() == public_id);
    if let Some(key) = exact {
        return Ok(key.id.to_string());
    }
    let mut same_name = keys.iter().filter(|key| key.name == named && key.revoked_at.is_none());
    match (same_name.next(), same_name.next()) {
        (Some(key), None) => Ok(key.id.to_string()),
        (None, _) => Err(ControlError::Missing { what: "key" }.into()),
        (Some(_), Some(_)) => {
            Err(failure::usage(anyhow::anyhow!("several keys are named {named}; use the id that key list shows")))
        }
    }
}

fn show_new(output: &Output, created: &CreatedKey, now: Timestamp) -> anyhow::Result<()> {
    let plain = created.plain.expose_secret().to_owned();
    let sentence = format!("created the key {}\nkey (shown once): {plain}", created.key.name);
    output.one(&View { key: Some(plain), ..view(&created.key, now) }, &sentence)
}

fn view(key: &ApiKey, now: Timestamp) -> View {
    View {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: format!("orch_{}", key.public_id),
        creator_id: key.creator.to_string(),
        state: match key.revoked_at {
            Some(_) => "revoked",
            None if key.is_live(now) => "live",
            None => "expired",
        },
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        key: None,
    }
}
