//! The text of a configuration file: JSON with comments and trailing commas, and where in it things stand.

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::problem::{Position, Problem};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    text: &'a str,
}

impl<'a> Source<'a> {
    /// A byte order mark is not part of the text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: text.strip_prefix('\u{feff}').unwrap_or(text) }
    }

    pub(crate) fn parse(self) -> Result<Value<'a>, Box<Problem>> {
        let options = ParseOptions {
            allow_comments: true,
            allow_loose_object_property_names: false,
            allow_trailing_commas: true,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        match parse_to_ast(self.text, &CollectOptions::default(), &options) {
            Ok(parsed) => parsed.value.ok_or_else(|| {
                let hint = r#"write {"mcpServers": {}}"#;
                Box::new(Problem::new("", "the file is empty", hint).at(self.position(0)))
            }),
            Err(error) => Err(Box::new(syntax_problem(&error))),
        }
    }

    pub(crate) fn position(self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count();
        Position { line: one_based(line), column: one_based(column) }
    }

    /// What stands in the file at a place.
    pub(crate) fn slice(self, range: Range) -> &'a str {
        self.text.get(range.start()..range.end()).unwrap_or_default()
    }
}

fn one_based(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

fn syntax_problem(error: &ParseError) -> Problem {
    let hint = match error.kind() {
        ParseErrorKind::ExpectedComma => "put a comma between the two",
        ParseErrorKind::ExpectedColonAfterObjectKey => "write \"name\": value",
        ParseErrorKind::SingleQuotedStringsNotAllowed => "use double quotes",
        ParseErrorKind::UnexpectedWord | ParseErrorKind::ExpectedStringObjectProperty => "put it into double quotes",
        ParseErrorKind::UnterminatedObject => "a } is missing",
        ParseErrorKind::UnterminatedArray => "a ] is missing",
        ParseErrorKind::UnterminatedCommentBlock => "a */ is missing",
        ParseErrorKind::MultipleRootJsonValues => "leave only the first { ... }",
        ParseErrorKind::String(_) => "a double quote is missing, or a backslash is not doubled",
        _ => "",
    };
    let at = Position {
        line: u32::try_from(error.line_display()).unwrap_or(u32::MAX),
        column: u32::try_from(error.column_display()).unwrap_or(u32::MAX),
    };
    let text = error.kind().to_string();
    let mut chars = text.chars();
    let lowered: String = chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
    Problem::new("", format!("this is not JSON: {lowered}"), hint).at(at)
}
