//! Schemas as they are best read: pages refer to what they hold, and what is said of a member that may be null stands
//! at the member.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Components, OneOf, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};

/// What a page of `T` is called.
pub(super) const PAGE: &str = "PageView_";

/// Puts all schemas of the document in order.
pub(super) fn tidy(components: &mut Components) {
    let mut held = BTreeMap::new();
    for (name, schema) in &mut components.schemas {
        if let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix(PAGE), schema)
            && let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items")
        {
            let item_schema = RefOr::Ref(Ref::from_schema_name(item));
            if let ArrayItems::RefOrSchema(schema) = std::mem::replace(&mut items.items, item_schema.into()) {
                held.insert(item.to_owned(), *schema);
            }
        }
    }
    for (name, schema) in held {
        components.schemas.entry(name).or_insert(schema);
    }
    components.schemas.values_mut().for_each(lift);
}

/// Moves what is said of one that may be null out of the choice.
fn lift(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.properties.values_mut().for_each(lift);
            if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
                lift(values);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                lift(items);
            }
        }
        Schema::OneOf(choice) => {
            lift_description(choice);
            choice.items.iter_mut().for_each(lift);
        }
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(lift),
        _ => {}
    }
}

fn lift_description(choice: &mut OneOf) {
    let null = SchemaType::Type(Type::Null);
    if let [RefOr::Ref(schema), RefOr::T(Schema::Object(other))] = choice.items.as_mut_slice()
        && other.schema_type == null
        && !schema.description.is_empty()
    {
        choice.description = Some(std::mem::take(&mut schema.description));
    }
}
