//! Logins from password to end, over fakes of the ports.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orch_auth::config::AuthConfig;
use orch_auth::error::LoginError;
use orch_auth::logins::{Claim, PasswordChange};
use orch_domain::id::UserId;
use orch_domain::login::LoginFrom;
use orch_domain::port::clock::Clock as _;
use orch_domain::port::login_repo::LoginRepo as _;
use orch_domain::port::password_hasher::PasswordError;
use orch_domain::refresh_token::AGAIN_WITHIN;
use orch_domain::user::User;
use orch_testkit::fakes::{FixedClock, PlainHasher};
use secrecy::ExposeSecret as _;

use crate::fakes::{nowhere, secret};
use crate::world::{EMAIL, PASSWORD, World};

const NEW: &str = "battery staple";

impl World {
    fn change<'a>(
        &self,
        login: Option<orch_domain::id::LoginId>,
        old: &'a secrecy::SecretString,
        new: &'a secrecy::SecretString,
    ) -> PasswordChange<'a> {
        PasswordChange { user: self.ada, login, old, new, address: None }
    }
}

#[tokio::test]
async fn a_password_opens_a_login() {
    let world = World::new().await;
    let pair = world.try_login(" Ada@Example.COM ", PASSWORD).await.unwrap();
    assert_eq!(pair.user.id, world.ada);
    assert_eq!(pair.access_expires_in, Duration::from_secs(900));
    assert_eq!(pair.refresh_expires_in, Duration::from_secs(30 * 86_400));
    assert!(world.accepts(&pair));
    let refresh = pair.refresh.expose_secret();
    assert!(refresh.starts_with("orchr_") && refresh.len() == 49, "{refresh}");
    assert_eq!(world.memory.actions().await, ["login.open ada@example.com"]);
    let other = world.login().await;
    assert_ne!(other.login_id, pair.login_id);
    assert_ne!(other.refresh.expose_secret(), refresh);
}

