//! What is hashed, byte for byte. Every text is preceded by its length and every absent value by a zero, so that no two
//! rows give the same bytes. Changing anything here makes every stored chain a wrong one.

use orch_domain::arguments::Arguments;
use orch_domain::call::{Call, CallKind, OutcomeKind};
use orch_domain::id::{KeyId, ProjectId, RuleId, ServerId};
use orch_domain::refusal::Reason;
use orch_domain::usage::Item;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Stream;
use crate::entity::audit_entry;
use crate::entity::storable;
use crate::timestamp::to_micros;

pub(crate) type Hash = [u8; 32];

/// What the first link of a chain follows.
pub(crate) fn genesis(scope: Uuid, stream: Stream) -> Hash {
    let mut bytes = Bytes::labelled("mcp-orchestrator chain v1");
    bytes.uuid(scope);
    bytes.text(stream.as_str());
    bytes.finish()
}

/// The link of an audit entry.
pub(crate) fn entry(before: &Hash, seq: i64, row: &audit_entry::Model) -> Hash {
    let mut bytes = Bytes::labelled("entry");
    bytes.raw(before);
    bytes.number(seq);
    bytes.uuid(row.id);
    bytes.number(to_micros(row.at));
    bytes.maybe_uuid(row.project_id);
    bytes.maybe_uuid(row.user_id);
    bytes.maybe_uuid(row.key_id);
    for text in [&row.via, &row.action, &row.target_kind, &row.target_id, &row.target_name, &row.detail] {
        bytes.text(text);
    }
    // Nothing for none, as in the time when there were none.
    if let Some(facts) = &row.facts {
        bytes.text(facts);
    }
    bytes.finish()
}

/// What a call says by itself; the rest is in its shape.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub(crate) call_id: Uuid,
    pub(crate) at: i64,
    pub(crate) duration_us: i64,
    pub(crate) code: Option<i64>,
    /// As they are stored; see [`kept_arguments`].
    pub(crate) arguments: Option<Vec<u8>>,
    /// None when it did not wait.
    pub(crate) waited_us: Option<i64>,
}

/// The link of a call.
pub(crate) fn call(before: &Hash, seq: i64, bare: &Bare, shape: &Hash) -> Hash {
    let mut bytes = Bytes::labelled("call");
    bytes.raw(before);
    bytes.number(seq);
    bytes.uuid(bare.call_id);
    bytes.number(bare.at);
    bytes.number(bare.duration_us);
    match bare.code {
        None => bytes.raw(&[0]),
        Some(code) => {
            bytes.raw(&[1]);
            bytes.number(code);
        }
    }
    bytes.raw(shape);
    // Nothing for none, as in the time when there were none.
    if let Some(arguments) = &bare.arguments {
        bytes.raw(&(arguments.len() as u64).to_be_bytes());
        bytes.raw(arguments);
    }
    if let Some(waited) = bare.waited_us {
        // No arguments are of that length.
        bytes.number(-1);
        bytes.number(waited);
    }
    bytes.finish()
}

const DIGEST: u8 = 1;
const REDACTED: u8 = 2;

/// What is stored of arguments: one byte that says what, and then it.
pub(crate) fn kept_arguments(arguments: &Arguments) -> Vec<u8> {
    match arguments {
        Arguments::Digest(digest) => [&[DIGEST], digest.as_slice()].concat(),
        Arguments::Redacted(text) => [&[REDACTED], text.as_bytes()].concat(),
    }
}

/// The inverse of [`kept_arguments`].
pub(crate) fn read_arguments(bytes: &[u8]) -> Option<Arguments> {
    let (what, rest) = bytes.split_first()?;
    match *what {
        DIGEST => rest.try_into().ok().map(Arguments::Digest),
        REDACTED => str::from_utf8(rest).ok().map(|text| Arguments::Redacted(text.to_owned())),
        _ => None,
    }
}

/// Everything about a call that others have in common with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) project_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) key_id: Option<Uuid>,
    pub(crate) client: String,
    pub(crate) server_id: Option<Uuid>,
    pub(crate) server: String,
    pub(crate) kind: i16,
    pub(crate) target: String,
    pub(crate) outcome: i16,
    pub(crate) reason: Option<i16>,
    pub(crate) rule_id: Option<Uuid>,
}

