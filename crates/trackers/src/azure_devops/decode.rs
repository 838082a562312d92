//! From Azure DevOps' words to ours.

use super::shape::{Kind, Shape};
use super::{CHANNEL, text, wire};
use crate::files;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{
    Attachment, Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field,
};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::time::Timestamp;

/// Our name and theirs, where they differ.
const RENAMED: &[(&str, &str)] = &[
    (field::TYPE, "System.WorkItemType"),
    (field::SUMMARY, "System.Title"),
    (field::DESCRIPTION, "System.Description"),
    (field::STATUS, STATE),
    (field::PRIORITY, "Microsoft.VSTS.Common.Priority"),
    (field::LABELS, TAGS),
    (field::ASSIGNEE, "System.AssignedTo"),
    (field::REPORTER, "System.CreatedBy"),
    (field::DUE, "Microsoft.VSTS.Scheduling.DueDate"),
    (field::CREATED, "System.CreatedDate"),
    (field::UPDATED, CHANGED),
];

pub(super) const STATE: &str = "System.State";
pub(super) const TAGS: &str = "System.Tags";
pub(super) const CHANGED: &str = "System.ChangedDate";
pub(super) const PROJECT: &str = "System.TeamProject";
pub(super) const TYPE: &str = "System.WorkItemType";
pub(super) const AREA: &str = "System.AreaPath";

/// The rel of the link to the item above.
pub(super) const PARENT: &str = "System.LinkTypes.Hierarchy-Reverse";

/// What Azure DevOps calls fields and is none of an item's own: what is counted or computed, what hangs on it, who touched it
/// last, where boards show it.
const NO_FIELDS: &[&str] = &[
    "Microsoft.VSTS.Common.StateChangeDate",
    "System.AreaId",
    "System.AttachedFileCount",
    "System.AuthorizedAs",
    "System.AuthorizedDate",
    "System.BoardColumn",
    "System.BoardColumnDone",
    "System.BoardLane",
    "System.ChangedBy",
    "System.CommentCount",
    "System.ExternalLinkCount",
    "System.History",
    "System.HyperLinkCount",
    "System.Id",
    "System.IsDeleted",
    "System.IterationId",
    "System.NodeName",
    "System.Parent",
    "System.PersonId",
    "System.RelatedLinkCount",
    "System.RemoteLinkCount",
    "System.Rev",
    "System.RevisedDate",
    "System.TeamProject",
    "System.Watermark",
];

/// Whether a field is an item's own.
pub(super) fn is_own(reference: &str) -> bool {
    let level = ["System.AreaLevel", "System.IterationLevel", "WEF_"];
    !NO_FIELDS.contains(&reference) && !level.iter().any(|prefix| reference.starts_with(prefix))
}

/// Our name of a field of theirs.
pub(super) fn ours(theirs: &str) -> &str {
    let found = RENAMED.iter().find(|(_, azure)| *azure == theirs);
    found.map_or(theirs, |(ours, _)| ours)
}

/// Their name of a field of ours.
pub(super) fn theirs(ours: &str) -> &str {
    let found = RENAMED.iter().find(|(name, _)| *name == ours);
    found.map_or(ours, |(_, azure)| azure)
}

/// An item as seen from one node. `base` is the organization's address without a trailing slash.
pub(super) fn reference(node: &NodeName, base: &str, id: u64) -> ItemRef {
    ItemRef {
        item: ItemId {
            node: node.clone(),
            id: id.to_string(),
        },
        key: format!("#{id}"),
        url: format!("{base}/_workitems/edit/{id}"),
    }
}

/// An item's version: revisions count its changes, comments and links included.
pub(super) fn version(item: &wire::WorkItem) -> Option<Version> {
    version_of(item.rev, item.text(CHANGED)?)
}

/// The version of a revision that was made then.
pub(super) fn version_of(rev: u64, changed: &str) -> Option<Version> {
    Some(Version {
        revision: Some(rev),
        updated: Timestamp::parse(changed).ok()?,
        resolution_ms: 1,
        token: None,
    })
}

/// Where an item lies, in scope keys.
pub(super) fn scope(item: &wire::WorkItem) -> Option<BTreeMap<String, String>> {
    let keys = [("project", PROJECT), ("type", TYPE), ("area", AREA)];
    let parts = keys.map(|(key, name)| Some((key.to_owned(), item.text(name)?.to_owned())));
    parts.into_iter().collect()
}

/// An item; `None` when it lacks what every item has.
pub(super) fn item(
    item: &wire::WorkItem,
    shape: &Shape,
    reference: ItemRef,
    comments: Option<Vec<Comment>>,
) -> Option<Item> {
    let files = item
        .relations
        .iter()
        .filter(|link| link.rel == "AttachedFile");
    Some(Item {
        reference,
        fields: fields(item, shape),
        comments,
        attachments: Some(files.filter_map(attachment).collect()),
        version: version(item)?,
        marker: text::marker(item),
        scope: scope(item)?,
    })
}

/// Every field of the item's type: Azure DevOps leaves out those that are empty.
pub(super) fn fields(item: &wire::WorkItem, shape: &Shape) -> BTreeMap<FieldName, Value> {
    let mut fields = BTreeMap::new();
    for name in shape.fields().filter(|name| is_own(name)) {
        fields.insert(FieldName::from(ours(name)), empty(name));
    }
    for (name, json) in item.fields.iter().filter(|(name, _)| is_own(name)) {
        let kind = shape.kind(name);
        let value = value(name, kind, item.is_markdown(name), json);
        fields.insert(FieldName::from(ours(name)), value);
    }
    let parent = parent(item).map(|id| Value::text(format!("#{id}")));
    fields.insert(field::PARENT.into(), parent.unwrap_or(Value::Empty));
    fields
}

