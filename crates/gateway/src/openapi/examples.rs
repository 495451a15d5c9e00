//! Examples of bodies, from the files beside this one. Each is that of a schema, or of one operation where that has
//! others.

use serde_json::{Map, Value, json};
use utoipa::openapi::example::Example;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Content, RefOr};

use crate::openapi::schemas::PAGE;

/// Objects by the names of schemas and the ids of operations.
const FILES: [&str; 23] = [
    include_str!("examples/activity.json"),
    include_str!("examples/approvals.json"),
    include_str!("examples/audit.json"),
    include_str!("examples/auth.json"),
    include_str!("examples/calls.json"),
    include_str!("examples/events.json"),
    include_str!("examples/health.json"),
    include_str!("examples/invitations.json"),
    include_str!("examples/keys.json"),
    include_str!("examples/limits.json"),
    include_str!("examples/me.json"),
    include_str!("examples/members.json"),
    include_str!("examples/policy.json"),
    include_str!("examples/projects.json"),
    include_str!("examples/servers.json"),
    include_str!("examples/sessions.json"),
    include_str!("examples/snippets.json"),
    include_str!("examples/stars.json"),
    include_str!("examples/system.json"),
    include_str!("examples/teams.json"),
    include_str!("examples/tools.json"),
    include_str!("examples/usage.json"),
    include_str!("examples/users.json"),
];

/// Which body of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Request,
    Response,
}

impl Side {
    /// The member of an operation's own example, of one and of several with names.
    const fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Request => ("request", "requests"),
            Self::Response => ("response", "responses"),
        }
    }
}

/// All of them.
pub(super) struct Examples(Map<String, Value>);

impl Examples {
    /// A file that cannot be read has none: the tests say which operations lack one then.
    pub(super) fn read() -> Self {
        let maps = FILES.into_iter().filter_map(|file| serde_json::from_str::<Map<String, Value>>(file).ok());
        Self(maps.flatten().collect())
    }

    /// Puts the examples of a body into its content.
    pub(super) fn put(&self, operation: &str, side: Side, content: &mut Content) {
        let own = self.0.get(operation);
        let (one, several) = side.members();
        if let Some(named) = own.and_then(|own| own.get(several)).and_then(Value::as_object) {
            let example = |value: &Value| RefOr::T(Example::builder().value(Some(value.clone())).build());
            content.examples = named.iter().map(|(name, value)| (name.clone(), example(value))).collect();
        } else if let Some(own) = own.and_then(|own| own.get(one)) {
            content.example = Some(own.clone());
        } else {
            content.example = content.schema.as_ref().and_then(|schema| self.of(schema));
        }
    }

    fn of(&self, schema: &RefOr<Schema>) -> Option<Value> {
        let name = match schema {
            RefOr::Ref(schema) => schema.ref_location.rsplit('/').next()?,
            // A body that may be left out.
            RefOr::T(Schema::OneOf(choice)) => return choice.items.iter().find_map(|item| self.of(item)),
            RefOr::T(_) => return None,
        };
        match name.strip_prefix(PAGE) {
            Some(item) => Some(json!({ "items": [self.0.get(item)?], "next_cursor": null })),
            None => self.0.get(name).cloned(),
        }
    }
}
