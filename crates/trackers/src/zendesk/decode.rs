//! From Zendesk's words to ours.

use super::account::Account;
use super::{CHANNEL_INTERNAL, CHANNEL_PUBLIC, METADATA, encode, text, wire};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{
    Attachment, Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field,
};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// Their name of a field and ours, where they differ.
const RENAMED: &[(&str, &str)] = &[
    ("subject", field::SUMMARY),
    ("assignee_id", field::ASSIGNEE),
    ("requester_id", field::REPORTER),
    ("requester", field::REPORTER),
    ("custom_status_id", field::STATUS),
    ("tags", field::LABELS),
    ("due_at", field::DUE),
];

/// Our name of a field of theirs.
pub(super) fn ours(theirs: &str) -> &str {
    let found = RENAMED.iter().find(|(name, _)| *name == theirs);
    found.map_or(theirs, |(_, ours)| ours)
}

/// A ticket's version: whole seconds, and the stamp of a safe update.
pub(super) fn version(updated: Timestamp) -> Version {
    let updated = updated.floor_to_second();
    Version {
        revision: None,
        updated,
        resolution_ms: 1000,
        token: Some(updated.to_string()),
    }
}

/// A ticket as seen from one node. `base` is the account's address without a trailing slash.
pub(super) fn reference(node: &NodeName, base: &str, id: u64) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.clone(),
            id: id.to_string(),
        },
        key: format!("#{id}"),
        url: format!("{base}/agent/tickets/{id}"),
    }
}

/// The marker in an external id.
pub(super) fn marker(external_id: Option<&String>) -> Option<Marker> {
    Marker::parse(external_id?)
}

/// People by id.
pub(super) type People = BTreeMap<u64, User>;

/// The people of an answer.
pub(super) fn people(users: &[wire::User]) -> People {
    let known = users.iter().filter_map(|one| Some((one.id?, user(one))));
    known.collect()
}

/// A person.
pub(super) fn user(user: &wire::User) -> User {
    User {
        id: user.id.map(|id| id.to_string()).unwrap_or_default(),
        name: user.name.clone(),
        email: user.email.clone().filter(|email| !email.is_empty()),
        login: None,
    }
}

fn person(people: &People, id: u64) -> User {
    people.get(&id).cloned().unwrap_or_else(|| User {
        id: id.to_string(),
        ..User::default()
    })
}

/// A ticket with its description, which is its first comment.
pub(super) fn item(
    ticket: &wire::Ticket,
    account: &Account,
    people: &People,
    reference: ItemRef,
    (description, comments): (Document, Option<Vec<Comment>>),
) -> Item {
    let mut fields = fields(ticket, account, people);
    let description = text::description(description);
    fields.insert(
        field::DESCRIPTION.into(),
        description.map_or(Value::Empty, Value::Rich),
    );
    Item {
        reference,
        fields,
        comments,
        attachments: None,
        version: version(ticket.updated_at),
        marker: marker(ticket.external_id.as_ref()),
        scope: account.scope(ticket.brand_id, ticket.group_id),
    }
}

/// Every field that an answer shows, but for the description.
pub(super) fn fields(
    ticket: &wire::Ticket,
    account: &Account,
    people: &People,
) -> BTreeMap<FieldName, Value> {
    let choice = |id: &Option<String>| {
        let id = id.as_ref().filter(|id| !id.is_empty());
        id.map_or(Value::Empty, |id| Value::Choice(named(id)))
    };
    let someone = |id: Option<u64>| id.map_or(Value::Empty, |id| Value::User(person(people, id)));
    let of_fields = account.field_tags(ticket);
    let labels = ticket.tags.iter().filter(|tag| !of_fields.contains(*tag));
    let subject = encode::line(ticket.subject.as_deref().unwrap_or_default());
    let status = account.status(&ticket.status, ticket.custom_status_id);
    let due = ticket
        .due_at
        .map(|at| at.to_string().chars().take(10).collect());
    let standard = [
        (field::SUMMARY, filled(subject)),
        (field::STATUS, Value::Choice(status)),
        (field::PRIORITY, choice(&ticket.priority)),
        (field::TYPE, choice(&ticket.kind)),
        (field::LABELS, Value::set(labels.cloned())),
        (field::ASSIGNEE, someone(ticket.assignee_id)),
        (field::REPORTER, someone(ticket.requester_id)),
        (field::DUE, due.map_or(Value::Empty, Value::Date)),
        (field::CREATED, Value::Time(ticket.created_at)),
        (field::UPDATED, Value::Time(ticket.updated_at)),
    ];
    let standard = standard.map(|(name, value)| (FieldName::from(name), value));
    let custom = ticket.custom_fields.iter().map(|held| {
        let value = custom(account.fields.get(&held.id), &held.value, people);
        (FieldName::new(held.id.to_string()), value)
    });
    standard.into_iter().chain(custom).collect()
}

fn filled(text: String) -> Value {
    if text.is_empty() {
        Value::Empty
    } else {
        Value::Text(text)
    }
}

