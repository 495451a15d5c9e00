//! Which audit entries are asked for, and the addresses of who did it: the same for every list of them.

use std::collections::HashMap;

use orch_domain::Timestamp;
use orch_domain::activity::{EntryFilter, EntrySearch, InSight, SearchedBy};
use orch_domain::audit::AuditRecord;
use orch_domain::id::{ServerId, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::entity::audit_entry::{Column, Entity, Model};
use crate::entity::{storable, user};
use crate::paging::containing;
use crate::timestamp::stored;

pub(super) fn condition(backend: DbBackend, filter: &EntryFilter) -> Condition {
    let at = || time(backend, Expr::col((Entity, Column::At)));
    let bound = |at: Timestamp| time(backend, Expr::value(stored(at)));
    let mut all = Condition::all()
        .add_option(filter.user.map(|user| Column::UserId.eq(UserId::as_uuid(user))))
        .add_option(filter.from.map(|from| at().gte(bound(from))))
        .add_option(filter.until.map(|until| at().lt(bound(until))))
        .add_option(filter.search.as_ref().map(searched))
        .add_option(filter.actions.map(|actions| Column::Action.is_in(actions.iter().copied())));
    let about_server = || Column::TargetKind.eq(InSight::TARGET_KIND);
    let one_of = |servers: &[ServerId]| Column::TargetId.is_in(servers.iter().map(ServerId::to_string));
    all = match &filter.servers {
        InSight::All => all,
        InSight::Only(servers) => all.add(about_server().not().or(one_of(servers))),
        InSight::AllBut(servers) => all.add(about_server().and(one_of(servers)).not()),
    };
    match &filter.action {
        Some(action) if action.contains('.') => all.add(Column::Action.eq(storable(action))),
        Some(noun) => all.add(of_noun(noun)),
        None => all,
    }
}

/// A time as it sorts. For SQLite it is a text with as many digits as needed, `2026-11-28T10:00:00.5Z`: a shorter one is
/// before a longer one that begins like it, but a `Z` is after a point.
fn time(backend: DbBackend, at: Expr) -> Expr {
    match backend {
        DbBackend::Sqlite => Func::cust("rtrim").arg(at).arg("Z").into(),
        _ => at,
    }
}

/// Not by LIKE, which does not tell `Project` from `project` in SQLite.
fn of_noun(noun: &str) -> Expr {
    let begin = format!("{}.", storable(noun));
    let letters = i32::try_from(begin.chars().count()).unwrap_or(i32::MAX);
    Expr::expr(Func::cust("substr").arg(Expr::col(Column::Action)).arg(1).arg(letters)).eq(begin)
}

fn searched(search: &EntrySearch) -> Condition {
    let columns = [Column::TargetName, Column::Action, Column::Detail].map(|column| (Entity, column));
    let what = containing(&columns, &search.text);
    if search.by == SearchedBy::What {
        return what;
    }
    let address = containing(&[(user::Entity, user::Column::Email)], &search.text);
    let who = user::Entity::find().select_only().column(user::Column::Id).filter(address);
    what.add(Column::UserId.in_subquery(who.into_query()))
}

/// The rows as they are read, with the addresses of who did it.
pub(super) async fn told(conn: &impl ConnectionTrait, rows: Vec<Model>) -> Result<Vec<AuditRecord>, DbErr> {
    let mut users: Vec<Uuid> = rows.iter().filter_map(|row| row.user_id).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        return Ok(rows.into_iter().map(Model::into_record).collect());
    }
    let named = user::Entity::find().select_only().column(user::Column::Id).column(user::Column::Email);
    let named: Vec<(Uuid, String)> = named.filter(user::Column::Id.is_in(users)).into_tuple().all(conn).await?;
    let named: HashMap<_, _> = named.into_iter().collect();
    let told = rows.into_iter().map(|row| {
        let user_email = row.user_id.and_then(|id| named.get(&id)).cloned();
        AuditRecord { user_email, ..row.into_record() }
    });
    Ok(told.collect())
}
