//! The contract of [`LoginRepo`](orch_domain::port::login_repo::LoginRepo).

use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::LoginId;
use orch_domain::login::LoginFrom;
use orch_domain::password_reset::PasswordReset;
use orch_domain::refresh_token::{AGAIN_WITHIN, RefreshToken, Renewal, Rotation};
use orch_domain::user::User;

use super::changes::until;
use super::{ROUNDS, TestStore, a_stored_user, an_entry, at, is_on_record};
use crate::builders::{a_hash, a_refresh_token, a_user};

pub async fn login_repo(store: &dyn TestStore) {
    opens_until_it_expires(store).await;
    opens_for_active_users_only(store).await;
    rotates(store).await;
    ends_the_login_when_a_token_is_used_twice(store).await;
    rotates_again_when_the_answer_was_lost(store).await;
    finds_tokens(store).await;
    knows_no_other_token(store).await;
    lets_one_of_two_rotations_win(store).await;
    ends_one_and_all(store).await;
    opens_none_while_its_user_is_deactivated(store).await;
    lists_what_is_open_and_where_it_was_seen(store).await;
    opens_by_the_present_password_only(store).await;
    opens_none_while_the_password_is_reset(store).await;
    tells_of_logins_that_end(store).await;
}

/// A login that was opened, by its first token: good until an hour after the start.
async fn an_open_login(store: &dyn TestStore) -> RefreshToken {
    let user = a_stored_user(store).await;
    open_login(store, &user).await
}

/// Another login of a user.
pub(super) async fn open_login(store: &dyn TestStore, user: &User) -> RefreshToken {
    let token = a_refresh_token().of(user.id).build();
    store.logins().open(&token, user.password.as_ref(), &an_entry()).await.expect("a login can be opened");
    token
}

const fn a_renewal(old: KeyHash, new: KeyHash, now: Timestamp, expires_at: Timestamp) -> Renewal {
    Renewal { old, new, now, expires_at }
}

async fn is_open(store: &dyn TestStore, login: LoginId, seconds: u64) -> bool {
    store.logins().is_open(login, at(seconds)).await.expect("an answer")
}

async fn opens_until_it_expires(store: &dyn TestStore) {
    let (user, entry) = (a_stored_user(store).await, an_entry());
    let token = a_refresh_token().of(user.id).build();
    assert!(!is_open(store, token.login_id, 0).await);
    store.logins().open(&token, user.password.as_ref(), &entry).await.expect("a login can be opened");
    assert!(is_on_record(store, entry.id).await);
    assert!(is_open(store, token.login_id, 3599).await);
    assert!(!is_open(store, token.login_id, 3600).await);
    let outcome = store.logins().open(&a_refresh_token().build(), None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the user" })), "{outcome:?}");
}

async fn lists_what_is_open_and_where_it_was_seen(store: &dyn TestStore) {
    let logins = store.logins();
    let user = a_stored_user(store).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(open_login(store, &user).await);
    }
    an_open_login(store).await;
    let list = async |seconds| logins.list_open(user.id, at(seconds)).await.expect("a list");
    let first = list(1).await.into_iter().find(|login| login.id == tokens[0].login_id).expect("the first");
    assert_eq!((first.opened_at, first.seen_at), (tokens[0].issued_at, tokens[0].issued_at));
    assert_eq!((first.expires_at, first.from), (tokens[0].expires_at, LoginFrom::default()));

    let from = LoginFrom::new(Some("Browser \u{2713}"), Some(std::net::Ipv6Addr::LOCALHOST.into()));
    logins.note_seen(tokens[0].login_id, &from, at(9)).await.expect("a note");
    logins.note_seen(tokens[1].login_id, &LoginFrom::default(), at(8)).await.expect("a note");
    logins.note_seen(LoginId::new(), &from, at(9)).await.expect("nothing to note is fine");
    logins.end(tokens[2].login_id, at(9), &an_entry()).await.expect("an end");
    let open = list(10).await;
    let ids: Vec<_> = open.iter().map(|login| login.id).collect();
    assert_eq!(ids, [tokens[0].login_id, tokens[1].login_id], "the last seen first, without what has ended");
    assert_eq!((open[0].seen_at, &open[0].from, open[0].user_id), (at(9), &from, user.id));
    assert_eq!(list(3600).await, [], "without what has expired");
}

