//! The shapes that the schema is made of: objects, lists, maps, numbers.

use serde_json::{Map, Value, json};

pub(super) fn object(about: &str, required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = required
        .iter()
        .chain(optional)
        .map(|(name, it)| ((*name).to_owned(), it.clone()))
        .collect();
    json!({
        "type": "object",
        "description": about,
        "required": names,
        "properties": properties,
        "additionalProperties": false,
    })
}

pub(super) fn per_side(item: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["left", "right"],
        "properties": { "left": item, "right": item },
        "additionalProperties": false,
    })
}

pub(super) fn map_of(item: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": item })
}

pub(super) fn by_parameter(item: &Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": reference("parameter_name"),
        "additionalProperties": item,
    })
}

pub(super) fn by_angle(item: &Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": reference("angle_name"),
        "additionalProperties": item,
    })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

pub(super) fn nullable(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "null" }] })
}

pub(super) fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

pub(super) fn described(item: &Value, about: &str) -> Value {
    let mut item = item.clone();
    if let Value::Object(fields) = &mut item {
        fields.insert("description".to_owned(), json!(about));
    }
    item
}

pub(super) fn one_of(names: &[&str]) -> Value {
    json!({ "type": "string", "enum": names })
}

pub(super) fn pair() -> Value {
    json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
}

pub(super) fn points() -> Value {
    json!({ "type": "array", "items": { "type": "number" }, "minItems": 101, "maxItems": 101 })
}

pub(super) fn frame_range() -> Value {
    json!({
        "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 2, "maxItems": 2,
        "description": "First frame, and one past the last.",
    })
}

pub(super) fn number() -> Value {
    json!({ "type": "number" })
}

pub(super) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(super) fn string() -> Value {
    json!({ "type": "string" })
}
