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

use crate::{confinement::ProcessLimits, launcher::maker::Maker};

const PREFIX: &str = "orch-";

/// The group that the daemon is in when the one above it is handed to it as a whole, as systemd does with
/// `DelegateSubgroup=daemon`. Version 2 hands controllers on only from a group that has no process itself.
const SUBGROUP: &str = "daemon";

/// The kernel counts threads, of which runtimes have some in each process. How many processes there are the keeper counts
/// exactly; this is for what makes more than can be counted in time.
const TASKS_EACH: u64 = 8;
const TASKS_AT_LEAST: u64 = 128;

/// How often the removal of a group is tried whose last process is just going.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(4);

/// Groups made by this process, so that no two have one name.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Where groups can be made.
#[derive(Debug, Default)]
pub(crate) struct GroupPlace {
    hierarchies: Vec<Hierarchy>,
    maker: Option<Maker>,
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
        let Some(maker) = Maker::own() else { return Self::default() };
        let mut place = Self { maker: Some(maker.clone()), ..Self::default() };
        for own in bases(&own, &mounts) {
            let base = handed_on(&own).unwrap_or(own);
            end_leftovers(&base);
            if let Some(hierarchy) = probe(&base, &maker) {
                place.hierarchies.push(hierarchy);
            }
        }
        place
    }

    /// The groups for one command, with its limits. Blocks for a moment. A group that cannot be made is done without:
    /// there are those who hold the limits without any.
    pub(crate) fn make(&self, limits: &ProcessLimits) -> Groups {
        let mut groups = Groups::default();
        let Some(maker) = &self.maker else { return groups };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        for hierarchy in &self.hierarchies {
            let wanted = hierarchy.kills
                || hierarchy.memory.is_some() && limits.memory_bytes.is_some()
                || hierarchy.pids && limits.processes.is_some();
            if !wanted {
                continue;
            }
            let path = hierarchy.base.join(format!("{PREFIX}{}-{number}", maker.as_str()));
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
}

/// What groups below `base` can do; None when none can be made.
fn probe(base: &Path, maker: &Maker) -> Option<Hierarchy> {
    let path = base.join(format!("{PREFIX}{}-probe", maker.as_str()));
    fs::create_dir(&path).ok()?;
    let has = |file: &str| path.join(file).exists();
    let memory = ["memory.max", "memory.limit_in_bytes"].into_iter().find(|file| has(file));
    let hierarchy = Hierarchy { base: base.to_path_buf(), memory, pids: has("pids.max"), kills: has("cgroup.kill") };
    let _ = fs::remove_dir(&path);
    (hierarchy.memory.is_some() || hierarchy.pids || hierarchy.kills).then_some(hierarchy)
}

/// The group above `own`, if it is ours as a whole and hands its controllers on.
fn handed_on(own: &Path) -> Option<PathBuf> {
    let above = own.parent().filter(|_| own.file_name().is_some_and(|name| name == SUBGROUP))?;
    let there = fs::read_to_string(above.join("cgroup.controllers")).ok()?;
    let wanted: Vec<_> = there
        .split_whitespace()
        .filter(|name| ["memory", "pids"].contains(name))
        .map(|name| format!("+{name}"))
        .collect();
    match fs::write(above.join("cgroup.subtree_control"), wanted.join(" ")) {
        Ok(()) => Some(above.to_path_buf()),
        Err(error) => {
            tracing::debug!(error = %error, group = %above.display(), "controllers are not handed on");
            None
        }
    }
}

impl Hierarchy {
    fn make(&self, path: &Path, limits: &ProcessLimits) -> io::Result<()> {
        fs::create_dir(path)?;
        if let (Some(file), Some(bytes)) = (self.memory, limits.memory_bytes) {
            fs::write(path.join(file), bytes.to_string())?;
        }
        if let (true, Some(processes)) = (self.pids, limits.processes) {
            let tasks = processes.saturating_mul(TASKS_EACH).max(TASKS_AT_LEAST);
            fs::write(path.join("pids.max"), tasks.to_string())?;
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
        let Some((maker, _)) = Maker::at_start_of(rest) else { continue };
        if maker.is_there() {
            continue;
        }
        if fs::write(entry.path().join("cgroup.kill"), "1").is_ok() {
            tracing::info!(group = %entry.path().display(), "ended what an earlier run has left");
        }
        remove(&entry.path());
    }
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
    use std::{fs, path::PathBuf};

    use super::{Hierarchy, bases, handed_on};
    use crate::confinement::ProcessLimits;

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
    fn a_group_that_is_ours_as_a_whole_hands_its_controllers_on() {
        let directory = tempfile::tempdir().unwrap();
        let service = directory.path().join("orch.service");
        let own = service.join("daemon");
        fs::create_dir_all(&own).unwrap();
        assert_eq!(handed_on(&own), None, "no group of version 2");
        fs::write(service.join("cgroup.controllers"), "cpu memory pids\n").unwrap();
        fs::write(service.join("cgroup.subtree_control"), "").unwrap();
        assert_eq!(handed_on(&own), Some(service.clone()));
        assert_eq!(fs::read_to_string(service.join("cgroup.subtree_control")).unwrap(), "+memory +pids");
        // Nobody has said that this one is ours.
        assert_eq!(handed_on(&service.join("session.scope")), None);
        // The kernel, or whose it is, refuses.
        fs::remove_file(service.join("cgroup.subtree_control")).unwrap();
        fs::create_dir(service.join("cgroup.subtree_control")).unwrap();
        assert_eq!(handed_on(&own), None);
    }

    #[test]
    fn threads_have_room_beside_processes() {
        let check = |processes, tasks: &str| {
            let directory = tempfile::tempdir().unwrap();
            let base = directory.path().to_path_buf();
            let hierarchy = Hierarchy { base: base.clone(), memory: Some("memory.max"), pids: true, kills: false };
            let limits =
                ProcessLimits { processes: Some(processes), memory_bytes: Some(4096), ..ProcessLimits::default() };
            let group = base.join("group");
            hierarchy.make(&group, &limits).unwrap();
            assert_eq!(fs::read_to_string(group.join("pids.max")).unwrap(), tasks);
            assert_eq!(fs::read_to_string(group.join("memory.max")).unwrap(), "4096");
        };
        check(1, "128");
        check(100, "800");
    }
}
