//! What a shell expects of a command: codes, pipes that close, files, and nothing half done.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Admin, Ran};

/// Runs a command whose standard output nobody reads.
fn unread(admin: &Admin, arguments: &str) -> Ran {
    let arguments: Vec<_> = arguments.split(' ').chain(["--data-dir", "data"]).collect();
    let mut child = admin.command(&arguments).spawn().expect("the command starts");
    drop(child.stdout.take());
    Ran::to_its_end(child)
}

#[test]
fn ends_in_peace_when_nobody_reads() {
    let admin = Admin::with_demo();
    // The last one would follow the log for ever.
    for arguments in ["user list", "audit export", "server export --project demo", "server logs --project demo echo -f"]
    {
        let ran = unread(&admin, arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments}");
    }
}

#[test]
fn refuses_what_makes_no_sense_with_the_code_for_it() {
    let admin = Admin::with_demo();
    admin.run("user create bob@example.com").text(0);
    let before = admin.run("audit export").text(0);
    for (arguments, said) in [
        ("server set --project demo echo", "required"),
        ("server set --project demo echo --isolation mine", "write shared, per_principal or per_session"),
        ("server set --project demo echo --idle-stop soon", "write a number of seconds, such as 30, or default"),
        ("server set --project demo echo --timeout -1", "write a number of seconds"),
        ("server set --project demo echo --tool-timeout x", "write TOOL=SECONDS"),
        ("server set --project demo echo --tool-timeout x=y", "or default"),
        ("server set --project demo echo --max-in-flight many", "write a whole number, or default"),
        ("server set --project demo echo --personal A --not-personal A", "name it once"),
        ("project update demo", "required"),
        ("project update demo --recorded-arguments digest --hide x", "--hide goes with"),
        ("policy add --project demo deny --place 0", "counted from 1"),
        ("key create --project demo k --expires 2020-01-01T00:00:00Z", "error: --expires: it is over already"),
        ("key create --project demo k --per-minute 0", "error: --per-minute: it is out of range; use 1 to"),
        ("project create X --slug UPPER", "error: --slug: it is not a slug"),
        (
            "policy add --project demo deny --for user:bob@example.com --item [",
            "--for: the project has no such account",
        ),
        ("policy add --project demo require-approval --within-time 1s", "error: --within-time: it is out of range"),
        ("server set --project demo echo --idle-stop 0", "error: --idle-stop: it is out of range"),
        ("server limits --project demo echo --set memory_mib=1", "error: --set memory_mib: it is out of range"),
        ("server sandbox --project demo echo --read x", "error: --read (number 1): it is not such a path"),
        ("policy move --project demo 01a22170-7981-76de-a0f9-3dde553147bf 0", "counted from 1"),
    ] {
        let ran = admin.run(arguments);
        assert!(ran.stderr.contains(said), "{arguments}: {ran:?}");
        assert_eq!(ran.text(2), "", "{arguments}");
    }
    assert_eq!(admin.run("audit export").text(0), before, "nothing was changed");
    let set = "server set --project demo echo --timeout 5 --idle-stop 60 --max-in-flight 3 --tool-timeout a=b=7 --json";
    assert_eq!(admin.run(set).json()["timeout"], 5.0);
    admin.run("server set --project demo echo --idle-stop default --max-in-flight default").text(0);
}

#[test]
fn an_export_is_for_its_owner_alone_and_whole_or_not_there() {
    let admin = Admin::with_demo();
    let file = admin.path("trail.jsonl");
    assert_eq!(admin.run("audit export --output trail.jsonl").text(0), "");
    assert_eq!(std::fs::metadata(&file).expect("the export").permissions().mode() & 0o777, 0o600);
    let whole = std::fs::read_to_string(&file).expect("the export");
    assert_eq!(whole, admin.run("audit export").text(0));
    let again = admin.run("audit export --output trail.jsonl");
    assert!(again.code == 2 && again.stderr.contains("trail.jsonl is there already; name another file"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("the export"), whole);

    let nowhere = admin.run("audit export --project 01a22170-73ea-7491-a683-ba1f9a83f558 --output none.jsonl");
    assert!(nowhere.stderr.contains("there is no such project"), "{nowhere:?}");
    nowhere.text(3);
    assert!(!admin.path("none.jsonl").exists());
}

#[test]
fn names_who_and_which_is_meant() {
    let admin = Admin::with_demo();
    admin.run("user create bob@example.com").text(0);
    let stranger = admin.run("key create --project demo k --creator bob@example.com");
    assert!(stranger.stderr.contains("bob@example.com may have no key of the project"), "{stranger:?}");
    stranger.text(2);
    assert_eq!(admin.run("key list --project demo --json").json(), serde_json::json!([]));

    let explain = "policy explain --project demo echo echo";
    let stranger = admin.run(&format!("{explain} --user bob@example.com"));
    assert!(stranger.stderr.contains("there is no such user of the project\nhint: name somebody who"), "{stranger:?}");
    stranger.text(3);
    let laptop = admin.run("key create --project demo laptop --json").json();
    assert_eq!(admin.run(&format!("{explain} --key laptop --json")).json()["key_id"], laptop["id"]);
    let rule = admin.run("policy add --project demo deny --for key:laptop --json").json();
    assert_eq!(rule["subject"], format!("key:{}", laptop["id"].as_str().expect("an id")));
    admin.run(&format!("{explain} --key nothing")).text(3);
    admin.run("key create --project demo laptop").text(0);
    let several = admin.run(&format!("{explain} --key laptop"));
    assert!(several.stderr.contains("several live keys are named laptop"), "{several:?}");
    several.text(2);
    let revoked = laptop["id"].as_str().expect("an id");
    admin.run(&format!("key revoke --project demo {revoked}")).text(0);
    let dead = admin.run(&format!("{explain} --key {revoked}"));
    assert!(dead.stderr.contains("there is no such live key"), "{dead:?}");
    dead.text(3);
    admin.run("key revoke --project demo laptop").text(0);
    assert_eq!(admin.run("key revoke --project demo laptop").text(0), "revoked laptop\n", "it is dead as before");
    let over = admin.run(&format!("{explain} --key laptop"));
    assert!(over.stderr.contains("there is no such live key"), "it was one: {over:?}");
    over.text(3);
    let nobody = admin.run("key create --project demo k --creator nobody@example.com");
    assert!(
        nobody.stderr.starts_with("error: --creator nobody@example.com: there is no such user\nhint: "),
        "{nobody:?}"
    );
    nobody.text(3);
    let rule = admin.run("policy remove --project demo nothing");
    assert!(rule.stderr.contains("hint: orch-admin policy list --project PROJECT"), "{rule:?}");
    rule.text(3);
}
