//! Calls in `calls`, counted by the database.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::call::CallKind;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_domain::port::call_census::{CallCensus, CallCount, CallGroup};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use uuid::{NoContext, Uuid};

use crate::database::Database;
use crate::entity::call::{Column, Entity};
use crate::entity::corrupt;
use crate::store_error::unavailable;

#[derive(Debug, Clone)]
pub struct SeaCallCensus {
    database: Database,
}

impl SeaCallCensus {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

type Group = (Uuid, Option<Uuid>, String, Uuid, String, String, i64);

#[async_trait]
impl CallCensus for SeaCallCensus {
    async fn groups(&self, project: ProjectId, since: Timestamp, limit: u32) -> Result<Vec<CallGroup>, StoreError> {
        let by = [Column::UserId, Column::KeyId, Column::Client, Column::ServerId, Column::Kind, Column::Target];
        let mut select = Entity::find().select_only().columns(by).column_as(Column::Id.count(), "made");
        for column in by {
            select = select.group_by(column);
        }
        let rows: Vec<Group> = select
            .filter(Column::ProjectId.eq(project.as_uuid()))
            .filter(Column::Id.gte(first_id(since)))
            .filter(Column::ServerId.is_not_null())
            .order_by(Expr::col("made"), Order::Desc)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.database.reader())
            .await
            .map_err(unavailable("counting calls"))?;
        let group = |(user, key, client, server, kind, target, calls): Group| {
            let known = CallKind::ALL.into_iter().find(|known| known.as_str() == kind);
            Ok(CallGroup {
                user_id: UserId::from_uuid(user),
                key_id: key.map(KeyId::from_uuid),
                client,
                server_id: ServerId::from_uuid(server),
                kind: known.ok_or_else(|| corrupt("calls", "one of a group")("kind", &"it is not a kind of call"))?,
                target,
                calls: u64::try_from(calls).unwrap_or_default(),
            })
        };
        rows.into_iter().map(group).collect()
    }

    async fn counts(&self, since: Timestamp) -> Result<Vec<CallCount>, StoreError> {
        let by = [Column::ProjectId, Column::UserId, Column::KeyId];
        let mut select = Entity::find().select_only().columns(by).column_as(Column::Id.count(), "made");
        for column in by {
            select = select.group_by(column);
        }
        let rows: Vec<(Uuid, Uuid, Option<Uuid>, i64)> = select
            .filter(Column::Id.gte(first_id(since)))
            .filter(Column::Outcome.ne("limited"))
            .into_tuple()
            .all(self.database.reader())
            .await
            .map_err(unavailable("counting calls"))?;
        let count = |(project, user, key, calls): (Uuid, Uuid, Option<Uuid>, i64)| CallCount {
            project_id: ProjectId::from_uuid(project),
            user_id: UserId::from_uuid(user),
            key_id: key.map(KeyId::from_uuid),
            calls: u64::try_from(calls).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(count).collect())
    }
}

/// The least id that a call at `since` can have. Ids begin with their time and are the key, so no other index is needed.
fn first_id(since: Timestamp) -> Uuid {
    let seconds = u64::try_from(since.unix_timestamp()).unwrap_or_default();
    let stamp = uuid::Timestamp::from_unix(NoContext, seconds, since.nanosecond());
    let (seconds, nanoseconds) = stamp.to_unix();
    let milliseconds = seconds.saturating_mul(1000).saturating_add(u64::from(nanoseconds) / 1_000_000);
    // The time in the first 48 bits, the version in the next 4, and the least of everything after it.
    Uuid::from_u128((u128::from(milliseconds) << 80) | (0x7 << 76) | (0x2 << 62))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::first_id;

    #[test]
    fn is_before_every_id_of_its_time() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).expect("a time");
        let made = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000, 0));
        assert!(first_id(now) <= made);
        assert!(first_id(now + time::Duration::milliseconds(1)) > made);
    }
}
