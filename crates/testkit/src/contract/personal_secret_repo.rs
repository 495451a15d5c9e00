//! The contract of [`PersonalSecretRepo`](orch_domain::port::personal_secret_repo::PersonalSecretRepo).

use orch_domain::error::StoreError;
use orch_domain::id::{ServerId, UserId};
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::server_repo::ServerUpdate;
use orch_domain::secret::{Sealed, Secret, Slot};
use orch_domain::server::Server;

use super::{TestStore, a_stored_project, a_stored_server, a_stored_user, an_entry, at, is_on_record};

fn value(server: ServerId, user: UserId, slot: &Slot, sealed: &[u8]) -> PersonalSecret {
    let id = PersonalSecret::id_of(server, user, slot);
    let secret = Secret { id, slot: slot.clone(), sealed: Sealed::from_bytes(sealed.to_vec()) };
    PersonalSecret { server_id: server, user_id: user, secret, updated_at: at(7) }
}

pub async fn personal_secret_repo(store: &dyn TestStore) {
    let repo = store.personal_secrets();
    let (project, one) = a_stored_project(store).await;
    let two = a_stored_user(store).await;
    let server = a_stored_server(store, project.id).await;
    let (token, key) = (Slot::Env("TOKEN".to_owned()), Slot::Header("x-key".to_owned()));
    assert_eq!(repo.list(server.id, one.id).await.expect("an answer"), []);

    let entry = an_entry();
    let first = [value(server.id, one.id, &token, b"1"), value(server.id, one.id, &key, b"2")];
    repo.write(&server, one.id, &first, &[], &entry).await.expect("values can be stored");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(repo.list(server.id, one.id).await.expect("an answer"), first);
    assert_eq!(repo.list(server.id, two.id).await.expect("an answer"), [], "nobody else has them");

    // One is replaced and one removed, in one go; what is not there is no trouble.
    let other = [value(server.id, one.id, &token, b"3")];
    repo.write(&server, one.id, &other, &[key.clone(), key], &an_entry()).await.expect("values can be replaced");
    assert_eq!(repo.list(server.id, one.id).await.expect("an answer"), other);
    let theirs = [value(server.id, two.id, &token, b"4")];
    repo.write(&server, two.id, &theirs, &[], &an_entry()).await.expect("values of somebody else");

    // The directory has them, by server and account.
    let facts = store.directory().load_project(project.id).await.expect("an answer").expect("the project");
    let own = |user| facts.personal[&server.id].get(&user).map(Vec::as_slice);
    assert_eq!(own(one.id), Some(&[other[0].secret.clone()][..]));
    assert_eq!(own(two.id), Some(&[theirs[0].secret.clone()][..]));

    let nowhere = ServerId::new();
    let unknown = Server { id: nowhere, ..server.clone() };
    let lost = repo.write(&unknown, one.id, &[value(nowhere, one.id, &token, b"5")], &[], &an_entry()).await;
    assert!(matches!(lost, Err(StoreError::Missing { .. })), "{lost:?}");
    let nobody = UserId::new();
    let lost = repo.write(&server, nobody, &[value(server.id, nobody, &token, b"5")], &[], &an_entry()).await;
    assert!(matches!(lost, Err(StoreError::Missing { .. })), "{lost:?}");

    // Who has seen another version of the server may have meant another place.
    let next = Server { version: 2, ..server.clone() };
    store.servers().update(&ServerUpdate::new(next.clone(), an_entry())).await.expect("an update");
    let (more, entry) = ([value(server.id, one.id, &token, b"6")], an_entry());
    for seen in [&server, &Server { version: 3, ..server.clone() }] {
        let stale = repo.write(seen, one.id, &more, std::slice::from_ref(&token), &entry).await;
        assert!(matches!(stale, Err(StoreError::Stale { what: "the server" })), "{stale:?}");
    }
    assert!(!is_on_record(store, entry.id).await);
    assert_eq!(repo.list(server.id, one.id).await.expect("an answer"), other, "refused writes change nothing");
    repo.write(&next, one.id, &more, &[], &entry).await.expect("values can be stored");

    // They go with the server.
    store.servers().delete(server.id, None, &an_entry()).await.expect("the server can be deleted");
    assert_eq!(repo.list(server.id, one.id).await.expect("an answer"), []);
}
