//! `project`: projects of the instance.

use anyhow::anyhow;
use clap::{ArgGroup, Subcommand, ValueEnum};
use orch_app::control::projects::{NewProject, ProjectPatch, RecordedArgumentsDraft};
use orch_app::domain::Timestamp;
use orch_app::domain::project::{FlawedTools, Project as Stored};
use serde::Serialize;

use crate::console::{self, Console};
use crate::failure::{self, Spelling};
use crate::moment;
use crate::output::Output;

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
        /// With `redacted`: members whose values are hidden beside those that always are, as a glob; may be repeated
        #[arg(long, value_name = "NAME", requires = "recorded_arguments")]
        hide: Vec<String>,
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
    recorded_arguments: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    created_at: Timestamp,
}

impl Project {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (projects, who) = (&console.control().projects, &console.who);
        match self {
            Self::Create { name, slug, separator, admin } => {
                let new = NewProject { name, slug, separator, admin, ..NewProject::default() };
                let created = projects.create(who, new).await?;
                let view = view(&created.project);
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
                let view = view(&seen.project);
                output.one(&view, &format!("the project {} is as asked", view.slug))
            }
            Self::List => {
                let all = console::all(|page| projects.list(who, None, page)).await?;
                let views: Vec<_> = all.iter().map(|seen| view(&seen.project)).collect();
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

fn view(project: &Stored) -> View {
    View {
        id: project.id.to_string(),
        slug: project.slug.to_string(),
        name: project.name.clone(),
        separator: project.separator.as_str().to_owned(),
        flawed_tools: project.flawed_tools.as_str(),
        recorded_arguments: project.recorded_arguments.as_str(),
        created_at: project.created_at,
    }
}
