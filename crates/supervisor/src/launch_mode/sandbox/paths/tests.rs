//! What is opened of directories that have something to hide, and what becomes of names that change meanwhile.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::MetadataExt as _, unix::fs::symlink},
    path::{Path, PathBuf},
};

use rustix::fs::fstat;

use super::{Granted, Hidden, Opened, Rights, found, installation, open};
use crate::{
    confinement::{DaemonIds, Listed, SandboxFault, SandboxProfile},
    launch_mode::sandbox::{Files, Place},
};

/// A home directory with keys, and the daemon's data, settings and a `.env` that is not there yet.
struct World {
    _directory: tempfile::TempDir,
    home: PathBuf,
    homes: [PathBuf; 1],
    private: Vec<PathBuf>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().canonicalize().unwrap();
        for name in [".ssh/keys", ".aws/sso", "work/deep", "data/secrets", "daemon"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        for name in ["data/secrets/key", ".aws/orch.toml", ".aws/config", "work/deep/file"] {
            fs::write(home.join(name), "").unwrap();
        }
        let private = ["data", ".aws/orch.toml", "daemon/.env"].map(|name| home.join(name)).into();
        Self { _directory: directory, homes: [home.clone()], home, private }
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.home.clone() } else { self.home.join(name) }
    }

    fn place<'a>(&'a self, scratch: Option<&'a OwnedFd>) -> Place<'a> {
        let (homes, hidden) = (&self.homes, &self.private);
        Place { program: Path::new("/bin/sh"), homes, hidden, daemon_home: None, scratch, daemon: DaemonIds::default() }
    }

    fn found(&self, name: &str) -> Opened {
        found(&self.path(name), None, Listed::Read(0)).unwrap()
    }

    fn opened(
        &self,
        name: &str,
        ask: impl Fn(&Hidden, Opened, &mut dyn FnMut(Granted)) -> Result<(), SandboxFault>,
    ) -> Result<Vec<(PathBuf, Rights)>, SandboxFault> {
        let mut opened = Vec::new();
        ask(&Hidden::new(&self.place(None)), self.found(name), &mut |one: Granted| {
            let below = one.opened.path().strip_prefix(&self.home).unwrap();
            opened.push((below.to_path_buf(), one.rights));
        })?;
        opened.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(opened)
    }

    fn for_reading(&self, name: &str) -> Result<Vec<(PathBuf, Rights)>, SandboxFault> {
        self.opened(name, |hidden, opened, grant| hidden.readable(opened, Listed::Read(0), grant))
    }

    fn for_writing(&self, name: &str) -> Result<Vec<(PathBuf, Rights)>, SandboxFault> {
        self.opened(name, |hidden, opened, grant| hidden.writable(opened, Listed::Write(0), grant))
    }
}

fn reads(names: &[&str]) -> Result<Vec<(PathBuf, Rights)>, SandboxFault> {
    Ok(names.iter().map(|name| (PathBuf::from(name), Rights::Read)).collect())
}

#[test]
fn what_is_beside_the_hidden_is_read() {
    let world = World::new();
    // The directory for the `.env` is opened in pieces, of which there are none yet.
    assert_eq!(world.for_reading(""), reads(&["work"]));
    assert_eq!(world.for_reading("work"), reads(&["work"]));
    assert_eq!(world.for_reading(".ssh"), reads(&[".ssh"]));
    assert_eq!(world.for_reading(".ssh/keys"), reads(&[".ssh/keys"]));
    for name in ["data", "data/secrets", ".aws/orch.toml"] {
        assert_eq!(world.for_reading(name), Err(SandboxFault::Exposes(Listed::Read(0))), "{name}");
    }
}

#[test]
fn who_lists_keys_by_name_does_not_get_the_daemons_own_with_them() {
    let world = World::new();
    assert_eq!(world.for_reading(".aws"), reads(&[".aws/config", ".aws/sso"]));
    assert_eq!(world.for_writing(".aws"), Err(SandboxFault::Exposes(Listed::Write(0))));
    assert!(world.for_writing(".aws/sso").is_ok());
}

#[test]
fn nothing_hidden_becomes_writable_by_the_way() {
    let world = World::new();
    for name in ["", "data", "data/secrets", "daemon"] {
        assert_eq!(world.for_writing(name), Err(SandboxFault::Exposes(Listed::Write(0))), "{name}");
    }
    assert_eq!(world.for_writing("work"), Ok(vec![("work".into(), Rights::Write)]));
    // By its own name it is somebody's wish.
    assert!(world.for_writing(".ssh").is_ok());
}

