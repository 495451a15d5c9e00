//! The disk is full for a while: what could not be written is said not to be, and what is written afterwards is there.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Daemon, scripted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_after_a_full_disk_is_kept() {
    let daemon = Daemon::start_on_small_disk().await;
    let project = daemon.project("before", json!({ "s": scripted(&[]) })).await;
    let key = format!("/projects/before/keys/{}", project.key_id);

    // A commit goes to the end of this file; all others are small.
    let wal = daemon.data.path().join("data/orchestrator.db-wal");
    daemon.limit_files(&wal.metadata().expect("the log of the database").len().to_string());
    for slug in ["one", "two"] {
        let (status, told) =
            daemon.try_send(Method::POST, "/projects", Some(json!({ "name": slug, "slug": slug }))).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{told}\n{}", daemon.log());
    }
    let database = daemon.get("/system").await["database"].clone();
    assert!(database["healthy"] == false && database["error"].to_string().contains("writing to it"), "{database}");
    daemon.limit_files("unlimited");

    for slug in ["one", "two"] {
        daemon.post("/projects", json!({ "name": slug, "slug": slug })).await;
    }
    assert_eq!(daemon.get("/system").await["database"]["healthy"], true);
    daemon.send(Method::DELETE, &key, None).await;
    // Reads go over connections of their own, which see what has been committed.
    let daemon = Daemon::start_in(daemon.kill()).await;
    let projects = daemon.get("/projects").await.to_string();
    for slug in ["before", "one", "two"] {
        assert!(projects.contains(&format!("\"{slug}\"")), "{slug} is missing: {projects}");
    }
    let key = daemon.get(&key).await;
    assert!(key["revoked_at"].is_string(), "{key}");
}
