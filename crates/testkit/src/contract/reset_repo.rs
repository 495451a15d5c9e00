//! The contract of [`ResetRepo`](orch_domain::port::reset_repo::ResetRepo).

use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::password_reset::PasswordReset;
use orch_domain::user::{PasswordHash, User};

use super::{ROUNDS, TestStore, a_stored_user, an_entry, at, is_on_record};
use crate::builders::{a_hash, a_refresh_token};

pub async fn reset_repo(store: &dyn TestStore) {
    gives_another_password_and_ends_logins(store).await;
    keeps_only_the_latest_link(store).await;
    refuses_what_is_over(store).await;
    is_redeemed_once_when_two_redeem_at_once(store).await;
}

fn reset(user_id: UserId) -> PasswordReset {
    PasswordReset { hash: a_hash(), user_id, created_at: at(0), expires_at: at(100) }
}

fn password(text: &str) -> PasswordHash {
    PasswordHash::from_phc(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${text}"))
}

fn is_stale(outcome: &Result<Vec<LoginId>, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the link" })), "{outcome:?}");
}

async fn gives_another_password_and_ends_logins(store: &dyn TestStore) {
    let (resets, user) = (store.resets(), a_stored_user(store).await);
    let token = a_refresh_token().of(user.id).build();
    store.logins().open(&token, user.password.as_ref(), &an_entry()).await.expect("a login");
    let reset = reset(user.id);
    let entry = an_entry();
    resets.create(&reset, &entry).await.expect("a reset");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(resets.find(&reset.hash).await.expect("an answer").as_ref(), Some(&reset));
    let entry = an_entry();
    let ended = resets.redeem(&reset.hash, &password("new"), at(99), &entry).await.expect("a redemption");
    assert_eq!(ended, [token.login_id]);
    assert!(is_on_record(store, entry.id).await);
    let found = store.users().find(user.id).await.expect("an answer");
    assert_eq!(found, Some(User { password: Some(password("new")), updated_at: at(99), version: 2, ..user }));
    assert!(!store.logins().is_open(token.login_id, at(99)).await.expect("an answer"));
    assert_eq!(resets.find(&reset.hash).await.expect("an answer"), None);
    is_stale(&resets.redeem(&reset.hash, &password("again"), at(99), &an_entry()).await);
    let outcome = resets.create(&self::reset(UserId::new()), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the user" })), "{outcome:?}");
}

async fn keeps_only_the_latest_link(store: &dyn TestStore) {
    let (resets, user) = (store.resets(), a_stored_user(store).await);
    let (first, second) = (reset(user.id), reset(user.id));
    resets.create(&first, &an_entry()).await.expect("a reset");
    resets.create(&second, &an_entry()).await.expect("a reset");
    assert_eq!(resets.latest_of(user.id).await.expect("an answer").as_ref(), Some(&second));
    is_stale(&resets.redeem(&first.hash, &password("first"), at(1), &an_entry()).await);
    resets.redeem(&second.hash, &password("second"), at(1), &an_entry()).await.expect("a redemption");
    assert_eq!(resets.latest_of(user.id).await.expect("an answer"), None);
}

async fn refuses_what_is_over(store: &dyn TestStore) {
    let (resets, user) = (store.resets(), a_stored_user(store).await);
    let reset = reset(user.id);
    resets.create(&reset, &an_entry()).await.expect("a reset");
    let entry = an_entry();
    is_stale(&resets.redeem(&reset.hash, &password("late"), at(100), &entry).await);
    let away = User { deactivated_at: Some(at(1)), version: 2, ..user };
    store.users().update(&away, &an_entry()).await.expect("a deactivation");
    is_stale(&resets.redeem(&reset.hash, &password("away"), at(1), &entry).await);
    assert!(!is_on_record(store, entry.id).await);
    assert_eq!(store.users().find(away.id).await.expect("an answer"), Some(away));
}

async fn is_redeemed_once_when_two_redeem_at_once(store: &dyn TestStore) {
    for _ in 0..ROUNDS {
        let user = a_stored_user(store).await;
        let reset = reset(user.id);
        store.resets().create(&reset, &an_entry()).await.expect("a reset");
        let redeem = |text: &'static str| {
            let (resets, hash) = (store.resets(), reset.hash);
            tokio::spawn(async move { resets.redeem(&hash, &password(text), at(1), &an_entry()).await })
        };
        let (one, other) = (redeem("one"), redeem("other"));
        let outcomes = [one.await.expect("no panic"), other.await.expect("no panic")];
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Stale { .. }))).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
        let stored = store.users().find(user.id).await.expect("an answer").and_then(|user| user.password);
        let winner = if outcomes[0].is_ok() { "one" } else { "other" };
        assert_eq!(stored, Some(password(winner)));
    }
}
