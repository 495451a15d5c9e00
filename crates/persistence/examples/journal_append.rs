//! Measures what an append to the journal costs: `cargo run --release -p orch-persistence --example journal_append`.
//! Every call waits for it, so it should stay at a few microseconds. Not a test: a loaded machine proves nothing.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the one who runs it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use orch_domain::call::Call;
use orch_domain::id::CallId;
use orch_domain::port::call_log::CallLog;
use orch_persistence::{Journal, JournalConfig};
use orch_testkit::builders::a_call;
use orch_testkit::fakes::{FixedClock, MemoryStore};

const APPENDS: usize = 400_000;

#[tokio::main]
async fn main() {
    for (threads, away) in [(1, true), (1, false), (2, true), (4, true), (4, false)] {
        let dir = tempfile::tempdir().unwrap();
        let store = MemoryStore::new();
        // Away: nothing but the append. Not away: the drain works at the same time.
        store.set_away(away);
        let mut config = JournalConfig::new(dir.path());
        config.max_bytes = u64::MAX;
        let journal = Journal::open(config, Arc::new(store), Arc::new(FixedClock::default())).await.unwrap();
        let journal = Arc::new(journal);
        let start = Instant::now();
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let journal = Arc::clone(&journal);
                std::thread::spawn(move || append(&*journal, APPENDS / threads))
            })
            .collect();
        let count = threads.len();
        let mut slowest = Duration::ZERO;
        for thread in threads {
            slowest = slowest.max(thread.join().unwrap());
        }
        let each = start.elapsed().as_nanos() / APPENDS as u128;
        let bytes = journal.status().bytes / journal.status().records_waiting.max(1);
        let drained = if away { "database away" } else { "drained meanwhile" };
        println!("{count} threads, {drained}: {each} ns per append, slowest {slowest:?}, {bytes} bytes each");
    }
}

/// Gives how long the slowest took.
fn append(log: &dyn CallLog, count: usize) -> Duration {
    let mut call: Call = a_call().with_key(orch_domain::id::KeyId::new()).build();
    let mut slowest = Duration::ZERO;
    for _ in 0..count {
        call.id = CallId::new();
        let start = Instant::now();
        log.append(&call).unwrap();
        slowest = slowest.max(start.elapsed());
    }
    slowest
}
