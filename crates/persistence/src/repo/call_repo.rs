//! Calls in `calls`. They arrive in batches from the [`Journal`](crate::Journal), become links of their project's
//! chain, and are summed up in the same transaction.

mod intern;
mod pieces;
mod read;
mod rows;
mod stretches;
mod sums;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use orch_domain::activity::CallQuery;
use orch_domain::api_key::KeyUse;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::id::{CallId, KeyId, ProjectId, ServerId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo, JournalPlace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use uuid::Uuid;

use self::intern::{Interned, Interner};
use self::rows::{Row, Rows};
use self::stretches::Stretches;
use self::sums::Sums;
use crate::chain::hash::{self, Bare, Shape};
use crate::chain::{Head, Stream};
use crate::database::Database;
use crate::entity::call_before;
use crate::repo::key_repo::note_used;
use crate::sql::statement;
use crate::store_error::{is_data_error, unavailable};
use crate::timestamp::{stored, to_micros};
use crate::writing::Writing;

pub(crate) use self::intern::dimension_number;
pub(crate) use self::read::{calls, chain_of, read, read_bare, read_shape};
pub(crate) use self::stretches::{Range, forget, ranges};
pub(crate) use self::sums::step_number;

const DOING: &str = "storing calls";
/// Calls of the time before chains that are brought over at once.
const BROUGHT_AT_ONCE: u64 = 1000;

#[derive(Debug, Clone)]
pub struct SeaCallRepo {
    database: Database,
    known: Arc<Mutex<Interned>>,
}

impl SeaCallRepo {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, known: Arc::default() }
    }

    /// Brings calls over that a version before chains has stored. Does nothing when there are none (any more).
    pub async fn adopt(&self) -> Result<u64, StoreError> {
        let doing = "bringing over calls of an earlier version";
        let mut brought = 0;
        loop {
            let writing = self.database.write_quietly(doing).await?;
            let rows = call_before::Entity::find()
                .order_by_asc(call_before::Column::Id)
                .limit(BROUGHT_AT_ONCE)
                .lock_exclusive()
                .all(writing.conn())
                .await
                .map_err(unavailable(doing))?;
            if rows.is_empty() {
                return Ok(brought);
            }
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            let calls = rows.into_iter().map(call_before::Model::into_call).collect::<Result<Vec<_>, _>>()?;
            let learnt = self.write(&writing, &calls).await?;
            let taken = call_before::Entity::delete_many().filter(call_before::Column::Id.is_in(ids));
            taken.exec(writing.conn()).await.map_err(unavailable(doing))?;
            writing.commit().await?;
            self.remember(learnt);
            brought += calls.len() as u64;
        }
    }

    /// Everything that `calls` leave behind, but the commit. Gives what was learnt, to be kept once it is committed.
    async fn write(&self, writing: &Writing, calls: &[Call]) -> Result<Interned, StoreError> {
        let mut of_projects: BTreeMap<ProjectId, Vec<&Call>> = BTreeMap::new();
        for call in calls {
            of_projects.entry(call.project_id).or_default().push(call);
        }
        let mut interner = Interner::new(writing.conn(), Arc::clone(&self.known));
        let (mut sums, mut stretches) = (Sums::default(), Stretches::default());
        let mut rows = Rows::new(writing);
        // In one order, so that two daemons that store calls of the same projects do not wait for each other.
        for (project, calls) in of_projects {
            let mut head = Head::lock(writing.conn(), project.as_uuid(), Stream::Calls, DOING).await?;
            let shapes = interner.shapes(project, &calls, head.sweeps).await?;
            let mut latest = None;
            for (call, shape) in calls.into_iter().zip(shapes) {
                let bare = Bare {
                    call_id: call.id.as_uuid(),
                    at: to_micros(stored(call.at)),
                    duration_us: i64::try_from(call.duration.as_micros()).unwrap_or(i64::MAX),
                    code: call.outcome.code(),
                    arguments: call.arguments.as_ref().map(hash::kept_arguments),
                    waited_us: (!call.waited.is_zero())
                        .then(|| i64::try_from(call.waited.as_micros()).unwrap_or(i64::MAX)),
                };
                let (seq, link) = head.extend(|before, seq| hash::call(before, seq, &bare, &shape.digest));
                sums.add(&shape, call);
                stretches.add(head.id, seq, bare.at);
                latest = latest.max(Some(call.at));
                rows.add(Row { chain: head.id, seq, bare, shape: shape.id, link }).await?;
            }
            if let Some(latest) = latest {
                head.save(writing.conn(), self.database.signer(), latest, DOING).await?;
            }
        }
        rows.finish().await?;
        stretches.write(writing.conn()).await?;
        sums.write(writing.conn()).await?;
        Ok(interner.learnt())
    }

    fn remember(&self, learnt: Interned) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).extend(learnt);
    }
}

