//! The servers of an `mcp-config.json` as the servers of a project named after it, for as long as the daemon runs. The
//! file is looked at again and again, as editors replace files in too many ways to be told of; one that cannot be used
//! changes nothing. Servers that did not come from the file are never touched.

mod mark;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use orch_control::Control;
use orch_control::error::ControlError;
use orch_control::import::plan::{ImportPlan, ImportVerb};
use orch_control::import::{ImportMode, foresee};
use orch_control::keys::NewKey;
use orch_control::problem::Problem;
use orch_control::projects::NewProject;
use orch_control::snippets::{SnippetClient, SnippetsWanted};
use orch_domain::alias::Alias;
use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::{ServerId, UserId};
use orch_domain::port::vault::Vault;
use orch_domain::principal::{Credential, Principal};
use orch_domain::server::Server;
use orch_domain::slug::Slug;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use self::mark::Mark;
use crate::config::Settings;
use crate::instance::Instance;

/// How often the file is looked at. A change is taken when two looks in a row have seen it, so that a file is not read
/// while it is being written.
const LOOK: Duration = Duration::from_millis(500);

/// What failed for a passing reason is tried again after pauses that double from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// A larger file is no configuration.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct FollowedFile {
    path: PathBuf,
    slug: Slug,
    /// Where it is kept which servers came from the file.
    mark: PathBuf,
    start: Start,
    /// What was last seen of the file and is done with; None when what there is has not been taken over yet.
    done: Option<Stamp>,
}

/// What there was of the project when the file was opened.
#[derive(Debug)]
enum Start {
    /// Nothing; the text of the file can be used.
    New { text: String },
    /// The servers of this file, or only such as stand in it.
    Own,
    /// The same, but the file cannot be used now.
    OwnButBroken { because: String },
}

/// What is known of an instance without writing to it.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) directory: &'a Directory,
    pub(crate) vault: &'a dyn Vault,
}

/// What taking the file over has brought.
pub(crate) struct Taken {
    /// That came from the file.
    servers: usize,
    /// Of a project that was made just now.
    key: Option<SecretString>,
    /// The command that a client of the project is set up with.
    command: Option<String>,
}

/// What was done to the project.
struct Mirrored {
    plan: ImportPlan,
    removed: usize,
    /// Servers of the project that did not come from the file.
    others: usize,
}

/// By what a changed file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    NoFile,
    File { modified: Option<SystemTime>, length: u64, inode: u64 },
}

/// That the file itself is wrong: only another one is worth a try.
#[derive(Debug, thiserror::Error)]
#[error("{0}; nothing was changed")]
struct Unusable(String);

impl FollowedFile {
    /// Reads the file and decides whether it may be followed; writes nothing. A project that exists belongs to the file
    /// if it was made by following it, or if the file has all of its servers as they are, so that nothing is lost. A
    /// file that cannot be used is an error, unless the project is the file's own: that goes on with what it has.
    pub(crate) async fn open(path: &Path, known: Known<'_>) -> anyhow::Result<Self> {
        let slug = slug(path)?;
        let path = std::path::absolute(path).with_context(|| format!("the path {} cannot be used", path.display()))?;
        let mark = Mark::file(&known.settings.data_dir, &slug);
        let mut file = Self { path, slug, mark, start: Start::Own, done: None };
        file.done = Some(file.stamp().await);
        let text = file.read().await;
        let project = known.directory.projects().find(|facts| facts.project.slug == file.slug);
        let Some(project) = project else {
            let text = text?;
            file.foresee(&text, &[], known)?;
            file.start = Start::New { text };
            return Ok(file);
        };
        let existing: Vec<Server> = project.servers.values().map(|server| Server::clone(server)).collect();
        let plan = text.and_then(|text| file.foresee(&text, &existing, known));
        let mark = Mark::read(&file.mark)?.filter(|mark| mark.project == project.project.id);
        if mark.as_ref().is_some_and(|mark| mark.file == file.path) {
            if let Err(error) = plan {
                file.start = Start::OwnButBroken { because: format!("{error:#}") };
            }
        } else {
            let flags = known.settings.flags_of_the_instance();
            file.refuse_to_take(project, &plan?, mark.as_ref(), &flags)?;
        }
        Ok(file)
    }

