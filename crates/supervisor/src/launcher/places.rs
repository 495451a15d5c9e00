//! Counts the processes of one launcher against its limit. Knows nothing else about them.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::LaunchError;

/// The places for processes.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    taken: Arc<watch::Sender<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    closed: bool,
}

/// The place of one process, given back when dropped.
pub(crate) struct Place {
    taken: Arc<watch::Sender<Taken>>,
}

impl Places {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: Arc::default() }
    }

    pub(crate) fn take(&self) -> Result<Place, LaunchError> {
        let mut refusal = None;
        self.taken.send_modify(|taken| {
            if taken.closed {
                refusal = Some(LaunchError::Draining);
            } else if taken.count >= self.limit {
                refusal = Some(LaunchError::TooMany { limit: self.limit });
            } else {
                taken.count += 1;
            }
        });
        match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Place { taken: Arc::clone(&self.taken) }),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.taken.borrow().count
    }

    /// Gives out no more and resolves when all are back.
    pub(crate) async fn drained(&self) {
        self.taken.send_modify(|taken| taken.closed = true);
        // It fails when the sender is gone, which is in `self`.
        let _ = self.taken.subscribe().wait_for(|taken| taken.count == 0).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.send_modify(|taken| taken.count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::LaunchError;

    #[tokio::test]
    async fn gives_out_no_more_than_there_are_and_none_when_closed() {
        let places = Places::new(1);
        let place = places.take().unwrap();
        assert!(matches!(places.take(), Err(LaunchError::TooMany { limit: 1 })));
        drop(place);
        let place = places.take().unwrap();
        let (count, ()) = tokio::join!(
            async {
                tokio::task::yield_now().await;
                assert!(matches!(places.take(), Err(LaunchError::Draining)));
                drop(place);
                places.count()
            },
            places.drained(),
        );
        assert_eq!(count, 0);
    }
}
