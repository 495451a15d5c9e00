//! The OpenAPI document.

use std::path::PathBuf;

use serde_json::Value;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json")
}

fn generated() -> String {
    let mut text = serde_json::to_string_pretty(&orch_gateway::openapi::openapi()).unwrap();
    text.push('\n');
    text
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
    let document: Value = serde_json::from_str(&generated()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(id.contains('_') && id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{id}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
            assert!(operation["security"].is_array(), "{id}");
            let named: Vec<_> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
                .collect();
            assert_eq!(named.len(), path.matches('{').count(), "{id}");
            assert!(named.iter().all(|name| path.contains(name)), "{id}");
            if path.starts_with("/api/") {
                for status in ["401", "403", "500", "503"] {
                    let schema = &operation["responses"][status]["content"]["application/problem+json"]["schema"];
                    assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
                }
            }
        }
    }
}

#[test]
fn refers_only_to_what_it_has() {
    let text = generated();
    let document: Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for found in text.split("\"#/components/schemas/").skip(1) {
        let name = found.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is not in the document");
    }
}
