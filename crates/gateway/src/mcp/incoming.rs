//! What a client has sent, decoded. A request that could be read in two ways goes no further: policy would decide over one
//! of them, and the server might run the other.

use actix_web::web::Bytes;
use orch_mcp::codec::{self, Incoming, Malformed};
use orch_mcp::id::RequestId;
use orch_mcp::members;
use orch_mcp::message::{Message, Response};

use crate::serving::feed::Sent;

pub(super) fn decode(body: &Bytes) -> Result<Incoming, Malformed> {
    Ok(match codec::decode(body)? {
        Incoming::Single(message) => Incoming::Single(checked(message)?),
        Incoming::Batch(entries) => Incoming::Batch(entries.into_iter().map(entry).collect()),
    })
}

/// The id of a request that is refused before anything is done about it, where it came whole with its head. Nothing is
/// waited for or kept for who is not let in.
pub(super) fn id_of(body: &Sent) -> Option<RequestId> {
    let Sent::Whole(body) = body else { return None };
    match codec::decode(body) {
        Ok(Incoming::Single(Message::Request(request))) => Some(request.id),
        _ => None,
    }
}

/// One of a batch. What was meant as a response gets none: its id is that of our question, and the client may have a
/// request of its own with the same. The question has its answer, which is what is wrong.
fn entry(entry: Result<Message, Malformed>) -> Result<Message, Malformed> {
    match entry {
        Ok(message) => checked(message),
        Err(Malformed { id, is_response: true, error }) => Ok(Message::Response(Response { id, outcome: Err(error) })),
        Err(malformed) => Err(malformed),
    }
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
    use orch_mcp::message::Message;

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
    fn in_a_batch_a_response_that_cannot_be_read_is_one_all_the_same() {
        const UNCLEAR: &str = r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#;
        let Ok(Incoming::Batch(entries)) = decode(&Bytes::from(format!("[{UNCLEAR}]"))) else { panic!() };
        let [Ok(Message::Response(response))] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!(response.id.as_ref().and_then(|id| id.as_number()), Some(7));
        assert_eq!(response.outcome.as_ref().map_err(|error| error.code), Err(-32600));
        assert!(decode(&Bytes::from(UNCLEAR)).expect_err("alone it is refused").is_response);
    }

    #[test]
    fn in_a_batch_it_is_refused_alone() {
        let batch = decode(&Bytes::from(format!("[{TWO_WAYS},{ONE_WAY}]")));
        let Ok(Incoming::Batch(entries)) = batch else { panic!("{batch:?}") };
        assert_eq!(entries.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
    }
}
