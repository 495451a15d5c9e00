//! What a client can be asked, in the few distinctions by which servers are known to offer it more or less.

use orch_mcp::capabilities;
use orch_mcp::object;
use orch_mcp::raw::Raw;

/// A small set, so that the lists that depend on it are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Faculties(u8);

impl Faculties {
    /// None when the client can be asked nothing.
    #[must_use]
    pub fn of(declared: &Raw) -> Option<Self> {
        let has = |capability: &str| capabilities::has(declared, capability);
        let within = |capability: &str, mode: &str| {
            object::member(declared, capability).is_some_and(|value| capabilities::has(&value, mode))
        };
        let by_url = within("elicitation", "url");
        let by_form = has("elicitation") && (within("elicitation", "form") || !by_url);
        let flags = [has("roots"), has("sampling"), within("sampling", "tools"), by_form, by_url];
        let bits = flags.iter().enumerate().fold(0, |bits, (place, flag)| bits | (u8::from(*flag) << place));
        (bits != 0).then_some(Self(bits))
    }
}

impl Faculties {
    /// Whether the client can be asked to fill in a form.
    #[must_use]
    pub const fn has_forms(self) -> bool {
        self.0 & (1 << 3) != 0
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orch_mcp::raw::Raw;

    use super::Faculties;

    fn of(text: &'static str) -> Option<Faculties> {
        Faculties::of(&Raw::parse(Bytes::from_static(text.as_bytes())).expect(text))
    }

    #[test]
    fn tells_clients_apart_that_servers_tell_apart() {
        assert_eq!(of("{}"), None);
        assert_eq!(of(r#"{"experimental":{"x":1}}"#), None);
        assert_eq!(of(r#"{"elicitation":{}}"#), of(r#"{"elicitation":{"form":{}}}"#));
        assert_ne!(of(r#"{"elicitation":{}}"#), of(r#"{"elicitation":{"url":{}}}"#));
        assert!(of(r#"{"elicitation":{}}"#).is_some_and(Faculties::has_forms));
        assert!(!of(r#"{"elicitation":{"url":{}},"roots":{}}"#).is_some_and(Faculties::has_forms));
        assert_ne!(of(r#"{"sampling":{}}"#), of(r#"{"sampling":{"tools":{}}}"#));
        assert_eq!(of(r#"{"roots":{"listChanged":true}}"#), of(r#"{"roots":{}}"#));
    }
}
