//! What a command sees and reaches from within a sandbox. On a kernel that cannot make one the same tests see that the
//! command is not started, and that the reason is said.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use landlock::{ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
use orch_supervisor::{LaunchError, Launcher as _, LocalLauncher, SandboxNetwork, SandboxProfile, SupervisorConfig};

use crate::support::{a_log, exe, launcher, sh, texts};

/// A home directory with keys, a directory to work in, one that is nobody's business, and the daemon's own.
struct Place {
    _directory: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for name in ["home/.ssh", "home/.npm", "work", "outside", "daemon/data"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in ["home/.ssh/id", "home/notes", "home/.npm/tool", "outside/file", "daemon/data/key", "daemon/.env"] {
            fs::write(root.join(name), format!("content of {name}\n")).unwrap();
        }
        Self { _directory: directory, root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Whether this kernel can do all that a profile asks for.
fn kernel_can(abi: ABI) -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::from_all(abi)).and_then(Ruleset::create).is_ok()
}

#[test]
fn a_machine_says_beforehand_whether_it_can() {
    let place = Place::new();
    let confined = || {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let of_sandboxes = |line: &&str| line.starts_with("Seccomp") || line.starts_with("NoNewPrivs");
        status.lines().filter(of_sandboxes).collect::<Vec<_>>().join(", ")
    };
    let before = confined();
    let said = orch_supervisor::can_sandbox();
    if kernel_can(ABI::V3) {
        assert_eq!(said, Ok(()));
    } else {
        assert!(said.as_ref().is_err_and(|lacks| lacks.contains("Landlock") && !lacks.contains("mode")), "{said:?}");
    }
    // Who asks is in no sandbox.
    fs::read(place.path("home/.ssh/id")).unwrap();
    fs::write(place.path("outside/file"), "written").unwrap();
    assert_eq!(confined(), before);
}

/// Runs the script in a sandbox and gives what it says on standard error, or checks that it was refused.
async fn run(place: &Place, profile: SandboxProfile, script: &str) -> Option<Vec<String>> {
    match try_run(place, profile, script).await {
        Ok(said) => Some(said),
        Err(error) => {
            assert!(!kernel_can(ABI::V3), "this kernel has Landlock: {error}");
            assert!(matches!(error, LaunchError::Sandbox { .. }), "{error}");
            assert!(error.to_string().contains("Landlock") && error.to_string().contains("best_effort"), "{error}");
            None
        }
    }
}

async fn try_run(place: &Place, profile: SandboxProfile, script: &str) -> Result<Vec<String>, LaunchError> {
    try_run_in(place, "work", profile, script).await
}

async fn try_run_in(
    place: &Place,
    directory: &str,
    profile: SandboxProfile,
    script: &str,
) -> Result<Vec<String>, LaunchError> {
    let launcher = LocalLauncher::new(exe(), SupervisorConfig { orphan_grace_ms: 200, ..SupervisorConfig::default() })
        .hiding(["daemon/data", "daemon/.env", "home/.orch/orch.toml", "fresh/.env"].map(|name| place.path(name)));
    let log = a_log();
    let mut spec = sh(script);
    spec.env.push(("HOME".to_owned(), place.path("home").display().to_string().into()));
    spec.env.push(("ROOT".to_owned(), place.root.display().to_string().into()));
    spec.cwd = Some(place.path(directory));
    spec.sandbox = Some(profile);
    launcher.launch(spec, Arc::clone(&log)).await?.exited().await;
    // The root is a value of the launch, and so not shown.
    Ok(texts(&log))
}

fn holds(said: &[String], text: &str) -> bool {
    said.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn a_hostile_program_gets_nowhere_and_its_log_says_so() {
    let place = Place::new();
    let profile = SandboxProfile { network: SandboxNetwork::None, ..SandboxProfile::default() };
    let script = r#"
        try() { name=$1; shift; if "$@" >/dev/null; then echo "$name: done" >&2; else echo "$name: refused" >&2; fi; }
        try keys cat "$HOME/.ssh/id"
        try notes cat "$HOME/notes"
        try outside cat "$ROOT/outside/file"
        try data cat "$ROOT/daemon/data/key"
        try env cat "$ROOT/daemon/.env"
        try shadow cat /etc/shadow
        try write sh -c 'echo x > "$ROOT/outside/new"'
        try cut sh -c ': >> "$ROOT/outside/file"'
        try temporary sh -c 'echo x > /tmp/orch-sandbox-test-file'
        try link ln -s "$HOME/.ssh/id" ./link
        try through-link cat ./link
        try socket perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0) or die "$!\n"'
        try socket6 perl -MSocket -e 'socket(my $s, PF_INET6, SOCK_DGRAM, 0) or die "$!\n"'
        try namespace unshare -r true
        try mount mount -t tmpfs none .
        try parent-environment cat /proc/$PPID/environ
        try signal kill -0 $PPID
        echo "privileges: $(grep NoNewPrivs /proc/self/status)" >&2
    "#;
    let Some(said) = run(&place, profile, script).await else { return };
    for name in [
        "keys",
        "notes",
        "outside",
        "data",
        "env",
        "shadow",
        "write",
        "cut",
        "temporary",
        "through-link",
        "socket",
        "socket6",
        "namespace",
        "mount",
        "parent-environment",
    ] {
        assert!(holds(&said, &format!("{name}: refused")), "{name}: {said:#?}");
    }
    assert!(holds(&said, "link: done"), "a link may be made, and leads nowhere: {said:#?}");
    assert!(holds(&said, "NoNewPrivs:\t1"), "{said:#?}");
    if kernel_can(ABI::V6) {
        assert!(holds(&said, "signal: refused"), "{said:#?}");
    }
    assert!(!holds(&said, "content of"), "{said:#?}");
    assert!(!place.path("outside/new").exists() && !Path::new("/tmp/orch-sandbox-test-file").exists());
}

#[tokio::test]
async fn other_processes_are_not_looked_into() {
    let place = Place::new();
    let number = match std::env::consts::ARCH {
        "x86_64" => "101",
        // All newer architectures share their numbers.
        _ => "117",
    };
    let script = format!(
        "sleep 1000 & other=$!; perl -e 'syscall({number}, 16, $ARGV[0], 0, 0) == 0 or die \"ptrace: $!\\n\"' $other; kill $other"
    );
    let Some(said) = run(&place, SandboxProfile::default(), &script).await else { return };
    assert!(holds(&said, "ptrace: Operation not permitted"), "{said:#?}");
}

/// As much as the kernel can: the filter of system calls is to be had everywhere.
fn filtered(network: SandboxNetwork) -> SandboxProfile {
    SandboxProfile { best_effort: true, network, ..SandboxProfile::default() }
}

/// `try NAME ARGUMENTS` makes a system call in a process of its own, and says what came of it.
const TRY: &str = r#"
    try() { name=$1; shift; perl -e '
        my ($call, @args) = map { /^b:(.*)/ ? pack("H*", $1) : $_ + 0 } @ARGV;
        print STDERR (syscall($call, @args) >= 0 ? "done\n" : $!{EPERM} ? "refused\n" : "failed: $!\n")' -- "$@" 2>&1 |
        sed "s/^/$name: /" >&2; }
"#;

#[tokio::test]
async fn what_the_kernel_lets_a_user_set_of_other_processes_is_not_set() {
    use nix::libc::{
        SYS_ioprio_set, SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam,
        SYS_sched_setscheduler, SYS_setpriority,
    };
    // Sixteen bytes that are two limits, eight that are the first processors, and the idle class of a scheduler.
    let (limits, processors) = (format!("b:{}", "0001000000000000".repeat(2)), "b:ffffffffffffffff");
    let attributes = format!("b:30000000{}", "00".repeat(44));
    let script = format!(
        r#"{TRY}
        sleep 1000 & other=$!
        try limit {SYS_prlimit64} $other 7 {limits} 0
        try look-at-limit {SYS_prlimit64} $other 7 0 b:{zeros}
        try own-limit {SYS_prlimit64} 0 7 {limits} 0
        try affinity {SYS_sched_setaffinity} $other 8 {processors}
        try own-affinity {SYS_sched_setaffinity} 0 8 {processors}
        try scheduler {SYS_sched_setscheduler} $other 0 b:00000000
        try parameters {SYS_sched_setparam} $other b:00000000
        try attributes {SYS_sched_setattr} $other {attributes} 0
        try priority {SYS_setpriority} 0 $other 19
        try priority-of-all {SYS_setpriority} 2 0 19
        try own-priority {SYS_setpriority} 0 0 19
        try disk-priority {SYS_ioprio_set} 1 $other 24576
        try disk-priority-of-all {SYS_ioprio_set} 3 0 24576
        try own-disk-priority {SYS_ioprio_set} 1 0 24576
        kill $other && wait $other; echo "child ended with $?" >&2
        "#,
        zeros = "00".repeat(16)
    );
    let said = try_run(&Place::new(), filtered(SandboxNetwork::Full), &script).await.unwrap();
    for name in [
        "limit",
        "affinity",
        "scheduler",
        "parameters",
        "attributes",
        "priority",
        "priority-of-all",
        "disk-priority",
        "disk-priority-of-all",
    ] {
        assert!(said.contains(&format!("{name}: refused")), "{name}: {said:#?}");
    }
    for name in ["look-at-limit", "own-limit", "own-affinity", "own-priority", "own-disk-priority"] {
        assert!(said.contains(&format!("{name}: done")), "{name}: {said:#?}");
    }
    assert!(said.contains(&"child ended with 143".to_owned()), "{said:#?}");
}

#[tokio::test]
async fn neither_the_daemon_nor_everybody_is_signalled() {
    use nix::libc::{SYS_kill, SYS_pidfd_open, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_tgkill, SYS_tkill};
    let daemon = std::process::id();
    // All with no signal at all, which only asks whether one might be sent.
    let script = format!(
        r#"{TRY}
        try everybody {SYS_kill} -1 0
        try daemon {SYS_kill} {daemon} 0
        try group {SYS_kill} -{daemon} 0
        try thread {SYS_tkill} {daemon} 0
        try thread-of {SYS_tgkill} {daemon} {daemon} 0
        try queued {SYS_rt_sigqueueinfo} {daemon} 0 b:{info}
        try queued-to-thread {SYS_rt_tgsigqueueinfo} {daemon} {daemon} 0 b:{info}
        try descriptor {SYS_pidfd_open} {daemon} 0
        sleep 1000 & other=$!
        try child {SYS_kill} $other 0
        kill $other
        "#,
        info = "00".repeat(128)
    );
    let said = try_run(&Place::new(), filtered(SandboxNetwork::Full), &script).await.unwrap();
    for name in ["everybody", "daemon", "group", "thread", "thread-of", "queued", "queued-to-thread", "descriptor"] {
        assert!(said.contains(&format!("{name}: refused")), "{name}: {said:#?}");
    }
    assert!(said.contains(&"child: done".to_owned()), "{said:#?}");
}

#[tokio::test]
async fn nobody_connects_by_sending_where_ports_are_restricted() {
    use nix::libc::{MSG_FASTOPEN, SYS_sendmmsg, SYS_sendmsg, SYS_sendto};
    // The descriptor is none, so what is not refused fails in another way.
    let script = format!(
        r#"{TRY}
        try sendto {SYS_sendto} 99 b:00 1 {MSG_FASTOPEN} 0 0
        try sendmsg {SYS_sendmsg} 99 b:00 {MSG_FASTOPEN}
        try sendmmsg {SYS_sendmmsg} 99 b:00 1 {MSG_FASTOPEN}
        try plain {SYS_sendto} 99 b:00 1 0 0 0
        "#
    );
    let ports = filtered(SandboxNetwork::Ports(vec![443]));
    let said = try_run(&Place::new(), ports, &script).await.unwrap();
    for name in ["sendto", "sendmsg", "sendmmsg"] {
        assert!(said.contains(&format!("{name}: refused")), "{name}: {said:#?}");
    }
    assert!(said.contains(&"plain: failed: Bad file descriptor".to_owned()), "{said:#?}");
    let said = try_run(&Place::new(), filtered(SandboxNetwork::Full), &script).await.unwrap();
    assert!(said.contains(&"sendto: failed: Bad file descriptor".to_owned()), "{said:#?}");
}

#[tokio::test]
async fn what_the_profile_opens_is_open() {
    let place = Place::new();
    let profile = SandboxProfile {
        read_paths: vec![place.path("outside"), PathBuf::from("~/notes")],
        write_paths: vec![place.path("home/.npm")],
        ..SandboxProfile::default()
    };
    let script = r#"
        cat "$ROOT/outside/file" "$HOME/notes" "$HOME/.npm/tool" >&2
        echo more > "$HOME/.npm/tool" && echo "npm written" >&2
        echo x > "$ROOT/outside/new" || echo "outside not written" >&2
        echo x > made && mkdir deep && mv made deep/moved && cat deep/moved >/dev/null && echo "work written" >&2
        echo x > "$TMPDIR/made" && echo "temporary written" >&2
        ls /usr/bin >/dev/null && echo "system seen" >&2
        perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0) or die "$!\n"' && echo "socket made" >&2
        perl -MSocket -e 'socket(my $s, PF_INET, SOCK_RAW, 1) or die "raw: $!\n"'
    "#;
    let Some(said) = run(&place, profile, script).await else { return };
    for text in [
        "content of outside/file",
        "content of home/notes",
        "content of home/.npm/tool",
        "npm written",
        "outside not written",
        "work written",
        "temporary written",
        "system seen",
        "socket made",
        "raw: ",
    ] {
        assert!(holds(&said, text), "{text}: {said:#?}");
    }
}

