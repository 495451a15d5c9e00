//! The settings of this crate.

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://user:password@host`, `smtp://host:587?tls=required`, or `smtp://host:25` without encryption. None for
    /// no mail: links are shown for copying then.
    pub smtp_url: Option<SecretString>,
    /// Who letters are from: `MCP Orchestrator <orchestrator@example.com>`.
    pub from: Option<String>,
    /// How long one attempt may take.
    pub timeout_seconds: u16,
    /// How often a letter is tried when the server cannot be reached or asks for patience.
    pub attempts: u8,
    /// The pause after the first attempt; it doubles after each.
    pub pause_ms: u32,
    /// Letters that wait; more are refused.
    pub queue: u16,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self { smtp_url: None, from: None, timeout_seconds: 20, attempts: 4, pause_ms: 2000, queue: 1000 }
    }
}
