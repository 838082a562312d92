//! From Jira's words to ours.

use super::{CHANNEL_INTERNAL, CHANNEL_PUBLIC, CHANNEL_RESTRICTED, PROPERTY, SERVICE_DESK, wire};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{
    Attachment, Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field,
};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::richtext::{Document, adf};
use twinline_core::time::Timestamp;

/// Our name and Jira's, where they differ.
pub(super) const RENAMED: &[(&str, &str)] = &[(field::TYPE, "issuetype"), (field::DUE, "duedate")];

/// What Jira calls fields and is none of an item's own: what hangs on it, what is computed, what says where it lies.
const NO_FIELDS: &[&str] = &[
    "aggregateprogress",
    "aggregatetimeestimate",
    "aggregatetimeoriginalestimate",
    "aggregatetimespent",
    "attachment",
    "comment",
    "issuelinks",
    "issuerestriction",
    "lastViewed",
    "progress",
    "project",
    "statusCategory",
    "statuscategorychangedate",
    "subtasks",
    "thumbnail",
    "timetracking",
    "votes",
    "watches",
    "workratio",
    "worklog",
];

/// An issue's version. Jira gives milliseconds.
pub(super) fn version(issue: &wire::Issue) -> Option<Version> {
    version_of(issue.fields.get("updated")?.as_str()?)
}

/// The version that an `updated` stands for.
pub(super) fn version_of(updated: &str) -> Option<Version> {
    Some(Version {
        revision: None,
        updated: Timestamp::parse(updated).ok()?,
        resolution_ms: 1,
        token: None,
    })
}

/// An issue as seen from one node. `base` is the site's address without a trailing slash.
pub(super) fn reference(node: &NodeName, base: &str, id: &str, key: &str) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.clone(),
            id: id.to_owned(),
        },
        key: key.to_owned(),
        url: format!("{base}/browse/{key}"),
    }
}

/// The marker among an issue's properties.
pub(super) fn marker(issue: &wire::Issue) -> Option<Marker> {
    issue.properties.get(PROPERTY).and_then(marker_of)
}

fn marker_of(value: &Json) -> Option<Marker> {
    Marker::parse(value.get("marker")?.as_str()?)
}

/// An issue; `None` when it lacks what every issue has.
pub(super) fn item(
    issue: &wire::Issue,
    kinds: &Kinds,
    reference: ItemRef,
    comments: Option<&[wire::Comment]>,
) -> Option<Item> {
    let named =
        |name: &str, part: &str| Some(issue.fields.get(name)?.get(part)?.as_str()?.to_owned());
    let scope = [
        ("project", named("project", "key")?),
        ("type", named("issuetype", "name")?),
    ];
    let mut fields = fields(&issue.fields, kinds);
    // Jira leaves the parent out where there is none, even of an answer with all fields.
    fields
        .entry(FieldName::from(field::PARENT))
        .or_insert(Value::Empty);
    Some(Item {
        reference,
        fields,
        comments: comments.map(|comments| comments.iter().map(comment).collect()),
        attachments: files(issue, comments),
        version: version(issue)?,
        marker: marker(issue),
        scope: scope.map(|(key, value)| (key.to_owned(), value)).into(),
    })
}

/// The types of custom fields by id, in Jira's words.
pub(super) type Kinds = BTreeMap<String, String>;

/// Every field that the answer shows.
pub(super) fn fields(fields: &Map<String, Json>, kinds: &Kinds) -> BTreeMap<FieldName, Value> {
    let shown = fields
        .iter()
        .filter(|(name, _)| !NO_FIELDS.contains(&name.as_str()));
    shown
        .map(|(name, json)| (FieldName::from(ours(name)), value(name, kinds, json)))
        .collect()
}

/// Whether only the field's type tells a day or an instant from a text.
pub(super) fn needs_kind(name: &str, json: &Json) -> bool {
    let text = json.as_str().unwrap_or_default();
    name.starts_with("customfield_")
        && (text.parse::<jiff::civil::Date>().is_ok() || Timestamp::parse(text).is_ok())
}

/// Our name of a field of theirs.
pub(super) fn ours(theirs: &str) -> &str {
    RENAMED
        .iter()
        .find(|(_, jira)| *jira == theirs)
        .map_or(theirs, |(ours, _)| ours)
}

