//! Metrics in the text format of Prometheus. Calls are counted when they reach the database, not on their way; the
//! rest is read when it is asked for. Labels are bounded: names of clients and tools are none.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use orch_domain::call::Call;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::id::ProjectId;
use orch_domain::map::Map;
use orch_domain::port::clock::Clock;
use orch_domain::port::system_probe::{SystemProbe, SystemState};
use orch_gateway::metrics::MetricsSource;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// So many servers are told apart; calls of what comes later are counted under `other`.
const MOST_SERVERS: usize = 500;
const OTHER: &str = "other";
const LATENCIES: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    project: String,
    server: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabels {
    project: String,
    server: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkerLabel {
    worker: &'static str,
}

type Level = Gauge<f64, AtomicU64>;

/// A level that may not be known, and then is left out: nothing at all would look good.
#[derive(Debug, Clone, Default)]
struct Perhaps(Arc<Mutex<Option<f64>>>);

impl Perhaps {
    fn set(&self, level: Option<f64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = level;
    }

    fn get(&self) -> Option<f64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EncodeMetric for Perhaps {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        self.get().map_or(Ok(()), |level| ConstGauge::new(level).encode(encoder))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.get().is_none()
    }
}

pub(crate) struct Metrics {
    registry: Registry,
    directory: Arc<LiveDirectory>,
    calls: Family<CallLabels, Counter>,
    latency: Family<ServerLabels, Histogram, fn() -> Histogram>,
    servers: Family<StateLabel, Gauge>,
    workers: Family<WorkerLabel, Gauge>,
    levels: Levels,
    known: Mutex<HashSet<(ProjectId, String)>>,
}

#[derive(Default)]
struct Levels {
    up_since: Level,
    database_up: Gauge,
    database_latency: Perhaps,
    journal_records: Gauge,
    journal_bytes: Gauge,
    journal_lag: Level,
    journal_refusing: Gauge,
    journal_rejected: Gauge,
    in_flight: Gauge,
    sessions: Gauge,
    tasks: Gauge,
    stale_secrets: Gauge,
}

fn histogram() -> Histogram {
    Histogram::new(LATENCIES)
}

impl Metrics {
    pub(crate) fn new(directory: Arc<LiveDirectory>) -> Self {
        let mut registry = Registry::with_prefix("orch");
        let calls = Family::default();
        registry.register("calls", "Calls that are on record, by how they ended", calls.clone());
        let latency: Family<ServerLabels, Histogram, fn() -> Histogram> = Family::new_with_constructor(histogram);
        registry.register_with_unit("call_duration", "How long calls took", Unit::Seconds, latency.clone());
        let servers = Family::default();
        registry.register("servers", "Configured servers by their state", servers.clone());
        let workers = Family::default();
        registry.register("worker_healthy", "Whether the last run of a worker went well", workers.clone());
        let levels = Levels::default();
        levels.register(&mut registry);
        Self { registry, directory, calls, latency, servers, workers, levels, known: Mutex::default() }
    }

    /// Counts calls that have just been stored.
    pub(crate) fn count(&self, calls: &[Call]) {
        // Names are looked up once for all that are counted alike.
        let mut alike: Map<_, Vec<&Call>> = Map::default();
        for call in calls {
            let server = call.server_id.map(|id| (id, &*call.server));
            alike.entry((call.project_id, server, call.outcome.as_str())).or_default().push(call);
        }
        for ((.., outcome), calls) in alike {
            let Some(first) = calls.first() else { continue };
            let (project, server) = self.names(first);
            let labels = CallLabels { project, server, outcome };
            self.calls.get_or_create(&labels).inc_by(calls.len() as u64);
            let CallLabels { project, server, .. } = labels;
            let latency = self.latency.get_or_create(&ServerLabels { project, server });
            calls.iter().for_each(|call| latency.observe(call.duration.as_secs_f64()));
        }
    }

    /// The slug of the project and the alias of the server, as long as there are not too many of them.
    fn names(&self, call: &Call) -> (String, String) {
        let directory = self.directory.current();
        let Some(facts) = directory.project(call.project_id) else { return (OTHER.to_owned(), OTHER.to_owned()) };
        // An alias of a server that does not exist is whatever a client wrote.
        let alias = if call.server_id.is_some() { call.server.to_string() } else { OTHER.to_owned() };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (call.project_id, alias);
        if !known.contains(&key) {
            if known.len() >= MOST_SERVERS {
                return (OTHER.to_owned(), OTHER.to_owned());
            }
            known.insert(key.clone());
        }
        (facts.project.slug.to_string(), key.1)
    }

    fn set(&self, state: &SystemState, clock: &dyn Clock) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let levels = &self.levels;
        levels.up_since.set(state.started_at.unix_timestamp() as f64);
        levels.database_up.set(i64::from(state.database.error.is_none()));
        levels.database_latency.set(state.database.latency.map(|latency| latency.as_secs_f64()));
        levels.journal_records.set(number(state.journal.waiting_records));
        levels.journal_bytes.set(number(state.journal.waiting_bytes));
        let lag = state.journal.oldest.map_or(0.0, |oldest| (clock.now() - oldest).as_seconds_f64().max(0.0));
        levels.journal_lag.set(lag);
        levels.journal_refusing.set(i64::from(state.journal.refusing.is_some()));
        levels.journal_rejected.set(number(state.journal.rejected_records));
        levels.in_flight.set(number(state.fleet.calls_in_flight));
        levels.sessions.set(number(state.sessions));
        levels.tasks.set(number(state.tasks));
        levels.stale_secrets.set(number(state.encryption.stale));
        self.servers.clear();
        for (state, count) in &state.fleet.servers {
            self.servers.get_or_create(&StateLabel { state }).set(number(*count));
        }
        for worker in &state.workers {
            let healthy = i64::from(worker.last_error.is_none());
            self.workers.get_or_create(&WorkerLabel { worker: worker.name }).set(healthy);
        }
    }
}

