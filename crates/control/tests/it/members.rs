//! Members.

use orch_control::error::ControlError;
use orch_domain::role::Role;

use crate::world::{World, is_forbidden, is_missing};

#[tokio::test]
async fn adds_changes_and_removes_by_address_and_id() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let members = &world.control.members;
    members.put(&admin, slug, "ada@example.com", Role::Viewer).await.unwrap();
    members.put(&admin, slug, &ada.id.to_string(), Role::Member).await.unwrap();
    members.put(&admin, slug, &ada.id.to_string(), Role::Member).await.unwrap();
    members.remove(&admin, slug, "ada@example.com").await.unwrap();
    assert_eq!(
        world.audit().await,
        [
            "login member.create ada@example.com as viewer",
            "login member.update ada@example.com from viewer to member",
            "login member.delete ada@example.com was member",
        ]
    );
    assert_eq!(members.list(&admin, slug).await.unwrap().len(), 1);
}

#[tokio::test]
async fn keeps_one_admin() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let own = admin.user_id.to_string();
    let demoted = world.control.members.put(&admin, slug, &own, Role::Viewer).await;
    assert!(matches!(demoted, Err(ControlError::LastAdmin)), "{demoted:?}");
    let left = world.control.members.remove(&admin, slug, &own).await;
    assert!(matches!(left, Err(ControlError::LastAdmin)), "{left:?}");
}

#[tokio::test]
async fn lets_a_viewer_leave_and_do_nothing_else() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let viewer = world.member(&project, Role::Viewer).await;
    let members = &world.control.members;
    assert!(is_forbidden(&members.put(&viewer, slug, &viewer.user_id.to_string(), Role::Admin).await));
    assert!(is_forbidden(&members.remove(&viewer, slug, &admin.user_id.to_string()).await));
    members.remove(&viewer, slug, &viewer.user_id.to_string()).await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&members.list(&viewer, slug).await));
}

#[tokio::test]
async fn knows_nobody_who_has_no_account() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let outcome = world.control.members.put(&admin, project.slug.as_str(), "nobody@example.com", Role::Viewer).await;
    assert!(matches!(outcome, Err(ControlError::Missing { what: "user" })), "{outcome:?}");
}
