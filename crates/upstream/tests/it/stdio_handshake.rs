//! The handshake with a child: what is said, and every way it fails, with its exact words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use orch_mcp::declared::Declared;
use orch_mcp::peer::{Asking, Connection, EraChoice, Peer as _};
use orch_mcp::raw::Raw;
use orch_supervisor::{ExitReason, LaunchError, Launcher, LocalLauncher, Process, ProcessLog, ProcessSpec};
use orch_upstream::stdio::{Probed, StdioPeer, StdioTarget};
use orch_upstream::{ConnectError, UpstreamConfig};

use crate::support::child::{self, Child, HELLO, local, shell};
use crate::support::{Events, config, drain, log, request, within};

fn impatient() -> UpstreamConfig {
    UpstreamConfig { handshake_timeout_ms: 300, ..config() }
}

/// The child answers `initialize` with this; `ID` is its id.
async fn failure_of(answers: &[&str]) -> String {
    let events = Events::new();
    let (connecting, script) = child::start(&impatient(), &events);
    let mut child = Child::new(within(script).await.expect("script"));
    let initialize = child.message().await;
    for answer in answers {
        child.say(&answer.replace("ID", &initialize["id"].to_string())).await;
    }
    let error = within(connecting).await.expect("task").expect_err("a failure").to_string();
    // The process is told to end.
    assert!(child.asked().await.is_some());
    error
}

async fn failure_to_start(target: StdioTarget, config: &UpstreamConfig) -> String {
    let events = Events::new();
    let launcher = local();
    let connecting = orch_upstream::stdio::connect(&launcher, target, &crate::support::SHARED, config, events.clone());
    let error = within(connecting).await.expect_err("a failure").to_string();
    within(launcher.drained()).await;
    assert!(events.is_empty(), "nobody had the peer: {:?}", events.next().await);
    error
}

