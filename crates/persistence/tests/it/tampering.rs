//! Whatever is done to the stored record behind our back is found, and named.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::arguments::Arguments;
use orch_domain::audit::FactName;
use orch_domain::call::Call;
use orch_domain::id::{CallId, ProjectId, RuleId};
use orch_domain::page::PageRequest;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_log::{CallFilter, CallRepo};
use orch_domain::port::chain_signer::ChainSigner;
use orch_domain::refusal::{Reason, Refusal};
use orch_persistence::{
    AnchorFile, Checkpoint, Damage, Database, Finding, Pruned, SeaAuditChain, SeaAuditLog, SeaCallRepo,
};
use orch_testkit::builders::{a_call, an_audit_entry};
use orch_testkit::fakes::FixedClock;
use uuid::Uuid;

use crate::stores::{Location, execute, on_postgres, on_sqlite};

/// Signs with a key that the database does not have.
struct Signer(&'static str);

impl ChainSigner for Signer {
    fn key_id(&self) -> String {
        self.0.to_owned()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        [self.0.as_bytes(), message].concat()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature == self.sign(message)
    }
}

/// A record of two projects and the instance, and what is done to it.
struct Room {
    location: Location,
    database: Database,
    chain: SeaAuditChain,
    project: ProjectId,
    anchors: Vec<Checkpoint>,
}

impl Room {
    async fn new(location: Location) -> Self {
        let database = location.connect().await;
        database.migrate().await.unwrap();
        database.sign_with(Arc::new(Signer("key-one")));
        let project = ProjectId::new();
        let chain = SeaAuditChain::new(database.clone());
        let mut room = Self { location, database, chain, project, anchors: Vec::new() };
        room.write(6).await;
        room
    }

    /// The same with another key.
    async fn under(self, key: &'static str) -> Self {
        let database = self.location.connect().await;
        database.sign_with(Arc::new(Signer(key)));
        Self { chain: SeaAuditChain::new(database.clone()), database, ..self }
    }

    /// So many entries of the instance, and entries and calls of the project, with a checkpoint in the middle.
    async fn write(&mut self, count: u32) {
        let audit = SeaAuditLog::new(self.database.clone());
        let calls = SeaCallRepo::new(self.database.clone());
        for number in 0..count {
            audit.append(&an_audit_entry().build()).await.unwrap();
            audit.append(&an_audit_entry().in_project(self.project).with(FactName::Rule, "x").build()).await.unwrap();
            let batch = [1, 2].map(|_| {
                let at = FixedClock::START + Duration::from_secs(u64::from(number));
                a_call().in_project(self.project).at(at).build()
            });
            calls.insert(&batch).await.unwrap();
            if number == count / 2 {
                self.anchors.extend(self.chain.checkpoint().await.unwrap());
            }
        }
        calls.insert(&[a_call().build()]).await.unwrap();
    }

    async fn prune_calls(&self, until: Timestamp) -> Pruned {
        let until = self.database.cut(until).await.unwrap();
        self.chain.prune_calls(until).await.unwrap()
    }

    async fn findings(&self) -> Vec<Finding> {
        self.chain.verify(&self.anchors).await.unwrap().findings
    }

    /// What somebody does who has the database and nothing else. On SQLite the file is written by another connection,
    /// as by another program.
    async fn tamper(&self, sql: &str) {
        if self.location.url().starts_with("sqlite") {
            let other = sea_orm::Database::connect(self.location.url()).await.unwrap();
            sea_orm::ConnectionTrait::execute_unprepared(&other, sql).await.unwrap();
            other.close().await.unwrap();
        } else {
            execute(self.location.url(), sql).await;
        }
    }

    /// Does it, looks, and gives what was found with the place.
    async fn found(&self, sql: &str) -> Vec<(&'static str, Option<i64>, Damage)> {
        self.tamper(sql).await;
        let findings = self.findings().await;
        findings.into_iter().map(|finding| (finding.stream, finding.seq, finding.damage)).collect()
    }

    fn of_project(&self, stream: &str) -> String {
        let id = self.project.as_uuid().simple();
        let scope = if self.location.url().starts_with("sqlite") { format!("x'{id}'") } else { format!("'{id}'") };
        format!("(SELECT id FROM audit_chains WHERE scope = {scope} AND stream = '{stream}')")
    }
}

async fn finds_each_kind_of_change(location: Location) {
    let room = Room::new(location).await;
    assert_eq!(room.findings().await, [], "nobody has done anything");
    let (entries, calls) = (room.of_project("entries"), room.of_project("calls"));
    let undo = |what: &str, old: &str| format!("UPDATE {what} = {old}");

    // A changed entry, and each of its facts.
    for (column, new) in [
        ("detail", "'nothing'"),
        ("action", "'server.view'"),
        ("target_name", "'x'"),
        ("via", "'key'"),
        ("facts", "NULL"),
    ] {
        let place = format!("WHERE chain = {entries} AND seq = 3");
        let keep = format!("CREATE TABLE kept AS SELECT {column} AS old FROM audit_entries {place}");
        room.tamper(&keep).await;
        let found = room.found(&format!("UPDATE audit_entries SET {column} = {new} {place}")).await;
        assert_eq!(found, [("entries", Some(3), Damage::Changed)], "{column}");
        room.tamper(&undo(&format!("audit_entries SET {column}"), &format!("(SELECT old FROM kept) {place}"))).await;
        room.tamper("DROP TABLE kept").await;
    }
    assert_eq!(room.findings().await, []);

    // A call that took another time, and one that was made by somebody else.
    let place = format!("WHERE chain = {calls} AND seq = 5");
    let found = room.found(&format!("UPDATE calls SET duration_us = duration_us + 1 {place}")).await;
    assert_eq!(found, [("calls", Some(5), Damage::Changed)]);
    room.tamper(&format!("UPDATE calls SET duration_us = duration_us - 1 {place}")).await;
    // Arguments that were kept of it, and such that never were.
    let blob = |hex: &str| {
        let sqlite = room.location.url().starts_with("sqlite");
        if sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'") }
    };
    let kept = blob(&format!("01{}", "07".repeat(32)));
    for arguments in [&blob("027b7d"), &kept] {
        let found = room.found(&format!("UPDATE calls SET arguments = {arguments} {place}")).await;
        assert_eq!(found, [("calls", Some(5), Damage::Changed)], "{arguments}");
    }
    room.tamper(&format!("UPDATE calls SET arguments = NULL {place}")).await;
    let with_arguments = a_call().in_project(room.project).arguments(Arguments::Digest([7; 32])).build();
    SeaCallRepo::new(room.database.clone()).insert(&[with_arguments]).await.unwrap();
    assert_eq!(room.findings().await, []);
    let last = format!("WHERE chain = {calls} AND seq = 13");
    let found = room.found(&format!("UPDATE calls SET arguments = NULL {last}")).await;
    assert_eq!(found, [("calls", Some(13), Damage::Changed)]);
    room.tamper(&format!("UPDATE calls SET arguments = {kept} {last}")).await;
    // Why it was refused, and how long it had waited.
    let rule = Refusal { reason: Reason::Rule, rule: Some(RuleId::from_uuid(Uuid::from_u128(7))) };
    let refused = a_call().in_project(room.project).refused(rule).waited(Duration::from_secs(60)).build();
    SeaCallRepo::new(room.database.clone()).insert(&[refused]).await.unwrap();
    assert_eq!(room.findings().await, []);
    let last = format!("WHERE chain = {calls} AND seq = 14");
    let shape = format!("WHERE id = (SELECT shape FROM calls {last})");
    let is_uuid = |number: &str| {
        let hex = format!("{number:0>32}");
        if room.location.url().starts_with("sqlite") { format!("x'{hex}'") } else { format!("'{hex}'") }
    };
    for (wrong, right) in [
        (format!("calls SET waited_us = 0 {last}"), format!("calls SET waited_us = 60000000 {last}")),
        (format!("calls SET waited_us = NULL {last}"), format!("calls SET waited_us = 60000000 {last}")),
        (format!("call_shapes SET reason = 0 {shape}"), format!("call_shapes SET reason = 4 {shape}")),
        (format!("call_shapes SET reason = NULL {shape}"), format!("call_shapes SET reason = 4 {shape}")),
        (
            format!("call_shapes SET rule_id = {} {shape}", is_uuid("8")),
            format!("call_shapes SET rule_id = {} {shape}", is_uuid("7")),
        ),
    ] {
        assert_eq!(room.found(&format!("UPDATE {wrong}")).await, [("calls", Some(14), Damage::Changed)], "{wrong}");
        room.tamper(&format!("UPDATE {right}")).await;
        assert_eq!(room.findings().await, [], "{right}");
    }
    let other = format!("UPDATE call_shapes SET target = 'other' WHERE id = (SELECT shape FROM calls {place})");
    assert_eq!(room.found(&other).await, [("calls", Some(5), Damage::Changed)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_each_kind_of_change_in_sqlite() {
    on_sqlite(finds_each_kind_of_change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_each_kind_of_change_in_postgres() {
    on_postgres(finds_each_kind_of_change).await;
}

async fn finds_what_was_removed(location: Location) {
    let room = Room::new(location).await;
    let (entries, calls) = (room.of_project("entries"), room.of_project("calls"));
    let found = room.found(&format!("DELETE FROM audit_entries WHERE chain = {entries} AND seq IN (2, 3)")).await;
    assert_eq!(found, [("entries", Some(2), Damage::Missing { until: 3 })]);
    let found = room.found(&format!("DELETE FROM calls WHERE chain = {calls} AND seq = 1")).await;
    assert!(found.contains(&("calls", Some(1), Damage::Missing { until: 1 })), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_removed_from_sqlite() {
    on_sqlite(finds_what_was_removed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_removed_from_postgres() {
    on_postgres(finds_what_was_removed).await;
}

async fn finds_what_was_put_in(location: Location) {
    let room = Room::new(location).await;
    let calls = room.of_project("calls");
    let id = if room.location.url().starts_with("sqlite") {
        "x'00000000000000000000000000000001'"
    } else {
        "'00000000-0000-0000-0000-000000000001'"
    };
    // Behind the end.
    let copy = |seq: &str| {
        format!(
            "INSERT INTO calls (chain, seq, call_id, at, shape, duration_us, code, link) SELECT chain, {seq}, {id}, at, \
             shape, duration_us, code, link FROM calls WHERE chain = {calls} AND seq = 4"
        )
    };
    let found = room.found(&copy("99")).await;
    assert_eq!(found, [("calls", Some(99), Damage::Inserted)]);
    room.tamper("DELETE FROM calls WHERE seq = 99").await;
    // In the middle, with all later ones moved up and the end told so.
    room.tamper(&format!("UPDATE calls SET seq = -seq - 1 WHERE chain = {calls} AND seq >= 5")).await;
    room.tamper(&format!("UPDATE calls SET seq = -seq WHERE chain = {calls} AND seq < 0")).await;
    room.tamper(&format!("UPDATE audit_chains SET seq = seq + 1 WHERE id = {calls}")).await;
    let found = room.found(&copy("5")).await;
    assert!(found.contains(&("calls", Some(5), Damage::Changed)), "{found:?}");
    assert!(found.iter().any(|(_, _, damage)| *damage == Damage::EndForged), "{found:?}");
    // In no chain at all.
    let room = Room::new(room.location.clone()).await;
    room.tamper(&format!(
        "INSERT INTO audit_entries (id, at, via, action, target_kind, target_id, target_name, detail) SELECT {id}, at, \
         via, action, target_kind, target_id, target_name, detail FROM audit_entries WHERE chain = {} AND seq = 1",
        room.of_project("entries")
    ))
    .await;
    let found = room.findings().await;
    assert!(found.iter().any(|found| found.damage == Damage::Inserted && found.stream == "entries"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_put_into_sqlite() {
    on_sqlite(finds_what_was_put_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_put_into_postgres() {
    on_postgres(finds_what_was_put_in).await;
}

async fn finds_an_end_that_was_cut_off(location: Location) {
    let room = Room::new(location).await;
    let entries = room.of_project("entries");
    // The rows alone.
    let found = room.found(&format!("DELETE FROM audit_entries WHERE chain = {entries} AND seq > 4")).await;
    assert_eq!(found, [("entries", Some(4), Damage::Truncated { was: 6 })]);
    // With the end told so: it is not signed.
    let cut = |seq: i64| {
        format!(
            "UPDATE audit_chains SET seq = {seq}, hash = (SELECT link FROM audit_entries WHERE chain = {entries} AND \
             seq = {seq}) WHERE id = {entries}"
        )
    };
    let found = room.found(&cut(4)).await;
    assert_eq!(found, [("entries", Some(4), Damage::EndForged)]);
    // Back to where a signature is known of, and the checkpoints of the database away: the file has them still.
    room.tamper(&format!("DELETE FROM audit_entries WHERE chain = {entries} AND seq > 2")).await;
    room.tamper("DELETE FROM audit_checkpoints").await;
    let found = room.found(&cut(2)).await;
    assert!(found.contains(&("entries", Some(2), Damage::Truncated { was: 4 })), "{found:?}");
    // All of it.
    room.tamper(&format!("DELETE FROM audit_entries WHERE chain = {entries}")).await;
    let found = room.found(&format!("DELETE FROM audit_chains WHERE id = {entries}")).await;
    assert!(found.contains(&("entries", None, Damage::ChainMissing)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_an_end_that_was_cut_off_in_sqlite() {
    on_sqlite(finds_an_end_that_was_cut_off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_an_end_that_was_cut_off_in_postgres() {
    on_postgres(finds_an_end_that_was_cut_off).await;
}

/// Somebody who runs our own program on the database, with another key, writes it anew from a point on.
async fn finds_what_was_written_anew(location: Location) {
    let room = Room::new(location).await;
    let entries = room.of_project("entries");
    room.tamper(&format!("DELETE FROM audit_entries WHERE chain = {entries}")).await;
    room.tamper(&format!("DELETE FROM audit_checkpoints WHERE chain = {entries}")).await;
    room.tamper(&format!("DELETE FROM audit_chains WHERE id = {entries}")).await;
    let forger = room.location.connect().await;
    forger.sign_with(Arc::new(Signer("key-two")));
    let audit = SeaAuditLog::new(forger.clone());
    for _ in 0..6 {
        audit.append(&an_audit_entry().in_project(room.project).build()).await.unwrap();
    }
    SeaAuditChain::new(forger.clone()).checkpoint().await.unwrap();
    forger.close().await;
    let found = room.findings().await;
    let damage: Vec<_> = found.iter().map(|found| &found.damage).collect();
    assert!(damage.contains(&&Damage::EndForged), "{found:?}");
    assert!(damage.contains(&&Damage::Rewritten), "{found:?}");
    assert!(damage.contains(&&Damage::OtherKey { key_id: "key-two".into() }), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_written_anew_in_sqlite() {
    on_sqlite(finds_what_was_written_anew).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_was_written_anew_in_postgres() {
    on_postgres(finds_what_was_written_anew).await;
}

/// Retention takes the oldest away; the rest stays verifiable, and a cut that retention did not make is found.
async fn retention_keeps_the_rest_verifiable(location: Location) {
    let mut room = Room::new(location).await;
    let until = FixedClock::START + Duration::from_secs(3);
    let pruned = room.prune_calls(until).await;
    assert_eq!((pruned.taken, pruned.marks.len(), pruned.damaged), (6 + 1, 2, 0));
    assert_eq!(room.prune_calls(until).await, Pruned::default(), "a second time there is nothing to do");
    assert_eq!(room.findings().await, []);
    let calls = room.of_project("calls");
    assert_eq!(room.chain.verify(&room.anchors).await.unwrap().calls, 6);
    // It goes on from there, and is cut again.
    room.write(2).await;
    assert_eq!(room.findings().await, []);
    assert!(room.prune_calls(until + Duration::from_secs(1)).await.taken > 0);
    assert_eq!(room.findings().await, []);
    // The file has the marks as well, for when somebody takes them out of the database.
    room.anchors.extend(pruned.marks);
    assert_eq!(room.findings().await, []);
    let forge = format!(
        "UPDATE audit_chains SET first_seq = first_seq + 1, first_hash = (SELECT link FROM calls WHERE chain = {calls} \
         ORDER BY seq LIMIT 1) WHERE id = {calls}"
    );
    room.tamper(&forge).await;
    room.tamper(&format!(
        "DELETE FROM calls WHERE chain = {calls} AND seq < (SELECT first_seq FROM audit_chains WHERE id = {calls})"
    ))
    .await;
    let found = room.findings().await;
    assert!(found.iter().any(|found| found.damage == Damage::BeginningMissing), "{found:?}");
    let later = room.prune_calls(until + Duration::from_secs(100)).await;
    assert_eq!(later.damaged, 1, "a beginning that somebody else has made is not made ours");
    let found = room.findings().await;
    assert!(found.iter().any(|found| found.damage == Damage::BeginningMissing), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_keeps_the_rest_of_sqlite_verifiable() {
    on_sqlite(retention_keeps_the_rest_verifiable).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_keeps_the_rest_of_postgres_verifiable() {
    on_postgres(retention_keeps_the_rest_verifiable).await;
}

/// Who dates back what is to vanish does not have retention do it, with or without the signed ends of the database.
async fn retention_leaves_what_was_tampered_with(location: Location) {
    let room = Room::new(location).await;
    let (entries, calls) = (room.of_project("entries"), room.of_project("calls"));
    let long_ago = FixedClock::START - Duration::from_secs(1000);
    assert_eq!(room.prune_calls(long_ago).await, Pruned::default());
    room.tamper(&format!("UPDATE calls SET at = 0 WHERE chain = {calls} AND seq <= 3")).await;
    let sqlite = room.location.url().starts_with("sqlite");
    let then = if sqlite { "'2000-01-01 00:00:00+00:00'" } else { "'2000-01-01T00:00:00Z'" };
    room.tamper(&format!("UPDATE audit_entries SET at = {then} WHERE chain = {entries} AND seq <= 2")).await;
    let found = room.findings().await;
    let pruned = room.prune_calls(long_ago).await;
    assert_eq!((pruned.taken, pruned.damaged), (0, 1));
    let cut = room.database.cut(long_ago).await.unwrap();
    let pruned = room.chain.prune_entries(cut).await.unwrap();
    assert_eq!((pruned.taken, pruned.damaged), (0, 1));
    assert_eq!(room.findings().await, found);
    assert_eq!(found.len(), 3 + 2, "{found:?}");

    // Up to a damage only what a signed end before it vouches for, which is 8 of 12 with the damage at 11.
    let room = Room::new(room.location.clone()).await;
    let (calls, later) = (room.of_project("calls"), FixedClock::START + Duration::from_secs(1000));
    room.tamper(&format!("UPDATE calls SET duration_us = 1 WHERE chain = {calls} AND seq = 11")).await;
    let found = room.findings().await;
    assert_eq!(found.len(), 3 + 2 + 1, "with the room before this one: {found:?}");
    let pruned = room.prune_calls(later).await;
    assert_eq!(pruned.damaged, 2);
    assert_eq!(room.findings().await, found);
    assert_eq!(room.chain.verify(&room.anchors).await.unwrap().calls, 12 - 8 + 12);
    room.tamper("DELETE FROM audit_checkpoints WHERE kind = 'end'").await;
    room.tamper(&format!("UPDATE audit_chains SET signature = NULL WHERE id = {calls}")).await;
    assert_eq!(room.prune_calls(later).await.taken, 0, "nothing vouches for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_leaves_what_was_tampered_with_in_sqlite() {
    on_sqlite(retention_leaves_what_was_tampered_with).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_leaves_what_was_tampered_with_in_postgres() {
    on_postgres(retention_leaves_what_was_tampered_with).await;
}

/// Takes away what is older than 90 days at a host whose clock is a thousand years ahead. Gives how many calls are left of
/// two that were made 100 days before, which is long after what the database has for now.
async fn left_by_a_clock_that_is_ahead(location: Location) -> usize {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (room, project) = (Room::new(location).await, ProjectId::new());
    let now = FixedClock::START + DAY * 365_000;
    let calls = SeaCallRepo::new(room.database.clone());
    let made = [1, 2].map(|_| a_call().in_project(project).at(now - DAY * 100).build());
    calls.insert(&made).await.unwrap();
    let cut = room.database.cut(now).await.unwrap().back(DAY * 90);
    assert!(room.chain.prune_calls(cut).await.unwrap().taken > 0, "what the room has");
    calls.list(CallFilter::all(project), PageRequest::default()).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_has_nothing_taken_from_postgres_before_its_time() {
    on_postgres(|location| async move {
        assert_eq!(left_by_a_clock_that_is_ahead(location).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_has_no_clock_but_that_of_the_host() {
    on_sqlite(|location| async move {
        assert_eq!(left_by_a_clock_that_is_ahead(location).await, 0);
    })
    .await;
}

/// Another JWT_SECRET takes the record over as it stands. What was signed before is held against what is there, and what
/// is wrong by then stays wrong.
async fn another_key_takes_the_record_over(location: Location) {
    let room = Room::new(location).await;
    let until = FixedClock::START + Duration::from_secs(2);
    assert!(room.prune_calls(until).await.taken > 0);
    let mut room = room.under("key-two").await;
    let found = room.findings().await;
    assert!(found.iter().any(|found| matches!(found.damage, Damage::OtherKey { .. })), "before: {found:?}");
    assert!(found.iter().any(|found| found.damage == Damage::BeginningMissing), "before: {found:?}");
    let pruned = room.prune_calls(until + Duration::from_secs(1)).await;
    assert_eq!((pruned.taken, pruned.damaged), (0, 2), "nobody vouches for them");

    let signed = room.chain.take_over(false, &an_audit_entry().build()).await.unwrap();
    let former = room.anchors.len();
    room.anchors.extend(signed);
    let report = room.chain.verify(&room.anchors).await.unwrap();
    assert_eq!(report.findings, []);
    assert!(report.former >= former as u64, "{report:?}");
    // It goes on from there, and retention with it.
    room.write(2).await;
    assert_eq!(room.findings().await, []);
    assert!(room.prune_calls(until + Duration::from_secs(1)).await.taken > 0);
    assert_eq!(room.findings().await, []);
    // A second time is no trouble.
    room.chain.take_over(false, &an_audit_entry().build()).await.unwrap();
    assert_eq!(room.findings().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_takes_the_record_of_sqlite_over() {
    on_sqlite(another_key_takes_the_record_over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_takes_the_record_of_postgres_over() {
    on_postgres(another_key_takes_the_record_over).await;
}

/// What was done to the record before another key took it over is found as before, where the key of then is not needed.
async fn another_key_hides_nothing(location: Location) {
    let room = Room::new(location).await;
    let (entries, calls) = (room.of_project("entries"), room.of_project("calls"));
    // A row, and the end of a chain with what the database says of it.
    room.tamper(&format!("UPDATE calls SET duration_us = 1 WHERE chain = {calls} AND seq = 3")).await;
    room.tamper(&format!("DELETE FROM audit_entries WHERE chain = {entries} AND seq > 2")).await;
    room.tamper(&format!("DELETE FROM audit_checkpoints WHERE chain = {entries} AND seq > 2")).await;
    room.tamper(&format!(
        "UPDATE audit_chains SET seq = 2, hash = (SELECT link FROM audit_entries WHERE chain = {entries} AND seq = 2) \
         WHERE id = {entries}"
    ))
    .await;
    let room = room.under("key-two").await;
    room.chain.take_over(false, &an_audit_entry().build()).await.unwrap();
    let found = room.findings().await;
    let damage: Vec<_> = found.iter().map(|found| (found.stream, found.seq, &found.damage)).collect();
    assert!(damage.contains(&("calls", Some(3), &Damage::Changed)), "{found:?}");
    let other_key = Damage::OtherKey { key_id: "key-one".into() };
    assert!(damage.contains(&("entries", Some(4), &other_key)), "the file says that it was longer: {found:?}");
    assert_eq!(found.iter().filter(|found| found.damage == other_key).count(), 1, "the others agree: {found:?}");
    // A chain that was written anew with its links does not agree with what was signed of it.
    let genesis = format!("SELECT first_hash FROM audit_chains WHERE id = {calls}");
    room.tamper(&format!(
        "UPDATE audit_checkpoints SET hash = ({genesis}) WHERE chain = {calls} AND key_id = 'key-one'"
    ))
    .await;
    let found = room.findings().await;
    assert!(found.iter().any(|found| found.stream == "calls" && found.damage == other_key), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_hides_nothing_in_sqlite() {
    on_sqlite(another_key_hides_nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_hides_nothing_in_postgres() {
    on_postgres(another_key_hides_nothing).await;
}

/// What calls have in common goes with the last of them, and who knew its number from before does not use it again.
async fn retention_takes_unused_shapes_away(location: Location) {
    let room = Room::new(location).await;
    let url = room.location.url().to_owned();
    let shapes = async || {
        let raw = sea_orm::Database::connect(&url).await.unwrap();
        let count = sea_orm::Statement::from_string(
            sea_orm::ConnectionTrait::get_database_backend(&raw),
            "SELECT COUNT(*) AS count FROM call_shapes WHERE target = 'rare'",
        );
        let row = sea_orm::ConnectionTrait::query_one_raw(&raw, count).await.unwrap().unwrap();
        raw.close().await.unwrap();
        row.try_get::<i64>("", "count").unwrap()
    };
    let project = ProjectId::new();
    let call = |seconds| {
        let mut call = a_call().in_project(project).at(FixedClock::START + Duration::from_secs(seconds)).build();
        "rare".clone_into(&mut call.target);
        call
    };
    let (first, second) = (call(1), call(9));
    let second = Call { user_id: first.user_id, server_id: first.server_id, ..second };
    // Two writers, as two daemons on one database, that both know the shape.
    let other = room.location.connect().await;
    other.sign_with(Arc::new(Signer("key-one")));
    let writers = [SeaCallRepo::new(room.database.clone()), SeaCallRepo::new(other)];
    for writer in &writers {
        let again = Call { id: CallId::new(), ..first.clone() };
        writer.insert(&[again]).await.unwrap();
    }
    assert_eq!(shapes().await, 1);
    room.prune_calls(FixedClock::START + Duration::from_secs(5)).await;
    assert_eq!(shapes().await, 0);
    for writer in &writers {
        let again = Call { id: CallId::new(), ..second.clone() };
        writer.insert(&[again]).await.unwrap();
    }
    assert_eq!(shapes().await, 1);
    assert_eq!(room.findings().await, []);
    let listed = writers[0].list(CallFilter::all(project), PageRequest::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|call| call.target.as_str()).collect::<Vec<_>>(), ["rare", "rare"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_takes_unused_shapes_from_sqlite() {
    on_sqlite(retention_takes_unused_shapes_away).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_takes_unused_shapes_from_postgres() {
    on_postgres(retention_takes_unused_shapes_away).await;
}

/// Several processes write to the same chains at once, and none breaks them.
async fn many_writers_make_one_chain(location: Location) {
    let room = Room::new(location).await;
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let (location, project) = (room.location.clone(), room.project);
            tokio::spawn(async move {
                let database = location.connect().await;
                database.sign_with(Arc::new(Signer("key-one")));
                let (audit, calls) = (SeaAuditLog::new(database.clone()), SeaCallRepo::new(database.clone()));
                for _ in 0..10 {
                    audit.append(&an_audit_entry().in_project(project).build()).await.unwrap();
                    let others = [a_call().in_project(project).build(), a_call().build()];
                    calls.insert(&others).await.unwrap();
                }
                database.close().await;
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let report = room.chain.verify(&room.anchors).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.entries, report.calls), (12 + 30, 13 + 60));
    let (mut lines, mut place) = (0, orch_persistence::ExportPlace::default());
    loop {
        let some = room.chain.export(None, &mut place).await.unwrap();
        if some.is_empty() {
            break;
        }
        lines += some.len() as u64;
    }
    assert_eq!(lines, report.entries + report.calls, "all of it can be read out");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_make_one_chain_in_sqlite() {
    on_sqlite(many_writers_make_one_chain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_make_one_chain_in_postgres() {
    on_postgres(many_writers_make_one_chain).await;
}

#[test]
fn the_file_beside_the_database_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let location = dir.path().join("audit");
    let file = AnchorFile::in_dir(&location);
    file.append(&[]).unwrap();
    assert!(!file.path().exists(), "nothing is nothing");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(on_sqlite(|location| async move {
        let room = Room::new(location).await;
        file.append(&room.anchors).unwrap();
        assert_eq!(file.read().unwrap().checkpoints, room.anchors);
        assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }));
}
