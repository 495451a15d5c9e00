//! Which paths a sandbox opens. Landlock can open a directory with all that is below it and cannot close a part of it
//! again, so a directory that has something to hide below it is opened piece by piece.

use std::path::{Path, PathBuf};

use super::{Place, expand, failed, opened::Opened};
use crate::confinement::{Listed, SandboxFault, SandboxProfile};
use crate::hidden;

/// What may be done with a file, or with all that is below a directory.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) opened: Opened,
    pub(super) rights: Rights,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// Reading and executing.
    Read,
    Write,
    /// A device that everybody has.
    Device,
}

/// What programs are made of, and what any of them may ask about the machine.
const SYSTEM: [&str; 20] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/snap",
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/current-system",
    "/var/lib/ca-certificates",
];

const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Where runtimes and package runners live in a home directory.
const TOOLS: [&str; 17] = [
    ".nvm",
    ".npm",
    ".volta",
    ".asdf",
    ".bun",
    ".deno",
    ".fnm",
    ".pyenv",
    ".cargo/bin",
    ".rustup/toolchains",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/uv",
    ".local/share/mise",
    ".local/share/pnpm",
    ".cache/uv",
];

/// Files of the system that are not for everybody, should the daemon run as root.
const HIDDEN_OF_SYSTEM: [&str; 13] = [
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/krb5.keytab",
    "/etc/security/opasswd",
    "/etc/NetworkManager/system-connections",
    "/etc/wireguard",
    "/etc/orch",
];

/// Keys and tokens in a home directory. Who lists one of them by name gets it.
const HIDDEN_AT_HOME: [&str; 19] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".password-store",
    ".pki",
    ".mozilla",
    ".config/gcloud",
    ".config/gh",
    ".config/google-chrome",
    ".config/chromium",
    ".local/share/keyrings",
    ".cargo/credentials.toml",
];

/// Tells `grant` everything that the profile opens, one at a time: there may be more than this process may have open.
pub(super) fn open(
    profile: &SandboxProfile,
    place: &Place<'_>,
    grant: &mut dyn FnMut(Granted),
) -> Result<(), SandboxFault> {
    // Where a link leads is what counts.
    let homes: Vec<_> = place.homes.iter().filter_map(|home| home.canonicalize().ok()).collect();
    let home = place.homes.last().map(PathBuf::as_path);
    let hidden = Hidden::new(place);
    let tools = homes.iter().flat_map(|home| TOOLS.iter().map(|tool| home.join(tool)));
    for path in SYSTEM.iter().map(PathBuf::from).chain(tools) {
        if let Some(opened) = Opened::find(&path)? {
            hidden.open_around(opened, Closed::All, grant)?;
        }
    }
    for name in [Some(place.program.to_path_buf()), place.program.canonicalize().ok()].into_iter().flatten() {
        if let Some(opened) = installation(&name, &homes)? {
            hidden.open_around(opened, Closed::All, grant)?;
        }
    }
    for path in DEVICES {
        if let Some(opened) = Opened::find(Path::new(path))? {
            grant(Granted { opened, rights: Rights::Device });
        }
    }

    for (index, path) in profile.read_paths.iter().enumerate() {
        let listed = Listed::Read(u16::try_from(index).unwrap_or(u16::MAX));
        hidden.readable(found(path, home, listed)?, listed, grant)?;
    }
    for (index, path) in profile.write_paths.iter().enumerate() {
        let listed = Listed::Write(u16::try_from(index).unwrap_or(u16::MAX));
        hidden.writable(found(path, home, listed)?, listed, grant)?;
    }
    if let Some(scratch) = place.scratch {
        let scratch = scratch.try_clone().map_err(|error| failed(&error))?;
        let opened = Opened::new(scratch)?.ok_or(SandboxFault::Missing(Listed::Scratch))?;
        hidden.writable(opened, Listed::Scratch, grant)?;
    }
    // The configured one, or one that belongs to this process alone. Never the daemon's. Where we are is opened, and
    // not what has its name by now.
    let cwd = Opened::find(Path::new("."))?.ok_or(SandboxFault::Missing(Listed::WorkingDirectory))?;
    hidden.writable(cwd, Listed::WorkingDirectory, grant)
}