    /// Makes the project when it is not there, and gives it the servers of the file.
    pub(crate) async fn take_over(&mut self, instance: &Instance) -> anyhow::Result<Taken> {
        let control = &instance.control;
        let mut taken = Taken { servers: 0, key: None, command: None };
        match std::mem::replace(&mut self.start, Start::Own) {
            Start::New { text } => {
                self.create_project(control, &text).await?;
                let key = NewKey { name: "first key".to_owned(), ..NewKey::default() };
                let created = control.keys.create(&operator(), self.slug.as_str(), key).await?;
                let wanted = SnippetsWanted {
                    client: Some(SnippetClient::ClaudeCode),
                    server: None,
                    key: Some(created.plain.clone()),
                };
                let base_url = &instance.public_url.url;
                let snippets = control.snippets.list(&operator(), base_url, self.slug.as_str(), wanted).await?;
                taken.command = snippets.snippets.into_iter().next().and_then(|snippet| snippet.command);
                taken.key = Some(created.plain);
            }
            Start::Own => {
                if !self.take(control).await {
                    self.done = None;
                }
            }
            Start::OwnButBroken { because } => tracing::error!("{because}; its project keeps its servers"),
        }
        taken.servers = Mark::read(&self.mark)?.map_or(0, |mark| mark.servers.len());
        Ok(taken)
    }

    /// What a start would do, for somebody who only checks.
    pub(crate) fn outlook(&self) -> String {
        let Self { path, slug, start, .. } = self;
        let path = path.display();
        match start {
            Start::New { .. } => format!("file of servers: {path}; a start makes the project {slug}"),
            Start::Own => format!("file of servers: {path}, for the project {slug}"),
            Start::OwnButBroken { because } => {
                format!("warning: {because}; a start leaves the project {slug} as it is")
            }
        }
    }

    /// What the file would do to these servers, if it can be used.
    fn foresee(&self, text: &str, existing: &[Server], known: Known<'_>) -> anyhow::Result<ImportPlan> {
        let plan = foresee(text, existing, known.vault, &known.settings.confinement())?;
        if plan.problems.is_empty() { Ok(plan) } else { bail!("{}", self.listed(&plan.problems)) }
    }

    /// Fails if taking over a project that was made otherwise would change one of its servers, now or when the file
    /// changes.
    fn refuse_to_take(
        &self,
        project: &ProjectFacts,
        plan: &ImportPlan,
        mark: Option<&Mark>,
        flags: &str,
    ) -> anyhow::Result<()> {
        let as_it_is =
            |alias: &Alias| plan.servers.iter().any(|it| it.alias == *alias && it.verb == ImportVerb::Unchanged);
        let others: Vec<_> = project.servers.keys().filter(|alias| !as_it_is(alias)).map(Alias::as_str).collect();
        if others.is_empty() {
            return Ok(());
        }
        let Self { path, slug, .. } = self;
        let origin = match mark {
            Some(mark) => format!("it follows {}", mark.file.display()),
            None => "it was made otherwise".to_owned(),
        };
        bail!(
            "{}: there is a project {slug} already, and {origin}: these of its servers are not in the file as they are: \
             {}. Give the file another name, as the project is named after it, or begin with a file that has them: \
             orch-admin{flags} server export --project {slug}",
            path.display(),
            others.join(", ")
        )
    }

    /// What the operator is told at the start.
    pub(crate) fn welcome(&self, taken: &Taken, instance: &Instance) -> String {
        let Self { path, slug, .. } = self;
        let (base_url, flags) = (&instance.public_url.url, instance.settings.flags_of_the_instance());
        let count = taken.servers;
        let servers = if count == 1 { "server" } else { "servers" };
        let mut lines = vec![
            format!("\n{count} {servers} of {} in the project {slug}", path.display()),
            format!("  dashboard  {base_url}/"),
            format!("  endpoint   {base_url}/projects/{slug}/unified/mcp"),
        ];
        match &taken.key {
            Some(key) => lines.push(format!("  API key    {} (shown once)", key.expose_secret())),
            None => lines.push(format!("  API key    another one: orch-admin{flags} key create NAME --project {slug}")),
        }
        if let Some(command) = &taken.command {
            lines.push(format!("\nClaude Code:\n  {command}"));
        }
        lines
            .push(format!("\nOther clients: orch-admin{flags} server export --project {slug} --client NAME --key -\n"));
        lines.join("\n")
    }

