//! Items, views and links as scripts see them, and back.

use crate::catalogue::Catalogue;
use crate::describe::NativeKind;
use crate::map::{by_text, is_day, kind_of};
use crate::rich;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use twinline_core::item::{
    Attachment, Choice, Comment, Item, ItemRef, User, Value, canonical, field,
};
use twinline_core::names::{FieldName, Side};
use twinline_core::richtext::Document;
use twinline_core::rules::Link;
use twinline_core::time::Timestamp;
use twinline_core::view::View;

/// The native fields that scripts have under their familiar names; any other is in `issue.fields`.
const FAMILIAR: [&str; 13] = [
    field::TYPE,
    field::SUMMARY,
    field::DESCRIPTION,
    field::STATUS,
    field::PRIORITY,
    field::RESOLUTION,
    field::LABELS,
    field::ASSIGNEE,
    field::REPORTER,
    field::PARENT,
    field::DUE,
    field::CREATED,
    field::UPDATED,
];

/// An item as `issue`.
pub(crate) fn issue(item: &Item) -> Json {
    let mut issue = reference_fields(&item.reference);
    let mut fields = Map::new();
    for (id, value) in &item.fields {
        match id.as_str() {
            field::PARENT => {
                issue.insert(field::PARENT.to_owned(), parent(item, value));
            }
            familiar if FAMILIAR.contains(&familiar) => {
                issue.insert(familiar.to_owned(), value_json(value));
            }
            other => {
                fields.insert(other.to_owned(), value_json(value));
            }
        }
    }
    issue.insert("fields".to_owned(), Json::Object(fields));
    let comments = item.comments.as_deref().unwrap_or_default();
    issue.insert(
        "comments".to_owned(),
        comments.iter().map(comment).collect(),
    );
    let attachments = item.attachments.as_deref().unwrap_or_default();
    issue.insert(
        "attachments".to_owned(),
        attachments.iter().map(attachment).collect(),
    );
    Json::Object(issue)
}

fn reference_fields(reference: &ItemRef) -> Map<String, Json> {
    let parts = [
        ("node", reference.item.node.as_str()),
        ("id", reference.item.id.as_str()),
        ("key", reference.key.as_str()),
        ("url", reference.url.as_str()),
    ];
    let parts = parts.map(|(name, text)| (name.to_owned(), Json::from(text)));
    parts.into_iter().collect()
}

/// The item model knows a parent by its key only.
fn parent(item: &Item, value: &Value) -> Json {
    match value {
        Value::Text(key) if !key.is_empty() => {
            json!({ "node": item.reference.item.node.as_str(), "id": "", "key": key, "url": "" })
        }
        _ => Json::Null,
    }
}

/// A value, native or of the replica.
pub(crate) fn value_json(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Bool(yes) => Json::Bool(*yes),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text) | Value::Date(text) => Json::from(text.as_str()),
        Value::Rich(document) => rich_json(document),
        Value::Time(instant) => Json::from(instant.to_string()),
        Value::User(user) => user_json(user),
        Value::Users(users) => users.iter().map(user_json).collect(),
        Value::Choice(choice) => Json::from(choice.name.as_str()),
        Value::Choices(choices) => choices.iter().map(|choice| choice.name.as_str()).collect(),
        Value::Set(set) => set.iter().map(String::as_str).collect(),
        Value::Cascade(path) => path.iter().map(|choice| choice.name.as_str()).collect(),
        Value::Json(json) => json.clone(),
    }
}

fn rich_json(document: &Document) -> Json {
    json!({ "plain": document.plain(), "markdown": rich::to_markdown(document) })
}

fn user_json(user: &User) -> Json {
    let mut object = Map::new();
    let parts = [
        ("id", (!user.id.is_empty()).then_some(&user.id)),
        ("name", user.name.as_ref()),
        ("email", user.email.as_ref()),
        ("login", user.login.as_ref()),
    ];
    for (name, text) in parts {
        if let Some(text) = text {
            object.insert(name.to_owned(), Json::from(text.as_str()));
        }
    }
    Json::Object(object)
}

