//! How quick usage and activity are with many calls: stores the synthetic calls of one day by the ordinary way, has the
//! database repeat that day, then asks what the dashboard asks, and shows times and, on PostgreSQL, the plans. Fails when
//! a question takes longer than it may.
//!
//! `just bench-usage ROWS`, or with a database of one's own: `usage_bench DATABASE_URL ROWS`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement for people"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use orch_domain::activity::{CallQuery, EntryFilter, OutcomeFilter};
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::id::{CallId, KeyId, ProjectId, ServerId, UserId};
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::port::call_log::CallRepo;
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::usage::{Dimension, Item, SLOTS, SeriesQuery, Span, Step, TopQuery};
use orch_persistence::{Database, DatabaseConfig, DatabaseUrl, SeaActivityRepo, SeaCallRepo, SeaUsageRepo};
use sea_orm::ConnectionTrait;

/// What a page may take, as the middle of some runs.
const MOST: Duration = Duration::from_millis(200);

/// As the journal drains them.
const BATCH: u64 = 2000;
const DAYS: u64 = 30;
const DAY: Duration = Duration::from_secs(86_400);

/// Projects, and in each of them servers, tools of each server, users with a key, and clients.
const PROJECTS: u64 = 3;
const SERVERS: u64 = 8;
const TOOLS: u64 = 12;
const USERS: u64 = 40;

struct Project {
    id: ProjectId,
    servers: Vec<ServerId>,
    users: Vec<(UserId, KeyId)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap();
    let rows: u64 = arguments.next().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::parse(&url).unwrap())).await.unwrap();
    database.migrate().await.unwrap();
    let projects: Vec<_> = (0..PROJECTS)
        .map(|_| Project {
            id: ProjectId::new(),
            servers: (0..SERVERS).map(|_| ServerId::new()).collect(),
            users: (0..USERS).map(|_| (UserId::new(), KeyId::new())).collect(),
        })
        .collect();
    let end = orch_domain::Timestamp::now_utc().replace_time(time::Time::MIDNIGHT) + DAY;
    let of_a_day = rows.div_ceil(DAYS);
    let repo = SeaCallRepo::new(database.clone());
    let begun = Instant::now();
    for batch in 0..of_a_day.div_ceil(BATCH) {
        let numbers = batch * BATCH..of_a_day.min((batch + 1) * BATCH);
        let first = end - DAY * u32::try_from(DAYS).unwrap();
        let calls: Vec<_> = numbers.map(|number| call(&projects, number, of_a_day, first)).collect();
        repo.insert(&calls).await.unwrap();
    }
    let took = begun.elapsed();
    println!("stored {of_a_day} calls in {:.1} s: {:.1} us a call", took.as_secs_f64(), micros(took, of_a_day));
    repeat(&url).await;
    println!("repeated them to {} calls of {DAYS} days in {:.1} s", of_a_day * DAYS, begun.elapsed().as_secs_f64());
    let slow = ask(&database, &projects, end).await;
    if url.starts_with("postgres") {
        plans(&url, &projects).await;
    }
    if slow.is_empty() {
        println!("\nevery question is answered within {} ms", MOST.as_millis());
        return ExitCode::SUCCESS;
    }
    println!("\nslower than {} ms: {}", MOST.as_millis(), slow.join("; "));
    ExitCode::FAILURE
}