#[tokio::test]
async fn every_refusal_looks_the_same_and_takes_one_check_of_a_password() {
    let world = World::new().await;
    let mut ada = world.memory.user(world.ada).await;
    ada.deactivated_at = Some(world.clock.now());
    ada.id = orch_domain::id::UserId::new();
    ada.email = orch_domain::email::Email::parse("gone@example.com").unwrap();
    world.memory.add_user(&ada).await;
    ada.id = orch_domain::id::UserId::new();
    ada.email = orch_domain::email::Email::parse("sso@example.com").unwrap();
    ada.password = None;
    ada.deactivated_at = None;
    world.memory.add_user(&ada).await;
    for (email, password) in [
        (EMAIL, "wrong"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("sso@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", ""),
    ] {
        let before = world.hasher.verified();
        let error = world.try_login(email, password).await.unwrap_err();
        assert!(matches!(error, LoginError::InvalidCredentials), "{email}: {error}");
        assert_eq!(error.to_string(), "the e-mail address or the password is wrong");
        assert_eq!(world.hasher.verified(), before + 1, "{email}");
    }
    let trail = world.memory.trail().await;
    let reasons: Vec<_> = trail.iter().map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
    assert_eq!(
        reasons,
        [
            ("login.fail", "the password is wrong"),
            ("login.fail", "there is no such account"),
            ("login.fail", "the account is deactivated"),
            ("login.fail", "the password is wrong"),
            ("login.fail", "there is no such account"),
            ("login.fail", "there is no such account"),
        ]
    );
    assert!(trail.iter().all(|entry| entry.user_id.is_none()));
}

#[tokio::test]
async fn guessing_is_slowed_down_for_accounts_that_exist_and_for_those_that_do_not() {
    for email in [EMAIL, "nobody@example.com"] {
        let world = World::new().await;
        for _ in 0..5 {
            assert!(matches!(world.try_login(email, "wrong").await, Err(LoginError::InvalidCredentials)));
        }
        let checks = world.hasher.verified();
        let error = world.try_login(email, PASSWORD).await.unwrap_err();
        assert!(matches!(error, LoginError::Throttled { retry_after } if retry_after == Duration::from_secs(1)));
        // True of logins that are under way as well, which count until they have not failed.
        assert_eq!(error.to_string(), "too many attempts: try again in 1 s");
        world.wait(Duration::from_millis(1));
        let later = world.try_login(email, PASSWORD).await.unwrap_err();
        assert_eq!(later.to_string(), "too many attempts: try again in 1 s", "999 ms are a second, and not none");
        assert_eq!(world.hasher.verified(), checks, "no work while throttled");
        assert_eq!(world.memory.actions().await.len(), 5, "no entry either");

        world.wait(Duration::from_secs(1));
        assert_eq!(world.try_login(email, PASSWORD).await.is_ok(), email == EMAIL);
    }
}

#[tokio::test]
async fn an_address_is_slowed_down_across_accounts() {
    let world = World::new().await;
    let from = |address: &str| LoginFrom::new(None, Some(address.parse().unwrap()));
    for index in 0..20 {
        let (email, password) = (format!("user-{index}@example.com"), secret("wrong"));
        let claim = Claim { email: &email, password: &password, from: &from("192.0.2.1") };
        assert!(matches!(world.logins.login(claim).await, Err(LoginError::InvalidCredentials)));
    }
    let password = secret(PASSWORD);
    let login =
        async |address| world.logins.login(Claim { email: EMAIL, password: &password, from: &from(address) }).await;
    assert!(matches!(login("192.0.2.1").await, Err(LoginError::Throttled { .. })));
    assert!(login("192.0.2.2").await.is_ok());
    let trail = world.memory.trail().await;
    assert!(trail[0].detail.ends_with(", from 192.0.2.1"), "{}", trail[0].detail);
}

#[tokio::test]
async fn a_failure_of_ours_is_no_failed_login() {
    let world = World::new().await;
    for _ in 0..20 {
        let error = world.try_login(EMAIL, PlainHasher::BREAKING).await.unwrap_err();
        assert!(matches!(error, LoginError::Password(PasswordError::Failed)));
    }
    assert!(world.memory.actions().await.is_empty());
    world.login().await;
}

/// Has the account changed after its password was found right and before the login is open.
async fn changed_while_it_is_checked(change: impl FnOnce(&mut User) + Send + 'static) -> World {
    let world = World::new().await;
    let (memory, ada) = (Arc::clone(&world.memory), world.ada);
    world.hasher.meanwhile(async move { memory.change_user(ada, change).await });
    let refused = world.try_login(EMAIL, PASSWORD).await.unwrap_err();
    assert!(matches!(refused, LoginError::InvalidCredentials), "{refused}");
    assert_eq!(world.memory.actions().await, ["login.fail ada@example.com"]);
    assert_eq!(world.logins.list(world.ada).await.unwrap(), []);
    world
}

#[tokio::test]
async fn a_password_that_is_changed_while_it_is_checked_opens_nothing() {
    let world = changed_while_it_is_checked(|ada| ada.password = Some(PlainHasher::of(NEW))).await;
    world.try_login(EMAIL, NEW).await.unwrap();
}

#[tokio::test]
async fn an_account_that_is_deactivated_while_its_password_is_checked_opens_nothing() {
    let world = changed_while_it_is_checked(|ada| ada.deactivated_at = Some(FixedClock::START)).await;
    world.try_login(EMAIL, PASSWORD).await.unwrap_err();
}

#[tokio::test]
async fn a_login_that_ended_elsewhere_opens_nothing() {
    let world = World::new().await;
    let (one, other) = (world.login().await, world.login().await);
    world.ended.hear([one.login_id], world.clock.now());
    assert!(!world.accepts(&one) && world.accepts(&other));
    assert!(matches!(world.logins.refresh(&one.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    // Hearing of it again does not keep it for longer.
    for _ in 0..4 {
        world.wait(Duration::from_secs(200));
        world.ended.hear([one.login_id], world.clock.now());
    }
    world.wait(Duration::from_secs(200));
    world.ended.hear([], world.clock.now());
    assert!(!world.ended.is_ended(one.login_id));
}

#[tokio::test]
async fn a_flood_is_refused_instead_of_queued_without_end() {
    let config = AuthConfig { password_concurrency: NonZeroU16::MIN, password_queue: 2, ..AuthConfig::default() };
    let world = Arc::new(World::with(config).await);
    let attempts: Vec<_> = (0..10)
        .map(|index| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.try_login(&format!("{index}@example.com"), "x").await.map(|_| ()) })
        })
        .collect();
    let mut busy = 0;
    for attempt in attempts {
        busy += u32::from(matches!(attempt.await.unwrap(), Err(LoginError::Busy)));
    }
    assert_eq!(busy, 7);
    world.login().await;
}

#[tokio::test]
async fn a_refresh_token_works_once_and_gives_the_next() {
    let world = World::new().await;
    let first = world.login().await;
    world.wait(Duration::from_secs(3600));
    assert!(!world.accepts(&first));
    let second = world.logins.refresh(&first.refresh, &nowhere()).await.unwrap();
    assert_eq!(second.login_id, first.login_id);
    assert_ne!(second.refresh.expose_secret(), first.refresh.expose_secret());
    assert!(world.accepts(&second));
    let third = world.logins.refresh(&second.refresh, &nowhere()).await.unwrap();
    assert!(world.accepts(&third) && world.accepts(&second));
}

#[tokio::test]
async fn the_second_use_of_a_refresh_token_ends_the_login_and_no_other() {
    let world = World::new().await;
    let other = world.login().await;
    let first = world.login().await;
    let second = world.logins.refresh(&first.refresh, &nowhere()).await.unwrap();
    world.wait(AGAIN_WITHIN);
    assert!(matches!(world.logins.refresh(&first.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    // The thief's and the owner's tokens are both dead, the access tokens too.
    assert!(matches!(world.logins.refresh(&second.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert!(!world.accepts(&first) && !world.accepts(&second));
    assert!(world.accepts(&other));
    assert!(world.logins.refresh(&other.refresh, &nowhere()).await.is_ok());
    assert_eq!(world.memory.actions().await.last().unwrap(), "login.reuse ada@example.com");
}

#[tokio::test]
async fn who_lost_the_answer_to_a_refresh_asks_again() {
    let world = World::new().await;
    let first = world.login().await;
    let second = world.logins.refresh(&first.refresh, &nowhere()).await.unwrap();
    world.wait(AGAIN_WITHIN - Duration::from_secs(1));
    let again = world.logins.refresh(&first.refresh, &nowhere()).await.unwrap();
    assert_eq!(again.refresh.expose_secret(), second.refresh.expose_secret());
    assert!(world.accepts(&again) && again.login_id == first.login_id);
    let third = world.logins.refresh(&again.refresh, &nowhere()).await.unwrap();
    // Whoever has the next token has used it: this cannot be somebody who lost it.
    assert!(matches!(world.logins.refresh(&first.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert!(!world.accepts(&third));
    assert_eq!(world.memory.actions().await.last().unwrap(), "login.reuse ada@example.com");
}

#[tokio::test]
async fn which_token_is_next_is_known_to_who_has_the_key_alone() {
    let (world, other) = (World::new().await, World::new().await);
    let (one, two) = (world.login().await, other.login().await);
    let next = world.logins.refresh(&one.refresh, &nowhere()).await.unwrap();
    let twos = other.logins.refresh(&two.refresh, &nowhere()).await.unwrap();
    let texts = [&one, &two, &next, &twos].map(|pair| pair.refresh.expose_secret().to_owned());
    let different: std::collections::HashSet<_> = texts.iter().collect();
    assert_eq!(different.len(), 4);
    assert!(texts.iter().all(|text| text.starts_with("orchr_") && text.len() == 49), "{texts:?}");
}

#[tokio::test]
async fn a_failure_of_ours_spends_no_refresh_token() {
    let world = World::new().await;
    let pair = world.login().await;
    world.memory.users_away.store(true, Ordering::SeqCst);
    let failed = world.logins.refresh(&pair.refresh, &nowhere()).await.unwrap_err();
    assert!(matches!(failed, LoginError::Store(_)), "{failed}");
    world.memory.users_away.store(false, Ordering::SeqCst);
    // Later than a lost answer is asked for again.
    world.wait(2 * AGAIN_WITHIN);
    let next = world.logins.refresh(&pair.refresh, &nowhere()).await.unwrap();

    // Where it was used is worth no login.
    world.memory.notes_away.store(true, Ordering::SeqCst);
    let last = world.logins.refresh(&next.refresh, &nowhere()).await.unwrap();
    assert!(world.accepts(&last));
    world.login().await;
}

#[tokio::test]
async fn refuses_refresh_tokens_that_are_none() {
    let world = World::new().await;
    let pair = world.login().await;
    let good = pair.refresh.expose_secret().to_owned();
    for text in [
        String::new(),
        "orchr_".to_owned(),
        good.replace("orchr_", "orch_"),
        good.replace("orchr_", ""),
        format!("{good}A"),
        good[..48].to_owned(),
        format!("orchr_{}", "A".repeat(43)),
        format!("orchr_{}", "é".repeat(21) + "a"),
        pair.access.expose_secret().to_owned(),
        world.plain_key().to_owned(),
    ] {
        assert!(
            matches!(world.logins.refresh(&secret(&text), &nowhere()).await, Err(LoginError::InvalidRefresh)),
            "{text}"
        );
        assert!(world.logins.logout_by_refresh(&secret(&text)).await.is_ok(), "{text}");
    }
    assert!(world.accepts(&pair), "none of that ended the login");
    world.wait(pair.refresh_expires_in);
    assert!(matches!(world.logins.refresh(&pair.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
}

#[tokio::test]
async fn a_refresh_finds_out_that_the_account_is_deactivated() {
    let world = World::new().await;
    let pair = world.login().await;
    let now = world.clock.now();
    world.memory.change_user(world.ada, |ada| ada.deactivated_at = Some(now)).await;
    assert!(matches!(world.logins.refresh(&pair.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert!(!world.memory.is_open(pair.login_id, world.clock.now()).await.unwrap());
    assert!(!world.accepts(&pair));
}

#[tokio::test]
async fn a_login_that_ended_in_memory_alone_is_not_refreshed() {
    let world = World::new().await;
    let pair = world.login().await;
    world.ended.end(pair.login_id, world.clock.now());
    assert!(matches!(world.logins.refresh(&pair.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert!(!world.memory.is_open(pair.login_id, world.clock.now()).await.unwrap());
}

#[tokio::test]
async fn a_user_is_read_once_for_whatever_a_refresh_token_does() {
    let world = World::new().await;
    let (one, other) = (world.login().await, world.login().await);
    let reads = || world.memory.users_read.swap(0, Ordering::SeqCst);
    let next = world.logins.refresh(&one.refresh, &nowhere()).await.unwrap();
    assert_eq!(reads(), 1);
    world.logins.logout_by_refresh(&next.refresh).await.unwrap();
    assert_eq!(reads(), 1);
    world.ended.end(other.login_id, world.clock.now());
    world.logins.refresh(&other.refresh, &nowhere()).await.unwrap_err();
    assert_eq!(reads(), 1);
    assert_eq!(world.memory.actions().await.iter().filter(|action| *action == "login.end ada@example.com").count(), 2);
}

#[tokio::test]
async fn a_logout_kills_access_tokens_at_once() {
    let world = World::new().await;
    let (one, other) = (world.login().await, world.login().await);
    let principal = world.authenticator.authenticate(one.access.expose_secret()).unwrap();
    world.logins.logout(world.ada, one.login_id).await.unwrap();
    assert!(!world.accepts(&one));
    assert!(!world.authenticator.is_live(&principal));
    assert!(world.accepts(&other));
    assert!(matches!(world.logins.refresh(&one.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert_eq!(world.memory.actions().await.last().unwrap(), "login.end ada@example.com");

    world.logins.logout_by_refresh(&other.refresh).await.unwrap();
    assert!(!world.accepts(&other));
}

#[tokio::test]
async fn an_ended_login_is_remembered_as_long_as_its_tokens_live() {
    let world = World::new().await;
    let pair = world.login().await;
    world.ended.end(pair.login_id, world.clock.now());
    // Others end in the meantime, which is when the set is swept.
    for _ in 0..89 {
        world.wait(Duration::from_secs(10));
        world.ended.end(orch_domain::id::LoginId::new(), world.clock.now());
        assert!(!world.accepts(&pair));
    }
    for _ in 0..10 {
        world.wait(Duration::from_secs(1000));
        world.ended.end(orch_domain::id::LoginId::new(), world.clock.now());
    }
    assert!(!world.ended.is_ended(pair.login_id), "and then forgotten");
}

#[tokio::test]
async fn a_change_of_password_ends_the_other_logins() {
    let world = World::new().await;
    let (other, own) = (world.login().await, world.login().await);
    let (old, new) = (secret(PASSWORD), secret(NEW));
    world.logins.change_password(world.change(Some(own.login_id), &old, &new)).await.unwrap();
    assert!(world.accepts(&own));
    assert!(!world.accepts(&other));
    assert!(world.logins.refresh(&own.refresh, &nowhere()).await.is_ok());
    assert!(matches!(world.logins.refresh(&other.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert!(matches!(world.try_login(EMAIL, PASSWORD).await, Err(LoginError::InvalidCredentials)));
    let fresh = world.try_login(EMAIL, NEW).await.unwrap();
    assert!(world.accepts(&fresh), "a login right after the change is not among those that ended");
    let user = world.memory.user(world.ada).await;
    assert_eq!((user.version, user.password), (2, Some(PlainHasher::of(NEW))));
    let trail = world.memory.actions().await;
    assert!(trail.contains(&"user.change_password ada@example.com".to_owned()), "{trail:?}");
}

#[tokio::test]
async fn what_ends_does_not_go_by_when_a_login_was_opened() {
    let world = World::new().await;
    let own = world.login().await;
    // As a host whose clock is behind numbers one that is opened after the change.
    let later = orch_domain::id::LoginId::new();
    let (old, new) = (secret(PASSWORD), secret(NEW));
    world.logins.change_password(world.change(Some(own.login_id), &old, &new)).await.unwrap();
    world.logins.end_others(world.ada, own.login_id).await.unwrap();
    assert!(!world.ended.is_ended(later));
}

#[tokio::test]
async fn a_change_of_password_needs_the_old_one_and_a_good_new_one() {
    let world = World::new().await;
    let own = world.login().await;
    let (old, wrong, new, short) = (secret(PASSWORD), secret("wrong"), secret(NEW), secret("short"));
    let refused = world.logins.change_password(world.change(Some(own.login_id), &old, &short)).await;
    assert!(matches!(refused, Err(LoginError::Password(PasswordError::Length))));
    for _ in 0..5 {
        let refused = world.logins.change_password(world.change(Some(own.login_id), &wrong, &new)).await;
        assert!(matches!(refused, Err(LoginError::WrongPassword)));
    }
    let refused = world.logins.change_password(world.change(Some(own.login_id), &old, &new)).await;
    assert!(matches!(refused, Err(LoginError::Throttled { .. })), "a stolen session is no way to guess");
    assert_eq!(world.memory.user(world.ada).await.version, 1);
    let refused =
        world.memory.actions().await.iter().filter(|action| action.starts_with("user.refuse_password")).count();
    assert_eq!(refused, 5, "each is on record");
}

#[tokio::test]
async fn the_trail_and_debug_show_no_credential() {
    let world = World::new().await;
    let pair = world.login().await;
    world.try_login(EMAIL, "a wrong password").await.unwrap_err();
    world.logins.logout(world.ada, pair.login_id).await.unwrap();
    let trail = world.memory.trail().await;
    let printed = format!("{trail:?} {pair:?} {:?} {:?}", world.logins, world.authenticator);
    for credential in [pair.access.expose_secret(), pair.refresh.expose_secret(), PASSWORD, "a wrong password"] {
        assert!(!printed.contains(credential));
    }
}

#[tokio::test]
async fn lists_own_logins_and_ends_one_or_all_others() {
    let world = World::new().await;
    let password = secret(PASSWORD);
    let from = LoginFrom::new(Some("curl/8 \u{7}"), Some("192.0.2.7".parse().unwrap()));
    let own = world.logins.login(Claim { email: EMAIL, password: &password, from: &from }).await.unwrap();
    let second = world.login().await;
    let third = world.login().await;
    let listed = async || {
        let open = world.logins.list(world.ada).await.unwrap();
        open.into_iter().map(|login| login.id).collect::<Vec<_>>()
    };
    assert_eq!(listed().await.len(), 3);
    let found = world.logins.list(world.ada).await.unwrap();
    let found = found.iter().find(|login| login.id == own.login_id).unwrap();
    assert_eq!(found.from, LoginFrom { client: Some("curl/8 ".to_owned()), address: from.address });

    assert!(!world.logins.end_own(UserId::new(), second.login_id).await.unwrap(), "it is somebody else's");
    assert!(world.logins.end_own(world.ada, second.login_id).await.unwrap());
    assert!(!world.logins.end_own(world.ada, second.login_id).await.unwrap(), "it is over");
    assert!(matches!(world.logins.refresh(&second.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    world.logins.end_others(world.ada, own.login_id).await.unwrap();
    assert!(matches!(world.logins.refresh(&third.refresh, &nowhere()).await, Err(LoginError::InvalidRefresh)));
    assert_eq!(listed().await, [own.login_id]);
    let again = world.logins.refresh(&own.refresh, &LoginFrom::new(Some("other"), None)).await.unwrap();
    assert_eq!(again.login_id, own.login_id);
    let seen = &world.logins.list(world.ada).await.unwrap()[0].from;
    assert_eq!(seen.client.as_deref(), Some("other"), "where it was used last");
}
