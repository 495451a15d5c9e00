//! Limits.

use orch_control::error::ControlError;
use orch_domain::quota::{Allowance, Limits};

use crate::world::{World, console};

#[tokio::test]
async fn what_is_set_is_on_record_and_also_that_nothing_is() {
    let world = World::new();
    let (project, ada) = world.project().await;
    let numbers = Limits {
        key: Allowance { per_minute: Some(60), ..Allowance::default() },
        server_concurrent: Some(4),
        ..Limits::default()
    };
    let slug = project.slug.as_str();
    world.control.limits.put(&ada, slug, numbers, None).await.unwrap();
    world.control.limits.put(&ada, slug, Limits::default(), None).await.unwrap();
    let told = |values: &[&str]| values.iter().map(|value| ("set".to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    let records = world.audit_records().await;
    assert_eq!(records[0].facts, told(&["nothing"]));
    assert_eq!(records[1].facts, told(&["key.per_minute 60", "server_concurrent 4"]));
}

#[tokio::test]
async fn what_is_set_already_is_not_set_again() {
    let world = World::new();
    let (project, ada) = world.project().await;
    let (slug, limits) = (project.slug.as_str(), &world.control.limits);
    let numbers = Limits { server_concurrent: Some(4), ..Limits::default() };
    limits.put(&ada, slug, Limits::default(), Some(0)).await.unwrap();
    limits.put_instance(&console(), Limits::default(), None).await.unwrap();
    assert_eq!(world.audit().await, Vec::<String>::new(), "nothing is what was set");
    for (round, written) in [(1, 2), (2, 2), (3, 2)] {
        let of_project = limits.put(&ada, slug, numbers, None).await.unwrap().stored;
        let of_instance = limits.put_instance(&console(), numbers, None).await.unwrap().stored;
        assert_eq!([of_project.version, of_instance.version], [1, 1], "{round}");
        assert_eq!(world.audit().await.len(), written, "{round}");
    }
    let stale = limits.put(&ada, slug, numbers, Some(0)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
}
