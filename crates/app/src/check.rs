//! `check-config`: reads everything that a start would read, changes nothing but what is missing, and says what is
//! wrong.

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use orch_auth::vault::AeadVault;
use orch_domain::port::directory_source::DirectorySource;
use orch_gateway::key_uses::KeyUses;
use orch_persistence::{Database, SeaDirectorySource};

use crate::clock::SystemClock;
use crate::config::{Flags, Secrets, Settings};
use crate::serve::{fail, runtime};
use crate::{instance, telemetry};

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
    telemetry::check(&settings.log)?;
    KeyUses::new(Arc::new(SystemClock), &settings.trusted_proxies)?;
    if let Some(path) = &settings.upstream.tls.ca_file {
        let text =
            fs::read_to_string(path).with_context(|| format!("tls.ca_file: {} cannot be read", path.display()))?;
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            bail!("tls.ca_file: {} has no certificate in PEM", path.display());
        }
    }
    let secrets = Secrets::load(&settings)?;
    let mut lines = vec![
        format!("data directory: {}", settings.data_dir.display()),
        format!("base URL: {}", settings.public_url()),
        format!("encryption keys: {}", secrets.master.encryption_keys().len()),
    ];
    lines.extend(secrets.generated.iter().map(|path| format!("generated: {path}")));
    let current = runtime()?.block_on(async {
        let database = instance::connect(&settings).await?;
        let checked = check_database(&database, &secrets).await;
        database.close().await;
        checked
    })?;
    lines.push(match (current, settings.auto_migrate) {
        (true, _) => "database: schema up to date, every stored secret opens".to_owned(),
        (false, true) => "database: schema not up to date; a start brings it up to date".to_owned(),
        (false, false) => bail!("the database schema is not up to date; run: orch-admin migrate up"),
    });
    lines.push("the configuration is good".to_owned());
    Ok(lines)
}

/// Whether the schema is up to date; if it is, everything in it has to open.
async fn check_database(database: &Database, secrets: &Secrets) -> anyhow::Result<bool> {
    let current = instance::schema_is_current(database).await?;
    if current {
        let vault = AeadVault::new(secrets.master.encryption_keys())?;
        instance::check_secrets(&SeaDirectorySource::new(database.clone()).load().await?, &vault)?;
    }
    Ok(current)
}
