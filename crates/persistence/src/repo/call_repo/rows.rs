//! Rows on their way into `calls`, many in one statement.

use std::sync::OnceLock;

use orch_domain::error::StoreError;
use sea_orm::{ConnectionTrait, DatabaseBackend, Value};

use super::refused;
use crate::chain::Hash;
use crate::chain::hash::Bare;
use crate::sql::{self, statement};
use crate::writing::Writing;

/// Statements have 1, 2, 4 and so on rows up to 128. So there are only a few texts, and the database prepares each once:
/// reading one of many rows takes it longer than storing them.
const SIZES: usize = 8;
const MOST: usize = 1 << (SIZES - 1);

/// One call and its place in its chain.
pub(super) struct Row {
    pub(super) chain: i64,
    pub(super) seq: i64,
    pub(super) bare: Bare,
    pub(super) shape: i64,
    pub(super) link: Hash,
}

pub(super) struct Rows<'a> {
    writing: &'a Writing,
    rows: Vec<Row>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(writing: &'a Writing) -> Self {
        Self { writing, rows: Vec::with_capacity(MOST) }
    }

    pub(super) async fn add(&mut self, row: Row) -> Result<(), StoreError> {
        self.rows.push(row);
        if self.rows.len() == MOST { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let conn = self.writing.conn();
        while !self.rows.is_empty() {
            let size = self.rows.len().ilog2() as usize;
            let count = 1 << size;
            let extent = if self.rows.iter().take(count).all(Row::is_plain) { Extent::Plain } else { Extent::Full };
            let mut values: Vec<Value> = Vec::with_capacity(count * extent.columns());
            for Row { chain, seq, bare, shape, link } in self.rows.drain(..count) {
                values.extend::<[Value; PLAIN]>([
                    chain.into(),
                    seq.into(),
                    bare.call_id.into(),
                    bare.at.into(),
                    shape.into(),
                    bare.duration_us.into(),
                    link.to_vec().into(),
                ]);
                if extent == Extent::Full {
                    values.extend::<[Value; FULL - PLAIN]>([
                        bare.code.into(),
                        bare.arguments.into(),
                        bare.waited_us.into(),
                    ]);
                }
            }
            let insert = statement(conn, text(conn.get_database_backend(), extent, size), values);
            conn.execute_raw(insert).await.map_err(refused)?;
        }
        Ok(())
    }
}

impl Row {
    const fn is_plain(&self) -> bool {
        self.bare.code.is_none() && self.bare.arguments.is_none() && self.bare.waited_us.is_none()
    }
}

/// Which columns are written: binding what is null in nearly all rows takes time, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Plain,
    Full,
}

const PLAIN: usize = 7;
const FULL: usize = 10;

impl Extent {
    const fn columns(self) -> usize {
        match self {
            Self::Plain => PLAIN,
            Self::Full => FULL,
        }
    }

    const fn names(self) -> &'static str {
        match self {
            Self::Plain => "chain, seq, call_id, at, shape, duration_us, link",
            Self::Full => "chain, seq, call_id, at, shape, duration_us, link, code, arguments, waited_us",
        }
    }
}

/// The statement for `1 << size` rows.
fn text(backend: DatabaseBackend, extent: Extent, size: usize) -> &'static str {
    static TEXTS: [[[OnceLock<String>; SIZES]; 2]; 2] =
        [const { [const { [const { OnceLock::new() }; SIZES] }; 2] }; 2];
    let [[sqlite_plain, sqlite_full], [postgres_plain, postgres_full]] = &TEXTS;
    let sizes = match (backend, extent) {
        (DatabaseBackend::Postgres, Extent::Plain) => postgres_plain,
        (DatabaseBackend::Postgres, Extent::Full) => postgres_full,
        (_, Extent::Plain) => sqlite_plain,
        (_, Extent::Full) => sqlite_full,
    };
    let [one, ..] = sizes;
    sizes.get(size).unwrap_or(one).get_or_init(|| {
        format!("INSERT INTO calls ({}) VALUES {}", extent.names(), sql::rows(backend, 1 << size, extent.columns()))
    })
}
