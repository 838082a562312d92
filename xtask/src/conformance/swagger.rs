//! Descriptions in Swagger 2.0, as Azure DevOps' are, made into OpenAPI 3.0.
//!
//! What the vendor's own clients know and the description leaves out is added: a list comes in an envelope with its count, the
//! project in a path is mostly optional, the organization may be the server instead of a part of the path, and a refusal is
//! described nowhere.

use serde_json::{Map, Value, json};

/// The organization at the start of every path.
const ORGANIZATION: &str = "/{organization}";

/// Parts of a path that may be left out.
const OPTIONAL: [&str; 2] = ["/{project}/{team}", "/{project}"];

/// Makes one description of several.
pub(super) fn to_openapi(documents: &[Value]) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for document in documents {
        let entries = |name: &str| document[name].as_object().cloned().unwrap_or_default();
        for (name, schema) in entries("definitions") {
            schemas.insert(name, referred(&schema));
        }
        for (path, item) in entries("paths") {
            let item = operations(document, &item);
            let path = path.strip_prefix(ORGANIZATION).unwrap_or(&path).to_owned();
            for path in variants(&path) {
                paths.insert(path, item.clone());
            }
        }
    }
    json!({"paths": paths, "components": {"schemas": schemas}})
}

/// A path, and the same without what may be left out.
fn variants(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    all.extend(
        OPTIONAL
            .iter()
            .filter_map(|part| path.strip_prefix(part).map(str::to_owned)),
    );
    all.retain(|path| path.starts_with('/'));
    all
}

fn operations(document: &Value, item: &Value) -> Value {
    let methods = ["get", "put", "post", "patch", "delete", "options"];
    let found = methods
        .iter()
        .filter_map(|method| Some((*method, item.get(*method)?)));
    let converted =
        found.map(|(method, described)| (method.to_owned(), operation(document, described)));
    Value::Object(converted.collect())
}

fn operation(document: &Value, described: &Value) -> Value {
    let mut parameters = Vec::new();
    let mut body = Value::Null;
    for parameter in described["parameters"].as_array().into_iter().flatten() {
        let pointer = parameter["$ref"]
            .as_str()
            .map(|text| text.trim_start_matches('#').to_owned());
        let parameter = pointer
            .and_then(|pointer| document.pointer(&pointer))
            .unwrap_or(parameter);
        match parameter["in"].as_str() {
            Some("body") => {
                let schema = referred(&parameter["schema"]);
                let content = match bytes_of(&described["consumes"]) {
                    Some(kind) => json!({ kind: {} }),
                    None => json!({"application/json": {"schema": schema}}),
                };
                body = json!({"required": parameter["required"], "content": content});
            }
            Some(_) if parameter["name"] != "organization" => {
                parameters.push(self::parameter(parameter))
            }
            _ => {}
        }
    }
    let answers = described["responses"].as_object().into_iter().flatten();
    let mut responses: Map<String, Value> = answers
        .map(|(status, answer)| match bytes_of(&described["produces"]) {
            Some(kind) => (status.clone(), json!({"content": { kind: {} }})),
            None => (status.clone(), self::answer(answer)),
        })
        .collect();
    responses.insert("4XX".to_owned(), json!({}));
    json!({"parameters": parameters, "requestBody": body, "responses": responses})
}

/// The first of an operation's media types, where none of them is JSON.
fn bytes_of(kinds: &Value) -> Option<&str> {
    let mut kinds = kinds.as_array()?.iter().filter_map(Value::as_str);
    let first = kinds.next()?;
    let is_json = first.contains("json") || kinds.any(|kind| kind.contains("json"));
    (!is_json).then_some(first)
}

/// A parameter, whose type stands beside its name. Several values stand in one, between commas.
fn parameter(parameter: &Value) -> Value {
    let mut schema = Map::new();
    for key in ["type", "enum", "items"] {
        if let Some(value) = parameter.get(key) {
            schema.insert(key.to_owned(), value.clone());
        }
    }
    let in_path = parameter["in"] == "path";
    // A part of a path that may be left out is there or is not.
    let required = !in_path && parameter["required"] == true;
    json!({"name": parameter["name"], "in": parameter["in"], "required": required, "schema": schema})
}

fn answer(answer: &Value) -> Value {
    let Some(schema) = answer.get("schema") else {
        return json!({});
    };
    let schema = referred(schema);
    let schema = match schema["type"].as_str() {
        Some("array") => json!({"type": "object", "required": ["count", "value"],
            "properties": {"count": {"type": "integer"}, "value": schema}}),
        _ => schema,
    };
    json!({"content": {"application/json": {"schema": schema}}})
}

/// The same with references to where OpenAPI has schemas, and with any value where the description says only `object`.
fn referred(value: &Value) -> Value {
    match value {
        Value::Object(entries) if value["type"] == "object" && says_no_more(entries) => json!({}),
        Value::Object(entries) => {
            let one = |(key, value): (&String, &Value)| match value.as_str() {
                Some(text) if key == "$ref" => {
                    let text = text.replace("#/definitions/", "#/components/schemas/");
                    (key.clone(), json!(text))
                }
                _ => (key.clone(), referred(value)),
            };
            Value::Object(entries.iter().map(one).collect())
        }
        Value::Array(entries) => entries.iter().map(referred).collect(),
        other => other.clone(),
    }
}

fn says_no_more(schema: &Map<String, Value>) -> bool {
    let known = ["type", "description", "format", "readOnly"];
    schema.keys().all(|key| known.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_converted_with_what_it_leaves_out() {
        let document = json!({
            "parameters": {"Version": {"name": "api-version", "in": "query", "required": true, "type": "string"}},
            "definitions": {"Item": {"properties": {"parent": {"$ref": "#/definitions/Item"}}}},
            "paths": {"/{organization}/{project}/_apis/items/{id}": {"get": {
                "parameters": [
                    {"name": "organization", "in": "path", "required": true, "type": "string"},
                    {"$ref": "#/parameters/Version"},
                    {"name": "body", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Item"}}],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Item"}}}}}}},
        });
        let converted = to_openapi(&[document]);
        let paths: Vec<&String> = converted["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/_apis/items/{id}", "/{project}/_apis/items/{id}"]);
        let get = &converted["paths"]["/_apis/items/{id}"]["get"];
        assert_eq!(get["parameters"][0]["name"], "api-version");
        let reference = "#/components/schemas/Item";
        assert_eq!(
            get["requestBody"]["content"]["application/json"]["schema"]["$ref"],
            reference
        );
        let answer = &get["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(answer["properties"]["value"]["items"]["$ref"], reference);
        assert_eq!(get["responses"]["4XX"], json!({}));
    }
}
