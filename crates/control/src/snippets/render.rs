//! The settings of each client, as its own documentation has them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{Snippet, SnippetClient, SnippetLanguage};

/// What the text is about.
pub(super) struct Target<'a> {
    /// What the client is to call it.
    pub(super) name: &'a str,
    pub(super) url: &'a str,
    pub(super) key: &'a str,
}

pub(super) fn snippet(client: SnippetClient, target: &Target<'_>) -> Snippet {
    let Target { name, url, .. } = *target;
    let bearer = target.bearer();
    let headers = json!({ "Authorization": bearer });
    let servers = |wrapper: &str, entry: Value| pretty(&json!({ wrapper: { name: entry } }));
    let json = |files: &[&'static str], text: String| Snippet {
        client,
        language: SnippetLanguage::Json,
        files: files.to_vec(),
        text,
        command: None,
        install_link: None,
    };
    match client {
        SnippetClient::ClaudeCode => {
            let entry = json!({ "type": "http", "url": url, "headers": headers });
            let command = format!(
                "claude mcp add --transport http {} {} --header {}",
                shell(name),
                shell(url),
                shell(&format!("Authorization: {bearer}"))
            );
            Snippet { command: Some(command), ..json(&[".mcp.json", "~/.claude.json"], servers("mcpServers", entry)) }
        }
        SnippetClient::ClaudeDesktop => {
            // Its file takes local commands only. The header is an environment value, as a space in an argument is
            // lost on Windows.
            let mut args = vec!["-y", "mcp-remote", url, "--transport", "http-only"];
            args.extend(["--header", "Authorization:${ORCH_AUTHORIZATION}"]);
            if url.starts_with("http://") {
                args.push("--allow-http");
            }
            let entry = json!({ "command": "npx", "args": args, "env": { "ORCH_AUTHORIZATION": bearer } });
            let files = [
                "~/Library/Application Support/Claude/claude_desktop_config.json",
                "%APPDATA%\\Claude\\claude_desktop_config.json",
            ];
            json(&files, servers("mcpServers", entry))
        }
        SnippetClient::Cursor => {
            let entry = json!({ "url": url, "headers": headers });
            let link = format!(
                "cursor://anysphere.cursor-deeplink/mcp/install?name={}&config={}",
                percent(name),
                percent(&STANDARD.encode(entry.to_string()))
            );
            let text = servers("mcpServers", entry);
            Snippet { install_link: Some(link), ..json(&["~/.cursor/mcp.json", ".cursor/mcp.json"], text) }
        }
        SnippetClient::Cline => {
            let entry = json!({ "type": "streamableHttp", "url": url, "headers": headers, "disabled": false });
            json(&["cline_mcp_settings.json"], servers("mcpServers", entry))
        }
        SnippetClient::VsCode => {
            let entry = json!({ "type": "http", "url": url, "headers": headers });
            let mut asked = entry.clone();
            if let Some(members) = asked.as_object_mut() {
                members.insert("name".to_owned(), json!(name));
            }
            let link = format!("vscode:mcp/install?{}", percent(&asked.to_string()));
            Snippet { install_link: Some(link), ..json(&[".vscode/mcp.json"], servers("servers", entry)) }
        }
        SnippetClient::Windsurf => {
            let entry = json!({ "serverUrl": url, "headers": headers });
            json(&["~/.codeium/windsurf/mcp_config.json"], servers("mcpServers", entry))
        }
        SnippetClient::Zed => {
            let entry = json!({ "url": url, "headers": headers });
            json(&["~/.config/zed/settings.json"], servers("context_servers", entry))
        }
        SnippetClient::Codex => {
            // A JSON string is a basic string of TOML.
            let text = format!(
                "[mcp_servers.{}]\nurl = {}\nhttp_headers = {{ \"Authorization\" = {} }}\n",
                json!(name),
                json!(url),
                json!(bearer)
            );
            Snippet { language: SnippetLanguage::Toml, ..json(&["~/.codex/config.toml"], text) }
        }
        SnippetClient::GeminiCli => {
            let entry = json!({ "httpUrl": url, "headers": headers });
            let command = format!(
                "gemini mcp add --transport http {} {} --header {}",
                shell(name),
                shell(url),
                shell(&format!("Authorization: {bearer}"))
            );
            let text = servers("mcpServers", entry);
            Snippet { command: Some(command), ..json(&["~/.gemini/settings.json", ".gemini/settings.json"], text) }
        }
    }
}

impl Target<'_> {
    fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }
}

fn pretty(value: &Value) -> String {
    let mut text = format!("{value:#}");
    text.push('\n');
    text
}

