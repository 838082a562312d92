//! From GitHub's words to ours.

use super::address::Address;
use super::{CHANNEL, MILESTONE, status, text, wire};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, Comment, Item, ItemRef, User, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::time::Timestamp;

/// GitHub gives whole seconds.
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

/// An issue's address; `None` when its own URL is not that of a repository.
pub(super) fn address(issue: &wire::Issue) -> Option<Address> {
    Address::of_api_url(&format!("{}/issues/{}", issue.repository_url, issue.number))
}

/// An issue's marker.
pub(super) fn marker(issue: &wire::Issue) -> Option<Marker> {
    text::split(issue.body.as_deref().unwrap_or_default()).1
}

/// An issue, with its comments where they were read.
pub(super) fn item(
    issue: &wire::Issue,
    reference: ItemRef,
    repo: String,
    comments: Option<Vec<Comment>>,
) -> Item {
    Item {
        reference,
        fields: fields(issue),
        comments,
        // GitHub has no attachments apart from links within texts.
        attachments: Some(Vec::new()),
        version: version(issue.updated_at),
        marker: marker(issue),
        scope: BTreeMap::from([("repo".to_owned(), repo)]),
    }
}

/// Every field that the answer shows.
pub(super) fn fields(issue: &wire::Issue) -> BTreeMap<FieldName, Value> {
    let (body, _) = text::split(issue.body.as_deref().unwrap_or_default());
    let mut fields = BTreeMap::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(FieldName::from(name), value));
    set(field::SUMMARY, Value::text(&issue.title));
    set(field::DESCRIPTION, rich(&body));
    let reason = issue.state_reason.as_deref();
    set(field::STATUS, choice(status::read(&issue.state, reason)));
    set(
        field::LABELS,
        Value::set(issue.labels.iter().map(wire::Label::name)),
    );
    if let Some(assignees) = &issue.assignees {
        let users: BTreeSet<User> = assignees.iter().map(user).collect();
        set(field::ASSIGNEES, Value::Users(users));
        let first = assignees.first().map(user);
        set(field::ASSIGNEE, first.map_or(Value::Empty, Value::User));
    }
    let milestone = issue.milestone.as_ref().map(|m| m.title.as_str());
    set(MILESTONE, milestone.map_or(Value::Empty, choice));
    if let Some(kind) = &issue.kind {
        let name = kind.as_ref().map(|kind| kind.name.as_str());
        set(field::TYPE, name.map_or(Value::Empty, choice));
    }
    if let Some(parent) = &issue.parent_issue_url {
        let key = parent.as_deref().and_then(Address::of_api_url);
        let key = key.map(|address| address.key());
        set(field::PARENT, key.map_or(Value::Empty, Value::Text));
    }
    let reporter = issue.user.as_ref().map(user);
    set(field::REPORTER, reporter.map_or(Value::Empty, Value::User));
    set(field::CREATED, Value::Time(issue.created_at));
    set(field::UPDATED, Value::Time(issue.updated_at));
    fields
}

/// A comment.
pub(super) fn comment(comment: &wire::Comment) -> Comment {
    let (body, marker) = text::split(comment.body.as_deref().unwrap_or_default());
    Comment {
        id: comment.id.to_string(),
        author: comment.user.as_ref().map_or_else(ghost, user),
        created: comment.created_at,
        edited: (comment.updated_at > comment.created_at).then_some(comment.updated_at),
        body: text::read(&body),
        channel: CHANNEL.to_owned(),
        marker,
    }
}

/// A person. GitHub's requests know people by login, so the login in lower case is the id: what a rule names can be
/// compared with what an issue shows without asking.
pub(super) fn user(account: &wire::Account) -> User {
    User {
        id: account.login.to_ascii_lowercase(),
        name: account.name.clone(),
        email: account.email.clone(),
        login: Some(account.login.clone()),
    }
}

/// The account that GitHub shows for deleted ones.
fn ghost() -> User {
    User {
        id: "ghost".to_owned(),
        login: Some("ghost".to_owned()),
        ..User::default()
    }
}

fn rich(body: &str) -> Value {
    let document = text::read(body);
    if document.is_empty() {
        Value::Empty
    } else {
        Value::Rich(document)
    }
}

/// GitHub addresses statuses, milestones and types by what people call them; their names are unique in their place.
pub(super) fn choice(name: &str) -> Value {
    Value::Choice(Choice {
        id: name.to_owned(),
        name: name.to_owned(),
    })
}

/// A repository's issue as seen from one node.
pub(super) fn reference(node: &NodeName, issue: &wire::Issue) -> Option<ItemRef> {
    Some(address(issue)?.reference(node, &issue.html_url))
}
