//! The contract of [`SealedRepo`](orch_domain::port::sealed_repo::SealedRepo).

use orch_domain::change::Change;
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::sealed_repo::{SealedRepo, SealedValue};
use orch_domain::secret::{Sealed, Secret, Slot};
use orch_domain::server::Server;
use uuid::Uuid;

use super::changes::until;
use super::{TestStore, a_stored_project, a_stored_user, an_entry, at};
use crate::builders::a_server;

/// In the order in which they are listed.
const TABLES: [&str; 2] = ["secrets", "personal_secrets"];

fn env(name: &str) -> Slot {
    Slot::Env(name.to_owned())
}

fn sealed(text: &str) -> Sealed {
    Sealed::from_bytes(text.as_bytes().to_vec())
}

/// Two secrets of each of two servers, and three values that two members have stored for the first.
async fn stored(store: &dyn TestStore) -> (Server, Vec<PersonalSecret>) {
    let (project, one) = a_stored_project(store).await;
    let two = a_stored_user(store).await;
    let server = |name: &str| {
        let (first, second) = (format!("{name} 1"), format!("{name} 2"));
        let server = a_server().in_project(project.id).secret(env("A"), first.as_bytes());
        server.secret(env("B"), second.as_bytes()).build()
    };
    let (first, second) = (server("first"), server("second"));
    for server in [&first, &second] {
        store.servers().create(server, &an_entry()).await.expect("a server can be created");
    }
    let mut personal = Vec::new();
    for (user, slots) in [(one.id, &["C", "D"][..]), (two.id, &["C"][..])] {
        let own = slots.iter().map(|slot| {
            let slot = env(slot);
            let id = PersonalSecret::id_of(first.id, user, &slot);
            let secret = Secret { id, sealed: sealed(&format!("own {id:?}")), slot };
            PersonalSecret { server_id: first.id, user_id: user, secret, updated_at: at(1) }
        });
        let own: Vec<_> = own.collect();
        store.personal_secrets().write(&first, user, &own, &[], &an_entry()).await.expect("values can be stored");
        personal.extend(own);
    }
    (first, personal)
}

async fn list(repo: &dyn SealedRepo, after: Option<(&'static str, Uuid)>, limit: u32) -> Vec<SealedValue> {
    repo.list(after, limit).await.expect("sealed values can be listed")
}

const fn place(value: &SealedValue) -> (&'static str, Uuid) {
    (value.table, value.row)
}

pub async fn sealed_repo(store: &dyn TestStore) {
    let repo = store.sealed();
    assert_eq!(list(&*repo, None, 10).await, []);
    let (server, personal) = stored(store).await;

    // All of them, each once and as it is, in one order.
    let all = list(&*repo, None, 100).await;
    assert_eq!(
        all.iter().map(|value| value.table).collect::<Vec<_>>(),
        [&[TABLES[0]; 4][..], &[TABLES[1]; 3]].concat()
    );
    assert!(all.is_sorted_by_key(|value| (value.table == TABLES[1], value.row)));
    let has = |table: &str, secret: &Secret| {
        let is_it = |value: &&SealedValue| value.table == table && value.row == secret.id.as_uuid();
        all.iter().filter(is_it).map(|value| value.sealed.clone()).collect::<Vec<_>>() == [secret.sealed.clone()]
    };
    assert!(server.secrets.iter().all(|secret| has(TABLES[0], secret)), "{all:?}");
    assert!(personal.iter().all(|own| has(TABLES[1], &own.secret)), "{all:?}");

    // In steps of any size it is the same, also over the border between the tables.
    for limit in [1, 2, 3, 5, 7] {
        let mut walked = Vec::new();
        loop {
            let page = list(&*repo, walked.last().map(place), limit).await;
            assert!(page.len() <= limit as usize, "{limit}: {page:?}");
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, all, "{limit} at once");
    }

    replaces_what_is_as_it_was(store, &all).await;
}

async fn replaces_what_is_as_it_was(store: &dyn TestStore, all: &[SealedValue]) {
    let repo = store.sealed();
    let mut news = store.changes().subscribe();
    let another = |value: &SealedValue| SealedValue { sealed: sealed("what it never was"), ..value.clone() };
    let elsewhere = |value: &SealedValue, table| SealedValue { table, ..value.clone() };
    let asked = [
        (all[0].clone(), sealed("new 0")),
        (all[6].clone(), sealed("new 6")),
        (another(&all[1]), sealed("lost")),
        (another(&all[5]), sealed("lost")),
        (elsewhere(&all[2], TABLES[1]), sealed("lost")),
        (elsewhere(&all[4], TABLES[0]), sealed("lost")),
        (SealedValue { row: Uuid::from_u128(7), ..all[3].clone() }, sealed("lost")),
    ];
    assert_eq!(repo.replace(&asked).await.expect("values can be replaced"), 2);
    until(&mut news, Change::Everything).await;
    let mut expected = all.to_vec();
    expected[0].sealed = sealed("new 0");
    expected[6].sealed = sealed("new 6");
    assert_eq!(list(&*repo, None, 100).await, expected);
    // Who asks a second time finds that they are not what they were.
    assert_eq!(repo.replace(&asked).await.expect("nothing can be replaced"), 0);
    assert_eq!(list(&*repo, None, 100).await, expected);
    assert_eq!(repo.replace(&[]).await.expect("nothing can be replaced"), 0);
}
