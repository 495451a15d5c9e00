//! What authentication costs. Not a pass or fail: run it in release and read it.

use std::hint::black_box;
use std::time::Instant;

use secrecy::ExposeSecret as _;

use crate::world::World;

#[tokio::test]
#[ignore = "a measurement, for a release build"]
#[expect(clippy::print_stderr, reason = "the numbers are the point")]
async fn cost_of_authentication() {
    const ROUNDS: u32 = 200_000;
    let world = World::new().await;
    let measure = |what: &str, bearer: &str| {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(world.authenticator.authenticate(black_box(bearer))).ok();
        }
        eprintln!("{what}: {} ns", start.elapsed().as_nanos() / u128::from(ROUNDS));
    };
    measure("API key", world.plain_key());
    measure("unknown API key", &World::foreign_key());
    measure("mistyped API key", &world.plain_key().to_uppercase().replacen("ORCH_", "orch_", 1));
    measure("access token", world.login().await.access.expose_secret());
}
