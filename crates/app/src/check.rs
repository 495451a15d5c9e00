//! `check-config`: reads everything that a start would read, makes nothing, and says what is wrong.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use orch_auth::vault::AeadVault;
use orch_domain::directory::Directory;
use orch_domain::port::directory_source::DirectorySource;
use orch_persistence::{Database, SeaDirectorySource, SeaSecretChecks};

use crate::config::{Flags, Secrets, Settings};
use crate::followed_file::{FollowedFile, Known};
use crate::serve::{fail, runtime};
use crate::{backup, confined, data_dir, instance, remains, secret_check};

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
    settings.check_files()?;
    confined::check_machine(&settings)?;
    data_dir::check_owner(&settings)?;
    data_dir::check_access(&settings)?;
    backup::refuse_unfinished(&settings)?;
    let runtime = runtime()?;
    let Found { database, secrets, missing, directory } = runtime.block_on(look(&settings))?;
    let mut lines = vec![
        format!("data directory: {}", settings.data_dir.display()),
        format!("base URL: {}", settings.public_url()),
        format!("encryption keys: {}", secrets.master.encryption_keys().len()),
    ];
    lines.extend(missing.iter().map(|path| format!("a start generates: {}", path.display())));
    lines.push(match (database, settings.auto_migrate) {
        (Schema::Current, _) => "database: schema up to date, every stored secret opens".to_owned(),
        (Schema::Missing, true) => "database: none yet; a start makes it".to_owned(),
        (Schema::Old, true) => "database: schema not up to date; a start brings it up to date".to_owned(),
        (Schema::Old | Schema::Missing, false) => bail!(instance::SCHEMA_IS_OLD),
    });
    if let Some(path) = &settings.mcp_config {
        lines.push(match &directory {
            Some(directory) => {
                let vault = AeadVault::new(secrets.master.encryption_keys())?;
                let known = Known { settings: &settings, directory, vault: &vault };
                runtime.block_on(FollowedFile::open(path, known))?.outlook()
            }
            None => format!("file of servers: {}; it can only be checked with a schema up to date", path.display()),
        });
    }
    let not_started = directory.as_ref().and_then(|directory| confined::not_started(&settings, directory));
    lines.extend(settings.remarks.iter().chain(&not_started).map(|remark| format!("warning: {remark}")));
    lines.push("the configuration is good".to_owned());
    Ok(lines)
}

struct Found {
    database: Schema,
    secrets: Secrets,
    /// Secrets that the first start of a new instance makes.
    missing: Vec<PathBuf>,
    /// None where the schema is too old to be read.
    directory: Option<Directory>,
}

enum Schema {
    Missing,
    Old,
    Current,
}

async fn look(settings: &Settings) -> anyhow::Result<Found> {
    if instance::missing_file(settings)?.is_some() {
        return new_instance(settings, Schema::Missing);
    }
    let database = instance::connect(settings).await?;
    let found = look_at(settings, &database).await;
    database.close().await;
    found
}

/// If the schema is up to date, everything in it has to open.
async fn look_at(settings: &Settings, database: &Database) -> anyhow::Result<Found> {
    let steps = database.migration_status().await?;
    if !steps.iter().any(|step| step.applied) {
        return new_instance(settings, Schema::Missing);
    }
    if !steps.iter().all(|step| step.applied) {
        let secrets = Secrets::load(settings)?;
        return Ok(Found { database: Schema::Old, secrets, missing: Vec::new(), directory: None });
    }
    if SeaSecretChecks::new(database.clone()).is_new().await? {
        return new_instance(settings, Schema::Current);
    }
    let secrets = Secrets::load(settings)?;
    let vault = AeadVault::new(secrets.master.encryption_keys())?;
    let directory = SeaDirectorySource::new(database.clone()).load().await?;
    secret_check::check_sealed(&directory, &vault)?;
    secret_check::look(database, &secrets, &vault).await?;
    Ok(Found { database: Schema::Current, secrets, missing: Vec::new(), directory: Some(directory) })
}

fn new_instance(settings: &Settings, database: Schema) -> anyhow::Result<Found> {
    if let Schema::Missing = database {
        remains::refuse(settings)?;
    }
    let (secrets, missing) = (Secrets::of_a_new_instance(settings)?, Secrets::missing(settings)?);
    Ok(Found { database, secrets, missing, directory: Some(Directory::default()) })
}
