//! That requests are taken as the OpenAPI document describes them and not otherwise: every object of every body with a
//! member too many, every query with a parameter too many, every point in time beyond all calendars.

use actix_web::http::header::ContentType;
use serde_json::{Map, Value, json};

use crate::openapi::{Document, Operation};
use crate::world::{Answer, World, bearer, request};

/// Takes files of others, which say whatever their programs know.
const LENIENT: &str = "import_servers";
const SURPLUS: &str = "surplus";
/// Outside of what can be counted with, in the calendar and as UTC.
const BEYOND: [&str; 2] = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"];

/// What a place in a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An object of which the document says which members it has.
    Object,
    Moment,
}

/// A body as a schema wants it.
#[derive(Clone)]
struct Sample {
    value: Value,
    /// As JSON pointers.
    places: Vec<(String, Kind)>,
}

impl Sample {
    fn plain(value: Value) -> Self {
        Self { value, places: Vec::new() }
    }

    fn places_below(&self, name: &str) -> impl Iterator<Item = (String, Kind)> {
        self.places.iter().map(move |(place, kind)| (format!("/{name}{place}"), *kind))
    }

    /// The body with something else at a place.
    fn with(&self, place: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut value = self.value.clone();
        change(value.pointer_mut(place).unwrap());
        value
    }
}

/// Enough bodies to have every member of every choice in one of them.
fn samples(document: &Document, schema: &Value) -> Vec<Sample> {
    let schema = document.schemas().resolve(schema).clone();
    assert!(schema["allOf"].is_null() && schema["anyOf"].is_null(), "how to fill {schema} is not known here");
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().flat_map(|choice| samples(document, choice)).collect();
    }
    if let Some(values) = schema["enum"].as_array() {
        return vec![Sample::plain(values[0].clone())];
    }
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    match types.iter().filter_map(Value::as_str).find(|kind| *kind != "null") {
        Some("object") => objects(document, &schema),
        Some("array") => {
            let items = samples(document, &schema["items"]).into_iter();
            items.map(|item| Sample { value: json!([item.value]), places: item.places_below("0").collect() }).collect()
        }
        Some("string") => vec![match schema["format"].as_str() {
            Some("date-time") => {
                Sample { value: json!("2030-01-31T00:00:00Z"), places: vec![(String::new(), Kind::Moment)] }
            }
            Some("uuid") => Sample::plain(json!(uuid::Uuid::nil())),
            _ => Sample::plain(json!("x")),
        }],
        Some("integer" | "number") => vec![Sample::plain(schema.get("minimum").cloned().unwrap_or(json!(1)))],
        Some("boolean") => vec![Sample::plain(json!(true))],
        Some(other) => panic!("how to fill {other} is not known here"),
        // What may be null or something else, without the something.
        None => Vec::new(),
    }
}

/// One object with the first sample of each member, and one more for every other sample of a member.
fn objects(document: &Document, schema: &Value) -> Vec<Sample> {
    let members: Vec<(String, Vec<Sample>)> = match (schema["properties"].as_object(), &schema["additionalProperties"])
    {
        (Some(members), _) => members.iter().map(|(name, schema)| (name.clone(), samples(document, schema))).collect(),
        (None, Value::Object(values)) => vec![("x".to_owned(), samples(document, &json!(values)))],
        // Any object.
        (None, _) => return vec![Sample::plain(json!({}))],
    };
    let kind = schema["properties"].is_object().then_some((String::new(), Kind::Object));
    let object = |chosen: &dyn Fn(&str) -> usize| {
        let mut sample = Sample { value: json!({}), places: kind.iter().cloned().collect() };
        for (name, choices) in &members {
            let Some(choice) = choices.get(chosen(name)) else { continue };
            sample.value[name] = choice.value.clone();
            sample.places.extend(choice.places_below(name));
        }
        sample
    };
    let others = members.iter().flat_map(|(name, choices)| (1..choices.len()).map(move |place| (name, place)));
    let others = others.map(|(name, place)| object(&|other| if other == name { place } else { 0 }));
    std::iter::once(object(&|_| 0)).chain(others.collect::<Vec<_>>()).collect()
}

/// A pointer as problems write the path of a field.
fn path(place: &str) -> String {
    let mut path = String::new();
    for part in place.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(part);
        }
    }
    path
}

