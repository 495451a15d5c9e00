//! The contract of [`KeyRepo`](orch_domain::port::key_repo::KeyRepo).

use orch_domain::Timestamp;
use orch_domain::api_key::{ApiKey, KeyTally, KeyUse};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ServerId};
use orch_domain::page::PageRequest;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::scope::Scope;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::quota::Allowance;

use super::{ROUNDS, TestStore, a_stored_project, a_stored_user, an_entry, at, is_on_record};
use crate::builders::a_key;

pub async fn key_repo(store: &dyn TestStore) {
    finds_what_was_created(store).await;
    lists_the_newest_first(store).await;
    refuses_a_taken_public_id(store).await;
    revokes_once(store).await;
    rotates(store).await;
    updates(store).await;
    updates_or_rotates_what_was_seen(store).await;
    lists_those_of_all_projects(store).await;
    counts_those_of_one_account(store).await;
    notes_the_newest_use(store).await;
    notes_the_newest_use_of_many_at_once(store).await;
}

pub(super) async fn a_stored_key(store: &dyn TestStore) -> ApiKey {
    let (project, user) = a_stored_project(store).await;
    let key = a_key().in_project(project.id).by(user.id).build();
    store.keys().create(&key, &an_entry()).await.expect("a key can be created");
    key
}

async fn find(keys: &dyn KeyRepo, id: KeyId) -> ApiKey {
    keys.find(id).await.expect("an answer").expect("found")
}

async fn counts_those_of_one_account(store: &dyn TestStore) {
    let (project, user) = a_stored_project(store).await;
    let of_project = || a_key().in_project(project.id).by(user.id);
    let keys = [
        of_project().build(),
        of_project().expires_at(at(500)).build(),
        of_project().expires_at(at(501)).build(),
        of_project().revoked_at(at(1)).build(),
        ApiKey { created_at: at(400), ..of_project().build() },
    ];
    for key in &keys {
        store.keys().create(key, &an_entry()).await.expect("a key can be created");
    }
    let other = a_stored_key(store).await;
    let tally =
        async |project, user, since| store.keys().tally(project, user, at(500), since).await.expect("an answer");
    assert_eq!(tally(project.id, user.id, at(0)).await, KeyTally { live: 3, made: 5 });
    assert_eq!(tally(project.id, user.id, at(400)).await, KeyTally { live: 3, made: 1 });
    assert_eq!(tally(project.id, user.id, at(401)).await, KeyTally { live: 3, made: 0 });
    assert_eq!(tally(other.project_id, other.creator, at(0)).await, KeyTally { live: 1, made: 1 });
    assert_eq!(tally(project.id, other.creator, at(0)).await, KeyTally { live: 0, made: 0 });
}

async fn finds_what_was_created(store: &dyn TestStore) {
    let keys = store.keys();
    let (project, user) = a_stored_project(store).await;
    let plain = a_key().named("agent ✓");
    let ending = a_key().expires_at(at(60)).revoked_at(at(30));
    let scope = Scope {
        servers: Some(vec![ServerId::new()]),
        tools: Some(vec![Pattern::parse("get_*").expect("a pattern")]),
        read_only: true,
    };
    let narrow = a_key().scope(scope).allowance(Allowance { per_minute: Some(5), concurrent: None, per_day: Some(7) });
    for key in [plain, ending, narrow] {
        let (key, entry) = (key.in_project(project.id).by(user.id).build(), an_entry());
        keys.create(&key, &entry).await.expect("a key can be created");
        assert!(is_on_record(store, entry.id).await);
        assert_eq!(keys.find(key.id).await.expect("found"), Some(key));
    }
    assert_eq!(keys.find(KeyId::new()).await.expect("an answer"), None);
    let outcome = keys.create(&a_key().in_project(project.id).build(), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { .. })), "{outcome:?}");
}

async fn lists_the_newest_first(store: &dyn TestStore) {
    let keys = store.keys();
    let ((project, admin), other) = (a_stored_project(store).await, a_stored_user(store).await);
    a_stored_key(store).await;
    let mut created = Vec::new();
    for creator in [admin.id, other.id, admin.id, admin.id] {
        let key = a_key().in_project(project.id).by(creator).build();
        keys.create(&key, &an_entry()).await.expect("a key can be created");
        created.insert(0, key);
    }
    let first = keys.list(project.id, None, PageRequest::new(3, None)).await.expect("a list");
    // A newer one does not move what comes next.
    let newest = a_key().in_project(project.id).by(admin.id).build();
    keys.create(&newest, &an_entry()).await.expect("a key can be created");
    let second = keys.list(project.id, None, PageRequest::new(3, first.next)).await.expect("a list");
    assert_eq!([first.items, second.items].concat(), created);
    assert_eq!(second.next, None);

    let theirs = keys.list(project.id, Some(other.id), PageRequest::default()).await.expect("a list").items;
    assert_eq!(theirs.iter().map(|key| key.creator).collect::<Vec<_>>(), [other.id]);
}

