//! The filter of system calls: what no MCP server needs, and sockets beyond the profile. Knows nothing of files.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use crate::confinement::{SandboxFault, SandboxNetwork};

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

/// A request of `ioctl`: its type is another one with each C library.
const TIOCSTI: u64 = 0x5412;

/// The other interface of x86_64 kernels to the same calls, under numbers of its own.
#[cfg(target_arch = "x86_64")]
const ALIASES: [i64; 2] = [0, 0x4000_0000];
#[cfg(not(target_arch = "x86_64"))]
const ALIASES: [i64; 1] = [0];

/// From here on this process is filtered, and can gain no privileges.
pub(super) fn apply(network: &SandboxNetwork) -> Result<(), SandboxFault> {
    let refusing = refusing(network).and_then(|rules| program(rules, libc::EPERM));
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

fn refusing(network: &SandboxNetwork) -> Result<Rules, BackendError> {
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
    Ok(everywhere(rules))
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