/// Has each day after the first one be like it. The links of the chain are copies, which nobody looks at here.
async fn repeat(url: &str) {
    let raw = sea_orm::Database::connect(url).await.unwrap();
    let is_postgres = url.starts_with("postgres");
    let (id, tidy) = if is_postgres { ("gen_random_uuid()", "VACUUM ANALYZE") } else { ("randomblob(16)", "ANALYZE") };
    let days = format!(
        "(WITH RECURSIVE day(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM day WHERE n < {}) SELECT n FROM day) d",
        DAYS - 1
    );
    let slots: String = (0..SLOTS).map(|slot| format!(", h{slot}")).collect();
    for step in [
        format!(
            "INSERT INTO calls (chain, seq, call_id, at, shape, duration_us, code, link, arguments) SELECT c.chain, \
             c.seq + d.n * h.seq, {id}, c.at + d.n * 86400000000, c.shape, c.duration_us, c.code, c.link, c.arguments \
             FROM {days} CROSS JOIN calls c JOIN audit_chains h ON h.id = c.chain"
        ),
        // As the migration that made the table has filled it.
        "DELETE FROM call_stretches".to_owned(),
        "INSERT INTO call_stretches (chain, stretch, min_at, max_at) SELECT chain, seq / 1024, MIN(at), MAX(at) FROM calls \
         GROUP BY chain, seq / 1024"
            .to_owned(),
        format!("UPDATE audit_chains SET seq = seq * {DAYS} WHERE stream = 'calls'"),
        format!(
            "INSERT INTO usage_sums (item, step, bucket, calls, errors, total_us, longest_us{slots}) SELECT u.item, \
             u.step, u.bucket + d.n * 86400, u.calls, u.errors, u.total_us, u.longest_us{slots} \
             FROM {days} CROSS JOIN usage_sums u"
        ),
        tidy.to_owned(),
    ] {
        raw.execute_unprepared(&step).await.unwrap();
    }
}

fn micros(took: Duration, calls: u64) -> f64 {
    took.as_secs_f64() * 1_000_000.0 / calls as f64
}

/// Most calls are of the first project, as in life; times are spread over the day.
fn call(projects: &[Project], number: u64, of_a_day: u64, day: orch_domain::Timestamp) -> Call {
    // A cheap generator that gives the same calls in every run.
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |below: u64| {
        state ^= state >> 33;
        state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 29;
        (state >> 16) % below
    };
    let project = &projects[if next(10) < 8 { 0 } else { next(PROJECTS) as usize }];
    let server = next(SERVERS) as usize;
    let (user, key) = project.users[next(USERS) as usize];
    let outcome = match next(100) {
        0..=95 => Outcome::Ok,
        96 | 97 => Outcome::ToolError,
        98 => Outcome::Timeout,
        _ => Outcome::RpcError(-32_000),
    };
    Call {
        id: CallId::new(),
        at: day + DAY.mul_f64(number as f64 / of_a_day as f64),
        project_id: project.id,
        user_id: user,
        key_id: Some(key),
        client: ["claude-code 2.1", "cursor 3.0", "agent 1"][next(3) as usize].into(),
        server_id: Some(project.servers[server]),
        server: format!("server-{server}").into(),
        kind: CallKind::Tool,
        target: format!("tool_{}", next(TOOLS)),
        duration: Duration::from_micros(500 + next(400_000)),
        waited: Duration::ZERO,
        outcome,
        refusal: None,
        arguments: None,
    }
}

/// Gives what took too long.
async fn ask(database: &Database, projects: &[Project], end: orch_domain::Timestamp) -> Vec<String> {
    let mut slow = Slow::default();
    let (usage, activity) = (SeaUsageRepo::new(database.clone()), SeaActivityRepo::new(database.clone()));
    for (name, project) in [("a large project", &projects[0]), ("a small project", &projects[1])] {
        println!("\n{name}");
        let span = |days: u64, step| Span { from: end - Duration::from_secs(days * 86_400), until: end, step };
        let spans =
            [("a day by minutes", 1, Step::Minute), ("a week by hours", 7, Step::Hour), ("30 days", 30, Step::Day)];
        for (text, days, step) in spans {
            for (what, item) in [
                ("project", Item::Project),
                ("server", Item::Server(Some(project.servers[0]))),
                ("tool", Item::Tool { server: Some(project.servers[0]), kind: CallKind::Tool, name: "tool_3".into() }),
            ] {
                let query = SeriesQuery { project: project.id, item, span: span(days, step) };
                slow.measure(&format!("series of a {what}, {text}"), async || {
                    usage.series(&query).await.unwrap().len()
                })
                .await;
            }
        }
        for (text, by) in [("servers", Dimension::Server), ("tools", Dimension::Tool), ("users", Dimension::User)] {
            let query = TopQuery { project: project.id, by, server: None, span: span(7, Step::Hour), limit: 10 };
            slow.measure(&format!("top {text} of a week"), async || usage.top(&query).await.unwrap().len()).await;
        }
        let all = CallQuery::all(project.id);
        let week_ago = end - Duration::from_secs(7 * 86_400);
        for (text, query) in [
            ("all calls", all.clone()),
            ("calls of a user", CallQuery { user: Some(project.users[7].0), ..all.clone() }),
            ("calls to a server", CallQuery { server: Some(project.servers[3]), ..all.clone() }),
            ("failed calls", CallQuery { outcome: Some(OutcomeFilter::Failed), ..all.clone() }),
            (
                "failed calls of a tool by a user, a week ago",
                CallQuery {
                    user: Some(project.users[7].0),
                    target: Some("tool_3".into()),
                    outcome: Some(OutcomeFilter::Failed),
                    until: Some(week_ago),
                    ..all.clone()
                },
            ),
            (
                "calls of a day three weeks ago",
                CallQuery { until: Some(week_ago - Duration::from_secs(14 * 86_400)), ..all.clone() },
            ),
            ("calls with a word in them", CallQuery { search: Some("TOOL_1".into()), ..all.clone() }),
            ("calls with a word that is nowhere", CallQuery { search: Some("nowhere".into()), ..all }),
        ] {
            slow.measure(text, async || activity.calls(&query, u64::MAX, 51).await.unwrap().len()).await;
        }
        slow.measure("changes", async || {
            activity.entries(project.id, &EntryFilter::default(), u64::MAX, 51).await.unwrap().len()
        })
        .await;
    }
    slow.0
}

