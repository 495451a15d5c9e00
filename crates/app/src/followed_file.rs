//! The servers of an `mcp-config.json` as the servers of a project named after it, for as long as the daemon runs. The
//! file is looked at again and again, as editors replace files in too many ways to be told of; one that cannot be used
//! changes nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use orch_control::Control;
use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::import::plan::{ImportPlan, ImportVerb};
use orch_control::keys::NewKey;
use orch_control::problem::Problem;
use orch_control::projects::NewProject;
use orch_control::snippets::{SnippetClient, SnippetsWanted};
use orch_domain::id::UserId;
use orch_domain::principal::{Credential, Principal};
use orch_domain::slug::Slug;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::instance::Instance;

/// How often the file is looked at. A change is taken when two looks in a row have seen it, so that a file is not read
/// while it is being written.
const LOOK: Duration = Duration::from_millis(500);

/// A larger file is no configuration.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

pub(crate) struct FollowedFile {
    path: PathBuf,
    slug: Slug,
    /// What was last seen of the file.
    seen: Option<Stamp>,
}

/// What taking the file over has brought.
pub(crate) struct Taken {
    servers: usize,
    /// Of a project that was made just now.
    key: Option<SecretString>,
    /// The command that a client of the project is set up with.
    command: Option<String>,
}

