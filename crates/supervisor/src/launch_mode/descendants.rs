//! Finds and signals the processes below this one. Signals by bare process id only direct children
//! that are not reaped; everything deeper goes through a process descriptor that is checked first.

use std::fs;

use rustix::process::{
    Pid, PidfdFlags, Signal, getpgrp, getpid, kill_process, kill_process_group, pidfd_open, pidfd_send_signal,
};

/// Asks the own process group and every descendant outside it to end. The caller must have
/// SIGTERM blocked, being a member of that group.
pub(super) fn terminate() {
    let (this, group) = (getpid(), getpgrp());
    let _ = kill_process_group(group, Signal::TERM);
    for (pid, place) in below(this, usize::MAX) {
        if place.group == Some(group) {
            continue;
        }
        // Open first, look again afterwards: if the process is still where it was, the
        // descriptor is of the one that was meant, and no other can take its place.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        if Place::read(pid) == Some(place) {
            let _ = pidfd_send_signal(&descriptor, Signal::TERM);
        }
    }
}

/// Kills the direct children. Their own children become ours by that, so calling this until no
/// child is left ends all descendants, and no process id is ever used that could be another's.
pub(super) fn kill_children() {
    for pid in children(getpid()) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Every process below this one, or more than `most` of them: a family may grow faster than it is looked through.
pub(super) fn all(most: usize) -> Vec<Pid> {
    below(getpid(), most).into_iter().map(|(pid, _)| pid).collect()
}

fn below(top: Pid, most: usize) -> Vec<(Pid, Place)> {
    let mut found = Vec::new();
    let mut parents = vec![top];
    while let Some(parent) = parents.pop() {
        for pid in children(parent) {
            if found.len() > most {
                return found;
            }
            if let Some(place) = Place::read(pid) {
                found.push((pid, place));
                parents.push(pid);
            }
        }
    }
    found
}

fn children(parent: Pid) -> Vec<Pid> {
    let tasks = format!("/proc/{}/task", parent.as_raw_nonzero());
    let lists: Result<Vec<String>, _> =
        entries(&tasks).map(|task| fs::read_to_string(format!("{tasks}/{}/children", task.as_raw_nonzero()))).collect();
    match lists {
        Ok(lists) => lists.iter().flat_map(|list| list.split_whitespace()).filter_map(parse).collect(),
        // A kernel without that file, or a thread that has just ended.
        Err(_) => {
            entries("/proc").filter(|pid| Place::read(*pid).is_some_and(|place| place.parent == Some(parent))).collect()
        }
    }
}

fn entries(directory: &str) -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| parse(entry.file_name().to_str()?))
}

/// Where a process stands in its family.
#[derive(PartialEq, Eq)]
struct Place {
    parent: Option<Pid>,
    group: Option<Pid>,
}

impl Place {
    fn read(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    /// Reads `pid (name) state parent group ...`, where the name may contain anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(1);
        Some(Self { parent: parse(fields.next()?), group: parse(fields.next()?) })
    }
}

fn parse(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{Place, parse};

    #[test]
    fn reads_a_place_behind_a_hostile_name() {
        let place = Place::parse("12 (a) S 1 1 (b) S 34 56 7 0 -1");
        let expected = Place { parent: parse("34"), group: parse("56") };
        assert!(place == Some(expected));
    }
}