impl Shape {
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            project_id: call.project_id.as_uuid(),
            user_id: call.user_id.as_uuid(),
            key_id: call.key_id.map(KeyId::as_uuid),
            client: storable(&call.client),
            server_id: call.server_id.map(ServerId::as_uuid),
            server: storable(&call.server),
            kind: kind_number(call.kind),
            target: storable(&call.target),
            outcome: outcome_number(call.outcome.kind()),
            reason: call.refusal.map(|refusal| reason_number(refusal.reason)),
            rule_id: call.refusal.and_then(|refusal| refusal.rule).map(RuleId::as_uuid),
        }
    }

    pub(crate) fn digest(&self) -> Hash {
        let mut bytes = Bytes::labelled("shape");
        bytes.uuid(self.project_id);
        bytes.uuid(self.user_id);
        bytes.maybe_uuid(self.key_id);
        bytes.maybe_uuid(self.server_id);
        bytes.number(i64::from(self.kind));
        bytes.number(i64::from(self.outcome));
        for text in [&self.client, &self.server, &self.target] {
            bytes.text(text);
        }
        // Nothing for none, as in the time when there were none.
        if self.reason.is_some() || self.rule_id.is_some() {
            bytes.number(self.reason.map_or(-1, i64::from));
            bytes.maybe_uuid(self.rule_id);
        }
        bytes.finish()
    }
}

/// Names what calls are summed up for.
pub(crate) fn item(item: &Item) -> Hash {
    let mut bytes = Bytes::labelled("item");
    bytes.text(item.dimension().as_str());
    match item {
        Item::Project => {}
        Item::Server(server) => bytes.maybe_uuid(server.map(ServerId::as_uuid)),
        Item::Tool { server, kind, name } => {
            bytes.maybe_uuid(server.map(ServerId::as_uuid));
            bytes.text(kind.as_str());
            bytes.text(&storable(name));
        }
        Item::User(user) => bytes.uuid(user.as_uuid()),
        Item::Key(key) => bytes.maybe_uuid(key.map(KeyId::as_uuid)),
        Item::Client(name) => bytes.text(&storable(name)),
        Item::Other(_) => bytes.raw(b"rest"),
    }
    bytes.finish()
}

/// What is signed of the end of a chain.
pub(crate) fn head_message(scope: Uuid, stream: Stream, seq: i64, hash: &Hash) -> Vec<u8> {
    message("mcp-orchestrator chain head v1", scope, stream, seq, hash)
}

/// What is signed when everything up to `seq` has been taken away by retention.
pub(crate) fn pruned_message(scope: Uuid, stream: Stream, seq: i64, hash: &Hash) -> Vec<u8> {
    message("mcp-orchestrator chain pruned v1", scope, stream, seq, hash)
}

fn message(label: &str, scope: Uuid, stream: Stream, seq: i64, hash: &Hash) -> Vec<u8> {
    let parts: [&[u8]; 7] =
        [label.as_bytes(), &[0], scope.as_bytes(), stream.as_str().as_bytes(), &[0], &seq.to_be_bytes(), hash];
    parts.concat()
}

/// Numbers stay as they are: they are hashed and stored.
pub(crate) const fn kind_number(kind: CallKind) -> i16 {
    match kind {
        CallKind::Tool => 0,
        CallKind::Prompt => 1,
        CallKind::Resource => 2,
    }
}

pub(crate) fn kind_of_number(number: i16) -> Option<CallKind> {
    CallKind::ALL.into_iter().find(|kind| kind_number(*kind) == number)
}

pub(crate) const fn outcome_number(outcome: OutcomeKind) -> i16 {
    match outcome {
        OutcomeKind::Ok => 0,
        OutcomeKind::ToolError => 1,
        OutcomeKind::RpcError => 2,
        OutcomeKind::Unavailable => 3,
        OutcomeKind::Timeout => 4,
        OutcomeKind::Refused => 5,
        OutcomeKind::Limited => 6,
        OutcomeKind::Cancelled => 7,
        OutcomeKind::Abandoned => 8,
        OutcomeKind::Stopping => 9,
    }
}

pub(crate) fn outcome_of_number(number: i16) -> Option<OutcomeKind> {
    OutcomeKind::ALL.into_iter().find(|outcome| outcome_number(*outcome) == number)
}

/// The numbers of the outcomes that `wanted` says yes to.
pub(crate) fn outcome_numbers(wanted: impl Fn(OutcomeKind) -> bool) -> Vec<i16> {
    OutcomeKind::ALL.into_iter().filter(|outcome| wanted(*outcome)).map(outcome_number).collect()
}

