//! Owns the result of a side-by-side run and its printed form.
//! Never measures and never decides an exit code.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::row::Row;
use crate::sample::Figures;
use crate::target::{self, Footprint, Verdict};

#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) processors: usize,
    pub(crate) figures: Vec<Figures>,
    pub(crate) footprint: Footprint,
    pub(crate) verdicts: Vec<Verdict>,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
    /// Wrong answers and parts that did not run.
    pub(crate) failures: Vec<String>,
}

impl Report {
    pub(crate) fn table(&self) -> impl Display + '_ {
        Table(self)
    }
}

struct Table<'r>(&'r Report);

impl Display for Table<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.rows(out)?;
        self.footprint(out)?;
        self.verdicts(out)?;
        for note in &self.0.notes {
            writeln!(out, "note: {note}")?;
        }
        for failure in &self.0.failures {
            writeln!(out, "FAILED: {failure}")?;
        }
        Ok(())
    }
}

impl Table<'_> {
    fn rows(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Report { figures, processors, .. } = self.0;
        writeln!(out, "{processors} processors; medians of all rounds; times in microseconds")?;
        writeln!(out)?;
        writeln!(
            out,
            "{:<14}{:>9}{:>10}{:>8}{:>9}{:>9}{:>10}{:>10}{:>10}{:>8}  cpu per call: load, between, upstream",
            "", "sessions", "calls/s", "spread", "p50", "p99", "to direct", "to nginx", "added p50", "errors",
        )?;
        for row in figures {
            let ratio = |other: Row| {
                let other = target::find(figures, other, row.sessions);
                other.map(|other| row.throughput / other.throughput)
            };
            let added = target::added_us(figures, row.row, row.sessions);
            writeln!(
                out,
                "{:<14}{:>9}{:>10.0}{:>8.2}{:>9.1}{:>9.1}{:>10}{:>10}{:>10}{:>8}  {:>8.1}{:>8.1}{:>8.1}",
                row.row.label(),
                row.sessions,
                row.throughput,
                row.spread,
                row.p50_us,
                row.p99_us,
                figure(row.row.direct().and_then(ratio), 2),
                figure(ratio(Row::Nginx), 2),
                figure(added.filter(|_| Some(row.row) != row.row.direct()), 1),
                row.errors,
                row.load_cpu_us,
                row.between_cpu_us,
                row.upstream_cpu_us,
            )?;
        }
        writeln!(out)
    }

    fn footprint(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let footprint = &self.0.footprint;
        let lines = [
            ("memory, first start", footprint.idle_first_mib, "MiB"),
            ("memory, set up and idle", footprint.idle_set_up_mib, "MiB"),
            ("memory, after the load", footprint.after_load_mib, "MiB"),
            ("memory of one session", footprint.session_kib, "KiB"),
            ("ready, first start", footprint.ready_first_ms, "ms"),
            ("ready, later start", footprint.ready_again_ms, "ms"),
        ];
        for (name, value, unit) in lines {
            writeln!(out, "{name:<26}{:>10} {unit}", figure(value, 1))?;
        }
        writeln!(out)
    }

    fn verdicts(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for verdict in &self.0.verdicts {
            let word = match verdict.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "not measured",
            };
            writeln!(out, "{word:<13} {}: {}", verdict.target, figure(verdict.measured, 2))?;
        }
        Ok(())
    }
}

fn figure(value: Option<f64>, digits: usize) -> String {
    match value {
        Some(value) => format!("{value:.digits$}"),
        None => "-".to_owned(),
    }
}
