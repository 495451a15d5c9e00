//! The size limit: visible, with room for the calls under way, and over as soon as the database takes calls again.

use orch_domain::port::call_log::{CallLog, CallLogError};

use super::{Desk, append, until};

#[tokio::test]
async fn a_full_journal_refuses_and_recovers() {
    let desk = Desk::new();
    desk.store.set_away(true);
    let journal = desk.open_with(|config| config.max_bytes = 64 * 1024).await;
    let mut calls = Vec::new();
    while journal.check().is_ok() {
        let call = desk.call();
        append(&journal, &call);
        calls.push(call);
    }
    let Err(CallLogError::Full { bytes }) = journal.check() else { panic!("it is full") };
    assert_eq!(journal.status().refusing, Some(CallLogError::Full { bytes }));
    assert!(bytes < 64 * 1024);

    // No call is begun now, but those under way still get in.
    let mut room = 0;
    let refused = loop {
        let call = desk.call();
        match journal.append(&call) {
            Ok(()) => calls.push(call),
            Err(error) => break error,
        }
        room += 1;
    };
    assert!(room > 10, "{room}");
    assert!(matches!(refused, CallLogError::Full { .. }), "{refused:?}");
    assert!(journal.status().bytes <= 64 * 1024);

    desk.store.set_away(false);
    until("it takes calls again", || journal.check().is_ok()).await;
    journal.flush().await.unwrap();
    append(&journal, &desk.call());
    journal.flush().await.unwrap();
    let stored = desk.stored().await;
    assert_eq!(stored[..calls.len()], calls);
    assert_eq!(journal.status().refusing, None);
}

#[tokio::test]
async fn what_is_left_by_others_counts_too() {
    let desk = Desk::new();
    desk.leave_behind(500).await;
    desk.store.set_away(true);
    let journal = desk.open_with(|config| config.max_bytes = 16 * 1024).await;
    assert!(matches!(journal.check(), Err(CallLogError::Full { .. })));
    assert!(matches!(journal.append(&desk.call()), Err(CallLogError::Full { .. })));
    desk.store.set_away(false);
    until("it takes calls", || journal.check().is_ok()).await;
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await.len(), 500);
}
