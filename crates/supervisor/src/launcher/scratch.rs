//! A directory that belongs to one process: for temporary files in a sandbox, and to be in when it is told no other.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    process::geteuid,
};

use crate::launcher::maker::Maker;

const PREFIX: &str = "orch-sandbox-";

/// Removed with all that is in it when dropped.
pub(crate) struct Scratch {
    path: PathBuf,
    /// Locked for as long as it is in use.
    _lock: File,
}

impl Scratch {
    /// Blocks for a moment.
    pub(crate) fn make() -> io::Result<Self> {
        // A name that nobody can know before: the directory for temporary files is everybody's.
        let unknown = RandomState::new().hash_one(std::process::id());
        let maker = Maker::own().ok_or(io::ErrorKind::NotFound)?;
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{unknown:016x}", maker.as_str()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let lock = lock(&path).inspect_err(|_| remove(&path))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes what processes of ours that were killed have left in the directory for temporary files. Blocks.
pub(crate) fn sweep() {
    sweep_in(&std::env::temp_dir());
}

fn sweep_in(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| Maker::at_start_of(name.strip_prefix(PREFIX)?));
        let Some((maker, _)) = maker else { continue };
        // Of nobody else, and no link to elsewhere.
        let is_ours = entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == geteuid().as_raw());
        if !is_ours || maker.is_there() {
            continue;
        }
        // Its maker may be one that cannot be seen from here, as in another container.
        if let Ok(_lock) = lock(&entry.path()) {
            tracing::info!(directory = %entry.path().display(), "removing what an earlier run has left");
            remove(&entry.path());
        }
    }
}

/// Fails when somebody else has it.
fn lock(path: &Path) -> io::Result<File> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(error = %error, directory = %path.display(), "the directory of a process is left");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PREFIX, Scratch, lock, sweep_in};
    use crate::launcher::maker::Maker;

    #[test]
    fn only_what_is_nobodys_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let own = Maker::own().unwrap();
        // No process has this start.
        let gone = format!("{}-1", std::process::id());
        let made = [
            format!("{PREFIX}{gone}-a"),
            format!("{PREFIX}{gone}-locked"),
            format!("{PREFIX}{}-b", own.as_str()),
            format!("{PREFIX}0123456789abcdef"),
            "something-else".to_owned(),
        ];
        for name in &made {
            fs::create_dir_all(path(name).join("below")).unwrap();
        }
        std::os::unix::fs::symlink(path("something-else"), path(&format!("{PREFIX}{gone}-link"))).unwrap();
        fs::write(path(&format!("{PREFIX}{gone}-file")), "").unwrap();
        let lock = lock(&path(&made[1])).unwrap();
        sweep_in(directory.path());
        let left: Vec<bool> = made.iter().map(|name| path(name).join("below").exists()).collect();
        assert_eq!(left, [false, true, true, true, true]);
        drop(lock);
        sweep_in(directory.path());
        assert!(!path(&made[1]).exists());
        assert!(path(&format!("{PREFIX}{gone}-file")).exists());
    }

    #[test]
    fn one_that_is_in_use_is_left_alone() {
        let scratch = Scratch::make().unwrap();
        super::sweep();
        assert!(scratch.path().is_dir());
        let path = scratch.path().to_path_buf();
        drop(scratch);
        assert!(!path.exists());
    }
}