fn empty(name: &str) -> Value {
    match name {
        TAGS => Value::Set(BTreeSet::new()),
        _ => Value::Empty,
    }
}

/// The item above.
pub(super) fn parent(item: &wire::WorkItem) -> Option<u64> {
    let mut links = item.relations.iter().filter(|link| link.rel == PARENT);
    links.find_map(|link| link.url.rsplit('/').next()?.parse().ok())
}

fn value(name: &str, kind: Option<Kind>, is_markdown: bool, json: &Json) -> Value {
    match (ours(name), json) {
        (_, Json::Null) => empty(name),
        (field::LABELS, Json::String(text)) => Value::Set(tags(text)),
        (field::TYPE | field::STATUS, Json::String(text)) => Value::Choice(named(text)),
        (field::PRIORITY, json) => Value::Choice(named(&shown(json))),
        (field::DUE, Json::String(at)) => Value::Date(at.get(..10).unwrap_or(at).to_owned()),
        (_, Json::String(text)) => of_text(kind, is_markdown, text),
        (_, Json::Bool(yes)) => Value::Bool(*yes),
        (_, Json::Number(number)) => Value::number(number.clone()),
        (_, Json::Object(_)) => {
            user_of(json).map_or_else(|| Value::Json(json.clone()), Value::User)
        }
        (_, Json::Array(_)) => Value::Json(json.clone()),
    }
}

fn of_text(kind: Option<Kind>, is_markdown: bool, text: &str) -> Value {
    match kind {
        _ if text.is_empty() => Value::Empty,
        Some(Kind::Rich) => {
            let document = text::read(text, is_markdown);
            match document.is_empty() {
                true => Value::Empty,
                false => Value::Rich(document),
            }
        }
        Some(Kind::Time) => Timestamp::parse(text).map_or_else(|_| Value::text(text), Value::Time),
        Some(Kind::User) => Value::User(user_in(text)),
        _ => Value::text(text),
    }
}

fn shown(json: &Json) -> String {
    json.as_str()
        .map_or_else(|| json.to_string(), str::to_owned)
}

/// An option that is known by its name.
pub(super) fn named(name: &str) -> Choice {
    Choice {
        id: name.to_owned(),
        name: name.to_owned(),
    }
}

/// The tags of a text.
pub(super) fn tags(text: &str) -> BTreeSet<String> {
    let tags = text.split(';').map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}

fn user_of(json: &Json) -> Option<User> {
    let identity: wire::Identity = serde_json::from_value(json.clone()).ok()?;
    let known = identity.unique_name.is_some() || identity.descriptor.is_some();
    known.then(|| user(&identity))
}

/// A person. The unique name is what fields are written with; a group or service without one has a descriptor.
pub(super) fn user(identity: &wire::Identity) -> User {
    let unique = identity
        .unique_name
        .as_deref()
        .filter(|name| !name.is_empty());
    let id = unique
        .map(str::to_lowercase)
        .or_else(|| identity.descriptor.clone())
        .or_else(|| identity.id.clone());
    User {
        id: id.unwrap_or_default(),
        name: identity.display_name.clone(),
        email: unique.filter(|name| name.contains('@')).map(str::to_owned),
        login: unique.map(str::to_owned),
    }
}

/// A person written as `Ana Prieto <ana@acme.example>`.
fn user_in(text: &str) -> User {
    let parts = text
        .rsplit_once('<')
        .and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?)));
    let (name, unique) = match parts {
        Some((name, unique)) => (Some(name.trim().to_owned()), unique),
        None => (None, text),
    };
    user(&wire::Identity {
        display_name: name,
        unique_name: Some(unique.to_owned()),
        ..wire::Identity::default()
    })
}

/// A comment of an item. Whether ids of comments are counted by item is not said, so the item's stands before them.
pub(super) fn comment(item: &str, comment: &wire::Comment) -> Comment {
    let is_markdown = comment
        .format
        .as_deref()
        .is_some_and(|format| format.eq_ignore_ascii_case("markdown"));
    let (body, marker) = text::split(&comment.text);
    Comment {
        id: format!("{item}/{}", comment.id),
        author: comment.created_by.as_ref().map(user).unwrap_or_default(),
        created: comment.created,
        edited: (comment.version > 1).then_some(comment.modified),
        body: text::read(&body, is_markdown),
        channel: CHANNEL.to_owned(),
        marker,
    }
}

/// Azure DevOps' id of a comment of ours.
pub(super) fn number(comment: &str) -> &str {
    comment.rsplit('/').next().unwrap_or(comment)
}

/// The id of the file that a link names.
pub(super) fn file_id(url: &str) -> Option<&str> {
    let address = url.split('?').next()?;
    address.rsplit('/').next().filter(|id| !id.is_empty())
}

/// A file. The service tells no media type: the name does.
pub(super) fn attachment(link: &wire::Relation) -> Option<Attachment> {
    let said = |name: &str| link.attributes.get(name);
    let name = said("name")?.as_str()?;
    Some(Attachment {
        id: file_id(&link.url)?.to_owned(),
        media_type: files::media_type_of(name).to_owned(),
        name: name.to_owned(),
        // Without it nobody could say whether a copy is whole.
        size: said("resourceSize").and_then(Json::as_u64)?,
        author: None,
        created: Timestamp::parse(said("resourceCreatedDate")?.as_str()?).ok()?,
        url: Some(link.url.clone()),
        internal: false,
        marker: said("comment").and_then(|comment| Marker::parse(comment.as_str()?.trim())),
    })
}