async fn opens_for_active_users_only(store: &dyn TestStore) {
    let user = a_stored_user(store).await;
    let user = User { deactivated_at: Some(at(1)), version: 2, ..user };
    store.users().update(&user, &an_entry()).await.expect("an update");
    let token = a_refresh_token().of(user.id).build();
    let outcome = store.logins().open(&token, user.password.as_ref(), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the user" })), "{outcome:?}");
    assert!(!is_open(store, token.login_id, 1).await);
}

async fn opens_by_the_present_password_only(store: &dyn TestStore) {
    let user = a_stored_user(store).await;
    let old = user.password.clone();
    let user = User { password: a_user().build().password, version: 2, ..user };
    store.users().update(&user, &an_entry()).await.expect("an update");
    let (token, entry) = (a_refresh_token().of(user.id).build(), an_entry());
    for checked in [old.as_ref(), None] {
        let outcome = store.logins().open(&token, checked, &entry).await;
        assert!(matches!(outcome, Err(StoreError::Stale { what: "the user" })), "{outcome:?}");
    }
    assert!(!is_open(store, token.login_id, 1).await && !is_on_record(store, entry.id).await);
    open_login(store, &user).await;
}

/// Whichever of the two is first, nobody who knows the old password alone has an open login afterwards.
async fn opens_none_while_the_password_is_reset(store: &dyn TestStore) {
    for _ in 0..ROUNDS {
        let user = a_stored_user(store).await;
        let reset = PasswordReset { hash: a_hash(), user_id: user.id, created_at: at(0), expires_at: at(100) };
        store.resets().create(&reset, &an_entry()).await.expect("a reset");
        let token = a_refresh_token().of(user.id).build();
        let (logins, login_id) = (store.logins(), token.login_id);
        let opening = tokio::spawn(async move { logins.open(&token, user.password.as_ref(), &an_entry()).await });
        let (resets, new) = (store.resets(), a_user().build().password.expect("a password"));
        let redeeming = tokio::spawn(async move { resets.redeem(&reset.hash, &new, at(1), &an_entry()).await });
        let opened = opening.await.expect("no panic");
        assert!(matches!(opened, Ok(()) | Err(StoreError::Stale { .. })), "{opened:?}");
        redeeming.await.expect("no panic").expect("a redemption");
        assert!(!is_open(store, login_id, 1).await, "{opened:?}");
    }
}

/// Every process hears of logins that end, however they do, and finds out which.
async fn tells_of_logins_that_end(store: &dyn TestStore) {
    let (logins, user) = (store.logins(), a_stored_user(store).await);
    let mut news = store.changes().subscribe();
    let ended = async || logins.ended_since(at(1)).await.expect("a list");
    let [one, two, three, reused] = [(); 4].map(|()| a_refresh_token().of(user.id).build());
    for token in [&one, &two, &three, &reused] {
        logins.open(token, user.password.as_ref(), &an_entry()).await.expect("a login can be opened");
    }
    logins.end(one.login_id, at(1), &an_entry()).await.expect("an end");
    until(&mut news, Change::Logins).await;
    assert!(ended().await.contains(&one.login_id));

    logins.rotate(a_renewal(reused.hash, a_hash(), at(1), at(100)), &an_entry()).await.expect("a rotation");
    logins.rotate(a_renewal(reused.hash, a_hash(), at(1), at(100)), &an_entry()).await.expect("a reuse");
    until(&mut news, Change::Logins).await;
    assert!(ended().await.contains(&reused.login_id));

    let others = logins.end_others(user.id, three.login_id, at(1), &an_entry()).await.expect("ends");
    assert_eq!(others, [two.login_id], "without those that had ended");
    until(&mut news, Change::Logins).await;
    let now = ended().await;
    assert!(now.contains(&two.login_id) && !now.contains(&three.login_id));

    let away = User { deactivated_at: Some(at(1)), version: 2, ..user.clone() };
    store.users().update(&away, &an_entry()).await.expect("a deactivation");
    until(&mut news, Change::Logins).await;
    assert!(ended().await.contains(&three.login_id));
    let back = User { deactivated_at: None, version: 3, ..away };
    store.users().update(&back, &an_entry()).await.expect("an activation");

    let last = open_login(store, &back).await;
    let reset = PasswordReset { hash: a_hash(), user_id: user.id, created_at: at(0), expires_at: at(100) };
    store.resets().create(&reset, &an_entry()).await.expect("a reset");
    let new = a_user().build().password.expect("a password");
    store.resets().redeem(&reset.hash, &new, at(1), &an_entry()).await.expect("a redemption");
    until(&mut news, Change::Logins).await;
    let now = ended().await;
    for token in [&one, &two, &three, &reused, &last] {
        assert!(now.contains(&token.login_id), "a later login makes none forgotten");
    }
    assert!(logins.ended_since(at(2)).await.expect("a list").iter().all(|login| *login != one.login_id));

    // Nothing ended, nothing is told.
    logins.end(one.login_id, at(2), &an_entry()).await.expect("a second time is no trouble");
    let entry = an_entry();
    let again = logins.end_others(user.id, LoginId::new(), at(2), &entry).await.expect("a second time is no trouble");
    assert!(again.is_empty() && !is_on_record(store, entry.id).await, "{again:?}");
    a_stored_user(store).await;
    let next = tokio::time::timeout(Duration::from_secs(10), news.next()).await.expect("a change in time");
    assert_eq!(next, Some(Change::Users));
}

/// Whichever of the two is first, nobody who is deactivated has an open login afterwards.
async fn opens_none_while_its_user_is_deactivated(store: &dyn TestStore) {
    for _ in 0..ROUNDS {
        let user = a_stored_user(store).await;
        let token = a_refresh_token().of(user.id).build();
        let (logins, login_id) = (store.logins(), token.login_id);
        let password = user.password.clone();
        let opening = tokio::spawn(async move { logins.open(&token, password.as_ref(), &an_entry()).await });
        let users = store.users();
        let user = User { deactivated_at: Some(at(1)), version: 2, ..user };
        let deactivating = tokio::spawn(async move { users.update(&user, &an_entry()).await });
        let opened = opening.await.expect("no panic");
        assert!(matches!(opened, Ok(()) | Err(StoreError::Stale { .. })), "{opened:?}");
        deactivating.await.expect("no panic").expect("an update");
        assert!(!is_open(store, login_id, 1).await, "{opened:?}");
    }
}

async fn rotates(store: &dyn TestStore) {
    let logins = store.logins();
    let first = an_open_login(store).await;
    let mut hash = first.hash;
    for step in 1..4 {
        let next = a_hash();
        let outcome = logins
            .rotate(a_renewal(hash, next, at(step * 3000), at(step * 3000 + 3600)), &an_entry())
            .await
            .expect("a rotation");
        assert_eq!(outcome, Rotation::Rotated);
        let found = logins.find_token(&next).await.expect("an answer").expect("the next token");
        assert_eq!((found.login_id, found.user_id), (first.login_id, first.user_id));
        hash = next;
    }
    assert!(is_open(store, first.login_id, 12_599).await, "a rotation prolongs the login");
    assert!(!is_open(store, first.login_id, 12_600).await);
}

async fn ends_the_login_when_a_token_is_used_twice(store: &dyn TestStore) {
    let logins = store.logins();
    let (first, other) = (an_open_login(store).await, an_open_login(store).await);
    let (second, third) = (a_hash(), a_hash());
    logins.rotate(a_renewal(first.hash, second, at(1), at(100)), &an_entry()).await.expect("a rotation");
    logins.rotate(a_renewal(second, third, at(2), at(100)), &an_entry()).await.expect("a rotation");
    let reuse = an_entry();
    let outcome = logins.rotate(a_renewal(first.hash, a_hash(), at(3), at(100)), &reuse).await.expect("an answer");
    assert_eq!(outcome, Rotation::Reused);
    assert!(is_on_record(store, reuse.id).await, "what ended the login");
    assert!(!is_open(store, first.login_id, 3).await);
    for hash in [first.hash, second, third] {
        let outcome = logins.rotate(a_renewal(hash, a_hash(), at(4), at(100)), &an_entry()).await.expect("an answer");
        assert_eq!(outcome, Rotation::Unknown, "the whole login is over");
    }
    assert!(is_open(store, other.login_id, 3).await);
}

/// The same request once more is no reuse, for a while and until somebody has used what it gave.
async fn rotates_again_when_the_answer_was_lost(store: &dyn TestStore) {
    let (logins, within) = (store.logins(), AGAIN_WITHIN.as_secs());
    let expires_at = at(3000);
    let rotate = async |old: &KeyHash, new: &KeyHash, seconds| {
        logins.rotate(a_renewal(*old, *new, at(seconds), expires_at), &an_entry()).await.expect("an answer")
    };
    for is_late in [false, true] {
        let first = an_open_login(store).await;
        let (second, third) = (a_hash(), a_hash());
        for seconds in [1, 1, within] {
            assert_eq!(rotate(&first.hash, &second, seconds).await, Rotation::Rotated);
        }
        if !is_late {
            assert_eq!(rotate(&second, &third, within).await, Rotation::Rotated);
        }
        let seconds = if is_late { within + 1 } else { within };
        let outcome = rotate(&first.hash, &second, seconds).await;
        assert_eq!(outcome, Rotation::Reused, "late: {is_late}");
        assert!(!is_open(store, first.login_id, seconds).await);
        assert_eq!(rotate(&first.hash, &second, seconds).await, Rotation::Unknown);
    }
    // What somebody else's token was rotated to is nothing to go on with.
    let (one, other) = (an_open_login(store).await, an_open_login(store).await);
    let next = a_hash();
    rotate(&one.hash, &next, 1).await;
    rotate(&other.hash, &a_hash(), 1).await;
    assert_eq!(rotate(&other.hash, &next, 2).await, Rotation::Reused);
    assert!(is_open(store, one.login_id, 2).await && !is_open(store, other.login_id, 2).await);
}

async fn finds_tokens(store: &dyn TestStore) {
    let logins = store.logins();
    let first = an_open_login(store).await;
    assert_eq!(logins.find_token(&a_hash()).await.expect("an answer"), None);
    assert_eq!(logins.find_token(&first.hash).await.expect("an answer").as_ref(), Some(&first));
    let next = a_hash();
    logins.rotate(a_renewal(first.hash, next, at(2), at(100)), &an_entry()).await.expect("a rotation");
    let second = RefreshToken { hash: next, issued_at: at(2), expires_at: at(100), ..first.clone() };
    assert_eq!(logins.find_token(&next).await.expect("an answer"), Some(second));
    assert_eq!(logins.find_token(&first.hash).await.expect("an answer"), Some(first), "spent, and known");
}

async fn knows_no_other_token(store: &dyn TestStore) {
    let logins = store.logins();
    let rotate = async |hash: KeyHash, seconds| {
        logins.rotate(a_renewal(hash, a_hash(), at(seconds), at(9999)), &an_entry()).await.expect("an answer")
    };
    assert_eq!(rotate(a_hash(), 1).await, Rotation::Unknown);
    let expired = an_open_login(store).await;
    assert_eq!(rotate(expired.hash, 3600).await, Rotation::Unknown);
    let ended = an_open_login(store).await;
    logins.end(ended.login_id, at(1), &an_entry()).await.expect("a login can be ended");
    assert_eq!(rotate(ended.hash, 2).await, Rotation::Unknown);
    assert!(!is_open(store, ended.login_id, 2).await);
}

async fn lets_one_of_two_rotations_win(store: &dyn TestStore) {
    for _ in 0..ROUNDS {
        let token = an_open_login(store).await;
        let rotate = || {
            let (logins, hash) = (store.logins(), token.hash);
            tokio::spawn(async move { logins.rotate(a_renewal(hash, a_hash(), at(1), at(100)), &an_entry()).await })
        };
        let (first, second) = (rotate(), rotate());
        let outcomes = [first, second].map(|task| async { task.await.expect("no panic").expect("an answer") });
        let [first, second] = outcomes;
        let outcomes = [first.await, second.await];
        assert!(outcomes.contains(&Rotation::Rotated), "{outcomes:?}");
        assert!(outcomes.contains(&Rotation::Reused), "{outcomes:?}");
        assert!(!is_open(store, token.login_id, 1).await, "whoever of the two was the thief");
    }
}

async fn ends_one_and_all(store: &dyn TestStore) {
    let logins = store.logins();
    let user = a_stored_user(store).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(open_login(store, &user).await.login_id);
    }
    let user = user.id;
    let (first, second, unknown) = (an_entry(), an_entry(), an_entry());
    logins.end(tokens[0], at(1), &first).await.expect("a login can be ended");
    logins.end(tokens[0], at(2), &second).await.expect("a second time is no trouble");
    logins.end(LoginId::new(), at(2), &unknown).await.expect("what never was is over too");
    assert!(is_on_record(store, first.id).await);
    assert!(!is_on_record(store, second.id).await && !is_on_record(store, unknown.id).await);

    let others = an_open_login(store).await.login_id;
    let entry = an_entry();
    let mut ended = logins.end_others(user, tokens[2], at(3), &entry).await.expect("logins can be ended");
    ended.sort_unstable();
    assert_eq!(ended, [tokens[1], tokens[3]]);
    assert!(is_on_record(store, entry.id).await);
    let mut open = Vec::new();
    for login in &tokens {
        open.push(is_open(store, *login, 3).await);
    }
    assert_eq!(open, [false, false, true, false]);
    assert!(is_open(store, others, 4).await);
}
