//! `tool call`: one call, with its result for people or as it came.

use anyhow::{Context, bail};
use orch_app::mcp::object;
use orch_app::mcp::raw::Raw;
use orch_app::relay::context::Endpoint;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::commands::tool::{content, exchange};
use crate::console::{self, Console};
use crate::failure;
use crate::output::Output;

/// The arguments of a call as they were written: the text of a JSON object.
pub(super) struct Arguments(Box<RawValue>);

#[derive(Serialize)]
struct Params<'a> {
    name: &'a str,
    arguments: &'a RawValue,
    #[serde(rename = "_meta")]
    meta: Meta,
}

/// Asks for progress, which also keeps a long call alive.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    progress_token: u8,
}

impl Arguments {
    /// Reads what follows `--arguments`: JSON, `@file` or `-`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let json = match text.strip_prefix('@') {
            Some(path) => console::read(path)?,
            None if text == "-" => console::read("-")?,
            None => text.to_owned(),
        };
        let value: Box<RawValue> =
            serde_json::from_str(&json).context("--arguments is not JSON").map_err(failure::usage)?;
        if value.get().starts_with('{') {
            Ok(Self(value))
        } else {
            Err(failure::usage(anyhow::anyhow!(r#"--arguments is not a JSON object, such as '{{"message":"hi"}}'"#)))
        }
    }
}

pub(super) async fn run(
    console: &Console,
    output: &Output,
    project: &str,
    server: &str,
    tool: &str,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let project = exchange::project(console, project)?;
    let server = exchange::server(&project, server)?;
    let params = Params { name: tool, arguments: &arguments.0, meta: Meta { progress_token: 1 } };
    let params = Raw::serialize(&params).context("the call cannot be written as JSON")?;
    let result = exchange::ask(console, &project, Endpoint::Server(server), "tools/call", Some(params)).await?;
    if output.is_json() {
        output.text(result.as_str())?;
    } else {
        output.foreign_text(&content::readable(&result))?;
    }
    if object::member(&result, "isError").is_some_and(|value| value.as_str() == "true") {
        bail!("the tool reported an error");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn takes_objects_as_they_are_written() {
        let arguments = Arguments::parse(r#"{"n": 1.0, "big": 12345678901234567890123}"#).expect("arguments");
        assert_eq!(arguments.0.get(), r#"{"n": 1.0, "big": 12345678901234567890123}"#);
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["", "[1]", "\"a\"", "{", "null", "@/does/not/exist"] {
            assert!(Arguments::parse(text).is_err(), "{text}");
        }
    }
}
