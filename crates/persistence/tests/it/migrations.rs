//! The schema: applied once, all or none, the same on both databases.

use std::collections::BTreeSet;

use orch_domain::activity::EntryFilter;
use orch_domain::id::{AuditId, CallId, KeyId, ProjectId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_log::{CallFilter, CallRepo};
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::usage::{Item as UsageItem, SeriesQuery, Span, Step};
use orch_migrations::Migrator;
use orch_persistence::{Damage, MigrationStep, SeaAuditChain, SeaAuditLog, SeaCallRepo, SeaUsageRepo};
use orch_testkit::fakes::FixedClock;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};
use sea_orm_migration::MigratorTrait;

use crate::stores::{Location, on_postgres, on_sqlite};

fn names(steps: &[MigrationStep]) -> Vec<String> {
    steps.iter().map(|step| step.name.clone()).collect()
}

async fn applies_what_is_pending_and_tells(location: Location) {
    let database = location.connect().await;
    let before = database.migration_status().await.unwrap();
    assert!(before.len() >= 9 && before.iter().all(|step| !step.applied));
    assert!(names(&before).is_sorted(), "steps are named in their order");
    assert_eq!(tables(&raw(&location).await).await, [""; 0], "asking changes nothing");

    assert_eq!(database.migrate().await.unwrap(), names(&before));
    let after = database.migration_status().await.unwrap();
    assert!(after.iter().all(|step| step.applied));
    assert_eq!(database.migrate().await.unwrap(), [""; 0], "a second time does nothing");
    database.close().await;
}

#[tokio::test]
async fn sqlite_applies_what_is_pending_and_tells() {
    on_sqlite(applies_what_is_pending_and_tells).await;
}

#[tokio::test]
async fn postgres_applies_what_is_pending_and_tells() {
    on_postgres(applies_what_is_pending_and_tells).await;
}

