//! JSON Patch documents, as work items are written with.

use super::failure::Failure;
use http::StatusCode;
use serde_json::Value;

/// One operation of a document, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    /// The item must be at this revision.
    TestRev(u64),
    /// Sets a field; `None` empties it.
    Field(String, Option<Value>),
    /// Says in which form a field of several lines is.
    Format(String, String),
    /// Adds a link.
    Link(Value),
    /// Takes a link away, by its place.
    Unlink(usize),
}

/// Reads a document.
pub(super) fn read(body: &Value) -> Result<Vec<Operation>, Failure> {
    let Some(list) = body.as_array() else {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "VssPropertyValidationException",
            "You must pass a valid patch document in the body of the request.",
        ));
    };
    list.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation, Failure> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (op, path) = (text("op"), text("path"));
    let given = || value.get("value").cloned().unwrap_or(Value::Null);
    let invalid = || {
        let message = format!("The operation '{op}' at the path '{path}' is not supported.");
        Failure::new(
            StatusCode::BAD_REQUEST,
            "InvalidPatchPathException",
            message,
        )
    };
    let parts: Vec<&str> = path.trim_start_matches('/').splitn(2, '/').collect();
    match (op, parts.as_slice()) {
        ("test", ["rev"]) => Ok(Operation::TestRev(given().as_u64().ok_or_else(invalid)?)),
        ("add" | "replace", ["fields", name]) => {
            let value = Some(given()).filter(|value| !is_empty(value));
            Ok(Operation::Field((*name).to_owned(), value))
        }
        ("remove", ["fields", name]) => Ok(Operation::Field((*name).to_owned(), None)),
        ("add" | "replace", ["multilineFieldsFormat", name]) => {
            let format = given().as_str().map(str::to_ascii_lowercase);
            Ok(Operation::Format(
                (*name).to_owned(),
                format.ok_or_else(invalid)?,
            ))
        }
        ("add", ["relations", "-"]) => Ok(Operation::Link(given())),
        ("remove", ["relations", place]) => {
            let place = place.parse().map_err(|_| invalid())?;
            Ok(Operation::Unlink(place))
        }
        _ => Err(invalid()),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
