//! Questions of servers in words that an older client understands. What cannot be said in them is not asked: the server
//! gets the answer that such a client would give. What the client knows is never touched.

use serde_json::{Map, Value};

use crate::error::RpcError;
use crate::object;
use crate::question::Reply;
use crate::raw::Raw;
use crate::revision::Revision;

/// The params of a question as a client of `revision` is to see them, or the answer in its place.
pub fn for_revision(revision: Revision, method: &str, params: Option<Raw>) -> Result<Option<Raw>, Reply> {
    let Some(params) = params else { return Ok(None) };
    match method {
        _ if revision >= Revision::V2025_11_25 => Ok(Some(params)),
        ELICITATION => elicitation(revision, params).map(Some),
        SAMPLING => sampling(revision, params).map(Some),
        _ => Ok(Some(params)),
    }
}

const ELICITATION: &str = "elicitation/create";
const SAMPLING: &str = "sampling/createMessage";

fn elicitation(revision: Revision, params: Raw) -> Result<Raw, Reply> {
    if revision < Revision::V2025_06_18 {
        return Err(Err(RpcError::method_not_found(ELICITATION)));
    }
    if object::string(&params, "mode").as_deref() == Some("url") {
        return Err(Err(RpcError::invalid_params("the client can only be asked by a form")));
    }
    let shown = match object::member(&params, "requestedSchema") {
        None => params,
        Some(schema) => match choices(&schema) {
            Choices::AsTheyAre => params,
            Choices::Named(schema) => object::with(&params, "requestedSchema", &schema).unwrap_or(params),
            // Of several values there is no choice in this revision, and an answer without one would be another answer.
            Choices::Several => return Err(Ok(Raw::from_static(r#"{"action":"cancel"}"#))),
        },
    };
    Ok(object::without(&shown, |member| member == "mode").unwrap_or(shown))
}

/// What becomes of a form's choices in a revision that knows a choice as `enum` with `enumNames`.
enum Choices {
    AsTheyAre,
    Named(Raw),
    Several,
}

fn choices(schema: &Raw) -> Choices {
    let Ok(mut form) = schema.read::<Map<String, Value>>() else { return Choices::AsTheyAre };
    let Some(Value::Object(properties)) = form.get_mut("properties") else { return Choices::AsTheyAre };
    let mut is_changed = false;
    for property in properties.values_mut() {
        let Value::Object(property) = property else { continue };
        if property.get("type").and_then(Value::as_str) == Some("array") {
            return Choices::Several;
        }
        let Some((values, names)) = property.get("oneOf").and_then(titled) else { continue };
        property.shift_remove("oneOf");
        property.insert("enum".to_owned(), values);
        property.insert("enumNames".to_owned(), names);
        is_changed = true;
    }
    match Raw::serialize(&form) {
        Ok(form) if is_changed => Choices::Named(form),
        _ => Choices::AsTheyAre,
    }
}

/// The values and their titles, of `[{"const": …, "title": …}, …]`.
fn titled(options: &Value) -> Option<(Value, Value)> {
    let options = options.as_array()?;
    let values = options.iter().map(|option| option.get("const").cloned()).collect::<Option<Vec<Value>>>()?;
    let names = options.iter().zip(&values).map(|(option, value)| option.get("title").unwrap_or(value).clone());
    let names: Vec<Value> = names.collect();
    Some((values.into(), names.into()))
}

fn sampling(revision: Revision, params: Raw) -> Result<Raw, Reply> {
    let refuse = |what: &str| Err(Err(RpcError::invalid_params(format!("the client cannot be asked with {what}"))));
    if ["tools", "toolChoice"].iter().any(|member| object::member(&params, member).is_some()) {
        return refuse("tools");
    }
    let Some(messages) = object::member(&params, "messages").and_then(|messages| object::elements(&messages)) else {
        return Ok(params);
    };
    let mut shown = Vec::with_capacity(messages.len());
    let mut is_split = false;
    for message in messages {
        let Some(content) = object::member(&message, "content") else {
            shown.push(message);
            continue;
        };
        let blocks = object::elements(&content);
        for block in blocks.as_deref().unwrap_or(std::slice::from_ref(&content)) {
            match object::string(block, "type").as_deref() {
                Some("text" | "image") | None => {}
                Some("audio") if revision >= Revision::V2025_03_26 => {}
                Some(other) => return refuse(&format!("content of the type {other:?}")),
            }
        }
        match blocks {
            None => shown.push(message),
            // One after the other, they say the same.
            Some(blocks) => {
                is_split = true;
                shown.extend(blocks.iter().filter_map(|block| object::with(&message, "content", block).ok()));
            }
        }
    }
    if !is_split {
        return Ok(params);
    }
    Ok(object::with(&params, "messages", &object::array(&shown)).unwrap_or(params))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{ELICITATION, SAMPLING, for_revision};
    use crate::raw::Raw;
    use crate::revision::Revision;

    fn raw(text: &str) -> Raw {
        Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
    }

    #[track_caller]
    fn check(revision: Revision, method: &str, asked: &str, shown: &str) {
        assert_eq!(for_revision(revision, method, Some(raw(asked))), Ok(Some(raw(shown))), "{revision}");
    }

    /// The code of the error in its place.
    #[track_caller]
    fn refused(revision: Revision, method: &str, asked: &str) -> i64 {
        let answer = for_revision(revision, method, Some(raw(asked))).expect_err(asked);
        answer.expect_err("an error").code
    }

    #[test]
    fn what_a_revision_knows_stays_as_it_is() {
        let form = r#"{ "mode":"form", "requestedSchema":{"properties":{"a":{"type":"array","x":1.0}}} }"#;
        check(Revision::V2025_11_25, ELICITATION, form, form);
        let several = r#"{ "messages":[{"role":"user","content":[{"type":"tool_result"}]}], "tools":[] }"#;
        check(Revision::V2025_11_25, SAMPLING, several, several);
        let one = r#"{ "messages":[{"role":"user","content":{"type":"text","text":"a"}}], "maxTokens": 1.0 }"#;
        for revision in [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18] {
            check(revision, SAMPLING, one, one);
            assert_eq!(for_revision(revision, "roots/list", None), Ok(None));
        }
    }

    #[test]
    fn several_blocks_become_several_messages() {
        let asked = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image"}],"x":1},{"role":"assistant","content":{"type":"text","text":"b"}}]}"#;
        let shown = r#"{"messages":[{"role":"user","content":{"type":"text","text":"a"},"x":1},{"role":"user","content":{"type":"image"},"x":1},{"role":"assistant","content":{"type":"text","text":"b"}}]}"#;
        check(Revision::V2025_06_18, SAMPLING, asked, shown);
        check(Revision::V2024_11_05, SAMPLING, asked, shown);
    }

    #[test]
    fn what_no_message_can_say_is_not_asked() {
        let of = |block: &str| format!(r#"{{"messages":[{{"role":"user","content":{block}}}]}}"#);
        for block in [r#"{"type":"tool_use"}"#, r#"[{"type":"text"},{"type":"tool_result"}]"#, r#"{"type":"smell"}"#] {
            assert_eq!(refused(Revision::V2025_06_18, SAMPLING, &of(block)), -32602);
        }
        let audio = of(r#"{"type":"audio"}"#);
        assert_eq!(refused(Revision::V2024_11_05, SAMPLING, &audio), -32602);
        check(Revision::V2025_03_26, SAMPLING, &audio, &audio);
        assert_eq!(refused(Revision::V2025_06_18, SAMPLING, r#"{"messages":[],"toolChoice":{}}"#), -32602);
    }

    #[test]
    fn choices_are_named_in_the_older_way() {
        let form = |property: &str| {
            format!(r#"{{"message":"m","requestedSchema":{{"type":"object","properties":{{"a":{property}}}}}}}"#)
        };
        check(
            Revision::V2025_06_18,
            ELICITATION,
            &form(r#"{"type":"string","title":"t","oneOf":[{"const":"x","title":"X"},{"const":"y"}]}"#),
            &form(r#"{"type":"string","title":"t","enum":["x","y"],"enumNames":["X","y"]}"#),
        );
        let plain = form(r#"{"type":"string","enum":["x"],"default":1.0}"#);
        check(Revision::V2025_06_18, ELICITATION, &plain, &plain);
        let several = form(r#"{"type":"array","items":{"enum":["x"]}}"#);
        let answer = for_revision(Revision::V2025_06_18, ELICITATION, Some(raw(&several)));
        assert_eq!(answer, Err(Ok(raw(r#"{"action":"cancel"}"#))));
    }

    #[test]
    fn modes_of_elicitation_are_as_old_as_the_revision() {
        check(Revision::V2025_06_18, ELICITATION, r#"{"mode":"form","message":"m"}"#, r#"{"message":"m"}"#);
        let url = r#"{"mode":"url","url":"https://a"}"#;
        assert_eq!(refused(Revision::V2025_06_18, ELICITATION, url), -32602);
        assert_eq!(refused(Revision::V2025_03_26, ELICITATION, url), -32601);
        check(Revision::V2025_11_25, ELICITATION, url, url);
    }
}
