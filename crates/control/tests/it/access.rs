//! Who gets where: hiding, keys, instance admins, the console, and a directory that lags.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orch_control::audit::TrailFilter;
use orch_control::calls::Whose;
use orch_control::error::{ControlError, Needed};
use orch_control::instance_uses::InstanceUses;
use orch_control::projects::NewProject;
use orch_domain::audit::AuditAction;
use orch_domain::membership::Membership;
use orch_domain::page::PageRequest;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::principal::Principal;
use orch_domain::role::Role;
use orch_testkit::fakes::FixedClock;

use crate::world::{World, console, is_forbidden, is_missing, login, setup_entry};

#[tokio::test]
async fn hides_a_project_from_strangers_as_if_it_did_not_exist() {
    let world = World::new();
    let (project, _) = world.project().await;
    let stranger = login(world.user(|user| user).await.id);
    let hidden = world.control.projects.get(&stranger, project.slug.as_str()).await.unwrap_err();
    let missing = world.control.projects.get(&stranger, "no-such-project").await.unwrap_err();
    assert_eq!(hidden.to_string(), missing.to_string());
    assert!(is_missing(&Err::<(), _>(hidden)));
}

#[tokio::test]
async fn sees_a_grant_that_the_live_directory_has_not_heard_of() {
    let world = World::new();
    let user = world.user(|user| user.instance_admin()).await;
    let new = NewProject { name: "Fresh".into(), ..NewProject::default() };
    let seen = world.control.projects.create(&login(user.id), new).await.unwrap();
    // No catch-up: the directory does not know the project yet.
    let found = world.control.projects.get(&login(user.id), "fresh").await.unwrap();
    assert_eq!((found.project.id, found.role), (seen.project.id, Role::Admin));
}

#[tokio::test]
async fn never_lets_a_key_manage_whatever_its_creator_may() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let key = world.key_of(&admin, &project).await;
    let slug = project.slug.as_str();
    let page = PageRequest::default();
    assert!(world.control.projects.get(&key, slug).await.is_ok());
    assert!(world.control.servers.list(&key, slug).await.is_ok());
    assert!(world.control.export.get(&key, slug).await.is_ok());
    assert!(world.control.calls.list(&key, slug, Whose::Visible, page).await.is_ok());
    let refused = [
        world.control.keys.list(&key, slug, page).await.map(|_| ()),
        world.control.audit.list(&key, slug, TrailFilter::default(), page).await.map(|_| ()),
        world.control.audit.list_all(&key, None, TrailFilter::default(), page).await.map(|_| ()),
        world.control.users.list(&key, None, page).await.map(|_| ()),
        world.control.projects.delete(&key, slug, None).await,
        world.control.projects.create(&key, NewProject { name: "x".into(), ..NewProject::default() }).await.map(|_| ()),
    ];
    for outcome in refused {
        assert!(matches!(outcome, Err(ControlError::Forbidden { needed: Needed::Login })), "{outcome:?}");
    }
    assert!(world.store.find(project.id).await.unwrap().is_some());
}

#[tokio::test]
async fn hides_other_projects_from_a_key() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (other, _) = world.project().await;
    let instance_admin = login(world.user(|user| user.instance_admin()).await.id);
    for who in [world.key_of(&admin, &project).await, world.key_of(&instance_admin, &project).await] {
        assert!(is_missing(&world.control.projects.get(&who, other.slug.as_str()).await));
    }
    let key = world.key_of(&admin, &project).await;
    let listed = world.control.projects.list(&key, None, PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|seen| seen.project.id).collect::<Vec<_>>(), [project.id]);
}

