//! Accounts.

use orch_control::error::ControlError;
use orch_control::users::{NewUser, UserPatch};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::user::User;
use orch_testkit::builders::a_user;
use secrecy::ExposeSecret;

use crate::world::{World, console, is_forbidden, login, setup_entry};

fn new(email: &str, password: Option<&str>) -> NewUser {
    NewUser { email: email.into(), name: "Ada".into(), password: password.map(Into::into), instance_admin: false }
}

#[tokio::test]
async fn generates_a_password_when_none_is_given() {
    let world = World::new();
    let created = world.control.users.create(&console(), new("Ada@Example.com", None)).await.unwrap();
    let generated = created.generated.unwrap();
    assert_eq!(created.user.email.as_str(), "ada@example.com");
    assert_eq!(created.user.password.unwrap().as_phc(), format!("plain:{}", generated.expose_secret()));
    assert_eq!(world.audit().await, ["console user.create ada@example.com"]);
}

#[tokio::test]
async fn refuses_bad_addresses_short_passwords_and_twins() {
    let world = World::new();
    let users = &world.control.users;
    let bad = users.create(&console(), new("ada", None)).await.unwrap_err();
    assert_eq!(bad.to_string(), "email: it has no @; write it as name@example.com");
    let short = users.create(&console(), new("ada@example.com", Some("short"))).await.unwrap_err();
    assert_eq!(short.to_string(), "password: the length is wrong; a password has 10 to 256 characters");
    users.create(&console(), new("ada@example.com", None)).await.unwrap();
    let twin = users.create(&console(), new("ADA@example.com", None)).await.unwrap_err();
    assert!(matches!(&twin, ControlError::Taken(problem) if problem.field == "email"), "{twin:?}");
}

#[tokio::test]
async fn makes_the_first_admin_once() {
    let world = World::new();
    let users = &world.control.users;
    let first = users.bootstrap("root@example.com", None).await.unwrap().unwrap();
    assert!(first.user.instance_admin && first.generated.is_some());
    assert!(users.bootstrap("other@example.com", None).await.unwrap().is_none());
    assert_eq!(world.audit().await, ["system user.create root@example.com instance admin"]);
}

#[tokio::test]
async fn promotes_the_account_that_is_to_be_the_first_admin() {
    let world = World::new();
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let first = world.control.users.bootstrap("ada@example.com", Some("long enough".into())).await.unwrap().unwrap();
    assert_eq!((first.user.id, first.user.instance_admin, first.user.version), (ada.id, true, 2));
}

/// What two daemons that start at once do to each other: the one between any two steps of the other.
#[tokio::test]
async fn of_several_who_make_the_first_admin_one_does() {
    let hers = || a_user().email("ada@example.com").instance_admin().build();
    for steps in 0..2 {
        let world = World::new();
        for _ in 0..steps {
            world.rivals.pass();
        }
        let store = world.store.clone();
        world.rivals.then(async move || UserRepo::create(&store, &hers(), &setup_entry()).await.unwrap());
        let outcome = world.control.users.bootstrap("ada@example.com", None).await;
        assert!(matches!(outcome, Ok(None)), "after {steps} steps: {outcome:?}");
        assert_eq!(world.rivals.left(), 0);
        assert!(world.audit().await.is_empty(), "the account is as it was");
    }
}

#[tokio::test]
async fn of_several_who_promote_the_first_admin_one_does() {
    let world = World::new();
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let store = world.store.clone();
    let promoted = User { instance_admin: true, version: 2, ..ada };
    world.rivals.pass().then(async move || store.update(&promoted, &setup_entry()).await.unwrap());
    let outcome = world.control.users.bootstrap("ada@example.com", None).await;
    assert!(matches!(outcome, Ok(None)), "{outcome:?}");
    assert_eq!((world.rivals.left(), world.audit().await.len()), (0, 0));
}

/// The account was made meanwhile, and by nobody who made an admin of it.
#[tokio::test]
async fn the_first_admin_may_have_just_signed_up() {
    let world = World::new();
    let store = world.store.clone();
    let ada = a_user().email("ada@example.com").build();
    world.rivals.pass().then(async move || UserRepo::create(&store, &ada, &setup_entry()).await.unwrap());
    let first = world.control.users.bootstrap("ada@example.com", None).await.unwrap().unwrap();
    assert!(first.user.instance_admin && first.generated.is_some());
    assert_eq!(world.audit().await, ["system user.promote ada@example.com first admin"]);
    assert_eq!(world.audit_records().await[0].facts, [("changed".to_owned(), "instance_admin".to_owned())]);
}

#[tokio::test]
async fn keeps_one_active_instance_admin() {
    let world = World::new();
    let root = world.user(|user| user.instance_admin()).await;
    let outcome = world.control.users.deactivate(&login(root.id), root.email.as_str()).await;
    assert!(matches!(outcome, Err(ControlError::LastInstanceAdmin)), "{outcome:?}");
}

#[tokio::test]
async fn refuses_an_update_of_what_has_changed() {
    let world = World::new();
    let user = world.user(|user| user).await;
    let id = user.id.to_string();
    let patch = || UserPatch { name: Some("Grace".into()), ..UserPatch::default() };
    let outcome = world.control.users.update(&console(), &id, patch(), Some(7)).await;
    assert!(matches!(outcome, Err(ControlError::Stale { what: "user" })), "{outcome:?}");
    let updated = world.control.users.update(&console(), &id, patch(), Some(1)).await.unwrap();
    assert_eq!((updated.name.as_str(), updated.version), ("Grace", 2));
    let same = world.control.users.update(&console(), &id, patch(), Some(2)).await.unwrap();
    assert_eq!(same.version, 2, "what changes nothing writes nothing");
}

#[tokio::test]
async fn is_for_instance_admins_alone() {
    let world = World::new();
    let (_, admin) = world.project().await;
    let somebody = world.user(|user| user).await;
    // Known or not, the answer is one.
    let known = world.control.users.find(&admin, somebody.email.as_str()).await;
    let unknown = world.control.users.find(&admin, "nobody@example.com").await;
    assert!(is_forbidden(&known) && is_forbidden(&unknown));
}

#[tokio::test]
async fn resets_a_password_and_says_so_without_it() {
    let world = World::new();
    let user = world.user(|user| user.email("ada@example.com")).await;
    let generated = world.control.users.reset_password(&console(), "ada@example.com", None).await.unwrap().unwrap();
    let stored = UserRepo::find(&world.store, user.id).await.unwrap().unwrap();
    assert_eq!(stored.password.unwrap().as_phc(), format!("plain:{}", generated.expose_secret()));
    assert_eq!(world.audit().await, ["console user.reset_password ada@example.com"]);
}
