//! What has to hold of any bytes, as functions that panic where it does not. Shared by the tests and by the fuzz targets.

use bytes::Bytes;
use orch_mcp::codec::{self, Incoming};
use orch_mcp::message::Message;
use orch_mcp::modern::RequestMeta;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::{asking, content, headers, listing, members, meta, modern, object, sse, tasks};

/// A message means the same when it is written and read again.
pub(crate) fn envelope(input: &[u8]) {
    let Ok(incoming) = codec::decode(&Bytes::copy_from_slice(input)) else { return };
    // Whoever has read it.
    assert!(Raw::parse(Bytes::copy_from_slice(input)).is_ok());
    let messages = match incoming {
        Incoming::Single(message) => vec![Ok(message)],
        Incoming::Batch(messages) => messages,
    };
    for message in messages.into_iter().flatten() {
        match message {
            Message::Request(request) => {
                let written = codec::encode_request(&request.id, request.method.as_str(), request.params.as_ref());
                let Ok(Incoming::Single(Message::Request(again))) = codec::decode(&written) else {
                    panic!("not read again: {written:?}");
                };
                assert_eq!((again.id, again.method.as_str()), (request.id, request.method.as_str()));
                if let Some(params) = request.params {
                    assert!(meta::protocol_version(Some(&params)).is_none_or(|it| !it.as_str().is_empty()));
                    // Either it says everything, or what is missing.
                    let _ = RequestMeta::read(Some(&params)).map_err(|error| assert_eq!(error.code, -32602));
                    let (rest, _) = meta::take_hop(params);
                    assert!(Raw::parse(rest.into_bytes()).is_ok());
                }
            }
            Message::Notification(notification) => {
                let written = codec::encode_notification(notification.method.as_str(), notification.params.as_ref());
                assert!(codec::decode(&written).is_ok(), "{written:?}");
            }
            Message::Response(response) => {
                if let (Some(id), Ok(result)) = (response.id, response.outcome) {
                    let written = codec::encode_result(&id, &result);
                    assert!(codec::decode(&written).is_ok(), "{written:?}");
                }
            }
        }
    }
}

/// A stream is the same events in whatever parts it comes.
pub(crate) fn events(input: &[u8]) {
    let read = |input: &[u8], chunk: usize| {
        let mut decoder = sse::Decoder::new(4096);
        let mut events = Vec::new();
        for part in input.chunks(chunk) {
            decoder.push(part);
            loop {
                match decoder.next_event() {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(error) => return Err((events, error)),
                }
            }
        }
        Ok((events, decoder.last_id().map(str::to_owned)))
    };
    let whole = read(input, input.len().max(1));
    for chunk in [1, 2, 7] {
        let parts = read(input, chunk);
        // Where an event is too large, how much of it is seen depends on how it comes.
        if whole.is_ok() && parts.is_ok() {
            assert_eq!(whole, parts, "in chunks of {chunk}");
        }
    }
}

/// A value is the same after it was a header.
pub(crate) fn header_value(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let encoded = headers::encode(&text);
    assert!(encoded.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)), "{encoded:?}");
    assert_eq!(headers::decode(&encoded).as_deref(), Some(&*text));
    if let Some(decoded) = headers::decode(&text) {
        assert_eq!(headers::decode(&headers::encode(&decoded)), Some(decoded));
    }
}

/// What is edited stays JSON.
pub(crate) fn object(input: &[u8]) {
    let Ok(raw) = Raw::parse(Bytes::copy_from_slice(input)) else { return };
    let valid = |raw: &Raw| Raw::parse(raw.clone().into_bytes()).is_ok();
    if let Ok(entries) = object::entries(&raw) {
        let built = object::build(entries.iter().map(|(key, value)| (key.as_str(), value)));
        assert_eq!(object::entries(&built).expect("an object"), entries);
        // Both ways of looking for one, of which the last counts.
        for (key, _) in &entries {
            let last = entries.iter().rfind(|(other, _)| other == key).map(|(_, value)| value.clone());
            assert_eq!(object::member(&raw, key), last);
        }
        assert!(valid(&object::with(&raw, "added", &Raw::from_static("1")).expect("an object")));
        assert!(valid(&object::without(&raw, |key| key.len() > 2).expect("an object")));
    }
    for revision in Revision::ALL {
        assert!(valid(&content::for_revision(revision, raw.clone())));
        assert!(valid(&listing::tools(revision, raw.clone())));
    }
    assert!(valid(&tasks::plain(raw.clone())));
    assert!(valid(&modern::of_legacy(raw.clone())));
    for method in ["elicitation/create", "sampling/createMessage"] {
        for revision in Revision::ALL {
            if let Ok(Some(shown)) = asking::for_revision(revision, method, Some(raw.clone())) {
                assert!(valid(&shown));
            }
        }
    }
    // Of what passes, each name that decides is there once.
    if let (Ok(()), Ok(entries)) = (members::check(&raw), object::entries(&raw)) {
        assert!(entries.iter().filter(|(key, _)| key.eq_ignore_ascii_case("name")).count() < 2);
    }
    if let Some(schema) = object::member(&raw, "inputSchema") {
        let _ = headers::mirrored(&schema).map(|found| assert!(found.len() < 10_000));
    }
}
