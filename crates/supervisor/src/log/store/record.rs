//! A line of a log as a line of a file: JSON, so that people and programs can read it.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::log::line::{LogLine, LogStream};

#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    seq: u64,
    /// Microseconds since 1970.
    at: u64,
    stream: LogStream,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    text: Box<str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

impl Record {
    /// Adds the line with its end to `bytes`.
    pub(super) fn write(line: &LogLine, bytes: &mut Vec<u8>) {
        let since = line.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let record = Self {
            seq: line.seq,
            at: u64::try_from(since.as_micros()).unwrap_or(u64::MAX),
            stream: line.stream,
            pid: line.pid,
            text: line.text.clone(),
            cut: line.cut,
        };
        // Numbers and text: there is nothing in it that could fail.
        if serde_json::to_writer(&mut *bytes, &record).is_ok() {
            bytes.push(b'\n');
        }
    }

    /// None for what a crash has left half written, or somebody has changed.
    pub(super) fn read(bytes: &[u8]) -> Option<LogLine> {
        let Self { seq, at, stream, pid, text, cut } = serde_json::from_slice(bytes).ok()?;
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(at))?;
        Some(LogLine { seq, at, stream, pid, text, cut })
    }
}
