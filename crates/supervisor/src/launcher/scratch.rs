//! A directory that belongs to one sandboxed process: for temporary files, and to be in when it is told no other.

use std::{
    hash::{BuildHasher as _, RandomState},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// Removed with all that is in it when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Blocks for a moment.
    pub(crate) fn make() -> io::Result<Self> {
        // A name that nobody can know before: the directory for temporary files is everybody's.
        let name = format!("orch-sandbox-{:016x}", RandomState::new().hash_one(std::process::id()));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(error = %error, directory = %self.0.display(), "a directory of a sandbox is left");
        }
    }
}
