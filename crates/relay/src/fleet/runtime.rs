//! The fleet as the control plane sees it.

use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::catalog::{CatalogItem, ItemKind};
use orch_domain::id::{ServerId, UserId};
use orch_domain::policy::hints::Hints;
use orch_domain::port::server_runtime::{Offers, RuntimeError, ServerRuntime};
use orch_domain::server_state::{ServerState, ServerStatus};
use tokio::sync::oneshot;

use super::owner::Command;
use super::{Fleet, Unready};

#[async_trait]
impl ServerRuntime for Fleet {
    fn status(&self, server: ServerId) -> ServerStatus {
        let unknown = || ServerStatus::new(ServerState::Stopped, self.shared.clock.now());
        self.slot(server).map_or_else(unknown, |slot| slot.status())
    }

    async fn start(&self, server: ServerId) -> Result<(), RuntimeError> {
        let slot = self.slot(server).ok_or(RuntimeError::Missing)?;
        if !slot.server().enabled {
            return Err(RuntimeError::Disabled);
        }
        slot.start().await.map_err(failure)
    }

    async fn stop(&self, server: ServerId) -> Result<(), RuntimeError> {
        let slot = self.slot(server).ok_or(RuntimeError::Missing)?;
        let (done, stopped) = oneshot::channel();
        slot.command(Command::Stop(done)).map_err(failure)?;
        // A server that is removed meanwhile is stopped as well.
        let _ = stopped.await;
        Ok(())
    }

    async fn offers(&self, server: ServerId, viewer: UserId, kind: ItemKind) -> Offers {
        let Some(slot) = self.slot(server) else { return Offers::default() };
        let catalog = match slot.lists_of_account(viewer).await {
            Ok(Some(catalog)) => catalog,
            Ok(None) => return Offers { stale: true, ..Offers::default() },
            Err(unready) => return Offers { stale: true, lacking: Some(words(unready)), ..Offers::default() },
        };
        let items = catalog
            .list(kind)
            .iter()
            .map(|item| CatalogItem { kind, name: item.name.clone(), definition: item.definition.as_str().into() })
            .collect();
        let flaws = catalog.flaws(kind);
        let (fetched_at, stale) = if slot.catalog().is_some_and(|common| Arc::ptr_eq(&common, &catalog)) {
            (slot.lists_read(), slot.is_stale())
        } else {
            (Some(catalog.fetched_at), false)
        };
        Offers { items, flaws, fetched_at, stale, lacking: None }
    }

    fn hints(&self, server: ServerId, viewer: UserId, tool: &str) -> Hints {
        let catalog = self.slot(server).and_then(|slot| slot.known_to(viewer));
        catalog.map_or(Hints::UNSAID, |catalog| catalog.hints(tool))
    }
}

fn failure(unready: Unready) -> RuntimeError {
    RuntimeError::Failed { reason: words(unready) }
}

fn words(unready: Unready) -> String {
    match unready {
        Unready::Failed(reason) | Unready::Busy(reason) => reason,
    }
}
