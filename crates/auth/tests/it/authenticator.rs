//! From a credential to a principal, and every way not to get there.

use std::time::Duration;

use orch_auth::authenticator::bearer_of;
use orch_auth::error::AuthFailure;
use orch_domain::api_key::{ApiKey, KeyHash, KeyPublicId};
use orch_domain::port::clock::Clock as _;
use orch_domain::principal::{Credential, Principal};
use secrecy::ExposeSecret as _;

use crate::world::World;

#[tokio::test]
async fn a_live_key_stands_for_its_creator_on_its_project() {
    let world = World::new().await;
    let expected = Principal {
        user_id: world.ada,
        credential: Credential::Key { key_id: world.key.id, project_id: world.key.project_id },
    };
    assert_eq!(world.authenticator.authenticate(world.plain_key()), Ok(expected.clone()));
    assert!(world.authenticator.is_live(&expected));
}

#[tokio::test]
async fn a_key_opens_nothing_once_it_or_its_creator_is_gone() {
    let world = World::new().await;
    let principal = world.authenticator.authenticate(world.plain_key()).unwrap();
    let now = world.clock.now();
    let key = || world.key.clone();
    let table = [
        (true, ApiKey { revoked_at: Some(now), ..key() }, AuthFailure::Revoked("API key")),
        (true, ApiKey { expires_at: Some(now), ..key() }, AuthFailure::Expired("API key")),
        (false, key(), AuthFailure::Revoked("the creator of the API key is deactivated")),
    ];
    for (active, key, expected) in table {
        world.publish(active, key);
        assert_eq!(world.authenticator.authenticate(world.plain_key()), Err(expected));
        assert!(!world.authenticator.is_live(&principal));
        world.publish(true, world.key.clone());
        assert!(world.authenticator.authenticate(world.plain_key()).is_ok());
    }
}

#[tokio::test]
async fn a_key_works_up_to_its_expiry() {
    let world = World::new().await;
    let expires_at = Some(world.clock.now() + Duration::from_secs(60));
    world.publish(true, ApiKey { expires_at, ..world.key.clone() });
    world.wait(Duration::from_millis(59_999));
    assert!(world.authenticator.authenticate(world.plain_key()).is_ok());
    world.wait(Duration::from_millis(1));
    assert_eq!(world.authenticator.authenticate(world.plain_key()), Err(AuthFailure::Expired("API key")));
}

#[tokio::test]
async fn the_state_of_a_key_is_told_only_to_who_holds_its_secret() {
    let world = World::new().await;
    let now = world.clock.now();
    // The same public id in the directory, with the hash of another secret.
    let stolen_id = ApiKey { hash: KeyHash::from_bytes([7; 32]), revoked_at: Some(now), ..world.key.clone() };
    world.publish(true, stolen_id);
    assert_eq!(world.authenticator.authenticate(world.plain_key()), Err(AuthFailure::Unknown("API key")));
}

#[tokio::test]
async fn a_key_of_another_instance_opens_nothing() {
    let world = World::new().await;
    assert_eq!(world.authenticator.authenticate(&World::foreign_key()), Err(AuthFailure::Unknown("API key")));
    // Not even when its public id happens to be known here.
    let foreign = World::foreign_key();
    let public_id = KeyPublicId::parse(&foreign[5..17]).unwrap();
    world.publish(true, ApiKey { public_id, ..world.key.clone() });
    assert_eq!(world.authenticator.authenticate(&foreign), Err(AuthFailure::Unknown("API key")));
}

#[tokio::test]
async fn an_access_token_stands_for_its_login() {
    let world = World::new().await;
    let pair = world.login().await;
    let principal = world.authenticator.authenticate(pair.access.expose_secret()).unwrap();
    let expected = Principal { user_id: world.ada, credential: Credential::Login { login_id: pair.login_id } };
    assert_eq!(principal, expected);
    assert!(world.authenticator.is_live(&principal));

    world.publish(false, world.key.clone());
    assert!(matches!(
        world.authenticator.authenticate(pair.access.expose_secret()),
        Err(AuthFailure::Revoked("the user is deactivated"))
    ));
    assert!(!world.authenticator.is_live(&principal));
}

#[tokio::test]
async fn an_access_token_expires() {
    let world = World::new().await;
    let pair = world.login().await;
    world.wait(pair.access_expires_in - Duration::from_secs(1));
    assert!(world.accepts(&pair));
    world.wait(Duration::from_secs(1));
    assert_eq!(
        world.authenticator.authenticate(pair.access.expose_secret()),
        Err(AuthFailure::Expired("access token"))
    );
}

#[tokio::test]
async fn refuses_what_is_no_bearer_credential() {
    let world = World::new().await;
    let pair = world.login().await;
    let refresh = pair.refresh.expose_secret();
    assert_eq!(world.authenticator.authenticate(""), Err(AuthFailure::Missing));
    for text in [refresh, "x", "orch_", "orch_x", "eyJ", "Bearer eyJ", "null", "undefined", " ", "\u{0}", "오케스트라"]
    {
        let outcome = world.authenticator.authenticate(text);
        assert!(matches!(outcome, Err(AuthFailure::Malformed(_))), "{text:?}: {outcome:?}");
    }
    for text in [format!("{} ", world.plain_key()), world.plain_key().replace("orch_", "ORCH_")] {
        assert!(matches!(world.authenticator.authenticate(&text), Err(AuthFailure::Malformed(_))));
    }
}

#[test]
fn what_was_revoked_looks_like_what_never_was() {
    let (unknown, revoked) = (AuthFailure::Unknown("a"), AuthFailure::Revoked("b"));
    assert_eq!(unknown.public_text(), revoked.public_text());
    assert_eq!(unknown.code(), revoked.code());
    assert_ne!(unknown.to_string(), revoked.to_string(), "the log tells them apart");
}

#[test]
fn reads_the_authorization_header() {
    for (header, expected) in [
        (None, Err(AuthFailure::Missing)),
        (Some(""), Err(AuthFailure::Missing)),
        (Some("  "), Err(AuthFailure::Missing)),
        (Some("Bearer"), Err(AuthFailure::Missing)),
        (Some("Bearer   "), Err(AuthFailure::Missing)),
        (Some("Bearer abc"), Ok("abc")),
        (Some("bearer abc"), Ok("abc")),
        (Some("BEARER   abc "), Ok("abc")),
        (Some("Bearer a b"), Ok("a b")),
    ] {
        assert_eq!(bearer_of(header), expected, "{header:?}");
    }
    for header in ["Basic abc", "abc", "Bearerabc", "Bearer\tabc"] {
        assert!(matches!(bearer_of(Some(header)), Err(AuthFailure::Malformed(_))), "{header:?}");
    }
}
