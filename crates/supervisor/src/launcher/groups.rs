//! Control groups for the processes of a command, where this process may make some: they hold all of them together,
//! whatever they do, and can be killed as a whole. Where there are none the keeper does what it can without.
//!
//! A group is named after the process that made it, so that one whose maker is gone is recognised and ended.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread::sleep,
    time::Duration,
};

use crate::confinement::ProcessLimits;

const PREFIX: &str = "orch-";

/// How often the removal of a group is tried whose last process is just going.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(4);

/// Groups made by this process, so that no two have one name.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Where groups can be made.
#[derive(Debug, Default)]
pub(crate) struct GroupPlace {
    hierarchies: Vec<Hierarchy>,
    maker: String,
}

#[derive(Debug, Clone)]
struct Hierarchy {
    base: PathBuf,
    memory: Option<&'static str>,
    pids: bool,
    /// Groups can be killed as a whole.
    kills: bool,
}

impl GroupPlace {
    /// Looks for what this process may use, and ends what processes of ours that are gone have left.
    pub(crate) fn find() -> Self {
        let (Ok(own), Ok(mounts)) =
            (fs::read_to_string("/proc/self/cgroup"), fs::read_to_string("/proc/self/mountinfo"))
        else {
            return Self::default();
        };
        let Some(maker) = maker(std::process::id()) else { return Self::default() };
        let mut place = Self { maker, ..Self::default() };
        for base in bases(&own, &mounts) {
            end_leftovers(&base);
            if let Some(hierarchy) = place.probe(&base) {
                place.hierarchies.push(hierarchy);
            }
        }
        place
    }

    /// The groups for one command, with its limits. Blocks for a moment. A group that cannot be made is done without:
    /// there are those who hold the limits without any.
    pub(crate) fn make(&self, limits: &ProcessLimits) -> Groups {
        let mut groups = Groups::default();
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        for hierarchy in &self.hierarchies {
            let wanted = hierarchy.kills
                || hierarchy.memory.is_some() && limits.memory_bytes.is_some()
                || hierarchy.pids && limits.processes.is_some();
            if !wanted {
                continue;
            }
            let path = hierarchy.base.join(format!("{PREFIX}{}-{number}", self.maker));
            match hierarchy.make(&path, limits) {
                Ok(()) => {
                    if hierarchy.kills {
                        groups.kill = Some(path.clone());
                    }
                    groups.paths.push(path);
                }
                Err(error) => {
                    tracing::warn!(error = %error, group = %path.display(), "a control group cannot be made");
                    remove(&path);
                }
            }
        }
        groups
    }

    fn probe(&self, base: &Path) -> Option<Hierarchy> {
        let path = base.join(format!("{PREFIX}{}-probe", self.maker));
        fs::create_dir(&path).ok()?;
        let has = |file: &str| path.join(file).exists();
        let memory = ["memory.max", "memory.limit_in_bytes"].into_iter().find(|file| has(file));
        let hierarchy =
            Hierarchy { base: base.to_path_buf(), memory, pids: has("pids.max"), kills: has("cgroup.kill") };
        let _ = fs::remove_dir(&path);
        (hierarchy.memory.is_some() || hierarchy.pids || hierarchy.kills).then_some(hierarchy)
    }
}

impl Hierarchy {
    fn make(&self, path: &Path, limits: &ProcessLimits) -> io::Result<()> {
        fs::create_dir(path)?;
        if let (Some(file), Some(bytes)) = (self.memory, limits.memory_bytes) {
            fs::write(path.join(file), bytes.to_string())?;
        }
        if let (true, Some(processes)) = (self.pids, limits.processes) {
            fs::write(path.join("pids.max"), processes.to_string())?;
        }
        Ok(())
    }
}

/// The groups of one command; removed when dropped, by when it has to be gone.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    paths: Vec<PathBuf>,
    kill: Option<PathBuf>,
}

impl Groups {
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    pub(crate) fn kill_group(&self) -> Option<PathBuf> {
        self.kill.clone()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for path in &self.paths {
            remove(path);
        }
    }
}

fn remove(group: &Path) {
    for _ in 0..TRIES {
        match fs::remove_dir(group) {
            // A process that is on its way out still counts.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => sleep(PAUSE),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(error = %error, group = %group.display(), "a control group is left");
                return;
            }
            _ => return,
        }
    }
}

/// Ends the groups below `base` whose makers are gone: the kernel knows who is in them.
fn end_leftovers(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let mut parts = rest.split('-');
        let (Some(pid), Some(start)) = (parts.next().and_then(|pid| pid.parse().ok()), parts.next()) else { continue };
        if maker(pid).is_some_and(|maker| maker == format!("{pid}-{start}")) {
            continue;
        }
        if fs::write(entry.path().join("cgroup.kill"), "1").is_ok() {
            tracing::info!(group = %entry.path().display(), "ended what an earlier run has left");
        }
        remove(&entry.path());
    }
}

/// A process by its number and its start, which no other shares.
fn maker(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let start = rest.split_whitespace().nth(19)?;
    Some(format!("{pid}-{start}"))
}

/// The directories of the groups that this process is in, of the hierarchies that count or kill.
fn bases(own: &str, mounts: &str) -> Vec<PathBuf> {
    own.lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let counts =
                controllers.is_empty() || controllers.split(',').any(|name| name == "memory" || name == "pids");
            counts.then(|| mounted(controllers, path, mounts))?
        })
        .collect()
}

/// Where a group of a hierarchy is in the tree of files.
fn mounted(controllers: &str, path: &str, mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let (mut before, mut after) = (before.split(' ').skip(3), after.split(' '));
        let (root, point) = (before.next()?, before.next()?);
        let (kind, options) = (after.next()?, after.nth(1)?);
        let is_it = if controllers.is_empty() {
            kind == "cgroup2"
        } else {
            kind == "cgroup" && controllers.split(',').all(|name| options.split(',').any(|option| option == name))
        };
        let below = Path::new(path).strip_prefix(root).ok()?;
        is_it.then(|| Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{bases, maker};

    #[test]
    fn finds_groups_of_both_versions() {
        let mounts = "30 25 0:26 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n\
                      31 25 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
                      32 25 0:28 /outer /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let own = "8:pids:/a\n4:memory:/outer/b\n1:cpu:/\n0::/c\n";
        let expected = ["/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/memory/b", "/sys/fs/cgroup/unified/c"];
        assert_eq!(bases(own, mounts), expected.map(PathBuf::from));
        assert_eq!(bases("0::/\n", ""), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_process_is_told_from_its_successors() {
        let own = maker(std::process::id()).unwrap();
        assert!(own.starts_with(&format!("{}-", std::process::id())));
        assert_eq!(maker(0), None);
    }
}
