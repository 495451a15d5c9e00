//! Collects what is wrong while a file is read, and reads single values. Positions are looked up only for what is
//! reported, and not more is reported than a person will read.

use jsonc_parser::ast::{Array, Object, Value};
use jsonc_parser::common::Ranged;

use crate::mcp_config::source::Source;
use crate::problem::{MAX_REPORTED, Problem};

/// Collects what is wrong while a file is read.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    /// Notes that were not kept, as there were too many.
    more_notes: usize,
    notes: Vec<Problem>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(source: Source<'a>) -> Self {
        Self { source, more_notes: 0, notes: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, path: String, offset: usize, problem: impl Into<String>, hint: impl Into<String>) {
        if self.problems.len() < MAX_REPORTED {
            self.problems.push(Problem::new(path, problem, hint).at(self.source.position(offset)));
        }
    }

    pub(super) fn note(&mut self, path: String, offset: usize, note: impl Into<String>, hint: impl Into<String>) {
        if self.notes.len() < MAX_REPORTED {
            self.notes.push(Problem::new(path, note, hint).at(self.source.position(offset)));
        } else {
            self.more_notes += 1;
        }
    }

    /// How many problems have been reported so far.
    pub(super) const fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// The notes and the problems.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        if self.more_notes > 0 {
            self.notes.push(Problem::new("", format!("{} more notes are left out", self.more_notes), ""));
        }
        (self.notes, self.problems)
    }

    /// Says that something else stands where `expected` should.
    pub(super) fn expected(&mut self, path: String, expected: &str, value: &Value<'a>, hint: impl Into<String>) {
        self.problem(path, value.start(), format!("expected {expected}, found {}", kind(value)), hint);
    }

    pub(super) fn string(&mut self, path: &str, value: &Value<'a>) -> Option<String> {
        // What stands there may be a secret, so it is not said again.
        let hint = match value {
            Value::NumberLit(_) | Value::BooleanLit(_) => "put it into double quotes",
            _ => r#"write "...""#,
        };
        self.string_or(path, value, hint)
    }

    /// A string, or `hint` for what to write in place of what is none.
    pub(super) fn string_or(&mut self, path: &str, value: &Value<'a>, hint: &str) -> Option<String> {
        if let Value::StringLit(text) = value {
            return Some(text.value.clone().into_owned());
        }
        self.expected(path.to_owned(), "a string", value, hint);
        None
    }

    pub(super) fn flag(&mut self, path: &str, value: &Value<'a>) -> Option<bool> {
        if let Value::BooleanLit(flag) = value {
            return Some(flag.value);
        }
        self.expected(path.to_owned(), "true or false", value, "write it without quotes");
        None
    }

    pub(super) fn object<'v>(&mut self, path: &str, value: &'v Value<'a>) -> Option<&'v Object<'a>> {
        if let Value::Object(object) = value {
            return Some(object);
        }
        self.expected(path.to_owned(), "an object", value, "write { ... }");
        None
    }

    pub(super) fn array<'v>(&mut self, path: &str, value: &'v Value<'a>) -> Option<&'v Array<'a>> {
        if let Value::Array(array) = value {
            return Some(array);
        }
        let hint = match value {
            Value::StringLit(_) => "put it into [ ]",
            _ => r#"write ["a", "b"]"#,
        };
        self.expected(path.to_owned(), "an array", value, hint);
        None
    }
}

const fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a string",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::NullKeyword(_) => "null",
    }
}

/// `parent.name`, or `parent["name"]` when the name is no plain word.
pub(super) fn join(parent: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
    match (parent.is_empty(), plain) {
        (true, true) => name.to_owned(),
        (false, true) => format!("{parent}.{name}"),
        (_, false) => format!("{parent}[{name:?}]"),
    }
}
