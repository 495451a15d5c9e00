//! What to write into an MCP client's own settings so that it uses an endpoint of ours. Looks whether the key that it
//! is given opens anything, and never keeps or logs it: it only stands in the text.

mod render;

use std::fmt;
use std::sync::Arc;

use orch_domain::directory::ProjectFacts;
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::Principal;
use secrecy::{ExposeSecret, SecretString};

use crate::access::{Access, Grant};
use crate::error::ControlError;
use crate::policies::explain::subject_of;
use crate::ports::Ports;
use crate::servers;

/// What stands where the key goes when none is given.
pub const KEY_PLACEHOLDER: &str = "YOUR_API_KEY";

#[derive(Clone)]
pub struct Snippets {
    ports: Arc<Ports>,
    access: Access,
}

/// The clients that we know the settings of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnippetClient {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Cline,
    VsCode,
    Windsurf,
    Zed,
    Codex,
    GeminiCli,
}

/// What snippets are wanted for.
#[derive(Debug, Default)]
pub struct SnippetsWanted<'a> {
    /// All of them when None.
    pub client: Option<SnippetClient>,
    /// Alias or id of one server; the unified endpoint when None.
    pub server: Option<&'a str>,
    /// The key to write into the text: the whole of one that opens the project.
    pub key: Option<SecretString>,
}

/// Settings for one client.
#[derive(Clone, PartialEq, Eq)]
pub struct Snippet {
    pub client: SnippetClient,
    pub language: SnippetLanguage,
    /// The files that take the text, the most usual first.
    pub files: Vec<&'static str>,
    pub text: String,
    /// A command of the client's own that does the same.
    pub command: Option<String>,
    /// A link that opens the client and asks it to do the same.
    pub install_link: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnippetLanguage {
    Json,
    Toml,
}

/// The snippets of one endpoint.
#[derive(Debug, Clone)]
pub struct SnippetsSeen {
    /// Where clients reach the endpoint.
    pub url: String,
    pub snippets: Vec<Snippet>,
}

impl SnippetClient {
    pub const ALL: [Self; 9] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Cursor,
        Self::Cline,
        Self::VsCode,
        Self::Windsurf,
        Self::Zed,
        Self::Codex,
        Self::GeminiCli,
    ];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.as_str() == text)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::Cline => "cline",
            Self::VsCode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Zed => "zed",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
        }
    }

    /// As its makers write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Cline => "Cline",
            Self::VsCode => "VS Code",
            Self::Windsurf => "Windsurf",
            Self::Zed => "Zed",
            Self::Codex => "Codex",
            Self::GeminiCli => "Gemini CLI",
        }
    }
}

impl SnippetLanguage {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Toml => "toml",
        }
    }
}

impl Snippets {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// `base_url` is where clients reach the daemon, without a slash at its end.
    pub async fn list(
        &self,
        who: &Principal,
        base_url: &str,
        project: &str,
        wanted: SnippetsWanted<'_>,
    ) -> Result<SnippetsSeen, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let slug = permit.get().facts.project.slug.clone();
        let (name, path) = match wanted.server {
            None => (slug.to_string(), "unified/mcp".to_owned()),
            Some(server) => {
                let server = servers::find(&self.ports, &permit, server).await?;
                (format!("{slug}-{}", server.alias), format!("servers/{}/mcp", server.alias))
            }
        };
        let url = format!("{base_url}/projects/{slug}/{path}");
        let key = match &wanted.key {
            None => KEY_PLACEHOLDER,
            Some(key) => self.live(&permit, key).await?,
        };
        let target = render::Target { name: &name, url: &url, key };
        let clients = wanted.client.map_or_else(|| SnippetClient::ALL.to_vec(), |client| vec![client]);
        let snippets = clients.into_iter().map(|client| render::snippet(client, &target)).collect();
        Ok(SnippetsSeen { url, snippets })
    }

    /// The text of a key that opens the project now. Nothing else goes into settings: not what would be something else
    /// to a reader of them, and no key with which a client is turned away. Which servers it was made for is not looked at.
    async fn live<'k>(&self, permit: &Permit<Grant>, key: &'k SecretString) -> Result<&'k str, ControlError> {
        let minter = &self.ports.minter;
        let id = minter.public_id_of(key).ok_or_else(|| {
            let hint = "write the whole key as it was shown: orch_...";
            ControlError::invalid("key", "it is no API key of ours, or not as it was shown", hint)
        })?;
        let (now, directory) = (self.ports.clock.now(), self.ports.directory.current());
        let opens = |facts: &ProjectFacts| {
            let mut known = facts.keys.iter().filter(|known| known.public_id == id && known.is_live(now));
            known.any(|known| {
                // An account that another replica has just made is not known here yet.
                let is_let_in = directory.user(known.creator).is_none()
                    || subject_of(&directory, facts, known.creator, None).role >= Some(Action::Call.least_role());
                is_let_in && minter.is_of(key, &known.hash)
            })
        };
        let Grant { id: project, facts, .. } = permit.get();
        // Another replica may have made it a moment ago.
        if opens(facts) || self.ports.source.load_project(*project).await?.is_some_and(|facts| opens(&facts)) {
            return Ok(key.expose_secret());
        }
        Err(ControlError::Missing { what: "live key" })
    }
}

impl fmt::Debug for Snippets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snippets").finish_non_exhaustive()
    }
}

impl fmt::Debug for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may hold a key.
        f.debug_struct("Snippet").field("client", &self.client).finish_non_exhaustive()
    }
}
