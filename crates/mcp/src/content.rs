//! Content blocks in words that an older client understands. Nothing is dropped: what a revision has no word for is
//! said with another one. Content that the client knows is never touched.

use serde_json::{Value, json};

use crate::listing::knows_objects_alone;
use crate::object;
use crate::raw::Raw;
use crate::revision::Revision;
use crate::word::Word;

static STRUCTURED: Word = Word::new("structuredContent");
/// What clients of the oldest revisions have no word for.
static ODD: [Word; 3] = [Word::new(r#""audio""#), Word::new(r#""resource_link""#), Word::new("structuredContent")];

/// The result of a tool call or of a prompt, as a client of `revision` is to see it. A client of the newest revision with
/// a handshake is of the same era as any server that has one, and so gets blocks that are unknown here as they are.
#[must_use]
pub fn for_revision(revision: Revision, result: Raw) -> Raw {
    if revision > Revision::LATEST_LEGACY {
        return result;
    }
    let result = if knows_objects_alone(revision) { with_objects_alone(result) } else { result };
    if revision == Revision::LATEST_LEGACY {
        return result;
    }
    // Nearly all results have nothing but text.
    let bytes = result.as_bytes();
    let is_odd = revision < Revision::V2025_06_18 && ODD.iter().any(|word| word.is_in(bytes));
    if !is_odd && !names_other_types(bytes) {
        return result;
    }
    let result = in_list(&result, "content", |block| converted(revision, block)).unwrap_or(result);
    let messages = in_list(&result, "messages", |message| {
        let block = converted(revision, &object::member(message, "content")?)?;
        object::with(message, "content", &block).ok()
    });
    let result = messages.unwrap_or(result);
    if revision < Revision::V2025_06_18 { with_text(&result).unwrap_or(result) } else { result }
}

/// Whether some member `type` anywhere is none of the blocks that are known here. A search, as nearly no result has any.
fn names_other_types(text: &[u8]) -> bool {
    const KNOWN: [&[u8]; 5] = [b"\"text\"", b"\"image\"", b"\"audio\"", b"\"resource\"", b"\"resource_link\""];
    const KEY: &str = r#""type""#;
    static TYPE: Word = Word::new(KEY);
    TYPE.places(text).any(|at| {
        let rest = text.get(at + KEY.len()..).unwrap_or_default().trim_ascii_start();
        // As a value it says nothing.
        let Some(value) = rest.strip_prefix(b":") else { return false };
        let value = value.trim_ascii_start();
        !KNOWN.iter().any(|known| value.starts_with(known))
    })
}

/// Structured content that is no object goes, and can be read as text instead.
fn with_objects_alone(result: Raw) -> Raw {
    if !STRUCTURED.is_in(result.as_bytes())
        || object::member(&result, "structuredContent").is_none_or(|content| content.is_object())
    {
        return result;
    }
    let readable = with_text(&result).unwrap_or_else(|| result.clone());
    object::without(&readable, |member| member == "structuredContent").unwrap_or(result)
}

/// None when there is no such list, or nothing in it to convert.
fn in_list(object: &Raw, member: &str, convert: impl Fn(&Raw) -> Option<Raw>) -> Option<Raw> {
    let elements = object::elements(&object::member(object, member)?)?;
    let mut is_changed = false;
    let converted: Vec<Raw> = elements
        .into_iter()
        .map(|element| match convert(&element) {
            Some(converted) => {
                is_changed = true;
                converted
            }
            None => element,
        })
        .collect();
    if !is_changed {
        return None;
    }
    object::with(object, member, &object::array(&converted)).ok()
}

/// None when the block can stay as it is.
fn converted(revision: Revision, block: &Raw) -> Option<Raw> {
    let kind = object::string(block, "type")?;
    let text = |name: &str| object::string(block, name);
    let new = match kind.as_str() {
        "text" | "image" | "resource" => return None,
        "resource_link" if revision >= Revision::V2025_06_18 => return None,
        "audio" if revision >= Revision::V2025_03_26 => return None,
        "resource_link" => {
            let mut words = format!("{}: {}", text("name").unwrap_or_default(), text("uri").unwrap_or_default());
            if let Some(description) = text("description") {
                words.push_str(&format!(" ({description})"));
            }
            json!({ "type": "text", "text": words })
        }
        "audio" => {
            let media_type = text("mimeType").unwrap_or_else(|| "audio/wav".to_owned());
            json!({
                "type": "resource",
                "resource": { "uri": "gateway://content/audio", "mimeType": media_type, "blob": text("data")? },
            })
        }
        other => json!({
            "type": "text",
            "text": format!("[content of the type {other:?}, which revision {revision} does not have] {}", block.as_str()),
        }),
    };
    Raw::serialize(&new).ok()
}

/// A result with structured content only is made readable: clients before 2025-06-18 look at the blocks alone.
fn with_text(result: &Raw) -> Option<Raw> {
    let structured = object::member(result, "structuredContent")?;
    let blocks: Vec<Value> = object::member(result, "content")?.read().ok()?;
    if blocks.iter().any(|block| block["type"] == "text") {
        return None;
    }
    let mut blocks = object::elements(&object::member(result, "content")?)?;
    blocks.push(Raw::serialize(&json!({ "type": "text", "text": structured.as_str() })).ok()?);
    object::with(result, "content", &object::array(&blocks)).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::for_revision;
    use crate::raw::Raw;
    use crate::revision::Revision;

    fn raw(text: &str) -> Raw {
        Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
    }

    #[track_caller]
    fn check(revision: Revision, result: &str, shown: &str) {
        assert_eq!(for_revision(revision, raw(result)), raw(shown));
    }

    const AUDIO: &str =
        r#"{"content":[{"type":"audio","data":"AA==","mimeType":"audio/mp3"},{"type":"text","text":"x"}]}"#;
    const LINK: &str = r#"{"content":[{"type":"resource_link","uri":"file:///a","name":"a","description":"d"}]}"#;

    #[test]
    fn nothing_is_lost_on_a_client_of_2024_11_05() {
        check(
            Revision::V2024_11_05,
            AUDIO,
            r#"{"content":[{"type":"resource","resource":{"uri":"gateway://content/audio","mimeType":"audio/mp3","blob":"AA=="}},{"type":"text","text":"x"}]}"#,
        );
        check(Revision::V2024_11_05, LINK, r#"{"content":[{"type":"text","text":"a: file:///a (d)"}]}"#);
    }

    #[test]
    fn what_a_revision_knows_stays_as_it_is() {
        check(Revision::V2025_03_26, AUDIO, AUDIO);
        check(Revision::V2025_06_18, LINK, LINK);
        check(Revision::V2025_11_25, LINK, LINK);
        let odd = r#"{ "content" : [ {"type":"text","text":"\"audio\"", "x" : 1.0} ] }"#;
        assert_eq!(for_revision(Revision::V2025_06_18, raw(odd)).as_str(), odd);
    }

    #[test]
    fn a_block_that_nobody_knows_can_be_read() {
        let odd = r#"{"content":[{"type":"text","text":"a"},{"type":"smell","data":{"x":1.0}}]}"#;
        for revision in [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18] {
            let note = format!("[content of the type \\\"smell\\\", which revision {revision} does not have]");
            let block = r#"{\"type\":\"smell\",\"data\":{\"x\":1.0}}"#;
            check(
                revision,
                odd,
                &format!(r#"{{"content":[{{"type":"text","text":"a"}},{{"type":"text","text":"{note} {block}"}}]}}"#),
            );
        }
        check(Revision::V2025_11_25, odd, odd);
        let elsewhere = r#"{ "content" : [ {"type":"text","text":"a"} ], "structuredContent":{ "type" : "smell" } }"#;
        assert_eq!(for_revision(Revision::V2025_06_18, raw(elsewhere)).as_str(), elsewhere);
    }

    #[test]
    fn prompts_are_converted_too() {
        check(
            Revision::V2025_03_26,
            r#"{"messages":[{"role":"user","content":{"type":"resource_link","uri":"u:a","name":"n"}}]}"#,
            r#"{"messages":[{"role":"user","content":{"type":"text","text":"n: u:a"}}]}"#,
        );
    }

    #[test]
    fn structured_content_that_is_no_object_is_text_where_only_objects_are_known() {
        let array = r#"{"content":[],"structuredContent":[1,2]}"#;
        check(Revision::V2025_06_18, array, r#"{"content":[{"type":"text","text":"[1,2]"}]}"#);
        check(Revision::V2026_07_28, array, array);
        let object = r#"{"content":[],"structuredContent":{"a":1}}"#;
        check(Revision::V2025_11_25, object, object);
    }

    #[test]
    fn structured_content_can_be_read() {
        check(
            Revision::V2025_03_26,
            r#"{"content":[],"structuredContent":{"a":1}}"#,
            r#"{"content":[{"type":"text","text":"{\"a\":1}"}],"structuredContent":{"a":1}}"#,
        );
    }
}
