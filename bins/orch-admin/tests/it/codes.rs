//! Exit codes and where things are said.

use crate::harness::Admin;

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
    assert!(!admin.path("data").exists(), "nothing is made for a command that does nothing");
}

#[test]
fn prints_the_openapi_document() {
    let admin = Admin::empty();
    let document = admin.run("openapi").json();
    assert!(document["paths"]["/api/v1/projects"].is_object(), "{document}");
    assert!(!admin.run("--help").text(0).is_empty());
}
