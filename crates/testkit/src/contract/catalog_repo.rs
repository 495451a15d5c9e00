//! The contract of [`CatalogRepo`](orch_domain::port::catalog_repo::CatalogRepo).

use orch_domain::catalog::{ItemKind, PastDefinition};
use orch_domain::id::ServerId;

use super::{TestStore, a_stored_project, a_stored_server, at};
use crate::builders::a_catalog;

pub async fn catalog_repo(store: &dyn TestStore) {
    let catalogs = store.catalogs();
    assert_eq!(catalogs.load_all().await.expect("an answer"), []);
    let (project, _) = a_stored_project(store).await;
    let (one, two) = (a_stored_server(store, project.id).await.id, a_stored_server(store, project.id).await.id);
    assert_eq!(catalogs.find(one).await.expect("an answer"), None);

    // Definitions come back byte for byte, and items in the upstream's order.
    let odd = "{ \"name\":\"b\",\t\"x\": 1.0e2, \"y\":\"\\u0000\\ud83d\\ude00 ü\", \"name\":\"b\" }";
    let first = a_catalog(one)
        .item(ItemKind::Tool, "b", odd)
        .item(ItemKind::Resource, &format!("file:///{}", "long/".repeat(2000)), "{}")
        .item(ItemKind::Tool, "a", "{}")
        .item(ItemKind::Prompt, "b", "{}")
        .item(ItemKind::Template, "file:///{path}", "{}")
        .build();
    catalogs.save(&first).await.expect("a catalog can be saved");
    assert_eq!(catalogs.find(one).await.expect("found").as_ref(), Some(&first));

    // Many items, more than one statement takes.
    let many = (0..1200).fold(a_catalog(two), |catalog, number| catalog.tool(&format!("tool_{number}"))).build();
    catalogs.save(&many).await.expect("a catalog can be saved");
    let mut all = catalogs.load_all().await.expect("an answer");
    all.sort_by_key(|catalog| catalog.server_id);
    let mut expected = vec![first, many];
    expected.sort_by_key(|catalog| catalog.server_id);
    assert_eq!(all, expected);

    // The new state takes the place of the old as a whole.
    let mut replaced = a_catalog(one).fetched_at(at(60)).tool("a").build();
    replaced.handshake = "{}".into();
    catalogs.save(&replaced).await.expect("a catalog can be saved");
    assert_eq!(catalogs.find(one).await.expect("found"), Some(replaced));

    // What an item was is remembered, once for each time that it was something else.
    let history = catalogs.history(one, ItemKind::Tool, "a").await.expect("an answer");
    let seen: Vec<_> = history.iter().map(|past| (&*past.definition, past.first_seen, past.last_seen)).collect();
    let [(now, since, until), ("{}", first_seen, last_seen)] = seen[..] else { panic!("{seen:?}") };
    assert_eq!((now.contains("\"a\""), since, until), (true, at(60), at(60)));
    assert_eq!((first_seen, last_seen), (a_catalog(one).build().fetched_at, a_catalog(one).build().fetched_at));
    assert_eq!(history[1].hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    catalogs.save(&a_catalog(one).fetched_at(at(90)).tool("a").build()).await.expect("a catalog can be saved");
    let history = catalogs.history(one, ItemKind::Tool, "a").await.expect("an answer");
    assert_eq!((history.len(), history[0].first_seen, history[0].last_seen), (2, at(60), at(90)));
    assert_eq!(catalogs.history(one, ItemKind::Prompt, "a").await.expect("an answer"), []);
    for round in 0..PastDefinition::KEPT + 5 {
        let text = format!("{{\"round\":{round}}}");
        catalogs.save(&a_catalog(one).item(ItemKind::Tool, "a", &text).build()).await.expect("a catalog can be saved");
    }
    let history = catalogs.history(one, ItemKind::Tool, "a").await.expect("an answer");
    assert_eq!(history.len(), PastDefinition::KEPT, "the oldest go");

    let gone = ServerId::new();
    catalogs.save(&a_catalog(gone).tool("a").build()).await.expect("a server that is gone is no trouble");
    assert_eq!(catalogs.find(gone).await.expect("an answer"), None);
}
