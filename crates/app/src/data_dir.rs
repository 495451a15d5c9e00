//! The data directory: whose it is, and which daemon serves it. What is in it, others know.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};

use crate::config::{Settings, private_dir};

/// What a daemon holds for as long as it serves.
const LOCK: &str = "serve.lock";

/// Refuses to work as root in the directory of somebody else: nobody but root could open what we made there, and the
/// daemon of its owner would not start again. Makes nothing.
pub(crate) fn check_owner(settings: &Settings) -> anyhow::Result<()> {
    // The journal is ours in any case. The directory may be a volume that belongs to root and is written by a group.
    for place in [settings.journal().dir, settings.data_dir.clone()] {
        match fs::metadata(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => {
                let owner = found.with_context(|| format!("{} cannot be looked at", place.display()))?.uid();
                return refuse_foreign(&place, owner, orch_supervisor::user_id());
            }
        }
    }
    Ok(())
}

fn refuse_foreign(place: &Path, owner: u32, me: u32) -> anyhow::Result<()> {
    if me == 0 && owner != 0 {
        bail!(
            "{} belongs to user {owner}, who could not open what root makes there: run this as that user, with sudo -u \
             '#{owner}' or docker exec --user {owner}",
            place.display()
        );
    }
    Ok(())
}

/// Held by the one daemon that serves a data directory, until it is dropped or the process ends, however that ends.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Makes the directory where it is missing. Fails when another daemon serves it.
    pub(crate) fn take(settings: &Settings) -> anyhow::Result<Self> {
        check_owner(settings)?;
        let dir = &settings.data_dir;
        private_dir(dir)?;
        let path = dir.join(LOCK);
        let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(&path);
        let mut file = opened.with_context(|| format!("{} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // It may just have begun, and not have said who it is.
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
                bail!(
                    "another daemon{holder} serves the data directory {}: stop it first, or give this one a directory of \
                     its own with --data-dir or ORCH_DATA_DIR",
                    dir.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        // For the one above alone: a full disk is no reason not to start.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ServeLock, refuse_foreign};
    use crate::config::Settings;

    #[test]
    fn root_works_in_no_directory_of_somebody_else() {
        let check = |owner, me| refuse_foreign(Path::new("/data/journal"), owner, me);
        for (owner, me) in [(0, 0), (1000, 1000), (0, 1000), (1001, 1000)] {
            check(owner, me).expect("left to the rights of the files");
        }
        let refused = check(10_001, 0).expect_err("root").to_string();
        assert!(
            refused.contains("/data/journal belongs to user 10001") && refused.contains("sudo -u '#10001'"),
            "{refused}"
        );
    }

    #[test]
    fn one_daemon_serves_a_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        let settings = Settings { data_dir: dir.path().join("data"), ..Settings::default() };
        let first = ServeLock::take(&settings).expect("nobody serves it");
        let refused = ServeLock::take(&settings).expect_err("it is served").to_string();
        let (me, data) = (std::process::id(), settings.data_dir.display());
        assert!(
            refused.starts_with(&format!("another daemon (process {me}) serves the data directory {data}: ")),
            "{refused}"
        );
        drop(first);
        ServeLock::take(&settings).expect("nobody serves it any more");
    }
}
