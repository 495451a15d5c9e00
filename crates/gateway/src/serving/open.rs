//! The connections of one worker, as far as the end of the daemon is theirs: none is kept for another request once it is
//! about to stop, and those that wait for one end when it does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;

#[derive(Debug, Default)]
pub(super) struct Open {
    draining: Cell<bool>,
    ending: Cell<bool>,
    next: Cell<u64>,
    waiting: RefCell<HashMap<u64, Waker>>,
}

impl Open {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.get()
    }

    pub(super) fn drain(&self) {
        self.draining.set(true);
    }

    pub(super) fn end(&self) {
        self.ending.set(true);
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_values().for_each(Waker::wake);
    }
}

/// The place of one connection among them.
#[derive(Debug)]
pub(super) struct Place {
    open: Rc<Open>,
    number: Option<u64>,
}

impl Place {
    pub(super) const fn new(open: Rc<Open>) -> Self {
        Self { open, number: None }
    }

    /// Has `waker` woken when the daemon stops. A connection has one task, so the first one is the only one.
    pub(super) fn take(&mut self, waker: &Waker) {
        if self.number.is_none() {
            let number = self.open.next.get();
            self.open.next.set(number + 1);
            self.open.waiting.borrow_mut().insert(number, waker.clone());
            self.number = Some(number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.open.waiting.borrow_mut().remove(&number);
        }
    }
}
