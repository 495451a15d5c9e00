//! The example configuration is a configuration: it parses as it stands, and says what the defaults are.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail at once")]

use std::fs;
use std::path::{Path, PathBuf};

use orch_app::config::{Flags, Settings};
use orch_auth::strength::weakness_of;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/config/orch.example.toml");

fn load(path: &Path) -> Settings {
    let flags = Flags { config: Some(path.to_owned()), ..Flags::default() };
    Settings::load(&flags).unwrap_or_else(|error| panic!("{}: {error:#}", path.display()))
}

/// The example with every setting that it only mentions switched on.
fn with_everything_set() -> String {
    let example = fs::read_to_string(EXAMPLE).expect("the example");
    let setting = |line: &str| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        (!key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).then(|| line.to_owned())
    };
    let lines: Vec<_> = example
        .lines()
        .map(|line| line.strip_prefix('#').and_then(setting).unwrap_or_else(|| line.to_owned()))
        .collect();
    lines.join("\n")
}

#[test]
fn parses_and_has_the_defaults() {
    let example = load(Path::new(EXAMPLE));
    let text = fs::read_to_string(EXAMPLE).expect("the example");
    let draft = tempfile::tempdir().expect("a directory");
    let empty = draft.path().join("empty.toml");
    fs::write(&empty, "").expect("an empty file");
    let without_its_place =
        |settings: Settings| format!("{:#?}", Settings { file: None, flags: Flags::default(), ..settings });
    assert_eq!(without_its_place(example), without_its_place(load(&empty)), "{text}");
}

#[test]
fn names_every_setting() {
    let example = fs::read_to_string(EXAMPLE).expect("the example");
    let mut settings = load(Path::new(EXAMPLE));
    // Of variables that tests are run with.
    settings.remarks.clear();
    let settings = format!("{settings:#?}");
    let values = settings.lines().filter(|line| !line.ends_with(['{', '(']));
    let names = values.filter_map(|line| line.trim_start().split_once(": ")).map(|(name, _)| name);
    // What no file sets, and what the example names in words.
    let elsewhere = ["file", "flags", "config", "log_level", "remarks", "version"];
    let mut seen = 0;
    for name in names.filter(|name| !elsewhere.contains(name)) {
        let is_named = example
            .lines()
            .any(|line| line.trim_start_matches('#').split_once(" =").is_some_and(|(setting, _)| setting == name));
        assert!(is_named, "the example does not name {name}");
        seen += 1;
    }
    assert!(seen > 100, "{settings}");
}

#[test]
fn what_it_only_mentions_parses_too() {
    let draft = tempfile::tempdir().expect("a directory");
    let path: PathBuf = draft.path().join("full.toml");
    let text = with_everything_set();
    fs::write(&path, &text).expect("a file");
    let settings = load(&path);
    for name in ["database_url", "base_url", "jwt_secret", "encryption_key", "email", "password"] {
        assert!(text.lines().any(|line| line.starts_with(&format!("{name} ="))), "the example does not mention {name}");
    }
    assert!(settings.base_url.is_some() && settings.database_url.is_some() && settings.jwt_secret.is_some());
}

/// Everybody knows what is printed here.
#[test]
fn nothing_that_it_mentions_is_fit_for_production() {
    let text = with_everything_set();
    for name in ["jwt_secret", "password"] {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        let value = line.and_then(|rest| rest.split('"').next()).expect(name);
        assert!(weakness_of(&value.to_owned().into()).is_some(), "{name} = {value:?}");
    }
}

/// One line of a section changes that and nothing else.
#[test]
fn a_limit_by_itself_leaves_the_others() {
    let draft = tempfile::tempdir().expect("a directory");
    let path: PathBuf = draft.path().join("orch.toml");
    fs::write(&path, "[limits.default]\nmemory_mib = 1024\n[limits.max]\nopen_files = 99\n").expect("a file");
    let limits = load(&path).limits;
    assert_eq!((limits.default.memory_mib, limits.default.processes, limits.default.open_files), (1024, 512, 0));
    assert_eq!((limits.max.memory_mib, limits.max.processes, limits.max.open_files), (0, 0, 99));
}