#[tokio::test]
async fn a_home_directory_that_is_opened_keeps_its_keys() {
    let place = Place::new();
    let profile = SandboxProfile { read_paths: vec![PathBuf::from("~")], ..SandboxProfile::default() };
    let script = r#"cat "$HOME/notes" >&2; cat "$HOME/.ssh/id" >&2"#;
    let Some(said) = run(&place, profile, script).await else { return };
    assert!(holds(&said, "content of home/notes") && !holds(&said, "content of home/.ssh"), "{said:#?}");
    let profile = SandboxProfile { read_paths: vec![PathBuf::from("~/.ssh")], ..SandboxProfile::default() };
    let said = run(&place, profile, script).await.unwrap();
    assert!(holds(&said, "content of home/.ssh"), "who lists it by name gets it: {said:#?}");
}

#[tokio::test]
async fn what_is_the_daemons_is_never_opened() {
    let place = Place::new();
    let refused = async |profile: SandboxProfile| match try_run(&place, profile, "true").await {
        Err(error) => error.to_string(),
        Ok(said) => panic!("started: {said:?}"),
    };
    for path in ["daemon", "daemon/data", ""] {
        let path = place.path(path);
        let said = refused(SandboxProfile { write_paths: vec![path.clone()], ..SandboxProfile::default() }).await;
        assert!(said.contains(&path.display().to_string().trim_end_matches('/').to_owned()), "{said}");
        assert!(said.contains("no sandbox shows"), "{said}");
    }
    let said =
        refused(SandboxProfile { read_paths: vec![place.path("daemon/data")], ..SandboxProfile::default() }).await;
    assert!(said.contains("no sandbox shows"), "{said}");
    let said = refused(SandboxProfile { read_paths: vec![place.path("nowhere")], ..SandboxProfile::default() }).await;
    assert!(said.contains("is not there"), "{said}");
    // Reading what is around it is harmless.
    let profile = SandboxProfile { read_paths: vec![place.path("")], ..SandboxProfile::default() };
    let script = r#"cat "$ROOT/outside/file" "$ROOT/daemon/data/key" "$ROOT/daemon/.env" >&2"#;
    let Some(said) = run(&place, profile, script).await else { return };
    assert!(holds(&said, "content of outside/file") && !holds(&said, "content of daemon"), "{said:#?}");
}