#[async_trait]
impl CallRepo for SeaCallRepo {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        let below = page.after.map_or(u64::MAX, |cursor| cursor.as_u64_pair().1);
        let query = CallQuery { user: filter.user, key: filter.key, ..CallQuery::all(filter.project) };
        let mut found = calls(&self.database, &query, below, page.limit + 1).await?;
        let more = found.len() > page.limit as usize;
        found.truncate(page.limit as usize);
        let next = if more { found.last().map(|last| Uuid::from_u64_pair(0, last.seq)) } else { None };
        let mut items: Vec<_> = found.into_iter().map(|found| found.item).collect();
        // Numbered as they were stored, which is nearly the order of their times.
        items.sort_by_key(|call| Reverse(call.at));
        Ok(Page { items, next })
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        self.store(calls, place).await
    }
}

impl SeaCallRepo {
    /// In one transaction, which notes how far the journal is stored: it may be tried again whatever became of it.
    async fn store(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        let writing = if place.is_some_and(|place| !place.is_urgent) {
            self.database.write_in_background(DOING).await?
        } else {
            self.database.write_quietly(DOING).await?
        };
        let calls = match place {
            None => calls,
            Some(place) => {
                let latest = calls.iter().map(|call| to_micros(call.at)).max().unwrap_or_default();
                let fresh = pass(&writing, place, latest).await?;
                calls.get(fresh..).unwrap_or_default()
            }
        };
        let learnt = self.write(&writing, calls).await?;
        note_used(&writing, &KeyUse::newest_of(calls)).await?;
        writing.commit().await?;
        self.remember(learnt);
        Ok(())
    }
}

/// Notes how far a segment of the journal is stored, and gives how many records at its beginning were so before.
async fn pass(writing: &Writing, place: JournalPlace<'_>, latest: i64) -> Result<usize, StoreError> {
    let conn = writing.conn();
    let find = statement(conn, "SELECT upto FROM journal_marks WHERE segment = $1", [place.segment.into()]);
    let row = conn.query_one_raw(find).await.map_err(unavailable(DOING))?;
    let upto = match row {
        Some(row) => row.try_get::<i64>("", "upto").map_err(unavailable(DOING))?,
        None => 0,
    };
    let end = |offset: &u64| i64::try_from(*offset).unwrap_or(i64::MAX);
    let fresh = place.ends.partition_point(|offset| end(offset) <= upto);
    if let Some(last) = place.ends.last().map(end).filter(|last| *last > upto) {
        let note = "INSERT INTO journal_marks (segment, upto, at) VALUES ($1, $2, $3) \
                    ON CONFLICT (segment) DO UPDATE SET upto = excluded.upto, at = excluded.at";
        let values: [Value; 3] = [place.segment.into(), last.into(), latest.into()];
        conn.execute_raw(statement(conn, note, values)).await.map_err(unavailable(DOING))?;
    }
    Ok(fresh)
}

/// What the database took offence at is put aside by the journal; for everything else it waits.
fn refused(error: sea_orm::DbErr) -> StoreError {
    if !is_data_error(&error) {
        return unavailable(DOING)(error);
    }
    let row = "one of a batch".to_owned();
    StoreError::Corrupt { table: "calls", column: "*", row, reason: error.to_string() }
}

/// The ids that a stored call has, as the domain knows them.
fn ids(call: Uuid, shape: &Shape) -> (CallId, ProjectId, UserId, Option<KeyId>, Option<ServerId>) {
    (
        CallId::from_uuid(call),
        ProjectId::from_uuid(shape.project_id),
        UserId::from_uuid(shape.user_id),
        shape.key_id.map(KeyId::from_uuid),
        shape.server_id.map(ServerId::from_uuid),
    )
}
