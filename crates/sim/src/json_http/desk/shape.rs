//! What the first API sends and takes.

use crate::call::{Call, json};
use crate::json_http::fields::{self, Wrong};
use crate::json_http::store::{Comment, Item};
use crate::seeds::PEOPLE;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

/// The most entries of a page, and how many it has when a request does not say.
const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;

/// A refusal.
pub(super) struct Failure {
    status: StatusCode,
    message: String,
    field: Option<&'static str>,
}

pub(super) type Answer = Result<Response<Bytes>, Failure>;

pub(super) fn fail(status: StatusCode, message: impl Into<String>) -> Failure {
    Failure {
        status,
        message: message.into(),
        field: None,
    }
}

pub(super) fn missing() -> Failure {
    fail(StatusCode::NOT_FOUND, "there is no such thing")
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            message: wrong.why,
            field: Some(wrong.field),
        }
    }
}

impl Failure {
    pub(super) fn into_response(self) -> Response<Bytes> {
        json(
            self.status,
            &json!({ "error": { "message": self.message, "field": self.field } }),
        )
    }
}

pub(super) fn etag(item: &Item) -> String {
    format!("\"{}-{}\"", item.number, item.revision)
}

pub(super) fn person(login: &str) -> Value {
    let known = PEOPLE.iter().find(|known| known.login == login);
    json!({
        "login": login,
        "name": known.map(|known| known.name),
        "mail": known.map(|known| known.email),
    })
}

pub(super) fn comment(of: &Comment) -> Value {
    json!({
        "id": of.id,
        "author": person(&of.author),
        "text": of.text,
        "visibility": if of.internal { "team" } else { "public" },
        "ref": of.origin,
        "created_at": of.created.to_string(),
        "edited_at": of.edited.map(|at| at.to_string()),
    })
}

/// One page of a list.
pub(super) fn page(call: &Call<'_>, name: &str, all: Vec<Value>) -> Response<Bytes> {
    let number = |name: &str| call.param(name).and_then(|text| text.parse::<usize>().ok());
    let (offset, limit) = (
        number("offset").unwrap_or(0),
        number("limit").unwrap_or(LIMIT),
    );
    let total = all.len();
    let shown: Vec<Value> = all
        .into_iter()
        .skip(offset)
        .take(limit.min(LIMIT_MAX))
        .collect();
    json(StatusCode::OK, &json!({ name: shown, "total": total }))
}

/// The object that a body holds under a name.
pub(super) fn sent(call: &Call<'_>, name: &str) -> Result<Map<String, Value>, Failure> {
    let body = call
        .json()
        .map_err(|error| fail(StatusCode::BAD_REQUEST, error.to_string()))?;
    match body.get(name) {
        Some(Value::Object(object)) => Ok(object.clone()),
        _ => Err(fail(
            StatusCode::BAD_REQUEST,
            format!("'{name}' is missing"),
        )),
    }
}

/// Sets the fields that a body names.
pub(super) fn apply(item: &mut Item, sent: &Map<String, Value>) -> Result<(), Failure> {
    let fields = sent
        .get("fields")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (name, value) in fields {
        let part = |key: &str| value.get(key).cloned().unwrap_or(Value::Null);
        let (field, value) = match name.as_str() {
            "title" | "text" | "labels" | "due" => (name.as_str(), value.clone()),
            "state" | "priority" => (name.as_str(), part("id")),
            "areas" => {
                let areas = value.as_array().into_iter().flatten();
                (
                    "areas",
                    areas
                        .map(|area| area.get("id").cloned().unwrap_or_default())
                        .collect(),
                )
            }
            "owner" => ("owner", part("login")),
            "estimate" => ("points", value.clone()),
            "remind_at" => ("remind", value.clone()),
            "pinned" => ("urgent", value.clone()),
            "external_ref" => ("origin", value.clone()),
            other => {
                return Err(fail(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!("there is no field '{other}'"),
                ));
            }
        };
        fields::set(item, field, &value)?;
    }
    Ok(())
}

/// Sets what a body says of a comment.
pub(super) fn say(comment: &mut Comment, sent: &Map<String, Value>) {
    let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(text) = text("text") {
        comment.text = text;
    }
    if let Some(visibility) = text("visibility") {
        comment.internal = visibility == "team";
    }
    if let Some(origin) = text("ref") {
        comment.origin = origin;
    }
}
