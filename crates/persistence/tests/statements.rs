//! How many statements storing takes. A program of its own, as the statements of everything in a process are counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

#[expect(dead_code, reason = "of the stores only the places are needed")]
#[path = "it/stores.rs"]
mod stores;

use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

use orch_domain::activity::CallQuery;
use orch_domain::call::{Call, Outcome};
use orch_domain::id::{CallId, ProjectId};
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::port::call_log::CallRepo;
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::usage::{Dimension, Item, Span as Time, Step, TopQuery};
use orch_persistence::{SeaActivityRepo, SeaCallRepo, SeaUsageRepo};
use orch_testkit::builders::a_call;
use tokio::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::stores::{Location, on_postgres, on_sqlite};

/// How each statement begins that the driver tells of.
static TOLD: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

struct Statements;

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Told);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Told;

impl Visit for Told {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(value.to_owned());
        }
    }
}

/// The statements that `work` takes.
async fn statements_of(work: impl Future<Output = ()>) -> Vec<String> {
    static COUNTING: OnceLock<()> = OnceLock::new();
    COUNTING.get_or_init(|| tracing::subscriber::set_global_default(Statements).unwrap());
    TOLD.lock().unwrap().clear();
    work.await;
    std::mem::take(&mut *TOLD.lock().unwrap())
}

/// What a client calls itself is its own affair, and another thing with each call if it likes.
async fn any_names_take_few_statements(location: Location) {
    static ALONE: Mutex<()> = Mutex::const_new(());
    let _alone = ALONE.lock().await;
    let database = location.connect().await;
    database.migrate().await.unwrap();
    let repo = SeaCallRepo::new(database.clone());
    let (project, base) = (ProjectId::new(), a_call().build());
    let calls = |names: std::ops::Range<u32>| {
        names.map(|name| Call {
            id: CallId::new(),
            project_id: project,
            client: format!("client {name}").into(),
            target: format!("tool {name}"),
            outcome: if name % 7 == 3 { Outcome::Refused } else { Outcome::Ok },
            ..base.clone()
        })
    };
    let first: Vec<_> = calls(0..2000).collect();
    let count = async |calls: &[Call]| {
        let told = statements_of(async { repo.insert(calls).await.unwrap() }).await;
        assert!(told.iter().any(|summary| summary.starts_with("INSERT INTO calls")), "they are counted: {told:?}");
        told.len()
    };
    let few = count(&calls(0..1).collect::<Vec<_>>()).await;
    let many = count(&first).await;
    assert!(many < few + 120, "{many} statements for as many calls as a batch has, and {few} for one");
    // No room for more names.
    let beyond: Vec<_> = calls(2000..4000).collect();
    let many = count(&beyond).await;
    assert!(many < few + 120, "{many} statements");
    let known = count(&beyond).await;
    assert!(known < few + 60, "{known} statements");

    // Nothing of who called what is lost, and what there is no room for counts with the rest.
    let found = SeaActivityRepo::new(database.clone()).calls(&CallQuery::all(project), u64::MAX, 2000).await.unwrap();
    let told: Vec<_> = found.into_iter().rev().map(|found| found.item).collect();
    let expected = |call: &Call| (call.client.clone(), call.target.clone(), call.outcome);
    assert!(told.iter().map(expected).eq(beyond.iter().map(expected)));
    let day = Time { from: base.at, until: base.at + Duration::from_secs(86_400), step: Step::Day };
    for (by, apart) in [(Dimension::Client, 2000), (Dimension::Tool, 1999)] {
        let query = TopQuery { project, by, server: None, span: day, limit: 5000 };
        let ranked = SeaUsageRepo::new(database.clone()).top(&query).await.unwrap();
        assert_eq!(ranked.len(), apart + 1, "{by:?}");
        assert_eq!(ranked.iter().map(|ranked| ranked.figures.calls).sum::<u64>(), 6001);
        assert_eq!(ranked[0].item, Item::Other(by));
    }
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_few_statements_for_any_names() {
    on_sqlite(any_names_take_few_statements).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_takes_few_statements_for_any_names() {
    on_postgres(any_names_take_few_statements).await;
}
