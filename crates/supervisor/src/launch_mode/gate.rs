//! The gate: the process that becomes the command. Takes upon itself what the command is bound by, and then is the
//! command; what it cannot take upon itself it reports, and ends.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{ffi::OsStrExt as _, net::UnixStream, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::SigSet;
use rustix::{
    fs::{Mode, OFlags, fstat, open},
    io::Errno,
    process::{
        Resource, Rlimit, Signal, fchdir, geteuid, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
    },
};

use super::{KEEPER_FAILED, NOT_STARTED, errno, sandbox};
use crate::{
    confinement::{Confinement, ProcessLimits},
    wire::{self, Order, Status},
};

pub(super) fn run() -> i32 {
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else {
        return KEEPER_FAILED;
    };
    let mut control = UnixStream::from(control);
    let Err(status) = pass(&control);
    let _ = control.write_all(&status.to_bytes());
    NOT_STARTED
}

fn failed(error: impl Into<io::Error>) -> Status {
    Status::KeeperFailed(errno(&error.into()))
}

fn no_scratch(error: Errno) -> Status {
    Status::NoScratch(error.raw_os_error())
}

/// The directory that was made for this process: no link to another one, and nobody else's.
fn own_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = open(path, flags, Mode::empty())?;
    if fstat(&directory)?.st_uid == geteuid().as_raw() { Ok(directory) } else { Err(Errno::PERM) }
}

/// Never comes back when all goes well.
fn pass(control: &UnixStream) -> Result<std::convert::Infallible, Status> {
    // The command begins with an empty mask whatever ours is.
    SigSet::empty().thread_set_mask().map_err(failed)?;
    let (order, [input, output, error]) = wire::receive_order(control).map_err(failed)?;
    // Who is killed together with its keeper does not stay behind. A keeper that went before this is noticed by the
    // end of the control socket.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed)?;
    if getppid().is_none_or(|parent| parent.is_init()) {
        return Err(Status::KeeperFailed(0));
    }
    let confinement = &order.confinement;
    join(confinement).map_err(failed)?;
    limit(&confinement.limits).map_err(failed)?;
    let scratch = confinement.scratch.as_deref().map(own_directory).transpose().map_err(no_scratch)?;
    match (&order.cwd, &scratch) {
        (Some(cwd), _) => std::env::set_current_dir(cwd).map_err(|error| Status::BadCwd(errno(&error)))?,
        (None, Some(scratch)) => fchdir(scratch).map_err(no_scratch)?,
        // Here is where the daemon is.
        (None, None) => return Err(failed(Errno::INVAL)),
    }
    let mut env = order.env.clone();
    if let Some(profile) = &confinement.sandbox {
        let program = find(&order.program, &env).ok_or(Status::CannotExecute(Errno::NOENT.raw_os_error()))?;
        // The daemon's own, and the one that the command is told.
        let homes: Vec<_> =
            env.iter().filter(|(name, _)| name == "HOME").map(|(_, home)| PathBuf::from(home)).collect();
        if let Some(scratch) = &confinement.scratch {
            env.push(("TMPDIR".into(), scratch.into()));
        }
        if matches!(profile.network, crate::SandboxNetwork::Ports(_)) {
            // Names are asked for over TCP: UDP cannot be restricted to a port.
            env.push(("RES_OPTIONS".into(), "use-vc".into()));
        }
        let place = sandbox::Place {
            program: &program,
            homes: &homes,
            hidden: &confinement.hidden,
            daemon_home: confinement.home.as_deref(),
            scratch: scratch.as_ref(),
            daemon: confinement.daemon,
        };
        sandbox::enter(profile, &place).map_err(|fault| Status::NoSandbox(fault.to_number()))?;
    }
    rustix::stdio::dup2_stdin(&input).map_err(failed)?;
    rustix::stdio::dup2_stdout(&output).map_err(failed)?;
    rustix::stdio::dup2_stderr(&error).map_err(failed)?;
    Err(become_command(&order, &env))
}

#[expect(clippy::disallowed_methods, reason = "this is where launchers start processes")]
fn become_command(order: &Order, env: &[(OsString, OsString)]) -> Status {
    if find(&order.program, env).is_some_and(|program| is_no_program(&program)) {
        return Status::CannotExecute(Errno::NOEXEC.raw_os_error());
    }
    let error = Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .exec();
    Status::CannotExecute(refusal(order, &error))
}

/// The error number that says what was wrong with the program. A search of the `PATH` that comes
/// by a directory closed to us ends in "permission denied" even if the program is nowhere.
fn refusal(order: &Order, error: &io::Error) -> i32 {
    let named = !order.program.as_bytes().contains(&b'/');
    if let (io::ErrorKind::PermissionDenied, true) = (error.kind(), named)
        && find(&order.program, &order.env).is_none()
    {
        return Errno::NOENT.raw_os_error();
    }
    errno(error)
}

/// Whether the kernel would refuse the file for its format. The C library would give it to a shell then, line by line.
fn is_no_program(program: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(program).and_then(|mut file| file.read(&mut start));
    // What cannot be read may still be executed.
    let known = read.is_err() || start.starts_with(b"#!") || start == *b"\x7fELF";
    let others = || std::fs::read_dir("/proc/sys/fs/binfmt_misc").is_ok_and(|formats| formats.count() > 2);
    !known && !others()
}

/// Where the program is; not whether it can be executed.
fn find(program: &OsString, env: &[(OsString, OsString)]) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program));
    }
    let (_, path) = env.iter().rev().find(|(name, _)| name == "PATH")?;
    std::env::split_paths(path).map(|directory| directory.join(program)).find(|candidate| candidate.is_file())
}

/// Joins the control groups, if there are any.
fn join(confinement: &Confinement) -> io::Result<()> {
    confinement.groups.iter().try_for_each(|group| std::fs::write(group.join("cgroup.procs"), "0"))
}

/// The limits that the kernel holds for a single process. Those of all processes together are the keeper's.
fn limit(limits: &ProcessLimits) -> io::Result<()> {
    // A core file would have the secrets of the command in it.
    lower(Resource::Core, 0, 0)?;
    if let Some(files) = limits.open_files {
        lower(Resource::Nofile, files, files)?;
    }
    if let Some(seconds) = limits.cpu_seconds {
        // First a signal that says what it is about.
        lower(Resource::Cpu, seconds, seconds.saturating_add(5))?;
    }
    if let Some(bytes) = limits.memory_bytes {
        // The keeper ends what uses too much. This is for what asks for far too much at once.
        let bytes = bytes.saturating_mul(2).saturating_add(256 * 1024 * 1024);
        lower(Resource::Data, bytes, bytes)?;
    }
    Ok(())
}

fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.map_or(hard, |now| now.min(hard));
    Ok(setrlimit(resource, Rlimit { current: Some(soft.min(hard)), maximum: Some(hard) })?)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{chown, symlink},
    };

    use rustix::{io::Errno, process::geteuid};

    use super::own_directory;

    #[test]
    fn a_directory_that_somebody_has_put_another_one_in_place_of_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("made")).unwrap();
        fs::write(path("file"), "").unwrap();
        symlink(path("made"), path("link")).unwrap();
        assert!(own_directory(&path("made")).is_ok());
        for name in ["link", "file"] {
            assert_eq!(own_directory(&path(name)).unwrap_err(), Errno::NOTDIR, "{name}");
        }
        let foreign = if geteuid().is_root() { path("made") } else { "/".into() };
        if geteuid().is_root() {
            chown(&foreign, Some(1), None).unwrap();
        }
        assert_eq!(own_directory(&foreign).unwrap_err(), Errno::PERM);
    }
}
