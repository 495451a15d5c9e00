//! A tool's result as text for people: what is text as it is, the rest in a few words.

use orch_app::mcp::object;
use orch_app::mcp::raw::Raw;

/// The content blocks one after the other; the whole result when there are none.
pub(super) fn readable(result: &Raw) -> String {
    let blocks = object::member(result, "content").and_then(|content| object::elements(&content)).unwrap_or_default();
    if blocks.is_empty() {
        let structured = object::member(result, "structuredContent");
        return structured.as_ref().unwrap_or(result).as_str().to_owned();
    }
    let lines: Vec<_> = blocks.iter().map(block).collect();
    lines.join("\n")
}

fn block(block: &Raw) -> String {
    let text = |key| object::string(block, key).unwrap_or_default();
    match text("type").as_str() {
        "text" => text("text"),
        kind @ ("image" | "audio") => format!("[{kind} {}, {} bytes as base64]", text("mimeType"), text("data").len()),
        "resource_link" => format!("[link to {}]", text("uri")),
        "resource" => {
            let resource = object::member(block, "resource");
            let text = |key| resource.as_ref().and_then(|resource| object::string(resource, key));
            text("text").unwrap_or_else(|| format!("[resource {}]", text("uri").unwrap_or_default()))
        }
        _ => block.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use orch_app::mcp::raw::Raw;

    use super::readable;

    fn check(result: &'static str, expected: &str) {
        assert_eq!(readable(&Raw::from_static(result)), expected);
    }

    #[test]
    fn shows_text_and_names_the_rest() {
        check(r#"{"content":[{"type":"text","text":"a\nb"},{"type":"text","text":"c"}]}"#, "a\nb\nc");
        check(
            r#"{"content":[{"type":"image","mimeType":"image/png","data":"AAAA"}]}"#,
            "[image image/png, 4 bytes as base64]",
        );
        check(r#"{"content":[{"type":"resource_link","uri":"file:///a"}]}"#, "[link to file:///a]");
        check(r#"{"content":[{"type":"resource","resource":{"uri":"a:b","text":"t"}}]}"#, "t");
        check(r#"{"content":[{"type":"resource","resource":{"uri":"a:b","blob":"AA"}}]}"#, "[resource a:b]");
        check(r#"{"content":[{"type":"new","x":1}]}"#, r#"{"type":"new","x":1}"#);
    }

    #[test]
    fn falls_back_to_what_is_there() {
        check(r#"{"content":[],"structuredContent":{"t":1}}"#, r#"{"t":1}"#);
        check(r#"{"other":1}"#, r#"{"other":1}"#);
    }
}
