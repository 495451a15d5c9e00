//! Accounts, projects and keys.

use serde_json::json;

use crate::harness::{Admin, PASSWORD};

#[test]
fn makes_and_manages_accounts() {
    let admin = Admin::empty();
    admin.run("migrate up").text(0);
    let created = admin.run("user create ada@example.com --admin --json").json();
    assert_eq!(created["email"], "ada@example.com");
    assert_eq!(created["instance_admin"], true);
    assert!(created["generated_password"].as_str().is_some_and(|password| password.len() >= 20), "{created}");

    let given = admin.run_with("user create bob@example.com --password-stdin --json", &format!("{PASSWORD}\n")).json();
    assert_eq!(given["generated_password"], json!(null), "a password that was given is not shown");
    let promoted = admin.run("user promote bob@example.com --json").json();
    assert_eq!(promoted["instance_admin"], true);
    let off = admin.run("user deactivate bob@example.com --json").json();
    assert_eq!(off["active"], false);
    let reset = admin.run("user reset-password ada@example.com").text(0);
    assert!(reset.contains("/reset-password#orchp_"), "{reset}");
    let reset = admin.run("user reset-password ada@example.com --json").json();
    assert!(reset["link"].as_str().is_some_and(|link| link.contains("#orchp_")), "{reset}");
    let given = admin.run_with("user reset-password ada@example.com --password-stdin --json", &format!("{PASSWORD}\n"));
    assert_eq!(given.json()["generated_password"], json!(null));
    let invited = admin.run("user invite eve@example.com --admin --json").json();
    assert!(invited["link"].as_str().is_some_and(|link| link.contains("/invitation#orchi_")), "{invited}");
    let on = admin.run("user activate bob@example.com --json").json();
    assert_eq!(on["active"], true);
    let demoted = admin.run("user demote bob@example.com --json").json();
    assert_eq!(demoted["instance_admin"], false);
    let last = admin.run("user demote ada@example.com");
    assert!(last.stderr.contains("at least one admin"), "{last:?}");
    admin.run("user deactivate bob@example.com").text(0);
    let found = admin.run("user list --search ADA --json").json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");

    let table = admin.run("user list").text(0);
    let lines: Vec<_> =
        table.lines().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["EMAIL NAME ADMIN ACTIVE", "ada@example.com - yes yes", "bob@example.com - no no"]);
}

#[test]
fn makes_projects() {
    let admin = Admin::with_demo();
    let created = admin.run_all(&["project", "create", "My Team", "--separator", "-_", "--json"], "").json();
    assert_eq!(created["slug"], "my-team");
    assert_eq!(created["separator"], "-_");
    let all = admin.run("project list --json").json();
    let slugs: Vec<_> = all.as_array().expect("a list").iter().map(|project| project["slug"].clone()).collect();
    assert_eq!(slugs, ["demo", "my-team"]);
}

#[test]
fn makes_rotates_and_revokes_keys() {
    let admin = Admin::with_demo();
    let key = admin.run("key create --project demo laptop --expires 90d --json").json();
    let plain = key["key"].as_str().expect("the key");
    let prefix = key["prefix"].as_str().expect("its beginning");
    assert!(plain.starts_with(prefix) && plain.len() > 60, "{plain}");

    let rotated = admin.run("key rotate --project demo laptop --overlap 1h --json").json();
    assert_ne!(rotated["key"], key["key"]);
    let several = admin.run("key revoke --project demo laptop");
    assert!(several.stderr.contains("several keys are named laptop"), "{several:?}");
    admin.run(&format!("key revoke --project demo {prefix}")).text(0);

    let listed = admin.run("key list --project demo --json");
    assert!(!listed.stdout.contains(plain), "the plain text is shown once");
    let states: Vec<_> = listed
        .json()
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| key["state"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(states, ["live", "revoked"]);
}
