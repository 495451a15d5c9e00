//! Settings of MCP clients, and the keys that may stand in them.

use std::time::Duration;

use orch_control::error::ControlError;
use orch_control::keys::{CreatedKey, NewKey};
use orch_control::snippets::{SnippetClient, SnippetsSeen, SnippetsWanted};
use orch_domain::principal::Principal;
use orch_domain::role::Role;
use secrecy::{ExposeSecret, SecretString};

use crate::world::{World, console, is_missing};

async fn with(world: &World, who: &Principal, project: &str, key: &SecretString) -> Result<SnippetsSeen, ControlError> {
    let wanted = SnippetsWanted { client: Some(SnippetClient::Zed), server: None, key: Some(key.clone()) };
    world.control.snippets.list(who, "http://localhost:8000", project, wanted).await
}

#[tokio::test]
async fn takes_no_key_that_opens_nothing_there() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let viewer = world.member(&project, Role::Viewer).await;
    let keys = &world.control.keys;
    let create = async |project: &str| -> CreatedKey {
        keys.create(&console(), project, NewKey { name: "agent".into(), ..NewKey::default() }).await.unwrap()
    };
    let key = create(slug).await;
    for who in [&console(), &admin, &viewer] {
        let seen = with(&world, who, slug, &key.plain).await.unwrap();
        assert!(seen.snippets[0].text.contains(key.plain.expose_secret()));
    }
    for text in ["", "sk-something", "orch_plain"] {
        let refused = with(&world, &admin, slug, &text.into()).await;
        assert!(matches!(refused, Err(ControlError::Invalid { .. })), "{text}: {refused:?}");
    }
    assert!(is_missing(&with(&world, &admin, slug, &"orch_plain_77".into()).await), "nobody has made it");

    let rotated = create(slug).await;
    keys.rotate(&admin, slug, &rotated.key.id.to_string(), Some(Duration::ZERO)).await.unwrap();
    assert!(is_missing(&with(&world, &admin, slug, &rotated.plain).await), "it has expired");
    keys.revoke(&admin, slug, &key.key.id.to_string(), None).await.unwrap();
    assert!(is_missing(&with(&world, &admin, slug, &key.plain).await), "it is revoked");
    let (other, _) = world.project().await;
    let foreign = create(other.slug.as_str()).await;
    assert!(is_missing(&with(&world, &admin, slug, &foreign.plain).await), "it is of another project");
}
