//! `policy`: the rules of a project, and why something is as it is.

use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use orch_app::control::policies::draft::{EffectDraft, RuleDraft, WhoDraft};
use orch_app::control::policies::explain::Question;
use orch_app::domain::policy::hints::Hint;
use orch_app::domain::policy::item::ItemClass;
use orch_app::domain::policy::rule::{Effect, Rule, ServerMatch, Terms, Who};
use orch_app::domain::role::Role;
use serde::Serialize;

use crate::cli::InProject;
use crate::commands::key;
use crate::console::Console;
use crate::failure::{self, Spelling};
use crate::moment;
use crate::output::Output;

/// What parts of a rule, and of a question about one, are called here.
pub(crate) const SPELLING: &Spelling = &[
    ("subject", "--for"),
    ("subject.user", "--for"),
    ("subject.key", "--for"),
    ("subject.team", "--for"),
    ("subject.client", "--for"),
    ("object.server", "--server"),
    ("object.kind", "--kind"),
    ("object.name", "--item"),
    ("object.annotations", "--hint"),
    ("approval.timeout_seconds", "--within-time"),
    ("name", "--name"),
];

#[derive(Subcommand)]
pub(crate) enum Policy {
    /// List the rules in the order in which they are asked, switches first
    List {
        #[command(flatten)]
        within: InProject,
    },
    /// Add a rule; the first rule that matches decides
    Add(Box<NewRule>),
    /// Take a rule away
    Remove {
        #[command(flatten)]
        within: InProject,
        /// The rule's id, as policy list shows it
        rule: String,
    },
    /// Move a rule to another place
    Move {
        #[command(flatten)]
        within: InProject,
        /// The rule's id, as policy list shows it
        rule: String,
        /// From 1, switches not counted
        #[arg(value_parser = parse_place)]
        place: usize,
    },
    /// Say whether somebody may use something, and why
    Explain {
        #[command(flatten)]
        within: InProject,
        /// Alias or id
        server: String,
        /// The item's own name: of a tool or prompt, or the URI of a resource
        name: String,
        #[arg(long, value_enum, default_value_t = Kind::Tool)]
        kind: Kind,
        /// Id or e-mail address
        #[arg(long, conflicts_with = "key")]
        user: Option<String>,
        /// An API key, by id, public id, or name when only one live key has it
        #[arg(long)]
        key: Option<String>,
        /// What the client calls itself
        #[arg(long)]
        client: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct NewRule {
    #[command(flatten)]
    within: InProject,
    #[arg(value_enum)]
    effect: EffectKind,
    /// For people
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Whom it is about: anybody, role:ROLE, user:USER, key:KEY, team:TEAM or client:GLOB
    #[arg(long = "for", value_name = "SUBJECT", default_value = "anybody", value_parser = parse_who)]
    who: WhoDraft,
    /// Glob over aliases, or the id of a server; all when absent
    #[arg(long)]
    server: Option<String>,
    /// Everything that a server has when absent
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Glob over the items' own names; all when absent
    #[arg(long)]
    item: Option<String>,
    /// What a tool has to say of itself: read_only, destructive, idempotent or open_world, with =false for the contrary
    #[arg(long, value_name = "HINT", value_parser = parse_hint)]
    hint: Vec<(Hint, bool)>,
    /// With require-approval: the caller's own client may confirm as well
    #[arg(long)]
    caller_may_confirm: bool,
    /// With require-approval: without an answer for so long the call is refused; 5m when absent
    #[arg(long, value_name = "TIME", value_parser = moment::parse_duration)]
    within_time: Option<Duration>,
    /// Where to put it, from 1, switches not counted; at the end when absent
    #[arg(long, value_parser = parse_place)]
    place: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum EffectKind {
    Allow,
    Deny,
    RequireApproval,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl From<Kind> for ItemClass {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Tool => Self::Tool,
            Kind::Prompt => Self::Prompt,
            Kind::Resource => Self::Resource,
        }
    }
}

#[derive(Serialize)]
struct View {
    /// From 1, switches not counted; null for switches.
    place: Option<usize>,
    id: String,
    name: String,
    enabled: bool,
    switch: bool,
    effect: &'static str,
    subject: String,
    server: Option<String>,
    kind: Option<&'static str>,
    item: Option<String>,
    hints: Vec<String>,
    /// How calls are approved, of a rule that requires it; else null.
    approval: Option<ApprovalView>,
}

#[derive(Serialize)]
struct ApprovalView {
    /// Whether the caller's own client may be asked to confirm.
    caller_may_confirm: bool,
    /// Without an answer for so long, the call is refused.
    timeout_seconds: u64,
}

#[derive(Serialize)]
struct ExplanationView {
    effect: &'static str,
    reason: String,
    rule_id: Option<String>,
    user_id: String,
    key_id: Option<String>,
    role: Option<&'static str>,
    steps: Vec<StepView>,
}

#[derive(Serialize)]
struct StepView {
    place: usize,
    rule_id: String,
    name: String,
    matched: bool,
    unlike: Option<&'static str>,
}

impl Policy {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (policies, who) = (&console.control().policies, &console.who);
        match self {
            Self::List { within } => {
                let policy = policies.get(who, &within.project).await?;
                output.list(
                    &views(policy.rules()),
                    ["#", "EFFECT", "FOR", "SERVER", "KIND", "ITEM", "HINTS", "NAME", "ID"],
                    row,
                )
            }
            Self::Add(new) => {
                let mut draft = new.draft()?;
                draft.who = found(console, &new.within.project, draft.who).await?;
                let (policy, id) = policies.add(who, &new.within.project, &draft, new.place).await?;
                let id = id.to_string();
                match views(policy.rules()).into_iter().find(|view| view.id == id) {
                    Some(view) => output.one(&view, &format!("added rule {id}")),
                    None => output.text(&format!("added rule {id}")),
                }
            }
            Self::Remove { within, rule } => {
                let policy = policies.remove(who, &within.project, &rule).await?;
                output.one(&views(policy.rules()), &format!("removed rule {rule}"))
            }
            Self::Move { within, rule, place } => {
                let policy = policies.move_to(who, &within.project, &rule, place).await?;
                output.one(&views(policy.rules()), &format!("moved rule {rule}"))
            }
            Self::Explain { within, server, name, kind, user, key, client } => {
                let key = match key {
                    Some(named) => Some(key::resolve(console, &within.project, &named).await?),
                    None => None,
                };
                let question = Question { user, key, client, server, class: kind.into(), name };
                let told = policies.explain(who, &within.project, &question).await?;
                let view = ExplanationView {
                    effect: told.verdict.as_str(),
                    reason: told.reason,
                    rule_id: told.rule.map(|id| id.to_string()),
                    user_id: told.user.to_string(),
                    key_id: told.key.map(|id| id.to_string()),
                    role: told.role.map(Role::as_str),
                    steps: told
                        .steps
                        .into_iter()
                        .map(|step| StepView {
                            place: step.place,
                            rule_id: step.rule.to_string(),
                            name: step.name,
                            matched: step.unlike.is_none(),
                            unlike: step.unlike.map(orch_app::control::policies::explain::Unlike::as_str),
                        })
                        .collect(),
                };
                let mut sentence = format!("{}: {}", view.effect, view.reason);
                for step in &view.steps {
                    let named = if step.name.is_empty() { &step.rule_id } else { &step.name };
                    let outcome = step.unlike.map_or("matches".to_owned(), |unlike| format!("not its {unlike}"));
                    sentence.push_str(&format!("\n  {}. {named}: {outcome}", step.place));
                }
                output.one(&view, &sentence)
            }
        }
    }
}

impl NewRule {
    fn draft(&self) -> anyhow::Result<RuleDraft> {
        let effect = match self.effect {
            EffectKind::Allow => EffectDraft::Allow,
            EffectKind::Deny => EffectDraft::Deny,
            EffectKind::RequireApproval => {
                EffectDraft::RequireApproval { caller_may_confirm: self.caller_may_confirm, within: self.within_time }
            }
        };
        let terms = self.caller_may_confirm || self.within_time.is_some();
        if terms && !matches!(self.effect, EffectKind::RequireApproval) {
            let text = "--caller-may-confirm and --within-time go with require-approval";
            return Err(failure::usage(anyhow::anyhow!(text)));
        }
        Ok(RuleDraft {
            id: None,
            name: self.name.clone(),
            enabled: true,
            who: self.who.clone(),
            server: self.server.clone(),
            class: self.kind.map(ItemClass::from),
            item: self.item.clone(),
            hints: self.hint.clone(),
            effect,
        })
    }
}

/// The subject by its id. What is not there is said so of, as of anything else that is named.
async fn found(console: &Console, project: &str, named: WhoDraft) -> anyhow::Result<WhoDraft> {
    let (control, who) = (console.control(), &console.who);
    Ok(match named {
        WhoDraft::Key(key) => {
            WhoDraft::Key(key::resolve(console, project, &key).await.with_context(|| format!("--for key:{key}"))?)
        }
        WhoDraft::User(user) => {
            let account = control.users.find(who, &user).await.with_context(|| format!("--for user:{user}"))?;
            WhoDraft::User(account.id.to_string())
        }
        WhoDraft::Team(team) => {
            let seen = control.teams.get(who, &team).await.with_context(|| format!("--for team:{team}"))?;
            WhoDraft::Team(seen.team.id.to_string())
        }
        other @ (WhoDraft::Anybody | WhoDraft::Role(_) | WhoDraft::Client(_)) => other,
    })
}

fn parse_who(text: &str) -> Result<WhoDraft, String> {
    if text == "anybody" {
        return Ok(WhoDraft::Anybody);
    }
    let (kind, value) = text.split_once(':').unwrap_or((text, ""));
    let value = value.to_owned();
    match kind {
        _ if value.is_empty() => Err("use anybody, role:ROLE, user:USER, key:KEY, team:TEAM or client:GLOB".to_owned()),
        "role" => {
            let role = Role::parse(&value).map(WhoDraft::Role);
            role.ok_or_else(|| format!("`{value}` is not a role: use viewer, member or admin"))
        }
        "user" => Ok(WhoDraft::User(value)),
        "key" => Ok(WhoDraft::Key(value)),
        "team" => Ok(WhoDraft::Team(value)),
        "client" => Ok(WhoDraft::Client(value)),
        _ => Err("use anybody, role:ROLE, user:USER, key:KEY, team:TEAM or client:GLOB".to_owned()),
    }
}

fn parse_place(text: &str) -> Result<usize, String> {
    let place = text.parse().ok().filter(|place| *place > 0);
    place.ok_or_else(|| "places are whole numbers, counted from 1".to_owned())
}

fn parse_hint(text: &str) -> Result<(Hint, bool), String> {
    let (name, wanted) = match text.split_once('=') {
        None => (text, true),
        Some((name, "true")) => (name, true),
        Some((name, "false")) => (name, false),
        Some(_) => return Err("write true or false after the =".to_owned()),
    };
    Hint::parse(name)
        .map(|hint| (hint, wanted))
        .ok_or_else(|| format!("`{name}` is no hint: use read_only, destructive, idempotent or open_world"))
}

fn views(rules: &[Rule]) -> Vec<View> {
    let mut place = 0;
    rules
        .iter()
        .map(|rule| {
            let place = (!rule.is_switch).then(|| {
                place += 1;
                place
            });
            View {
                place,
                id: rule.id.to_string(),
                name: rule.name.clone(),
                enabled: rule.enabled,
                switch: rule.is_switch,
                effect: rule.effect.as_str(),
                subject: match &rule.who {
                    Who::Anybody => "anybody".to_owned(),
                    Who::Role(role) => format!("role:{role}"),
                    Who::Team(id) => format!("team:{id}"),
                    Who::User(id) => format!("user:{id}"),
                    Who::Key(id) => format!("key:{id}"),
                    Who::Client(pattern) => format!("client:{pattern}"),
                },
                server: match &rule.what.server {
                    ServerMatch::Any => None,
                    ServerMatch::One(id) => Some(id.to_string()),
                    ServerMatch::Named(pattern) => Some(pattern.to_string()),
                },
                kind: rule.what.class.map(ItemClass::as_str),
                item: rule.what.name.as_ref().map(|name| match rule.is_switch {
                    true => name.unescaped(),
                    false => name.to_string(),
                }),
                hints: rule.what.hints.iter().map(|(hint, wanted)| format!("{}={wanted}", hint.as_str())).collect(),
                approval: match rule.effect {
                    Effect::Allow | Effect::Deny => None,
                    Effect::RequireApproval(Terms { caller_may_confirm, within }) => {
                        Some(ApprovalView { caller_may_confirm, timeout_seconds: within.as_secs() })
                    }
                },
            }
        })
        .collect()
}

fn row(view: &View) -> [String; 9] {
    let any = |text: Option<&str>| text.unwrap_or("*").to_owned();
    let terms = view.approval.as_ref().map(|terms| {
        let by = if terms.caller_may_confirm { "the caller or an admin" } else { "an admin" };
        format!(" by {by} within {} s", terms.timeout_seconds)
    });
    let effect = match view.effect {
        _ if view.switch => "switched off".to_owned(),
        effect if view.enabled => format!("{effect}{}", terms.unwrap_or_default()),
        effect => format!("({effect}{})", terms.unwrap_or_default()),
    };
    [
        view.place.map_or_else(|| "-".to_owned(), |place| place.to_string()),
        effect,
        view.subject.clone(),
        any(view.server.as_deref()),
        any(view.kind),
        any(view.item.as_deref()),
        view.hints.join(" "),
        view.name.clone(),
        view.id.clone(),
    ]
}
