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
    assert!(several.stderr.contains("several live keys are named laptop"), "{several:?}");
    several.text(2);
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

    // By its name again and again: what is dead does not count.
    for _ in 0..2 {
        admin.run("key rotate --project demo laptop --overlap 0s").text(0);
    }
    admin.run("key revoke --project demo laptop").text(0);
    let dead = admin.run("key rotate --project demo laptop");
    assert!(dead.stderr.contains("the key is revoked or expired: create a new one"), "{dead:?}");
    dead.text(4);
}

#[test]
fn shows_what_keys_and_rules_were_made_with() {
    let admin = Admin::with_demo();
    let limits = "--per-minute 60 --per-day 1000 --concurrent 2";
    let scope = "--server echo --tool get_* --read-only";
    let key = admin.run(&format!("key create --project demo agent {limits} {scope} --json")).json();
    let id = admin.run("server show --project demo echo --json").json()["id"].clone();
    let listed = &admin.run("key list --project demo --json").json()[0];
    for seen in [&key, listed] {
        assert_eq!(seen["scope"], json!({ "servers": [id], "tools": ["get_*"], "read_only": true }));
        assert_eq!(seen["limits"], json!({ "per_minute": 60, "per_day": 1000, "concurrent": 2 }));
    }
    let table = admin.run("key list --project demo").text(0);
    let words = "  1 server, get_*, read-only  60 a minute, 1000 a day, 2 at a time  ";
    assert!(table.contains(words), "{table}");

    let rule = "require-approval --caller-may-confirm --within-time 1m --for user:ada@example.com --json";
    let added = admin.run(&format!("policy add --project demo {rule}")).json();
    assert_eq!(added["approval"], json!({ "caller_may_confirm": true, "timeout_seconds": 60 }));
    admin.run("policy add --project demo deny --item x").text(0);
    let rules = admin.run("policy list --project demo --json").json();
    assert_eq!((&rules[0]["approval"], &rules[1]["approval"]), (&added["approval"], &json!(null)));
    let table = admin.run("policy list --project demo").text(0);
    assert!(table.contains("  require_approval by the caller or an admin within 60 s  "), "{table}");
}
