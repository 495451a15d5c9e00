//! The filter of system calls: what no MCP server needs, what reaches other processes of the same user, and sockets
//! beyond the profile. Knows nothing of files.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use crate::confinement::{DaemonIds, SandboxFault, SandboxNetwork};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Looking into other processes, changing the machine, and leaving the sandbox by way of the kernel.
const REFUSED: [libc::c_long; 48] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_userfaultfd,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_fanotify_init,
    libc::SYS_move_pages,
];

/// Of one family of processors only.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: [libc::c_long; 3] = [libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: [libc::c_long; 0] = [];

/// Pretended not to exist, so that programs fall back on what can be judged: the arguments of these cannot be seen.
const UNKNOWN: [libc::c_long; 4] =
    [libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// New namespaces, in which a process may do what it may not do here.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Whose priority is set: that of all processes of a user.
const PRIO_USER: u64 = 2;
const IOPRIO_WHO_USER: u64 = 3;

/// A request of `ioctl`: its type is another one with each C library.
const TIOCSTI: u64 = 0x5412;

/// What the other interface of x86_64 kernels has under numbers that are no others: looking into processes, signals and
/// messages to sockets are among them. No program that is in use speaks it.
#[cfg(target_arch = "x86_64")]
const OWN_ALIASES: std::ops::RangeInclusive<i64> = 0x4000_0000 + 512..=0x4000_0000 + 547;
#[cfg(not(target_arch = "x86_64"))]
const OWN_ALIASES: std::ops::Range<i64> = 0..0;

/// That interface has all others under their own numbers and this.
#[cfg(target_arch = "x86_64")]
const ALIASES: [i64; 2] = [0, 0x4000_0000];
#[cfg(not(target_arch = "x86_64"))]
const ALIASES: [i64; 1] = [0];

/// From here on this process is filtered, and can gain no privileges.
pub(super) fn apply(network: &SandboxNetwork, daemon: DaemonIds) -> Result<(), SandboxFault> {
    let refusing = refusing(network, daemon).and_then(|rules| program(rules, libc::EPERM));
    let pretending = program(everywhere(UNKNOWN.map(|call| (call, Vec::new()))), libc::ENOSYS);
    for filter in [refusing, pretending] {
        let filter = filter.map_err(|_| SandboxFault::NoFilter)?;
        apply_filter(&filter).map_err(|_| SandboxFault::NoFilter)?;
    }
    Ok(())
}

fn program(rules: Rules, errno: i32) -> Result<BpfProgram, BackendError> {
    let errno = u32::try_from(errno).unwrap_or_default();
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno), arch)?.try_into()
}

fn refusing(network: &SandboxNetwork, daemon: DaemonIds) -> Result<Rules, BackendError> {
    let mut rules: Vec<_> = REFUSED.into_iter().chain(REFUSED_HERE).map(|call| (call, Vec::new())).collect();
    let mut clones = Vec::new();
    for flag in NAMESPACES {
        let flag = u64::try_from(flag).unwrap_or_default();
        clones.push(SeccompRule::new(vec![SeccompCondition::new(0, Width::Qword, Op::MaskedEq(flag), flag)?])?);
    }
    rules.push((libc::SYS_clone, clones));
    rules.push((libc::SYS_socket, sockets(network)?));
    // Writing into the terminal of somebody else.
    let pushed = SeccompCondition::new(1, Width::Dword, Op::Eq, TIOCSTI)?;
    rules.push((libc::SYS_ioctl, vec![SeccompRule::new(vec![pushed])?]));
    rules.extend(settings_of_others()?);
    rules.extend(signals(daemon)?);
    if matches!(network, SandboxNetwork::Ports(_)) {
        rules.extend(connecting_by_sending()?);
    }
    let mut rules = everywhere(rules);
    rules.extend(OWN_ALIASES.map(|call| (call, Vec::new())));
    Ok(rules)
}

type Calls = Vec<(libc::c_long, Vec<SeccompRule>)>;

