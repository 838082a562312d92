//! What a dump shows of an item, in words that are the same for all trackers. Reads tracker formats by itself: the
//! codecs that are under test have no part in it.

use super::place::Place;
use super::rules::PRIVATE_LABEL;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use twinline_sim::{Dump, DumpComment, DumpItem};

/// An item as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) key: String,
    /// The number in its title, by which people know which thing it is about: `T17: …`.
    pub(super) number: Option<u32>,
    pub(super) title: String,
    /// Words only.
    pub(super) body: String,
    /// Whether its status counts as done; `None`: a status that no rule knows.
    pub(super) done: Option<bool>,
    /// Without the one that is kept private.
    pub(super) labels: BTreeSet<String>,
    pub(super) comments: Vec<ShownComment>,
    pub(super) deleted: bool,
}

/// A comment as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownComment {
    pub(super) id: String,
    /// The number in its text: `C4: …`.
    pub(super) number: Option<u32>,
    /// Words only, from the number on.
    pub(super) text: String,
}

/// All items of a tracker.
pub(super) fn items(place: Place, dump: &Dump) -> Vec<Shown> {
    dump.items.iter().map(|item| shown(place, item)).collect()
}

/// The living items of every tracker by number.
pub(super) fn by_number(
    dumps: &BTreeMap<Place, Dump>,
) -> BTreeMap<u32, BTreeMap<Place, Vec<Shown>>> {
    let mut all: BTreeMap<u32, BTreeMap<Place, Vec<Shown>>> = BTreeMap::new();
    for (place, dump) in dumps {
        for item in items(*place, dump) {
            if let (Some(number), false) = (item.number, item.deleted) {
                let at = all.entry(number).or_default();
                at.entry(*place).or_default().push(item);
            }
        }
    }
    all
}

/// One item.
pub(super) fn shown(place: Place, item: &DumpItem) -> Shown {
    let status = item.status.as_str();
    let done = if place.done().contains(&status) {
        Some(true)
    } else {
        place.open().contains(&status).then_some(false)
    };
    let labels = item.labels.iter();
    Shown {
        key: item.key.clone(),
        number: number_after(&item.title, 'T'),
        title: words(&item.title),
        body: plain(&item.body),
        done,
        labels: labels
            .filter(|label| !label.is_empty() && *label != PRIVATE_LABEL)
            .cloned()
            .collect(),
        comments: item.comments.iter().map(comment).collect(),
        deleted: item.deleted,
    }
}

fn comment(comment: &DumpComment) -> ShownComment {
    let text = plain(&comment.body);
    let number = number_after(&text, 'C');
    let start = number.and_then(|number| text.find(&format!("C{number}:")));
    ShownComment {
        id: comment.id.clone(),
        number,
        text: text[start.unwrap_or(0)..].to_owned(),
    }
}

/// What differs between an item on GitHub and its twin in Jira, in a field that crosses; each in a sentence.
pub(crate) fn differences(github: &DumpItem, jira: &DumpItem) -> Vec<String> {
    let (left, right) = (shown(Place::Github, github), shown(Place::Jira, jira));
    let mut found = Vec::new();
    let mut differ = |what: &str, left: String, right: String| {
        if left != right {
            found.push(format!(
                "{what} of {} is {left}, of {} {right}",
                github.key, jira.key
            ));
        }
    };
    let text = |text: &String| format!("'{text}'");
    differ("the title", text(&left.title), text(&right.title));
    differ(
        "done",
        format!("{:?}", left.done),
        format!("{:?}", right.done),
    );
    differ(
        "the labels",
        format!("{:?}", left.labels),
        format!("{:?}", right.labels),
    );
    let count = |item: &Shown| item.comments.len().to_string();
    differ("the number of comments", count(&left), count(&right));
    if !has_all_words(&left.body, &right.body) {
        let (github, jira) = (&left.body, &right.body);
        found.push(format!("the text '{jira}' is not that of '{github}'"));
    }
    found
}

/// Whether a text with markup has another one's words in their order: markup adds addresses and numbers of lists.
fn has_all_words(marked: &str, plain: &str) -> bool {
    fn words(text: &str) -> impl Iterator<Item = &str> {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        parts.filter(|part| !part.is_empty())
    }
    let mut rest = words(marked);
    let all = words(plain).all(|word| rest.any(|other| other == word));
    all && words(marked).next().is_some() == words(plain).next().is_some()
}

/// The number in `T17:`, where a text has one.
fn number_after(text: &str, letter: char) -> Option<u32> {
    text.split_whitespace().find_map(|word| {
        let digits = word.strip_prefix(letter)?.strip_suffix(':')?;
        digits.parse().ok()
    })
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a text as its tracker stores it: ADF as JSON, or Markdown with a marker.
fn plain(text: &str) -> String {
    if let Ok(document @ Value::Object(_)) = serde_json::from_str(text) {
        let mut found = String::new();
        collect(&document, &mut found);
        return words(&found);
    }
    let without_marker: Vec<&str> = text
        .lines()
        .filter(|line| {
            !line.starts_with("<!-- twinline:") && !line.starts_with("[//]: # (twinline:")
        })
        .collect();
    words(&without_marker.join("\n"))
}

fn collect(node: &Value, found: &mut String) {
    if let Some(text) = node.get("text").and_then(Value::as_str) {
        found.push_str(text);
    }
    for child in node
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        collect(child, found);
        if child.get("type").and_then(Value::as_str) != Some("text") {
            found.push('\n');
        }
    }
}
