//! Does what people without a login have asked for, one errand after the other, after they had their answer.

use orch_control::accounts::Accounts;
use orch_domain::error::WithCauses;
use orch_domain::port::desk::{Desk, Errand};
use tokio::sync::mpsc;

/// Errands that wait; more are turned away.
const QUEUE: usize = 256;

/// Where errands are handed in.
pub(crate) struct Counter(mpsc::Sender<Errand>);

impl Desk for Counter {
    fn hand_in(&self, errand: Errand) -> bool {
        self.0.try_send(errand).is_ok()
    }
}

pub(crate) fn open() -> (Counter, mpsc::Receiver<Errand>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Counter(sender), receiver)
}

/// Runs until it is aborted.
pub(crate) async fn work(accounts: Accounts, mut asked: mpsc::Receiver<Errand>) {
    while let Some(errand) = asked.recv().await {
        if let Err(error) = accounts.run(&errand).await {
            tracing::error!(error = %WithCauses(&error), "what somebody has asked for could not be done");
        }
    }
}
