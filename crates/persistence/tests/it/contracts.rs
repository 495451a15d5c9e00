//! The contract of every port, on every store.

use orch_testkit::contract;

use crate::stores::{on_postgres, on_sqlite, on_the_fake};

macro_rules! contracts {
    ($($port:ident),* $(,)?) => {
        $(mod $port {
            use super::{contract, on_postgres, on_sqlite, on_the_fake};

            #[tokio::test(flavor = "multi_thread")]
            async fn holds_on_the_fake() {
                on_the_fake(|store| async move { contract::$port(&store).await }).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn holds_on_sqlite() {
                on_sqlite(|location| async move {
                    let store = location.open().await;
                    contract::$port(&store).await;
                    store.close().await;
                })
                .await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn holds_on_postgres() {
                on_postgres(|location| async move {
                    let store = location.open().await;
                    contract::$port(&store).await;
                    store.close().await;
                })
                .await;
            }
        })*
    };
}

contracts!(
    user_repo,
    project_repo,
    members,
    team_repo,
    invitation_repo,
    reset_repo,
    server_repo,
    star_repo,
    key_repo,
    login_repo,
    catalog_repo,
    personal_secret_repo,
    sealed_repo,
    audit_log,
    call_repo,
    call_census,
    policy_repo,
    limits_repo,
    activity_repo,
    usage_repo,
    directory_source,
    changes,
    committed_entries,
);
