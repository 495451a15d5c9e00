//! `key`: API keys of a project. The plain text of a key is shown once, when it is made.

use std::time::Duration;

use clap::{Args, Subcommand};
use orch_app::control::error::ControlError;
use orch_app::control::keys::{CreatedKey, NewKey, ScopeDraft};
use orch_app::domain::Timestamp;
use orch_app::domain::api_key::ApiKey;
use orch_app::domain::policy::scope::Scope;
use orch_app::domain::quota::Allowance;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::cli::InProject;
use crate::console::{self, Console};
use crate::failure::{self, Spelling};
use crate::moment::{self, End};
use crate::output::Output;

/// What fields of a key are called here.
pub(crate) const SPELLING: &Spelling = &[
    ("expires_at", "--expires"),
    ("overlap_seconds", "--overlap"),
    ("creator", "--creator"),
    ("scope.servers", "--server"),
    ("scope.tools", "--tool"),
    ("limits.per_minute", "--per-minute"),
    ("limits.concurrent", "--concurrent"),
    ("limits.per_day", "--per-day"),
];

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
        #[command(flatten)]
        scope: Box<KeyScope>,
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

/// What the key may of what its creator may.
#[derive(Args)]
pub(crate) struct KeyScope {
    /// A server that it sees, by alias or id; all when absent
    #[arg(long = "server", value_name = "SERVER")]
    servers: Vec<String>,
    /// A tool that it sees, by name or glob such as get_*; all when absent
    #[arg(long = "tool", value_name = "GLOB")]
    tools: Vec<String>,
    /// Only tools that say of themselves that they change nothing
    #[arg(long)]
    read_only: bool,
    /// Requests a minute
    #[arg(long)]
    per_minute: Option<u32>,
    /// Calls that run at the same time
    #[arg(long)]
    concurrent: Option<u32>,
    /// Calls a day
    #[arg(long)]
    per_day: Option<u32>,
}

#[derive(Serialize)]
struct View {
    id: String,
    name: String,
    /// How the key begins; safe to show.
    prefix: String,
    creator_id: String,
    state: &'static str,
    /// In a few words; empty for a key that may all that its creator may.
    scope: String,
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
            Self::Create { within, name, expires, creator, scope } => {
                let expires_at = expires
                    .map(|end| end.from(now).ok_or_else(|| failure::usage(anyhow::anyhow!("--expires is too far off"))))
                    .transpose()?;
                let created = keys.create(who, &within.project, new_key(name, expires_at, creator, *scope)).await?;
                show_new(output, &created, now)
            }
            Self::List { within } => {
                let all = console::all(|page| keys.list(who, &within.project, page)).await?;
                let views: Vec<_> = all.iter().map(|key| view(key, now)).collect();
                output.list(&views, ["NAME", "KEY", "STATE", "SCOPE", "EXPIRES", "LAST USED", "ID"], |view| {
                    [
                        view.name.clone(),
                        view.prefix.clone(),
                        view.state.to_owned(),
                        view.scope.clone(),
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
                keys.revoke(who, &within.project, &id, None).await?;
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
pub(super) async fn resolve(console: &Console, project: &str, named: &str) -> anyhow::Result<String> {
    let keys = console::all(|page| console.control().keys.list(&console.who, project, page)).await?;
    let public_id = named.strip_prefix("orch_").unwrap_or(named);
    let exact = keys.iter().find(|key| key.id.to_string() == named || key.public_id.as_str() == public_id);
    if let Some(key) = exact {
        return Ok(key.id.to_string());
    }
    let mut same_name = keys.iter().filter(|key| key.name == named && key.revoked_at.is_none());
    match (same_name.next(), same_name.next()) {
        (Some(key), None) => Ok(key.id.to_string()),
        (None, _) if keys.iter().any(|key| key.name == named) => Err(ControlError::Missing { what: "live key" }.into()),
        (None, _) => Err(ControlError::Missing { what: "key" }.into()),
        (Some(_), Some(_)) => {
            Err(failure::usage(anyhow::anyhow!("several keys are named {named}; use the id that key list shows")))
        }
    }
}

fn new_key(name: String, expires_at: Option<Timestamp>, creator: Option<String>, scope: KeyScope) -> NewKey {
    let KeyScope { servers, tools, read_only, per_minute, concurrent, per_day } = scope;
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    NewKey {
        name,
        expires_at,
        creator,
        scope: ScopeDraft { servers: some(servers), tools: some(tools), read_only },
        allowance: Allowance { per_minute, concurrent, per_day },
    }
}

fn describe(scope: &Scope) -> String {
    let servers = scope.servers.as_ref().map(|servers| format!("{} servers", servers.len()));
    let tools = scope.tools.as_ref().map(|tools| tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let read_only = scope.read_only.then(|| "read-only".to_owned());
    [servers, tools, read_only].into_iter().flatten().collect::<Vec<_>>().join(", ")
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
        scope: describe(&key.scope),
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        key: None,
    }
}