#[tokio::test]
async fn audits_what_an_instance_admin_does_as_such() {
    let world = World::new();
    let (project, _) = world.project().await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let slug = project.slug.as_str();
    world.control.audit.list(&root, slug, TrailFilter::default(), PageRequest::default()).await.unwrap();
    world.server(&root, &project, "echo").await;
    assert_eq!(
        world.audit().await,
        [
            format!("login project.inspect {slug} looked at the audit trail (as instance admin)"),
            "login server.create echo stdio (as instance admin)".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_page_that_stays_open_is_one_look() {
    let world = World::new();
    let (project, _) = world.project().await;
    let slug = project.slug.as_str();
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let other = login(world.user(|user| user.instance_admin()).await.id);
    let read = async |who: &Principal| {
        world.control.sessions.list(who, slug, None).await.unwrap();
    };
    read(&root).await;
    world.clock.advance(Duration::from_secs(599));
    read(&root).await;
    assert_eq!(world.audit().await.len(), 1);
    read(&other).await;
    assert_eq!(world.audit().await.len(), 2, "somebody else looks for the first time");
    world.clock.advance(Duration::from_secs(1));
    read(&root).await;
    world.control.keys.list(&root, slug, PageRequest::default()).await.unwrap();
    assert_eq!(world.audit().await.len(), 4, "a new look, and a look at something else");
}

/// Also what everybody who belongs to the project may see is seen by the right of an instance admin here.
#[tokio::test]
async fn a_look_and_a_call_without_belonging_there_are_on_record() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let root = login(world.user(|user| user.instance_admin()).await.id);
    world.control.servers.list(&root, slug).await.unwrap();
    world.control.projects.get(&root, slug).await.unwrap();
    world.control.servers.list(&admin, slug).await.unwrap();
    let looked = format!("login project.inspect {slug} looked at the project (as instance admin)");
    assert_eq!(world.audit().await, [looked.as_str()]);
    // A list of all projects shows none of them.
    world.control.projects.list(&root, None, PageRequest::default()).await.unwrap();
}

#[tokio::test]
async fn what_an_instance_admin_uses_without_belonging_there_is_told_once() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let viewer = login(world.user(|user| user.instance_admin()).await.id);
    let membership = Membership {
        project_id: project.id,
        user_id: viewer.user_id,
        role: Role::Viewer,
        created_at: FixedClock::START,
    };
    world.store.put_member(&membership, None, &setup_entry()).await.unwrap();
    let root = login(world.user(|user| user.instance_admin()).await.id);
    world.catch_up().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let uses = {
        let told = Arc::clone(&told);
        InstanceUses::new(Arc::new(world.clock.clone()), move |entry| told.lock().unwrap().push(entry))
    };
    let use_it = |who: &Principal| {
        let directory = world.directory.current();
        let facts = directory.project(project.id).unwrap();
        uses.note(who, &directory.subject(who, facts), facts);
        told.lock().unwrap().len()
    };
    assert_eq!((use_it(&admin), use_it(&root), use_it(&root)), (0, 1, 1));
    assert_eq!(use_it(&viewer), 2, "who may only look by the own role calls by the right of an instance admin");
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(use_it(&root), 3, "a later use is another one");
    let entry = told.lock().unwrap()[0].clone();
    assert_eq!((entry.action, entry.project_id), (AuditAction::ProjectInspect, Some(project.id)));
    assert_eq!(entry.detail, "used what its servers offer (as instance admin)");
}

#[tokio::test]
async fn audits_what_it_refused_on_the_instance() {
    let world = World::new();
    let (_, admin) = world.project().await;
    assert!(is_forbidden(&world.control.users.list(&admin, None, PageRequest::default()).await));
    let refused = "login access.refuse  refused to look at or to manage the instance: it needs an instance admin";
    assert_eq!(world.audit().await, [refused]);
}

/// Who may do least must not make the record as long as the disk.
#[tokio::test]
async fn audits_the_same_refusal_once_in_ten_minutes() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let viewer = world.member(&project, Role::Viewer).await;
    let slug = project.slug.as_str();
    for round in 1..=2 {
        for _ in 0..20 {
            // Each with a login of its own.
            assert!(is_forbidden(&world.control.servers.restart(&login(viewer.user_id), slug, "echo").await));
            assert!(is_forbidden(
                &world.control.audit.list(&viewer, slug, TrailFilter::default(), PageRequest::default()).await
            ));
            assert!(is_forbidden(&world.control.users.list(&admin, None, PageRequest::default()).await));
        }
        assert_eq!(world.audit().await.len(), 3 * round);
        world.clock.advance(Duration::from_secs(600));
    }
}

#[tokio::test]
async fn audits_what_it_refused() {
    let world = World::new();
    let (project, _) = world.project().await;
    let viewer = world.member(&project, Role::Viewer).await;
    let slug = project.slug.as_str();
    assert!(is_forbidden(&world.control.servers.restart(&viewer, slug, "echo").await));
    let refused = format!("login access.refuse {slug} refused to manage servers: it needs the role admin");
    assert_eq!(world.audit().await, [refused]);
}

#[tokio::test]
async fn lets_the_console_do_everything_and_says_that_it_was_the_console() {
    let world = World::new();
    let (project, _) = world.project().await;
    world.server(&console(), &project, "echo").await;
    assert!(world.control.users.list(&console(), None, PageRequest::default()).await.is_ok());
    assert_eq!(world.audit().await, ["console server.create echo stdio"]);
}

#[tokio::test]
async fn refuses_a_switched_off_account() {
    let world = World::new();
    let (project, admin) = world.project().await;
    world.member(&project, Role::Admin).await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    world.control.users.deactivate(&root, &admin.user_id.to_string()).await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&world.control.projects.get(&admin, project.slug.as_str()).await));
    assert!(is_missing(&world.control.projects.list(&admin, None, PageRequest::default()).await));
}
