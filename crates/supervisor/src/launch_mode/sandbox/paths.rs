//! Which paths a sandbox opens. Landlock can open a directory with all that is below it and cannot close a part of it
//! again, so a directory that has something to hide below it is opened piece by piece.

use std::path::{Path, PathBuf};

use super::{Place, expand, failed};
use crate::confinement::{Listed, SandboxFault, SandboxProfile};

/// A path and what may be done below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) path: PathBuf,
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

/// Everything that the profile opens.
pub(super) fn granted(profile: &SandboxProfile, place: &Place<'_>) -> Result<Vec<Granted>, SandboxFault> {
    // Where a link leads is what counts.
    let homes: Vec<_> = place.homes.iter().filter_map(|home| home.canonicalize().ok()).collect();
    let home = place.homes.last().map(PathBuf::as_path);
    let hidden = Hidden::new(place, &homes);
    let mut granted = Vec::new();
    let readable = SYSTEM.iter().map(PathBuf::from);
    let tools = homes.iter().flat_map(|home| TOOLS.iter().map(|tool| home.join(tool)));
    for path in readable.chain(tools).chain(installation(place.program, &homes)) {
        if let Ok(path) = path.canonicalize() {
            hidden.open_around(&path, &mut granted);
        }
    }
    granted.extend(DEVICES.iter().map(|path| Granted { path: path.into(), rights: Rights::Device }));

    for (index, path) in profile.read_paths.iter().enumerate() {
        let listed = Listed::Read(u16::try_from(index).unwrap_or(u16::MAX));
        let path = found(path, home, listed)?;
        if hidden.never(&path) {
            return Err(SandboxFault::Exposes(listed));
        }
        if hidden.is_within(&path) {
            granted.push(Granted { path, rights: Rights::Read });
        } else {
            hidden.open_around(&path, &mut granted);
        }
    }
    for (index, path) in profile.write_paths.iter().enumerate() {
        let listed = Listed::Write(u16::try_from(index).unwrap_or(u16::MAX));
        let path = found(path, home, listed)?;
        granted.push(hidden.writable(path, listed)?);
    }
    // The working directory: the configured one, or one that belongs to this process alone. Never the daemon's.
    let cwd = std::env::current_dir().map_err(|error| failed(&error))?;
    granted.push(hidden.writable(cwd, Listed::WorkingDirectory)?);
    if let Some(scratch) = &place.confinement.scratch {
        let path = scratch.canonicalize().map_err(|error| failed(&error))?;
        granted.push(Granted { path, rights: Rights::Write });
    }
    Ok(granted)
}

fn found(path: &Path, home: Option<&Path>, listed: Listed) -> Result<PathBuf, SandboxFault> {
    let path = expand(path, home).ok_or(SandboxFault::Missing(listed))?;
    path.canonicalize().map_err(|_| SandboxFault::Missing(listed))
}

/// Where the program and what belongs to it are: its directory and the one that its link leads to, and what is beside
/// a directory `bin`.
fn installation(program: &Path, homes: &[PathBuf]) -> Vec<PathBuf> {
    let is_home = |directory: &Path| homes.iter().any(|home| home == directory);
    let names = [Some(program.to_path_buf()), program.canonicalize().ok()];
    let directories = names.into_iter().flatten().filter_map(|name| name.parent()?.canonicalize().ok());
    directories
        .map(|directory| match directory.parent() {
            Some(prefix) if directory.ends_with("bin") && prefix.parent().is_some() && !is_home(prefix) => {
                prefix.to_path_buf()
            }
            _ => directory,
        })
        .filter(|directory| directory.parent().is_some() && !is_home(directory))
        .collect()
}

/// What is not shown.
struct Hidden {
    /// Not even to who lists it.
    never: Vec<PathBuf>,
    /// Unless it is listed.
    unlisted: Vec<PathBuf>,
}

impl Hidden {
    fn new(place: &Place<'_>, homes: &[PathBuf]) -> Self {
        let real = |path: PathBuf| path.canonicalize().ok();
        let never = place.confinement.hidden.iter().cloned().filter_map(real).collect();
        let at_home = homes.iter().flat_map(|home| HIDDEN_AT_HOME.iter().map(|name| home.join(name)));
        let of_system = HIDDEN_OF_SYSTEM.iter().map(PathBuf::from);
        Self { never, unlisted: at_home.chain(of_system).filter_map(real).collect() }
    }

    /// Whether the path is what is never shown, or below it.
    fn never(&self, path: &Path) -> bool {
        self.never.iter().any(|hidden| path.starts_with(hidden))
    }

    /// Whether the path is hidden unless it is listed.
    fn is_within(&self, path: &Path) -> bool {
        self.unlisted.iter().any(|hidden| path.starts_with(hidden))
    }

    fn hides_below(&self, path: &Path) -> bool {
        self.never.iter().chain(&self.unlisted).any(|hidden| hidden.starts_with(path))
    }

    /// Opens a path for reading, without what is hidden below it.
    fn open_around(&self, path: &Path, granted: &mut Vec<Granted>) {
        if self.never(path) || self.is_within(path) {
            return;
        }
        if !self.hides_below(path) {
            granted.push(Granted { path: path.to_path_buf(), rights: Rights::Read });
            return;
        }
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            // A link opens nothing but itself: what it leads to is opened under its own name, or is not.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                self.open_around(&entry.path(), granted);
            }
        }
    }

    /// A path for writing; one with something hidden below it cannot be opened in pieces.
    fn writable(&self, path: PathBuf, listed: Listed) -> Result<Granted, SandboxFault> {
        if self.never(&path) || self.hides_below(&path) && !self.is_within(&path) {
            return Err(SandboxFault::Exposes(listed));
        }
        Ok(Granted { path, rights: Rights::Write })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Granted, Hidden, Rights};
    use crate::confinement::{Listed, SandboxFault};

    fn a_home() -> (tempfile::TempDir, PathBuf, Hidden) {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().canonicalize().unwrap();
        for name in [".ssh/keys", "work/deep", "data/secrets"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        let hidden = Hidden { never: vec![home.join("data")], unlisted: vec![home.join(".ssh")] };
        (directory, home, hidden)
    }

    fn opened(hidden: &Hidden, path: &Path) -> Vec<PathBuf> {
        let mut granted = Vec::new();
        hidden.open_around(path, &mut granted);
        granted.into_iter().map(|one| one.path).collect()
    }

    #[test]
    fn opens_what_is_beside_the_hidden() {
        let (_keep, home, hidden) = a_home();
        assert_eq!(opened(&hidden, &home), [home.join("work")]);
        assert_eq!(opened(&hidden, &home.join("work")), [home.join("work")]);
        assert_eq!(opened(&hidden, &home.join("data/secrets")), Vec::<PathBuf>::new());
    }

    #[test]
    fn nothing_hidden_becomes_writable_by_the_way() {
        let (_keep, home, hidden) = a_home();
        let refused = Err(SandboxFault::Exposes(Listed::Write(0)));
        assert_eq!(hidden.writable(home.clone(), Listed::Write(0)), refused);
        assert_eq!(hidden.writable(home.join("data/secrets"), Listed::Write(0)), refused);
        let work = home.join("work");
        assert_eq!(hidden.writable(work.clone(), Listed::Write(0)), Ok(Granted { path: work, rights: Rights::Write }));
        // By its own name it is somebody's wish.
        assert!(hidden.writable(home.join(".ssh/keys"), Listed::Write(0)).is_ok());
    }
}
