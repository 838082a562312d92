//! A request's parameters against an operation's.

use super::description::{Description, Operation, Verdict};
use http::Request;
use serde_json::{Value, json};

/// Everything that is wrong with the path's, the query's and the required headers' parameters.
pub(super) fn faults<B>(
    description: &mut Description,
    operation: &Operation,
    request: &Request<B>,
) -> Vec<String> {
    let query = pairs(request.uri().query().unwrap_or_default());
    let mut faults = Vec::new();
    for parameter in &operation.parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let given: Vec<String> = match place {
            "path" => operation.path.get(name).cloned().into_iter().collect(),
            "query" => values(&query, name),
            "header" => {
                let header = request.headers().get(name);
                header
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)
                    .into_iter()
                    .collect()
            }
            _ => continue,
        };
        if given.is_empty() {
            if parameter["required"] == true {
                faults.push(format!("the required {place} parameter {name} is missing"));
            }
            continue;
        }
        let schema = &parameter["schema"];
        let value = read(schema, &given);
        let key = format!("{} {place} {name}", operation.name);
        if let Verdict::Invalid(errors) = description.validate(&key, schema, &value) {
            faults.push(format!("{place} parameter {name}: {}", errors.join("; ")));
        }
    }
    let known = |name: &str| {
        let mut declared = operation
            .parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query");
        declared.any(|parameter| parameter["name"] == name)
    };
    let unknown = query.iter().filter(|(name, _)| !known(name));
    faults.extend(unknown.map(|(name, _)| format!("there is no query parameter {name}")));
    faults
}

fn values(query: &[(String, String)], name: &str) -> Vec<String> {
    let named = query.iter().filter(|(given, _)| given == name);
    named.map(|(_, value)| value.clone()).collect()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text)
        .decode_utf8_lossy()
        .into_owned()
}

/// The value that a parameter's text stands for, by its schema's type. An array may be given as several parameters or
/// with commas.
fn read(schema: &Value, given: &[String]) -> Value {
    if schema["type"] == "array" {
        let texts = given.iter().flat_map(|text| text.split(','));
        return texts.map(|text| scalar(&schema["items"], text)).collect();
    }
    scalar(schema, &given[0])
}

fn scalar(schema: &Value, text: &str) -> Value {
    let parsed = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(|number| json!(number)),
        Some("number") => text.parse::<f64>().ok().map(|number| json!(number)),
        Some("boolean") => text.parse::<bool>().ok().map(|flag| json!(flag)),
        _ => None,
    };
    parsed.unwrap_or_else(|| json!(text))
}
