//! What a command finds when it starts: variables, directory, descriptors.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use orch_supervisor::{Launcher as _, ProcessSpec};

use crate::support::{a_log, exe, launch, launcher, output, sh};

const INHERITED: [&str; 8] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL"];

#[tokio::test]
async fn has_the_variables_of_the_spec_and_the_inherited_few() {
    let mut spec = ProcessSpec::new("test", "env");
    spec.env = vec![
        ("TOKEN".to_owned(), "a=b c".into()),
        ("EMPTY".to_owned(), "".into()),
        ("HOME".to_owned(), "/elsewhere".into()),
        ("TWICE".to_owned(), "first".into()),
        ("TWICE".to_owned(), "last".into()),
    ];
    let process = launch(spec).await;
    let text = output(&process).await;
    let own: Vec<&str> = text
        .lines()
        .filter(|line| {
            let name = line.split('=').next().unwrap();
            !(INHERITED.contains(&name) && name != "HOME" || name.starts_with("LC_"))
        })
        .collect();
    let mut sorted = own.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["EMPTY=", "HOME=/elsewhere", "TOKEN=a=b c", "TWICE=last"]);
    assert!(text.lines().any(|line| line.starts_with("PATH=")));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "starts a stand-in for the daemon")]
fn has_no_variable_of_the_daemon() {
    let out = Command::new(exe())
        .args(["stand-in", "exec env"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("LC_ALL", "C")
        .env("ORCH_DATA_DIR", "/nowhere")
        .env("DATABASE_URL", "sqlite://nowhere")
        .env("JWT_SECRET", "sesame")
        .env("MCP_ENCRYPTION_KEY", "sesame")
        .env("LD_BIND_NOW", "1")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    let mut names: Vec<&str> = text.lines().skip(1).map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    // A shell sets PWD itself.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    assert_eq!(names, ["LC_ALL", "PATH"]);
}

#[tokio::test]
async fn runs_in_its_directory_and_finds_its_program_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap();
    let mut spec = sh("pwd");
    spec.cwd = Some(path.clone());
    assert_eq!(output(&launch(spec).await).await.trim(), path.to_str().unwrap());

    std::os::unix::fs::symlink("/bin/pwd", path.join("tool")).unwrap();
    let mut spec = ProcessSpec::new("test", "./tool");
    spec.cwd = Some(path.clone());
    assert_eq!(output(&launch(spec).await).await.trim(), path.to_str().unwrap());

    let mut spec = ProcessSpec::new("test", "tool");
    spec.env = vec![("PATH".to_owned(), path.to_str().unwrap().into())];
    assert!(output(&launch(spec).await).await.starts_with('/'));
}

#[tokio::test]
async fn without_a_directory_it_runs_at_home_and_never_among_what_is_the_daemons() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("data/deep")).unwrap();
    let run = async |home: &str, hidden: &str| {
        let launcher = launcher().hiding([root.join(hidden)]);
        let mut spec = sh("pwd; touch made");
        spec.env = vec![("HOME".to_owned(), root.join(home).display().to_string().into())];
        let process = launcher.launch(spec, a_log()).await.unwrap();
        let path = PathBuf::from(output(&process).await.trim());
        process.exited().await;
        path
    };
    assert_eq!(run("", "data").await, root);
    assert!(root.join("made").exists());
    // Right beside the settings, in the data, in a home that is not there.
    for (home, hidden) in [("", ".env"), ("data", "data"), ("data/deep", "data"), ("nowhere", "data")] {
        let own = run(home, hidden).await;
        let name = own.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("orch-sandbox-") && !own.exists(), "{home} {hidden}: {}", own.display());
        assert!(!root.join(home).join("made").exists() || home.is_empty(), "{home} {hidden}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "starts a stand-in for the daemon")]
fn without_a_home_it_does_not_run_where_the_daemon_does() {
    let directory = tempfile::tempdir().unwrap();
    let out = Command::new(exe())
        .args(["stand-in", "exec pwd"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TMPDIR", directory.path())
        .current_dir(directory.path())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let ran_in = PathBuf::from(text.lines().nth(1).unwrap());
    assert_eq!(ran_in.parent(), Some(directory.path()), "{text}");
}

#[tokio::test]
async fn has_three_descriptors_and_no_other() {
    // Nothing of a first process, nor of the second one's own keeper, nor what the runner of
    // these tests left open reaches the second.
    let _first = launch(sh("exec sleep 1000")).await;
    let mut spec = ProcessSpec::new("test", "ls");
    spec.args = vec!["/proc/self/fd".into()];
    // The fourth is the directory that is listed.
    assert_eq!(output(&launch(spec).await).await, "0\n1\n2\n3\n");
}

#[tokio::test]
async fn arguments_arrive_as_they_are() {
    let mut spec = ProcessSpec::new("a label\nwith 'odd' characters", "printf");
    spec.args = ["%s|", "", "a b", "ü", "$HOME", "-x", "line\nbreak"].map(Into::into).to_vec();
    assert_eq!(output(&launch(spec).await).await, "|a b|ü|$HOME|-x|line\nbreak|");
}

#[tokio::test]
async fn signals_are_as_for_any_program() {
    let mut spec = ProcessSpec::new("test", "cat");
    spec.args = vec!["/proc/self/status".into()];
    let text = output(&launch(spec).await).await;
    let mask = |field: &str| {
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap()
    };
    assert_eq!(mask("SigBlk"), 0, "blocked");
    // A Rust program ignores SIGPIPE (13) and has no reason to ignore SIGCHLD (17).
    assert_eq!(mask("SigIgn") & (1 << 12 | 1 << 16), 0, "ignored");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "starts a stand-in for the daemon")]
fn a_daemon_whose_file_was_replaced_can_launch() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("daemon");
    std::fs::copy(exe(), &copy).unwrap();
    let out = Command::new(&copy).args(["deleted-stand-in", "echo launched"]).output().unwrap();
    assert!(!copy.exists());
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().nth(1), Some("launched"), "{text}");
}
