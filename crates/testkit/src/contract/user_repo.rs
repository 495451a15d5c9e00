//! The contract of [`UserRepo`](orch_domain::port::user_repo::UserRepo).

use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::UserId;
use orch_domain::page::PageRequest;
use orch_domain::refresh_token::RefreshToken;
use orch_domain::user::{PasswordHash, User};

use super::login_repo::open_login;
use super::{ROUNDS, TestStore, a_stored_user, an_entry, at, is_on_record};
use crate::builders::a_user;

pub async fn user_repo(store: &dyn TestStore) {
    pages_stay_where_they_are(store).await;
    finds_what_was_created(store).await;
    refuses_a_taken_address(store).await;
    finds_by_a_part_of_address_or_name(store).await;
    updates_by_version(store).await;
    keeps_an_instance_admin(store).await;
    keeps_an_instance_admin_when_two_leave_at_once(store).await;
    ends_the_logins_of_a_deactivated_user(store).await;
    ends_the_other_logins_with_a_change_of_password(store).await;
}

async fn pages_stay_where_they_are(store: &dyn TestStore) {
    let users = store.users();
    let mut created = Vec::new();
    for _ in 0..5 {
        created.push(a_stored_user(store).await.id);
    }
    let first = users.list(None, PageRequest::new(2, None)).await.expect("a list");
    // Added behind the cursor's back.
    created.push(a_stored_user(store).await.id);
    let second = users.list(None, PageRequest::new(2, first.next)).await.expect("a list");
    let third = users.list(None, PageRequest::new(2, second.next)).await.expect("a list");
    let listed: Vec<UserId> = [first.items, second.items, third.items].concat().iter().map(|user| user.id).collect();
    assert_eq!(listed, created, "in the order of creation, none twice, none left out");
    assert_eq!(third.next, None, "a full last page is the last");
}

async fn finds_by_a_part_of_address_or_name(store: &dyn TestStore) {
    let users = store.users();
    let ada = a_user().named("Ada_L 100%").email("countess@lovelace.example").build();
    users.create(&ada, &an_entry()).await.expect("a user can be created");
    let search = async |text: &str| {
        let found = users.list(Some(text), PageRequest::default()).await.expect("a list").items;
        found.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    for text in ["LOVELACE", "countess@", "ada_l", "0%"] {
        assert_eq!(search(text).await, [ada.id], "{text}");
    }
    assert_eq!(search("ada%100").await, [], "no character is a wildcard");
}

async fn finds_what_was_created(store: &dyn TestStore) {
    let users = store.users();
    let plain = a_user().named("Ada ✓").build();
    let odd = a_user().password(None).instance_admin().deactivated(at(3)).build();
    for user in [plain, odd] {
        let entry = an_entry();
        users.create(&user, &entry).await.expect("a user can be created");
        assert_eq!(users.find(user.id).await.expect("found").as_ref(), Some(&user));
        assert_eq!(users.find_by_email(&user.email).await.expect("found").as_ref(), Some(&user));
        assert!(is_on_record(store, entry.id).await);
    }
    assert_eq!(users.find(UserId::new()).await.expect("an answer"), None);
    let nobody = Email::parse("nobody@example.com").expect("an address");
    assert_eq!(users.find_by_email(&nobody).await.expect("an answer"), None);
}

async fn refuses_a_taken_address(store: &dyn TestStore) {
    let users = store.users();
    let (first, second) = (a_stored_user(store).await, a_stored_user(store).await);
    let entry = an_entry();
    let outcome = users.create(&a_user().email(first.email.as_str()).build(), &entry).await;
    assert_conflict(outcome);
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
    let outcome = users.update(&User { email: first.email, version: 2, ..second }, &entry).await;
    assert_conflict(outcome);
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
}

fn assert_conflict(outcome: Result<(), StoreError>) {
    let expected = matches!(outcome, Err(StoreError::Conflict { what: "a user with this e-mail address" }));
    assert!(expected, "{outcome:?}");
}

async fn updates_by_version(store: &dyn TestStore) {
    let users = store.users();
    let user = a_stored_user(store).await;
    let changed = User { name: "Changed".to_owned(), password: None, updated_at: at(9), version: 2, ..user.clone() };
    let entry = an_entry();
    users.update(&changed, &entry).await.expect("an update");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(users.find(user.id).await.expect("found").as_ref(), Some(&changed));

    let outcome = users.update(&changed, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the user" })), "{outcome:?}");
    let outcome = users.update(&User { version: 4, ..changed.clone() }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the user" })), "{outcome:?}");
    let outcome = users.update(&User { version: 2, ..a_user().build() }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the user" })), "{outcome:?}");
    assert_eq!(users.find(user.id).await.expect("found"), Some(changed), "refused writes change nothing");
}

async fn keeps_an_instance_admin(store: &dyn TestStore) {
    let users = store.users();
    assert!(!users.has_instance_admin().await.expect("an answer"), "one who is deactivated does not count");
    // Without any, others can be changed.
    let other = a_stored_user(store).await;
    users.update(&User { version: 2, ..other }, &an_entry()).await.expect("an update");

    let admin = a_user().instance_admin().build();
    users.create(&admin, &an_entry()).await.expect("a user can be created");
    assert!(users.has_instance_admin().await.expect("an answer"));
    let entry = an_entry();
    for last in [
        User { instance_admin: false, version: 2, ..admin.clone() },
        User { deactivated_at: Some(at(1)), version: 2, ..admin.clone() },
    ] {
        let outcome = users.update(&last, &entry).await;
        assert!(matches!(outcome, Err(StoreError::LastInstanceAdmin)), "{outcome:?}");
    }
    assert!(!is_on_record(store, entry.id).await);
    assert_eq!(users.find(admin.id).await.expect("found").as_ref(), Some(&admin), "refused writes change nothing");

    let second = a_user().instance_admin().build();
    users.create(&second, &an_entry()).await.expect("a user can be created");
    users.update(&User { instance_admin: false, version: 2, ..admin }, &an_entry()).await.expect("an update");
    // The one that is left is for the race below.
    assert!(users.has_instance_admin().await.expect("an answer"));
    let admin = a_user().instance_admin().build();
    users.create(&admin, &an_entry()).await.expect("a user can be created");
    users.update(&User { deactivated_at: Some(at(1)), version: 2, ..second }, &an_entry()).await.expect("an update");
    let outcome = users.update(&User { instance_admin: false, version: 2, ..admin }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::LastInstanceAdmin)), "{outcome:?}");
}

async fn keeps_an_instance_admin_when_two_leave_at_once(store: &dyn TestStore) {
    let users = store.users();
    for _ in 0..ROUNDS {
        let all = users.list(None, PageRequest::new(PageRequest::MAX_LIMIT, None)).await.expect("a list").items;
        let only = all.into_iter().find(|user| user.instance_admin && user.is_active()).expect("there is one");
        let second = a_user().instance_admin().build();
        users.create(&second, &an_entry()).await.expect("a user can be created");
        let leave = |user: &User| {
            let user = User { instance_admin: false, version: user.version + 1, ..user.clone() };
            let users = store.users();
            tokio::spawn(async move { users.update(&user, &an_entry()).await })
        };
        let (first, second) = (leave(&only), leave(&second));
        let outcomes = [first.await.expect("no panic"), second.await.expect("no panic")];
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::LastInstanceAdmin))).count();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
        assert!(users.has_instance_admin().await.expect("an answer"));
    }
}

