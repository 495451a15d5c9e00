//! `project`: projects of the instance.

use clap::Subcommand;
use orch_app::control::projects::NewProject;
use orch_app::domain::Timestamp;
use orch_app::domain::project::Project as Stored;
use serde::Serialize;

use crate::console::{self, Console};
use crate::moment;
use crate::output::Output;

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
    /// List all projects
    List,
}

#[derive(Serialize)]
struct View {
    id: String,
    slug: String,
    name: String,
    separator: String,
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

fn view(project: &Stored) -> View {
    View {
        id: project.id.to_string(),
        slug: project.slug.to_string(),
        name: project.name.clone(),
        separator: project.separator.as_str().to_owned(),
        created_at: project.created_at,
    }
}
