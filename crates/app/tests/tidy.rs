//! Holds what the documents say: how files open, how they are named, how long they are, and that what is
//! in the code is in the documents.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail at once")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use orch_domain::audit::{ChangedPart, Right};

/// A longer file has more than one thing in it.
const MOST_LINES: usize = 700;

/// One of a program says what it takes; what it does is in a library.
const MOST_LINES_OF_MAIN: usize = 60;

/// Where Rust is.
const SOURCES: [&str; 4] = ["crates", "bins", "migrations", "bench"];

struct Source {
    /// From the root of the repository.
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = SOURCES.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !matches!(name, "target" | "node_modules") {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push(Source { path: path.strip_prefix(root()).expect("a path of ours").to_owned(), text });
            }
        }
    }
    assert!(found.len() > 100, "the sources were not found");
    found
}

/// A text of the repository.
fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with every file for which `offence` has something to say.
fn check(offence: impl Fn(&Source) -> Option<String>) {
    let offences: Vec<_> = sources()
        .iter()
        .filter_map(|source| Some(format!("{}: {}", source.path.display(), offence(source)?)))
        .collect();
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is() {
    check(|source| {
        let first = source.text.lines().next().unwrap_or_default();
        let says_something = first.strip_prefix("//! ").is_some_and(|text| !text.is_empty() && text != "placeholder");
        (!says_something).then(|| "open it with a //! line that says what it owns".to_owned())
    });
}

#[test]
fn no_module_is_named_mod() {
    check(|source| source.path.ends_with("mod.rs").then(|| "name it after what it holds".to_owned()));
}

#[test]
fn no_file_is_a_drawer() {
    const DRAWERS: [&str; 6] = ["utils", "util", "common", "helpers", "misc", "types"];
    check(|source| {
        let stem = source.path.file_stem()?.to_str()?;
        DRAWERS.contains(&stem).then(|| "name it after what it holds".to_owned())
    });
}

#[test]
fn no_file_is_too_long() {
    check(|source| {
        let lines = source.text.lines().count();
        let is_main = source.path.starts_with("bins") && source.path.ends_with("src/main.rs");
        (lines > if is_main { MOST_LINES_OF_MAIN } else { MOST_LINES })
            .then(|| format!("{lines} lines; split it by meaning"))
    });
}

#[test]
fn nothing_is_left_to_be_done() {
    const WORDS: [&str; 4] = ["TODO", "FIXME", "XXX", "unimplemented!"];
    check(|source| {
        // This file has to name them.
        if source.path.ends_with("crates/app/tests/tidy.rs") {
            return None;
        }
        let word = WORDS.into_iter().find(|word| source.text.contains(word))?;
        Some(format!("{word}: do it, or write it down in an issue"))
    });
}

#[test]
fn the_architecture_names_every_crate() {
    let document = document("docs/ARCHITECTURE.md");
    for folder in ["crates", "bins"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder of the repository") {
            let manifest = entry.expect("an entry").path().join("Cargo.toml");
            let Ok(manifest) = fs::read_to_string(&manifest) else { continue };
            let name =
                manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name").trim_matches('"');
            assert!(document.contains(&format!("`{name}`")), "docs/ARCHITECTURE.md does not name {name}");
        }
    }
}

