//! Puts this very process into its sandbox, for good: files and ports by Landlock, the rest by a filter of system
//! calls. Whoever is started from here is in it, too.

mod filter;
mod opened;
mod paths;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort, PathBeneath, Ruleset,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope,
};

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

use super::errno;
use crate::confinement::{DaemonIds, SandboxFault, SandboxNetwork, SandboxProfile};
use paths::{Granted, Rights};

/// Where names are asked for.
const DNS: u16 = 53;

/// With this much of Landlock nothing that is closed can be read, written or cut.
const ENOUGH: ABI = ABI::V3;

/// The newest that is made use of.
const NEWEST: ABI = ABI::V6;

/// What the profile is applied to.
pub(super) struct Place<'a> {
    /// The program that is about to run here.
    pub(super) program: &'a Path,
    /// Home directories; the last is the one that the program will see.
    pub(super) homes: &'a [PathBuf],
    /// No sandbox shows these.
    pub(super) hidden: &'a [PathBuf],
    /// The one of the daemon's user.
    pub(super) daemon_home: Option<&'a Path>,
    /// The directory for its temporary files.
    pub(super) scratch: Option<&'a OwnedFd>,
    pub(super) daemon: DaemonIds,
}

/// From here on this process is in the sandbox.
pub(super) fn enter(profile: &SandboxProfile, place: &Place<'_>) -> Result<(), SandboxFault> {
    let mut files = Files::new(profile);
    paths::open(profile, place, &mut |granted| files.add(&granted))?;
    confine(profile, files, place.daemon)
}

/// Whether all of a usual profile can be had on this machine: a thread of its own goes into a sandbox in which nothing
/// is open, and ends. A sandbox is that of a thread and what it starts.
pub(super) fn attempt() -> Result<(), SandboxFault> {
    let inside = || {
        let profile = SandboxProfile::default();
        confine(&profile, Files::new(&profile), DaemonIds::own())
    };
    let thread = std::thread::Builder::new().name("sandbox-probe".to_owned()).spawn(inside);
    // A thread that panics has not found out that it works.
    thread.map_err(|error| failed(&error))?.join().unwrap_or(Err(SandboxFault::Failed(0)))
}

fn confine(profile: &SandboxProfile, files: Files, daemon: DaemonIds) -> Result<(), SandboxFault> {
    renounce().map_err(|error| SandboxFault::Failed(error.raw_os_error()))?;
    match files.restrict(profile) {
        Ok(()) => {}
        Err(SandboxFault::NoLandlock | SandboxFault::OldLandlock | SandboxFault::NoPorts) if profile.best_effort => {}
        Err(fault) => return Err(fault),
    }
    match filter::apply(&profile.network, daemon) {
        Err(SandboxFault::NoFilter) if profile.best_effort => Ok(()),
        outcome => outcome,
    }
}

/// What root can do beyond other users goes, but for what it does with files, which are restricted by their paths: who
/// may look at performance, for one, may look into every process. Nobody gains it back.
fn renounce() -> rustix::io::Result<()> {
    set_no_new_privs(true)?;
    let kept = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::DAC_READ_SEARCH
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::NET_BIND_SERVICE;
    let now = capabilities(None)?;
    let sets = CapabilitySets {
        effective: now.effective & kept,
        permitted: now.permitted & kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets)
}

/// The rules for files, while they are gathered.
struct Files(Result<RulesetCreated, SandboxFault>);

impl Files {
    /// Everything is closed.
    fn new(profile: &SandboxProfile) -> Self {
        let ruleset = create(profile).or_else(|fault| {
            // What the kernel lacks is left out, if the profile says that it may be.
            if profile.best_effort { build(profile, CompatLevel::BestEffort) } else { Err(fault) }
        });
        Self(ruleset.map(|ruleset| ruleset.set_compatibility(CompatLevel::BestEffort)))
    }

    fn add(&mut self, Granted { opened, rights }: &Granted) {
        let Ok(ruleset) = &mut self.0 else { return };
        let access = access(*rights, opened.is_directory());
        if ruleset.add_rule(PathBeneath::new(opened, access)).is_err() {
            self.0 = Err(SandboxFault::NoLandlock);
        }
    }

    fn restrict(self, profile: &SandboxProfile) -> Result<(), SandboxFault> {
        let mut ruleset = self.0?;
        if let SandboxNetwork::Ports(ports) = &profile.network {
            for port in ports.iter().copied().chain([DNS]) {
                let rule = NetPort::new(port, AccessNet::ConnectTcp);
                ruleset = ruleset.add_rule(rule).map_err(|_| SandboxFault::NoPorts)?;
            }
        }
        let status = ruleset.restrict_self().map_err(|_| SandboxFault::NoLandlock)?;
        match status.ruleset {
            RulesetStatus::NotEnforced if !profile.best_effort => Err(SandboxFault::NoLandlock),
            _ => Ok(()),
        }
    }
}

/// A ruleset that the kernel enforces whole, as far as the profile needs it.
fn create(profile: &SandboxProfile) -> Result<RulesetCreated, SandboxFault> {
    let hard = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    hard()
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .map_err(|_| SandboxFault::NoLandlock)?;
    hard()
        .handle_access(AccessFs::from_all(ENOUGH))
        .and_then(Ruleset::create)
        .map_err(|_| SandboxFault::OldLandlock)?;
    build(profile, CompatLevel::HardRequirement)
}

fn build(profile: &SandboxProfile, need: CompatLevel) -> Result<RulesetCreated, SandboxFault> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(need)
        .handle_access(AccessFs::from_all(ENOUGH))
        .map_err(|_| SandboxFault::OldLandlock)?;
    if matches!(profile.network, SandboxNetwork::Ports(_)) {
        ruleset =
            ruleset.handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp).map_err(|_| SandboxFault::NoPorts)?;
    }
    // Devices, signals and sockets without a path: closed where the kernel can, and no reason to refuse where not.
    ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(|_| SandboxFault::NoLandlock)
}

fn access(rights: Rights, directory: bool) -> BitFlags<AccessFs> {
    let all = match rights {
        Rights::Read => AccessFs::from_read(NEWEST),
        Rights::Write => {
            // Neither devices nor sockets of others: what a program makes are files, directories, links and pipes.
            AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock)
        }
        Rights::Device => AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev,
    };
    if directory { all } else { all & AccessFs::from_file(NEWEST) }
}

/// The number of a failed look at a path.
fn failed(error: &std::io::Error) -> SandboxFault {
    SandboxFault::Failed(errno(error))
}

/// A path of a profile, its leading `~` being the home directory.
fn expand(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    match path.strip_prefix("~") {
        Ok(rest) => home.map(|home| home.join(rest)),
        Err(_) => Some(path.to_path_buf()),
    }
}
