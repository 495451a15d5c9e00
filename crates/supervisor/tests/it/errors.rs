//! Commands that cannot be started, and what is said about them.

use std::{fs, io::ErrorKind, path::PathBuf};

use orch_supervisor::{LaunchError, Launcher as _, LocalLauncher, ProcessSpec, SupervisorConfig};

use crate::support::{a_log, exe, launcher, sh, texts};

async fn refused(spec: ProcessSpec) -> LaunchError {
    let launcher = launcher();
    let log = a_log();
    let error = launcher.launch(spec, log.clone()).await.unwrap_err();
    assert_eq!(launcher.count(), 0, "something is left");
    assert_eq!(texts(&log), [format!("not started: {error}")]);
    error
}

#[tokio::test]
async fn a_program_that_is_nowhere() {
    for program in ["no-such-program-here", "/no/such/program", "./no-such-program", "/etc/passwd/x"] {
        let error = refused(ProcessSpec::new("test", program)).await;
        assert!(matches!(&error, LaunchError::NotFound { program: named } if named == program), "{error:?}");
        assert_eq!(error.to_string(), format!("program not found: {program}"));
    }
}

#[tokio::test]
async fn a_program_that_is_nowhere_on_a_path_that_is_closed() {
    // For root no directory is closed; then this is the case above.
    let mut spec = ProcessSpec::new("test", "no-such-program-here");
    let directory = tempfile::tempdir().unwrap();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    spec.env = vec![("PATH".to_owned(), format!("{}:/bin", closed.display()).into())];
    let error = refused(spec).await;
    assert!(matches!(error, LaunchError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_program_that_may_not_be_executed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plain");
    fs::write(&file, "#!/bin/sh\n").unwrap();
    for program in [file.as_path(), directory.path()] {
        let error = refused(ProcessSpec::new("test", program)).await;
        assert!(matches!(error, LaunchError::PermissionDenied { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_used() {
    for (cwd, kind) in [("/no/such/directory", ErrorKind::NotFound), ("/etc/passwd", ErrorKind::NotADirectory)] {
        let mut spec = sh("true");
        spec.cwd = Some(cwd.into());
        match refused(spec).await {
            LaunchError::BadCwd { cwd: named, source } => {
                assert_eq!((named, source.kind()), (PathBuf::from(cwd), kind));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn arguments_the_system_does_not_take() {
    let mut spec = sh("true");
    spec.args.push("x".repeat(1024 * 1024).into());
    let error = refused(spec).await;
    assert!(matches!(error, LaunchError::CannotExecute { .. }), "{error:?}");
}

#[tokio::test]
async fn an_order_longer_than_a_socket_holds_arrives() {
    let mut spec = sh("echo $0 | wc -c");
    spec.args.push("x".repeat(100_000).into());
    spec.env = (0..10).map(|n| (format!("V{n}"), "y".repeat(100_000).into())).collect();
    let process = launcher().launch(spec, a_log()).await.unwrap();
    assert_eq!(crate::support::output(&process).await.trim(), "100001");
}

#[tokio::test]
async fn a_keeper_that_is_none() {
    for exe in ["/no/such/daemon", "/bin/true", "/bin/false"] {
        let launcher = LocalLauncher::new(exe.into(), SupervisorConfig::default());
        let error = launcher.launch(sh("true"), a_log()).await.unwrap_err();
        assert!(matches!(error, LaunchError::Keeper { .. }), "{exe}: {error:?}");
        assert_eq!(launcher.count(), 0);
    }
}

#[tokio::test]
async fn a_keeper_with_threads() {
    let directory = tempfile::tempdir().unwrap();
    let late = directory.path().join("late-keeper");
    fs::copy(exe(), &late).unwrap();
    let launcher = LocalLauncher::new(late, SupervisorConfig::default());
    let error = launcher.launch(sh("true"), a_log()).await.unwrap_err();
    assert!(error.to_string().contains("before any thread"), "{error:?}");
}

#[tokio::test]
async fn a_keeper_that_says_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mute = directory.path().join("mute");
    fs::write(&mute, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&mute, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = SupervisorConfig { start_timeout_ms: 50, orphan_grace_ms: 1, ..SupervisorConfig::default() };
    let launcher = LocalLauncher::new(mute, config);
    let error = launcher.launch(sh("true"), a_log()).await.unwrap_err();
    assert!(matches!(error, LaunchError::Timeout { .. }), "{error:?}");
    assert_eq!(launcher.count(), 0);
}

#[tokio::test]
async fn more_processes_than_allowed() {
    let config = SupervisorConfig { max_processes: 1, ..SupervisorConfig::default() };
    let launcher = LocalLauncher::new(exe(), config);
    let first = launcher.launch(sh("exec cat"), a_log()).await.unwrap();
    let error = launcher.launch(sh("true"), a_log()).await.unwrap_err();
    assert!(matches!(error, LaunchError::TooMany { limit: 1 }), "{error:?}");
    drop(first.take_stdin());
    first.exited().await;
    let second = launcher.launch(sh("true"), a_log()).await.unwrap();
    second.exited().await;
    launcher.drained().await;
    let error = launcher.launch(sh("true"), a_log()).await.unwrap_err();
    assert!(matches!(error, LaunchError::Draining), "{error:?}");
}