fn found(path: &Path, home: Option<&Path>, listed: Listed) -> Result<Opened, SandboxFault> {
    let path = expand(path, home).ok_or(SandboxFault::Missing(listed))?;
    Opened::find(&path)?.ok_or(SandboxFault::Missing(listed))
}

/// Where the program and what belongs to it are: its directory, or what is beside a directory `bin`.
fn installation(program: &Path, homes: &[PathBuf]) -> Result<Option<Opened>, SandboxFault> {
    let is_own = |directory: &Path| directory.parent().is_some() && !homes.iter().any(|home| home == directory);
    let Some(directory) = program.parent().map(Opened::find).transpose()?.flatten() else {
        return Ok(None);
    };
    if directory.path().ends_with("bin")
        && let Some(prefix) = directory.parent()?
        && is_own(prefix.path())
    {
        return Ok(Some(prefix));
    }
    Ok(Some(directory).filter(|directory| is_own(directory.path())))
}

/// What is not shown.
struct Hidden {
    /// Not even to who lists it.
    never: Vec<PathBuf>,
    /// Unless it is listed.
    unlisted: Vec<PathBuf>,
}

/// What stays closed below a path.
#[derive(Clone, Copy)]
enum Closed {
    Never,
    All,
}

impl Hidden {
    fn new(place: &Place<'_>) -> Self {
        let at_home = place.homes.iter().flat_map(|home| {
            // Nobody else reads keys that are put into a home directory which only this command is told.
            let is_others_too = Some(home.as_path()) == place.daemon_home;
            let keys = HIDDEN_AT_HOME.iter().map(|name| home.join(name));
            keys.filter(move |key| is_others_too || key.symlink_metadata().is_ok())
        });
        let of_system = HIDDEN_OF_SYSTEM.iter().filter_map(|path| Path::new(path).canonicalize().ok());
        Self {
            never: place.hidden.iter().flat_map(|path| hidden::names(path)).collect(),
            unlisted: at_home.flat_map(|path| hidden::names(&path)).chain(of_system).collect(),
        }
    }

    fn closed(&self, closed: Closed) -> impl Iterator<Item = &Path> {
        let unlisted = match closed {
            Closed::Never => &[][..],
            Closed::All => &self.unlisted,
        };
        self.never.iter().chain(unlisted).map(PathBuf::as_path)
    }

    /// Whether the path is hidden unless it is listed. By its own name it is somebody's wish.
    fn is_unlisted(&self, path: &Path) -> bool {
        self.unlisted.iter().any(|hidden| path.starts_with(hidden))
    }

    /// A listed path for reading.
    fn readable(&self, opened: Opened, listed: Listed, grant: &mut dyn FnMut(Granted)) -> Result<(), SandboxFault> {
        if self.never.iter().any(|hidden| opened.path().starts_with(hidden)) {
            return Err(SandboxFault::Exposes(listed));
        }
        let closed = if self.is_unlisted(opened.path()) { Closed::Never } else { Closed::All };
        self.open_around(opened, closed, grant)
    }

    /// Opens a path for reading, without what stays closed below it.
    fn open_around(&self, opened: Opened, closed: Closed, grant: &mut dyn FnMut(Granted)) -> Result<(), SandboxFault> {
        if self.closed(closed).any(|hidden| opened.path().starts_with(hidden)) {
            return Ok(());
        }
        if !self.closed(closed).any(|hidden| hidden.starts_with(opened.path())) {
            grant(Granted { opened, rights: Rights::Read });
            return Ok(());
        }
        opened.children().try_for_each(|child| self.open_around(child?, closed, grant))
    }

    /// A path for writing; one with something hidden below it cannot be opened in pieces.
    fn writable(&self, opened: Opened, listed: Listed, grant: &mut dyn FnMut(Granted)) -> Result<(), SandboxFault> {
        let path = opened.path();
        let is_never = self.never.iter().any(|hidden| path.starts_with(hidden) || hidden.starts_with(path));
        let has_unlisted = self.unlisted.iter().any(|hidden| hidden.starts_with(path));
        if is_never || has_unlisted && !self.is_unlisted(path) {
            return Err(SandboxFault::Exposes(listed));
        }
        grant(Granted { opened, rights: Rights::Write });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
