//! By what the secrets of an instance are recognised: kept once, whoever comes first.

use orch_domain::port::user_repo::UserRepo;
use orch_domain::secret::Sealed;
use orch_persistence::{SeaSecretChecks, SeaUserRepo, SecretChecks};
use orch_testkit::builders::{a_user, an_audit_entry};

use crate::stores::{Location, on_postgres, on_sqlite};

fn checks(of: &str) -> SecretChecks {
    SecretChecks { jwt_secret: of.to_owned(), canary: Sealed::from_bytes(of.as_bytes().to_vec()) }
}

async fn are_kept_once(location: Location) {
    let database = location.connect().await;
    database.migrate().await.unwrap();
    let kept = SeaSecretChecks::new(database.clone());
    assert_eq!((kept.find().await.unwrap(), kept.is_new().await.unwrap()), (None, true));

    let daemons = ["one", "two", "three"].map(|name| {
        let kept = kept.clone();
        tokio::spawn(async move { kept.keep(&checks(name)).await.unwrap() })
    });
    let mut seen = Vec::new();
    for daemon in daemons {
        seen.push(daemon.await.unwrap());
    }
    assert_eq!(kept.find().await.unwrap().as_ref(), seen.first());
    assert!(seen.iter().all(|found| Some(found) == seen.first()), "all go by the same: {seen:?}");
    assert!(!kept.is_new().await.unwrap());

    kept.replace(&checks("another")).await.unwrap();
    assert_eq!(kept.keep(&checks("late")).await.unwrap(), checks("another"));
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn are_kept_once_on_sqlite() {
    on_sqlite(are_kept_once).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn are_kept_once_on_postgres() {
    on_postgres(are_kept_once).await;
}

#[tokio::test]
async fn an_instance_with_accounts_is_not_new() {
    on_sqlite(|location| async move {
        let database = location.connect().await;
        database.migrate().await.unwrap();
        SeaUserRepo::new(database.clone()).create(&a_user().build(), &an_audit_entry().build()).await.unwrap();
        assert!(!SeaSecretChecks::new(database.clone()).is_new().await.unwrap());
        database.close().await;
    })
    .await;
}