impl Levels {
    fn register(&self, registry: &mut Registry) {
        let latency = self.database_latency.clone();
        registry.register_with_unit("database_latency", "How long the database took to answer", Unit::Seconds, latency);
        let seconds: [(&str, &str, &Level); 2] = [
            ("start_time", "When this process began, as seconds since 1970", &self.up_since),
            ("journal_lag", "How long the oldest call has waited for the database", &self.journal_lag),
        ];
        for (name, help, level) in seconds {
            registry.register_with_unit(name, help, Unit::Seconds, level.clone());
        }
        let counts: [(&str, &str, &Gauge); 9] = [
            ("database_up", "Whether the database answers", &self.database_up),
            ("journal_waiting_records", "Calls that wait for the database", &self.journal_records),
            ("journal_waiting_bytes", "Bytes of calls that wait for the database", &self.journal_bytes),
            ("journal_refusing", "Whether calls are refused because none can be recorded", &self.journal_refusing),
            ("journal_rejected_records", "Calls that the database refused, kept aside", &self.journal_rejected),
            ("calls_in_flight", "Calls that servers are working on", &self.in_flight),
            ("sessions", "Open MCP sessions", &self.sessions),
            ("tasks", "Tasks of the daemon that have not ended", &self.tasks),
            ("stale_secrets", "Secrets sealed with another key than the first", &self.stale_secrets),
        ];
        for (name, help, count) in counts {
            registry.register(name, help, count.clone());
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The metrics with what they are read from.
pub(crate) struct Scrape {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) probe: Arc<dyn SystemProbe>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl MetricsSource for Scrape {
    async fn render(&self) -> String {
        let state = self.probe.look().await;
        self.metrics.set(&state, &*self.clock);
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.metrics.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use orch_domain::directory::Directory;
    use orch_domain::directory::live::LiveDirectory;
    use orch_domain::port::clock::Clock as _;
    use orch_domain::port::system_probe::{DatabaseState, EncryptionState, FleetState, JournalState, SystemState};
    use orch_testkit::builders::a_call;
    use orch_testkit::fakes::FixedClock;
    use prometheus_client::encoding::text::encode;

    use super::Metrics;

    #[test]
    fn names_of_clients_and_made_up_servers_are_no_labels() {
        let metrics = Metrics::new(Arc::new(LiveDirectory::new(Directory::default())));
        let mut call = a_call().to_nowhere("made-up-tool").build();
        call.client = "made-up-client".into();
        call.server = "made-up-server".into();
        metrics.count(&[call.clone(), call]);
        let mut text = String::new();
        encode(&mut text, &metrics.registry).expect("text");
        assert!(!text.contains("made-up"), "{text}");
        assert!(text.contains(r#"orch_calls_total{project="other",server="other",outcome="ok"} 2"#), "{text}");
        assert!(text.contains("orch_call_duration_seconds_bucket"), "{text}");
    }

    #[test]
    fn a_database_that_is_away_has_no_latency() {
        let metrics = Metrics::new(Arc::new(LiveDirectory::new(Directory::default())));
        let seen = |latency: Option<Duration>| {
            metrics.set(&state(latency), &FixedClock::default());
            let mut text = String::new();
            encode(&mut text, &metrics.registry).expect("text");
            let of_database = |line: &&str| line.starts_with("orch_database");
            text.lines().filter(of_database).map(str::to_owned).collect::<Vec<_>>()
        };
        let answers = ["orch_database_latency_seconds 0.25", "orch_database_up 1"];
        assert_eq!(seen(Some(Duration::from_millis(250))), answers);
        assert_eq!(seen(None), ["orch_database_up 0"]);
        assert_eq!(seen(Some(Duration::from_millis(250))), answers);
    }

    fn state(latency: Option<Duration>) -> SystemState {
        let error = latency.is_none().then(|| "it is away".to_owned());
        SystemState {
            version: "1",
            started_at: FixedClock::default().now(),
            database: DatabaseState { kind: "sqlite", latency, error },
            journal: JournalState {
                waiting_records: 0,
                waiting_bytes: 0,
                max_bytes: 1,
                oldest: None,
                refusing: None,
                last_error: None,
                corrupt_segments: 0,
                rejected_records: 0,
            },
            fleet: FleetState::default(),
            encryption: EncryptionState::default(),
            workers: Vec::new(),
            sessions: 0,
            tasks: 0,
            users: 0,
            projects: 0,
        }
    }
}