/// A database as a version before chains has left it: its calls and entries become links, once, and keep what they say.
async fn brings_over_what_was_recorded_before_chains(location: Location) {
    // Makes the file where there is none.
    location.connect().await.close().await;
    let connection = raw(&location).await;
    let steps: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let chains = steps.iter().position(|step| step.ends_with("chain_records")).unwrap();
    Migrator::up(&connection, Some(chains.try_into().unwrap())).await.unwrap();
    let (project, user, key, server) = (ProjectId::new(), UserId::new(), KeyId::new(), ServerId::new());
    let at = FixedClock::START;
    let old = [
        (CallId::new(), "tool", "create_issue", "ok", None),
        (CallId::new(), "prompt", "summary", "rpc_error", Some(-32_000_i64)),
        (CallId::new(), "resource", "file:///a", "timeout", None),
    ];
    for (id, kind, target, outcome, code) in &old {
        let values: [Value; 13] = [
            id.as_uuid().into(),
            at.into(),
            project.as_uuid().into(),
            user.as_uuid().into(),
            key.as_uuid().into(),
            "cursor 1".into(),
            server.as_uuid().into(),
            "github".into(),
            (*kind).into(),
            (*target).into(),
            1234_i64.into(),
            (*outcome).into(),
            (*code).into(),
        ];
        let insert = "INSERT INTO calls (id, at, project_id, user_id, key_id, client, server_id, server, kind, target, \
                      duration_us, outcome, code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let backend = connection.get_database_backend();
        connection.execute_raw(Statement::from_sql_and_values(backend, insert, values)).await.unwrap();
    }
    let entry = AuditId::new();
    let values: [Value; 9] = [
        entry.as_uuid().into(),
        at.into(),
        project.as_uuid().into(),
        "system".into(),
        "server.update".into(),
        "server".into(),
        server.to_string().into(),
        "github".into(),
        "renamed".into(),
    ];
    let insert = "INSERT INTO audit_entries (id, at, project_id, via, action, target_kind, target_id, target_name, detail) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let backend = connection.get_database_backend();
    connection.execute_raw(Statement::from_sql_and_values(backend, insert, values)).await.unwrap();
    connection.close().await.unwrap();

    let database = location.connect().await;
    database.migrate().await.unwrap();
    let (chain, calls) = (SeaAuditChain::new(database.clone()), SeaCallRepo::new(database.clone()));
    assert_eq!((chain.adopt().await.unwrap(), calls.adopt().await.unwrap()), (1, 3));
    assert_eq!((chain.adopt().await.unwrap(), calls.adopt().await.unwrap()), (0, 0), "a second start does nothing");
    let mut listed = calls.list(CallFilter::all(project), PageRequest::default()).await.unwrap().items;
    listed.reverse();
    assert_eq!(listed.len(), old.len());
    for (call, (id, kind, target, outcome, code)) in listed.iter().zip(&old) {
        assert_eq!((call.id, call.at, call.kind.as_str(), call.target.as_str()), (*id, at, *kind, *target));
        assert_eq!((call.outcome.as_str(), call.outcome.code()), (*outcome, *code));
        assert_eq!((call.user_id, call.key_id, call.server_id), (user, Some(key), Some(server)));
        assert_eq!((&*call.client, &*call.server, call.duration.as_micros()), ("cursor 1", "github", 1234));
        assert_eq!(call.arguments, None);
    }
    let entries = SeaAuditLog::new(database.clone())
        .list(Some(project), &EntryFilter::default(), PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(entries.iter().map(|found| (found.id, found.detail.as_str())).collect::<Vec<_>>(), [(entry, "renamed")]);
    let report = chain.verify(&[]).await.unwrap();
    assert_eq!((report.entries, report.calls), (1, 3));
    // Nobody has signed here, and all else is as it should be.
    assert!(report.findings.iter().all(|found| found.damage == Damage::EndForged), "{:?}", report.findings);
    // They count like those that came later.
    let span = Span { from: at, until: at + std::time::Duration::from_secs(86_400), step: Step::Day };
    let query = SeriesQuery { project, item: UsageItem::Project, span };
    let counted: u64 =
        SeaUsageRepo::new(database.clone()).series(&query).await.unwrap().iter().map(|point| point.figures.calls).sum();
    assert_eq!(counted, 3);
    database.close().await;
}

#[tokio::test]
async fn sqlite_brings_over_what_was_recorded_before_chains() {
    on_sqlite(brings_over_what_was_recorded_before_chains).await;
}

#[tokio::test]
async fn postgres_brings_over_what_was_recorded_before_chains() {
    on_postgres(brings_over_what_was_recorded_before_chains).await;
}

async fn several_may_migrate_at_once(location: Location) {
    let daemons: Vec<_> = (0..4)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move {
                let database = location.connect().await;
                let applied = database.migrate().await.unwrap();
                database.close().await;
                applied.len()
            })
        })
        .collect();
    let mut applied = Vec::new();
    for daemon in daemons {
        applied.push(daemon.await.unwrap());
    }
    applied.sort_unstable();
    let steps = location.connect().await.migration_status().await.unwrap();
    assert_eq!(applied, [0, 0, 0, steps.len()], "one did all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_migrate_a_sqlite_file_at_once() {
    on_sqlite(several_may_migrate_at_once).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_migrate_postgres_at_once() {
    on_postgres(several_may_migrate_at_once).await;
}

async fn every_step_can_be_undone(location: Location) {
    location.connect().await.migrate().await.unwrap();
    let connection = raw(&location).await;
    Migrator::down(&connection, None).await.unwrap();
    assert_eq!(tables(&connection).await, ["seaql_migrations"]);
    Migrator::up(&connection, None).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn sqlite_can_undo_every_step() {
    on_sqlite(every_step_can_be_undone).await;
}

#[tokio::test]
async fn postgres_can_undo_every_step() {
    on_postgres(every_step_can_be_undone).await;
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    on_sqlite(|sqlite| async move {
        on_postgres(|postgres| async move {
            let mut schemas = Vec::new();
            for location in [sqlite, postgres] {
                location.connect().await.migrate().await.unwrap();
                let connection = raw(&location).await;
                schemas.push((columns(&connection).await, indexes(&connection).await, tables(&connection).await));
                connection.close().await.unwrap();
            }
            assert_eq!(schemas[0], schemas[1]);
            let (columns, indexes, _) = &schemas[0];
            assert!(columns.contains(&"users.email not null".to_owned()), "{columns:?}");
            assert!(indexes.contains(&"servers_project_id_alias on servers unique".to_owned()), "{indexes:?}");
        })
        .await;
    })
    .await;
}

/// A connection without any of our settings.
async fn raw(location: &Location) -> DatabaseConnection {
    sea_orm::Database::connect(location.url()).await.unwrap()
}

async fn strings(connection: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn pick<'a>(connection: &DatabaseConnection, sqlite: &'a str, postgres: &'a str) -> &'a str {
    match connection.get_database_backend() {
        sea_orm::DbBackend::Sqlite => sqlite,
        _ => postgres,
    }
}

async fn tables(connection: &DatabaseConnection) -> Vec<String> {
    let sql = pick(
        connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
    );
    strings(connection, sql).await.into_iter().collect()
}

async fn columns(connection: &DatabaseConnection) -> BTreeSet<String> {
    let sql = pick(
        connection,
        r#"SELECT t.name || '.' || c.name || CASE WHEN c."notnull" THEN ' not null' ELSE '' END
           FROM sqlite_schema t, pragma_table_info(t.name) c
           WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"#,
        "SELECT table_name || '.' || column_name || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END
         FROM information_schema.columns WHERE table_schema = current_schema()",
    );
    strings(connection, sql).await
}

/// Those that we named: each database has its own ways with primary keys.
async fn indexes(connection: &DatabaseConnection) -> BTreeSet<String> {
    let sql = pick(
        connection,
        r#"SELECT i.name || ' on ' || t.name || CASE WHEN i."unique" THEN ' unique' ELSE '' END
           FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c'"#,
        "SELECT indexname || ' on ' || tablename || CASE WHEN indexdef LIKE 'CREATE UNIQUE%' THEN ' unique' ELSE '' END
         FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey%'",
    );
    strings(connection, sql).await
}
