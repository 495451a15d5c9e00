//! `adopt-secrets`: the way to another JWT_SECRET, and back from a lost one. Opens no instance: with other secrets than
//! its own that is refused.

use orch_app::config::Settings;
use orch_app::secret_check;
use serde::Serialize;

use crate::output::Output;

#[derive(Serialize)]
struct Adopted {
    adopted: bool,
}

pub(crate) async fn run(settings: &Settings, output: &Output) -> anyhow::Result<()> {
    secret_check::adopt(settings).await?;
    let sentence = "the instance goes by JWT_SECRET and MCP_ENCRYPTION_KEY as they are set now\n\
                    restart its daemons with them; API keys, logins and links made under another JWT_SECRET are dead, and \
                    the record is signed anew as it stands";
    output.one(&Adopted { adopted: true }, sentence)
}
