//! Limits.

use orch_domain::quota::{Allowance, Limits};

use crate::world::World;

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
