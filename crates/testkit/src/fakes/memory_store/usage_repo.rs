//! Usage in memory, summed up when it is asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::usage::{Figures, Item, Point, Ranked, SeriesQuery, Span, TopQuery};

use super::MemoryStore;

#[async_trait]
impl UsageRepo for MemoryStore {
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<Point>, StoreError> {
        self.read(|state| {
            let mut points: BTreeMap<i64, Figures> = BTreeMap::new();
            for (call, items) in within(state.calls.values(), query.project, &query.span) {
                if items.contains(&query.item) {
                    let bucket = query.span.step.floor(call.at);
                    points.entry(bucket).or_default().add_call(call.duration, call.outcome);
                }
            }
            let at = |bucket| Timestamp::from_unix_timestamp(bucket).expect("the time of a call");
            points.into_iter().map(|(bucket, figures)| Point { at: at(bucket), figures }).collect()
        })
    }

    async fn top(&self, query: &TopQuery) -> Result<Vec<Ranked>, StoreError> {
        self.read(|state| {
            let mut sums: HashMap<Item, (String, Figures)> = HashMap::new();
            for (call, items) in within(state.calls.values(), query.project, &query.span) {
                let item = items.into_iter().find(|item| item.dimension() == query.by).expect("each dimension");
                if query.server.is_some_and(|server| call.server_counted() != Some(server)) {
                    continue;
                }
                let label = match &item {
                    Item::Server(Some(_)) => call.server.to_string(),
                    Item::Tool { name, .. } | Item::Client(name) => name.clone(),
                    _ => String::new(),
                };
                let (_, figures) = sums.entry(item).or_insert((label, Figures::default()));
                figures.add_call(call.duration, call.outcome);
            }
            let mut ranked: Vec<_> =
                sums.into_iter().map(|(item, (label, figures))| Ranked { item, label, figures }).collect();
            ranked.sort_by_key(|ranked| std::cmp::Reverse(ranked.figures.calls));
            ranked.truncate(query.limit as usize);
            ranked
        })
    }
}

/// The project's calls of that time, with what each counts for. A name that was refused or limited may be anything, and is
/// told apart only where another call gave it before.
fn within<'a>(
    calls: impl Iterator<Item = &'a Call>,
    project: ProjectId,
    span: &Span,
) -> impl Iterator<Item = (&'a Call, [Item; 6])> {
    let (from, until) = (span.step.floor(span.from), span.until.unix_timestamp());
    let step = span.step;
    let mut calls: Vec<_> = calls.filter(|call| call.project_id == project).collect();
    calls.sort_by_key(|call| call.at);
    let mut names = HashSet::new();
    let counted = calls.into_iter().map(move |call| {
        let made_up = matches!(call.outcome, Outcome::Refused | Outcome::Limited) || call.server_counted().is_none();
        let items = Item::all_of(call).map(|item| {
            if !matches!(item, Item::Tool { .. }) {
                return item;
            }
            if made_up && !names.contains(&item) {
                return Item::Other(item.dimension());
            }
            names.insert(item.clone());
            item
        });
        (call, items)
    });
    counted.filter(move |(call, _)| (from..until).contains(&step.floor(call.at)))
}
