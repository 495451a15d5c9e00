//! The opened instance with the principal that the command line acts as.

use std::io::Read;

use anyhow::{Context, bail};
use orch_app::config::Settings;
use orch_app::control::Control;
use orch_app::domain::id::UserId;
use orch_app::domain::page::{Page, PageRequest};
use orch_app::domain::principal::{Credential, Principal};
use orch_app::instance::{Instance, Schema};
use secrecy::SecretString;
use uuid::Uuid;

use crate::failure;
use crate::output;

pub(crate) struct Console {
    pub(crate) instance: Instance,
    pub(crate) who: Principal,
}

impl Console {
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let instance = Instance::open(settings, Schema::MustBeUpToDate).await?;
        let who = Principal { user_id: UserId::from_uuid(Uuid::nil()), credential: Credential::Console };
        let console = Self { instance, who };
        if let Err(error) = console.accept_generated_secrets().await {
            console.close().await;
            return Err(error);
        }
        Ok(console)
    }

    /// Secrets that were just generated are right for an instance that nobody has used yet. For any other they cannot
    /// be the daemon's, and what we wrote with them nobody could read.
    async fn accept_generated_secrets(&self) -> anyhow::Result<()> {
        let generated = &self.instance.generated_secrets;
        if generated.is_empty() {
            return Ok(());
        }
        let users = self.control().users.list(&self.who, None, PageRequest::new(1, None)).await?;
        if users.items.is_empty() {
            for path in generated {
                output::remark(&format!("generated a secret: {path}"));
            }
            return Ok(());
        }
        for path in generated {
            std::fs::remove_file(path).with_context(|| format!("{path} cannot be removed"))?;
        }
        bail!(
            "the secrets of this instance are not known here; set JWT_SECRET and MCP_ENCRYPTION_KEY as its daemon has \
             them, or name its data directory with --data-dir"
        )
    }

    pub(crate) fn control(&self) -> &Control {
        &self.instance.control
    }

    /// Stops what was started and writes what waits.
    pub(crate) async fn close(self) {
        self.instance.close().await;
    }
}

/// Reads a list to its end, page by page.
pub(crate) async fn all<T, E, F>(mut page_at: impl FnMut(PageRequest) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<Page<T>, E>>,
{
    let mut request = PageRequest::new(PageRequest::MAX_LIMIT, None);
    let mut items = Vec::new();
    loop {
        let page = page_at(request).await?;
        items.extend(page.items);
        if page.next.is_none() {
            return Ok(items);
        }
        request.after = page.next;
    }
}

/// The whole of a file, or of standard input for `-`.
pub(crate) fn read(path: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().lock().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|whole| text = whole)
    };
    read.with_context(|| format!("{path} cannot be read")).map_err(failure::usage)?;
    Ok(text)
}

/// A password on standard input: its first line. None when it was not asked for.
pub(crate) fn password(wanted: bool) -> anyhow::Result<Option<SecretString>> {
    if !wanted {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("the password cannot be read from standard input")?;
    Ok(Some(SecretString::from(line.trim_end_matches(['\r', '\n']))))
}
