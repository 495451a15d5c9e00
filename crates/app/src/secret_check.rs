//! Whether the secrets at hand are those that the instance is used with: all that it knows of API keys, links and the
//! ends of the record hangs on one, everything sealed on the other. Makes none up.

use std::sync::Arc;

use anyhow::{Context, bail};
use orch_auth::chain_signature::Ed25519ChainSigner;
use orch_auth::vault::AeadVault;
use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget};
use orch_domain::directory::Directory;
use orch_domain::id::{AuditId, UserId};
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::vault::Vault;
use orch_domain::principal::{Credential, Principal};
use orch_domain::secret::Secret;
use orch_persistence::{AnchorFile, Database, SeaAuditChain, SeaDirectorySource, SeaSecretChecks, SecretChecks};
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::config::{SecretSource, Secrets, Settings};
use crate::{data_dir, instance};

/// Fails unless the secrets are those that the instance was first opened with. An instance that was opened by no version
/// that looks at them takes them for its own.
pub(crate) async fn agree(database: &Database, secrets: &Secrets, vault: &AeadVault) -> anyhow::Result<()> {
    let checks = SeaSecretChecks::new(database.clone());
    let ours = checks_of(secrets, vault)?;
    let kept = match checks.find().await? {
        Some(kept) => kept,
        None => checks.keep(&ours).await?,
    };
    compare(&kept, secrets, vault)?;
    // Sealed with a key that may soon be taken out.
    if vault.is_stale(&kept.canary) {
        checks.replace(&ours).await?;
    }
    Ok(())
}

/// The same without a change, for an instance that may never have been opened.
pub(crate) async fn look(database: &Database, secrets: &Secrets, vault: &AeadVault) -> anyhow::Result<()> {
    match SeaSecretChecks::new(database.clone()).find().await? {
        Some(kept) => compare(&kept, secrets, vault),
        None => Ok(()),
    }
}

/// Takes the secrets at hand for those of the instance, where the ones before are lost or known to somebody else.
/// Whatever is sealed has to open all the same.
pub async fn adopt(settings: &Settings) -> anyhow::Result<()> {
    data_dir::check_owner(settings)?;
    let database = instance::connect(settings).await?;
    let adopted = adopt_on(settings, &database).await;
    database.close().await;
    adopted
}

async fn adopt_on(settings: &Settings, database: &Database) -> anyhow::Result<()> {
    instance::require_schema(settings, database).await?;
    let secrets = Secrets::load(settings)?;
    let vault = AeadVault::new(secrets.master.encryption_keys())?;
    check_sealed(&SeaDirectorySource::new(database.clone()).load().await?, &vault)?;
    let (checks, ours) = (SeaSecretChecks::new(database.clone()), checks_of(&secrets, &vault)?);
    let is_another = checks.find().await?.is_some_and(|kept| kept.jwt_secret != ours.jwt_secret);
    database.sign_with(Arc::new(Ed25519ChainSigner::new(&secrets.master)?));
    let entry = AuditEntry {
        id: AuditId::new(),
        at: SystemClock.now(),
        project_id: None,
        actor: Some(Principal { user_id: UserId::from_uuid(Uuid::nil()), credential: Credential::Console }),
        action: AuditAction::SecretsAdopt,
        target: AuditTarget { kind: "instance", id: String::new(), name: String::new() },
        detail: "takes JWT_SECRET and MCP_ENCRYPTION_KEY as they are set now".to_owned(),
        facts: Vec::new(),
    };
    let signed = SeaAuditChain::new(database.clone()).take_over(is_another, &entry).await?;
    let file = AnchorFile::in_dir(&settings.audit_dir());
    tokio::task::spawn_blocking(move || file.append(&signed)).await?.context("the file of checkpoints")?;
    // Last, so that what was broken off is done by the next try.
    Ok(checks.replace(&ours).await?)
}

/// Every stored secret must open: a wrong key is found at the start, not at the first call.
pub(crate) fn check_sealed(directory: &Directory, vault: &dyn Vault) -> anyhow::Result<()> {
    let servers = directory.projects().flat_map(|project| project.servers.values());
    let personal = directory.projects().flat_map(|project| project.personal.values().flat_map(|own| own.values()));
    for secret in personal.flatten() {
        vault
            .open(Secret::place(secret.id), &secret.sealed)
            .context("a value that a member stored for a server does not open with MCP_ENCRYPTION_KEY")?;
    }
    for (server, secret) in servers.flat_map(|server| server.secrets.iter().map(move |secret| (server, secret))) {
        vault.open(Secret::place(secret.id), &secret.sealed).with_context(|| {
            format!("a stored secret of the server {} does not open with MCP_ENCRYPTION_KEY", server.alias)
        })?;
    }
    Ok(())
}

fn checks_of(secrets: &Secrets, vault: &AeadVault) -> anyhow::Result<SecretChecks> {
    Ok(SecretChecks { jwt_secret: secrets.master.fingerprint(), canary: vault.canary()? })
}

fn compare(kept: &SecretChecks, secrets: &Secrets, vault: &AeadVault) -> anyhow::Result<()> {
    if kept.jwt_secret != secrets.master.fingerprint() {
        bail!(
            "{}. With another one no API key of the instance is known, and none that is made is known to its daemon. To \
             change it on purpose, with the end of every login and API key: orch-admin adopt-secrets",
            foreign(&secrets.jwt_source)
        );
    }
    vault.check_canary(&kept.canary).with_context(|| {
        format!(
            "{}. To change the key, put the new one before the one until now, separated by a comma; where nothing is \
             sealed yet, orch-admin adopt-secrets takes any",
            foreign(&secrets.key_source)
        )
    })
}

/// That a secret is of another instance, and where the right one may be.
fn foreign(source: &SecretSource) -> String {
    let (variable, file) = (source.variable, source.file.display());
    if !source.is_given {
        return format!(
            "{variable}, as it stands in {file}, is not the one of this instance: set {variable} as its daemon has it, or \
             name its data directory with --data-dir or ORCH_DATA_DIR"
        );
    }
    let kept = if source.file.exists() {
        format!(", or leave it unset, so that the one in {file} is taken")
    } else {
        String::new()
    };
    format!("{variable} is not the one of this instance: set it as its daemon has it{kept}")
}
