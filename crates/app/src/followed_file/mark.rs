//! Which servers of which project came from a followed file, kept in the data directory. Without it, a project counts as
//! made otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::slug::Slug;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::private_dir;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) project: ProjectId,
    pub(super) file: PathBuf,
    pub(super) servers: BTreeSet<ServerId>,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    project: Uuid,
    file: PathBuf,
    servers: Vec<Uuid>,
}

impl Mark {
    /// Where the mark of the project with this slug is.
    pub(super) fn file(data_dir: &Path, slug: &Slug) -> PathBuf {
        data_dir.join("followed").join(format!("{slug}.json"))
    }

    /// None where no file was followed.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let Stored { project, file, servers } = serde_json::from_slice(&text).with_context(|| {
            format!("{} is damaged; remove it, and begin with a file that has the project's servers", path.display())
        })?;
        let servers = servers.into_iter().map(ServerId::from_uuid).collect();
        Ok(Some(Self { project: ProjectId::from_uuid(project), file, servers }))
    }

    /// Appears at once and whole.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let servers = self.servers.iter().map(|id| id.as_uuid()).collect();
        let stored = Stored { project: self.project.as_uuid(), file: self.file.clone(), servers };
        let draft = path.with_extension("draft");
        private_dir(path.parent().unwrap_or(path))?;
        let write = || {
            fs::write(&draft, serde_json::to_vec(&stored)?)?;
            fs::rename(&draft, path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::id::{ProjectId, ServerId};
    use orch_domain::slug::Slug;

    use super::Mark;

    #[test]
    fn comes_back_as_it_was_written() {
        let data = tempfile::tempdir().expect("a directory");
        let path = Mark::file(data.path(), &Slug::derive("team").expect("a slug"));
        assert_eq!(Mark::read(&path).expect("no mark"), None);
        let servers = [ServerId::new(), ServerId::new()].into_iter().collect();
        let mark = Mark { project: ProjectId::new(), file: "/home/ada/team.json".into(), servers };
        mark.write(&path).expect("it is written");
        mark.write(&path).expect("it is written again");
        assert_eq!(Mark::read(&path).expect("a mark"), Some(mark));
        std::fs::write(&path, "{").expect("a damaged file");
        assert!(Mark::read(&path).expect_err("it is damaged").to_string().contains("remove it"));
    }
}