/// A comment.
pub(crate) fn comment(comment: &Comment) -> Json {
    json!({
        "id": comment.id,
        "author": user_json(&comment.author),
        "created": comment.created.to_string(),
        "edited": comment.edited.map(|instant| instant.to_string()),
        "mirrored": comment.marker.is_some(),
        "body": rich_json(&comment.body),
        "channel": comment.channel,
    })
}

fn attachment(attachment: &Attachment) -> Json {
    json!({
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "mediaType": attachment.media_type,
    })
}

/// A view as `replica`.
pub(crate) fn replica(view: &View) -> Json {
    let fields = view.fields.iter();
    let mut object: Map<String, Json> = fields
        .map(|(name, value)| (name.as_str().to_owned(), value_json(value)))
        .collect();
    object.insert(
        "comments".to_owned(),
        view.comments.iter().map(comment).collect(),
    );
    object.insert(
        "attachments".to_owned(),
        view.attachments.iter().map(attachment).collect(),
    );
    Json::Object(object)
}

/// A link.
pub(crate) fn link(link: Option<&Link>) -> Json {
    let Some(link) = link else { return Json::Null };
    let side = match link.side {
        Side::Left => "left",
        Side::Right => "right",
    };
    json!({
        "id": link.id.as_str(),
        "connection": link.connection.as_str(),
        "side": side,
        "local": link.local.as_ref().map(reference_fields),
        "remote": reference_fields(&link.remote),
        "since": link.since.to_string(),
    })
}

/// A rich text out of a string of Markdown or `{plain, markdown}`.
pub(crate) fn rich_from(json: &Json) -> Result<Document, String> {
    match json {
        Json::String(markdown) => Ok(rich::from_markdown(markdown)),
        Json::Object(parts) => match (parts.get("markdown"), parts.get("plain")) {
            (Some(Json::String(markdown)), _) => Ok(rich::from_markdown(markdown)),
            (None, Some(Json::String(plain))) => Ok(Document::from_plain(plain)),
            _ => Err(not(
                json,
                "a text: a string of Markdown, or { plain, markdown }",
            )),
        },
        _ => Err(not(
            json,
            "a text: a string of Markdown, or { plain, markdown }",
        )),
    }
}

/// What a script put into a replica field.
pub(crate) fn replica_value(json: &Json, kind: Option<NativeKind>) -> Result<Value, String> {
    match kind {
        // In the replica an option is its name.
        Some(NativeKind::Choice) if !json.is_null() => {
            Ok(Value::Text(string(json, "an option's name")?))
        }
        Some(NativeKind::Choices) if !json.is_null() => {
            Ok(Value::Set(strings(json)?.into_iter().collect()))
        }
        _ => value_of(json, kind, &Catalogue::default(), &FieldName::from("")),
    }
}

/// What a script assigned to a native field.
pub(crate) fn native_value(
    json: &Json,
    id: &FieldName,
    current: Option<&Value>,
    side: &Catalogue,
) -> Result<Value, String> {
    if id.as_str() == field::PARENT {
        return match json {
            Json::Null => Ok(Value::Empty),
            Json::String(key) => Ok(Value::text(key.as_str())),
            other => match other.get("key") {
                Some(Json::String(key)) => Ok(Value::text(key.as_str())),
                _ => Err(not(json, "an item with a key")),
            },
        };
    }
    let kind = side.kind(id).or_else(|| current.and_then(kind_of));
    value_of(json, kind, side, id)
}