/// Limits, priorities and processors of other processes, which the kernel lets everybody set who is the same user. A
/// program may still name none, or itself; it does not come by the numbers of its threads and children here, and calls
/// that name them are refused as well.
fn settings_of_others() -> Result<Calls, BackendError> {
    let own = std::process::id();
    let other = |argument| -> Result<Vec<_>, BackendError> {
        [0, own].into_iter().map(|pid| SeccompCondition::new(argument, Width::Dword, Op::Ne, pid.into())).collect()
    };
    let mut rules: Calls = Vec::new();
    for call in
        [libc::SYS_sched_setaffinity, libc::SYS_sched_setscheduler, libc::SYS_sched_setparam, libc::SYS_sched_setattr]
    {
        rules.push((call, vec![SeccompRule::new(other(0)?)?]));
    }
    // Looking at limits is harmless.
    let mut limits = other(0)?;
    limits.push(SeccompCondition::new(2, Width::Qword, Op::Ne, 0)?);
    rules.push((libc::SYS_prlimit64, vec![SeccompRule::new(limits)?]));
    // All of a user's, and one that is not this.
    for (call, user) in [(libc::SYS_setpriority, PRIO_USER), (libc::SYS_ioprio_set, IOPRIO_WHO_USER)] {
        let all = SeccompCondition::new(0, Width::Dword, Op::Eq, user)?;
        rules.push((call, vec![SeccompRule::new(vec![all])?, SeccompRule::new(other(1)?)?]));
    }
    Ok(rules)
}

/// Signals to everybody, and to the daemon. Landlock holds back all others, from Linux 6.12 on; here they look like those
/// to a child.
fn signals(daemon: DaemonIds) -> Result<Calls, BackendError> {
    let refused = |numbers: &[i32]| -> Result<Vec<SeccompRule>, BackendError> {
        let number = |number: &i32| SeccompCondition::new(0, Width::Dword, Op::Eq, number.cast_unsigned().into());
        numbers.iter().map(|it| SeccompRule::new(vec![number(it)?])).collect()
    };
    let DaemonIds { pid, group } = daemon;
    let mut rules = vec![(libc::SYS_kill, refused(&[-1, pid, -pid, -group])?)];
    for call in [
        libc::SYS_tkill,
        libc::SYS_tgkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_pidfd_open,
    ] {
        rules.push((call, refused(&[pid])?));
    }
    Ok(rules)
}

/// Landlock sees connections only where they are made by the call that is meant for it.
fn connecting_by_sending() -> Result<Calls, BackendError> {
    let flag = u64::try_from(libc::MSG_FASTOPEN).unwrap_or_default();
    [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)]
        .into_iter()
        .map(|(call, flags)| {
            let sent = SeccompCondition::new(flags, Width::Dword, Op::MaskedEq(flag), flag)?;
            Ok((call, vec![SeccompRule::new(vec![sent])?]))
        })
        .collect()
}

/// Sockets that are refused: those of families that the profile does not name, and kinds of them.
fn sockets(network: &SandboxNetwork) -> Result<Vec<SeccompRule>, BackendError> {
    let families: &[libc::c_int] = match network {
        SandboxNetwork::Full | SandboxNetwork::Ports(_) => {
            &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]
        }
        SandboxNetwork::None => &[libc::AF_UNIX],
    };
    let number = |value: libc::c_int| u64::try_from(value).unwrap_or_default();
    let other = families.iter().map(|family| SeccompCondition::new(0, Width::Dword, Op::Ne, number(*family)));
    let mut rules = vec![SeccompRule::new(other.collect::<Result<_, _>>()?)?];
    // The kind is the lower half; flags are above it.
    let kind = |kind| SeccompCondition::new(1, Width::Dword, Op::MaskedEq(0xf), number(kind));
    let kinds: &[libc::c_int] = match network {
        SandboxNetwork::Ports(_) => &[libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_SEQPACKET, libc::SOCK_DCCP],
        SandboxNetwork::Full | SandboxNetwork::None => &[libc::SOCK_RAW],
    };
    for family in [libc::AF_INET, libc::AF_INET6] {
        let family = SeccompCondition::new(0, Width::Dword, Op::Eq, number(family))?;
        for refused in kinds {
            rules.push(SeccompRule::new(vec![family.clone(), kind(*refused)?])?);
        }
        if matches!(network, SandboxNetwork::Ports(_)) {
            // Streams that are not TCP know other ports.
            for protocol in [libc::IPPROTO_SCTP, libc::IPPROTO_MPTCP] {
                let protocol = SeccompCondition::new(2, Width::Dword, Op::Eq, number(protocol))?;
                rules.push(SeccompRule::new(vec![family.clone(), protocol])?);
            }
        }
    }
    Ok(rules)
}

/// The rules under every number that a call has.
fn everywhere(rules: impl IntoIterator<Item = (libc::c_long, Vec<SeccompRule>)>) -> Rules {
    let rules = rules.into_iter();
    rules.flat_map(|(call, rules)| ALIASES.map(|alias| (call | alias, rules.clone()))).collect()
}
