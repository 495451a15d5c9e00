//! Usage in memory, summed up when it is asked for.

use std::collections::{BTreeMap, HashMap};

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
            for call in within(state.calls.values(), query.project, &query.span) {
                if items(call).contains(&query.item) {
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
            for call in within(state.calls.values(), query.project, &query.span) {
                let item = items(call).into_iter().find(|item| item.dimension() == query.by).expect("each dimension");
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

fn within<'a>(
    calls: impl Iterator<Item = &'a Call>,
    project: ProjectId,
    span: &Span,
) -> impl Iterator<Item = &'a Call> {
    let (from, until) = (span.step.floor(span.from), span.until.unix_timestamp());
    let step = span.step;
    calls.filter(move |call| call.project_id == project && (from..until).contains(&step.floor(call.at)))
}

/// What a call counts for; a name that was refused may be anything.
fn items(call: &Call) -> [Item; 6] {
    Item::all_of(call).map(|item| {
        let made_up = call.outcome == Outcome::Refused || call.server_counted().is_none();
        if made_up && matches!(item, Item::Tool { .. }) { Item::Other(item.dimension()) } else { item }
    })
}