#[tokio::test]
async fn keys_that_are_opened_by_name_open_nothing_of_the_daemon() {
    let place = Place::new();
    fs::create_dir(place.path("home/.aws")).unwrap();
    for name in ["config", "orch.toml"] {
        fs::write(place.path("home/.aws").join(name), format!("content of {name}\n")).unwrap();
    }
    // The settings are among the keys, under another name.
    std::os::unix::fs::symlink(place.path("home/.aws"), place.path("home/.orch")).unwrap();
    let profile = SandboxProfile { read_paths: vec![PathBuf::from("~/.aws")], ..SandboxProfile::default() };
    let script = r#"cat "$HOME/.aws/config" "$HOME/.aws/orch.toml" >&2"#;
    let writing = SandboxProfile { write_paths: profile.read_paths.clone(), ..SandboxProfile::default() };
    let refused = try_run(&place, writing, script).await.unwrap_err().to_string();
    assert!(refused.contains("~/.aws is or has below it"), "{refused}");
    let Some(said) = run(&place, profile, script).await else { return };
    assert!(holds(&said, "content of config") && !holds(&said, "content of orch.toml"), "{said:#?}");
}

#[tokio::test]
async fn nothing_that_the_daemon_will_read_is_planted() {
    let place = Place::new();
    fs::create_dir(place.path("fresh")).unwrap();
    fs::remove_dir_all(place.path("home/.ssh")).unwrap();
    // Where the daemon is, with no settings there yet.
    let refused = try_run_in(&place, "fresh", SandboxProfile::default(), "true").await.unwrap_err().to_string();
    assert!(refused.contains("/fresh is or has below it"), "{refused}");
}

