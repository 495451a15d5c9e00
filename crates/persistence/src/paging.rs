//! Pages by id, and searching in lists. Ids sort by creation, so a page stays where it is while others add rows.

use orch_domain::page::PageRequest;
use sea_orm::sea_query::{Expr, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::sql;

/// One row more than asked for is read, for [`Page::cut`](orch_domain::page::Page::cut) to see whether there is more.
pub(crate) fn newest_first<E: EntityTrait>(select: Select<E>, id: E::Column, page: PageRequest) -> Select<E> {
    let select = select.order_by_desc(id).limit(u64::from(page.limit) + 1);
    match page.after {
        Some(after) => select.filter(id.lt(after)),
        None => select,
    }
}

pub(crate) fn oldest_first<E: EntityTrait>(select: Select<E>, id: E::Column, page: PageRequest) -> Select<E> {
    let select = select.order_by_asc(id).limit(u64::from(page.limit) + 1);
    match page.after {
        Some(after) => select.filter(id.gt(after)),
        None => select,
    }
}

/// Rows with `text` somewhere in one of `columns`, whatever the case; no character of it is a wildcard.
pub(crate) fn containing<E: EntityTrait>(columns: &[(E, E::Column)], text: &str) -> Condition {
    let pattern = sql::containing(text);
    columns.iter().fold(Condition::any(), |any, column| {
        any.add(Expr::expr(Func::lower(Expr::col(*column))).like(LikeExpr::new(pattern.clone()).escape('\\')))
    })
}