/// A word of a shell's command line.
fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'@');
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// For a part of a query. A plus sign is a space to some readers of it and a plus to others, so it is none of both.
fn percent(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};
    use url::Url;

    use super::{Target, shell, snippet};
    use crate::snippets::{Snippet, SnippetClient, SnippetLanguage};

    const KEY: &str = "orch_AbCdEfGhIjKl_secret_check1";
    const URL: &str = "https://mcp.example.com/projects/demo/unified/mcp";

    fn of(client: SnippetClient) -> Snippet {
        snippet(client, &Target { name: "demo", url: URL, key: KEY })
    }

    /// The text as data, whatever its language.
    fn parsed(snippet: &Snippet) -> Value {
        match snippet.language {
            SnippetLanguage::Json => serde_json::from_str(&snippet.text).expect("JSON"),
            SnippetLanguage::Toml => toml::from_str(&snippet.text).expect("TOML"),
        }
    }

    #[test]
    fn writes_what_each_client_reads() {
        let bearer = format!("Bearer {KEY}");
        let headers = json!({ "Authorization": bearer });
        let check = |client, expected: Value| assert_eq!(parsed(&of(client)), expected, "{client:?}");
        let http = json!({ "type": "http", "url": URL, "headers": headers });
        check(SnippetClient::ClaudeCode, json!({ "mcpServers": { "demo": http } }));
        check(SnippetClient::VsCode, json!({ "servers": { "demo": http } }));
        check(SnippetClient::Cursor, json!({ "mcpServers": { "demo": { "url": URL, "headers": headers } } }));
        check(SnippetClient::Zed, json!({ "context_servers": { "demo": { "url": URL, "headers": headers } } }));
        check(SnippetClient::Windsurf, json!({ "mcpServers": { "demo": { "serverUrl": URL, "headers": headers } } }));
        check(SnippetClient::GeminiCli, json!({ "mcpServers": { "demo": { "httpUrl": URL, "headers": headers } } }));
        let cline = json!({ "type": "streamableHttp", "url": URL, "headers": headers, "disabled": false });
        check(SnippetClient::Cline, json!({ "mcpServers": { "demo": cline } }));
        check(SnippetClient::Codex, json!({ "mcp_servers": { "demo": { "url": URL, "http_headers": headers } } }));
        let desktop = parsed(&of(SnippetClient::ClaudeDesktop));
        let desktop = &desktop["mcpServers"]["demo"];
        assert_eq!(desktop["command"], "npx");
        assert_eq!(desktop["env"]["ORCH_AUTHORIZATION"], bearer.as_str());
        assert!(desktop["args"].as_array().expect("arguments").contains(&json!(URL)));
        assert!(!desktop["args"].to_string().contains("--allow-http"), "only needed without TLS");
    }

    #[test]
    fn links_say_the_same_as_the_text() {
        let cursor = of(SnippetClient::Cursor);
        let link = Url::parse(cursor.install_link.as_deref().expect("a link")).expect("a URL");
        let query: std::collections::HashMap<_, _> = link.query_pairs().into_owned().collect();
        assert_eq!(query["name"], "demo");
        let config = STANDARD.decode(&query["config"]).expect("base64");
        let config: Value = serde_json::from_slice(&config).expect("JSON");
        assert_eq!(config, parsed(&cursor)["mcpServers"]["demo"]);

        let vscode = of(SnippetClient::VsCode);
        let link = vscode.install_link.clone().expect("a link");
        let query = link.strip_prefix("vscode:mcp/install?").expect("its form");
        let (text, _) = url::form_urlencoded::parse(query.as_bytes()).next().expect("a text");
        let mut asked: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(asked["name"], "demo");
        asked.as_object_mut().expect("an object").shift_remove("name");
        assert_eq!(asked, parsed(&vscode)["servers"]["demo"]);
    }

    #[test]
    fn every_client_has_its_files_and_a_name_that_is_read_back() {
        for client in SnippetClient::ALL {
            assert!(!of(client).files.is_empty(), "{client:?}");
            assert_eq!(SnippetClient::parse(client.as_str()), Some(client));
            assert!(!format!("{:?}", of(client)).contains(KEY));
        }
    }

    #[test]
    fn commands_are_safe_to_paste() {
        let command = of(SnippetClient::ClaudeCode).command.expect("a command");
        assert_eq!(
            command,
            format!("claude mcp add --transport http demo {URL} --header 'Authorization: Bearer {KEY}'")
        );
        assert_eq!(shell("a'b; rm"), r"'a'\''b; rm'");
        assert_eq!(shell(""), "''");
    }
}
