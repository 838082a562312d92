//! Triggers: what stands behind the `?` of Redmine's own issue list, in its short form, `status_id=open&cf_3=yes`.
//!
//! Redmine ignores a parameter that is no filter, and a filter that it does not offer at that place, without a word
//! (`Query#build_from_params`): a slip of the pen would match every issue of the project. So each name must be a filter of
//! `IssueQuery#initialize_available_filters` (Redmine 5.0), and of those that a project, the trackers' disabled fields or
//! the account's permissions may leave out Redmine's list is asked whether they narrow it.

use super::{Redmine, client, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::Call;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// Parameters that would change what the list is, not what it holds.
const RESERVED: &[&str] = &[
    "limit",
    "offset",
    "sort",
    "include",
    "key",
    "project_id",
    "subproject_id",
    "tracker_id",
    "issue_id",
    "page",
];

/// Two values of a filter, of which no issue has both.
type Halves = [&'static str; 2];

/// Something, and nothing.
const ANY: Option<Halves> = Some(["*", "!*"]);
/// For filters that take ids alone.
const ID: Option<Halves> = Some(["1", "!1"]);

/// Redmine's filters; `None` for those that every list has.
const FILTERS: &[(&str, Option<Halves>)] = &[
    ("status_id", None),
    ("priority_id", ID),
    ("author_id", None),
    ("assigned_to_id", ANY),
    ("member_of_group", None),
    ("assigned_to_role", None),
    ("fixed_version_id", ANY),
    ("fixed_version.due_date", None),
    ("fixed_version.status", None),
    (CATEGORY, ANY),
    ("subject", None),
    ("description", ANY),
    ("notes", None),
    ("created_on", None),
    ("updated_on", None),
    ("closed_on", None),
    ("start_date", ANY),
    ("due_date", ANY),
    ("estimated_hours", ANY),
    ("spent_time", ANY),
    ("done_ratio", ANY),
    ("is_private", ID),
    ("attachment", None),
    ("attachment_description", None),
    ("watcher_id", None),
    ("updated_by", None),
    ("last_updated_by", None),
    ("project.status", ID),
    ("parent_id", None),
    ("child_id", None),
    ("relates", None),
    ("duplicates", None),
    ("duplicated", None),
    ("blocks", None),
    ("blocked", None),
    ("precedes", None),
    ("follows", None),
    ("copied_to", None),
    ("copied_from", None),
];

/// The filter that only a project's own list has.
const CATEGORY: &str = "category_id";

/// Likeness below which a name is no suggestion.
const LIKENESS_MIN: f64 = 0.8;

/// A trigger whose names are filters.
#[derive(Debug, PartialEq)]
pub(super) struct Trigger {
    /// Names and values. Without a `status_id` any status is meant, not Redmine's default of open ones.
    pub(super) filters: Vec<(String, String)>,
}

impl Trigger {
    /// Reads a trigger, or says which part of it is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, Impossible> {
        let pairs = url::form_urlencoded::parse(text.trim().trim_start_matches('?').as_bytes());
        let mut filters: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs.into_owned() {
            check(&name, &value)?;
            if filters.iter().any(|(other, _)| *other == name) {
                return Err(Impossible::request(format!(
                    "the trigger has '{name}' twice, of which Redmine takes one: write {name}=A|B"
                )));
            }
            filters.push((name, value));
        }
        if !filters.iter().any(|(name, _)| name == "status_id") {
            filters.push(("status_id".to_owned(), "*".to_owned()));
        }
        Ok(Self { filters })
    }

    /// Whether it has a filter that only a project's own list has.
    pub(super) fn is_of_a_project(&self) -> bool {
        self.filters.iter().any(|(name, _)| name == CATEGORY)
    }
}

fn check(name: &str, value: &str) -> Result<(), Impossible> {
    let refused = |why: String| Err(Impossible::part("trigger", why));
    if name.is_empty() || value.is_empty() {
        return refused(format!(
            "the trigger's part '{name}={value}' is not FILTER=VALUE"
        ));
    }
    if RESERVED.contains(&name) {
        return refused(format!(
            "the trigger must not contain '{name}': the scope says where, and paging is Twinline's"
        ));
    }
    if halves(name).is_some() {
        return Ok(());
    }
    let likeness = |(other, _): &(&'static str, _)| (strsim::jaro_winkler(name, other), *other);
    let nearest = FILTERS.iter().map(likeness);
    let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0));
    let suggestion = match nearest {
        Some((likeness, other)) if likeness >= LIKENESS_MIN => format!(": did you mean '{other}'?"),
        _ => ": write FILTER=VALUE, such as status_id=open&cf_3=yes".to_owned(),
    };
    refused(format!(
        "Redmine's issue list has no filter '{name}'{suggestion}"
    ))
}

/// How to see whether a list has a filter; `None` for a name that is none.
fn halves(name: &str) -> Option<Option<Halves>> {
    let known = FILTERS.iter().find(|(other, _)| *other == name);
    if let Some((_, halves)) = known {
        return Some(*halves);
    }
    // `cf_3`, of what an issue refers to (`author.cf_3`), or of what a custom field refers to (`cf_3.due_date`).
    let custom = |part: &str| {
        let id = part.strip_prefix("cf_");
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_custom = match name.split_once('.') {
        None => custom(name),
        Some(("project" | "author" | "assigned_to" | "fixed_version", part)) => custom(part),
        Some((part, "due_date" | "status")) => custom(part),
        Some((part, other)) => custom(part) && custom(other),
    };
    is_custom.then_some(ANY)
}

impl Redmine {
    /// Refuses a trigger with a filter that a list does not have. `list` is the list without filters, and `place` what
    /// tells it from others.
    ///
    /// Of the issues of a list at most half can have the less frequent of two halves; where a filter is ignored, all have.
    /// An empty list tells nothing, and nothing is taken from it either.
    pub(super) async fn check_offered(
        &self,
        trigger: &Trigger,
        place: &str,
        list: &Call,
    ) -> Result<(), TrackerError> {
        for (name, _) in &trigger.filters {
            let Some([one, other]) = halves(name).flatten() else {
                continue;
            };
            let key = (place.to_owned(), name.clone());
            if self.offered().contains(&key) {
                continue;
            }
            let any = list.clone().query("status_id", "*");
            let all = self.count(any.clone()).await?;
            let one = self.count(any.clone().query(name, one)).await?;
            let other = self.count(any.query(name, other)).await?;
            if one.min(other) * 2 > all {
                return Err(client::refused(Impossible::part(
                    "trigger",
                    format!(
                        "Redmine ignores the filter '{name}' here: there is no such field, it is not \"used as a filter\", \
                         or the project or the permissions of this account leave it out"
                    ),
                )));
            }
            if all > 0 {
                self.offered().insert(key);
            }
        }
        Ok(())
    }

    fn offered(&self) -> std::sync::MutexGuard<'_, BTreeSet<(String, String)>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn count(&self, list: Call) -> Result<u64, TrackerError> {
        let page = self.client.send(list.query("limit", "1")).await?;
        Ok(page.json::<wire::Many>()?.total_count)
    }
}

#[cfg(test)]
mod tests;