/// Who asks, and of what.
struct Asking {
    world: World,
    token: String,
    wrong: Vec<String>,
    asked: usize,
}

impl Asking {
    async fn new() -> Self {
        let world = World::new().await;
        world.project("demo").await;
        let token = world.token(&world.user(|user| user.instance_admin()).await).await;
        Self { world, token, wrong: Vec::new(), asked: 0 }
    }

    async fn send(&self, operation: &Operation, query: &str, body: Option<&Value>) -> Answer {
        let path = operation.path.replace("{project}", "demo");
        let nil = uuid::Uuid::nil().to_string();
        let path: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { nil.as_str() } else { part }).collect();
        let sent = bearer(request(&operation.method, &format!("{}{query}", path.join("/"))), &self.token);
        self.world
            .send(match body {
                Some(body) => sent.insert_header(ContentType::json()).set_payload(body.to_string()),
                None => sent,
            })
            .await
    }

    /// Asks, and wants to be told what is wrong with `field`.
    async fn check(&mut self, operation: &Operation, query: &str, body: Option<&Value>, field: &str, problem: &str) {
        let answer = self.send(operation, query, body).await;
        self.asked += 1;
        let errors = if answer.status == 422 { answer.json()["errors"].clone() } else { json!([]) };
        let told = (errors[0]["field"].as_str(), errors[0]["problem"].as_str());
        if told.0 != Some(field) || !told.1.is_some_and(|told| told.starts_with(problem)) {
            self.wrong.push(format!("{}: {query}{}: {}", operation.id, json!(body), answer.body));
        }
    }
}

#[actix_web::test]
async fn a_body_with_what_is_not_described_is_refused() {
    let document = Document::read();
    let mut asking = Asking::new().await;
    let mut moments = 0;
    for operation in document.operations.iter().filter(|operation| operation.id != LENIENT) {
        let schema = &operation.about["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        for sample in samples(&document, schema) {
            for (place, kind) in &sample.places {
                if *kind == Kind::Object {
                    let body = sample.with(place, |object| object[SURPLUS] = json!(1));
                    let field = path(&format!("{place}/{SURPLUS}"));
                    asking.check(operation, "", Some(&body), &field, "it is not known here").await;
                    continue;
                }
                for beyond in BEYOND {
                    moments += 1;
                    let body = sample.with(place, |moment| *moment = json!(beyond));
                    asking.check(operation, "", Some(&body), &path(place), "expected a time such as").await;
                }
            }
        }
    }
    assert!(asking.wrong.is_empty(), "{}", asking.wrong.join("\n"));
    assert!(asking.asked > 60 && moments >= 4, "{} and {moments} are not what there is", asking.asked);
}

#[actix_web::test]
async fn a_query_with_what_is_not_described_is_refused() {
    let document = Document::read();
    let mut asking = Asking::new().await;
    let mut moments = 0;
    for operation in &document.operations {
        let parameters = operation.about["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<_> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        if parameters.is_empty() {
            continue;
        }
        let query = format!("?{SURPLUS}=1");
        asking.check(operation, &query, None, SURPLUS, "it is not known here").await;
        for parameter in parameters.iter().filter(|parameter| parameter["schema"]["format"] == "date-time") {
            let name = parameter["name"].as_str().unwrap();
            for beyond in BEYOND {
                moments += 1;
                let query = format!("?{name}={beyond}");
                asking.check(operation, &query, None, name, "expected a time such as").await;
            }
        }
    }
    assert!(asking.wrong.is_empty(), "{}", asking.wrong.join("\n"));
    assert!(asking.asked > 30 && moments >= 20, "{} and {moments} are not what there is", asking.asked);
}

/// The finder itself: a choice is gone through to its last variant.
#[test]
fn bodies_are_filled_to_the_last_choice() {
    let document = Document::read();
    let schema = json!({ "$ref": "#/components/schemas/PutPolicyRequest" });
    let subjects: Vec<Value> = samples(&document, &schema)
        .into_iter()
        .map(|sample| sample.value["rules"][0]["subject"]["type"].clone())
        .collect();
    for kind in ["anybody", "role", "team", "user", "key", "client"] {
        assert!(subjects.contains(&json!(kind)), "{subjects:?}");
    }
    let free: Map<String, Value> = Map::new();
    assert_eq!(samples(&document, &json!({ "type": "object" }))[0].value, Value::Object(free));
}
