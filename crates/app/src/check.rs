//! `check-config`: reads everything that a start would read, changes nothing but what is missing, and says what is
//! wrong.

use std::process::ExitCode;

use anyhow::bail;

use crate::config::{Flags, Secrets, Settings};
use crate::instance;
use crate::serve::{fail, runtime};

/// Exit code 0 when the daemon would start.
#[must_use]
pub fn main(flags: &Flags) -> ExitCode {
    match check(flags) {
        Ok(lines) => {
            for line in lines {
                #[expect(clippy::print_stdout, reason = "a command speaks on stdout")]
                {
                    println!("{line}");
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn check(flags: &Flags) -> anyhow::Result<Vec<String>> {
    let settings = Settings::load(flags)?;
    let secrets = Secrets::load(&settings)?;
    let mut lines = vec![
        format!("data directory: {}", settings.data_dir.display()),
        format!("base URL: {}", settings.public_url()),
        format!("encryption keys: {}", secrets.master.encryption_keys().len()),
    ];
    lines.extend(secrets.generated.iter().map(|path| format!("generated: {path}")));
    let current = runtime()?.block_on(async {
        let database = instance::connect(&settings).await?;
        let current = instance::schema_is_current(&database).await;
        database.close().await;
        current
    })?;
    lines.push(match (current, settings.auto_migrate) {
        (true, _) => "database: schema up to date".to_owned(),
        (false, true) => "database: schema not up to date; a start brings it up to date".to_owned(),
        (false, false) => bail!("the database schema is not up to date; run: orch-admin migrate up"),
    });
    lines.push("the configuration is good".to_owned());
    Ok(lines)
}