async fn refuses_a_taken_public_id(store: &dyn TestStore) {
    let first = a_stored_key(store).await;
    let same = ApiKey { id: KeyId::new(), ..first };
    let entry = an_entry();
    let outcome = store.keys().create(&same, &entry).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { what: "an API key with this public id" })), "{outcome:?}");
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
}

async fn revokes_once(store: &dyn TestStore) {
    let keys = store.keys();
    let key = a_stored_key(store).await;
    let (first, second) = (an_entry(), an_entry());
    let outcome = keys.revoke(key.id, Some(key.version() ^ 1), at(1), &second).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "{outcome:?}");
    keys.revoke(key.id, Some(key.version()), at(1), &first).await.expect("a key can be revoked");
    keys.revoke(key.id, None, at(2), &second).await.expect("a second time is no trouble");
    assert_eq!(find(&*keys, key.id).await, ApiKey { revoked_at: Some(at(1)), ..key });
    assert!(is_on_record(store, first.id).await);
    assert!(!is_on_record(store, second.id).await, "nothing was done the second time");
    let outcome = keys.revoke(KeyId::new(), None, at(1), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the API key" })), "{outcome:?}");
}

async fn rotates(store: &dyn TestStore) {
    let keys = store.keys();
    let old = a_stored_key(store).await;
    let successor = |of: &ApiKey| a_key().in_project(of.project_id).by(of.creator).build();
    let (new, entry) = (successor(&old), an_entry());
    keys.rotate(&old, at(100), &new, &entry).await.expect("a rotation");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(find(&*keys, new.id).await, new);
    assert_eq!(find(&*keys, old.id).await.expires_at, Some(at(100)));

    let entry = an_entry();
    let third = successor(&old);
    let outcome = keys.rotate(&old, at(200), &third, &entry).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "it ends by now: {outcome:?}");
    let old = find(&*keys, old.id).await;
    keys.rotate(&old, at(200), &third, &an_entry()).await.expect("a rotation");
    assert_eq!(find(&*keys, old.id).await.expires_at, Some(at(100)), "a rotation never lengthens a life");

    let narrow = ApiKey { scope: Scope { read_only: true, ..Scope::default() }, ..third.clone() };
    keys.update(&third, &narrow, &an_entry()).await.expect("a key can be narrowed");
    let outcome = keys.rotate(&third, at(50), &successor(&third), &entry).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "no wide one: {outcome:?}");
    assert_eq!(find(&*keys, third.id).await, narrow, "refused writes change nothing");

    let clash = ApiKey { public_id: old.public_id.clone(), ..successor(&old) };
    let outcome = keys.rotate(&new, at(50), &clash, &entry).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
    assert_eq!(find(&*keys, new.id).await.expires_at, None, "both or none");

    keys.revoke(old.id, None, at(1), &an_entry()).await.expect("a key can be revoked");
    let outcome = keys.rotate(&old, at(300), &successor(&old), &entry).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "what is revoked stays so: {outcome:?}");
    let unknown = ApiKey { id: KeyId::new(), ..old.clone() };
    let outcome = keys.rotate(&unknown, at(300), &successor(&old), &entry).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the API key" })), "{outcome:?}");
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
}

async fn notes_the_newest_use(store: &dyn TestStore) {
    let keys = store.keys();
    let (one, two) = (a_stored_key(store).await, a_stored_key(store).await);
    let whole = at(10).replace_nanosecond(0).expect("a time");
    keys.note_used(&[used(one.id, whole), used(two.id, at(20)), used(one.id, at(5))]).await.expect("uses can be noted");
    assert_eq!(find(&*keys, one.id).await.last_used_at, Some(whole));
    assert_eq!(find(&*keys, two.id).await.last_used_at, Some(at(20)));
    // Later by a fraction of a second, and earlier; of a key that is gone, and of none.
    keys.note_used(&[used(one.id, at(10)), used(two.id, at(19)), used(KeyId::new(), at(1))])
        .await
        .expect("uses can be noted");
    assert_eq!(find(&*keys, one.id).await.last_used_at, Some(at(10)));
    assert_eq!(find(&*keys, two.id).await.last_used_at, Some(at(20)));
    keys.note_used(&[]).await.expect("nothing is no trouble");

    // Two notes of one use complete each other; an older one says nothing any more.
    let from = KeyUse { at: at(130), address: Some([192, 0, 2, 1].into()), client: None };
    let by = KeyUse { at: at(129), address: None, client: Some("agent 1".to_owned()) };
    let older = KeyUse { at: at(30), address: None, client: Some("other".to_owned()) };
    for note in [from, by, older] {
        keys.note_used(&[(one.id, note)]).await.expect("uses can be noted");
    }
    let key = find(&*keys, one.id).await;
    assert_eq!(key.last_used_at, Some(at(130)));
    assert_eq!((key.last_used_from, key.last_used_by.as_deref()), (Some([192, 0, 2, 1].into()), Some("agent 1")));
}