#[tokio::test]
async fn says_who_we_are_and_declares_nothing() {
    let events = Events::new();
    let (connecting, script) = child::start(&config(), &events);
    let mut child = Child::new(within(script).await.expect("script"));
    let initialize = child.message().await;
    assert_eq!(initialize["jsonrpc"], "2.0");
    assert_eq!(initialize["params"]["protocolVersion"], "2025-11-25");
    assert_eq!(initialize["params"]["capabilities"], serde_json::json!({}));
    assert_eq!(initialize["params"]["clientInfo"]["name"], "mcp-orchestrator");
    child.answer(&initialize, r#"{"protocolVersion":"2024-11-05","capabilities":{"x":1.0},"instructions":"i"}"#).await;
    let initialized = child.message().await;
    assert_eq!(initialized, serde_json::json!({"jsonrpc":"2.0","method":"notifications/initialized"}));
    let peer = within(connecting).await.expect("task").expect("peer");
    assert_eq!(peer.hello().revision.as_str(), "2024-11-05");
    assert_eq!(peer.hello().capabilities.as_str(), r#"{"x":1.0}"#);
    assert_eq!(peer.hello().instructions.as_deref(), Some("i"));
    assert_eq!(peer.pid(), Some(0));
}

#[tokio::test]
async fn answers_a_ping_and_skips_a_banner_before_the_hello() {
    let events = Events::new();
    let (connecting, script) = child::start(&config(), &events);
    let mut child = Child::new(within(script).await.expect("script"));
    let initialize = child.message().await;
    child.say("Server 1.0 listening\n\n\u{feff}").await;
    child.say(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#).await;
    assert_eq!(child.line().await, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    child.answer(&initialize, child::HELLO).await;
    assert_eq!(child.message().await["method"], "notifications/initialized");
    within(connecting).await.expect("task").expect("peer");
    assert_eq!(events.oddities(), ["standard output has a line that is no message: Server 1.0 listening"]);
}

/// Of a client that is asked during its only call, to a server of either era.
static OF_A_CLIENT: Connection = Connection {
    era: EraChoice::Auto,
    declared: Declared { capabilities: Raw::from_static(r#"{"elicitation":{}}"#), info: None },
    asking: Asking::OneCall,
};

#[tokio::test]
async fn a_probe_without_an_answer_is_no_call() {
    let events = Events::new();
    let config = UpstreamConfig { handshake_timeout_ms: 3_000, max_in_flight: 1, ..config() };
    let (connecting, script) = child::start_as(&OF_A_CLIENT, &config, &events);
    let mut child = Child::new(within(script).await.expect("script"));
    let probe = child.message().await;
    assert_eq!(probe["method"], "server/discover");
    child.shake_hands().await;
    let peer = within(connecting).await.expect("task").expect("peer");
    // The one request that may be open, and the one that a question can be about.
    let call = tokio::spawn(drain(peer.send(request("tools/call", "{}"))));
    let call_seen = child.message().await;
    child.say(r#"{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{}}"#).await;
    let answered = child.message().await;
    assert_eq!((&answered["id"], &answered["result"]["action"]), (&"e".into(), &"cancel".into()), "{answered}");
    // Late, as a server that is slow to start says it.
    child.answer(&probe, "{}").await;
    child.answer(&call_seen, "{}").await;
    let expected = (vec!["question elicitation/create".to_owned()], Ok("{}".to_owned()));
    assert_eq!(within(call).await.expect("task"), expected);
    assert_eq!(events.oddities(), [""; 0]);
}

#[tokio::test]
async fn tells_failures_apart() {
    assert_eq!(failure_of(&[]).await, "did not answer initialize within 300 ms");
    assert_eq!(
        failure_of(&["Listening on stdio", "{\"level\":30}"]).await,
        "did not answer initialize within 300 ms, and wrote 2 lines that are no messages"
    );
    assert_eq!(
        failure_of(&[r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32603,"message":"no key"}}"#]).await,
        "answered initialize with error -32603: no key"
    );
    assert_eq!(
        failure_of(&[r#"{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":"2031-01-01"}}"#]).await,
        "speaks protocol version 2031-01-01, which is unknown here"
    );
    assert_eq!(
        failure_of(&[r#"{"jsonrpc":"2.0","id":ID,"result":{"serverInfo":{}}}"#]).await,
        "the result of initialize is malformed: missing field `protocolVersion` at line 1 column 17"
    );
}

#[tokio::test]
async fn names_a_command_that_is_not_there() {
    let target = StdioTarget { spec: ProcessSpec::new("x", "no-such-command-here"), log: log() };
    assert_eq!(failure_to_start(target, &config()).await, "the command `no-such-command-here` was not found");
    let mut spec = ProcessSpec::new("x", "sh");
    spec.cwd = Some("/no/such/directory".into());
    let target = StdioTarget { spec, log: log() };
    assert_eq!(
        failure_to_start(target, &config()).await,
        "cannot start the command: cannot use working directory /no/such/directory"
    );
}

#[tokio::test]
async fn says_how_a_child_exited_and_its_last_words_without_its_secrets() {
    assert_eq!(failure_to_start(shell("exit 1"), &config()).await, "exited with code 1 before answering initialize");
    let mut target = shell("echo starting >&2; echo \"bad key: $API_KEY\" >&2; exit 3");
    target.spec.env.push(("API_KEY".to_owned(), "hunter22-sesame".into()));
    assert_eq!(failure_to_start(target, &config()).await, "exited with code 3 before answering initialize");
    assert_eq!(
        failure_to_start(shell("exec >&-; sleep 60"), &config()).await,
        "the server closed its standard output before answering initialize"
    );
}

#[tokio::test]
async fn hides_secrets_that_a_server_repeats_in_its_refusal() {
    let mut target = shell(
        r#"read line; echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"key $API_KEY is bad\"}}"; cat >/dev/null"#,
    );
    target.spec.env.push(("API_KEY".to_owned(), "hunter22-sesame".into()));
    assert_eq!(
        failure_to_start(target, &config()).await,
        "answered initialize with error -32000: key [redacted] is bad"
    );
}

#[tokio::test]
async fn leaves_no_process_when_the_attempt_is_dropped() {
    let events = Events::new();
    let launcher = local();
    {
        let impatient = config();
        let connecting = orch_upstream::stdio::connect(
            &launcher,
            shell("cat >/dev/null"),
            &crate::support::SHARED,
            &impatient,
            events,
        );
        let mut connecting = std::pin::pin!(connecting);
        while launcher.count() == 0 {
            assert!(futures_util::poll!(connecting.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    within(launcher.drained()).await;
}

#[tokio::test]
async fn reports_the_exit_of_a_child_in_the_middle_of_its_answer() {
    let events = Events::new();
    let (connecting, script) = child::start(&config(), &events);
    let mut child = Child::new(within(script).await.expect("script"));
    child.message().await;
    child.exit(ExitReason::Signal(11));
    let error = within(connecting).await.expect("task").expect_err("a failure");
    assert_eq!(error.to_string(), "ended by signal 11 (SIGSEGV) before answering initialize");
}

/// Starts real processes, and counts how many.
struct Counting(LocalLauncher, AtomicUsize);

#[async_trait]
impl Launcher for Counting {
    async fn launch(&self, spec: ProcessSpec, log: Arc<ProcessLog>) -> Result<Process, LaunchError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.launch(spec, log).await
    }
}

/// What comes of a server that is asked for both eras, and how often it was started.
async fn started(script: &str) -> (Result<Arc<StdioPeer>, ConnectError>, usize) {
    let launcher = Counting(local(), AtomicUsize::new(0));
    let (connection, config) = (Connection::shared(EraChoice::Auto), config());
    let connecting = orch_upstream::stdio::connect(&launcher, shell(script), &connection, &config, Events::new());
    let outcome = within(connecting).await;
    (outcome, launcher.1.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_child_that_ends_for_a_reason_of_its_own_is_started_once() {
    for script in ["exit 3", "echo 'no configuration' >&2; sleep 0.1; exit 3"] {
        let (outcome, starts) = started(script).await;
        assert_eq!(outcome.unwrap_err().to_string(), "exited with code 3 before answering initialize", "{script}");
        assert_eq!(starts, 1, "{script}");
    }
}

#[tokio::test]
async fn a_child_that_dies_of_the_probe_is_started_in_the_old_way() {
    let answer = format!(r#"{{"jsonrpc":"2.0","id":%s,"result":{HELLO}}}"#);
    let script = format!(
        r#"read -r line; case $line in *server/discover*) exit 1;; esac
           id=${{line#*'"id":'}}; printf '{answer}\n' "${{id%%[,\}}]*}}"; cat >/dev/null"#
    );
    let (outcome, starts) = started(&script).await;
    assert_eq!((outcome.unwrap().probed(), starts), (Probed::Died, 2));
    // One that dies of everything is not started for ever.
    let (outcome, starts) = started("read -r line; exit 4").await;
    assert_eq!(outcome.unwrap_err().to_string(), "exited with code 4 before answering initialize");
    assert_eq!(starts, 2);
}