#[derive(Default)]
struct Slow(Vec<String>);

impl Slow {
    /// The slowest and the middle one of some runs; the first of them may find nothing in memory.
    async fn measure(&mut self, what: &str, run: impl AsyncFn() -> usize) {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..5 {
            let begun = Instant::now();
            found = run().await;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        println!("{:>9.1} ms, at most {:>7.1} ms  {what} ({found} rows)", ms(times[2]), ms(times[4]));
        if times[2] > MOST {
            self.0.push(format!("{what} ({:.0} ms)", ms(times[2])));
        }
    }
}

/// The plans of the heaviest questions, as PostgreSQL runs them.
async fn plans(url: &str, projects: &[Project]) {
    let raw = sea_orm::Database::connect(url).await.unwrap();
    let project = projects[0].id;
    let chain = format!("(SELECT id FROM audit_chains WHERE scope = '{project}' AND stream = 'calls')");
    let questions = [
        (
            "top tools",
            format!(
                "SELECT u.item, SUM(u.calls) FROM usage_items i JOIN usage_sums u ON u.item = i.id WHERE \
                 i.project_id = '{project}' AND i.dimension = 2 AND u.step = 1 AND u.bucket >= \
                 extract(epoch from now() - interval '7 days') GROUP BY u.item ORDER BY SUM(u.calls) DESC LIMIT 10"
            ),
        ),
        (
            "frequent: calls of a user, through the last",
            format!(
                "SELECT x.seq FROM calls x JOIN call_shapes s ON s.id = x.shape WHERE x.chain = {chain} AND x.seq >= \
                 (SELECT seq - 20000 FROM audit_chains WHERE scope = '{project}' AND stream = 'calls') AND \
                 s.user_id = '{user}' AND s.project_id = '{project}' ORDER BY x.seq DESC LIMIT 51",
                user = projects[0].users[7].0
            ),
        ),
        (
            "rare: failed calls of a tool by a user, by shape",
            format!(
                "SELECT x.seq FROM call_shapes s CROSS JOIN LATERAL (SELECT y.* FROM calls y WHERE y.shape = s.id \
                 ORDER BY y.seq DESC LIMIT 51) x WHERE s.user_id = '{user}' AND s.target = 'tool_3' AND \
                 s.outcome <> 0 AND s.project_id = '{project}' ORDER BY x.seq DESC LIMIT 51",
                user = projects[0].users[7].0
            ),
        ),
        (
            "all calls",
            format!(
                "SELECT c.seq FROM (SELECT * FROM calls x WHERE x.chain = {chain} ORDER BY x.seq DESC LIMIT 51) c \
                 JOIN call_shapes s ON s.id = c.shape ORDER BY c.seq DESC"
            ),
        ),
    ];
    for (what, question) in questions {
        println!("\nplan: {what}");
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS, SUMMARY) {question}");
        let statement = sea_orm::Statement::from_string(raw.get_database_backend(), explain);
        for row in raw.query_all_raw(statement).await.unwrap() {
            println!("  {}", row.try_get_by_index::<String>(0).unwrap());
        }
    }
}
