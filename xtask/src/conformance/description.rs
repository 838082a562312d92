//! A vendor's description of an API: which operations there are, and what each takes and answers.

use super::{dialect, swagger};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A place where a description contradicts the vendor's own examples.
pub(super) enum Correction {
    /// The schema at this JSON pointer also takes null.
    Nullable(&'static str),
    /// What is at this JSON pointer is this JSON.
    Is(&'static str, &'static str),
    /// Paths that begin so belong to an API of the vendor's that is not described here.
    Elsewhere(&'static str),
}

/// A description, with the validators that were needed so far.
pub(super) struct Description {
    document: Value,
    elsewhere: Vec<&'static str>,
    validators: BTreeMap<String, Result<Arc<jsonschema::Validator>, String>>,
}

/// One operation of a description.
pub(super) struct Operation {
    /// `GET /repos/{owner}/{repo}`.
    pub(super) name: String,
    /// The values of the path's parameters.
    pub(super) path: BTreeMap<String, String>,
    /// Its parameters: the path's and its own.
    pub(super) parameters: Vec<Value>,
    /// Its request body, or null.
    pub(super) body: Value,
    responses: Value,
}

/// How a value stands to a schema.
pub(super) enum Verdict {
    Valid,
    Invalid(Vec<String>),
    /// The schema does not compile.
    Unchecked(String),
}

impl Description {
    /// Reads the files below a folder that together describe an API.
    pub(super) fn read(folder: &Path, files: &[&str], corrections: &[Correction]) -> Result<Self> {
        let mut documents = Vec::new();
        for file in files {
            let file = folder.join(file);
            let text =
                std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let document: Value = serde_json::from_slice(&text)
                .with_context(|| format!("{} is not JSON", file.display()))?;
            documents.push(document);
        }
        let is_swagger = documents
            .iter()
            .any(|document| document["swagger"] == "2.0");
        let document = match is_swagger {
            true => swagger::to_openapi(&documents),
            false => below_its_server(documents.pop().unwrap_or_default()),
        };
        let mut description = Self::new(document);
        for correction in corrections {
            description
                .correct(correction)
                .with_context(|| format!("correcting {files:?}"))?;
        }
        Ok(description)
    }

    fn correct(&mut self, correction: &Correction) -> Result<()> {
        match correction {
            Correction::Nullable(pointer) => self.at(pointer)?["nullable"] = json!(true),
            Correction::Is(pointer, text) => *self.at(pointer)? = serde_json::from_str(text)?,
            Correction::Elsewhere(prefix) => self.elsewhere.push(prefix),
        }
        Ok(())
    }

    fn at(&mut self, pointer: &str) -> Result<&mut Value> {
        let found = self.document.pointer_mut(pointer);
        found.with_context(|| format!("there is no {pointer}"))
    }

    pub(super) const fn new(document: Value) -> Self {
        Self {
            document,
            elsewhere: Vec::new(),
            validators: BTreeMap::new(),
        }
    }

    /// Whether a path is one of another API of the vendor's.
    pub(super) fn is_elsewhere(&self, path: &str) -> bool {
        self.elsewhere.iter().any(|prefix| path.starts_with(prefix))
    }

    /// How many operations it has.
    pub(super) fn operations(&self) -> usize {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let methods = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
        methods
            .filter(|(_, value)| value["responses"].is_object())
            .count()
    }

    /// The operation of a request; the error says what the description lacks.
    pub(super) fn operation(&self, method: &str, path: &str) -> Result<Operation, String> {
        let (template, values) = self
            .template(path)
            .ok_or_else(|| format!("there is no path {path}"))?;
        let item = &self.document["paths"][&template];
        let operation = &item[method.to_lowercase()];
        if !operation.is_object() {
            return Err(format!("{template} has no {method}"));
        }
        let lists = [&item["parameters"], &operation["parameters"]];
        let parameters = lists
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| self.resolved(parameter))
            .collect();
        Ok(Operation {
            name: format!("{method} {template}"),
            path: values,
            parameters,
            body: self.resolved(&operation["requestBody"]),
            responses: operation["responses"].clone(),
        })
    }

    /// The answer of an operation with a status; `None`: the description has none.
    pub(super) fn response(&self, operation: &Operation, status: u16) -> Option<Value> {
        let class = format!("{}XX", status / 100);
        let names = [status.to_string(), class, "default".to_owned()];
        let found = names
            .iter()
            .find_map(|name| operation.responses.get(name))?;
        Some(self.resolved(found))
    }

    /// Holds a value against a schema; `name` tells schemas apart.
    pub(super) fn validate(&mut self, name: &str, schema: &Value, value: &Value) -> Verdict {
        if !self.validators.contains_key(name) {
            let compiled = dialect::compile(&self.document, schema).map(Arc::new);
            self.validators.insert(name.to_owned(), compiled);
        }
        match &self.validators[name] {
            Err(why) => Verdict::Unchecked(why.clone()),
            Ok(validator) => {
                let errors = validator.iter_errors(value);
                let errors: Vec<String> = errors
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                if errors.is_empty() {
                    Verdict::Valid
                } else {
                    Verdict::Invalid(errors)
                }
            }
        }
    }

    /// The template that fits a path, the one with the fewest parameters, and the parameters' values.
    fn template(&self, path: &str) -> Option<(String, BTreeMap<String, String>)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let names: Vec<&str> = template.split('/').collect();
            names.len() == parts.len()
                && names.iter().zip(&parts).all(|(name, part)| {
                    name == part
                        || name.starts_with('{')
                        || (name.starts_with("${") && part.starts_with('$'))
                })
        };
        let all = self.document["paths"].as_object()?.keys().filter(fits);
        let template = all.min_by_key(|template| template.matches("/{").count())?;
        let pairs = template.split('/').zip(&parts);
        let values = pairs.filter_map(|(name, part)| {
            let name = name
                .trim_start_matches('$')
                .strip_prefix('{')?
                .strip_suffix('}')?;
            let part = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
            Some((name.to_owned(), part.into_owned()))
        });
        Some((template.clone(), values.collect()))
    }

    /// What a reference stands for.
    fn resolved(&self, value: &Value) -> Value {
        match value["$ref"].as_str() {
            Some(pointer) => self
                .document
                .pointer(pointer.trim_start_matches('#'))
                .cloned()
                .unwrap_or(Value::Null),
            None => value.clone(),
        }
    }
}

/// The document with whole paths: those of its operations come below the path of its server.
fn below_its_server(mut document: Value) -> Value {
    let server = document["servers"][0]["url"].as_str().unwrap_or_default();
    let place = server.split_once("://").map_or(server, |(_, rest)| rest);
    let base = match place.split_once('/') {
        Some((_, base)) if !base.is_empty() => format!("/{}", base.trim_end_matches('/')),
        _ => return document,
    };
    if let Some(paths) = document["paths"].as_object_mut() {
        *paths = std::mem::take(paths)
            .into_iter()
            .map(|(path, item)| (format!("{base}{path}"), item))
            .collect();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(server: &str, expected: &str) {
        let document = json!({"servers": [{"url": server}], "paths": {"/items": {}}});
        let whole = below_its_server(document);
        let paths: Vec<&String> = whole["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, [expected], "{server}");
    }

    #[test]
    fn paths_come_below_that_of_the_server() {
        check("https://{instance}.example/api/now", "/api/now/items");
        check("https://{instance}.example/api/now/", "/api/now/items");
        check("/api/now", "/api/now/items");
        check("https://example", "/items");
        check("https://example/", "/items");
    }
}
