//! What a client has sent, decoded. A request that could be read in two ways goes no further: policy would decide over one
//! of them, and the server might run the other.

use actix_web::web::Bytes;
use orch_mcp::codec::{self, Incoming, Malformed};
use orch_mcp::members;
use orch_mcp::message::Message;

pub(super) fn decode(body: &Bytes) -> Result<Incoming, Malformed> {
    Ok(match codec::decode(body)? {
        Incoming::Single(message) => Incoming::Single(checked(message)?),
        Incoming::Batch(entries) => Incoming::Batch(entries.into_iter().map(|entry| entry.and_then(checked)).collect()),
    })
}

fn checked(message: Message) -> Result<Message, Malformed> {
    if let Message::Request(request) = &message
        && let Some(params) = &request.params
        && let Err(error) = members::check(params)
    {
        return Err(Malformed { id: Some(request.id.clone()), is_response: false, error });
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;
    use orch_mcp::codec::Incoming;

    use super::decode;

    const TWO_WAYS: &str =
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"allowed","Name":"denied"}}"#;
    const ONE_WAY: &str = r#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"allowed"}}"#;

    #[test]
    fn a_request_that_can_be_read_in_two_ways_is_refused_by_its_id() {
        let refused = decode(&Bytes::from(TWO_WAYS)).expect_err("two ways");
        assert_eq!((refused.id.and_then(|id| id.as_number()), refused.error.code), (Some(7), -32602));
        assert!(decode(&Bytes::from(ONE_WAY)).is_ok());
    }

    #[test]
    fn in_a_batch_it_is_refused_alone() {
        let batch = decode(&Bytes::from(format!("[{TWO_WAYS},{ONE_WAY}]")));
        let Ok(Incoming::Batch(entries)) = batch else { panic!("{batch:?}") };
        assert_eq!(entries.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
    }
}