/// A value by its shape: what Jira sends tells by itself what it is, but for days, instants and parents.
fn value(name: &str, kinds: &Kinds, json: &Json) -> Value {
    let kind = kinds.get(name).map(String::as_str).unwrap_or_default();
    match (name, json) {
        ("labels", Json::Array(labels)) => Value::set(labels.iter().filter_map(Json::as_str)),
        (_, Json::Null) => Value::Empty,
        ("parent", parent) => text_of(parent, "key").map_or(Value::Empty, Value::Text),
        ("duedate", Json::String(day)) => Value::Date(day.clone()),
        ("created" | "updated" | "resolutiondate", Json::String(at)) => instant(at),
        (_, Json::String(day)) if kind == "date" => Value::Date(day.clone()),
        (_, Json::String(at)) if kind == "datetime" => instant(at),
        (_, Json::String(text)) => Value::text(text),
        (_, Json::Bool(yes)) => Value::Bool(*yes),
        (_, Json::Number(number)) => Value::number(number.clone()),
        (_, Json::Array(elements)) => several(elements, json),
        (_, Json::Object(_)) => one(json),
    }
}

fn instant(at: &str) -> Value {
    Timestamp::parse(at).map_or_else(|_| Value::text(at), Value::Time)
}

fn one(json: &Json) -> Value {
    if json.get("type").and_then(Json::as_str) == Some("doc") {
        let document = rich(json);
        return if document.is_empty() {
            Value::Empty
        } else {
            Value::Rich(document)
        };
    }
    if let Some(user) = user_of(json) {
        return Value::User(user);
    }
    let Some(option) = option(json) else {
        return Value::Json(json.clone());
    };
    match json.get("child").and_then(self::option) {
        Some(child) => Value::Cascade(vec![option, child]),
        None => Value::Choice(option),
    }
}

fn several(elements: &[Json], whole: &Json) -> Value {
    if elements.is_empty() {
        return Value::Empty;
    }
    let texts: Option<BTreeSet<String>> = elements
        .iter()
        .map(|one| one.as_str().map(str::to_owned))
        .collect();
    let users = || {
        elements
            .iter()
            .map(user_of)
            .collect::<Option<BTreeSet<User>>>()
    };
    let options = || {
        elements
            .iter()
            .map(option)
            .collect::<Option<BTreeSet<Choice>>>()
    };
    texts
        .map(Value::Set)
        .or_else(|| users().map(Value::Users))
        .or_else(|| options().map(Value::Choices))
        .unwrap_or_else(|| Value::Json(whole.clone()))
}

/// A document; one that cannot be read is shown as its text.
pub(super) fn rich(json: &Json) -> Document {
    adf::decode(json).unwrap_or_else(|_| Document::from_plain(&json.to_string()))
}

/// An option: an id, and `name` (system fields) or `value` (custom fields).
pub(super) fn option(json: &Json) -> Option<Choice> {
    let id = text_of(json, "id")?;
    let name = text_of(json, "name")
        .or_else(|| text_of(json, "value"))
        .unwrap_or_else(|| id.clone());
    Some(Choice { id, name })
}

fn text_of(json: &Json, name: &str) -> Option<String> {
    json.get(name)?.as_str().map(str::to_owned)
}

fn user_of(json: &Json) -> Option<User> {
    json.get("accountId")?;
    serde_json::from_value::<wire::Account>(json.clone())
        .ok()
        .map(|account| user(&account))
}

/// A person.
pub(super) fn user(account: &wire::Account) -> User {
    User {
        id: account.account_id.clone(),
        name: account.display_name.clone(),
        email: account
            .email_address
            .clone()
            .filter(|address| !address.is_empty()),
        login: None,
    }
}

/// A comment.
pub(super) fn comment(comment: &wire::Comment) -> Comment {
    Comment {
        id: comment.id.clone(),
        author: comment.author.as_ref().map(user).unwrap_or_default(),
        created: comment.created,
        edited: (comment.updated > comment.created).then_some(comment.updated),
        body: rich(&comment.body),
        channel: channel(comment).to_owned(),
        marker: property(comment, PROPERTY).and_then(|property| marker_of(&property.value)),
    }
}

