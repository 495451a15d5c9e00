//! `openapi`: the document of the REST interface, as it is in `docs/api/openapi.json`.

use anyhow::Context;

use crate::output::Output;

pub(crate) fn run(output: &Output) -> anyhow::Result<()> {
    let document = orch_app::openapi::openapi().to_pretty_json().context("the document cannot be written as JSON")?;
    output.text(&document)
}