    /// Follows the file until the task is aborted.
    pub(crate) async fn follow(mut self, control: Control) {
        let mut last = self.done;
        let mut pause = PAUSES.0;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let now = Some(self.stamp().await);
            let is_settled = now == last;
            last = now;
            if !is_settled || now == self.done {
                continue;
            }
            if self.take(&control).await {
                self.done = now;
                pause = PAUSES.0;
            } else {
                self.done = None;
                looks.reset_after(pause);
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }

    /// Reads the file and gives the project its servers. False when that failed for a reason that may pass.
    async fn take(&self, control: &Control) -> bool {
        match self.read().await {
            Ok(text) => self.apply(control, &text).await,
            Err(error) => {
                tracing::error!("{error:#}; its project keeps its servers");
                // One that is not there is seen when it comes.
                error.downcast_ref::<io::Error>().is_none_or(|error| error.kind() == io::ErrorKind::NotFound)
            }
        }
    }

    async fn create_project(&self, control: &Control, text: &str) -> anyhow::Result<()> {
        let new =
            NewProject { name: self.slug.to_string(), slug: Some(self.slug.to_string()), ..NewProject::default() };
        control.projects.create(&operator(), new).await.context("the project of the file cannot be created")?;
        if let Err(error) = self.mirror(control, text).await {
            // So that the next start begins anew.
            control.projects.delete(&operator(), self.slug.as_str(), None).await?;
            bail!("{error:#}");
        }
        Ok(())
    }

    /// Gives the project the servers of the file. Says in the log what was done, or why nothing was. False when that failed
    /// for a reason that may pass.
    async fn apply(&self, control: &Control, text: &str) -> bool {
        match self.mirror(control, text).await {
            Ok(Mirrored { plan, removed, others }) => {
                let changed = plan.servers.iter().filter(|server| server.verb != ImportVerb::Unchanged).count();
                for note in &plan.notes {
                    tracing::warn!("{}: {note}", self.path.display());
                }
                tracing::info!(
                    project.slug = self.slug.as_str(),
                    changed,
                    removed,
                    others,
                    "took over the servers of the file"
                );
                true
            }
            Err(error) => {
                tracing::error!("{error:#}");
                error.is::<Unusable>()
            }
        }
    }

    /// Brings in what stands in the file, and takes away what came from it and stands there no more.
    async fn mirror(&self, control: &Control, text: &str) -> anyhow::Result<Mirrored> {
        let (who, slug) = (operator(), self.slug.as_str());
        let project = control.projects.get(&who, slug).await?.project.id;
        let before = Mark::read(&self.mark)?.filter(|mark| mark.project == project && mark.file == self.path);
        let before = before.map(|mark| mark.servers).unwrap_or_default();
        let imported = control.import.run(&who, slug, text, ImportMode::Apply).await;
        let plan = imported.map_err(|error| self.explained(error))?;
        let (named, rest): (Vec<_>, Vec<_>) = control
            .servers
            .list(&who, slug)
            .await?
            .into_iter()
            .map(|seen| seen.server)
            .partition(|server| plan.servers.iter().any(|named| named.alias == server.alias));
        let servers: BTreeSet<ServerId> = named.iter().map(|server| server.id).collect();
        let mark = |servers| Mark { project, file: self.path.clone(), servers }.write(&self.mark);
        // Whoever is killed while servers are taken away knows at the next start which of them came from the file.
        mark(before.union(&servers).copied().collect())?;
        let (gone, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|server| before.contains(&server.id));
        for server in &gone {
            match control.servers.delete(&who, slug, server.alias.as_str(), None).await {
                // Somebody else was faster.
                Ok(()) | Err(ControlError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        mark(servers)?;
        Ok(Mirrored { plan, removed: gone.len(), others: others.len() })
    }

    /// Why nothing was imported: every problem on a line of its own, with its place in the file.
    fn explained(&self, error: ControlError) -> anyhow::Error {
        match error {
            ControlError::Invalid { problems } => Unusable(self.listed(&problems)).into(),
            error => anyhow::Error::new(error).context(self.path.display().to_string()),
        }
    }

    fn listed(&self, problems: &[Problem]) -> String {
        let lines: Vec<_> = problems.iter().map(|problem| format!("{}: {problem}", self.path.display())).collect();
        lines.join("\n")
    }

    async fn read(&self) -> anyhow::Result<String> {
        let path = self.path.display();
        let metadata = tokio::fs::metadata(&self.path).await.with_context(|| format!("{path} cannot be read"))?;
        if metadata.len() > MAX_BYTES {
            bail!("{path} has more than {MAX_BYTES} bytes, so it is no configuration");
        }
        tokio::fs::read_to_string(&self.path).await.with_context(|| format!("{path} cannot be read"))
    }

    async fn stamp(&self) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        match tokio::fs::metadata(&self.path).await {
            Ok(it) => Stamp::File { modified: it.modified().ok(), length: it.len(), inode: it.ino() },
            Err(_) => Stamp::NoFile,
        }
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
