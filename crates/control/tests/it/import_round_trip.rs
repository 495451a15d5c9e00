//! Whatever was imported: its export over the same project changes nothing, and neither does the file itself.

use orch_control::import::ImportMode;
use orch_control::import::plan::ImportVerb;
use orch_domain::port::server_repo::ServerRepo;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::world::World;

fn text() -> impl Strategy<Value = String> {
    // What looks like a placeholder is another matter, and tested by itself.
    "[^\\x00$]{0,12}"
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z][a-zA-Z0-9 _.@/-]{0,30}", "[가-힣]{1,5}", "[a-c]{1,2}", "[A-C][ -]?[a-c]"]
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let value =
        prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), Just(json!(["a", null]))];
    btree_map("(autoApprove|alwaysAllow|description|gallery|version)", value, 0..3)
        .prop_map(|members| members.into_iter().collect())
}

fn entry() -> impl Strategy<Value = Value> {
    let stdio = (
        "[a-z/]{1,10}",
        vec(text(), 0..4),
        btree_map("[A-Z_]{1,8}", text(), 0..3),
        proptest::option::of("[a-z/]{1,9}"),
    )
        .prop_map(|(command, args, env, cwd)| {
            let mut entry = json!({"command": command, "args": args, "env": env});
            if let Some(cwd) = cwd {
                entry["cwd"] = json!(cwd);
            }
            entry
        });
    let header_value = "[ -#%-~]{0,12}";
    let remote = ("(http|sse|streamable-http)", "[a-z]{1,8}", btree_map("[A-Za-z][A-Za-z-]{3,8}x", header_value, 0..3))
        .prop_map(|(kind, host, headers)| {
            let headers: std::collections::BTreeMap<_, _> =
                headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
            json!({"type": kind, "url": format!("https://{host}.example/mcp"), "headers": headers})
        });
    (prop_oneof![stdio, remote], any::<bool>(), 1u32..120, extra()).prop_map(|(mut entry, disabled, timeout, extra)| {
        if let Value::Object(members) = &mut entry {
            members.insert("disabled".into(), json!(disabled));
            members.insert("timeout".into(), json!(timeout));
            members.extend(extra);
        }
        entry
    })
}

#[test]
fn changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&btree_map(names(), entry(), 0..8), |servers| {
        let file = json!({ "mcpServers": servers }).to_string();
        runtime.block_on(check(&file));
        Ok(())
    });
    outcome.unwrap();
}

async fn check(file: &str) {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let import = &world.control.import;
    import.run(&admin, slug, file, ImportMode::Apply).await.unwrap();
    let imported = ServerRepo::list(&world.store, project.id).await.unwrap();
    let export = world.control.export.get(&admin, slug).await.unwrap();
    for again in [export.to_string(), file.to_owned()] {
        let plan = import.run(&admin, slug, &again, ImportMode::Apply).await.unwrap();
        for server in &plan.servers {
            assert_eq!(server.verb, ImportVerb::Unchanged, "{server:?} of {again}");
        }
        assert_eq!(plan.servers.len(), imported.len(), "{again}");
        assert_eq!(ServerRepo::list(&world.store, project.id).await.unwrap(), imported, "{again}");
    }
    // What is exported says all there is to say: exported from a copy, it is the same file.
    assert_eq!(world.control.export.get(&admin, slug).await.unwrap(), export);
}
