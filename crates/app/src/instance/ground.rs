//! What every other part of an instance stands on: the database, the secrets, and who may what as of now.

use std::path::PathBuf;
use std::sync::Arc;

use orch_auth::chain_signature::Ed25519ChainSigner;
use orch_auth::vault::AeadVault;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::event::bus::EventBus;
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::vault::Vault;
use orch_persistence::{Database, SeaDirectorySource};

use super::{Opener, generate_secrets, open_database};
use crate::clock::SystemClock;
use crate::config::{Secrets, Settings};
use crate::{data_dir, secret_check};

pub(super) struct Ground {
    pub(super) settings: Settings,
    pub(super) opener: Opener,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) database: Database,
    pub(super) secrets: Secrets,
    /// Files of secrets that were generated just now.
    pub(super) generated_secrets: Vec<PathBuf>,
    pub(super) aead: Arc<AeadVault>,
    pub(super) source: Arc<dyn DirectorySource>,
    pub(super) directory: Arc<LiveDirectory>,
    pub(super) events: EventBus,
}

impl Ground {
    /// Fails on a missing, malformed or wrong secret. From here on what is written is signed.
    pub(super) async fn open(settings: Settings, opener: Opener) -> anyhow::Result<Self> {
        data_dir::check_owner(&settings)?;
        if let Opener::Daemon = opener {
            // Before a database is made that a second try would find there.
            Secrets::of_a_new_instance(&settings)?;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let database = open_database(&settings, opener).await?;
        if let Err(error) = database.compare_clocks(&*clock).await {
            let error = anyhow::Error::from(error);
            tracing::warn!(
                error = format!("{error:#}"),
                "whether the clock of this host is in step with the database's is not known yet"
            );
        }
        let generated_secrets = match opener {
            Opener::Daemon => generate_secrets(&settings, &database).await?,
            Opener::CommandLine => Vec::new(),
        };
        let secrets = Secrets::load(&settings)?;
        let aead = Arc::new(AeadVault::new(secrets.master.encryption_keys())?);

        let source: Arc<dyn DirectorySource> = Arc::new(SeaDirectorySource::new(database.clone()));
        let directory = Arc::new(LiveDirectory::new(source.load().await?));
        secret_check::check_sealed(&directory.current(), &*aead)?;
        secret_check::agree(&database, &secrets, &aead).await?;
        // Before something is written that would be signed.
        database.sign_with(Arc::new(Ed25519ChainSigner::new(&secrets.master)?));
        let events = EventBus::new();
        Ok(Self { settings, opener, clock, database, secrets, generated_secrets, aead, source, directory, events })
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(super) fn directory(&self) -> Arc<LiveDirectory> {
        Arc::clone(&self.directory)
    }

    pub(super) fn vault(&self) -> Arc<dyn Vault> {
        Arc::<AeadVault>::clone(&self.aead)
    }
}
