//! `server export --client`: what to write into the settings of an MCP client, so that it uses an endpoint of ours.

use orch_app::control::snippets::{SnippetClient, SnippetsWanted};
use secrecy::SecretString;
use serde::Serialize;

use crate::console::{self, Console};
use crate::failure;
use crate::output::{self, Output};

#[derive(clap::Args)]
pub(crate) struct Wanted {
    /// Print the settings of this client instead: claude-code, claude-desktop, cursor, cline, vscode, windsurf, zed,
    /// codex or gemini-cli
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// For the endpoint of this server alone, by alias or id
    #[arg(long, value_name = "SERVER", requires = "client")]
    server: Option<String>,
    /// A file with the API key that is to stand in the settings, or - for standard input
    #[arg(long, value_name = "FILE", requires = "client")]
    key: Option<String>,
}

#[derive(Serialize)]
struct View<'a> {
    client: &'static str,
    url: &'a str,
    language: &'static str,
    files: &'a [&'static str],
    text: &'a str,
    command: Option<&'a str>,
    install_link: Option<&'a str>,
}

impl Wanted {
    pub(super) const fn is_of_a_client(&self) -> bool {
        self.client.is_some()
    }
}

pub(super) async fn run(console: &Console, output: &Output, project: &str, wanted: &Wanted) -> anyhow::Result<()> {
    let name = wanted.client.as_deref().unwrap_or_default();
    let client = SnippetClient::parse(name).ok_or_else(|| {
        let known = SnippetClient::ALL.map(SnippetClient::as_str).join(", ");
        failure::usage(anyhow::anyhow!("--client: the settings of {name:?} are not known; use one of {known}"))
    })?;
    let key = match &wanted.key {
        Some(file) => Some(SecretString::from(console::read(file)?.trim())),
        None => None,
    };
    let wanted = SnippetsWanted { client: Some(client), server: wanted.server.as_deref(), key };
    let base_url = &console.instance.public_url.url;
    let seen = console.control().snippets.list(&console.who, base_url, project, wanted).await?;
    console.say_where_links_lead();
    for snippet in &seen.snippets {
        let (files, text) = (&snippet.files, snippet.text.as_str());
        let (command, install_link) = (snippet.command.as_deref(), snippet.install_link.as_deref());
        let language = snippet.language.as_str();
        if output.is_json() {
            let client = snippet.client.as_str();
            output.document(&View { client, url: &seen.url, language, files, text, command, install_link })?;
        } else {
            output::remark(&format!("for {}, in {}:", snippet.client.title(), files.join(" or ")));
            output.text(text)?;
            // Not to standard output, which may be such a file.
            if let Some(command) = command {
                output::remark(&format!("or run:\n{command}"));
            }
        }
    }
    Ok(())
}
