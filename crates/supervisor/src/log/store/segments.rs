//! The files of one log, named by the number of their first line. Reads them; the [writer](super::writer) writes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Record;
use crate::log::line::LogLine;

const EXTENSION: &str = "jsonl";

/// The files there are at this moment, oldest first.
pub(super) struct Segments(Vec<Segment>);

#[derive(Clone)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

impl Segment {
    pub(super) fn new(directory: &Path, first: u64) -> Self {
        Self { first, path: directory.join(format!("{first:020}.{EXTENSION}")) }
    }

    fn lines(&self) -> Vec<Arc<LogLine>> {
        // One that was removed meanwhile has nothing more to say.
        let bytes = fs::read(&self.path).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').filter_map(Record::read).map(Arc::new).collect()
    }
}

impl Segments {
    pub(super) fn new(directory: &Path) -> Self {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut segments: Vec<_> = entries
            .filter_map(|entry| {
                let path = entry.path();
                let is_ours = path.extension().is_some_and(|extension| extension == EXTENSION);
                let first = path.file_stem()?.to_str()?.parse().ok()?;
                is_ours.then_some(Segment { first, path })
            })
            .collect();
        segments.sort_by_key(|segment| segment.first);
        Self(segments)
    }

    pub(super) fn into_vec(self) -> Vec<Segment> {
        self.0
    }

    /// The last lines, at most `count` of at most `bytes` together.
    pub(super) fn last(&self, count: usize, bytes: usize) -> Vec<Arc<LogLine>> {
        let mut left = bytes;
        let mut lines = self.last_where(count, |_| true);
        let fitting = lines.iter().rev().take_while(|line| {
            let fits = line.text.len() <= left;
            left = left.saturating_sub(line.text.len());
            fits
        });
        let fitting = fitting.count();
        lines.drain(..lines.len() - fitting);
        lines
    }

    /// The last lines that are wanted, at most `count`, oldest first.
    pub(super) fn last_where(&self, count: usize, wanted: impl Fn(&LogLine) -> bool) -> Vec<Arc<LogLine>> {
        let mut found: Vec<Vec<Arc<LogLine>>> = Vec::new();
        let mut missing = count;
        for segment in self.0.iter().rev() {
            if missing == 0 {
                break;
            }
            let mut lines = segment.lines();
            lines.retain(|line| wanted(line));
            lines.drain(..lines.len().saturating_sub(missing));
            missing -= lines.len();
            found.push(lines);
        }
        found.into_iter().rev().flatten().collect()
    }

    /// The first lines that are wanted, at most `count`.
    pub(super) fn first_where(&self, count: usize, wanted: impl Fn(&LogLine) -> bool) -> Vec<Arc<LogLine>> {
        let mut found = Vec::new();
        for segment in &self.0 {
            if found.len() >= count {
                break;
            }
            found.extend(segment.lines().into_iter().filter(|line| wanted(line)));
        }
        found.truncate(count);
        found
    }
}
