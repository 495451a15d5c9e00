//! `project`: projects of the instance.

use anyhow::{Context, anyhow};
use clap::{ArgGroup, Subcommand, ValueEnum};
use orch_app::control::projects::{NewProject, ProjectPatch, ProjectSeen, RecordedArgumentsDraft};
use orch_app::domain::Timestamp;
use orch_app::domain::arguments::RecordedArguments;
use orch_app::domain::project::FlawedTools;
use serde::Serialize;

use crate::console::{self, Console};
use crate::failure::{self, Spelling};
use crate::moment;
use crate::output::{self, Output};

/// What fields of a project are called here.
pub(crate) const SPELLING: &Spelling =
    &[("slug", "--slug"), ("separator", "--separator"), ("admin", "--admin"), ("recorded_arguments.hidden", "--hide")];

#[derive(Subcommand)]
pub(crate) enum Project {
    /// Create a project
    Create {
        name: String,
        /// Its name in URLs; derived from the name when absent
        #[arg(long)]
        slug: Option<String>,
        /// What stands between server and tool on the unified endpoint: `_` and `-`, with at least one `_`
        #[arg(long, allow_hyphen_values = true)]
        separator: Option<String>,
        /// Its first admin, by id or e-mail address; the oldest instance admin when absent
        #[arg(long, value_name = "USER")]
        admin: Option<String>,
    },
    /// Change a project; what is not named stays as it is
    #[command(group = ArgGroup::new("changes").required(true).multiple(true).args(["name", "flawed_tools", "recorded_arguments"]))]
    Update {
        /// Its id or slug
        #[arg(value_name = "PROJECT")]
        named: String,
        #[arg(long)]
        name: Option<String>,
        /// What becomes of tools that strict clients refuse
        #[arg(long, value_enum)]
        flawed_tools: Option<Flawed>,
        /// What of the arguments of calls goes on record
        #[arg(long, value_enum)]
        recorded_arguments: Option<Recorded>,
        /// With `redacted`: members whose values are hidden beside those that always are, as a glob; may be repeated,
        /// and replaces all there are
        #[arg(long, value_name = "NAME", requires = "recorded_arguments")]
        hide: Vec<String>,
    },
    /// Show one project, with what goes on record
    Show {
        /// Its id or slug
        #[arg(value_name = "PROJECT")]
        named: String,
    },
    /// List all projects
    List,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flawed {
    Repair,
    Hide,
    Pass,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recorded {
    Nothing,
    Digest,
    Redacted,
}

#[derive(Serialize)]
struct View {
    id: String,
    slug: String,
    name: String,
    separator: String,
    flawed_tools: &'static str,
    recorded_arguments: RecordedView,
    counts: CountsView,
    #[serde(with = "time::serde::rfc3339")]
    created_at: Timestamp,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: Timestamp,
}

/// What of the arguments of calls goes on record.
#[derive(Serialize)]
struct RecordedView {
    mode: &'static str,
    /// Members whose values do not, beside those that never do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Vec<String>>,
}

#[derive(Serialize)]
struct CountsView {
    members: usize,
    teams: usize,
    servers: usize,
    keys: usize,
}

impl Project {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (projects, who) = (&console.control().projects, &console.who);
        match self {
            Self::Create { name, slug, separator, admin } => {
                if let Some(admin) = &admin {
                    console.control().users.find(who, admin).await.with_context(|| format!("--admin {admin}"))?;
                }
                let new = NewProject { name, slug, separator, admin, ..NewProject::default() };
                let created = projects.create(who, new).await?;
                let view = View::new(&created);
                let sentence = format!("created the project {} ({})", view.slug, view.id);
                output.one(&view, &sentence)
            }
            Self::Update { named, name, flawed_tools, recorded_arguments, hide } => {
                if !hide.is_empty() && recorded_arguments != Some(Recorded::Redacted) {
                    return Err(failure::usage(anyhow!("--hide goes with --recorded-arguments redacted")));
                }
                let patch = ProjectPatch {
                    name,
                    flawed_tools: flawed_tools.map(Flawed::choice),
                    recorded_arguments: recorded_arguments.map(|choice| choice.draft(hide)),
                    ..ProjectPatch::default()
                };
                let seen = projects.update(who, &named, patch, None).await?;
                let view = View::new(&seen);
                output.one(&view, &view.text())
            }
            Self::Show { named } => {
                let view = View::new(&projects.get(who, &named).await?);
                output.one(&view, &view.text())
            }
            Self::List => {
                let all = console::all(|page| projects.list(who, None, page)).await?;
                let views: Vec<_> = all.iter().map(View::new).collect();
                output.list(&views, ["SLUG", "NAME", "CREATED", "ID"], |view| {
                    [view.slug.clone(), view.name.clone(), moment::shown(view.created_at), view.id.clone()]
                })
            }
        }
    }
}

impl Flawed {
    const fn choice(self) -> FlawedTools {
        match self {
            Self::Repair => FlawedTools::Repair,
            Self::Hide => FlawedTools::Hide,
            Self::Pass => FlawedTools::Pass,
        }
    }
}

impl Recorded {
    fn draft(self, hidden: Vec<String>) -> RecordedArgumentsDraft {
        match self {
            Self::Nothing => RecordedArgumentsDraft::Nothing,
            Self::Digest => RecordedArgumentsDraft::Digest,
            Self::Redacted => RecordedArgumentsDraft::Redacted { hidden },
        }
    }
}

impl View {
    fn new(seen: &ProjectSeen) -> Self {
        let ProjectSeen { project, counts, .. } = seen;
        let hidden = match &project.recorded_arguments {
            RecordedArguments::Nothing | RecordedArguments::Digest => None,
            RecordedArguments::Redacted { hidden } => Some(hidden.iter().map(ToString::to_string).collect()),
        };
        Self {
            id: project.id.to_string(),
            slug: project.slug.to_string(),
            name: project.name.clone(),
            separator: project.separator.as_str().to_owned(),
            flawed_tools: project.flawed_tools.as_str(),
            recorded_arguments: RecordedView { mode: project.recorded_arguments.as_str(), hidden },
            counts: CountsView {
                members: counts.members,
                teams: counts.teams,
                servers: counts.servers,
                keys: counts.keys,
            },
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }

    fn text(&self) -> String {
        let CountsView { members, teams, servers, keys } = self.counts;
        let hidden = self.recorded_arguments.hidden.iter().flatten().map(|name| ("hidden", name.clone()));
        let mut lines = vec![
            ("slug", self.slug.clone()),
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("separator", self.separator.clone()),
            ("flawed tools", self.flawed_tools.to_owned()),
            ("arguments", format!("{} on record", self.recorded_arguments.mode)),
        ];
        lines.extend(hidden);
        lines.push(("in it", format!("{members} members, {teams} teams, {servers} servers, {keys} keys")));
        lines.push(("created", moment::shown(self.created_at)));
        lines.push(("changed", moment::shown(self.updated_at)));
        output::fields(&lines)
    }
}
