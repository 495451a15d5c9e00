//! Holds the rules of `docs/ARCHITECTURE.md` about who may import whom, against what the manifests say.

#![expect(clippy::expect_used, reason = "a test that cannot go on must fail at once")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Our crates, and which of ours each may import. A crate that is not named here may not exist.
const EDGES: [(&str, &[&str]); 17] = [
    ("orch-domain", &[]),
    ("orch-mcp", &[]),
    ("orch-http1", &[]),
    ("orch-supervisor", &[]),
    ("orch-migrations", &[]),
    ("orch-bench", &[]),
    ("orch-upstream", &["orch-http1", "orch-mcp", "orch-supervisor"]),
    ("orch-auth", &["orch-domain"]),
    ("orch-persistence", &["orch-domain", "orch-migrations"]),
    ("orch-control", &["orch-domain"]),
    ("orch-mail", &["orch-domain"]),
    ("orch-relay", &["orch-domain", "orch-mcp"]),
    ("orch-gateway", &["orch-domain", "orch-http1", "orch-mcp", "orch-auth", "orch-control", "orch-relay"]),
    (
        "orch-app",
        &[
            "orch-domain",
            "orch-mcp",
            "orch-supervisor",
            "orch-upstream",
            "orch-auth",
            "orch-persistence",
            "orch-control",
            "orch-mail",
            "orch-relay",
            "orch-gateway",
        ],
    ),
    ("orch-testkit", &["orch-domain", "orch-mcp"]),
    ("orch-server", &["orch-app"]),
    ("orch-admin", &["orch-app"]),
];

/// Only ever imported by tests.
const TESTS_ONLY: [&str; 7] = ["orch-testkit", "rmcp", "reqwest", "hyper", "insta", "proptest", "cargo_metadata"];

/// Libraries that belong to one task, and the crates whose task it is. A library stands for its family: `sea-orm` for
/// `sea-orm-migration` as well.
const HEAVY: [(&str, &[&str]); 22] = [
    ("sea-orm", &["orch-persistence", "orch-migrations"]),
    ("sqlx", &["orch-persistence"]),
    ("actix", &["orch-gateway"]),
    ("utoipa", &["orch-gateway"]),
    ("rust-embed", &["orch-gateway"]),
    ("jsonwebtoken", &["orch-auth"]),
    ("argon2", &["orch-auth"]),
    ("chacha20poly1305", &["orch-auth"]),
    ("ring", &["orch-auth"]),
    ("httparse", &["orch-http1", "orch-bench"]),
    ("tokio-rustls", &["orch-upstream"]),
    ("lettre", &["orch-mail"]),
    ("nix", &["orch-supervisor"]),
    ("rustix", &["orch-supervisor", "orch-persistence", "orch-bench"]),
    ("uapi", &["orch-gateway"]),
    ("landlock", &["orch-supervisor"]),
    ("seccompiler", &["orch-supervisor"]),
    ("tracing-subscriber", &["orch-app"]),
    ("figment", &["orch-app"]),
    ("dotenvy", &["orch-app"]),
    ("clap", &["orch-server", "orch-admin", "orch-bench"]),
    ("anyhow", &["orch-app", "orch-server", "orch-admin", "orch-bench"]),
];

/// Libraries that the domain does without: a noun knows no wire format and no runtime.
const NOT_IN_THE_DOMAIN: [&str; 4] = ["serde", "serde_json", "tokio", "tracing"];

struct Edge {
    from: String,
    to: String,
    kind: DependencyKind,
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

fn edges() -> Vec<Edge> {
    let metadata = metadata();
    let packages = metadata.packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Edge {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            kind: dependency.kind,
        })
    });
    packages.collect()
}

/// The family that a library is of, and the crates whose task it is.
fn family(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    HEAVY.into_iter().find(|(library, _)| name == *library || name.starts_with(&format!("{library}-")))
}

/// Fails with every offence at once.
fn check(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table() {
    let known: BTreeSet<_> = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: BTreeSet<_> = metadata().packages.iter().map(|package| package.name.to_string()).collect();
    assert_eq!(found, known);
}

#[test]
fn our_crates_import_only_whom_they_may() {
    let allowed: BTreeMap<_, _> = EDGES.into_iter().collect();
    let offences = edges()
        .into_iter()
        .filter(|edge| allowed.contains_key(edge.to.as_str()))
        .filter(|edge| !(edge.kind == DependencyKind::Development && edge.to == "orch-testkit"))
        .filter(|edge| !allowed.get(edge.from.as_str()).is_some_and(|may| may.contains(&edge.to.as_str())))
        .map(|edge| format!("{} may not import {}", edge.from, edge.to))
        .collect();
    check(offences);
}

#[test]
fn heavy_libraries_stay_where_their_task_is() {
    let offences = edges()
        .into_iter()
        .filter(|edge| edge.kind != DependencyKind::Development)
        .filter_map(|edge| {
            let (library, may) = family(&edge.to)?;
            (!may.contains(&edge.from.as_str()))
                .then(|| format!("{} may not import {}: {library} belongs to {}", edge.from, edge.to, may.join(", ")))
        })
        .collect();
    check(offences);
}

#[test]
fn test_libraries_are_imported_by_tests_only() {
    let offences = edges()
        .into_iter()
        .filter(|edge| edge.kind != DependencyKind::Development && TESTS_ONLY.contains(&edge.to.as_str()))
        .map(|edge| format!("{} may import {} as a dev-dependency only", edge.from, edge.to))
        .collect();
    check(offences);
}

#[test]
fn the_domain_knows_no_wire_format_and_no_runtime() {
    let offences = edges()
        .into_iter()
        .filter(|edge| edge.from == "orch-domain" && edge.kind != DependencyKind::Development)
        .filter(|edge| NOT_IN_THE_DOMAIN.contains(&edge.to.as_str()))
        .map(|edge| format!("{} may not import {}", edge.from, edge.to))
        .collect();
    check(offences);
}

/// The document's table, read as people read it, says the same as this test.
#[test]
fn the_document_has_the_same_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ARCHITECTURE.md");
    let document = std::fs::read_to_string(path).expect("docs/ARCHITECTURE.md");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let written: BTreeMap<_, _> = document
        .lines()
        .skip_while(|line| !line.contains("Who may import whom"))
        .filter(|line| line.starts_with("| `orch-"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|');
            let mut next = || cells.next().unwrap_or_default();
            let (of, may, libraries) =
                (names(next()), names(next()), names(next().split(';').next().unwrap_or_default()));
            // A part of a library is kept by .clippy.toml.
            let libraries = libraries.into_iter().filter(|name| !name.contains("::"));
            let families = libraries.map(|name| family(&name).map_or(name, |(library, _)| library.to_owned()));
            (of.into_iter().collect::<String>(), (may, families.collect::<BTreeSet<_>>()))
        })
        .collect();
    let held: BTreeMap<_, _> = EDGES
        .into_iter()
        .map(|(name, may)| {
            let may = may.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
            let libraries = HEAVY.into_iter().filter(|(_, of)| of.contains(&name));
            (name.to_owned(), (may, libraries.map(|(library, _)| library.to_owned()).collect::<BTreeSet<_>>()))
        })
        .collect();
    assert_eq!(written, held);
}
