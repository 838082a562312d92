//! What a field accepts: a value in a request, checked and brought into the form in which it is kept.

use super::adf;
use super::model::FieldValue;
use super::site::{Field, FieldKind, FieldOption, Named, Project, Site};
use super::store::Store;
use serde_json::Value;
use twinline_core::time::Timestamp;

/// The most characters of a one-line field.
const LONGEST_LINE: usize = 255;

/// What values are read against.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) site: &'a Site,
    pub(super) store: &'a Store,
    pub(super) project: &'a Project,
}

/// A field's new value; `None` empties it. The error is the sentence of the API.
type Read = Result<Option<FieldValue>, String>;

impl Reader<'_> {
    /// Reads the value that a field is set to.
    pub(super) fn read(&self, field: &Field, value: &Value) -> Read {
        if value.is_null() {
            return Ok(None);
        }
        match field.kind {
            FieldKind::Line => line(field, value),
            FieldKind::Rich => {
                adf::check(value)?;
                Ok(Some(FieldValue::Rich(value.clone())))
            }
            FieldKind::Number => {
                let number = value.as_f64().ok_or("Operation value must be a number")?;
                Ok(Some(FieldValue::Number(number)))
            }
            FieldKind::Date => date(value),
            FieldKind::DateTime => date_time(value),
            FieldKind::Labels => labels(value),
            FieldKind::User => self.user(field, value),
            FieldKind::Option => Ok(Some(FieldValue::One(option(field, value)?.id.clone()))),
            FieldKind::Options => many(value, |each| Ok(option(field, each)?.id.clone())),
            FieldKind::Cascade => cascade(field, value),
            FieldKind::Components => many(value, |each| {
                named(&self.project.components, "Component", each)
            }),
            FieldKind::Priority => {
                named(&self.site.priorities, "Priority", value).map(|id| Some(FieldValue::One(id)))
            }
            FieldKind::Resolution => named(&self.site.resolutions, "Resolution", value)
                .map(|id| Some(FieldValue::One(id))),
            FieldKind::Parent => self.parent(value),
            FieldKind::System => Err(off_screen(&field.id)),
        }
    }

    /// Applies the verbs of `update` to a field's present value.
    pub(super) fn update(
        &self,
        field: &Field,
        present: Option<&FieldValue>,
        verbs: &Value,
    ) -> Read {
        let verbs = verbs
            .as_array()
            .ok_or("The operations of a field must be an array.")?;
        let mut current = present.cloned();
        for verb in verbs {
            let (name, value) = single(verb).ok_or("An operation must have exactly one verb.")?;
            current = match (name, field.kind) {
                ("set", FieldKind::Parent) if value.get("none") == Some(&Value::Bool(true)) => None,
                ("set", _) => self.read(field, value)?,
                (
                    "add" | "remove",
                    FieldKind::Labels | FieldKind::Options | FieldKind::Components,
                ) => {
                    let one = self.read(field, &Value::Array(vec![value.clone()]))?;
                    add_or_remove(current, one, name == "add")
                }
                _ => {
                    return Err(format!(
                        "Operation '{name}' is not valid for field '{}'.",
                        field.id
                    ));
                }
            };
        }
        Ok(current)
    }

    fn user(&self, field: &Field, value: &Value) -> Read {
        let id = value.get("accountId").or_else(|| value.get("id"));
        let Some(id) = id else {
            return Err(format!(
                "data was not an object with an accountId for {}",
                field.name
            ));
        };
        let Some(id) = id.as_str() else {
            // {"accountId": null} empties the field.
            return Ok(None);
        };
        match self.site.user(id).filter(|user| user.active) {
            Some(user) => Ok(Some(FieldValue::One(user.account_id.clone()))),
            None if field.id == "assignee" => {
                Err(format!("User '{id}' cannot be assigned issues."))
            }
            None => Err(format!("Specify a valid value for {}.", field.name)),
        }
    }

    fn parent(&self, value: &Value) -> Read {
        let name = value.get("key").or_else(|| value.get("id"));
        let found = name
            .and_then(Value::as_str)
            .and_then(|name| self.store.find(name));
        match found {
            Some(issue) if issue.project == self.project.id => {
                Ok(Some(FieldValue::Issue(issue.id)))
            }
            Some(_) => Err("Given parent issue does not belong to the same project.".to_owned()),
            None => Err("Could not find issue by id or key.".to_owned()),
        }
    }
}

/// The sentence for a field that a request may not set.
pub(super) fn off_screen(field: &str) -> String {
    format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.")
}

/// The only pair of an object with one key.
pub(super) fn single(object: &Value) -> Option<(&str, &Value)> {
    let object = object.as_object().filter(|object| object.len() == 1)?;
    object
        .iter()
        .next()
        .map(|(name, value)| (name.as_str(), value))
}

