//! Stars in memory.

use async_trait::async_trait;
use orch_domain::error::StoreError;
use orch_domain::id::{StarId, UserId};
use orch_domain::port::star_repo::StarRepo;
use orch_domain::star::Star;

use super::{MemoryStore, State};

#[async_trait]
impl StarRepo for MemoryStore {
    async fn list(&self, user: UserId) -> Result<Vec<Star>, StoreError> {
        self.read(|state| {
            let own = state.stars.values().rev().filter(|star| star.user == user && is_there(state, star));
            own.cloned().collect()
        })
    }

    async fn put(&self, star: &Star) -> Result<Star, StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            if !state.users.contains_key(&star.user) || !is_there(state, star) {
                return Err(StoreError::Missing { what: "what is starred" });
            }
            let own = |other: &&Star| other.user == star.user;
            if let Some(same) = state.stars.values().filter(own).find(|other| other.target == star.target) {
                return Ok(same.clone());
            }
            if state.stars.values().filter(own).count() >= Star::MAX_PER_USER {
                return Err(StoreError::Conflict { what: "the greatest number of stars" });
            }
            state.stars.insert(star.id, star.clone());
            Ok(star.clone())
        })
    }

    async fn delete(&self, user: UserId, id: StarId) -> Result<(), StoreError> {
        self.write(|writing| {
            let own = writing.state.stars.get(&id).is_some_and(|star| star.user == user);
            if !own {
                return Err(StoreError::Missing { what: "the star" });
            }
            writing.state.stars.remove(&id);
            Ok(())
        })
    }
}

fn is_there(state: &State, star: &Star) -> bool {
    state.projects.contains_key(&star.target.project())
        && star.target.server().is_none_or(|server| state.servers.contains_key(&server))
}
