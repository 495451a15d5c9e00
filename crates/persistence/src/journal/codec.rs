//! A call as compact bytes and back. Owns the layout of a record; frames and files are elsewhere.
//!
//! Version 1, numbers in little endian: version u8, flags u8, call id 16, at i64 (microseconds since 1970), project
//! id 16, user id 16, key id 16 if flagged, server id 16 if flagged, kind u8, outcome u8, code i64 if the outcome has
//! one, duration u64 (microseconds), then client, server and target, each a length u16 and that many bytes of UTF-8;
//! then, if flagged, the digest of the arguments (32) or the arguments (a text); then, each if flagged, the reason of a
//! refusal u8 and its rule 16, and how long it waited u64 (microseconds).
//!
//! What was added has a flag of its own and comes last, so a record without it is as it was before.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::arguments::Arguments;
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::id::{CallId, KeyId, ProjectId, RuleId, ServerId, UserId};
use orch_domain::refusal::Refusal;
use uuid::Uuid;

use crate::chain::hash::{reason_number, reason_of_number};
use crate::timestamp::{from_micros, to_micros};

const VERSION: u8 = 1;
const HAS_KEY: u8 = 1;
const HAS_SERVER: u8 = 2;
const HAS_DIGEST: u8 = 4;
const HAS_ARGUMENTS: u8 = 8;
const HAS_REASON: u8 = 16;
const HAS_RULE: u8 = 32;
const HAS_WAITED: u8 = 64;
/// Longer texts are cut off: a client may call itself anything and ask for anything.
pub(crate) const MAX_TEXT: usize = 8 * 1024;
/// No record is shorter.
pub(crate) const MIN_LEN: usize = 1 + 1 + 16 + 8 + 16 + 16 + 1 + 1 + 8 + 3 * 2;
/// No record is longer.
pub(crate) const MAX_LEN: usize = MIN_LEN + 2 * 16 + 8 + 3 * MAX_TEXT + 2 + MAX_TEXT + 1 + 16 + 8;

