//! The handshake of the legacy revisions, both ways.

use serde::{Deserialize, Serialize};

use crate::error::RpcError;
use crate::raw::Raw;
use crate::revision::Revision;

/// What a client says of itself in `initialize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// As asked for; see [`Revision::negotiate`].
    pub protocol_version: String,
    /// An object.
    pub capabilities: Raw,
    /// An object.
    pub client_info: Raw,
}

/// What a server says of itself in the result of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    pub revision: Revision,
    /// An object.
    pub capabilities: Raw,
    /// An object; empty when the server does not say, see [`Self::server_info`].
    pub server_info: Raw,
    pub instructions: Option<String>,
    /// Further revisions that the server says it speaks; a modern server may speak legacy ones as well.
    pub also: Vec<Revision>,
}

/// Why an upstream's handshake cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHello {
    #[error("the result of initialize is malformed: {0}")]
    Malformed(String),
    #[error("the server speaks protocol version {0}, which is unknown here")]
    UnknownVersion(String),
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    protocol_version: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    capabilities: Option<&'a serde_json::value::RawValue>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    client_info: Option<&'a serde_json::value::RawValue>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    server_info: Option<&'a serde_json::value::RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
}

fn object_or_empty(buffer: &Raw, value: Option<&serde_json::value::RawValue>) -> Raw {
    value
        .filter(|value| value.get().starts_with('{'))
        .map_or_else(|| Raw::from_static("{}"), |value| Raw::within(buffer.buffer(), value.get()).on_one_line())
}

impl ClientHello {
    /// Reads the params of `initialize`. Only `protocolVersion` is required; clients forget the rest.
    pub fn read(params: Option<&Raw>) -> Result<Self, RpcError> {
        let params = params.ok_or_else(|| RpcError::invalid_params("initialize needs params"))?;
        let wire: Wire<'_> = params.read().map_err(|error| RpcError::invalid_params(format!("initialize: {error}")))?;
        Ok(Self {
            protocol_version: wire.protocol_version.into_owned(),
            capabilities: object_or_empty(params, wire.capabilities),
            client_info: object_or_empty(params, wire.client_info),
        })
    }

    /// The params of `initialize`.
    #[must_use]
    pub fn write(&self) -> Raw {
        let version = text(&self.protocol_version);
        crate::object::build([
            ("protocolVersion", &version),
            ("capabilities", &self.capabilities),
            ("clientInfo", &self.client_info),
        ])
    }

    /// Name and version as one line for people, such as `cursor 1.2`; empty when the client does not say.
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.client_info)
    }
}

impl ServerHello {
    pub fn read(result: &Raw) -> Result<Self, BadHello> {
        let wire: Wire<'_> = result.read().map_err(|error| BadHello::Malformed(error.to_string()))?;
        let revision = Revision::parse(&wire.protocol_version)
            .filter(|revision| revision.is_legacy())
            .ok_or_else(|| BadHello::UnknownVersion(wire.protocol_version.chars().take(64).collect()))?;
        Ok(Self {
            revision,
            capabilities: object_or_empty(result, wire.capabilities),
            server_info: object_or_empty(result, wire.server_info),
            instructions: wire.instructions,
            also: Vec::new(),
        })
    }

    /// Reads what [`Self::write`] wrote, in whichever era; None when it is something else.
    #[must_use]
    pub fn restore(stored: &Raw) -> Option<Self> {
        let wire: Wire<'_> = stored.read().ok()?;
        Some(Self {
            revision: Revision::parse(&wire.protocol_version)?,
            capabilities: object_or_empty(stored, wire.capabilities),
            server_info: object_or_empty(stored, wire.server_info),
            instructions: wire.instructions,
            also: crate::modern::versions(stored),
        })
    }

    /// The result of `initialize`.
    #[must_use]
    pub fn write(&self) -> Raw {
        let version = text(self.revision.as_str());
        let instructions = self.instructions.as_deref().map(text);
        let mut members = vec![
            ("protocolVersion", &version),
            ("capabilities", &self.capabilities),
            ("serverInfo", &self.server_info),
        ];
        if let Some(instructions) = &instructions {
            members.push(("instructions", instructions));
        }
        let also: Vec<&str> = self.also.iter().map(|revision| revision.as_str()).collect();
        let also = Raw::serialize(&also).unwrap_or_else(|_| Raw::from_static("[]"));
        if !self.also.is_empty() {
            members.push(("supportedVersions", &also));
        }
        crate::object::build(members)
    }

    /// Who the server is, an `Implementation`; None when it does not say.
    #[must_use]
    pub fn server_info(&self) -> Option<&Raw> {
        Some(&self.server_info).filter(|info| names_one(info))
    }

    /// Name and version as one line for people; empty when the server does not say.
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.server_info)
    }
}

fn text(value: &str) -> Raw {
    Raw::trusted(serde_json::Value::from(value).to_string())
}

/// Whether an `Implementation` names anybody; what stands in for one that was not given does not.
pub(crate) fn names_one(info: &Raw) -> bool {
    *info != Raw::from_static("{}")
}

/// Name and version of an `Implementation` as one line for people. At most 100 characters, without control characters: it goes into logs and records.
#[must_use]
pub fn display_name(info: &Raw) -> String {
    let name = crate::object::string(info, "name").unwrap_or_default();
    let version = crate::object::string(info, "version").unwrap_or_default();
    let text: String = format!("{name} {version}").chars().filter(|c| !c.is_control()).take(100).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{BadHello, ClientHello, ServerHello};
    use crate::raw::Raw;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[test]
    fn reads_clients_that_forget_things() {
        let hello = ClientHello::read(Some(&raw(r#"{"protocolVersion":"2025-06-18"}"#))).expect("hello");
        assert_eq!(hello.capabilities.as_str(), "{}");
        assert_eq!(hello.display_name(), "");
        assert_eq!(ClientHello::read(Some(&raw("{}"))).map_err(|error| error.code), Err(-32602));
        assert_eq!(ClientHello::read(None).map_err(|error| error.code), Err(-32602));
    }

    #[test]
    fn keeps_unknown_capabilities() {
        let result = raw(
            r#"{"protocolVersion":"2025-11-25","capabilities":{"x":{"y":1.0}},"serverInfo":{"name":"n\n","version":"1"},"instructions":"i"}"#,
        );
        let hello = ServerHello::read(&result).expect("hello");
        assert_eq!(hello.capabilities.as_str(), r#"{"x":{"y":1.0}}"#);
        assert_eq!(hello.display_name(), "n 1");
        assert_eq!(ServerHello::read(&hello.write()), Ok(hello));
    }

    #[test]
    fn refuses_versions_without_a_handshake() {
        for version in ["2026-07-28", "2031-01-01"] {
            let result = Raw::serialize(&serde_json::json!({ "protocolVersion": version })).expect("json");
            assert_eq!(ServerHello::read(&result), Err(BadHello::UnknownVersion(version.to_owned())));
        }
    }
}
