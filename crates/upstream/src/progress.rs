//! Progress notifications of an upstream: whose they are, and whether they are progress at all. Delivers nothing.

use orch_mcp::id;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A well-formed progress notification.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Ours, so the id of a request.
    pub(crate) token: u64,
    pub(crate) value: f64,
    /// Without the token.
    pub(crate) params: Raw,
}

/// Drops progress that does not increase.
#[derive(Debug)]
pub(crate) struct Increasing(f64);

impl Default for Increasing {
    fn default() -> Self {
        Self(f64::NEG_INFINITY)
    }
}

impl Increasing {
    pub(crate) fn admits(&mut self, value: f64) -> bool {
        let higher = value > self.0;
        if higher {
            self.0 = value;
        }
        higher
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    progress_token: &'a RawValue,
    progress: f64,
}

impl Progress {
    /// None when it is malformed, or the token is none that we gave out.
    pub(crate) fn read(params: Option<&Raw>) -> Option<Self> {
        let params = params?;
        let wire: Wire<'_> = params.read().ok()?;
        let token = id::number(wire.progress_token.get())?;
        let value = Some(wire.progress).filter(|value| value.is_finite())?;
        let params = object::without(params, |key| key == "progressToken").ok()?;
        Some(Self { token, value, params })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orch_mcp::raw::Raw;

    use super::{Increasing, Progress};

    fn read(text: &str) -> Option<(u64, f64, String)> {
        let params = Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text);
        Progress::read(Some(&params)).map(|p| (p.token, p.value, p.params.as_str().to_owned()))
    }

    #[test]
    fn takes_our_tokens_and_leaves_the_rest_as_it_was() {
        assert_eq!(
            read(r#"{"progressToken":7,"progress":1.50,"x":{ "y":1.0}}"#),
            Some((7, 1.5, r#"{"progress":1.50,"x":{ "y":1.0}}"#.to_owned()))
        );
        for token in [r#""7""#, "7.0", "7e0"] {
            let text = format!(r#"{{"progress":2,"progressToken":{token}}}"#);
            assert_eq!(read(&text).map(|p| p.0), Some(7), "{token}");
        }
    }

    #[test]
    fn refuses_what_is_malformed_or_not_ours() {
        for text in [
            r#"{"progressToken":7,"value":1}"#,
            r#"{"progress":1}"#,
            r#"{"progressToken":"abc","progress":1}"#,
            r#"{"progressToken":-1,"progress":1}"#,
            r#"{"progressToken":7,"progress":"1"}"#,
            r#"{"progressToken":null,"progress":1}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(Progress::read(None).is_none());
    }

    #[test]
    fn progress_only_increases() {
        let mut increasing = Increasing::default();
        let admitted: Vec<bool> = [-1.0, 0.0, 0.0, 2.0, 1.0, 2.5].map(|value| increasing.admits(value)).to_vec();
        assert_eq!(admitted, [true, true, false, true, false, true]);
    }
}
