//! Reads of one statement, which are waited for so long and no longer. Knows no statement.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::time::timeout;

/// A connection to PostgreSQL whose other end went away without a word, or that has too much to do, is waited for no
/// longer than this. A SQLite file is always there.
#[derive(Debug, Clone)]
pub(crate) struct Patient {
    pub(super) connection: DatabaseConnection,
    pub(super) patience: Duration,
}

impl Patient {
    async fn wait<T>(&self, read: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.get_database_backend() != DbBackend::Postgres {
            return read.await;
        }
        let silent = |_| DbErr::Custom(format!("the database did not answer within {} s", self.patience.as_secs()));
        timeout(self.patience, read).await.map_err(silent)?
    }
}

#[async_trait]
impl ConnectionTrait for Patient {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.wait(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.wait(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.wait(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.wait(self.connection.query_all_raw(statement)).await
    }
}