fn value_of(
    json: &Json,
    kind: Option<NativeKind>,
    side: &Catalogue,
    id: &FieldName,
) -> Result<Value, String> {
    if json.is_null() {
        return Ok(Value::Empty);
    }
    let Some(kind) = kind else {
        return Ok(by_shape(json));
    };
    Ok(match kind {
        NativeKind::Text => match json {
            Json::Object(_) => Value::Text(rich_from(json)?.plain()),
            _ => Value::Text(string(json, "a text")?),
        },
        NativeKind::Rich => Value::Rich(rich_from(json)?),
        NativeKind::Number => match json {
            Json::Number(number) => Value::number(number.clone()),
            _ => return Err(not(json, "a number")),
        },
        NativeKind::Bool => Value::Bool(json.as_bool().ok_or_else(|| not(json, "true or false"))?),
        NativeKind::Date => match json.as_str() {
            Some(day) if is_day(day) => Value::Date(day.to_owned()),
            _ => return Err(not(json, "a day such as \"2026-01-31\"")),
        },
        NativeKind::Time => {
            let text = string(json, "a time such as \"2026-01-31T09:30:00Z\"")?;
            Value::Time(Timestamp::parse(&text).map_err(|error| error.to_string())?)
        }
        NativeKind::User => Value::User(person(json, side)?),
        NativeKind::Users => match json {
            Json::Array(list) => {
                let people: Result<BTreeSet<User>, String> =
                    list.iter().map(|one| person(one, side)).collect();
                Value::Users(people?)
            }
            _ => Value::Users(BTreeSet::from([person(json, side)?])),
        },
        NativeKind::Choice => Value::Choice(option(&string(json, "an option's name")?, id, side)?),
        NativeKind::Choices => {
            let options: Result<BTreeSet<Choice>, String> = strings(json)?
                .iter()
                .map(|text| option(text, id, side))
                .collect();
            Value::Choices(options?)
        }
        NativeKind::Set => Value::Set(strings(json)?.into_iter().collect()),
        NativeKind::Cascade => {
            let options: Result<Vec<Choice>, String> = strings(json)?
                .iter()
                .map(|text| option(text, id, side))
                .collect();
            Value::Cascade(options?)
        }
        NativeKind::Json => Value::Json(json.clone()),
    })
}

fn by_shape(json: &Json) -> Value {
    match json {
        Json::Null => Value::Empty,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => Value::number(number.clone()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(list) if list.iter().all(Json::is_string) => {
            Value::set(list.iter().filter_map(Json::as_str))
        }
        Json::Object(parts) if parts.contains_key("markdown") => {
            rich_from(json).map_or_else(|_| Value::Json(json.clone()), Value::Rich)
        }
        Json::Array(_) | Json::Object(_) => Value::Json(json.clone()),
    }
}

/// A person given by `user({…})`, another item's person, or a text; resolved where this side's people are known.
fn person(json: &Json, side: &Catalogue) -> Result<User, String> {
    if let Json::String(text) = json {
        return Ok(side.person(text).cloned().unwrap_or_else(|| by_text(text)));
    }
    let part = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let user = User {
        id: part("id").unwrap_or_default(),
        name: part("name"),
        email: part("email"),
        login: part("login"),
    };
    let given = [
        Some(user.id.clone()),
        user.email.clone(),
        user.login.clone(),
    ];
    let mut given = given
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .peekable();
    if given.peek().is_none() {
        return Err(not(json, "a person: user({ email: \"…\" })"));
    }
    Ok(given
        .find_map(|text| side.person(&text))
        .cloned()
        .unwrap_or(user))
}

fn option(text: &str, id: &FieldName, side: &Catalogue) -> Result<Choice, String> {
    if let Some(option) = side.option(id, text) {
        return Ok(option.clone());
    }
    let options = side.options(id);
    if options.is_empty() {
        return Ok(Choice {
            id: text.to_owned(),
            name: text.to_owned(),
        });
    }
    let names = options.iter().map(|option| option.name.as_str());
    Err(format!(
        "'{id}' has no option \"{text}\"; {}",
        crate::finding::suggest(text, names)
    ))
}

fn string(json: &Json, wanted: &str) -> Result<String, String> {
    match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(canonical(number.clone()).to_string()),
        _ => Err(not(json, wanted)),
    }
}

fn strings(json: &Json) -> Result<Vec<String>, String> {
    match json {
        Json::Array(list) => list
            .iter()
            .map(|one| string(one, "a list of texts"))
            .collect(),
        _ => Err(not(json, "a list of texts")),
    }
}

fn not(json: &Json, wanted: &str) -> String {
    let shown = json.to_string();
    let shown: String = shown.chars().take(80).collect();
    format!("{shown} is not {wanted}")
}