#[tokio::test]
async fn a_home_of_its_own_is_a_directory_like_others() {
    let place = Place::new();
    fs::create_dir(place.path("fresh")).unwrap();
    let run = async || {
        let log = a_log();
        let mut spec = sh("touch ~/new && echo written >&2");
        spec.env.push(("HOME".to_owned(), place.path("fresh").display().to_string().into()));
        spec.cwd = Some(place.path("fresh"));
        spec.sandbox = Some(SandboxProfile::default());
        launcher().launch(spec, Arc::clone(&log)).await?.exited().await;
        Ok::<_, LaunchError>(texts(&log))
    };
    let said = run().await.unwrap();
    assert!(holds(&said, "written"), "{said:#?}");
    // Keys in it are keys.
    fs::create_dir(place.path("fresh/.ssh")).unwrap();
    let refused = run().await.unwrap_err().to_string();
    assert!(refused.contains("is or has below it"), "{refused}");
}

#[tokio::test]
async fn connections_go_only_to_the_ports_that_are_named() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (allowed, closed) = (listener.local_addr().unwrap().port(), other.local_addr().unwrap().port());
    let network = SandboxNetwork::Ports(vec![allowed]);
    let profile = SandboxProfile { network: network.clone(), ..SandboxProfile::default() };
    let script = format!(
        r#"
        cat > connect.pl <<'END'
use Socket; my $port = shift;
socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
connect($s, sockaddr_in($port, inet_aton("127.0.0.1"))) or die "port refused\n"; print STDERR "port open\n";
END
        perl connect.pl {allowed}; perl connect.pl {closed}
        perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0) or die "udp refused\n"'
        perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0); bind($s, sockaddr_in(0, INADDR_ANY)) or die "bind refused\n"'
    "#
    );
    match try_run(&place, profile, &script).await {
        Ok(said) => {
            assert_eq!(said.iter().filter(|line| *line == "port open").count(), 1, "{said:#?}");
            for text in ["port refused", "udp refused", "bind refused"] {
                assert!(holds(&said, text), "{text}: {said:#?}");
            }
        }
        Err(error) => {
            // What the kernel lacks is said, not passed over.
            assert!(!kernel_can(ABI::V4) || !kernel_knows_ports(), "{error}");
            assert!(error.to_string().contains("ports") || error.to_string().contains("Landlock"), "{error}");
            let profile = SandboxProfile { best_effort: true, network, ..SandboxProfile::default() };
            try_run(&place, profile, "true").await.unwrap();
        }
    }
}

