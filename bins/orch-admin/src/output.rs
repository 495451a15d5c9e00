//! What goes to standard output and standard error. Standard output has the answer and nothing else.

use std::borrow::Cow;
use std::future::pending;
use std::io::{ErrorKind, IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use anyhow::Context;
use serde::Serialize;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

use crate::table::Table;

pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Shows a list: as a table, or as a JSON array.
    pub(crate) fn list<T: Serialize, const N: usize>(
        &self,
        items: &[T],
        head: [&'static str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> anyhow::Result<()> {
        if self.json {
            return self.document(&items);
        }
        let mut table = Table::new(head);
        for item in items {
            table.push(row(item));
        }
        self.text(&table.to_string())
    }

    /// Shows one thing: as a sentence, or as a JSON object.
    pub(crate) fn one(&self, item: &impl Serialize, sentence: &str) -> anyhow::Result<()> {
        if self.json { self.document(item) } else { self.text(sentence) }
    }

    /// Shows lines that a server wrote: as they are, or as a JSON array.
    pub(crate) fn lines<T: Serialize>(&self, items: &[T], text: impl Fn(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            return self.document(&items);
        }
        self.foreign_text(&items.iter().map(|item| text(item) + "\n").collect::<String>())
    }

    /// Shows one of many lines that come one by one: as it is, or as JSON on a line of its own. Breaks when nobody reads
    /// any more.
    pub(crate) fn line<T: Serialize>(&self, item: &T, text: impl Fn(&T) -> String) -> anyhow::Result<ControlFlow<()>> {
        if self.json { write(&serde_json::to_string(item)?) } else { write(&shown(&text(item))) }
    }

    /// Shows JSON in either mode.
    pub(crate) fn document(&self, document: &impl Serialize) -> anyhow::Result<()> {
        self.text(&serde_json::to_string_pretty(document).context("the answer cannot be written as JSON")?)
    }

    /// Shows text and ends the line.
    #[expect(clippy::unused_self, reason = "standard output belongs to this value")]
    pub(crate) fn text(&self, text: &str) -> anyhow::Result<()> {
        // The reader may have seen enough, as in `orch-admin user list | head`.
        write(text).map(|_| ())
    }

    /// Shows text that a server wrote.
    pub(crate) fn foreign_text(&self, text: &str) -> anyhow::Result<()> {
        self.text(&shown(text))
    }
}

/// What there is to say of one thing, a line for each part of it.
pub(crate) fn fields(lines: &[(&str, String)]) -> String {
    lines.iter().map(|(what, said)| format!("{what:<14}{}\n", said.replace('\n', " "))).collect()
}

/// Ends when nobody reads standard output any more; never where that cannot be told, as of a file.
pub(crate) async fn reader_gone() {
    // Only watched, never written to by this handle, so it need not be one that does not block.
    let watched = std::io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    let gone = match &watched {
        Ok(out) => out.ready(Interest::ERROR).await.is_ok(),
        Err(_) => false,
    };
    if !gone {
        pending().await
    }
}

/// Writes text and ends the line. Breaks when nobody reads any more.
fn write(text: &str) -> anyhow::Result<ControlFlow<()>> {
    let mut out = std::io::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(error).context("standard output cannot be written"),
    }
}

/// What a server wrote, as it may be shown: a terminal gets no control characters of it.
fn shown(text: &str) -> Cow<'_, str> {
    if std::io::stdout().is_terminal() { harmless(text).into() } else { text.into() }
}

/// Says something on standard error.
pub(crate) fn remark(text: &str) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// The text without control characters, which could repaint a terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}
