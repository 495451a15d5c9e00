//! Owns the verdict on an answer: is it the result of this very call, with this very text.
//! The first good answer is read in full and its form remembered; later ones are compared with
//! that form, byte by byte, and read in full again only when they differ. So nothing goes
//! unverified, and verifying costs next to nothing. Never sends anything.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// How much of a wrong answer is worth showing.
const SHOWN: usize = 300;

#[derive(Default)]
pub(crate) struct Verifier {
    form: Option<Form>,
}

/// An answer is `head`, the id or the text, `middle`, the other one, `tail`.
struct Form {
    head: Vec<u8>,
    middle: Vec<u8>,
    tail: Vec<u8>,
    id_first: bool,
    event_stream: bool,
}

impl Verifier {
    pub(crate) fn verify(&mut self, body: &[u8], event_stream: bool, id: &[u8], text: &[u8]) -> Result<()> {
        if self.form.as_ref().is_some_and(|form| form.fits(body, event_stream, id, text)) {
            return Ok(());
        }
        read(body, event_stream, id, text).with_context(|| format!("wrong answer {}", excerpt(body)))?;
        self.form = Form::learn(body, event_stream, id, text);
        Ok(())
    }
}

impl Form {
    /// `None` when id or text occur more than once, so that their places are not certain.
    fn learn(body: &[u8], event_stream: bool, id: &[u8], text: &[u8]) -> Option<Self> {
        let id_at = only(body, id)?;
        let text_at = only(body, text)?;
        let id_first = id_at < text_at;
        let (first, second) = if id_first {
            (id_at..id_at + id.len(), text_at..text_at + text.len())
        } else {
            (text_at..text_at + text.len(), id_at..id_at + id.len())
        };
        Some(Self {
            head: body.get(..first.start)?.to_vec(),
            middle: body.get(first.end..second.start)?.to_vec(),
            tail: body.get(second.end..)?.to_vec(),
            id_first,
            event_stream,
        })
    }

    fn fits(&self, body: &[u8], event_stream: bool, id: &[u8], text: &[u8]) -> bool {
        let (first, second) = if self.id_first { (id, text) } else { (text, id) };
        let rest =
            [&self.head[..], first, &self.middle, second].iter().try_fold(body, |rest, part| rest.strip_prefix(*part));
        self.event_stream == event_stream && rest == Some(&self.tail[..])
    }
}

fn only(body: &[u8], part: &[u8]) -> Option<usize> {
    let mut found = memmem::find_iter(body, part);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn read(body: &[u8], event_stream: bool, id: &[u8], text: &[u8]) -> Result<()> {
    let body = std::str::from_utf8(body).context("not UTF-8")?;
    let (id, text) = (std::str::from_utf8(id)?, std::str::from_utf8(text)?);
    if !event_stream {
        return read_message(body, id, text)?.context("a notification instead of an answer");
    }
    for data in event_data(body) {
        if let Some(()) = read_message(&data, id, text)? {
            return Ok(());
        }
    }
    bail!("the event stream ended without an answer")
}

/// `None` for a notification, which may come before the answer.
fn read_message(message: &str, id: &str, text: &str) -> Result<Option<()>> {
    #[derive(Deserialize)]
    struct Answer<'b> {
        #[serde(borrow)]
        jsonrpc: Cow<'b, str>,
        method: Option<IgnoredAny>,
        id: Option<u64>,
        result: Option<Outcome<'b>>,
    }
    #[derive(Deserialize)]
    struct Outcome<'b> {
        #[serde(borrow)]
        content: Vec<Block<'b>>,
        #[serde(default, rename = "isError")]
        is_error: bool,
    }
    #[derive(Deserialize)]
    struct Block<'b> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'b, str>,
        #[serde(borrow)]
        text: Cow<'b, str>,
    }
    let answer: Answer<'_> = serde_json::from_str(message).context("not an answer to a call")?;
    ensure!(answer.jsonrpc == "2.0", "not JSON-RPC 2.0");
    if answer.method.is_some() {
        return Ok(None);
    }
    ensure!(answer.id.is_some_and(|given| given.to_string() == id), "another id than {id}");
    let outcome = answer.result.context("no result")?;
    ensure!(!outcome.is_error, "an error of the tool");
    match outcome.content.as_slice() {
        [block] if block.kind == "text" && block.text == text => Ok(Some(())),
        _ => bail!("another content than {text}"),
    }
}

/// The data of each event that has some; a priming event has none.
fn event_data(stream: &str) -> impl Iterator<Item = String> {
    let mut lines = stream.lines();
    std::iter::from_fn(move || {
        let mut data: Option<String> = None;
        for line in lines.by_ref() {
            match line.strip_prefix("data:") {
                Some(value) => {
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    match &mut data {
                        Some(data) => *data = format!("{data}\n{value}"),
                        None => data = Some(value.to_owned()),
                    }
                }
                None if line.is_empty() && data.as_ref().is_some_and(|data| !data.is_empty()) => {
                    break;
                }
                None if line.is_empty() => data = None,
                None => {}
            }
        }
        data.filter(|data| !data.is_empty())
    })
}

pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(body)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Verifier;

    const GOOD: &str = r#"{"jsonrpc":"2.0","id":11,"result":{"content":[{"type":"text","text":"aa"}]}}"#;

    fn check(body: &str, event_stream: bool) -> bool {
        Verifier::default().verify(body.as_bytes(), event_stream, b"11", b"aa").is_ok()
    }

    #[test]
    fn takes_any_order_of_members_and_an_event_stream() {
        assert!(check(GOOD, false));
        let turned = r#"{"result":{"isError":false,"_meta":{},"content":[{"text":"aa",
            "type":"text"}]},"id":11,"jsonrpc":"2.0"}"#;
        assert!(check(turned, false));
        let notice = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
        let stream = format!("id: 1\ndata:\n\n: hi\nevent: message\ndata: {notice}\n\ndata: {GOOD}\n\n");
        assert!(check(&stream, true));
    }

    #[test]
    fn refuses_everything_else() {
        for (old, new) in [
            ("11", "12"),
            ("11", "\"11\""),
            ("aa", "ab"),
            ("aa", "aaa"),
            ("2.0", "1.0"),
            ("\"text\",", "\"image\","),
            ("result", "error"),
            ("}]", "},{\"type\":\"text\",\"text\":\"\"}]"),
            ("}]", "}],\"isError\":true"),
            ("}}", "}"),
        ] {
            let body = GOOD.replacen(old, new, 1);
            assert!(!check(&body, false), "{body}");
            assert!(!check(&format!("data: {body}\n\n"), true), "{body}");
        }
        assert!(!check("", true));
        assert!(!check("", false));
    }

    #[test]
    fn a_learned_form_is_as_strict() {
        let mut verifier = Verifier::default();
        let mut ask = |body: &str, stream: bool| verifier.verify(body.as_bytes(), stream, b"12", b"bb").is_ok();
        let second = GOOD.replace("11", "12").replace("aa", "bb");
        assert!(ask(&second, false));
        assert!(ask(&second, false));
        assert!(!ask(GOOD, false));
        assert!(!ask(&second, true));
        assert!(!ask(&format!("{second} x"), false));
        assert!(ask(&format!("{second} "), false));
    }
}
