//! The opened instance with the principal that the command line acts as.

use std::io::Read;

use anyhow::Context;
use orch_app::config::Settings;
use orch_app::control::Control;
use orch_app::domain::id::UserId;
use orch_app::domain::page::{Page, PageRequest};
use orch_app::domain::principal::{Credential, Principal};
use orch_app::instance::{Instance, Opener};
use orch_app::public_url::{Certainty, PublicUrl};
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
        let instance = Instance::open(settings, Opener::CommandLine).await?;
        let who = Principal { user_id: UserId::from_uuid(Uuid::nil()), credential: Credential::Console };
        Ok(Self { instance, who })
    }

    /// To be called beside links that are printed: says so where it is not known that they lead to the daemon.
    pub(crate) fn say_where_links_lead(&self) {
        let PublicUrl { url, certainty } = &self.instance.public_url;
        if *certainty == Certainty::Assumed {
            output::remark(&format!(
                "no daemon has run on this data directory yet: links lead to {url}, as HOST and PORT say; set \
                 MCP_SERVER_BASE_URL if the daemon is to be found elsewhere"
            ));
        }
    }

    pub(crate) fn control(&self) -> &Control {
        &self.instance.control
    }

    /// Stops what was started and writes what waits.
    pub(crate) async fn close(self) {
        if let Some(why) = self.instance.daemon_line.unheard() {
            output::remark(&format!(
                "warning: the change is made, and the daemon may follow it a moment later than this command ends: {why}"
            ));
        }
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
