//! Which instance a command works on, and with whose secrets: never on one that was not there, nor with others.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::harness::Admin;

/// A new instance with an admin and nothing sealed.
fn with_an_admin() -> Admin {
    let admin = Admin::empty();
    admin.run("migrate up").text(0);
    admin.run("user create --admin ada@example.com").text(0);
    admin
}

fn kept(admin: &Admin, secret: &str) -> String {
    std::fs::read_to_string(admin.path("data/secrets").join(secret)).expect("a secret").trim().to_owned()
}

fn refused(admin: &Admin, command: &str, expected: &[&str]) {
    let refused = admin.run(command);
    for expected in expected {
        assert!(refused.stderr.contains(expected), "{command}: {expected}: {refused:?}");
    }
    refused.text(1);
}

#[test]
fn only_migrate_up_makes_an_instance() {
    let admin = Admin::empty();
    for command in ["user list", "migrate status", "backup there", "encryption verify", "adopt-secrets"] {
        let expected = ["there is no instance here", "data/orchestrator.db is not there", "orch-admin migrate up"];
        refused(&admin, command, &expected);
        assert!(!admin.path("data").exists(), "{command}");
    }
    let made = admin.run("migrate up");
    assert!(made.stderr.contains("generated a secret: data/secrets/jwt_secret"), "{made:?}");
    made.text(0);
    assert_eq!(admin.run("migrate up").text(0), "the schema is up to date\n");
    let status = admin.run("migrate status").text(0);
    assert!(status.lines().skip(1).all(|line| line.ends_with("yes")), "{status}");
    admin.run("user list").text(0);
}

#[test]
fn an_empty_database_is_no_instance() {
    let admin = Admin::empty();
    std::fs::create_dir(admin.path("data")).expect("a directory");
    std::fs::write(admin.path("data/orchestrator.db"), "").expect("a file");
    refused(&admin, "user list", &["there is no instance here", "has no tables"]);
    assert!(!admin.path("data/secrets").exists());
    let status = admin.run("migrate status").text(0);
    assert!(status.lines().skip(1).all(|line| line.ends_with("no")), "{status}");
}

#[test]
fn generates_no_secrets_for_an_instance_that_has_some() {
    let admin = with_an_admin();
    let settings = "database_url = \"sqlite://data/orchestrator.db\"\ndata_dir = \"elsewhere\"\n";
    let settings = admin.file("elsewhere.toml", settings);
    for command in ["project create Demo", "migrate up"] {
        admin.run_without_data_dir(&format!("{command} --config {settings}"));
        assert!(!admin.path("elsewhere/secrets").exists(), "{command}");
    }
    let unknown = admin.run_without_data_dir(&format!("project create Demo --config {settings}"));
    assert!(
        unknown.stderr.contains("JWT_SECRET is not set, and elsewhere/secrets/jwt_secret is not there"),
        "{unknown:?}"
    );
    unknown.text(1);
    admin.run("project create Demo").text(0);
}

#[test]
fn refuses_another_jwt_secret_until_it_is_adopted() {
    let admin = with_an_admin();
    let other = admin.file("other.toml", &format!("jwt_secret = \"{}\"\n", "another secret ".repeat(3)));
    let with_other = |command: &str| format!("{command} --config {other}");
    let names = ["JWT_SECRET is not the one of this instance", "data/secrets/jwt_secret", "orch-admin adopt-secrets"];
    refused(&admin, &with_other("project create Demo"), &names);
    assert_eq!(admin.run("project list --json").json().as_array().map(Vec::len), Some(0));
    admin.run("project create First").text(0);
    admin.run("key create --project first laptop").text(0);
    admin.run("audit verify").text(0);

    admin.run(&with_other("adopt-secrets")).text(0);
    let verified = admin.run(&with_other("audit verify --json")).json();
    assert_eq!(verified["sound"], true, "{verified}");
    assert!(verified["former"].as_u64() > Some(0), "{verified}");
    let keys = || admin.run(&with_other("key list --project first --json")).json();
    assert_eq!(keys()[0]["state"], "revoked", "nobody knows it any more: {}", keys());
    admin.run(&with_other("project create Demo")).text(0);
    admin.run(&with_other("audit verify")).text(0);
    // A second time the secret is the instance's own, and its keys stay.
    admin.run(&with_other("key create --project first desk")).text(0);
    admin.run(&with_other("adopt-secrets")).text(0);
    assert_eq!(keys().as_array().map(|keys| keys.iter().filter(|key| key["state"] == "live").count()), Some(1));
    refused(&admin, "project list", &["JWT_SECRET, as it stands in data/secrets/jwt_secret, is not the one"]);
    let trail = admin.run(&with_other("audit export")).text(0);
    assert!(trail.contains("secrets.adopt"), "{trail}");
}

#[test]
fn refuses_another_encryption_key_before_anything_is_sealed() {
    let admin = with_an_admin();
    let (old, new) = (kept(&admin, "encryption_key"), "5c".repeat(32));
    let with = |name: &str, keys: &str| {
        let settings = admin.file(name, &format!("encryption_key = \"{keys}\"\n"));
        format!("project list --config {settings}")
    };
    refused(&admin, &with("new.toml", &new), &["MCP_ENCRYPTION_KEY is not the one of this instance", "adopt-secrets"]);
    // As a key is changed.
    admin.run(&with("both.toml", &format!("{new},{old}"))).text(0);
    admin.run(&with("new.toml", &new)).text(0);
    refused(
        &admin,
        "project list",
        &["MCP_ENCRYPTION_KEY, as it stands in data/secrets/encryption_key, is not the one"],
    );
}

#[test]
fn adopts_no_key_that_opens_nothing() {
    let admin = Admin::with_demo();
    let other = admin.file("other.toml", &format!("encryption_key = \"{}\"\n", "5c".repeat(32)));
    let unopened = "does not open with MCP_ENCRYPTION_KEY";
    for command in ["project list", "adopt-secrets"] {
        refused(&admin, &format!("{command} --config {other}"), &[unopened]);
    }
    admin.run("project list").text(0);
}

#[test]
fn a_command_leaves_nothing_in_the_journal() {
    let admin = Admin::with_demo();
    admin.run("tool call --project demo echo echo").text(0);
    let left: Vec<_> = std::fs::read_dir(admin.path("data/journal")).expect("a directory").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn leaves_nothing_in_a_directory_that_is_not_its_own() {
    const SOMEBODY: u32 = 54_321;
    let admin = with_an_admin();
    let journal = admin.path("data/journal");
    // Only root can give something away; who is not root is held by the rights of the files, as root is not.
    let is_root = chown(&journal, Some(SOMEBODY), None).is_ok();
    if is_root {
        for command in ["project create Demo", "migrate up", "adopt-secrets", "restore there"] {
            refused(&admin, command, &["data/journal belongs to user 54321", "sudo -u '#54321'"]);
        }
    } else {
        set_permissions(&journal, Permissions::from_mode(0o500)).expect("its rights");
        for command in ["project create Demo", "user create bob@example.com"] {
            refused(&admin, command, &["data/journal/", "Permission denied", "with mode 500"]);
        }
    }
    assert_eq!(std::fs::read_dir(&journal).expect("a directory").count(), 0);
    // Which only read.
    admin.run("migrate status").text(0);
    if is_root {
        chown(&journal, Some(0), None).expect("it is given back");
    } else {
        set_permissions(&journal, Permissions::from_mode(0o700)).expect("its rights");
    }
    assert_eq!(admin.run("user list --json").json().as_array().map(Vec::len), Some(1), "nothing was done");
    admin.run("project create Demo").text(0);
}