#[test]
fn every_span_is_in_the_document() {
    let document = document("docs/LOGGING.md");
    check(|source| {
        let names = source.text.split("_span!(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let missing: Vec<_> = names.filter(|name| !document.contains(&format!("`{name}`"))).collect();
        let is_test = source.path.components().any(|part| part.as_os_str() == "tests");
        (!is_test && !missing.is_empty())
            .then(|| format!("docs/LOGGING.md does not name the span {}", missing.join(", ")))
    });
}

/// A text, split at the commas that are in no bracket and in no string; it ends where a bracket closes that it has not
/// opened.
fn arguments(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut in_string, mut is_escaped) = (false, false);
    for (position, c) in text.char_indices() {
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '"' => in_string = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' if depth > 0 => {}
            ',' | ')' | ']' | '}' => {
                found.extend(text.get(start..position));
                start = position + 1;
                if c != ',' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// The fields of what a source without comments logs.
fn logged_fields(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("!(").flat_map(|(position, opening)| {
        let (before, rest) = text.split_at(position);
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let is_span = name == "span" || name.ends_with("_span");
        let is_event = matches!(name, "error" | "warn" | "info" | "debug" | "trace" | "event");
        let found = if is_span || is_event { arguments(rest.split_at(opening.len()).1) } else { Vec::new() };
        let found = found.into_iter().map(str::trim);
        // After the message of an event comes what is filled into it; the name of a span is a text as well.
        let fields = found.take_while(move |argument| is_span || !argument.starts_with('"'));
        let names = fields.map(|field| field.split('=').next().unwrap_or_default().trim());
        let names = names.map(|name| name.trim_start_matches(['?', '%']));
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains(':'))
    })
}

/// What is logged can be looked for by what the document says of it, and nothing else is said.
#[test]
fn every_field_is_in_the_document() {
    let document = document("docs/LOGGING.md");
    let table = document.split_once("## Fields").expect("the fields").1.split("\n## ").next().unwrap_or_default();
    let names = table.lines().filter_map(|line| line.split('|').nth(1));
    let told: BTreeSet<_> = names.flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let mut logged = BTreeSet::new();
    let is_ours = |source: &Source| source.path.components().nth(2).is_some_and(|part| part.as_os_str() == "src");
    for source in sources().into_iter().filter(is_ours) {
        let lines = source.text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for name in logged_fields(&lines.collect::<Vec<_>>().join("\n")) {
            assert!(told.contains(name), "docs/LOGGING.md does not name the field {name} of {}", source.path.display());
            logged.insert(name.to_owned());
        }
    }
    assert!(logged.len() > 30, "the fields were not found");
    let idle: Vec<_> = told.difference(&logged).collect();
    assert!(idle.is_empty(), "docs/LOGGING.md names fields that nothing logs: {idle:?}");
}

#[test]
fn every_variable_is_in_the_documents() {
    let settings = document("crates/app/src/config/environment.rs");
    let variables: Vec<_> = settings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\""))
        .filter(|line| line.contains("Kind::"))
        .filter_map(|line| line.split('"').next())
        .collect();
    assert!(variables.contains(&"DATABASE_URL"), "the variables were not found");
    for path in ["README.md", ".env.example"] {
        let text = document(path);
        for variable in &variables {
            // An old name of another variable.
            assert!(*variable == "AUTH_SECRET" || text.contains(variable), "{path} does not name {variable}");
        }
    }
}

/// What entries of the audit trail say is said in each language of the dashboard, and nothing else is.
#[test]
fn words_of_the_audit_trail_have_texts() {
    let parts = ChangedPart::ALL.iter().map(|part| part.as_str()).collect::<BTreeSet<_>>();
    let rights = Right::ALL.iter().map(|right| right.as_str()).collect::<BTreeSet<_>>();
    for language in ["en", "ko"] {
        let texts = document(&format!("frontend/src/messages/{language}/audit.json"));
        let texts: serde_json::Value = serde_json::from_str(&texts).unwrap();
        for (group, words) in [("changed", &parts), ("refused", &rights)] {
            let group = texts["word"][group].as_object().unwrap();
            assert_eq!(group.keys().map(String::as_str).collect::<BTreeSet<_>>(), *words, "{language}");
        }
    }
}

/// A decision that is recorded is listed, and the other way round.
#[test]
fn decisions_are_listed() {
    let folder = root().join("docs/adr");
    let list = document("docs/adr/README.md");
    for entry in fs::read_dir(&folder).expect("docs/adr") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        assert!(name == "README.md" || list.contains(&format!("({name})")), "docs/adr/README.md does not list {name}");
    }
}

/// The documents of the repository, by path.
fn documents() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && !matches!(name, "target" | "node_modules") {
                folders.push(path);
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).expect("a document");
                found.push(Source { path: path.strip_prefix(root()).expect("a path of ours").to_owned(), text });
            }
        }
    }
    assert!(found.len() > 30, "the documents were not found");
    found
}

/// The lines of a document that are no example.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_example = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_example ^= is_fence;
        !is_example && !is_fence
    })
}

/// The names by which sections can be linked to.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut offences = Vec::new();
    for document in documents() {
        let folder = document.path.parent().expect("a folder");
        let links =
            prose(&document.text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&document.path) } else { root().join(folder).join(path) };
            let leads = match fs::read_to_string(&target) {
                Ok(text) => anchor.is_empty() || anchors(&text).iter().any(|name| name == anchor),
                Err(_) => anchor.is_empty() && target.is_dir(),
            };
            if !leads {
                offences.push(format!("{}: {link} leads nowhere", document.path.display()));
            }
        }
    }
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

/// A test that was given another name is looked for in vain.
#[test]
fn the_edge_cases_name_tests_that_exist() {
    let (document, sources) = (document("docs/EDGE_CASES.md"), sources());
    let names: Vec<_> = document.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(names.len() > 100, "the names of tests were not found");
    for name in names {
        let (module, test) = name.rsplit_once("::").expect("a path");
        let file = module.split("::").find(|part| *part != "tests").unwrap_or_default();
        let defined = [format!("fn {test}("), format!("fn {test}<"), format!("mod {test} {{")];
        let exists = sources.iter().any(|source| {
            source.path.components().any(|part| Path::new(part.as_os_str()).file_stem() == Some(file.as_ref()))
                && defined.iter().any(|defined| source.text.contains(defined))
        });
        assert!(exists, "docs/EDGE_CASES.md names {name}, which is no test");
    }
}