/// Appends the record to `out`.
pub(crate) fn encode(call: &Call, out: &mut Vec<u8>) {
    let kept = match call.arguments {
        None => 0,
        Some(Arguments::Digest(_)) => HAS_DIGEST,
        Some(Arguments::Redacted(_)) => HAS_ARGUMENTS,
    };
    let rule = call.refusal.and_then(|refusal| refusal.rule);
    let waited = (!call.waited.is_zero()).then_some(call.waited);
    let flags = call.key_id.map_or(0, |_| HAS_KEY)
        | call.server_id.map_or(0, |_| HAS_SERVER)
        | kept
        | call.refusal.map_or(0, |_| HAS_REASON)
        | rule.map_or(0, |_| HAS_RULE)
        | waited.map_or(0, |_| HAS_WAITED);
    out.extend_from_slice(&[VERSION, flags]);
    out.extend_from_slice(call.id.as_uuid().as_bytes());
    out.extend_from_slice(&to_micros(call.at).to_le_bytes());
    out.extend_from_slice(call.project_id.as_uuid().as_bytes());
    out.extend_from_slice(call.user_id.as_uuid().as_bytes());
    if let Some(id) = call.key_id {
        out.extend_from_slice(id.as_uuid().as_bytes());
    }
    if let Some(id) = call.server_id {
        out.extend_from_slice(id.as_uuid().as_bytes());
    }
    out.extend_from_slice(&[kind_to_byte(call.kind), outcome_to_byte(call.outcome)]);
    if let Some(code) = call.outcome.code() {
        out.extend_from_slice(&code.to_le_bytes());
    }
    out.extend_from_slice(&micros(call.duration).to_le_bytes());
    for text in [&*call.client, &*call.server, call.target.as_str()] {
        put_text(out, text);
    }
    match &call.arguments {
        None => {}
        Some(Arguments::Digest(digest)) => out.extend_from_slice(digest),
        Some(Arguments::Redacted(text)) => put_text(out, text),
    }
    if let Some(refusal) = call.refusal {
        // There are a few of them only.
        out.push(u8::try_from(reason_number(refusal.reason)).unwrap_or(u8::MAX));
    }
    if let Some(rule) = rule {
        out.extend_from_slice(rule.as_uuid().as_bytes());
    }
    if let Some(waited) = waited {
        out.extend_from_slice(&micros(waited).to_le_bytes());
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// None when the bytes are not a record of a version that is known here.
pub(crate) fn decode(bytes: &[u8]) -> Option<Call> {
    let mut rest = Rest(bytes);
    if rest.byte()? != VERSION {
        return None;
    }
    let flags = rest.byte()?;
    let mut call = Call {
        id: CallId::from_uuid(rest.uuid()?),
        at: rest.time()?,
        project_id: ProjectId::from_uuid(rest.uuid()?),
        user_id: UserId::from_uuid(rest.uuid()?),
        key_id: if flags & HAS_KEY == 0 { None } else { Some(KeyId::from_uuid(rest.uuid()?)) },
        server_id: if flags & HAS_SERVER == 0 { None } else { Some(ServerId::from_uuid(rest.uuid()?)) },
        kind: kind_from_byte(rest.byte()?)?,
        outcome: rest.outcome()?,
        duration: Duration::from_micros(u64::from_le_bytes(rest.array()?)),
        waited: Duration::ZERO,
        client: Arc::from(rest.text()?),
        server: Arc::from(rest.text()?),
        target: rest.text()?.to_owned(),
        refusal: None,
        arguments: match flags & (HAS_DIGEST | HAS_ARGUMENTS) {
            0 => None,
            HAS_DIGEST => Some(Arguments::Digest(rest.array()?)),
            HAS_ARGUMENTS => Some(Arguments::Redacted(rest.text()?.to_owned())),
            _ => return None,
        },
    };
    if flags & HAS_REASON != 0 {
        let reason = reason_of_number(i16::from(rest.byte()?))?;
        let rule = if flags & HAS_RULE == 0 { None } else { Some(RuleId::from_uuid(rest.uuid()?)) };
        call.refusal = Some(Refusal { reason, rule });
    }
    if flags & HAS_WAITED != 0 {
        call.waited = Duration::from_micros(u64::from_le_bytes(rest.array()?));
    }
    rest.0.is_empty().then_some(call)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let kept = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default();
    // At most MAX_TEXT, so it fits.
    let len = u16::try_from(kept.len()).unwrap_or_default();
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(kept.as_bytes());
}

/// What is still to be read of a record.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        from_micros(i64::from_le_bytes(self.array()?))
    }

    fn outcome(&mut self) -> Option<Outcome> {
        Some(match self.byte()? {
            0 => Outcome::Ok,
            1 => Outcome::ToolError,
            2 => Outcome::RpcError(i64::from_le_bytes(self.array()?)),
            3 => Outcome::Unavailable,
            4 => Outcome::Timeout,
            5 => Outcome::Refused,
            6 => Outcome::Limited,
            7 => Outcome::Cancelled,
            8 => Outcome::Abandoned,
            9 => Outcome::Stopping,
            _ => return None,
        })
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = u16::from_le_bytes(self.array()?);
        str::from_utf8(self.take(usize::from(len))?).ok()
    }
}

const fn outcome_to_byte(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::ToolError => 1,
        Outcome::RpcError(_) => 2,
        Outcome::Unavailable => 3,
        Outcome::Timeout => 4,
        Outcome::Refused => 5,
        Outcome::Limited => 6,
        Outcome::Cancelled => 7,
        Outcome::Abandoned => 8,
        Outcome::Stopping => 9,
    }
}

const fn kind_to_byte(kind: CallKind) -> u8 {
    match kind {
        CallKind::Tool => 0,
        CallKind::Prompt => 1,
        CallKind::Resource => 2,
    }
}

const fn kind_from_byte(byte: u8) -> Option<CallKind> {
    Some(match byte {
        0 => CallKind::Tool,
        1 => CallKind::Prompt,
        2 => CallKind::Resource,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
