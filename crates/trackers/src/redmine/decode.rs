//! From Redmine's words to ours.

use super::text::Notation;
use super::{CHANNEL_PRIVATE, CHANNEL_PUBLIC, text, wire};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{
    Attachment, Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field,
};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::time::Timestamp;

/// Redmine gives whole seconds.
const RESOLUTION_MS: u32 = 1000;

/// An issue's version.
pub(super) fn version(updated: Timestamp) -> Version {
    Version {
        revision: None,
        updated,
        resolution_ms: RESOLUTION_MS,
        token: None,
    }
}

/// An issue as seen from one node. `base` is the node's URL without a trailing slash.
pub(super) fn reference(node: &NodeName, base: &str, id: u64) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.clone(),
            id: id.to_string(),
        },
        key: format!("#{id}"),
        url: format!("{base}/issues/{id}"),
    }
}

/// An issue. `project` is the identifier of its project.
pub(super) fn item(
    issue: &wire::Issue,
    reference: ItemRef,
    project: String,
    notation: Notation,
) -> Item {
    let (_, marker) = text::split(issue.description.as_deref().unwrap_or_default());
    let page = format!("/issues/{}", issue.id);
    let base = reference
        .url
        .strip_suffix(&page)
        .unwrap_or_default()
        .to_owned();
    let scope = [
        ("project", project),
        ("tracker", issue.tracker.name.clone()),
    ];
    Item {
        reference,
        fields: fields(issue, notation),
        comments: issue.journals.as_ref().map(|journals| {
            let comments = journals
                .iter()
                .filter_map(|journal| comment(journal, notation));
            comments.collect()
        }),
        attachments: issue
            .attachments
            .as_ref()
            .map(|files| files.iter().map(|file| attachment(file, &base)).collect()),
        version: version(issue.updated_on),
        marker,
        scope: scope.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

/// Every field that the answer shows.
pub(super) fn fields(issue: &wire::Issue, notation: Notation) -> BTreeMap<FieldName, Value> {
    let (body, _) = text::split(issue.description.as_deref().unwrap_or_default());
    let document = notation.read(&body);
    let description = if document.is_empty() {
        Value::Empty
    } else {
        Value::Rich(document)
    };
    let date = |day: &Option<String>| day.clone().map_or(Value::Empty, Value::Date);
    let number =
        |number: &Option<serde_json::Number>| number.clone().map_or(Value::Empty, Value::number);
    let parent = issue
        .parent
        .as_ref()
        .map(|parent| Value::Text(format!("#{}", parent.id)));
    let known = [
        (field::SUMMARY, Value::text(&issue.subject)),
        (field::DESCRIPTION, description),
        (field::TYPE, choice(&issue.tracker)),
        (field::STATUS, choice(&issue.status)),
        (field::PRIORITY, choice(&issue.priority)),
        (
            field::ASSIGNEE,
            issue
                .assigned_to
                .as_ref()
                .map_or(Value::Empty, |who| Value::User(user(who))),
        ),
        (field::REPORTER, Value::User(user(&issue.author))),
        (field::PARENT, parent.unwrap_or(Value::Empty)),
        (field::DUE, date(&issue.due_date)),
        (field::CREATED, Value::Time(issue.created_on)),
        (field::UPDATED, Value::Time(issue.updated_on)),
        (
            "category",
            issue.category.as_ref().map_or(Value::Empty, choice),
        ),
        (
            "fixed_version",
            issue.fixed_version.as_ref().map_or(Value::Empty, choice),
        ),
        ("start_date", date(&issue.start_date)),
        ("done_ratio", number(&issue.done_ratio)),
        ("estimated_hours", number(&issue.estimated_hours)),
    ];
    let mut fields: BTreeMap<FieldName, Value> = known
        .into_iter()
        .map(|(name, value)| (FieldName::from(name), value))
        .collect();
    if let Some(private) = issue.is_private {
        fields.insert(FieldName::from("is_private"), Value::Bool(private));
    }
    for custom in &issue.custom_fields {
        fields.insert(
            FieldName::new(format!("cf_{}", custom.id)),
            custom_value(&custom.value),
        );
    }
    fields
}

/// A custom field's value: Redmine gives every format as text, several values as a list of texts.
fn custom_value(value: &Json) -> Value {
    match value {
        Json::String(text) if text.is_empty() => Value::Empty,
        Json::String(text) => Value::text(text),
        Json::Array(elements) => {
            let texts: BTreeSet<String> = elements
                .iter()
                .filter_map(Json::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect();
            if texts.is_empty() {
                Value::Empty
            } else {
                Value::Set(texts)
            }
        }
        Json::Null => Value::Empty,
        other => Value::Json(other.clone()),
    }
}

/// A journal entry with notes is a comment; one without is only history.
pub(super) fn comment(journal: &wire::Journal, notation: Notation) -> Option<Comment> {
    let notes = journal
        .notes
        .as_deref()
        .filter(|notes| !notes.trim().is_empty())?;
    let (body, marker) = text::split(notes);
    let channel = if journal.private_notes {
        CHANNEL_PRIVATE
    } else {
        CHANNEL_PUBLIC
    };
    Some(Comment {
        id: journal.id.to_string(),
        author: journal.user.as_ref().map(user).unwrap_or_default(),
        created: journal.created_on,
        edited: journal
            .updated_on
            .filter(|updated| *updated > journal.created_on),
        body: notation.read(&body),
        channel: channel.to_owned(),
        marker,
    })
}

/// A file. `base` is the address that all pages of this Redmine begin with.
pub(super) fn attachment(file: &wire::Attachment, base: &str) -> Attachment {
    let description = file.description.as_deref().unwrap_or_default();
    Attachment {
        id: file.id.to_string(),
        name: file.filename.clone(),
        size: file.filesize,
        media_type: file
            .content_type
            .clone()
            .unwrap_or_else(|| "application/octet-stream".to_owned()),
        author: file.author.as_ref().map(user),
        created: file.created_on,
        url: Some(format!("{base}/attachments/{}", file.id)),
        // The files of an issue are all its readers', also where they came with a private note.
        internal: false,
        marker: Marker::parse(description.trim()),
    }
}

/// A person as issues show them: no login, no address.
pub(super) fn user(named: &wire::Named) -> User {
    User {
        id: named.id.to_string(),
        name: Some(named.name.clone()),
        ..User::default()
    }
}

/// A person as their account shows them.
pub(super) fn account(account: &wire::Account) -> User {
    User {
        id: account.id.to_string(),
        name: Some(
            format!("{} {}", account.firstname, account.lastname)
                .trim()
                .to_owned(),
        ),
        email: account.mail.clone().filter(|mail| !mail.is_empty()),
        login: Some(account.login.clone()).filter(|login| !login.is_empty()),
    }
}

/// An option.
pub(super) fn option(named: &wire::Named) -> Choice {
    Choice {
        id: named.id.to_string(),
        name: named.name.clone(),
    }
}

fn choice(named: &wire::Named) -> Value {
    Value::Choice(option(named))
}
