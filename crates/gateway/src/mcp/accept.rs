//! Which form of answer a client takes.

use crate::fields::{Fields, plain};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepts {
    Both,
    JsonOnly,
    EventsOnly,
}

/// None when neither JSON nor an event stream would be taken. Clients that do not say take both.
pub(super) fn accepts(headers: &impl Fields) -> Option<Accepts> {
    let mut values = headers.all("accept").peekable();
    // What the protocol asks of clients, in the words that nearly all of them use.
    if values.peek().is_some_and(|value| *value == BOTH.as_bytes()) {
        return Some(Accepts::Both);
    }
    let mut said = false;
    let (mut json, mut events) = (false, false);
    for value in values {
        said = true;
        for part in plain(value).unwrap_or_default().split(',') {
            let media_type = part.split(';').next().unwrap_or_default().trim();
            let is_any_of = |names: &[&str]| names.iter().any(|name| media_type.eq_ignore_ascii_case(name));
            json |= is_any_of(&[JSON, "application/*", "*/*"]);
            events |= is_any_of(&["text/event-stream", "text/*", "*/*"]);
        }
    }
    match (said, json, events) {
        (false, ..) | (true, true, true) => Some(Accepts::Both),
        (true, true, false) => Some(Accepts::JsonOnly),
        (true, false, true) => Some(Accepts::EventsOnly),
        (true, false, false) => None,
    }
}

const JSON: &str = "application/json";
const BOTH: &str = "application/json, text/event-stream";

pub(super) fn is_json(headers: &impl Fields) -> bool {
    let Some(value) = headers.first("content-type") else { return false };
    value == JSON.as_bytes()
        || plain(value).is_some_and(|value| {
            value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(JSON))
        })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::{Accepts, accepts, is_json};

    fn header(name: actix_web::http::header::HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn reads_what_clients_send() {
        for (value, expected) in [
            ("application/json, text/event-stream", Some(Accepts::Both)),
            ("Application/JSON;q=0.9,*/*;q=0.1", Some(Accepts::Both)),
            ("application/json", Some(Accepts::JsonOnly)),
            ("text/event-stream", Some(Accepts::EventsOnly)),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(accepts(&header(ACCEPT, value)), expected, "{value}");
        }
        assert_eq!(accepts(&HeaderMap::new()), Some(Accepts::Both));
    }

    #[test]
    fn knows_json_by_its_media_type() {
        assert!(is_json(&header(CONTENT_TYPE, "application/json; charset=utf-8")));
        assert!(!is_json(&header(CONTENT_TYPE, "text/plain")));
        assert!(!is_json(&HeaderMap::new()));
    }
}