fn kernel_knows_ports() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(landlock::AccessNet::ConnectTcp).and_then(Ruleset::create).is_ok()
}

#[tokio::test]
async fn best_effort_starts_everywhere() {
    let place = Place::new();
    let profile =
        SandboxProfile { best_effort: true, network: SandboxNetwork::Ports(vec![1]), ..SandboxProfile::default() };
    let said = try_run(&place, profile, "echo up >&2").await.unwrap();
    assert!(holds(&said, "up"));
}

#[tokio::test]
async fn its_temporary_directory_goes_with_it() {
    let place = Place::new();
    let Some(said) = run(&place, SandboxProfile::default(), r#"echo "tmp $TMPDIR" >&2; touch "$TMPDIR/x""#).await
    else {
        return;
    };
    let directory = said.iter().find_map(|line| line.strip_prefix("tmp ")).unwrap();
    assert!(directory.contains("orch-sandbox-") && !Path::new(directory).exists(), "{directory}");
}

/// With children, threads, limits and priorities of their own, as servers have them.
#[tokio::test]
async fn real_interpreters_run() {
    const PYTHON: &str = r#"
import json, os, resource, signal, socket, ssl, subprocess, threading
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))
os.setpriority(os.PRIO_PROCESS, 0, 19); os.sched_setaffinity(0, os.sched_getaffinity(0))
child = subprocess.Popen(["sleep", "1000"]); child.terminate(); assert child.wait() == -signal.SIGTERM
print("fine")
"#;
    const NODE: &str = r#"
const { spawn } = require("child_process"), os = require("os"), { Worker } = require("worker_threads");
os.setPriority(19); os.availableParallelism(); process.resourceUsage(); process.kill(process.pid, 0);
new Worker("0", { eval: true }).on("exit", () => {
  const child = spawn("sleep", ["1000"]);
  child.on("exit", (code, signal) => console.log(signal === "SIGTERM" ? "fine" : signal));
  child.kill();
});
"#;
    let place = Place::new();
    for (program, switch, text) in [("python3", "-c", PYTHON), ("node", "-e", NODE)] {
        let script = format!("{program} {switch} '{text}' >&2");
        for profile in [SandboxProfile::default(), filtered(SandboxNetwork::Ports(vec![443]))] {
            let Some(said) = run(&place, profile, &script).await else { continue };
            assert!(said.contains(&"fine".to_owned()), "{program}: {said:#?}");
        }
    }
}