/// By what a changed file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl FollowedFile {
    /// Makes the project when it is not there, and gives it the servers of the file. A file that cannot be used is an
    /// error for a new project; another one goes on with the servers that it has.
    pub(crate) async fn take_over(path: &Path, instance: &Instance) -> anyhow::Result<(Self, Taken)> {
        let slug = slug(path)?;
        let mut file = Self { path: path.to_owned(), slug, seen: None };
        let control = &instance.control;
        let is_new = match control.projects.get(&operator(), file.slug.as_str()).await {
            Ok(_) => false,
            Err(ControlError::Missing { .. }) => true,
            Err(error) => return Err(error.into()),
        };
        file.seen = file.stamp().await;
        let text = file.read().await;
        if is_new {
            let text = text?;
            file.create_project(control, &text).await?;
        } else {
            match text {
                Ok(text) => file.apply(control, &text).await,
                Err(error) => tracing::error!("{error:#}; its project keeps its servers"),
            }
        }
        let servers = control.servers.list(&operator(), file.slug.as_str()).await?.len();
        let mut taken = Taken { servers, key: None, command: None };
        if is_new {
            let key = NewKey { name: "first key".to_owned(), ..NewKey::default() };
            let created = control.keys.create(&operator(), file.slug.as_str(), key).await?;
            let wanted = SnippetsWanted {
                client: Some(SnippetClient::ClaudeCode),
                server: None,
                key: Some(created.plain.clone()),
            };
            let base_url = instance.settings.public_url();
            let snippets = control.snippets.list(&operator(), &base_url, file.slug.as_str(), wanted).await?;
            taken.command = snippets.snippets.into_iter().next().and_then(|snippet| snippet.command);
            taken.key = Some(created.plain);
        }
        Ok((file, taken))
    }

    /// What the operator is told at the start.
    pub(crate) fn welcome(&self, taken: &Taken, base_url: &str) -> String {
        let Self { path, slug, .. } = self;
        let count = taken.servers;
        let servers = if count == 1 { "server" } else { "servers" };
        let mut lines = vec![
            format!("\n{count} {servers} of {} in the project {slug}", path.display()),
            format!("  dashboard  {base_url}/"),
            format!("  endpoint   {base_url}/projects/{slug}/unified/mcp"),
        ];
        match &taken.key {
            Some(key) => lines.push(format!("  API key    {} (shown once)", key.expose_secret())),
            None => lines.push(format!("  API key    another one: orch-admin key create NAME --project {slug}")),
        }
        if let Some(command) = &taken.command {
            lines.push(format!("\nClaude Code:\n  {command}"));
        }
        lines.push(format!("\nOther clients: orch-admin server export --project {slug} --client NAME --key -\n"));
        lines.join("\n")
    }

    /// Follows the file until the task is aborted.
    pub(crate) async fn follow(mut self, control: Control) {
        let mut last = self.seen;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let now = self.stamp().await;
            let is_settled = now == last;
            last = now;
            if !is_settled || now == self.seen {
                continue;
            }
            self.seen = now;
            match self.read().await {
                Ok(text) => self.apply(&control, &text).await,
                Err(error) => tracing::error!("{error:#}; its project keeps its servers"),
            }
        }
    }

    async fn create_project(&self, control: &Control, text: &str) -> anyhow::Result<()> {
        let new =
            NewProject { name: self.slug.to_string(), slug: Some(self.slug.to_string()), ..NewProject::default() };
        control.projects.create(&operator(), new).await.context("the project of the file cannot be created")?;
        let imported = control.import.run(&operator(), self.slug.as_str(), text, ImportMode::Apply).await;
        if let Err(error) = imported {
            // So that the next start begins anew.
            control.projects.delete(&operator(), self.slug.as_str(), None).await?;
            bail!("{}", self.explained(&error));
        }
        Ok(())
    }

    /// Gives the project the servers of the file, and no others. Says in the log what was done, or why nothing was.
    async fn apply(&self, control: &Control, text: &str) {
        match self.mirror(control, text).await {
            Ok((plan, removed)) => {
                let changed = plan.servers.iter().filter(|server| server.verb != ImportVerb::Unchanged).count();
                for note in &plan.notes {
                    tracing::warn!("{}: {note}", self.path.display());
                }
                tracing::info!(
                    project.slug = self.slug.as_str(),
                    changed,
                    removed,
                    "took over the servers of the file"
                );
            }
            Err(error) => {
                tracing::error!("{}; nothing was changed", self.explained(&error));
            }
        }
    }

    async fn mirror(&self, control: &Control, text: &str) -> Result<(ImportPlan, usize), ControlError> {
        let (who, project) = (operator(), self.slug.as_str());
        let plan = control.import.run(&who, project, text, ImportMode::Apply).await?;
        let named: HashSet<&str> = plan.servers.iter().map(|server| server.alias.as_str()).collect();
        let mut removed = 0;
        for seen in control.servers.list(&who, project).await? {
            let alias = seen.server.alias.as_str();
            if !named.contains(alias) {
                control.servers.delete(&who, project, alias, None).await?;
                removed += 1;
            }
        }
        Ok((plan, removed))
    }

    /// Every problem on a line of its own, with its place in the file.
    fn explained(&self, error: &ControlError) -> String {
        let path = self.path.display();
        match error {
            ControlError::Invalid { problems } => {
                let lines: Vec<_> = problems.iter().map(|problem: &Problem| format!("{path}: {problem}")).collect();
                lines.join("\n")
            }
            error => format!("{path}: {error}"),
        }
    }

    async fn read(&self) -> anyhow::Result<String> {
        let path = self.path.display();
        let metadata = tokio::fs::metadata(&self.path).await.with_context(|| format!("{path} cannot be read"))?;
        if metadata.len() > MAX_BYTES {
            bail!("{path} has more than {MAX_BYTES} bytes, so it is no configuration");
        }
        tokio::fs::read_to_string(&self.path).await.with_context(|| format!("{path} cannot be read"))
    }

    /// None when there is no file.
    async fn stamp(&self) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let metadata = tokio::fs::metadata(&self.path).await.ok()?;
        Some(Stamp { modified: metadata.modified().ok(), length: metadata.len(), inode: metadata.ino() })
    }
}

/// The operator of the machine, who has said with a flag what is to be done.
fn operator() -> Principal {
    Principal { user_id: UserId::from_uuid(Uuid::nil()), credential: Credential::Console }
}

/// The name of the file as the name of a project.
fn slug(path: &Path) -> anyhow::Result<Slug> {
    let stem = path.file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    Slug::derive(stem)
        .with_context(|| format!("no project can be named after the file {}: give it another name", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::slug;

    #[test]
    fn names_a_project_after_the_file() {
        let check = |path: &str, expected: &str| assert_eq!(slug(Path::new(path)).expect(path).as_str(), expected);
        check("mcp-config.json", "mcp-config");
        check("/home/ada/.mcp.json", "mcp");
        check("My Servers.jsonc", "my-servers");
        assert!(slug(Path::new("/")).is_err());
    }
}
