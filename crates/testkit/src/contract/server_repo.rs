//! The contract of [`ServerRepo`](orch_domain::port::server_repo::ServerRepo).

use std::time::Duration;

use orch_domain::activity::EntryFilter;
use orch_domain::alias::Alias;
use orch_domain::audit::AuditEntry;
use orch_domain::dialect::{Dialect, Era, Interactive};
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::limits::Limit;
use orch_domain::page::PageRequest;
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::server_repo::{Forgetting, ServerUpdate, ServerWrite};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use orch_domain::secret::{Sealed, Secret, Slot};
use orch_domain::server::{Server, Transport};

use super::{TestStore, a_stored_project, a_stored_server, a_stored_user, an_entry, at, is_on_record};
use crate::builders::{a_catalog, a_server};

pub async fn server_repo(store: &dyn TestStore) {
    finds_what_was_created(store).await;
    lists_by_alias(store).await;
    refuses_a_taken_alias(store).await;
    updates_by_version_and_replaces_secrets(store).await;
    writes_all_or_none(store).await;
    deletes_with_secrets_and_catalog(store).await;
    forgets_what_members_have_stored(store).await;
}

async fn finds_what_was_created(store: &dyn TestStore) {
    let servers = store.servers();
    let (project, _) = a_stored_project(store).await;
    let with_cwd = Transport::Stdio { command: "npx".to_owned(), cwd: Some("/srv".to_owned()) };
    let all = [
        a_server()
            .transport(with_cwd)
            .secret(Slot::Env("TOKEN".to_owned()), b"sealed \x00\xff bytes")
            .secret(Slot::Arg(1), b"b")
            .secret(Slot::Arg(0), b"a")
            .secret(Slot::Env("ARG".to_owned()), b"")
            .limit(Limit::Memory, 512)
            .limit(Limit::Log, u32::MAX)
            .sandbox(Sandbox {
                mode: SandboxMode::On,
                read_paths: vec!["~/a \"b\"".to_owned(), "/c".to_owned()],
                write_paths: vec!["/d".to_owned()],
                network: NetworkAccess::Ports(vec![443, 65535]),
            }),
        a_server().http("https://example.com/mcp").secret(Slot::Header("authorization".to_owned()), b"c").disabled(),
        a_server()
            .sse("https://example.com/sse")
            .call_timeout(Duration::from_secs(90))
            .dialect(Dialect { era: Era::Modern, interactive: Interactive::Never })
            .sandbox(Sandbox { network: NetworkAccess::None, ..Sandbox::default() })
            .extra(r#"{"autoApprove":["x"]}"#),
    ];
    for server in all {
        let (server, entry) = (server.in_project(project.id).build(), an_entry());
        servers.create(&server, &entry).await.expect("a server can be created");
        assert!(is_on_record(store, entry.id).await);
        assert_eq!(servers.find(server.id).await.expect("found").as_ref(), Some(&server));
        let found = servers.find_by_alias(project.id, &server.alias).await.expect("found");
        assert_eq!(found.as_ref(), Some(&server), "with secrets in the order of their slots");
        assert_eq!(servers.find_by_alias(ProjectId::new(), &server.alias).await.expect("an answer"), None);
    }
    assert_eq!(servers.find(ServerId::new()).await.expect("an answer"), None);
    let outcome = servers.create(&a_server().build(), &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
}

async fn lists_by_alias(store: &dyn TestStore) {
    let ((project, _), (other, _)) = (a_stored_project(store).await, a_stored_project(store).await);
    a_stored_server(store, other.id).await;
    for alias in ["b", "a-b", "a", "ab"] {
        let server = a_server().in_project(project.id).named(alias).secret(Slot::Arg(0), alias.as_bytes()).build();
        store.servers().create(&server, &an_entry()).await.expect("a server can be created");
    }
    let listed = store.servers().list(project.id).await.expect("a list");
    let aliases: Vec<_> = listed.iter().map(|server| server.alias.as_str()).collect();
    assert_eq!(aliases, ["a", "a-b", "ab", "b"], "in the order of bytes, whatever the database's language");
    assert!(listed.iter().all(|server| server.secrets.iter().all(|s| s.sealed.as_bytes() == server.name.as_bytes())));
    assert_eq!(store.servers().list(ProjectId::new()).await.expect("a list"), []);
}

async fn refuses_a_taken_alias(store: &dyn TestStore) {
    let servers = store.servers();
    let ((project, _), (other, _)) = (a_stored_project(store).await, a_stored_project(store).await);
    let (first, second) = (a_stored_server(store, project.id).await, a_stored_server(store, project.id).await);
    let same = a_server().named(first.alias.as_str());
    let entry = an_entry();
    let taken = |outcome| matches!(outcome, Err(StoreError::Conflict { what: "a server with this alias" }));
    let renamed = Server { alias: first.alias.clone(), version: 2, ..second };
    assert!(taken(servers.create(&same.clone().in_project(project.id).build(), &entry).await));
    assert!(taken(servers.update(&ServerUpdate::new(renamed, entry.clone())).await));
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");
    servers.create(&same.in_project(other.id).build(), &an_entry()).await.expect("another project is another matter");
}

async fn updates_by_version_and_replaces_secrets(store: &dyn TestStore) {
    let servers = store.servers();
    let (project, _) = a_stored_project(store).await;
    let before = a_server().secret(Slot::Arg(0), b"old").secret(Slot::Arg(1), b"stays").in_project(project.id).build();
    servers.create(&before, &an_entry()).await.expect("a server can be created");

    let mut after = before.clone();
    after.alias = Alias::parse("renamed").expect("an alias");
    after.transport = Transport::StreamableHttp { url: "https://example.com".to_owned() };
    after.secrets.remove(0);
    // The value that stays moves to the place of the one that goes.
    after.secrets[0].slot = Slot::Arg(0);
    after.enabled = false;
    after.updated_at = at(5);
    after.version = 2;
    after.generation = 7;
    let entry = an_entry();
    servers.update(&ServerUpdate::new(after.clone(), entry.clone())).await.expect("an update");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(servers.find(before.id).await.expect("found").as_ref(), Some(&after));

    let outcome = servers.update(&ServerUpdate::new(after.clone(), an_entry())).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the server" })), "{outcome:?}");
    let unknown = a_server().in_project(project.id).build();
    let outcome = servers.update(&ServerUpdate::new(Server { version: 2, ..unknown }, an_entry())).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the server" })), "{outcome:?}");
    assert_eq!(servers.find(before.id).await.expect("found"), Some(after), "refused writes change nothing");
}

async fn writes_all_or_none(store: &dyn TestStore) {
    let servers = store.servers();
    let (project, _) = a_stored_project(store).await;
    let old = a_stored_server(store, project.id).await;
    let (first, second) = (a_server().in_project(project.id).build(), a_server().in_project(project.id).build());
    let create = |server: &Server| ServerWrite::Create { server: server.clone(), audit: an_entry() };
    let update = |server: &Server| ServerWrite::Update(ServerUpdate::new(server.clone(), an_entry()));

    let clash = a_server().in_project(project.id).named(first.alias.as_str()).build();
    let outcome = servers.put_all(&[create(&first), create(&clash)]).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { what: "a server with this alias" })), "{outcome:?}");
    let outcome = servers.put_all(&[create(&first), update(&old)]).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the server" })), "{outcome:?}");
    assert_eq!(servers.list(project.id).await.expect("a list"), std::slice::from_ref(&old), "none of it stays");

    let changed = Server { enabled: false, version: 2, ..old };
    servers.put_all(&[create(&first), update(&changed), create(&second)]).await.expect("all at once");
    let mut expected = vec![first, changed, second];
    expected.sort_by(|a, b| a.alias.cmp(&b.alias));
    assert_eq!(servers.list(project.id).await.expect("a list"), expected);
    servers.put_all(&[]).await.expect("nothing is no trouble");
}

