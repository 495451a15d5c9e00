//! Own accounts: the profile, signing up, and getting back in.

use std::time::Duration;

use orch_control::accounts::ProfilePatch;
use orch_control::config::{PeopleConfig, SignUp};
use orch_control::error::ControlError;
use orch_control::invitations::NewAccount;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::user::{Language, Theme};
use orch_testkit::builders::{a_refresh_token, an_audit_entry};
use secrecy::ExposeSecret;

use crate::world::{World, console, login, token_of};

fn open() -> PeopleConfig {
    PeopleConfig { sign_up: SignUp::Open, ..PeopleConfig::default() }
}

/// Has the desk do what was handed in.
async fn work(world: &World) {
    let errands = std::mem::take(&mut *world.office.errands.lock().unwrap());
    for errand in &errands {
        world.control.accounts.run(errand).await.unwrap();
    }
}

fn letters(world: &World) -> Vec<orch_domain::letter::Letter> {
    std::mem::take(&mut *world.office.letters.lock().unwrap())
}

#[tokio::test]
async fn change_themselves_and_nothing_that_is_not_theirs() {
    let world = World::new();
    let ada = world.user(|user| user.named("Ada").email("ada@example.com")).await;
    let who = login(ada.id);
    let accounts = &world.control.accounts;
    let patch = ProfilePatch { name: Some(" Grace ".into()), language: Some(Some(Language::Korean)), theme: None };
    let stale = accounts.update_profile(&who, patch.clone(), Some(9)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
    let changed = accounts.update_profile(&who, patch.clone(), Some(1)).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.preferences.language, changed.version),
        ("Grace", Some(Language::Korean), 2)
    );
    assert_eq!(accounts.update_profile(&who, patch, None).await.unwrap().version, 2, "what changes nothing");
    let back = ProfilePatch { language: Some(None), theme: Some(Some(Theme::Dark)), ..ProfilePatch::default() };
    let changed = accounts.update_profile(&who, back, None).await.unwrap();
    assert_eq!((changed.preferences.language, changed.preferences.theme), (None, Some(Theme::Dark)));
    assert_eq!(
        world.audit().await,
        [
            "login user.update ada@example.com own name, preferences",
            "login user.update ada@example.com own preferences"
        ]
    );
}

#[tokio::test]
async fn are_given_out_only_where_sign_up_is_open_and_mail_goes_out() {
    for (people, mail) in [(PeopleConfig::default(), true), (open(), false)] {
        let world = World::with(people, mail);
        let outcome = world.control.accounts.ask_for_account("ada@example.com");
        assert!(matches!(outcome, Err(ControlError::Conflict { .. })), "{outcome:?}");
        assert!(world.office.errands.lock().unwrap().is_empty());
    }
    let allowed_domains = vec!["example.com".to_owned()];
    let world = World::with(PeopleConfig { allowed_domains, ..open() }, true);
    let outcome = world.control.accounts.ask_for_account("ada@elsewhere.example");
    assert!(matches!(outcome, Err(ControlError::Invalid { .. })), "{outcome:?}");
}

#[tokio::test]
async fn are_made_by_who_proves_to_have_the_address() {
    let world = World::with(open(), true);
    world.control.accounts.ask_for_account("Ada@example.com").unwrap();
    work(&world).await;
    let sent = letters(&world);
    assert_eq!(sent.len(), 1);
    // A second letter in the same minute would only fill a mailbox.
    world.control.accounts.ask_for_account("ada@example.com").unwrap();
    work(&world).await;
    assert!(letters(&world).is_empty());
    let account = NewAccount { name: String::new(), password: "long enough it is".into() };
    world.control.invitations.accept_as_new(&token_of(&sent[0].text), account).await.unwrap();

    // Who has an account gets another letter, and who asks gets the same answer.
    world.control.accounts.ask_for_account("ada@example.com").unwrap();
    work(&world).await;
    let sent = letters(&world);
    assert!(sent[0].text.contains("which has one") && !sent[0].text.contains('#'), "{}", sent[0].text);
}

#[tokio::test]
async fn get_back_in_by_a_link_that_works_once() {
    let world = World::with(PeopleConfig::default(), true);
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let token = a_refresh_token().of(ada.id).build();
    world.store.open(&token, ada.password.as_ref(), &an_audit_entry().build()).await.unwrap();
    let accounts = &world.control.accounts;
    for email in ["ada@example.com", "nobody@example.com"] {
        accounts.ask_for_password(email).unwrap();
    }
    work(&world).await;
    let sent = letters(&world);
    assert_eq!(sent.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
    let link = token_of(&sent[0].text);
    let short = accounts.redeem_reset(&link, &"short".into()).await;
    assert!(matches!(short, Err(ControlError::Invalid { .. })), "{short:?}");
    assert_eq!(accounts.redeem_reset(&link, &"another long one".into()).await.unwrap(), [token.login_id]);
    let stored = UserRepo::find(&world.store, ada.id).await.unwrap().unwrap();
    assert_eq!(stored.password.unwrap().as_phc(), "plain:another long one");
    assert!(!world.store.is_open(token.login_id, orch_testkit::fakes::FixedClock::START).await.unwrap());
    let again = accounts.redeem_reset(&link, &"a third long one".into()).await;
    assert!(matches!(again, Err(ControlError::Gone { .. })), "{again:?}");
}

#[tokio::test]
async fn get_a_link_from_an_instance_admin_where_no_mail_goes_out() {
    let world = World::new();
    world.user(|user| user.email("ada@example.com")).await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let asked = world.control.accounts.ask_for_password("ada@example.com");
    assert!(matches!(asked, Err(ControlError::Conflict { .. })), "{asked:?}");
    let first = world.control.users.create_reset(&root, "ada@example.com").await.unwrap().link.unwrap();
    let second = world.control.users.create_reset(&root, "ada@example.com").await.unwrap().link.unwrap();
    let accounts = &world.control.accounts;
    let password = "another long one".into();
    let replaced = accounts.redeem_reset(&token_of(first.expose_secret()), &password).await;
    assert!(matches!(replaced, Err(ControlError::Gone { .. })), "{replaced:?}");
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    let late = accounts.redeem_reset(&token_of(second.expose_secret()), &password).await;
    assert!(matches!(late, Err(ControlError::Gone { .. })), "{late:?}");
    let third = world.control.users.create_reset(&console(), "ada@example.com").await.unwrap().link.unwrap();
    accounts.redeem_reset(&token_of(third.expose_secret()), &password).await.unwrap();
}
