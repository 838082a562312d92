//! Answers of several groups as one.

use crate::api::problem::Problem;
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use twinline_store::GroupId;
use url::form_urlencoded;

/// The length of a page where the caller says nothing, and the greatest: as every group's own API has them.
const PAGE: usize = 50;
const PAGE_MAX: usize = 500;

/// A page of a list that goes on from group to group. Its cursor is the group and that group's cursor: `g1~34`.
#[derive(Debug)]
pub(super) struct Pages {
    path: String,
    /// The query without what says which page.
    query: Vec<(String, String)>,
    limit: usize,
    /// Where the page begins, or goes on.
    from: Option<(String, Option<String>)>,
    items: Vec<Value>,
    /// Whether the present group has been read to its end.
    ended: bool,
    /// The cursor of the next page.
    next: Option<String>,
}

impl Pages {
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let mut pages = Self {
            path: uri.path().to_owned(),
            query: Vec::new(),
            limit: PAGE,
            from: None,
            items: Vec::new(),
            ended: false,
            next: None,
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=PAGE_MAX).contains(limit));
                    let wrong =
                        || Problem::bad_request(format!("limit is {value}; write 1 to {PAGE_MAX}"));
                    pages.limit = limit.ok_or_else(wrong)?;
                }
                "cursor" => {
                    let foreign = || {
                        Problem::bad_request(
                            "the cursor is none of this list: take the 'next' of the page before",
                        )
                    };
                    let (group, cursor) = value.split_once('~').ok_or_else(foreign)?;
                    let cursor = Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty());
                    pages.from = Some((group.to_owned(), cursor));
                }
                _ => pages.query.push((name.into_owned(), value.into_owned())),
            }
        }
        Ok(pages)
    }

    /// What to ask a group, in their order; `None`: on with the next one.
    pub(super) fn next_of(&mut self, group: &GroupId) -> Result<Option<Uri>, Problem> {
        if std::mem::take(&mut self.ended) || self.next.is_some() {
            return Ok(None);
        }
        let cursor = match &self.from {
            Some((from, _)) if group.as_str() < from.as_str() => return Ok(None),
            Some((from, cursor)) if group.as_str() == from.as_str() => cursor.clone(),
            _ => None,
        };
        if self.items.len() >= self.limit {
            self.next = Some(format!("{group}~"));
            return Ok(None);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        query.append_pair("limit", &(self.limit - self.items.len()).to_string());
        if let Some(cursor) = cursor {
            query.append_pair("cursor", &cursor);
        }
        let uri = format!("{}?{}", self.path, query.finish());
        uri.parse()
            .map(Some)
            .map_err(|_| Problem::bad_request("the query cannot be read"))
    }

    /// The present group has nothing of it.
    pub(super) const fn nothing(&mut self) {
        self.ended = true;
    }

    /// A group's answer.
    pub(super) fn take(&mut self, group: &GroupId, body: &[u8]) -> Result<(), Problem> {
        let mut page: Value =
            serde_json::from_slice(body).map_err(|error| unreadable(group, &error))?;
        if let Value::Array(items) = page["items"].take() {
            self.items.extend(items);
        }
        let next = match &page["next"] {
            Value::Null => None,
            Value::String(cursor) => Some(cursor.clone()),
            other => Some(other.to_string()),
        };
        match next {
            None => self.ended = true,
            Some(cursor) if self.items.len() >= self.limit => {
                self.next = Some(format!("{group}~{cursor}"))
            }
            Some(cursor) => self.from = Some((group.to_string(), Some(cursor))),
        }
        Ok(())
    }

    pub(super) fn whole(self) -> Value {
        json!({ "items": self.items, "next": self.next })
    }
}

fn unreadable(group: &GroupId, error: &serde_json::Error) -> Problem {
    let detail = format!("the answer of the group {group} cannot be read: {error}");
    Problem::new(StatusCode::BAD_GATEWAY, "a group answered nonsense", detail)
}

/// What the items of a page are called.
pub(super) fn names(page: &[u8], key: &str) -> BTreeSet<String> {
    let page: Value = serde_json::from_slice(page).unwrap_or_default();
    let items = page["items"].as_array().into_iter().flatten();
    items
        .filter_map(|item| item[key].as_str().map(str::to_owned))
        .collect()
}

/// Where a page of a list goes on; `None`: it is the last.
pub(super) fn next(page: &[u8]) -> Option<String> {
    let page: Value = serde_json::from_slice(page).ok()?;
    page["next"].as_str().map(str::to_owned)
}

/// The expositions of several groups as one: what belongs together stands together, each sample with its group. What is the
/// machine's own has none.
pub(super) fn metrics(texts: &[(GroupId, String)], machine: &str) -> String {
    let mut families: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    let groups = texts
        .iter()
        .map(|(group, text)| (Some(group), text.as_str()));
    for (group, text) in groups.chain([(None, machine)]) {
        let mut family = String::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(rest) = line.strip_prefix("# ") {
                family = rest.split(' ').nth(1).unwrap_or_default().to_owned();
                let heads = &mut families.entry(family.clone()).or_default().0;
                if !heads.iter().any(|head| head == line) {
                    heads.push(line.to_owned());
                }
            } else if let Some((name, value)) = line.rsplit_once(' ') {
                let labelled = match (group, name.split_once('{')) {
                    (None, _) => line.to_owned(),
                    (Some(group), Some((name, rest))) => {
                        format!("{name}{{group=\"{group}\",{rest} {value}")
                    }
                    (Some(group), None) => format!("{name}{{group=\"{group}\"}} {value}"),
                };
                families.entry(family.clone()).or_default().1.push(labelled);
            }
        }
    }
    let mut whole = String::new();
    for (heads, samples) in families.values() {
        for line in heads.iter().chain(samples) {
            // Writing to a string does not fail.
            let _fine = writeln!(whole, "{line}");
        }
    }
    whole.push_str("# EOF\n");
    whole
}
