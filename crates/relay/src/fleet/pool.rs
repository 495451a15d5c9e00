//! How many connections of single clients there are, of each server, of each project and in all; and those who wait
//! for one. Knows nothing of what a connection is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::id::{ProjectId, ServerId};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug, Default)]
pub(crate) struct Pool {
    counts: Mutex<Counts>,
    /// How many wait for one to become free.
    waiting: AtomicUsize,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    projects: HashMap<ProjectId, usize>,
    servers: HashMap<ServerId, usize>,
}

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) server: usize,
    pub(crate) project: usize,
    pub(crate) total: usize,
}

/// One of them; given back with its drop.
#[derive(Debug)]
pub(crate) struct Place {
    pool: Arc<Pool>,
    project: ProjectId,
    server: ServerId,
}

impl Pool {
    /// A place, or which cap is reached.
    pub(crate) fn take(self: &Arc<Self>, project: ProjectId, server: ServerId, caps: Caps) -> Result<Place, String> {
        let mut counts = self.lock();
        let of_server = counts.servers.get(&server).copied().unwrap_or_default();
        let of_project = counts.projects.get(&project).copied().unwrap_or_default();
        let full = [
            (of_server, caps.server, "of this server"),
            (of_project, caps.project, "of this project"),
            (counts.total, caps.total, "of this instance"),
        ];
        if let Some((_, most, of)) = full.into_iter().find(|(now, most, _)| now >= most) {
            return Err(format!("{most} connections of single clients {of} are open, the limit"));
        }
        counts.total += 1;
        *counts.projects.entry(project).or_default() += 1;
        *counts.servers.entry(server).or_default() += 1;
        Ok(Place { pool: Arc::clone(self), project, server })
    }

    pub(crate) fn of_server(&self, server: ServerId) -> usize {
        self.lock().servers.get(&server).copied().unwrap_or_default()
    }

    /// Resolves when something has become free after this was called and polled.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    /// Something may have become free. Costs next to nothing when nobody waits.
    pub(crate) fn tell_freed(&self) {
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// Counts the caller among those who wait.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Waiting<'a>(&'a Pool);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut counts = self.pool.lock();
            counts.total = counts.total.saturating_sub(1);
            take_one(&mut counts.projects, self.project);
            take_one(&mut counts.servers, self.server);
        }
        self.pool.tell_freed();
    }
}

fn take_one<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orch_domain::id::{ProjectId, ServerId};

    use super::{Caps, Pool};

    #[test]
    fn each_cap_holds_and_places_come_back() {
        let pool = Arc::new(Pool::default());
        let (project, other) = (ProjectId::new(), ProjectId::new());
        let (a, b, c) = (ServerId::new(), ServerId::new(), ServerId::new());
        let caps = Caps { server: 1, project: 2, total: 3 };
        let first = pool.take(project, a, caps).expect("a place");
        assert!(pool.take(project, a, caps).expect_err("full").contains("of this server"));
        let second = pool.take(project, b, caps).expect("a place");
        assert!(pool.take(project, c, caps).expect_err("full").contains("of this project"));
        let third = pool.take(other, c, caps).expect("a place");
        assert!(pool.take(ProjectId::new(), ServerId::new(), caps).expect_err("full").contains("of this instance"));
        assert_eq!(pool.of_server(a), 1);
        drop((first, second, third));
        assert_eq!(pool.of_server(a), 0);
        let counts = pool.lock();
        assert_eq!((counts.total, counts.projects.len(), counts.servers.len()), (0, 0, 0), "nothing is left");
    }
}
