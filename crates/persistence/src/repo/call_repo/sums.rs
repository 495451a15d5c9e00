//! Sums of the calls of one batch, on their way to `usage_sums`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::map::Map;
use orch_domain::usage::{Figures, SLOTS, Step};
use sea_orm::{ConnectionTrait, DatabaseBackend, Value};

use super::DOING;
use super::intern::Known;
use super::pieces::pieces;
use crate::database::patient::Transaction;
use crate::sql::{self, statement};
use crate::store_error::unavailable;

const COLUMNS: usize = 7 + SLOTS;

#[derive(Debug, Default)]
pub(super) struct Sums(Map<(i64, i64), ([i64; 6], Figures)>);

impl Sums {
    /// By shape and minute at first, as calls of a batch are much alike.
    pub(super) fn add(&mut self, shape: &Known, call: &Call) {
        let minute = Step::Minute.floor(call.at);
        let (_, figures) = self.0.entry((shape.id, minute)).or_insert((shape.items, Figures::default()));
        figures.add_call(call.duration, call.outcome);
    }

    pub(super) async fn write(self, txn: &Transaction) -> Result<(), StoreError> {
        // In one order, so that two daemons do not wait for each other.
        let mut sums: BTreeMap<(i64, i16, i64), Figures> = BTreeMap::new();
        for ((_, minute), (items, figures)) in self.0 {
            for step in Step::ALL {
                let bucket = minute - minute.rem_euclid(step.seconds());
                for item in items {
                    sums.entry((item, step_number(step), bucket)).or_default().add(&figures);
                }
            }
        }
        let sums: Vec<_> = sums.into_iter().collect();
        for piece in pieces(&sums) {
            let values = piece.iter().flat_map(values);
            let upsert = upsert(txn.get_database_backend(), piece.len());
            txn.execute_raw(statement(txn, &upsert, values)).await.map_err(unavailable(DOING))?;
        }
        Ok(())
    }
}

fn values(((item, step, bucket), figures): &((i64, i16, i64), Figures)) -> Vec<Value> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let micros = |duration: std::time::Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = Vec::with_capacity(COLUMNS);
    values.extend::<[Value; 7]>([
        (*item).into(),
        (*step).into(),
        (*bucket).into(),
        signed(figures.calls).into(),
        signed(figures.errors).into(),
        micros(figures.total).into(),
        micros(figures.longest).into(),
    ]);
    values.extend(figures.slots.iter().map(|slot| Value::from(signed(*slot))));
    values
}

pub(crate) const fn step_number(step: Step) -> i16 {
    match step {
        Step::Minute => 0,
        Step::Hour => 1,
        Step::Day => 2,
    }
}

fn upsert(backend: DatabaseBackend, rows: usize) -> String {
    static TAIL: OnceLock<[String; 2]> = OnceLock::new();
    let tails = TAIL.get_or_init(|| [tail("MAX"), tail("GREATEST")]);
    let [sqlite, postgres] = tails;
    let tail = if backend == DatabaseBackend::Postgres { postgres } else { sqlite };
    let mut columns = String::from("item, step, bucket, calls, errors, total_us, longest_us");
    for slot in 0..SLOTS {
        // Writing to a text does not fail.
        let _ = write!(columns, ", h{slot}");
    }
    format!("INSERT INTO usage_sums ({columns}) VALUES {}{tail}", sql::rows(backend, rows, COLUMNS))
}

fn tail(greatest: &str) -> String {
    let mut tail = format!(
        " ON CONFLICT (item, step, bucket) DO UPDATE SET calls = usage_sums.calls + excluded.calls, \
         errors = usage_sums.errors + excluded.errors, total_us = usage_sums.total_us + excluded.total_us, \
         longest_us = {greatest}(usage_sums.longest_us, excluded.longest_us)"
    );
    for slot in 0..SLOTS {
        let _ = write!(tail, ", h{slot} = usage_sums.h{slot} + excluded.h{slot}");
    }
    tail
}
