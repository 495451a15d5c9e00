//! The directory of this moment. Swapped as a whole by the one task that follows committed changes; read without
//! waiting by everything else.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::Directory;

type Observer = Box<dyn Fn(&Directory) + Send + Sync>;

#[derive(Default)]
pub struct LiveDirectory {
    current: ArcSwap<Directory>,
    observers: Mutex<Vec<Observer>>,
}

impl LiveDirectory {
    #[must_use]
    pub fn new(directory: Directory) -> Self {
        Self { current: ArcSwap::from_pointee(directory), observers: Mutex::default() }
    }

    /// The directory now. Cheap; for use within one step, not to be kept.
    pub fn current(&self) -> Guard<Arc<Directory>> {
        self.current.load()
    }

    /// Swaps the directory, then tells the observers, on the caller's thread.
    pub fn replace(&self, directory: Directory) {
        let directory = Arc::new(directory);
        self.current.store(Arc::clone(&directory));
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.iter() {
            observer(&directory);
        }
    }

    /// Has `observer` called with each new directory. It must not block: revocations wait for it.
    pub fn observe(&self, observer: impl Fn(&Directory) + Send + Sync + 'static) {
        self.observers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observer));
    }
}

impl fmt::Debug for LiveDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveDirectory").finish_non_exhaustive()
    }
}
