//! GitHub's own description of its REST API, when it is there: a folder `shared/specs` beside the workspace.

use http::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(super) struct Spec {
    document: Value,
    checked: BTreeSet<String>,
    validators: BTreeMap<String, jsonschema::Validator>,
}

impl Spec {
    pub(super) fn load() -> Option<Self> {
        let text = std::fs::read(find()?).unwrap();
        Some(Self {
            document: serde_json::from_slice(&text).unwrap(),
            checked: BTreeSet::new(),
            validators: BTreeMap::new(),
        })
    }

    /// The operations that were checked so far, each with its status: `GET /user 200`.
    pub(super) const fn checked(&self) -> &BTreeSet<String> {
        &self.checked
    }

    /// Panics with every violation of an answer.
    pub(super) fn check(&mut self, method: &Method, path: &str, status: u16, body: &Value) {
        let path = path.split('?').next().unwrap_or_default();
        let template = self
            .template(path)
            .unwrap_or_else(|| panic!("the description has no {path}"));
        let name = format!("{method} {template} {status}");
        let operation = &self.document["paths"][&template][method.as_str().to_lowercase()];
        let response = self.resolved(&operation["responses"][status.to_string()]);
        assert!(response.is_object(), "the description has no {name}");
        let schema = response["content"]["application/json"]["schema"].clone();
        if schema.is_null() {
            assert!(
                body.is_null() || *body == json!({}),
                "{name} has no body, but {body}"
            );
        } else {
            if !self.validators.contains_key(&name) {
                let validator = self.compile(&schema);
                self.validators.insert(name.clone(), validator);
            }
            let errors = self.validators[&name].iter_errors(body);
            let errors: Vec<String> = errors
                .map(|error| format!("{} at {}", error, error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
        self.checked.insert(name);
    }

    /// The template that fits a path, the one with the fewest parameters.
    fn template(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let names: Vec<&str> = template.split('/').collect();
            names.len() == parts.len()
                && names
                    .iter()
                    .zip(&parts)
                    .all(|(name, part)| name == part || name.starts_with('{'))
        };
        let all = self.document["paths"].as_object()?.keys().filter(fits);
        all.min_by_key(|template| template.matches('{').count())
            .cloned()
    }

    fn resolved(&self, value: &Value) -> Value {
        match value["$ref"].as_str() {
            Some(pointer) => self
                .document
                .pointer(&pointer[1..])
                .cloned()
                .unwrap_or(Value::Null),
            None => value.clone(),
        }
    }

    /// A validator of one schema and of what it refers to, and nothing else: the whole document takes seconds.
    fn compile(&self, schema: &Value) -> jsonschema::Validator {
        let mut schemas = Map::new();
        let mut waiting = vec![schema.clone()];
        while let Some(next) = waiting.pop() {
            for name in references(&next) {
                if !schemas.contains_key(&name) {
                    let found = self.document["components"]["schemas"][&name].clone();
                    assert!(found.is_object(), "the description has no schema {name}");
                    schemas.insert(name, json_schema(&found));
                    waiting.push(found);
                }
            }
        }
        let root = json!({"allOf": [json_schema(schema)], "components": {"schemas": schemas}});
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7);
        options.should_validate_formats(true).build(&root).unwrap()
    }
}

/// The file beside the workspace, or beside a checkout of it that lies deeper.
fn find() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut files = folders.map(|folder| folder.join("shared/specs/github/github-rest.json"));
    files.find(|file| file.is_file())
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

/// OpenAPI 3.0's dialect as JSON Schema: `nullable` becomes a choice with null.
fn json_schema(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let nullable = entries.get("nullable") == Some(&Value::Bool(true));
            let kept = entries.iter().filter(|(key, value)| {
                !(key.as_str() == "nullable" && value.is_boolean() || key.as_str() == "example")
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
