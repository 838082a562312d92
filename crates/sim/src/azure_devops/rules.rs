//! What a field may hold.

use super::AzureDevOps;
use super::failure::Failure;
use super::request::instant;
use super::site::{Field, FieldKind, Project, WorkItemType};
use serde_json::{Value, json};

/// The longest line, in characters.
const LINE_MAX_CHARS: usize = 255;

impl AzureDevOps {
    /// The field of a type that a write names.
    pub(super) fn writable(&self, kind: &WorkItemType, named: &str) -> Result<&Field, Failure> {
        let field = self.site.field(named);
        let field = field
            .filter(|field| kind.field(&field.reference).is_some())
            .ok_or_else(|| Failure::rule(named, format!("TF51535: Cannot find field {named}.")))?;
        if field.read_only {
            return Err(rule(field, "ReadOnly"));
        }
        Ok(field)
    }

    /// A value in the form in which it is kept.
    pub(super) fn checked(
        &self,
        project: &Project,
        kind: &WorkItemType,
        field: &Field,
        value: &Value,
    ) -> Result<Value, Failure> {
        let wrong = || rule(field, "InvalidType");
        let value = match field.kind {
            FieldKind::Line | FieldKind::Plain | FieldKind::Html | FieldKind::History => {
                json!(text(value).ok_or_else(wrong)?.trim())
            }
            FieldKind::Integer => json!(whole(value).ok_or_else(wrong)?),
            FieldKind::Double => json!(number(value).ok_or_else(wrong)?),
            FieldKind::Boolean => match value {
                Value::Bool(yes) => json!(yes),
                Value::String(text) => json!(text.parse::<bool>().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            },
            FieldKind::DateTime => {
                let at = value
                    .as_str()
                    .and_then(|text| instant(text).ok())
                    .ok_or_else(wrong)?;
                json!(at.to_string())
            }
            FieldKind::Identity => self.person_in(field, value)?,
            FieldKind::Tree => tree(project, field, value)?,
        };
        let long = value
            .as_str()
            .is_some_and(|text| text.chars().count() > LINE_MAX_CHARS);
        if field.kind == FieldKind::Line && long {
            return Err(rule(field, "InvalidTooLong"));
        }
        let allowed = kind
            .field(&field.reference)
            .map_or(&[][..], |field| &field.allowed);
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if !allowed.is_empty() && !allowed.contains(&shown) {
            return Err(not_listed(field, &shown));
        }
        Ok(value)
    }

    fn person_in(&self, field: &Field, value: &Value) -> Result<Value, Failure> {
        let named = match value {
            Value::Object(_) => value["uniqueName"]
                .as_str()
                .or(value["descriptor"].as_str()),
            value => value.as_str(),
        };
        let named = named.unwrap_or_default();
        let user = self.site.account(named).filter(|user| user.active);
        user.map(|user| json!(user.unique_name)).ok_or_else(|| {
            Failure::rule(
                &field.reference,
                format!(
                    "The identity value '{named}' for field '{}' is an unknown identity.",
                    field.name
                ),
            )
        })
    }
}

/// A path, in any letter case.
fn tree(project: &Project, field: &Field, value: &Value) -> Result<Value, Failure> {
    let known = match field.reference.as_str() {
        "System.IterationPath" => &project.iterations,
        _ => &project.areas,
    };
    let path = value.as_str().unwrap_or_default();
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(path));
    found.map(|found| json!(found)).ok_or_else(|| {
        let message = format!(
            "TF401347: Invalid tree name given for work item -1, field '{}'.",
            field.reference
        );
        Failure::rule(&field.reference, message)
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A rule of a field that a value breaks.
pub(super) fn rule(field: &Field, code: &str) -> Failure {
    Failure::rule(
        &field.reference,
        format!(
            "TF401320: Rule Error for field {}. Error code: {code}.",
            field.name
        ),
    )
}

/// A value that is none of a list's.
pub(super) fn not_listed(field: &Field, value: &str) -> Failure {
    Failure::rule(
        &field.reference,
        format!(
            "The field '{}' contains the value '{value}' that is not in the list of supported values",
            field.name
        ),
    )
}

/// Tags as they are kept: each once, whatever its letter case, in the order of the alphabet.
pub(super) fn tags(text: &str) -> String {
    let mut tags: Vec<&str> = Vec::new();
    for tag in text
        .split([';', ','])
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
    {
        if !tags.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
            tags.push(tag);
        }
    }
    tags.sort_by_key(|tag| tag.to_lowercase());
    tags.join("; ")
}
