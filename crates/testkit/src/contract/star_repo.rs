//! The contract of `StarRepo`.

use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, StarId, UserId};
use orch_domain::star::{Star, StarTarget};

use super::{TestStore, a_stored_project, a_stored_server, a_stored_user, an_entry, at};

fn a_star(user: UserId, target: StarTarget) -> Star {
    Star { id: StarId::new(), user, target, created_at: at(1) }
}

/// Stars are one user's own, are there once, and go with what they are on.
pub async fn star_repo(store: &dyn TestStore) {
    let stars = store.stars();
    let (project, ada) = a_stored_project(store).await;
    let bob = a_stored_user(store).await;
    let server = a_stored_server(store, project.id).await;
    let on_project = a_star(ada.id, StarTarget::Project(project.id));
    let on_server = a_star(ada.id, StarTarget::Server { project: project.id, server: server.id });
    let tool = StarTarget::Tool { project: project.id, server: server.id, tool: "a/b é".to_owned() };
    let on_tool = a_star(ada.id, tool.clone());
    for star in [&on_project, &on_server, &on_tool] {
        assert_eq!(stars.put(star).await.expect("a star"), *star);
    }
    assert_eq!(stars.put(&a_star(ada.id, tool.clone())).await.expect("the old star"), on_tool);
    stars.put(&a_star(bob.id, tool)).await.expect("somebody else's");
    assert_eq!(stars.list(ada.id).await.expect("stars"), [on_tool.clone(), on_server.clone(), on_project.clone()]);

    assert!(matches!(stars.delete(bob.id, on_tool.id).await, Err(StoreError::Missing { .. })), "not his");
    stars.delete(ada.id, on_tool.id).await.expect("gone");
    assert!(matches!(stars.delete(ada.id, on_tool.id).await, Err(StoreError::Missing { .. })));

    store.servers().delete(server.id, None, &an_entry()).await.expect("no server");
    assert_eq!(stars.list(ada.id).await.expect("stars"), [on_project]);
    assert_eq!(stars.list(bob.id).await.expect("stars"), []);
    let nowhere = a_star(ada.id, StarTarget::Project(ProjectId::new()));
    assert!(matches!(stars.put(&nowhere).await, Err(StoreError::Missing { .. })));
}