/// One of the words that Zendesk has for priorities and types: `high`, shown as `High`.
pub(super) fn named(id: &str) -> Choice {
    let mut name = id.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Choice {
        id: id.to_owned(),
        name,
    }
}

/// An option of a list field by its value.
pub(super) fn option(field: Option<&wire::Field>, value: &str) -> Choice {
    let options = field.map_or(&[][..], |field| &field.custom_field_options);
    let known = options.iter().find(|option| option.value == value);
    Choice {
        id: value.to_owned(),
        name: known
            .map_or(value, |option| option.name.as_str())
            .to_owned(),
    }
}

/// The value of a custom field, by the field's type.
fn custom(field: Option<&wire::Field>, json: &Json, people: &People) -> Value {
    let kind = field.map_or("", |field| field.kind.as_str());
    let to_user = field.is_some_and(leads_to_user);
    match (kind, json) {
        (_, Json::Null) => Value::Empty,
        (_, Json::String(text)) if text.is_empty() => Value::Empty,
        ("checkbox", Json::Bool(yes)) => Value::Bool(*yes),
        ("date", Json::String(day)) => Value::Date(day.get(..10).unwrap_or(day).to_owned()),
        ("integer" | "decimal", json) => number(json).unwrap_or_else(|| Value::Json(json.clone())),
        ("tagger", Json::String(value)) => Value::Choice(option(field, value)),
        ("multiselect", Json::Array(values)) => {
            let chosen = values.iter().filter_map(Json::as_str);
            let chosen: BTreeSet<Choice> = chosen.map(|value| option(field, value)).collect();
            if chosen.is_empty() {
                Value::Empty
            } else {
                Value::Choices(chosen)
            }
        }
        ("lookup", json) if to_user => {
            let id = json.as_u64().or_else(|| json.as_str()?.parse().ok());
            id.map_or_else(
                || Value::Json(json.clone()),
                |id| Value::User(person(people, id)),
            )
        }
        ("textarea", Json::String(text)) => Value::Text(text.replace("\r\n", "\n")),
        (_, Json::String(text)) => Value::text(text),
        (_, Json::Bool(yes)) => Value::Bool(*yes),
        (_, Json::Number(number)) => Value::number(number.clone()),
        (_, other) => Value::Json(other.clone()),
    }
}

/// Whether a lookup leads to a person.
pub(super) fn leads_to_user(field: &wire::Field) -> bool {
    field.relationship_target_type.as_deref() == Some("zen:user")
}

/// A number, also when it is written as a text.
pub(super) fn number(json: &Json) -> Option<Value> {
    match json {
        Json::Number(number) => Some(Value::number(number.clone())),
        Json::String(text) => {
            let parsed: Json = serde_json::from_str(text.trim()).ok()?;
            match parsed {
                Json::Number(number) => Some(Value::number(number)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A comment. `at` stands in for its time where the answer does not show it.
pub(super) fn comment(comment: &wire::Comment, people: &People, at: Timestamp) -> Comment {
    let author = comment.author_id.map(|id| person(people, id));
    Comment {
        id: comment.id.to_string(),
        author: author.unwrap_or_default(),
        created: comment.created_at.unwrap_or(at),
        // Comments are never edited; what is redacted carries no time.
        edited: None,
        body: body(comment),
        // One whose answer does not say so is not told any further.
        channel: match comment.public {
            Some(true) => CHANNEL_PUBLIC,
            Some(false) | None => CHANNEL_INTERNAL,
        }
        .to_owned(),
        marker: marker_of(&comment.metadata),
    }
}

/// Whether a comment is there only for a file that we have attached.
pub(super) fn carries_ours(comment: &wire::Comment) -> bool {
    !comment.attachments.is_empty() && marker_of(&comment.metadata).is_some()
}

/// The files of a comment, but for those that were redacted.
pub(super) fn attachments<'a>(
    comment: &'a wire::Comment,
    people: &'a People,
    at: Timestamp,
) -> impl Iterator<Item = Attachment> + 'a {
    let marker = marker_of(&comment.metadata);
    let files = comment.attachments.iter().filter(|file| !file.deleted);
    files.map(move |file| Attachment {
        id: file.id.to_string(),
        name: file.file_name.clone(),
        size: file.size,
        media_type: file
            .content_type
            .clone()
            .unwrap_or_else(|| "application/octet-stream".to_owned()),
        author: comment.author_id.map(|id| person(people, id)),
        created: comment.created_at.unwrap_or(at),
        // The address opens the file to whoever knows it.
        url: None,
        internal: comment.public != Some(true),
        marker: marker.clone(),
    })
}

/// A comment's text.
pub(super) fn body(comment: &wire::Comment) -> Document {
    match (&comment.html_body, &comment.body) {
        (Some(html), _) => text::read(html),
        (None, Some(plain)) => Document::from_plain(plain),
        (None, None) => Document::default(),
    }
}

/// The marker in the custom metadata of an update.
pub(super) fn marker_of(metadata: &wire::Metadata) -> Option<Marker> {
    Marker::parse(metadata.custom.get(METADATA)?.as_str()?)
}
