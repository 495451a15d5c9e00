//! The OpenAPI document: that it is current, says everything, and that its examples are true.

use std::collections::BTreeSet;
use std::path::PathBuf;

use orch_testkit::permissions::Who::{Admin, Member, Nobody, OwnKey, Viewer};
use orch_testkit::permissions::rest::rows;
use serde_json::{Value, json};

use crate::schema::Schemas;
use crate::world::Answer;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json")
}

fn generated() -> String {
    let mut text = serde_json::to_string_pretty(&orch_gateway::openapi::openapi()).unwrap();
    text.push('\n');
    text
}

/// One operation with where it is.
pub(crate) struct Operation {
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) id: String,
    pub(crate) about: Value,
}

/// The document as everybody reads it.
pub(crate) struct Document {
    value: Value,
    pub(crate) operations: Vec<Operation>,
}

impl Document {
    pub(crate) fn read() -> Self {
        let value: Value = serde_json::from_str(&generated()).unwrap();
        let mut operations = Vec::new();
        for (path, item) in value["paths"].as_object().unwrap() {
            for (method, about) in item.as_object().unwrap() {
                let id = about["operationId"].as_str().unwrap().to_owned();
                let (path, method) = (path.clone(), method.to_uppercase());
                operations.push(Operation { path, method, id, about: about.clone() });
            }
        }
        Self { value, operations }
    }

    pub(crate) fn schemas(&self) -> Schemas<'_> {
        Schemas(&self.value)
    }

    pub(crate) fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id == id).unwrap_or_else(|| panic!("there is no {id}"))
    }

    /// The examples of the request of an operation.
    pub(crate) fn requests(&self, operation: &Operation) -> Vec<Value> {
        let content = &operation.about["requestBody"]["content"]["application/json"];
        examples(content).into_iter().cloned().collect()
    }

    /// What an answer has that its operation does not tell of.
    pub(crate) fn differs(&self, id: &str, answer: &Answer) -> Vec<String> {
        let status = answer.status.to_string();
        let about = self.schemas().resolve(&self.operation(id).about["responses"][&status]).clone();
        if about.is_null() {
            return vec![format!("{id} does not tell of {status}: {}", answer.body)];
        }
        let mut found = Vec::new();
        for name in ["ETag", "Location"] {
            let sent = answer.header(&name.to_lowercase()).is_some();
            if sent == about["headers"][name].is_null() {
                found.push(format!("{id} {status}: {name} is {}", if sent { "not told of" } else { "not sent" }));
            }
        }
        let media = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        let content = &about["content"][media];
        let values: Vec<Value> = match media {
            "" if about["content"].is_null() => Vec::new(),
            "application/json" | "application/problem+json" => vec![answer.json()],
            "text/event-stream" => events(&answer.body),
            "text/plain" => vec![json!(answer.body)],
            other => panic!("{id} answers with {other}"),
        };
        if !media.is_empty() && content.is_null() {
            found.push(format!("{id} {status} does not tell of {media}"));
            return found;
        }
        for value in values {
            let flaws = self.schemas().flaws(&content["schema"], &value);
            found.extend(flaws.into_iter().map(|flaw| format!("{id} {status}: {flaw}")));
        }
        found
    }
}

/// The data of events that are JSON.
fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// The one example of a body, or those with names.
fn examples(content: &Value) -> Vec<&Value> {
    let named = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    content.get("example").into_iter().chain(named).collect()
}

/// Whether a text says something, in a sentence or more.
fn says(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.trim().len() >= 2)
}

#[test]
fn the_schema_is_current() {
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(written == generated(), "docs/api/openapi.json is not what the handlers say: run `just generate`");
}

#[test]
#[ignore = "writes docs/api/openapi.json"]
fn writes_the_schema() {
    std::fs::write(path(), generated()).unwrap();
}

