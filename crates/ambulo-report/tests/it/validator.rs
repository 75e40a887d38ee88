//! The part of JSON Schema (draft 2020-12) that the schema of a result uses.

use serde_json::Value;

/// Where and how a value breaks a schema; empty if it follows it.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Validator { root: schema }.check(schema, value, "", &mut found);
    found
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let Value::Object(rules) = schema else {
            panic!("a schema is an object: {schema}");
        };
        for (rule, argument) in rules {
            match rule.as_str() {
                "$schema" | "$defs" | "title" | "description" => {}
                "$ref" => {
                    let name = argument.as_str().and_then(|it| it.strip_prefix('#'));
                    let target = self.root.pointer(name.expect("a local reference"));
                    self.check(target.expect("a defined reference"), value, place, found);
                }
                "type" => {
                    if !is_type(value, argument.as_str().expect("one type")) {
                        found.push(format!("{place}: {value} is no {argument}"));
                    }
                }
                "const" => {
                    if value != argument {
                        found.push(format!("{place}: {value} is not {argument}"));
                    }
                }
                "enum" => {
                    if !argument.as_array().expect("a list").contains(value) {
                        found.push(format!("{place}: {value} is none of {argument}"));
                    }
                }
                "minimum" => {
                    let least = argument.as_f64().expect("a number");
                    if value.as_f64().is_some_and(|it| it < least) {
                        found.push(format!("{place}: {value} is below {least}"));
                    }
                }
                "anyOf" | "oneOf" => self.choices(rule, argument, value, place, found),
                "items" | "minItems" | "maxItems" => {
                    self.array(rule, argument, value, place, found);
                }
                "required" | "properties" | "additionalProperties" | "propertyNames" => {
                    self.object(rule, schema, value, place, found);
                }
                other => panic!("the validator does not know {other:?}"),
            }
        }
    }

    fn choices(
        &self,
        rule: &str,
        schemas: &Value,
        value: &Value,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let mut misses = Vec::new();
        let mut hits = 0;
        for schema in schemas.as_array().expect("a list") {
            let before = misses.len();
            self.check(schema, value, place, &mut misses);
            hits += usize::from(misses.len() == before);
        }
        if hits == 0 {
            found.append(&mut misses);
        } else if rule == "oneOf" && hits > 1 {
            found.push(format!("{place}: {hits} of oneOf fit"));
        }
    }

    fn array(
        &self,
        rule: &str,
        argument: &Value,
        value: &Value,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let Value::Array(items) = value else { return };
        let bound = || usize::try_from(argument.as_u64().expect("a count")).expect("a small count");
        match rule {
            "items" => {
                for (index, item) in items.iter().enumerate() {
                    self.check(argument, item, &format!("{place}/{index}"), found);
                }
            }
            "minItems" if items.len() < bound() => found.push(format!("{place}: too short")),
            "maxItems" if items.len() > bound() => found.push(format!("{place}: too long")),
            _ => {}
        }
    }

    fn object(
        &self,
        rule: &str,
        schema: &Value,
        value: &Value,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let Value::Object(fields) = value else { return };
        let argument = &schema[rule];
        let properties = schema.get("properties").and_then(Value::as_object);
        let is_declared = |name: &str| properties.is_some_and(|it| it.contains_key(name));
        match rule {
            "required" => {
                for name in argument.as_array().expect("a list") {
                    if !fields.contains_key(name.as_str().expect("a name")) {
                        found.push(format!("{place}: {name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in argument.as_object().expect("a map") {
                    if let Some(field) = fields.get(name) {
                        self.check(schema, field, &format!("{place}/{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                for (name, field) in fields.iter().filter(|(name, _)| !is_declared(name)) {
                    if argument == &Value::Bool(false) {
                        found.push(format!("{place}: {name:?} is not declared"));
                    } else {
                        self.check(argument, field, &format!("{place}/{name}"), found);
                    }
                }
            }
            _ => {
                for name in fields.keys() {
                    self.check(argument, &Value::String(name.clone()), place, found);
                }
            }
        }
    }
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the validator does not know the type {other:?}"),
    }
}
