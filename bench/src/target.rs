//! Owns the targets the daemon is held to, and whether figures meet them.
//! Missing one fails nothing; that is for the reader of the table.

use serde::Serialize;

use crate::row::Row;
use crate::sample::Figures;

const HTTP_TO_NGINX: f64 = 0.7;
const STDIO_TO_NGINX: f64 = 1.2;
const ADDED_TO_NGINX: f64 = 1.5;
const IDLE_MIB: f64 = 40.0;
const SESSION_KIB: f64 = 64.0;
const READY_MS: f64 = 200.0;

/// What the daemon weighs and how fast it starts.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Footprint {
    /// After its first start, with nothing set up.
    pub(crate) idle_first_mib: Option<f64>,
    /// After a start with project, servers and key.
    pub(crate) idle_set_up_mib: Option<f64>,
    pub(crate) session_kib: Option<f64>,
    pub(crate) after_load_mib: Option<f64>,
    /// On an empty data folder.
    pub(crate) ready_first_ms: Option<f64>,
    /// On a used one, the median of several.
    pub(crate) ready_again_ms: Option<f64>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Verdict {
    pub(crate) target: String,
    pub(crate) measured: Option<f64>,
    /// `None` when it could not be measured.
    pub(crate) met: Option<bool>,
}

pub(crate) fn judge(figures: &[Figures], footprint: &Footprint) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for sessions in session_counts(figures) {
        let nginx = find(figures, Row::Nginx, sessions);
        for (row, least) in [(Row::DaemonHttp, HTTP_TO_NGINX), (Row::DaemonStdio, STDIO_TO_NGINX)] {
            let daemon = find(figures, row, sessions);
            let ratio = daemon.zip(nginx).map(|(daemon, nginx)| daemon.throughput / nginx.throughput);
            let name = format!("{}, {sessions} sessions: calls/s to nginx", row.label());
            verdicts.push(at_least(&name, least, ratio));
        }
    }
    for row in [Row::DaemonHttp, Row::DaemonStdio] {
        let ratio = added_us(figures, row, 1)
            .zip(added_us(figures, Row::Nginx, 1))
            .filter(|(_, nginx)| *nginx > 0.0)
            .map(|(daemon, nginx)| daemon / nginx);
        let name = format!("{}, 1 session: added p50 to nginx's", row.label());
        verdicts.push(at_most(&name, ADDED_TO_NGINX, ratio));
    }
    let worse = |one: Option<f64>, two: Option<f64>| one.zip(two).map(|(one, two)| one.max(two));
    let idle = worse(footprint.idle_first_mib, footprint.idle_set_up_mib);
    let ready = worse(footprint.ready_first_ms, footprint.ready_again_ms);
    verdicts.push(at_most("idle memory, MiB", IDLE_MIB, idle));
    verdicts.push(at_most("memory of a session, KiB", SESSION_KIB, footprint.session_kib));
    verdicts.push(at_most("ready after the start, ms", READY_MS, ready));
    verdicts
}

pub(crate) fn find(figures: &[Figures], row: Row, sessions: u64) -> Option<&Figures> {
    figures.iter().find(|figures| figures.row == row && figures.sessions == sessions)
}

/// How much longer the median call takes than directly.
pub(crate) fn added_us(figures: &[Figures], row: Row, sessions: u64) -> Option<f64> {
    let here = find(figures, row, sessions)?;
    let direct = find(figures, row.direct()?, sessions)?;
    Some(here.p50_us - direct.p50_us)
}

fn session_counts(figures: &[Figures]) -> Vec<u64> {
    let mut counts: Vec<u64> = figures.iter().map(|figures| figures.sessions).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn at_least(name: &str, least: f64, measured: Option<f64>) -> Verdict {
    let target = format!("{name} at least {least}");
    Verdict { target, measured, met: measured.map(|value| value >= least) }
}

fn at_most(name: &str, most: f64, measured: Option<f64>) -> Verdict {
    let target = format!("{name} at most {most}");
    Verdict { target, measured, met: measured.map(|value| value <= most) }
}