fn line(field: &Field, value: &Value) -> Read {
    let text = value.as_str().ok_or("Operation value must be a string")?;
    if text.contains(['\n', '\r']) {
        return Err(match field.id.as_str() {
            "summary" => {
                "The summary is invalid because it contains newline characters.".to_owned()
            }
            _ => format!("{} must not contain newline characters.", field.name),
        });
    }
    if text.chars().count() > LONGEST_LINE {
        return Err(match field.id.as_str() {
            "summary" => "Summary can't exceed 255 characters.".to_owned(),
            _ => "The entered text is too long. It exceeds the allowed limit of 255 characters."
                .to_owned(),
        });
    }
    let trimmed = text.trim();
    Ok((!trimmed.is_empty()).then(|| FieldValue::Text(trimmed.to_owned())))
}

fn date(value: &Value) -> Read {
    let text = value.as_str().ok_or("Operation value must be a string")?;
    if Timestamp::parse(&format!("{text}T00:00:00Z")).is_err() || text.len() != 10 {
        return Err(format!("Error parsing date string: {text}"));
    }
    Ok(Some(FieldValue::Date(text.to_owned())))
}

fn date_time(value: &Value) -> Read {
    let text = value.as_str().ok_or("Operation value must be a string")?;
    let at = Timestamp::parse(text).ok().filter(|_| is_instant(text));
    let at = at.ok_or_else(|| format!("Error parsing time: {text}"))?;
    Ok(Some(FieldValue::DateTime(at)))
}

/// Whether a text has Jira's only form of an instant, `yyyy-MM-dd'T'HH:mm:ss.SSSZ`: the fraction has three digits, and
/// the offset no colon.
fn is_instant(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00.000+0000";
    let fits = |(form, at): (u8, u8)| match form {
        b'0' => at.is_ascii_digit(),
        b'+' => matches!(at, b'+' | b'-'),
        other => at == other,
    };
    text.len() == FORM.len() && FORM.bytes().zip(text.bytes()).all(fits)
}

fn labels(value: &Value) -> Read {
    many(value, |each| {
        let label = each.as_str().ok_or("string expected at index 0")?;
        if label.chars().any(char::is_whitespace) {
            return Err(format!(
                "The label '{label}' contains spaces which is invalid."
            ));
        }
        if label.is_empty() || label.chars().count() > LONGEST_LINE {
            return Err(format!(
                "The label '{label}' must have 1 to 255 characters."
            ));
        }
        Ok(label.to_owned())
    })
}

/// Reads an array; what occurs twice counts once, and an empty array empties the field.
fn many(value: &Value, read: impl Fn(&Value) -> Result<String, String>) -> Read {
    let values = value.as_array().ok_or("data was not an array")?;
    let mut out: Vec<String> = Vec::new();
    for each in values {
        let one = read(each)?;
        if !out.contains(&one) {
            out.push(one);
        }
    }
    Ok((!out.is_empty()).then_some(FieldValue::Many(out)))
}

fn option<'a>(field: &'a Field, value: &Value) -> Result<&'a FieldOption, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let found = match (text("id"), text("value")) {
        (Some(id), _) => field.options.iter().find(|option| option.id == id),
        (None, Some(name)) => field.options.iter().find(|option| option.value == name),
        (None, None) => {
            return Err(format!("Specify a valid 'id' or 'name' for {}", field.name));
        }
    };
    found.ok_or_else(|| {
        let name = text("id").or(text("value")).unwrap_or_default();
        format!("Option value '{name}' is not valid")
    })
}

fn cascade(field: &Field, value: &Value) -> Read {
    let parent = option(field, value)?;
    let child = match value.get("child").filter(|child| !child.is_null()) {
        None => None,
        Some(child) => {
            let text = |name: &str| child.get(name).and_then(Value::as_str);
            let found = parent.children.iter().find(|each| {
                text("id") == Some(&each.id)
                    || (text("id").is_none() && text("value") == Some(&each.name))
            });
            let name = text("id").or(text("value")).unwrap_or_default();
            Some(
                found
                    .ok_or_else(|| format!("Option value '{name}' is not valid"))?
                    .id
                    .clone(),
            )
        }
    };
    Ok(Some(FieldValue::Cascade {
        parent: parent.id.clone(),
        child,
    }))
}

/// The id of one of some named things, given by id or by name.
fn named(all: &[Named], what: &str, value: &Value) -> Result<String, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (id, name) = (text("id"), text("name"));
    let found = match (id, name) {
        (Some(id), _) => all.iter().find(|each| each.id == id),
        (None, Some(name)) => all.iter().find(|each| each.name.eq_ignore_ascii_case(name)),
        (None, None) => {
            return Err(format!(
                "Could not find valid 'id' or 'name' in {} object.",
                what.to_lowercase()
            ));
        }
    };
    found
        .map(|each| each.id.clone())
        .ok_or_else(|| match (id, name) {
            (Some(id), _) => format!("{what} with id '{id}' is not valid"),
            (_, name) => format!("{what} name '{}' is not valid", name.unwrap_or_default()),
        })
}

fn add_or_remove(
    current: Option<FieldValue>,
    one: Option<FieldValue>,
    add: bool,
) -> Option<FieldValue> {
    let ids = |value: Option<FieldValue>| match value {
        Some(FieldValue::Many(ids)) => ids,
        _ => Vec::new(),
    };
    let (mut present, given) = (ids(current), ids(one));
    present.retain(|id| !given.contains(id));
    if add {
        present.extend(given);
    }
    (!present.is_empty()).then_some(FieldValue::Many(present))
}
