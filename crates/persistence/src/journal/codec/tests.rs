//! The record's bytes, there and back, for any call.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::arguments::Arguments;
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::id::{CallId, KeyId, ProjectId, RuleId, ServerId, UserId};
use orch_domain::refusal::{Reason, Refusal};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use uuid::Uuid;

use super::{MAX_LEN, MAX_TEXT, MIN_LEN, decode, encode};
use crate::journal::frame::{self, Next};
use crate::timestamp::from_micros;

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::ToolError),
        any::<i64>().prop_map(Outcome::RpcError),
        Just(Outcome::Unavailable),
        Just(Outcome::Timeout),
        Just(Outcome::Refused),
        Just(Outcome::Limited),
        Just(Outcome::Cancelled),
        Just(Outcome::Abandoned),
        Just(Outcome::Stopping),
    ]
}

pub(crate) fn call() -> impl Strategy<Value = Call> {
    let ids = (id(), id(), id(), proptest::option::of(id()), proptest::option::of(id()));
    let kind = proptest::sample::select(CallKind::ALL.to_vec());
    // Years 1 to 9999.
    let at = (-62_135_596_800_000_000_i64..253_402_300_800_000_000).prop_map(|at| from_micros(at).unwrap());
    let arguments = proptest::option::of(prop_oneof![
        any::<[u8; 32]>().prop_map(Arguments::Digest),
        ".{0,200}".prop_map(Arguments::Redacted),
    ]);
    let refusal = proptest::option::of((proptest::sample::select(Reason::ALL.to_vec()), proptest::option::of(id())));
    let refusal =
        refusal.prop_map(|refusal| refusal.map(|(reason, rule)| Refusal { reason, rule: rule.map(RuleId::from_uuid) }));
    let texts = (".{0,40}", ".{0,24}", ".{0,200}");
    let times = (any::<u64>(), prop_oneof![Just(0), any::<u64>()]);
    (ids, at, texts, kind, times, outcome(), refusal, arguments).prop_map(
        |((id, project, user, key, server_id), at, texts, kind, (took, waited), outcome, refusal, arguments)| Call {
            id: CallId::from_uuid(id),
            at,
            project_id: ProjectId::from_uuid(project),
            user_id: UserId::from_uuid(user),
            key_id: key.map(KeyId::from_uuid),
            client: texts.0.into(),
            server_id: server_id.map(ServerId::from_uuid),
            server: texts.1.into(),
            kind,
            target: texts.2,
            duration: Duration::from_micros(took),
            waited: Duration::from_micros(waited),
            outcome,
            refusal,
            arguments,
        },
    )
}

proptest! {
    #[test]
    fn gives_back_what_it_was_given(call in call()) {
        let mut bytes = Vec::new();
        encode(&call, &mut bytes);
        assert!((MIN_LEN..=MAX_LEN).contains(&bytes.len()));
        assert_eq!(decode(&bytes), Some(call));
    }

    #[test]
    fn a_frame_gives_back_what_it_was_given(calls in proptest::collection::vec(call(), 1..5)) {
        let mut file = Vec::new();
        let mut one = Vec::new();
        for call in &calls {
            frame::build(call, &mut one);
            file.extend_from_slice(&one);
        }
        let mut rest = file.as_slice();
        for call in &calls {
            let Next::Frame { payload, len } = frame::next(rest) else { panic!("no frame") };
            assert_eq!(decode(payload).as_ref(), Some(call));
            rest = &rest[len..];
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
        let _ = frame::next(&bytes);
    }

    #[test]
    fn a_damaged_frame_is_seen(call in call(), at in any::<proptest::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = Vec::new();
        frame::build(&call, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        assert!(!matches!(frame::next(&bytes), Next::Frame { .. }));
    }
}

#[test]
fn cuts_off_what_is_too_long_between_characters() {
    let mut call = orch_testkit::builders::a_call().build();
    call.target = "ü".repeat(MAX_TEXT);
    call.client = Arc::from("x".repeat(MAX_TEXT + 1));
    call.arguments = Some(Arguments::Redacted("x".repeat(MAX_TEXT + 1)));
    let mut bytes = Vec::new();
    encode(&call, &mut bytes);
    let read = decode(&bytes).unwrap();
    assert_eq!((read.target.len(), read.client.len()), (MAX_TEXT, MAX_TEXT));
    assert!(bytes.len() <= MAX_LEN);
}

/// A record as versions before reasons and waits have written it, which may be what an upgrade finds.
#[test]
fn reads_a_record_of_the_time_before_reasons() {
    let hex = "010b00000000000000000000000000000004354f57f65e47060000000000000000000000000000000001000000000000\
        000000000000000000020000000000000000000000000000000600000000000000000000000000000003000506000000\
        000000000800637572736f72203106006769746875620c006372656174655f697373756502007b7d";
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let id = Uuid::from_u128;
    let call = Call {
        id: CallId::from_uuid(id(4)),
        at: from_micros(1_767_323_045_678_901).unwrap(),
        project_id: ProjectId::from_uuid(id(1)),
        user_id: UserId::from_uuid(id(2)),
        key_id: Some(KeyId::from_uuid(id(6))),
        client: "cursor 1".into(),
        server_id: Some(ServerId::from_uuid(id(3))),
        server: "github".into(),
        kind: CallKind::Tool,
        target: "create_issue".to_owned(),
        duration: Duration::from_micros(6),
        waited: Duration::ZERO,
        outcome: Outcome::Refused,
        refusal: None,
        arguments: Some(Arguments::Redacted("{}".to_owned())),
    };
    assert_eq!(decode(&bytes).as_ref(), Some(&call));
    // And a version of that time reads what has nothing new to say.
    let mut again = Vec::new();
    encode(&call, &mut again);
    assert_eq!(again, bytes);
}