pub(crate) const fn reason_number(reason: Reason) -> i16 {
    match reason {
        Reason::Unknown => 0,
        Reason::InvalidParams => 1,
        Reason::Role => 2,
        Reason::KeyScope => 3,
        Reason::Rule => 4,
        Reason::SwitchedOff => 5,
        Reason::ApprovalDenied => 6,
        Reason::ApprovalDeclined => 7,
        Reason::ApprovalExpired => 8,
        Reason::NoApprover => 9,
        Reason::DuplicateId => 10,
        Reason::SessionEnded => 11,
        Reason::RecordUnavailable => 12,
        Reason::LimitPerMinute => 13,
        Reason::LimitConcurrent => 14,
        Reason::LimitPerDay => 15,
        Reason::LimitInFlight => 16,
        Reason::LimitApprovals => 17,
        Reason::ServerBusy => 18,
    }
}

pub(crate) fn reason_of_number(number: i16) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason_number(*reason) == number)
}

/// The numbers of these reasons, as a list in SQL; never an empty one.
pub(crate) fn reasons_in_sql(reasons: &[Reason]) -> String {
    let numbers: Vec<_> = reasons.iter().map(|reason| reason_number(*reason).to_string()).collect();
    if numbers.is_empty() { "NULL".to_owned() } else { numbers.join(", ") }
}

struct Bytes(Sha256);

