//! What happened in a project, read from `calls` and `audit_entries`.

use async_trait::async_trait;
use orch_domain::activity::{CallQuery, EntryQuery, InSight, Numbered};
use orch_domain::audit::AuditRecord;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::event::LOOK;
use orch_domain::id::{ServerId, UserId};
use orch_domain::port::activity_repo::ActivityRepo;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::chain::Stream;
use crate::database::Database;
use crate::entity::audit_entry::{Column, Entity};
use crate::repo::call_repo;
use crate::sql;
use crate::store_error::unavailable;
use crate::timestamp::stored;

#[derive(Debug, Clone)]
pub struct SeaActivityRepo {
    database: Database,
}

impl SeaActivityRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ActivityRepo for SeaActivityRepo {
    async fn calls(&self, query: &CallQuery, below: u64, limit: u32) -> Result<Vec<Numbered<Call>>, StoreError> {
        call_repo::calls(&self.database, query, below, limit).await
    }

    async fn entries(
        &self,
        query: &EntryQuery,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Numbered<AuditRecord>>, StoreError> {
        let doing = "reading the activity";
        let conn = self.database.reader();
        let chain = call_repo::chain_of(conn, query.project.as_uuid(), Stream::Entries).await;
        let Some((chain, ..)) = chain.map_err(unavailable(doing))? else { return Ok(Vec::new()) };
        let rows = Entity::find()
            .filter(condition(query))
            .filter(Column::Chain.eq(chain))
            .filter(Column::Seq.lt(i64::try_from(below).unwrap_or(i64::MAX)))
            .order_by_desc(Column::Seq)
            .limit(u64::from(limit))
            .all(conn)
            .await
            .map_err(unavailable(doing))?;
        let numbered = rows.into_iter().map(|row| {
            let seq = row.seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or_default();
            Numbered { seq, item: row.into_record() }
        });
        Ok(numbered.collect())
    }
}

fn condition(query: &EntryQuery) -> Condition {
    let noun = |noun: &str| Column::Action.starts_with(format!("{noun}."));
    let mut all = Condition::all()
        .add_option(query.user.map(|user| Column::UserId.eq(UserId::as_uuid(user))))
        .add_option(query.from.map(|at| Column::At.gte(stored(at))))
        .add_option(query.until.map(|at| Column::At.lt(stored(at))));
    if let Some(nouns) = query.nouns {
        let any = nouns.iter().fold(Condition::any(), |any, one| any.add(noun(one)));
        all = all.add(any).add(Column::Action.ne(LOOK));
    }
    let about_server = || Column::TargetKind.eq(InSight::TARGET_KIND);
    let one_of = |servers: &[ServerId]| Column::TargetId.is_in(servers.iter().map(ServerId::to_string));
    all = match &query.servers {
        InSight::All => all,
        InSight::Only(servers) => all.add(about_server().not().or(one_of(servers))),
        InSight::AllBut(servers) => all.add(about_server().and(one_of(servers)).not()),
    };
    if let Some(action) = &query.action {
        all = match action.contains('.') {
            true => all.add(Column::Action.eq(action.as_str())),
            false => all.add(noun(&action.replace(['%', '_', '\\'], ""))),
        };
    }
    if let Some(text) = &query.search {
        let pattern = LikeExpr::new(sql::containing(text)).escape('\\');
        let like = |column: Column| Expr::expr(Func::lower(Expr::col(column))).like(pattern.clone());
        let any = [Column::TargetName, Column::Action, Column::Detail].map(like);
        all = all.add(any.into_iter().fold(Condition::any(), Condition::add));
    }
    all
}