async fn deletes_with_secrets_and_catalog(store: &dyn TestStore) {
    let (project, _) = a_stored_project(store).await;
    let server = a_server().in_project(project.id).secret(Slot::Arg(0), b"x").build();
    store.servers().create(&server, &an_entry()).await.expect("a server can be created");
    store.catalogs().save(&a_catalog(server.id).tool("t").build()).await.expect("a catalog can be saved");
    let entry = an_entry();
    for other in [0, 2] {
        let outcome = store.servers().delete(server.id, Some(other), &an_entry()).await;
        assert!(matches!(outcome, Err(StoreError::Stale { what: "the server" })), "{outcome:?}");
    }
    store.servers().delete(server.id, Some(1), &entry).await.expect("a deletion");
    assert!(is_on_record(store, entry.id).await);
    assert_eq!(store.servers().find(server.id).await.expect("an answer"), None);
    assert_eq!(store.catalogs().find(server.id).await.expect("an answer"), None);
    let outcome = store.servers().delete(server.id, None, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the server" })), "{outcome:?}");
    // The same secrets again: nothing of them was left.
    store.servers().create(&server, &an_entry()).await.expect("a server can be created");
}

async fn forgets_what_members_have_stored(store: &dyn TestStore) {
    let (servers, own) = (store.servers(), store.personal_secrets());
    let ((project, one), two) = (a_stored_project(store).await, a_stored_user(store).await);
    let (server, other) = (a_stored_server(store, project.id).await, a_stored_server(store, project.id).await);
    for (server, user) in [(&server, &one), (&server, &two), (&other, &one)] {
        let slot = Slot::Env("TOKEN".to_owned());
        let id = PersonalSecret::id_of(server.id, user.id, &slot);
        let secret = Secret { id, slot, sealed: Sealed::from_bytes(b"x".to_vec()) };
        let value = PersonalSecret { server_id: server.id, user_id: user.id, secret, updated_at: at(1) };
        own.write(server, user.id, &[value], &[], &an_entry()).await.expect("a value can be stored");
    }
    let stored = async |server: &Server| {
        let mut count = 0;
        for user in [&one, &two] {
            count += own.list(server.id, user.id).await.expect("an answer").len();
        }
        count
    };
    let told = async || {
        let filter = EntryFilter::default();
        let page = store.audit().list(None, &filter, PageRequest::new(PageRequest::MAX_LIMIT, None)).await;
        let entries = page.expect("the trail").items.into_iter();
        let mut told: Vec<_> = entries
            .filter(|entry| entry.detail.ends_with(": it moved"))
            .map(|entry| (entry.detail, entry.facts))
            .collect();
        told.sort();
        told
    };
    let moved = |server: Server| {
        let base = AuditEntry { detail: "it moved".to_owned(), facts: Vec::new(), ..an_entry() };
        ServerUpdate { forgets: Some(Forgetting::new(base)), ..ServerUpdate::new(server, an_entry()) }
    };

    // A refused update takes nothing, whichever way it was refused.
    let stale = servers.update(&moved(Server { version: 3, ..server.clone() })).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    let clash = Server { alias: other.alias.clone(), version: 2, ..server.clone() };
    let taken = servers.update(&moved(clash.clone())).await;
    assert!(matches!(taken, Err(StoreError::Conflict { .. })), "{taken:?}");
    let next = Server { version: 2, ..server.clone() };
    let late = Server { version: 3, ..other.clone() };
    let writes = [ServerWrite::Update(moved(next.clone())), ServerWrite::Update(moved(late))];
    let stale = servers.put_all(&writes).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    assert_eq!((stored(&server).await, stored(&other).await, told().await), (2, 1, Vec::new()));

    servers.update(&moved(next.clone())).await.expect("an update");
    assert_eq!((stored(&server).await, stored(&other).await), (0, 1), "those of another server stay");
    let mut expected: Vec<_> = [&one, &two]
        .map(|user| (format!("of {}: it moved", user.email), vec![("user".to_owned(), user.email.to_string())]))
        .into();
    expected.sort();
    assert_eq!(told().await, expected, "one for each");
    let facts = store.directory().load_project(project.id).await.expect("an answer").expect("the project");
    assert_eq!(facts.personal.get(&server.id), None, "the directory has none with the new server");

    // Of nobody there is nothing to tell.
    let moved_again = [ServerWrite::Update(moved(Server { version: 3, ..next }))];
    servers.put_all(&moved_again).await.expect("an update");
    assert_eq!(told().await, expected);
}