async fn ends_the_logins_of_a_deactivated_user(store: &dyn TestStore) {
    let (user, other) = (a_stored_user(store).await, a_stored_user(store).await);
    let (token, others) = (open_login(store, &user).await, open_login(store, &other).await);
    let user = User { name: "Still here".to_owned(), version: 2, ..user };
    store.users().update(&user, &an_entry()).await.expect("an update");
    assert!(store.logins().is_open(token.login_id, at(1)).await.expect("an answer"));
    let user = User { deactivated_at: Some(at(1)), version: 3, ..user };
    store.users().update(&user, &an_entry()).await.expect("an update");
    assert!(!store.logins().is_open(token.login_id, at(1)).await.expect("an answer"));
    assert!(store.logins().is_open(others.login_id, at(1)).await.expect("an answer"));
}

async fn ends_the_other_logins_with_a_change_of_password(store: &dyn TestStore) {
    let (user, stranger) = (a_stored_user(store).await, a_stored_user(store).await);
    let (own, other) = (open_login(store, &user).await, open_login(store, &user).await);
    let strange = open_login(store, &stranger).await;
    let is_open = async |token: &RefreshToken| store.logins().is_open(token.login_id, at(1)).await.expect("an answer");
    let stale = User { version: 1, ..user.clone() };
    let refused = store.users().change_password(&stale, Some(own.login_id), &an_entry()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    assert!(is_open(&other).await, "nothing of a refused write stays");
    let entry = an_entry();
    let user = User { password: Some(PasswordHash::from_phc("$argon2id$new".to_owned())), version: 2, ..user };
    let ended = store.users().change_password(&user, Some(own.login_id), &entry).await.expect("a change");
    assert_eq!(ended, [other.login_id]);
    assert_eq!(store.users().find(user.id).await.expect("found"), Some(user.clone()));
    assert_eq!((is_open(&own).await, is_open(&other).await, is_open(&strange).await), (true, false, true));
    assert!(is_on_record(store, entry.id).await);
    store.users().change_password(&User { version: 3, ..user }, None, &an_entry()).await.expect("a change");
    assert!(!is_open(&own).await);
}