impl Bytes {
    fn labelled(label: &str) -> Self {
        let mut bytes = Self(Sha256::new());
        bytes.text(label);
        bytes
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn number(&mut self, number: i64) {
        self.raw(&number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.raw(&(text.len() as u64).to_be_bytes());
        self.raw(text.as_bytes());
    }

    fn uuid(&mut self, id: Uuid) {
        self.raw(id.as_bytes());
    }

    fn maybe_uuid(&mut self, id: Option<Uuid>) {
        match id {
            None => self.raw(&[0]),
            Some(id) => {
                self.raw(&[1]);
                self.uuid(id);
            }
        }
    }

    fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The project of a scope; None for the instance.
pub(crate) fn project_of(scope: Uuid) -> Option<ProjectId> {
    (!scope.is_nil()).then(|| ProjectId::from_uuid(scope))
}

#[cfg(test)]
mod tests {
    use orch_domain::arguments::Arguments;
    use orch_domain::call::OutcomeKind;
    use orch_domain::refusal::Reason;
    use orch_testkit::builders::a_call;
    use uuid::Uuid;

    use super::{
        Bare, Shape, call, entry, genesis, kept_arguments, outcome_number, outcome_of_number, read_arguments,
        reason_number, reason_of_number,
    };
    use crate::chain::Stream;
    use crate::entity::audit_entry;

    #[test]
    fn every_fact_of_a_call_is_in_its_link() {
        let one = a_call().build();
        let shape = Shape::of(&one);
        let others = [
            Shape { project_id: Uuid::nil(), ..shape.clone() },
            Shape { user_id: Uuid::nil(), ..shape.clone() },
            Shape { key_id: Some(Uuid::nil()), ..shape.clone() },
            Shape { server_id: None, ..shape.clone() },
            Shape { kind: 1, ..shape.clone() },
            Shape { outcome: 1, ..shape.clone() },
            Shape { reason: Some(0), ..shape.clone() },
            Shape { reason: Some(1), ..shape.clone() },
            Shape { rule_id: Some(Uuid::nil()), ..shape.clone() },
            Shape { reason: Some(0), rule_id: Some(Uuid::nil()), ..shape.clone() },
            // The same letters, otherwise divided.
            Shape { client: "ab".into(), server: "c".into(), ..shape.clone() },
            Shape { client: "a".into(), server: "bc".into(), ..shape.clone() },
            Shape { target: "other".into(), ..shape.clone() },
        ];
        let mut seen: Vec<_> = others.iter().map(Shape::digest).collect();
        seen.push(shape.digest());
        let before = genesis(Uuid::nil(), Stream::Calls);
        seen.push(genesis(Uuid::nil(), Stream::Entries));
        let bare = Bare { call_id: Uuid::nil(), at: 1, duration_us: 2, code: None, arguments: None, waited_us: None };
        let bares = [
            bare.clone(),
            Bare { call_id: Uuid::max(), ..bare.clone() },
            Bare { at: 2, ..bare.clone() },
            Bare { duration_us: 3, ..bare.clone() },
            Bare { code: Some(0), ..bare.clone() },
            Bare { waited_us: Some(0), ..bare.clone() },
            Bare { waited_us: Some(1), ..bare.clone() },
            Bare { arguments: Some(kept_arguments(&Arguments::Digest([0; 32]))), ..bare.clone() },
            Bare { arguments: Some(kept_arguments(&Arguments::Redacted("{}".to_owned()))), ..bare.clone() },
        ];
        seen.extend(bares.iter().map(|bare| call(&before, 1, bare, &shape.digest())));
        seen.push(call(&before, 2, &bare, &shape.digest()));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn an_entry_without_facts_has_the_link_that_it_had_before_there_were_any() {
        let row = |facts: Option<&str>| audit_entry::Model {
            id: Uuid::nil(),
            at: crate::timestamp::from_micros(1).unwrap(),
            project_id: Some(Uuid::max()),
            user_id: None,
            key_id: None,
            via: "login".to_owned(),
            action: "server.update".to_owned(),
            target_kind: "server".to_owned(),
            target_id: "1".to_owned(),
            target_name: "github".to_owned(),
            detail: "name".to_owned(),
            facts: facts.map(str::to_owned),
            chain: None,
            seq: None,
            link: None,
        };
        let link = |facts| entry(&[0; 32], 7, &row(facts));
        let written = link(None).map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(written, "b0930e872a439d7852550ecb42c667c8801118320f551f610d6c17f2f3ac2245");
        let others = [None, Some(""), Some("[]"), Some("[[\"rule\",\"x\"]]")].map(link);
        for (at, other) in others.iter().enumerate() {
            assert!(!others[..at].contains(other));
        }
    }

    #[test]
    fn arguments_are_read_as_they_were_kept() {
        for arguments in [Arguments::Digest([7; 32]), Arguments::Redacted(r#"{"a":"ü"}"#.to_owned())] {
            assert_eq!(read_arguments(&kept_arguments(&arguments)), Some(arguments));
        }
        for wrong in [[].as_slice(), &[1, 2], &[2, 0xff], &[9]] {
            assert_eq!(read_arguments(wrong), None);
        }
    }

    /// A call as it was before reasons and waits: its link is what a version of that time has signed.
    #[test]
    fn a_call_without_what_came_later_has_the_link_that_it_had() {
        let id = |last: u128| Uuid::from_u128(last);
        let shape = Shape {
            project_id: id(1),
            user_id: id(2),
            key_id: None,
            client: "cursor 1".to_owned(),
            server_id: Some(id(3)),
            server: "github".to_owned(),
            kind: 0,
            target: "create_issue".to_owned(),
            outcome: 5,
            reason: None,
            rule_id: None,
        };
        let bare = Bare { call_id: id(4), at: 5, duration_us: 6, code: None, arguments: None, waited_us: None };
        let link = call(&genesis(id(1), Stream::Calls), 1, &bare, &shape.digest());
        let hex: String = link.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b01cc9556502edde5400beaa990c9603d9e9935f5cb2935032c4e9bcbb480037");
    }

    #[test]
    fn reasons_have_numbers_that_stay() {
        for reason in Reason::ALL {
            assert_eq!(reason_of_number(reason_number(reason)), Some(reason), "{reason}");
        }
        let words: Vec<_> = (0..).map_while(reason_of_number).map(Reason::as_str).collect();
        assert_eq!(
            words.join(" "),
            "unknown invalid_params role key_scope rule switched_off approval_denied approval_declined approval_expired \
             no_approver duplicate_id session_ended record_unavailable limit_per_minute limit_concurrent limit_per_day \
             limit_in_flight limit_approvals server_busy"
        );
        assert_eq!((reason_of_number(-1), reason_of_number(19)), (None, None));
    }

    #[test]
    fn outcomes_have_numbers_that_stay() {
        for outcome in OutcomeKind::ALL {
            assert_eq!(outcome_of_number(outcome_number(outcome)), Some(outcome), "{outcome}");
        }
        let words: Vec<_> = (0..).map_while(outcome_of_number).map(OutcomeKind::as_str).collect();
        assert_eq!(
            words.join(" "),
            "ok tool_error rpc_error unavailable timeout refused limited cancelled abandoned stopping"
        );
        assert_eq!((outcome_of_number(-1), outcome_of_number(10)), (None, None));
    }
}
