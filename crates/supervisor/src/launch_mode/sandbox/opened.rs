//! A file or directory that is opened once, with the name that it has then: what is judged by its name is what the rule
//! is made for, whatever is put in its place meanwhile. Reads no file.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Dir, FileType, Mode, OFlags, fstat, lstat, openat},
    path::Arg,
};

use crate::confinement::SandboxFault;

/// Where this process reads what its descriptors are called.
const NAMES: &str = "/proc/self/fd";

#[derive(Debug)]
pub(super) struct Opened {
    descriptor: OwnedFd,
    path: PathBuf,
    kind: FileType,
}

impl Opened {
    /// What the path leads to, by links as well; None when it is not there, or closed to us.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, SandboxFault> {
        Self::at(CWD, path, OFlags::empty())
    }

    /// What is open already; None when it has no name any more.
    pub(super) fn new(descriptor: OwnedFd) -> Result<Option<Self>, SandboxFault> {
        let Some(path) = name(&Path::new(NAMES).join(descriptor.as_raw_fd().to_string()))? else {
            return Ok(None);
        };
        let opened = fstat(&descriptor).map_err(|error| SandboxFault::Failed(error.raw_os_error()))?;
        // Else it was deleted or moved away, and the name says nothing about it.
        let is_there = lstat(&path).is_ok_and(|named| (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino));
        Ok(is_there.then(|| Self { descriptor, path, kind: FileType::from_raw_mode(opened.st_mode) }))
    }

    fn at(directory: impl AsFd, name: impl Arg, flags: OFlags) -> Result<Option<Self>, SandboxFault> {
        let opened = openat(directory, name, OFlags::PATH | OFlags::CLOEXEC | flags, Mode::empty());
        opened.map_or(Ok(None), Self::new)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind.is_dir()
    }

    pub(super) fn parent(&self) -> Result<Option<Self>, SandboxFault> {
        Self::at(&self.descriptor, "..", OFlags::empty())
    }

    /// What is in the directory. A link is left out: what it leads to is opened under its own name, or is not.
    pub(super) fn children(&self) -> impl Iterator<Item = Result<Self, SandboxFault>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(&self.descriptor, ".", flags, Mode::empty()).and_then(Dir::new);
        directory
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| !matches!(entry.file_name().to_bytes(), b"." | b".."))
            .filter_map(|entry| Self::at(&self.descriptor, entry.file_name(), OFlags::NOFOLLOW).transpose())
            .filter(|child| !child.as_ref().is_ok_and(|child| child.kind.is_symlink()))
    }
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// What the link of a descriptor says.
fn name(link: &Path) -> Result<Option<PathBuf>, SandboxFault> {
    match fs::read_link(link) {
        Ok(path) => Ok(path.is_absolute().then_some(path)),
        // The descriptor is open, so what is not there are the names of all.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(SandboxFault::NoProc),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::{fd::OwnedFd, unix::fs::symlink},
        path::Path,
    };

    use super::{Opened, name};
    use crate::confinement::SandboxFault;

    #[test]
    fn is_named_as_it_is_and_not_as_it_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir(root.join("real (deleted)")).unwrap();
        symlink("real (deleted)", root.join("link")).unwrap();
        let opened = Opened::find(&root.join("link/../link")).unwrap().unwrap();
        assert_eq!(opened.path(), root.join("real (deleted)"));
        assert!(opened.is_directory());
        assert_eq!(opened.parent().unwrap().unwrap().path(), root);
        assert!(Opened::find(&root.join("nowhere")).unwrap().is_none());
    }

    #[test]
    fn what_has_lost_its_name_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let open = |name: &str| {
            fs::write(root.join(name), "").unwrap();
            OwnedFd::from(fs::File::open(root.join(name)).unwrap())
        };
        let gone = open("gone");
        fs::remove_file(root.join("gone")).unwrap();
        assert!(Opened::new(gone).unwrap().is_none());
        // Nor is another one that has got the name which the system gives it.
        let gone = open("gone");
        fs::remove_file(root.join("gone")).unwrap();
        fs::write(root.join("gone (deleted)"), "").unwrap();
        assert!(Opened::new(gone).unwrap().is_none());
        let (reader, _writer) = std::io::pipe().unwrap();
        assert!(Opened::new(reader.into()).unwrap().is_none());
        assert!(Opened::new(open("there")).unwrap().is_some());
    }

    #[test]
    fn nothing_is_taken_for_gone_where_no_name_can_be_read() {
        assert_eq!(name(Path::new("/nowhere/self/fd/3")), Err(SandboxFault::NoProc));
    }

    #[test]
    fn children_are_those_of_the_directory_and_no_links() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir(root.join("deep")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        symlink("file", root.join("link")).unwrap();
        let opened = Opened::find(&root).unwrap().unwrap();
        let mut children: Vec<_> = opened.children().map(|child| child.unwrap().path().to_path_buf()).collect();
        children.sort_unstable();
        assert_eq!(children, [root.join("deep"), root.join("file")]);
        assert_eq!(Opened::find(&root.join("file")).unwrap().unwrap().children().count(), 0);
    }
}
