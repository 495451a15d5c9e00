//! Lists of tools in words that a client understands. What it knows, and what it may ignore, is never touched.

use crate::object;
use crate::raw::Raw;
use crate::revision::Revision;
use crate::word::Word;

/// A result of `tools/list`, as a client of `revision` is to see it. `execution` goes: whether a tool runs as a task is
/// settled between us and its server. An `outputSchema` of something else than an object goes for clients that only
/// know objects there, as [`crate::content`] takes such content out of their results.
#[must_use]
pub fn tools(revision: Revision, result: Raw) -> Raw {
    static EXECUTION: Word = Word::new(r#""execution""#);
    static OUTPUT_SCHEMA: Word = Word::new(r#""outputSchema""#);
    let bytes = result.as_bytes();
    let has_execution = EXECUTION.is_in(bytes);
    let has_schemas = knows_objects_alone(revision) && OUTPUT_SCHEMA.is_in(bytes);
    if !has_execution && !has_schemas {
        return result;
    }
    let Some(tools) = object::member(&result, "tools").and_then(|tools| object::elements(&tools)) else {
        return result;
    };
    let tools: Vec<Raw> = tools.into_iter().map(|tool| shown(&tool, has_schemas).unwrap_or(tool)).collect();
    object::with(&result, "tools", &object::array(&tools)).unwrap_or(result)
}

/// Revisions in which structured content is an object and nothing else. Earlier ones ignore it.
pub(crate) fn knows_objects_alone(revision: Revision) -> bool {
    matches!(revision, Revision::V2025_06_18 | Revision::V2025_11_25)
}

/// None when the tool can stay as it is.
fn shown(tool: &Raw, is_narrow: bool) -> Option<Raw> {
    let odd_schema = is_narrow
        && object::member(tool, "outputSchema")
            .is_some_and(|schema| object::string(&schema, "type").as_deref() != Some("object"));
    let has_execution = object::member(tool, "execution").is_some();
    if !odd_schema && !has_execution {
        return None;
    }
    object::without(tool, |member| member == "execution" || (odd_schema && member == "outputSchema")).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::tools;
    use crate::raw::Raw;
    use crate::revision::Revision;

    #[track_caller]
    fn check(revision: Revision, list: &'static str, shown: &'static str) {
        let raw = |text: &'static str| Raw::parse(Bytes::from_static(text.as_bytes())).expect(text);
        assert_eq!(tools(revision, raw(list)), raw(shown));
    }

    const ARRAY: &str =
        r#"{"tools":[{"name":"a","outputSchema":{"type":"array"}},{"name":"b","outputSchema":{"type":"object"}}]}"#;

    #[test]
    fn schemas_that_a_client_cannot_know_are_left_out() {
        let shown = r#"{"tools":[{"name":"a"},{"name":"b","outputSchema":{"type":"object"}}]}"#;
        check(Revision::V2025_06_18, ARRAY, shown);
        check(Revision::V2025_11_25, ARRAY, shown);
        check(Revision::V2025_03_26, ARRAY, ARRAY);
        check(Revision::V2026_07_28, ARRAY, ARRAY);
    }

    #[test]
    fn nobody_has_to_know_that_a_tool_is_a_task() {
        let list = r#"{"tools":[{"name":"a","execution":{"taskSupport":"required"}}],"nextCursor":"x"}"#;
        check(Revision::V2025_11_25, list, r#"{"tools":[{"name":"a"}],"nextCursor":"x"}"#);
        check(Revision::V2026_07_28, list, r#"{"tools":[{"name":"a"}],"nextCursor":"x"}"#);
    }
}