#[test]
fn documents_every_operation_in_full() {
    let document = Document::read();
    assert_eq!(document.value["openapi"], "3.1.0");
    assert_eq!(document.value["info"]["license"]["identifier"], "MIT");
    let tags = document.value["tags"].as_array().unwrap();
    assert!(tags.iter().all(|tag| says(&tag["description"])), "{tags:?}");
    let tags: BTreeSet<_> = tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut used = BTreeSet::new();
    for Operation { path, method, id, about } in &document.operations {
        assert!(id.contains('_') && id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{id}");
        assert!(says(&about["summary"]), "{id} has no summary");
        assert!(says(&about["description"]), "{id} has no description");
        assert!(about["security"].is_array(), "{id}");
        used.extend(about["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()));
        let parameters: Vec<_> = about["parameters"].as_array().into_iter().flatten().collect();
        assert!(parameters.iter().all(|parameter| says(&parameter["description"])), "{id}: {parameters:?}");
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let named: Vec<_> = in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(named.len(), path.matches('{').count(), "{id}");
        assert!(named.iter().all(|name| path.contains(name)), "{id}");
        for (status, response) in about["responses"].as_object().unwrap() {
            let response = document.schemas().resolve(response).clone();
            assert!(says(&response["description"]), "{id} {status}");
            if path.starts_with("/api/") && !status.starts_with('2') {
                let schema = &response["content"]["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
            }
        }
        let expected = if path.starts_with("/api/") { &["401", "403", "500", "503"][..] } else { &[] };
        assert!(expected.iter().all(|status| about["responses"][*status].is_object()), "{id}");
    }
    assert_eq!(used, tags, "the tags of operations, and those that are described");
}

#[test]
fn describes_every_member() {
    let document = Document::read();
    let mut silent = Vec::new();
    for (name, schema) in document.value["components"]["schemas"].as_object().unwrap() {
        // What a page is stands at its members.
        if !says(&schema["description"]) && !name.starts_with("PageView_") {
            silent.push(name.clone());
        }
        silent_members(name, schema, &mut silent);
    }
    assert!(silent.is_empty(), "nothing is said of {silent:#?}");
}

fn silent_members(at: &str, schema: &Value, silent: &mut Vec<String>) {
    for word in ["oneOf", "allOf"] {
        schema[word].as_array().into_iter().flatten().for_each(|part| silent_members(at, part, silent));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        // The tag of a choice has one value, which says it.
        let is_tag = member["enum"].as_array().is_some_and(|values| values.len() == 1);
        if !says(&member["description"]) && !is_tag {
            silent.push(at.clone());
        }
        silent_members(&at, member, silent);
    }
    if schema["items"].is_object() {
        silent_members(at, &schema["items"], silent);
    }
}

#[test]
fn shows_a_true_example_of_every_body() {
    let document = Document::read();
    let mut wrong = Vec::new();
    let mut check = |what: String, content: &Value| {
        let examples = examples(content);
        if examples.is_empty() {
            wrong.push(format!("{what} has no example"));
        }
        for example in examples {
            let flaws = document.schemas().flaws(&content["schema"], example);
            wrong.extend(flaws.into_iter().map(|flaw| format!("{what}: {flaw}")));
        }
    };
    for Operation { id, about, .. } in &document.operations {
        for (media, content) in about["requestBody"]["content"].as_object().into_iter().flatten() {
            check(format!("the request of {id} as {media}"), content);
        }
        for (status, response) in about["responses"].as_object().unwrap() {
            let response = document.schemas().resolve(response).clone();
            for (media, content) in response["content"].as_object().into_iter().flatten() {
                check(format!("{status} of {id} as {media}"), content);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn has_no_example_of_nothing() {
    let document = Document::read();
    let all = document.value["paths"].to_string();
    let files = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/openapi/examples");
    for file in std::fs::read_dir(files).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let examples: Value = serde_json::from_str(&text).unwrap();
        for (name, example) in examples.as_object().unwrap() {
            if document.operations.iter().any(|operation| operation.id == *name) {
                for (side, own) in example.as_object().unwrap() {
                    let named = own.as_object().filter(|_| side.ends_with('s'));
                    let values: Vec<_> = named.map_or_else(|| vec![own], |own| own.values().collect());
                    assert!(values.iter().all(|value| all.contains(&value.to_string())), "{name}: {side} is not shown");
                }
            } else {
                assert!(!document.value["components"]["schemas"][name].is_null(), "there is no {name}");
                assert!(all.contains(&example.to_string()), "the example of {name} is not shown");
            }
        }
    }
}

/// The description begins with who may, and the credentials are those that the operation takes.
#[test]
fn says_who_may_as_the_table_of_permissions_does() {
    let document = Document::read();
    let mut wrong = Vec::new();
    for row in rows() {
        let Operation { path, about, .. } = document.operation(row.operation);
        let description = about["description"].as_str().unwrap_or_default();
        let audience = description.split("\n\n").next().unwrap_or_default();
        let open = about["security"] == json!([]);
        let refuses = |who| row.expected(who) == 403;
        let expected: &[&str] = if open {
            &["Needs no credential"]
        } else if refuses(Admin) {
            &["For instance admins"]
        } else if refuses(Viewer) && refuses(Member) {
            &["admins of the project"]
        } else if refuses(Viewer) {
            &["members of the project", "of a member or API key"]
        } else if path.contains("{team}") && !path.contains("{project}") {
            &["the team"]
        } else if path.contains("{project}") || row.operation == "create_star" {
            &["sees the", "about oneself", "about own", "of a member or API key"]
        } else if refuses(OwnKey) {
            &["For every login"]
        } else {
            &["For every credential", "of a member or API key"]
        };
        let told = expected.iter().any(|words| audience.contains(words));
        let keys = !open && !refuses(OwnKey);
        let schemes = about["security"].as_array().unwrap();
        let takes_keys = schemes.iter().any(|scheme| scheme.get("api_key").is_some());
        let excludes = audience.contains("not for API keys") || audience.contains("Not for API keys");
        let by_login = refuses(OwnKey) && !refuses(Admin) && !path.starts_with("/api/v1/teams/");
        if !told {
            wrong.push(format!("{} says `{audience}`, and nothing of {expected:?}", row.operation));
        }
        if takes_keys != keys {
            wrong.push(format!("{}: whether it takes an API key is not told", row.operation));
        }
        if by_login != excludes {
            wrong.push(format!("{}: `{audience}`, and API keys may not: {by_login}", row.operation));
        }
        if open != (row.expected(Nobody) != 401 || row.operation == "refresh_login") {
            wrong.push(format!("{}: whether it needs a credential", row.operation));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn refers_only_to_what_it_has() {
    let text = generated();
    let document: Value = serde_json::from_str(&text).unwrap();
    for kind in ["schemas", "responses"] {
        let components = document["components"][kind].as_object().unwrap();
        for found in text.split(&format!("\"#/components/{kind}/")).skip(1) {
            let name = found.split('"').next().unwrap();
            assert!(components.contains_key(name), "{name} is not in the document");
        }
    }
}
