//! The codec through its public door.

use bytes::Bytes;
use proptest::prelude::{Strategy, any, proptest};

use super::{Incoming, Malformed, decode, encode_error, encode_request, encode_result};
use crate::error::{RpcError, code};
use crate::message::Message;
use crate::raw::Raw;

fn one(text: &str) -> Result<Message, Malformed> {
    match decode(&Bytes::copy_from_slice(text.as_bytes()))? {
        Incoming::Single(message) => Ok(message),
        Incoming::Batch(_) => panic!("a batch"),
    }
}

fn refused(text: &str) -> i64 {
    one(text).expect_err(text).error.code
}

#[test]
fn keeps_ids_as_they_are_written() {
    for id in [
        "\"7\"",
        "7",
        "9007199254740993",
        "-1",
        "\"\"",
        "\"\\u00e9\"",
        "123456789012345678901234567890",
        "1.0",
        "1e0",
        "-1.50E+1",
        "10e-1",
        "1e400",
    ] {
        let Message::Request(request) = one(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)).expect(id)
        else {
            panic!("{id}")
        };
        assert_eq!(request.id.as_bytes(), id.as_bytes());
        let answer = encode_result(&request.id, &Raw::from_static("{}"));
        assert_eq!(answer, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
    }
}

#[test]
fn refuses_ids_that_are_none() {
    for id in ["null", "1.5", "-0.5", "15e-1", "{}", "[1]", "true"] {
        assert_eq!(
            refused(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)),
            code::INVALID_REQUEST,
            "{id}"
        );
    }
}

#[test]
fn keeps_params_byte_for_byte() {
    let params = r#"{ "a" : 1e400, "b":1.0,"c":12345678901234567890, "d":"\ud83d\ude00 😀", "d": [ ] }"#;
    let Ok(Message::Request(request)) =
        one(&format!(r#"{{"id":1,"params":{params},"method":"x","jsonrpc":"2.0","y":1}}"#))
    else {
        panic!()
    };
    assert_eq!(request.params.expect("params").as_str(), params);
}

#[test]
fn refuses_what_is_no_message() {
    for (text, expected) in [
        ("", code::PARSE_ERROR),
        ("nonsense", code::PARSE_ERROR),
        (r#"{"jsonrpc":"2.0""#, code::PARSE_ERROR),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a"} x"#, code::PARSE_ERROR),
        ("1", code::INVALID_REQUEST),
        ("{}", code::INVALID_REQUEST),
        (r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, code::INVALID_REQUEST),
        (r#"{"id":1,"method":"a"}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, code::INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","result":{}}"#, code::INVALID_REQUEST),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    let latin1 = Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xe9\"}");
    assert_eq!(decode(&latin1).expect_err("latin1").error.code, code::PARSE_ERROR);
}

#[test]
fn refuses_deep_nesting_but_not_deep_strings() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":{}{}}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let refused = one(&deep).expect_err("too deep");
    assert_eq!((refused.error.code, refused.is_response), (code::INVALID_REQUEST, false));
    assert_eq!(refused.id.and_then(|id| id.as_number()), Some(1), "whose it is can be read");
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":"\"\\{}"}}}}"#, "[".repeat(10_000));
    assert!(one(&text).is_ok());
}

#[test]
fn reads_errors_leniently() {
    let Ok(Message::Response(response)) = one(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000}}"#) else {
        panic!()
    };
    assert!(response.id.is_none());
    assert_eq!(response.outcome.expect_err("error").code, -32000);
}

#[test]
fn a_response_says_what_is_not_there_in_either_way() {
    let outcome = |members: &str| match one(&format!(r#"{{"jsonrpc":"2.0","id":1,{members}}}"#)) {
        Ok(Message::Response(response)) => response.outcome.map(|result| result.as_str().to_owned()),
        other => panic!("{other:?}"),
    };
    assert_eq!(outcome(r#""result":{"a":1},"error":null"#).as_deref(), Ok(r#"{"a":1}"#));
    assert_eq!(outcome(r#""error":{"code":7,"message":"m"},"result":null"#).map_err(|error| error.code), Err(7));
    let both = one(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#).expect_err("one of them");
    assert!(both.is_response && both.id.is_some());
    let nobodys = one(r#"{"jsonrpc":"2.0","id":[1],"result":{}}"#).expect_err("no id");
    assert!(nobodys.is_response && nobodys.id.is_none());
    assert!(!one(r#"{"jsonrpc":"2.0","id":[1],"method":"a"}"#).expect_err("a request").is_response);
    assert!(!one(r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#).expect_err("a request").is_response);
}

#[test]
fn writes_errors_without_a_null_id() {
    let error = RpcError::new(code::PARSE_ERROR, "no \"json\"");
    assert_eq!(encode_error(None, &error), r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no \"json\""}}"#);
}

#[test]
fn splits_batches() {
    let body = Bytes::from_static(br#" [{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"},3]"#);
    let Ok(Incoming::Batch(entries)) = decode(&body) else { panic!() };
    assert!(matches!(entries[0], Ok(Message::Request(_))));
    assert!(matches!(entries[1], Ok(Message::Notification(_))));
    assert!(entries[2].is_err());
    assert_eq!(decode(&Bytes::from_static(b"[]")).expect_err("empty").error.code, code::INVALID_REQUEST);
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = decode(&bytes.into());
    }

    #[test]
    fn requests_survive_the_round_trip(number: u64, method in "\\PC{0,20}", key in "\\PC{0,9}", value in any::<i64>().prop_map(|n| n.to_string())) {
        let params = serde_json::json!({ key: value });
        let raw = Raw::serialize(&params).expect("params");
        let body = encode_request(&crate::id::RequestId::from_number(number), &method, Some(&raw));
        let Ok(Incoming::Single(Message::Request(request))) = decode(&body) else { panic!("{body:?}") };
        assert_eq!(request.id.as_number(), Some(number));
        assert_eq!(request.method.as_str(), method);
        assert_eq!(request.params, Some(raw));
    }
}
