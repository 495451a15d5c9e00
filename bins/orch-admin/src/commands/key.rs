//! `key`: API keys of a project. The plain text of a key is shown once, when it is made.

use std::time::Duration;

use anyhow::Context;
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
        /// Id, public id (orch_ and 12 characters), or name when only one live key has it
        key: String,
        /// How long the old key lives on; a day when absent
        #[arg(long, value_name = "TIME", value_parser = moment::parse_duration)]
        overlap: Option<Duration>,
    },
    /// Make a key dead at once
    Revoke {
        #[command(flatten)]
        within: InProject,
        /// Id, public id (orch_ and 12 characters), or name when only one live key has it
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
    scope: ScopeView,
    limits: LimitsView,
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

/// What a key may of what its creator may; null stands for all.
#[derive(Serialize)]
struct ScopeView {
    /// By id.
    servers: Option<Vec<String>>,
    tools: Option<Vec<String>>,
    read_only: bool,
}

/// What it may ask for; null where it says nothing of its own.
#[derive(Serialize)]
struct LimitsView {
    per_minute: Option<u32>,
    concurrent: Option<u32>,
    per_day: Option<u32>,
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
                for server in &scope.servers {
                    let found = console.control().servers.get(who, &within.project, server).await;
                    found.with_context(|| format!("--server {server}"))?;
                }
                if let Some(creator) = &creator {
                    console.control().users.find(who, creator).await.with_context(|| format!("--creator {creator}"))?;
                }
                let created = keys.create(who, &within.project, new_key(name, expires_at, creator, *scope)).await?;
                show_new(output, &created, now)
            }
            Self::List { within } => {
                let all = console::all(|page| keys.list(who, &within.project, page)).await?;
                let views: Vec<_> = all.iter().map(|key| view(key, now)).collect();
                output.list(&views, ["NAME", "KEY", "STATE", "SCOPE", "LIMITS", "EXPIRES", "LAST USED", "ID"], |view| {
                    [
                        view.name.clone(),
                        view.prefix.clone(),
                        view.state.to_owned(),
                        view.scope.in_words(),
                        view.limits.in_words(),
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
    let now = console.instance.clock.now();
    match by_name(&keys, named, now) {
        Named::One(key) => Ok(key.id.to_string()),
        Named::Nobody => Err(ControlError::Missing { what: "key" }.into()),
        Named::Several => {
            let problem = "as while a key that was rotated lives on; use the id that key list shows";
            Err(failure::usage(anyhow::anyhow!("several live keys are named {named}, {problem}")))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    One(&'a ApiKey),
    Nobody,
    Several,
}

/// The one live key of that name; where none is live, the newest that was. `keys` begin with the newest.
fn by_name<'a>(keys: &'a [ApiKey], name: &str, now: Timestamp) -> Named<'a> {
    let mut named = keys.iter().filter(|key| key.name == name);
    let mut live = named.clone().filter(|key| key.is_live(now));
    match (live.next(), live.next()) {
        (Some(_), Some(_)) => Named::Several,
        (Some(key), None) => Named::One(key),
        (None, _) => named.next().map_or(Named::Nobody, Named::One),
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

impl ScopeView {
    fn new(scope: &Scope) -> Self {
        Self {
            servers: scope.servers.as_ref().map(|servers| servers.iter().map(ToString::to_string).collect()),
            tools: scope.tools.as_ref().map(|tools| tools.iter().map(ToString::to_string).collect()),
            read_only: scope.read_only,
        }
    }

    /// Empty for a key that may all that its creator may.
    fn in_words(&self) -> String {
        let servers = self.servers.as_ref().map(|servers| match servers.len() {
            1 => "1 server".to_owned(),
            count => format!("{count} servers"),
        });
        let tools = self.tools.as_ref().map(|tools| tools.join(" "));
        let read_only = self.read_only.then(|| "read-only".to_owned());
        [servers, tools, read_only].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl LimitsView {
    const fn new(allowance: Allowance) -> Self {
        let Allowance { per_minute, concurrent, per_day } = allowance;
        Self { per_minute, concurrent, per_day }
    }

    /// Empty for a key that has none of its own.
    fn in_words(&self) -> String {
        let minute = self.per_minute.map(|count| format!("{count} a minute"));
        let day = self.per_day.map(|count| format!("{count} a day"));
        let concurrent = self.concurrent.map(|count| format!("{count} at a time"));
        [minute, day, concurrent].into_iter().flatten().collect::<Vec<_>>().join(", ")
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
        scope: ScopeView::new(&key.scope),
        limits: LimitsView::new(key.allowance),
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        key: None,
    }
}