fn used(id: KeyId, at: Timestamp) -> (KeyId, KeyUse) {
    (id, KeyUse { at, address: None, client: None })
}

async fn updates(store: &dyn TestStore) {
    let keys = store.keys();
    let before = a_stored_key(store).await;
    let entry = an_entry();
    let after = ApiKey {
        name: "renamed".to_owned(),
        expires_at: Some(at(9)),
        scope: Scope { read_only: true, ..Scope::default() },
        allowance: Allowance { concurrent: Some(2), ..Allowance::default() },
        ..before.clone()
    };
    assert_ne!(after.version(), before.version());
    keys.update(&before, &after, &entry).await.expect("a key can be changed");
    assert_eq!(find(&*keys, before.id).await, after);
    assert!(is_on_record(store, entry.id).await);
    let outcome = keys.update(&before, &before, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "{outcome:?}");
    keys.update(&after, &before, &an_entry()).await.expect("a key can be changed back");
    assert_eq!(find(&*keys, before.id).await, before);
    keys.note_used(&[used(before.id, at(1))]).await.expect("uses can be noted");
    keys.update(&before, &before, &an_entry()).await.expect("a use is no change");

    keys.revoke(before.id, None, at(1), &an_entry()).await.expect("a key can be revoked");
    let outcome = keys.update(&before, &after, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the API key" })), "{outcome:?}");
    let outcome = keys.update(&before, &ApiKey { id: KeyId::new(), ..after }, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the API key" })), "{outcome:?}");
}

/// Whichever of the two is first, the other has seen a key that is none any more.
async fn updates_or_rotates_what_was_seen(store: &dyn TestStore) {
    for _ in 0..ROUNDS {
        let before = a_stored_key(store).await;
        let after = ApiKey { name: "renamed".to_owned(), ..before.clone() };
        let new = a_key().in_project(before.project_id).by(before.creator).build();
        let (keys, old) = (store.keys(), before.clone());
        let updating = tokio::spawn(async move { keys.update(&old, &after, &an_entry()).await });
        let (keys, old) = (store.keys(), before.clone());
        let rotating = tokio::spawn(async move { keys.rotate(&old, at(5), &new, &an_entry()).await });
        let (updated, rotated) = (updating.await.expect("no panic"), rotating.await.expect("no panic"));
        let one_is_told = matches!(
            (&updated, &rotated),
            (Ok(()), Err(StoreError::Stale { .. })) | (Err(StoreError::Stale { .. }), Ok(()))
        );
        assert!(one_is_told, "{updated:?} {rotated:?}");
        let stored = find(&*store.keys(), before.id).await;
        assert_eq!(stored.expires_at == Some(at(5)), rotated.is_ok());
        assert_eq!(stored.name == "renamed", updated.is_ok());
    }
}

async fn lists_those_of_all_projects(store: &dyn TestStore) {
    let (one, two) = (a_stored_key(store).await, a_stored_key(store).await);
    let mut page = PageRequest::default();
    let mut listed = Vec::new();
    loop {
        let found = store.keys().list_all(page).await.expect("a page");
        listed.extend(found.items);
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert!(listed.contains(&one) && listed.contains(&two));
    assert!(listed.is_sorted_by_key(|key| std::cmp::Reverse(key.id)));
}

async fn notes_the_newest_use_of_many_at_once(store: &dyn TestStore) {
    let (one, two) = (a_stored_key(store).await.id, a_stored_key(store).await.id);
    let note = |uses: [(KeyId, u64); 2]| {
        let keys = store.keys();
        tokio::spawn(async move { keys.note_used(&uses.map(|(id, seconds)| used(id, at(seconds)))).await })
    };
    let mut notes = Vec::new();
    for round in 0..ROUNDS as u64 {
        notes.push(note([(one, round), (two, 100 - round)]));
        notes.push(note([(two, round), (one, 100 - round)]));
    }
    for note in notes {
        note.await.expect("no panic").expect("uses can be noted");
    }
    for id in [one, two] {
        assert_eq!(find(&*store.keys(), id).await.last_used_at, Some(at(100)));
    }
}
