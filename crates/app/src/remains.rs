//! What is left in a data directory of an instance whose database is gone. Only looks; nothing is made or changed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use orch_persistence::Journal;

use crate::config::Settings;

/// Refuses to make a new instance where an old one has left its record: what is gone would look like a start that went
/// well. Secrets alone are no reason, for they may be there before the first start.
pub(crate) fn refuse(settings: &Settings) -> anyhow::Result<()> {
    let (audit, journal) = (settings.audit_dir(), settings.journal().dir);
    let found = match first_file(&audit).with_context(|| format!("{} cannot be read", audit.display()))? {
        Some(found) => Some((found, "checkpoints of its audit trail")),
        None => Journal::leftover(&journal)
            .with_context(|| format!("{} cannot be read", journal.display()))?
            .map(|found| (found, "calls that wait for its database")),
    };
    let Some((found, what)) = found else { return Ok(()) };
    bail!(
        "{} has nothing in it, but {} has {what}: there was an instance here, and no new one is made in its place. Bring \
         its database back (is the volume mounted, is DATABASE_URL right?), or move the data directory {} away, keep it, \
         and restore a backup with orch-admin restore; for a new instance move it away too",
        settings.database_url()?,
        found.display(),
        settings.data_dir.display()
    );
}

/// A file in which there is something.
fn first_file(dir: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.is_file() && found.len() > 0 {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}
