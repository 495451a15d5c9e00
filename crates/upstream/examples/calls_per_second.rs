//! Measures calls per second through a peer against the echo servers of `orch-bench`. Judges nothing.
//!
//! `cargo run --release -p orch-upstream --example calls_per_second -- target/release/orch-bench [seconds] [transport] [callers] [threads] [gather_above]`

#![expect(clippy::print_stdout, reason = "figures are this program's output")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt as _;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Connection, EraChoice, Peer, PeerEvent, PeerRequest, PeerSink, ReplyItem};
use orch_mcp::raw::Raw;
use orch_supervisor::{Launcher as _, LocalLauncher, LogLimits, ProcessLog, ProcessSpec, SupervisorConfig};
use orch_upstream::http::HttpTarget;
use orch_upstream::stdio::StdioTarget;
use orch_upstream::{AddressPolicy, UpstreamConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader};

static SHARED: Connection = Connection::shared(EraChoice::Legacy);

type Failure = Box<dyn Error + Send + Sync>;

struct Quiet;

impl PeerSink for Quiet {
    fn event(&self, event: PeerEvent) {
        println!("event: {event:?}");
    }
}

fn main() -> Result<(), Failure> {
    orch_supervisor::launch_mode::run_if_requested();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let bench = args.first().ok_or("usage: calls_per_second <orch-bench> [seconds] [transport] [callers]")?;
    let seconds = args.get(1).map_or(Ok(3), |text| text.parse())?;
    let transport = args.get(2).map_or("both", String::as_str);
    let callers: Option<usize> = args.get(3).map(|text| text.parse()).transpose()?;
    let threads: Option<usize> = args.get(4).map(|text| text.parse()).transpose()?;
    let gather_above: Option<usize> = args.get(5).map(|text| text.parse()).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let addresses = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    let mut config = UpstreamConfig { addresses, ..UpstreamConfig::default() };
    config.stdio.gather_above = gather_above.unwrap_or(config.stdio.gather_above);
    runtime.block_on(measure(bench, seconds, transport, callers, threads.unwrap_or(0), &config))
}

async fn measure(
    bench: &str,
    seconds: u64,
    transport: &str,
    callers: Option<usize>,
    threads: usize,
    config: &UpstreamConfig,
) -> Result<(), Failure> {
    let launcher = LocalLauncher::current_exe(SupervisorConfig::default());
    let log = Arc::new(ProcessLog::new(LogLimits::default(), Arc::new(|| SystemTime::UNIX_EPOCH)));
    let seconds = Duration::from_secs(seconds);
    let counts = callers.map_or_else(|| vec![1, 16, 64], |callers| vec![callers]);

    if transport != "http" {
        let mut spec = ProcessSpec::new("bench", bench);
        spec.args = vec!["upstream-stdio".into()];
        let target = StdioTarget { spec, log: Arc::clone(&log) };
        let peer = orch_upstream::stdio::connect(&launcher, target, &SHARED, config, Arc::new(Quiet)).await?;
        run("stdio", &(peer as Arc<dyn Peer>), &counts, seconds, threads).await?;
    }
    if transport != "stdio" {
        let mut spec = ProcessSpec::new("bench", bench);
        spec.args = vec!["upstream-http".into()];
        let server = launcher.launch(spec, log).await?;
        let mut lines = BufReader::new(server.take_stdout().ok_or("no output")?).lines();
        let line = lines.next_line().await?.ok_or("no address")?;
        let url = line.rsplit(' ').next().unwrap_or_default().to_owned();
        let target = HttpTarget { url, headers: Vec::new() };
        let peer = orch_upstream::http::connect(&target, &SHARED, config, Arc::new(Quiet)).await?;
        run("http", &(peer as Arc<dyn Peer>), &counts, seconds, threads).await?;
        drop(server);
    }
    launcher.drained().await;
    Ok(())
}

async fn run(
    name: &str,
    peer: &Arc<dyn Peer>,
    counts: &[usize],
    seconds: Duration,
    threads: usize,
) -> Result<(), Failure> {
    for callers in counts {
        let stop = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let counting: Vec<_> =
            (0..*callers).map(|_| call(Arc::clone(peer), Arc::clone(&stop), Arc::clone(&calls))).collect();
        if threads == 0 {
            orch_upstream::stdio::read_here();
            let tasks: Vec<_> = counting.into_iter().map(tokio::spawn).collect();
            tokio::time::sleep(seconds).await;
            stop.store(true, Ordering::Relaxed);
            for task in tasks {
                task.await??;
            }
        } else {
            // As in the daemon: the callers' runtimes are others than the one of the connection.
            let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
            for (index, caller) in counting.into_iter().enumerate() {
                if let Some(share) = shares.get_mut(index % threads) {
                    share.push(caller);
                }
            }
            let workers: Vec<_> = shares
                .into_iter()
                .map(|share| {
                    std::thread::spawn(move || -> Result<(), Failure> {
                        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                        runtime.block_on(async {
                            orch_upstream::stdio::read_here();
                            for task in share.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
                                task.await??;
                            }
                            Ok(())
                        })
                    })
                })
                .collect();
            tokio::time::sleep(seconds).await;
            stop.store(true, Ordering::Relaxed);
            for worker in workers {
                while !worker.is_finished() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                worker.join().map_err(|_| "a worker died")??;
            }
        }
        let (calls, took) = (calls.load(Ordering::Relaxed), started.elapsed());
        let per_second = u128::from(calls) * 1_000_000 / took.as_micros().max(1);
        let each = took.as_nanos() * (*callers as u128) / u128::from(calls.max(1)) / 1000;
        println!("{name:5} {callers:3} callers, {threads} threads: {per_second:8} calls/s, {each:6} us each");
    }
    Ok(())
}

async fn call(peer: Arc<dyn Peer>, stop: Arc<AtomicBool>, calls: Arc<AtomicU64>) -> Result<(), Failure> {
    let params =
        r#"{"name":"echo","arguments":{"text":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}"#;
    let params = Raw::parse(Bytes::from_static(params.as_bytes()))?;
    while !stop.load(Ordering::Relaxed) {
        let request = PeerRequest::new(MethodName::from_static("tools/call"), Some(params.clone()));
        let mut reply = peer.send(request);
        while let Some(item) = reply.next().await {
            if let ReplyItem::End(end) = item {
                end?;
            }
        }
        calls.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