fn property<'a>(comment: &'a wire::Comment, key: &str) -> Option<&'a wire::Property> {
    let mut properties = comment.properties.iter();
    properties.find(|property| property.key == key)
}

/// Who reads a comment.
fn channel(comment: &wire::Comment) -> &'static str {
    // Outside a service desk the property has no effect. Taken for internal all the same, the comment is only not told
    // any further; taken for public, one whose answer lacks Jira's own word would be.
    let internal = comment.jsd_public == Some(false)
        || property(comment, "sd.public.comment")
            .is_some_and(|shown| shown.value["internal"] == Json::Bool(true));
    match (comment.visibility.is_null(), internal) {
        (false, _) => CHANNEL_RESTRICTED,
        (true, true) => CHANNEL_INTERNAL,
        (true, false) => CHANNEL_PUBLIC,
    }
}

/// The files of an issue; `None` when they were not asked for, or when comments that were not read would tell who sees them.
///
/// Jira does not say which files the customers of a service desk see. There one is taken for internal unless that is certain:
/// a customer has attached it, or a public comment shows it.
fn files(issue: &wire::Issue, comments: Option<&[wire::Comment]>) -> Option<Vec<Attachment>> {
    let listed = issue.fields.get("attachment")?.as_array()?;
    let project = issue.fields.get("project");
    let kind = project.and_then(|project| text_of(project, "projectTypeKey"));
    if kind.as_deref() != Some(SERVICE_DESK) {
        return Some(listed.iter().filter_map(attachment).collect());
    }
    let comments: &[wire::Comment] = match comments {
        Some(comments) => comments,
        None if listed.iter().all(is_customers) => &[],
        None => return None,
    };
    let shown = shown_to_customers(comments, listed);
    let files = listed.iter().filter_map(|json| {
        let file = attachment(json)?;
        let public = is_customers(json) || shown.contains(&file.name);
        Some(Attachment {
            internal: !public,
            ..file
        })
    });
    Some(files.collect())
}

/// Whether a customer has attached a file.
fn is_customers(file: &Json) -> bool {
    let author = file.get("author");
    let kind = author.and_then(|author| author.get("accountType")?.as_str());
    kind == Some("customer")
}

/// The names of the files that public comments show. A comment names a file by an id of another service, and by its name:
/// that tells which one it is where no other file of the issue has that name.
fn shown_to_customers(comments: &[wire::Comment], listed: &[Json]) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    let public = comments
        .iter()
        .filter(|comment| comment.jsd_public == Some(true) && channel(comment) == CHANNEL_PUBLIC);
    public.for_each(|comment| note_media(&comment.body, &mut shown));
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for name in listed.iter().filter_map(|file| text_of(file, "filename")) {
        if !once.insert(name.clone()) {
            twice.insert(name);
        }
    }
    shown.retain(|name| !twice.contains(name));
    shown
}

/// Notes the names of a document's own files; `external` media are addresses elsewhere.
fn note_media(node: &Json, names: &mut BTreeSet<String>) {
    let text = |of: &str| {
        node.get("attrs")
            .and_then(|attributes| text_of(attributes, of))
    };
    let is_media = matches!(
        node.get("type").and_then(Json::as_str),
        Some("media" | "mediaInline")
    );
    if is_media && matches!(text("type").as_deref(), Some("file" | "image")) {
        names.extend(text("alt"));
    }
    let children = node.get("content").and_then(Json::as_array);
    for child in children.into_iter().flatten() {
        note_media(child, names);
    }
}

/// A file, as everybody sees it who sees its issue.
pub(super) fn attachment(json: &Json) -> Option<Attachment> {
    Some(Attachment {
        id: text_of(json, "id")?,
        name: text_of(json, "filename")?,
        size: json.get("size")?.as_u64()?,
        media_type: text_of(json, "mimeType")
            .unwrap_or_else(|| "application/octet-stream".to_owned()),
        author: json.get("author").and_then(user_of),
        created: Timestamp::parse(json.get("created")?.as_str()?).ok()?,
        url: text_of(json, "content"),
        internal: false,
        marker: None,
    })
}
