//! Exit codes and where things are said.

use crate::harness::Admin;

#[test]
fn says_what_to_do_about_a_database_that_is_not_there() {
    let admin = Admin::empty();
    let status = admin.run("migrate status").text(0);
    assert!(status.lines().skip(1).all(|line| line.ends_with("no")), "{status}");
    let early = admin.run("user list");
    assert!(early.stderr.contains("orch-admin migrate up"), "{early:?}");
    early.text(1);
    admin.run("migrate up").text(0);
    assert_eq!(admin.run("migrate up").text(0), "the schema is up to date\n");
    let status = admin.run("migrate status").text(0);
    assert!(status.lines().skip(1).all(|line| line.ends_with("yes")), "{status}");
}

#[test]
fn gives_the_documented_exit_codes() {
    let admin = Admin::with_demo();
    for (arguments, code) in [
        ("user list", 0),
        ("tool call --project demo echo echo --arguments [1]", 2),
        ("user create nobody", 2),
        ("user frobnicate", 2),
        ("server import --project demo /does/not/exist.json", 2),
        ("key create --project demo name --expires soon", 2),
        ("server list --project nowhere", 3),
        ("server enable --project demo nothing", 3),
        ("tool call --project demo nothing x", 3),
        ("user deactivate nobody@example.com", 3),
        ("key revoke --project demo nothing", 3),
        ("project create Demo", 4),
        ("user create ada@example.com", 4),
        ("user deactivate ada@example.com", 4),
    ] {
        let ran = admin.run(arguments);
        assert_eq!(ran.code, code, "{arguments}: {ran:?}");
        assert!(code == 0 || (ran.stdout.is_empty() && !ran.stderr.is_empty()), "{arguments}: {ran:?}");
    }
}

#[test]
fn a_database_that_is_away_has_a_code_of_its_own() {
    let admin = Admin::empty();
    let config = "database_url = \"postgresql://nobody@127.0.0.1:1/none\"\n";
    let path = admin.file("away.toml", config);
    let away = admin.run(&format!("user list --config {path}"));
    assert!(away.stderr.contains("hint: check that the database runs"), "{away:?}");
    away.text(5);
}

#[test]
fn does_not_work_with_secrets_that_are_not_the_instances() {
    let admin = Admin::empty();
    admin.run("migrate up").text(0);
    admin.run("user create --admin ada@example.com").text(0);
    let settings = "database_url = \"sqlite://data/orchestrator.db\"\ndata_dir = \"elsewhere\"\n";
    let command = format!("project create Demo --config {}", admin.file("elsewhere.toml", settings));
    // The second time as well: nothing was left that would be taken for right.
    for _ in 0..2 {
        let refused = admin.run_without_data_dir(&command);
        assert!(refused.stderr.contains("the secrets of this instance are not known here"), "{refused:?}");
        refused.text(1);
    }
    admin.run("project create Demo").text(0);
}

#[test]
fn prints_the_openapi_document() {
    let admin = Admin::empty();
    let document = admin.run("openapi").json();
    assert!(document["paths"]["/api/v1/projects"].is_object(), "{document}");
    assert!(!admin.run("--help").text(0).is_empty());
}
