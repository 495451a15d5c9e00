//! The record of calls in a form that costs little to write: who called what stands once in `call_shapes`, a call has
//! its number in the record of its project, and sums of calls are kept beside it. Audit entries and calls are links of
//! chains. No foreign keys: a record outlives what it names.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Slots of latency in `usage_sums`.
const SLOTS: usize = 22;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        let Dialect { uuid, blob, serial, clustered } = dialect;
        let slots: String = (0..SLOTS).map(|slot| format!(", h{slot} BIGINT NOT NULL")).collect();
        let steps = [
            // Brought over by the first start.
            "ALTER TABLE calls RENAME TO calls_before".to_owned(),
            "ALTER TABLE audit_entries ADD COLUMN chain BIGINT".to_owned(),
            "ALTER TABLE audit_entries ADD COLUMN seq BIGINT".to_owned(),
            format!("ALTER TABLE audit_entries ADD COLUMN link {blob}"),
            "CREATE UNIQUE INDEX audit_entries_chain ON audit_entries (chain, seq)".to_owned(),
            format!(
                "CREATE TABLE audit_chains (id {serial}, scope {uuid} NOT NULL, stream TEXT NOT NULL, \
                 first_seq BIGINT NOT NULL, first_hash {blob} NOT NULL, seq BIGINT NOT NULL, hash {blob} NOT NULL, \
                 at BIGINT NOT NULL, signature {blob})"
            ),
            "CREATE UNIQUE INDEX audit_chains_scope ON audit_chains (scope, stream)".to_owned(),
            format!(
                "CREATE TABLE audit_checkpoints (id {serial}, chain BIGINT NOT NULL, kind TEXT NOT NULL, \
                 seq BIGINT NOT NULL, hash {blob} NOT NULL, at BIGINT NOT NULL, key_id TEXT NOT NULL, \
                 signature {blob} NOT NULL)"
            ),
            "CREATE INDEX audit_checkpoints_chain ON audit_checkpoints (chain, seq)".to_owned(),
            format!(
                "CREATE TABLE call_shapes (id {serial}, digest {blob} NOT NULL, project_id {uuid} NOT NULL, \
                 user_id {uuid} NOT NULL, key_id {uuid}, client TEXT NOT NULL, server_id {uuid}, server TEXT NOT NULL, \
                 kind SMALLINT NOT NULL, target TEXT NOT NULL, outcome SMALLINT NOT NULL)"
            ),
            "CREATE UNIQUE INDEX call_shapes_digest ON call_shapes (digest)".to_owned(),
            "CREATE INDEX call_shapes_project_id ON call_shapes (project_id)".to_owned(),
            format!(
                "CREATE TABLE calls (chain BIGINT NOT NULL, seq BIGINT NOT NULL, call_id {uuid} NOT NULL, \
                 at BIGINT NOT NULL, shape BIGINT NOT NULL, duration_us BIGINT NOT NULL, code BIGINT, \
                 link {blob} NOT NULL, PRIMARY KEY (chain, seq)){clustered}"
            ),
            "CREATE INDEX calls_shape ON calls (shape, seq)".to_owned(),
            format!(
                "CREATE TABLE journal_marks (segment {uuid} NOT NULL PRIMARY KEY, upto BIGINT NOT NULL, \
                 at BIGINT NOT NULL)"
            ),
            format!(
                "CREATE TABLE usage_items (id {serial}, project_id {uuid} NOT NULL, dimension SMALLINT NOT NULL, \
                 digest {blob} NOT NULL, server_id {uuid}, kind SMALLINT, ref_id {uuid}, label TEXT NOT NULL, \
                 is_rest BOOLEAN NOT NULL)"
            ),
            "CREATE UNIQUE INDEX usage_items_digest ON usage_items (project_id, digest)".to_owned(),
            "CREATE INDEX usage_items_dimension ON usage_items (project_id, dimension)".to_owned(),
            format!(
                "CREATE TABLE usage_sums (item BIGINT NOT NULL, step SMALLINT NOT NULL, bucket BIGINT NOT NULL, \
                 calls BIGINT NOT NULL, errors BIGINT NOT NULL, total_us BIGINT NOT NULL, longest_us BIGINT NOT \
                 NULL{slots}, PRIMARY KEY (item, step, bucket)){clustered}"
            ),
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps = [
            "DROP TABLE usage_sums",
            "DROP TABLE usage_items",
            "DROP TABLE journal_marks",
            "DROP TABLE calls",
            "DROP TABLE call_shapes",
            "DROP TABLE audit_checkpoints",
            "DROP TABLE audit_chains",
            "DROP INDEX audit_entries_chain",
            "ALTER TABLE audit_entries DROP COLUMN link",
            "ALTER TABLE audit_entries DROP COLUMN seq",
            "ALTER TABLE audit_entries DROP COLUMN chain",
            "ALTER TABLE calls_before RENAME TO calls",
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}

/// Where the two databases write the same thing in other words.
struct Dialect {
    uuid: &'static str,
    blob: &'static str,
    serial: &'static str,
    /// Has the rows lie in the tree of the primary key.
    clustered: &'static str,
}

impl Dialect {
    fn of(manager: &SchemaManager) -> Self {
        match manager.get_database_backend() {
            DatabaseBackend::Postgres => {
                Self { uuid: "UUID", blob: "BYTEA", serial: "BIGSERIAL PRIMARY KEY", clustered: "" }
            }
            _ => Self {
                uuid: "BLOB",
                blob: "BLOB",
                serial: "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
                clustered: " WITHOUT ROWID",
            },
        }
    }
}
