//! Replicas whose clocks are apart: what they have to agree on goes by the clock of their database.

use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::LoginId;
use orch_domain::port::clock::Clock;
use orch_domain::refresh_token::{RefreshToken, Renewal, Rotation};
use orch_testkit::builders::{a_hash, a_refresh_token, a_user, an_audit_entry};
use orch_testkit::contract::TestStore;

use crate::stores::{Location, SeaStore, on_postgres, on_sqlite};

/// Ahead of the machine's.
struct Ahead(time::Duration);

impl Clock for Ahead {
    #[expect(clippy::disallowed_methods, reason = "the database goes by the clock of this machine as well")]
    fn now(&self) -> Timestamp {
        Timestamp::from(std::time::SystemTime::now()) + self.0
    }
}

/// A replica, and how far its clock is found to be ahead.
async fn a_replica(location: &Location, clock: &Ahead) -> (SeaStore, time::Duration) {
    let store = location.open().await;
    let ahead = store.database.compare_clocks(clock).await.unwrap();
    (store, ahead)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_is_compared_with_that_of_postgres() {
    on_postgres(|location| async move {
        for seconds in [0, 600, -600] {
            let (store, ahead) = a_replica(&location, &Ahead(time::Duration::seconds(seconds))).await;
            assert!((ahead.as_seconds_f64() - seconds as f64).abs() < 2.0, "{seconds}: {ahead}");
            store.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_has_the_clock_of_its_host() {
    on_sqlite(|location| async move {
        let (store, ahead) = a_replica(&location, &Ahead(time::Duration::HOUR)).await;
        assert_eq!(ahead, time::Duration::ZERO);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again_at_another_replica() {
    on_postgres(|location| async move {
        let (here, there) = (Ahead(time::Duration::ZERO), Ahead(time::Duration::minutes(5)));
        let ((one, _), (other, _)) = (a_replica(&location, &here).await, a_replica(&location, &there).await);
        let user = a_user().build();
        one.users().create(&user, &an_audit_entry().build()).await.unwrap();
        let expires_at = here.now() + Duration::from_secs(3600);
        let token = RefreshToken { issued_at: here.now(), expires_at, ..a_refresh_token().of(user.id).build() };
        one.logins().open(&token, user.password.as_ref(), &an_audit_entry().build()).await.unwrap();
        let (old, new, reuse) = (token.hash, a_hash(), an_audit_entry().build());
        for (store, clock) in [(&one, &here), (&other, &there), (&one, &here)] {
            let renewal = Renewal { old, new, now: clock.now(), expires_at };
            assert_eq!(store.logins().rotate(renewal, &reuse).await.unwrap(), Rotation::Rotated);
        }
        // The other has forgotten nothing that ended by a clock that is behind its own, and the other way round.
        let others = async |store: &SeaStore, clock: &Ahead| {
            let ended = store.logins().ended_since(clock.now() - Duration::from_secs(60)).await.unwrap();
            ended.contains(&token.login_id)
        };
        let entry = an_audit_entry().build();
        one.logins().end_others(user.id, LoginId::new(), here.now(), &entry).await.unwrap();
        assert!(others(&one, &here).await && others(&other, &there).await);
        one.close().await;
        other.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_ahead_does_not_forget_what_ended() {
    on_postgres(|location| async move {
        let (here, there) = (Ahead(time::Duration::ZERO), Ahead(time::Duration::days(2)));
        let ((one, _), (other, _)) = (a_replica(&location, &here).await, a_replica(&location, &there).await);
        let user = a_user().build();
        one.users().create(&user, &an_audit_entry().build()).await.unwrap();
        let open = async |store: &SeaStore, clock: &Ahead| {
            let (issued_at, expires_at) = (clock.now(), clock.now() + Duration::from_secs(3600));
            let token = RefreshToken { issued_at, expires_at, ..a_refresh_token().of(user.id).build() };
            store.logins().open(&token, user.password.as_ref(), &an_audit_entry().build()).await.unwrap();
            token.login_id
        };
        let login = open(&one, &here).await;
        one.logins().end(login, here.now(), &an_audit_entry().build()).await.unwrap();
        open(&other, &there).await;
        let ended = one.logins().ended_since(here.now() - Duration::from_secs(60)).await.unwrap();
        assert_eq!(ended, [login]);
        one.close().await;
        other.close().await;
    })
    .await;
}
