//! The data directory and a SQLite file: whose they are, and which daemon serves them. What is in them, others know.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::{Settings, private_dir};

/// What a daemon holds for as long as it serves: in the data directory, and beside a SQLite file. The file itself is
/// SQLite's to open: its own locks go with whoever closes it first.
const LOCK: &str = "serve.lock";
pub(crate) const LOCK_OF_FILE: &str = "-serve.lock";

/// What SQLite makes of the name of a database: its file, and those that it keeps beside it.
pub(crate) const FILES_OF_SQLITE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

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

/// Refuses places where this user could not write what a start writes, or could not make them. Makes nothing.
pub(crate) fn check_access(settings: &Settings) -> anyhow::Result<()> {
    let data = (&settings.data_dir, "the data directory", "--data-dir or ORCH_DATA_DIR");
    let mut dirs = vec![(data.0.clone(), data), (settings.journal().dir, data)];
    let mut files = vec![settings.data_dir.join(LOCK)];
    let database = settings.database_url()?.file();
    if let Some(database) = &database {
        let real = real_file(database);
        let dir = real.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        dirs.push((dir.to_owned(), (database, "the database", "DATABASE_URL")));
        files.extend(FILES_OF_SQLITE.into_iter().chain([LOCK_OF_FILE]).map(|end| beside(&real, end)));
    }
    let me = orch_supervisor::user_id();
    for (dir, (place, what, setting)) in dirs {
        let there = nearest(&dir)?;
        let may =
            if there.is_dir() { orch_supervisor::may_write_in(&there) } else { Err(ErrorKind::NotADirectory.into()) };
        may.with_context(|| {
            format!(
                "{what} {} cannot be written, as user {me} may not make files in {}: give that to this user, or name \
                 another place with {setting}",
                place.display(),
                there.display()
            )
        })?;
    }
    for file in files {
        match orch_supervisor::may_write(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| {
                    format!("{} cannot be written by user {me}: give it to this user", file.display())
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The path, or what of it is there.
fn nearest(path: &Path) -> anyhow::Result<PathBuf> {
    for path in path.ancestors() {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // What is no directory is found to be none.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            found => {
                found.with_context(|| format!("{} cannot be looked at", path.display()))?;
                return Ok(path.to_owned());
            }
        }
    }
    Ok(PathBuf::from("/"))
}

/// Held by the one daemon that serves a data directory and a SQLite file, until it is dropped or the process ends,
/// however that ends.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _files: Vec<File>,
}

impl ServeLock {
    /// Makes the directories where they are missing. Fails when another daemon serves one of them.
    pub(crate) fn take(settings: &Settings) -> anyhow::Result<Self> {
        check_owner(settings)?;
        check_access(settings)?;
        let dir = &settings.data_dir;
        private_dir(dir)?;
        let what = format!("the data directory {}", dir.display());
        let instead = "give this one a directory of its own with --data-dir or ORCH_DATA_DIR";
        let mut files = vec![lock(&dir.join(LOCK), &what, instead)?];
        if let Some(database) = settings.database_url()?.file() {
            let what = format!("the database {}", database.display());
            let instead = "give this one a file of its own in DATABASE_URL, or PostgreSQL for several daemons";
            files.push(lock(&lock_of(&database)?, &what, instead)?);
        }
        Ok(Self { _files: files })
    }
}

/// The lock of a SQLite file, under whatever name the file is reached.
fn lock_of(database: &Path) -> anyhow::Result<PathBuf> {
    let real = real_file(database);
    real.file_name().with_context(|| format!("{} is no file", database.display()))?;
    if let Some(dir) = real.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        private_dir(dir)?;
    }
    Ok(beside(&real, LOCK_OF_FILE))
}

/// The SQLite file that a path leads to, also one that is not there yet: what is kept beside it is beside this one. A link
/// on the way to it is left, as it leads to the same directory.
pub(crate) fn real_file(database: &Path) -> PathBuf {
    let mut real = database.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&real) else { break };
        real = real.parent().unwrap_or(Path::new("")).join(target);
    }
    real
}

/// The path of a file with an end to its name.
pub(crate) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut path = file.to_owned().into_os_string();
    path.push(end);
    path.into()
}

/// As the kernel follows.
const MOST_LINKS: usize = 40;

fn lock(path: &Path, what: &str, instead: &str) -> anyhow::Result<File> {
    let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
    let mut file = opened.with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // It may just have begun, and not have said who it is.
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
            bail!("another daemon{holder} serves {what}: stop it first, or {instead}");
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
        }
    }
    // For the one above alone: a full disk is no reason not to start.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{ServeLock, check_access, refuse_foreign};
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
    fn says_where_nothing_can_be_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let of = |data: PathBuf| Settings { data_dir: data, ..Settings::default() };
        let refused = |settings: &Settings| format!("{:#}", check_access(settings).expect_err("no place for data"));
        check_access(&of(dir.path().join("made/by/a/start"))).expect("it can be made");
        assert!(!dir.path().join("made").exists());
        let file = dir.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let said = refused(&of(file.join("data")));
        assert!(said.contains(&format!("may not make files in {}: give", file.display())), "{said}");
        // Where not even root makes files.
        let said = refused(&of("/proc/self/data".into()));
        assert!(said.starts_with("the data directory /proc/self/data cannot be written, as user "), "{said}");
        assert!(said.contains("may not make files in /proc/self: give") && said.contains("ORCH_DATA_DIR"), "{said}");
        let elsewhere = Settings {
            database_url: Some("sqlite:///proc/self/orch.db".to_owned().into()),
            ..of(dir.path().to_owned())
        };
        let said = refused(&elsewhere);
        assert!(
            said.starts_with("the database /proc/self/orch.db cannot be written") && said.contains("DATABASE_URL"),
            "{said}"
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

    #[test]
    fn one_daemon_serves_a_sqlite_file_whatever_it_is_called() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        let of = |data: &str, database: &Path| Settings {
            data_dir: root.join(data),
            database_url: Some(format!("sqlite://{}", database.display()).into()),
            ..Settings::default()
        };
        std::fs::create_dir(root.join("real")).expect("a directory");
        std::os::unix::fs::symlink("real", root.join("linked")).expect("a link to the directory");
        std::os::unix::fs::symlink("real/orch.db", root.join("linked.db")).expect("a link to a file that is not there");
        std::os::unix::fs::symlink("linked.db", root.join("twice.db")).expect("a link to a link");
        let file = root.join("real/orch.db");
        let first = ServeLock::take(&of("first", &file)).expect("nobody serves it");
        let names = ["real/orch.db", "real/../real/orch.db", "linked/orch.db", "linked.db", "twice.db"];
        for name in names {
            let refused = ServeLock::take(&of("second", &root.join(name))).expect_err(name).to_string();
            let holder = format!("another daemon (process {}) serves the database", std::process::id());
            assert!(refused.starts_with(&holder) && refused.contains("DATABASE_URL"), "{refused}");
        }
        ServeLock::take(&of("second", &root.join("real/other.db"))).expect("another file");
        drop(first);
        for name in names {
            ServeLock::take(&of("second", &root.join(name))).expect(name);
        }
        // The file in the data directory of another daemon.
        let usual = Settings { data_dir: root.join("usual"), ..Settings::default() };
        let _serving = ServeLock::take(&usual).expect("nobody serves it");
        let there = of("second", &root.join("usual/orchestrator.db"));
        assert!(ServeLock::take(&there).expect_err("it is served").to_string().contains("serves the database"));
    }
}
