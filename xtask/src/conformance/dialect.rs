//! OpenAPI 3.0's dialect of JSON Schema, as JSON Schema.

use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

/// A validator of one schema and of what it refers to, and nothing else: a whole description takes seconds. The error
/// says why the schema does not compile.
pub(super) fn compile(document: &Value, schema: &Value) -> Result<jsonschema::Validator, String> {
    let mut schemas = Map::new();
    let mut waiting = vec![schema.clone()];
    while let Some(next) = waiting.pop() {
        for name in references(&next) {
            if !schemas.contains_key(&name) {
                let found = &document["components"]["schemas"][&name];
                if !found.is_object() {
                    return Err(format!("there is no schema {name}"));
                }
                schemas.insert(name, json_schema(found));
                waiting.push(found.clone());
            }
        }
    }
    let root = json!({"allOf": [json_schema(schema)], "components": {"schemas": schemas}});
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true)
        // Jira writes offsets without a colon: 2026-01-31T09:30:00.000+0000.
        .with_format("date-time", |text: &str| Timestamp::parse(text).is_ok())
        .build(&root)
        .map_err(|error| error.to_string())
}

/// The names of the schemas that a value refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) => {
            let own = value["$ref"]
                .as_str()
                .and_then(|text| text.strip_prefix("#/components/schemas/"));
            let below = entries.values().flat_map(references);
            own.map(str::to_owned).into_iter().chain(below).collect()
        }
        Value::Array(entries) => entries.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// `nullable` becomes a choice with null; examples are left out, since they may look like schemas.
fn json_schema(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let nullable = entries.get("nullable") == Some(&Value::Bool(true));
            let kept = entries.iter().filter(|(key, value)| {
                let dialect = key.as_str() == "nullable" && value.is_boolean();
                !dialect && key.as_str() != "example"
            });
            let schema = Value::Object(
                kept.map(|(key, value)| (key.clone(), json_schema(value)))
                    .collect(),
            );
            if nullable {
                json!({"anyOf": [schema, {"type": "null"}]})
            } else {
                schema
            }
        }
        Value::Array(entries) => entries.iter().map(json_schema).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &Value, value: &Value, valid: bool) {
        let document = json!({"components": {"schemas": {
            "Name": {"type": "string", "minLength": 2},
            "Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}},
                "additionalProperties": false},
        }}});
        let validator = compile(&document, schema).unwrap();
        assert_eq!(validator.is_valid(value), valid, "{value} against {schema}");
    }

    #[test]
    fn null_is_taken_where_it_is_allowed() {
        check(&json!({"type": "string"}), &Value::Null, false);
        let nullable = json!({"type": "string", "nullable": true, "enum": ["a"]});
        check(&nullable, &Value::Null, true);
        check(&nullable, &json!("a"), true);
        check(&nullable, &json!("b"), false);
    }

    #[test]
    fn references_are_followed_also_into_themselves() {
        check(
            &json!({"$ref": "#/components/schemas/Name"}),
            &json!("x"),
            false,
        );
        let tree = json!({"$ref": "#/components/schemas/Tree"});
        check(&tree, &json!({"child": {"child": {}}}), true);
        check(&tree, &json!({"child": {"other": 1}}), false);
    }

    #[test]
    fn a_schema_that_refers_to_nothing_does_not_compile() {
        let schema = json!({"$ref": "#/components/schemas/Missing"});
        assert!(compile(&json!({}), &schema).is_err());
    }

    #[test]
    fn times_with_and_without_a_colon_are_times() {
        let time = json!({"type": "string", "format": "date-time"});
        check(&time, &json!("2026-01-31T09:30:00Z"), true);
        check(&time, &json!("2026-01-31T09:30:00.000+0000"), true);
        check(&time, &json!("yesterday"), false);
    }
}
