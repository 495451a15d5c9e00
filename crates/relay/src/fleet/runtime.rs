//! The fleet as the control plane sees it.

use async_trait::async_trait;
use orch_domain::catalog::{CatalogItem, ItemKind};
use orch_domain::id::ServerId;
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

    fn offers(&self, server: ServerId, kind: ItemKind) -> Offers {
        let Some(slot) = self.slot(server) else { return Offers::default() };
        let Some(catalog) = slot.catalog() else { return Offers { stale: true, ..Offers::default() } };
        let items = catalog
            .list(kind)
            .iter()
            .map(|item| CatalogItem { kind, name: item.name.clone(), definition: item.definition.as_str().into() })
            .collect();
        let flaws = catalog.flaws(kind);
        Offers { items, flaws, fetched_at: slot.lists_read(), stale: slot.is_stale() }
    }

    fn hints(&self, server: ServerId, tool: &str) -> Hints {
        let catalog = self.slot(server).and_then(|slot| slot.catalog());
        catalog.map_or(Hints::UNSAID, |catalog| catalog.hints(tool))
    }
}

fn failure(unready: Unready) -> RuntimeError {
    match unready {
        Unready::Failed(reason) | Unready::Busy(reason) => RuntimeError::Failed { reason },
    }
}
