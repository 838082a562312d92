//! Reading and validating the parts of a request's body.

use super::Github;
use super::failure::Failure;
use serde_json::{Value, json};

/// The longest title, in characters.
const MAX_TITLE: usize = 256;
/// The longest body, in characters.
const MAX_BODY: usize = 65_536;
/// The most people that one issue is assigned to.
const MAX_ASSIGNEES: usize = 10;

/// A property that is there and not null, as text; 422 when it is something else.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Box<Failure>> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(Failure::invalid_request(&format!(
            "For 'properties/{name}', {other} is not a string."
        ))),
    }
}

/// A title, trimmed as GitHub does.
pub(super) fn title(text: &str) -> Result<String, Box<Failure>> {
    let title = text.trim();
    if title.is_empty() {
        return Err(Failure::validation(
            json!({"resource": "Issue", "code": "missing_field", "field": "title"}),
        ));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(too_long("title", MAX_TITLE));
    }
    Ok(title.to_owned())
}

/// The name of an issue type as it is written, found without case; null for none.
pub(super) fn issue_type(value: &Value) -> Result<Option<String>, Box<Failure>> {
    if value.is_null() {
        return Ok(None);
    }
    let named = value.as_str().unwrap_or_default();
    let mut known = super::ISSUE_TYPES.iter().map(|(name, _, _)| *name);
    known
        .find(|name| name.eq_ignore_ascii_case(named))
        .map(|name| Some(name.to_owned()))
        .ok_or_else(|| Failure::invalid_field("Issue", "type", value))
}

/// An issue's body, kept as it was sent, line ends included.
pub(super) fn issue_body(text: &str) -> Result<String, Box<Failure>> {
    if text.chars().count() > MAX_BODY {
        return Err(too_long("body", MAX_BODY));
    }
    Ok(text.to_owned())
}

fn too_long(field: &str, limit: usize) -> Box<Failure> {
    Failure::validation(json!({
        "resource": "Issue", "code": "custom", "field": field,
        "message": format!("{field} is too long (maximum is {limit} characters)"),
    }))
}

/// A comment's body: required, not blank, limited.
pub(super) fn comment_body(body: &Value) -> Result<String, Box<Failure>> {
    let Some(text) = text(body, "body")? else {
        return Err(Failure::invalid_request("\"body\" wasn't supplied."));
    };
    let wrong = |message: String| {
        Failure::validation(
            json!({"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}),
        )
    };
    if text.trim().is_empty() {
        return Err(wrong("Body cannot be blank".to_owned()));
    }
    if text.chars().count() > MAX_BODY {
        return Err(wrong(format!(
            "Body is too long (maximum is {MAX_BODY} characters)"
        )));
    }
    Ok(text.to_owned())
}

/// A list of label names: strings, or objects with a name.
pub(super) fn label_names(list: &Value) -> Result<Vec<String>, Box<Failure>> {
    let wrong = || {
        Failure::invalid_request("For 'properties/labels', the value is not an array of labels.")
    };
    let entries = list.as_array().ok_or_else(wrong)?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry
            .as_str()
            .or_else(|| entry["name"].as_str())
            .ok_or_else(wrong)?;
        if name.trim().is_empty() || name.chars().count() > 50 {
            return Err(Failure::invalid_field("Label", "name", &json!(name)));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

impl Github {
    /// Logins to assign. A login that nobody has is an error in an issue's own body (`strict`), and is left out by
    /// the address that adds assignees.
    pub(super) fn logins(&self, list: &Value, strict: bool) -> Result<Vec<String>, Box<Failure>> {
        let wrong = || {
            Failure::invalid_request(
                "For 'properties/assignees', the value is not an array of logins.",
            )
        };
        let entries = list.as_array().ok_or_else(wrong)?;
        let mut logins = Vec::new();
        for entry in entries {
            let login = entry.as_str().ok_or_else(wrong)?;
            match self.find_person(login) {
                Some(login) if !logins.contains(&login) => logins.push(login),
                Some(_) => {}
                None if strict => return Err(Failure::invalid_field("Issue", "assignees", entry)),
                None => {}
            }
        }
        logins.truncate(MAX_ASSIGNEES);
        Ok(logins)
    }

    /// A milestone by its number, which must exist; null for none.
    pub(super) fn milestone_number(
        &self,
        repo: usize,
        value: &Value,
    ) -> Result<Option<u64>, Box<Failure>> {
        if value.is_null() {
            return Ok(None);
        }
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let known = number.filter(|number| self.repos[repo].milestones.contains_key(number));
        known
            .map(Some)
            .ok_or_else(|| Failure::invalid_field("Issue", "milestone", value))
    }
}
