//! The list's filters and order.
//!
//! An operator stands before the value: `updated_on=>=2026-01-31T09:30:00Z`, `subject=~cart`. Parameters that are no
//! filter are ignored, as Redmine does; so is a filter with an empty value.

use super::Redmine;
use super::model::Issue;
use super::route::{Asked, Failure};
use std::cmp::Ordering;
use std::time::Duration;
use twinline_core::time::Timestamp;

impl Redmine {
    /// The visible issues that match, in order.
    pub(super) fn filtered(&self, asked: &Asked<'_>) -> Result<Vec<&Issue>, Failure> {
        let seen = |issue: &&Issue| !issue.deleted && issue.hidden.is_none();
        let mut found: Vec<&Issue> = self.issues.values().filter(seen).collect();
        // Closed issues are in the list only when a status is asked for.
        let status = asked.call.param("status_id").unwrap_or("open");
        self.keep(&mut found, "status_id", status, asked)?;
        for (name, value) in &asked.call.query {
            if name != "status_id" && !value.is_empty() {
                self.keep(&mut found, name, value, asked)?;
            }
        }
        let sort = asked.call.param("sort").unwrap_or("id:desc");
        found.sort_by(|left, right| self.order(left, right, sort));
        Ok(found)
    }

    fn keep(
        &self,
        found: &mut Vec<&Issue>,
        name: &str,
        value: &str,
        asked: &Asked<'_>,
    ) -> Result<(), Failure> {
        let id = |id: Option<u64>| id.map(|id| id.to_string());
        match name {
            "status_id" => found.retain(|issue| {
                let closed = self
                    .site
                    .status(issue.status)
                    .is_some_and(|status| status.closed);
                match value {
                    "*" => true,
                    "open" | "o" => !closed,
                    "closed" | "c" => closed,
                    ids => listed(ids, Some(issue.status.to_string())),
                }
            }),
            "project_id" => {
                let project = self.site.project(value).ok_or(Failure::NotFound)?;
                found.retain(|issue| issue.project == project.id);
            }
            "issue_id" => found.retain(|issue| listed(value, id(Some(issue.id)))),
            "tracker_id" => found.retain(|issue| listed(value, id(Some(issue.tracker)))),
            "priority_id" => found.retain(|issue| listed(value, id(Some(issue.priority)))),
            "author_id" => {
                let me = me(value, asked);
                found.retain(|issue| listed(&me, id(Some(issue.author))));
            }
            "assigned_to_id" => {
                let me = me(value, asked);
                found.retain(|issue| listed(&me, id(issue.assigned_to)));
            }
            "parent_id" => found.retain(|issue| listed(value, id(issue.parent))),
            "subject" => found.retain(|issue| text(value, &issue.subject)),
            "created_on" => between(found, value, "Created", |issue| Some(issue.created))?,
            "updated_on" => between(found, value, "Updated", |issue| Some(issue.updated))?,
            "closed_on" => between(found, value, "Closed", |issue| issue.closed)?,
            _ => {
                let number = name
                    .strip_prefix("cf_")
                    .and_then(|number| number.parse().ok());
                if let Some(field) = number.and_then(|number| self.site.custom_field(number)) {
                    found.retain(|issue| {
                        let values = issue.custom.get(&field.id).map_or(&[][..], Vec::as_slice);
                        match value {
                            "*" => !values.is_empty(),
                            "!*" => values.is_empty(),
                            _ => values.iter().any(|held| text(value, held)),
                        }
                    });
                }
            }
        }
        Ok(())
    }

    fn order(&self, left: &Issue, right: &Issue, sort: &str) -> Ordering {
        for key in sort.split(',') {
            let (name, direction) = key.trim().split_once(':').unwrap_or((key.trim(), "asc"));
            let order = match name {
                "id" => left.id.cmp(&right.id),
                "updated_on" => left.updated.cmp(&right.updated),
                "created_on" => left.created.cmp(&right.created),
                "subject" => left.subject.cmp(&right.subject),
                "priority" => left.priority.cmp(&right.priority),
                "status" => left.status.cmp(&right.status),
                "project" => left.project.cmp(&right.project),
                _ => Ordering::Equal,
            };
            let order = if direction == "desc" {
                order.reverse()
            } else {
                order
            };
            if order.is_ne() {
                return order;
            }
        }
        right.id.cmp(&left.id)
    }
}

fn me(value: &str, asked: &Asked<'_>) -> String {
    value.replace("me", &asked.caller.id.to_string())
}

/// Whether an id is in `1,2` or `1|2`; `*` is any, `!*` none, `!1` not that one.
fn listed(list: &str, id: Option<String>) -> bool {
    let has = |list: &str| {
        let id = id.as_deref();
        list.split([',', '|']).any(|each| Some(each.trim()) == id)
    };
    match list.strip_prefix('!') {
        Some("*") => id.is_none(),
        Some(others) => !has(others),
        None if list == "*" => id.is_some(),
        None => has(list),
    }
}

fn text(value: &str, held: &str) -> bool {
    let lower = held.to_lowercase();
    match (value.strip_prefix("!~"), value.strip_prefix('~')) {
        (Some(part), _) => !lower.contains(&part.to_lowercase()),
        (None, Some(part)) => lower.contains(&part.to_lowercase()),
        (None, None) => value.split('|').any(|each| each == held),
    }
}

/// Keeps issues whose instant compares: `>=…`, `<=…`, `><from|to`, or one day. Bounds are included.
fn between(
    found: &mut Vec<&Issue>,
    value: &str,
    name: &str,
    instant: impl Fn(&Issue) -> Option<Timestamp>,
) -> Result<(), Failure> {
    let invalid = || Failure::Invalid(vec![format!("{name} is invalid")]);
    let (from, to) = match (
        value.strip_prefix(">="),
        value.strip_prefix("<="),
        value.strip_prefix("><"),
    ) {
        (Some(from), _, _) => (Some(from), None),
        (_, Some(to), _) => (None, Some(to)),
        (_, _, Some(both)) => {
            let (from, to) = both.split_once('|').ok_or_else(invalid)?;
            (Some(from), Some(to))
        }
        _ => (Some(value), Some(value)),
    };
    let from = from
        .map(|text| bound(text, false).ok_or_else(invalid))
        .transpose()?;
    let to = to
        .map(|text| bound(text, true).ok_or_else(invalid))
        .transpose()?;
    found.retain(|issue| {
        instant(issue)
            .is_some_and(|at| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to))
    });
    Ok(())
}

/// An instant, or the first or last second of a day.
fn bound(text: &str, end: bool) -> Option<Timestamp> {
    if text.len() == 10 {
        let start = Timestamp::parse(&format!("{text}T00:00:00Z")).ok()?;
        let day = Duration::from_secs(86_399);
        return Some(if end { start.plus(day) } else { start });
    }
    Timestamp::parse(text).ok()
}
