//! Tasks, in the words of both eras: the extension of 2026-07-28, which is passed from end to end, and the experiment of
//! 2025-11-25, which servers alone are spoken to in. Knows no connection.

use crate::error::{RpcError, code};
use crate::object;
use crate::raw::Raw;
use crate::word::Word;

/// The name of the extension.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// What a legacy server says on a result or a question that belongs to a task.
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// Whether capabilities, of either side, name the extension.
#[must_use]
pub fn is_named_in(capabilities: &Raw) -> bool {
    object::member(capabilities, "extensions")
        .is_some_and(|extensions| object::member(&extensions, EXTENSION).is_some())
}

/// The methods of the extension; all of them carry a `taskId`.
#[must_use]
pub fn is_method(method: &str) -> bool {
    matches!(method, "tasks/get" | "tasks/update" | "tasks/cancel")
}

/// -32021: the client did not say that it knows tasks.
#[must_use]
pub fn not_declared() -> RpcError {
    let needed = serde_json::json!({ "requiredCapabilities": { "extensions": { EXTENSION: {} } } });
    RpcError::new(code::MISSING_CAPABILITY, format!("the client has to declare the extension {EXTENSION}"))
        .with_data(&needed)
}

/// -32602, the same for tasks that do not exist and tasks of somebody else.
#[must_use]
pub fn unknown() -> RpcError {
    RpcError::invalid_params("there is no such task")
}

/// The id of the task that a result says has been created.
#[must_use]
pub fn created(result: &Raw) -> Option<String> {
    static TASK_ID: Word = Word::new("taskId");
    if !TASK_ID.is_in(result.as_bytes()) {
        return None;
    }
    (object::string(result, "resultType").as_deref() == Some("task")).then(|| object::string(result, "taskId"))?
}

/// Whether a legacy server runs a tool only as a task.
#[must_use]
pub fn is_required(tool: &Raw) -> bool {
    static TASK_SUPPORT: Word = Word::new("taskSupport");
    TASK_SUPPORT.is_in(tool.as_bytes())
        && object::member(tool, "execution").and_then(|it| object::string(&it, "taskSupport")).as_deref()
            == Some("required")
}

/// Whether a legacy server says that calls of its tools can be tasks.
#[must_use]
pub fn may_run_calls(capabilities: &Raw) -> bool {
    ["tasks", "requests", "tools", "call"]
        .into_iter()
        .try_fold(capabilities.clone(), |value, name| object::member(&value, name))
        .is_some()
}

/// The id in a legacy server's `CreateTaskResult`.
#[must_use]
pub fn started(result: &Raw) -> Option<Raw> {
    let task = object::member(result, "task")?;
    object::member(&task, "taskId").filter(|id| id.as_str().starts_with('"'))
}

/// The result of a task as that of a plain call, and the params of a question about a task as those of any other.
#[must_use]
pub fn plain(result: Raw) -> Raw {
    static WORD: Word = Word::new("related-task");
    if !WORD.is_in(result.as_bytes()) {
        return result;
    }
    let Some(meta) = object::member(&result, "_meta") else { return result };
    let plain = object::without(&meta, |key| key == RELATED).and_then(|meta| {
        if meta.as_str() == "{}" {
            object::without(&result, |key| key == "_meta")
        } else {
            object::with(&result, "_meta", &meta)
        }
    });
    plain.unwrap_or(result)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{created, is_named_in, is_required, may_run_calls, plain, started};
    use crate::raw::Raw;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[test]
    fn recognises_what_creates_a_task() {
        assert_eq!(created(&raw(r#"{"resultType":"task","taskId":"a"}"#)).as_deref(), Some("a"));
        assert_eq!(created(&raw(r#"{"resultType":"complete","taskId":"a"}"#)), None);
        assert_eq!(started(&raw(r#"{"task":{"taskId":"t"}}"#)), Some(raw("\"t\"")));
        assert_eq!(started(&raw(r#"{"content":[]}"#)), None);
        assert!(is_named_in(&raw(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)));
        assert!(!is_named_in(&raw(r#"{"tasks":{}}"#)));
    }

    #[test]
    fn a_tool_says_whether_it_runs_as_a_task_only() {
        assert!(is_required(&raw(r#"{"name":"a","execution":{"taskSupport":"required"}}"#)));
        assert!(!is_required(&raw(r#"{"name":"a","execution":{"taskSupport":"optional"}}"#)));
        assert!(!is_required(&raw(r#"{"name":"taskSupport"}"#)));
        assert!(may_run_calls(&raw(r#"{"tasks":{"requests":{"tools":{"call":{}}}}}"#)));
        assert!(!may_run_calls(&raw(r#"{"tasks":{"requests":{"sampling":{}}},"tools":{}}"#)));
    }

    #[test]
    fn the_result_of_a_task_is_that_of_a_call() {
        let related = r#"{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
        assert_eq!(plain(raw(related)), raw(r#"{"content":[]}"#));
        let escaped = r#"{"content":[],"_meta":{"io.modelcontextprotocol\/related-task":{"taskId":"t"}}}"#;
        assert_eq!(plain(raw(escaped)), raw(r#"{"content":[]}"#));
        let more = r#"{"content":[],"_meta":{"v":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
        assert_eq!(plain(raw(more)), raw(r#"{"content":[],"_meta":{"v":1}}"#));
    }
}