#[test]
fn keys_that_are_not_there_yet_are_not_planted() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().canonicalize().unwrap().join("home");
    let place = |daemon_home| Place {
        program: Path::new("/bin/sh"),
        homes: std::slice::from_ref(&home),
        hidden: &[],
        daemon_home,
        scratch: None,
        daemon: DaemonIds::default(),
    };
    fs::create_dir_all(home.join("work")).unwrap();
    let write = |path: &Path, daemon_home| {
        let opened = found(path, None, Listed::Write(0)).unwrap();
        Hidden::new(&place(daemon_home)).writable(opened, Listed::Write(0), &mut |_| {})
    };
    assert_eq!(write(&home, Some(home.as_path())), Err(SandboxFault::Exposes(Listed::Write(0))));
    assert_eq!(write(&home.join("work"), Some(home.as_path())), Ok(()));
    // Of a home that only this command is told nobody else reads a key.
    let elsewhere = home.join("work");
    for daemon_home in [None, Some(elsewhere.as_path())] {
        assert_eq!(write(&home, daemon_home), Ok(()));
    }
    fs::create_dir(home.join(".ssh")).unwrap();
    assert_eq!(write(&home, None), Err(SandboxFault::Exposes(Listed::Write(0))));
}

#[test]
fn what_was_judged_is_what_is_granted_whatever_has_its_name_by_then() {
    let world = World::new();
    let hidden = Hidden::new(&world.place(None));
    let work = fs::metadata(world.path("work")).unwrap().ino();
    let mut files = Files::new(&SandboxProfile::default());
    let mut grant = |granted: Granted| {
        fs::rename(world.path("work"), world.path("moved")).unwrap();
        symlink(world.path("data"), world.path("work")).unwrap();
        assert_eq!(fstat(&granted.opened).unwrap().st_ino, work);
        files.add(&granted);
    };
    hidden.writable(world.found("work"), Listed::Write(0), &mut grant).unwrap();
    // Asked for by the same name it is the other one, and refused.
    assert_eq!(world.for_writing("work"), Err(SandboxFault::Exposes(Listed::Write(0))));

    let (moved, data) = (world.path("moved/new"), world.path("work/new"));
    let confined = std::thread::spawn(move || {
        rustix::thread::set_no_new_privs(true).unwrap();
        let restricted = files.restrict(&SandboxProfile::default());
        restricted.map(|()| (fs::write(moved, "").is_ok(), fs::write(data, "").is_ok()))
    });
    match confined.join().unwrap() {
        Ok(written) => assert_eq!(written, (true, false)),
        // A kernel without it.
        Err(fault) => assert!(matches!(fault, SandboxFault::NoLandlock | SandboxFault::OldLandlock), "{fault:?}"),
    }
}

#[test]
fn a_link_that_takes_a_place_while_a_directory_is_gone_through_opens_nothing() {
    let world = World::new();
    let outside = tempfile::tempdir().unwrap();
    let hidden = Hidden::new(&world.place(None));
    let home = world.found("");
    fs::rename(world.path("work"), outside.path().join("work")).unwrap();
    symlink(outside.path().join("work"), world.path("work")).unwrap();
    let mut opened = Vec::new();
    hidden.readable(home, Listed::Read(0), &mut |one: Granted| opened.push(one.opened.path().to_path_buf())).unwrap();
    assert_eq!(opened, Vec::<PathBuf>::new());
}

#[test]
fn the_directory_for_temporary_files_is_judged_like_any_other() {
    let world = World::new();
    let asked = |name: &str| {
        let scratch = OwnedFd::from(fs::File::open(world.path(name)).unwrap());
        let mut written = Vec::new();
        let outcome = open(&SandboxProfile::default(), &world.place(Some(&scratch)), &mut |one: Granted| {
            written.extend((one.rights == Rights::Write).then(|| one.opened.path().to_path_buf()));
        });
        outcome.map(|()| written.first().cloned())
    };
    assert_eq!(asked("work"), Ok(Some(world.path("work"))));
    for name in ["data", "data/secrets", ""] {
        assert_eq!(asked(name), Err(SandboxFault::Exposes(Listed::Scratch)), "{name}");
    }
}

#[test]
fn an_installation_is_neither_a_home_nor_everything() {
    let world = World::new();
    fs::create_dir_all(world.path("work/bin")).unwrap();
    fs::create_dir_all(world.path("bin")).unwrap();
    symlink(&world.home, world.path("work/home")).unwrap();
    let found = |program: &Path| {
        let opened = installation(program, &world.homes).unwrap();
        opened.map(|opened| opened.path().to_path_buf())
    };
    assert_eq!(found(&world.path("work/bin/tool")), Some(world.path("work")));
    assert_eq!(found(&world.path("work/deep/tool")), Some(world.path("work/deep")));
    assert_eq!(found(&world.path("bin/tool")), Some(world.path("bin")));
    assert_eq!(found(&world.path("work/home/tool")), None);
    assert_eq!(found(Path::new("/tool")), None);
    assert_eq!(found(Path::new("tool")), None);
}
