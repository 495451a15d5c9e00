//! A binary with launch mode, for the tests of this crate: run as a keeper, or as a stand-in for
//! the daemon that starts one command and waits to be killed. Run from a file called `late-keeper` it
//! makes the mistake of starting a thread first. Not part of the product.

use std::{
    error::Error,
    io::{self, Write as _},
    sync::Arc,
    time::SystemTime,
};

use orch_supervisor::{
    Launcher as _, LocalLauncher, LogLimits, ProcessLog, ProcessSpec, SupervisorConfig, launch_mode,
};

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::current_exe()?.ends_with("late-keeper") {
        std::thread::spawn(std::thread::park);
    }
    launch_mode::run_if_requested();

    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("stand-in"), Some(script)) => stand_in(script),
        (Some("deleted-stand-in"), Some(script)) => {
            std::fs::remove_file(std::env::current_exe()?)?;
            stand_in(script)
        }
        _ => Err("usage: orch-launch stand-in|deleted-stand-in <shell script>".into()),
    }
}

/// Runs the script with `sh`, prints the process ids of its keeper and itself and then its
/// standard output, and goes on until it is killed or the script ends.
#[tokio::main(flavor = "current_thread")]
async fn stand_in(script: String) -> Result<(), Box<dyn Error>> {
    let launcher = LocalLauncher::current_exe(SupervisorConfig::default());
    let log = ProcessLog::new(LogLimits::default(), Arc::new(|| SystemTime::UNIX_EPOCH));
    let mut spec = ProcessSpec::new("stand-in", "sh");
    spec.args = vec!["-c".into(), script.into()];
    let process = launcher.launch(spec, Arc::new(log)).await?;

    let mut out = io::stdout();
    writeln!(out, "{} {}", process.keeper_pid().unwrap_or_default(), process.pid())?;
    let stdout = process.take_stdout().ok_or("standard output was taken")?;
    let mut chunk = [0; 1024];
    loop {
        stdout.readable().await?;
        match stdout.try_read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => out.write_all(chunk.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        out.flush()?;
    }
    process.exited().await;
    Ok(())
}
