//! `GET /search/issues`, over an index that lags behind.

use super::Github;
use super::failure::{Failure, Reply};
use super::model::{Issue, Place, Repo};
use super::page::Page;
use super::routes::Ask;
use crate::call;
use http::StatusCode;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// Results that a search gives at most (docs.github.com, "Search").
const MAX_RESULTS: usize = 1_000;

impl Github {
    /// Remembers what the index shows of an issue that changes now, until the lag has passed.
    pub(super) fn index_before(&mut self, now: Timestamp, place: Place, before: Option<Issue>) {
        if self.index_lag.is_zero() {
            return;
        }
        let until = now.plus(self.index_lag);
        match self.shadows.get_mut(&place) {
            Some((end, _)) if *end > now => *end = until,
            _ => {
                self.shadows.insert(place, (until, before));
            }
        }
    }

    pub(super) fn search(&mut self, ask: &Ask<'_>) -> Reply {
        let Some(text) = ask.call.param("q").filter(|text| !text.trim().is_empty()) else {
            return Err(Failure::validation(
                json!({"resource": "Search", "field": "q", "code": "missing"}),
            ));
        };
        let terms = terms(text);
        self.check_repositories(&terms)?;
        self.shadows.retain(|_, (until, _)| *until > ask.now);
        let mut found: Vec<(&Repo, &Issue)> = Vec::new();
        for (index, repo) in self.repos.iter().enumerate() {
            for (number, live) in &repo.issues {
                let indexed = match self.shadows.get(&(index, *number)) {
                    Some((_, before)) => before.as_ref(),
                    None => Some(live),
                };
                let shown = indexed.filter(|issue| {
                    repo.offers(issue) && issue.is_listed() && live.hidden.is_none()
                });
                found.extend(
                    shown
                        .filter(|issue| terms.iter().all(|term| term.takes(repo, issue)))
                        .map(|issue| (repo, issue)),
                );
            }
        }
        match ask.call.param("sort") {
            Some("updated") => {
                found.sort_by_key(|(_, issue)| (issue.updated.floor_to_second(), issue.id))
            }
            Some("comments") => found.sort_by_key(|(_, issue)| (issue.comments.len(), issue.id)),
            _ => found.sort_by_key(|(_, issue)| (issue.created, issue.id)),
        }
        if ask.call.param("order") != Some("asc") {
            found.reverse();
        }
        let page = Page::of(ask);
        if (page.number - 1).saturating_mul(page.size) >= MAX_RESULTS {
            let message = "Only the first 1000 search results are available";
            return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        let total = found.len();
        let items: Value = page
            .cut(found)
            .into_iter()
            .map(|(repo, issue)| self.result(repo, issue))
            .collect();
        let body = json!({
            "total_count": total, "incomplete_results": false, "items": items, "search_type": "lexical",
        });
        let mut response = call::json(StatusCode::OK, &body);
        self.set_link(ask, page, total.min(MAX_RESULTS), &mut response);
        Ok(response)
    }

    fn result(&self, repo: &Repo, issue: &Issue) -> Value {
        let mut body = self.issue_json(repo, issue);
        body["score"] = json!(1.0);
        if issue.body.is_none() {
            // The description has no null here, although issues themselves do.
            body["body"] = json!("");
        }
        body
    }

    fn check_repositories(&self, terms: &[Term]) -> Result<(), Box<Failure>> {
        let known = |name: &str| {
            name.split_once('/')
                .is_some_and(|(owner, name)| self.find_repo(owner, name).is_some())
        };
        if terms
            .iter()
            .any(|term| term.key == "repo" && !known(&term.value))
        {
            return Err(Failure::validation(json!({
                "message": "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.",
                "resource": "Search", "field": "q", "code": "invalid",
            })));
        }
        Ok(())
    }
}

/// One part of a query: `-label:"help wanted"`, or a word with an empty key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    key: String,
    value: String,
}

impl Term {
    fn takes(&self, repo: &Repo, issue: &Issue) -> bool {
        let holds = match (self.key.as_str(), self.value.as_str()) {
            ("repo", name) => name.eq_ignore_ascii_case(&format!("{}/{}", repo.owner, repo.name)),
            ("org" | "user", name) => repo.owner.eq_ignore_ascii_case(name),
            ("is" | "type" | "state", "issue") => !issue.is_pull_request,
            ("is" | "type" | "state", "pr" | "pull-request") => issue.is_pull_request,
            ("is" | "state", "open") => issue.closed.is_none(),
            ("is" | "state", "closed") => issue.closed.is_some(),
            ("reason", reason) => {
                let reason = reason.replace(' ', "_");
                issue
                    .closed
                    .as_ref()
                    .is_some_and(|closed| closed.reason == reason)
            }
            ("label", names) => names
                .split(',')
                .any(|name| issue.labels.contains(&name.trim().to_lowercase())),
            ("author", login) => issue.author.eq_ignore_ascii_case(login),
            ("assignee", login) => issue
                .assignees
                .iter()
                .any(|one| one.eq_ignore_ascii_case(login)),
            ("milestone", title) => issue
                .milestone
                .and_then(|number| repo.milestones.get(&number))
                .is_some_and(|milestone| milestone.title.eq_ignore_ascii_case(title)),
            ("no", "label") => issue.labels.is_empty(),
            ("no", "assignee") => issue.assignees.is_empty(),
            ("no", "milestone") => issue.milestone.is_none(),
            ("updated", range) => in_range(issue.updated, range),
            ("created", range) => in_range(issue.created, range),
            ("closed", range) => issue
                .closed
                .as_ref()
                .is_some_and(|closed| in_range(closed.at, range)),
            ("in" | "sort", _) => return true,
            _ => issue_text(issue).contains(&self.value.to_lowercase()),
        };
        holds != self.negated
    }
}

fn issue_text(issue: &Issue) -> String {
    let mut text = format!(
        "{}\n{}",
        issue.title,
        issue.body.as_deref().unwrap_or_default()
    );
    for comment in &issue.comments {
        text.push('\n');
        text.push_str(&comment.body);
    }
    text.to_lowercase()
}

/// `>=2026-01-01`, `<2026-01-01T00:00:00Z`, `A..B`; a day without a time is its start.
fn in_range(at: Timestamp, range: &str) -> bool {
    let read = |text: &str| {
        Timestamp::parse(text)
            .or_else(|_| Timestamp::parse(&format!("{text}T00:00:00Z")))
            .ok()
    };
    let at = at.floor_to_second();
    if let Some((from, to)) = range.split_once("..") {
        let after = from == "*" || read(from).is_some_and(|from| at >= from);
        return after && (to == "*" || read(to).is_some_and(|to| at <= to));
    }
    if let Some(text) = range.strip_prefix(">=") {
        return read(text).is_some_and(|bound| at >= bound);
    }
    if let Some(text) = range.strip_prefix("<=") {
        return read(text).is_some_and(|bound| at <= bound);
    }
    if let Some(text) = range.strip_prefix('>') {
        return read(text).is_some_and(|bound| at > bound);
    }
    if let Some(text) = range.strip_prefix('<') {
        return read(text).is_some_and(|bound| at < bound);
    }
    at.to_string().starts_with(range)
}

/// Splits a query at spaces outside of quotation marks.
fn terms(text: &str) -> Vec<Term> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words
                .last_mut()
                .expect("there is always a last word")
                .push(other),
        }
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    let term = |word: String| {
        let (negated, word) = word
            .strip_prefix('-')
            .map_or((false, word.as_str()), |rest| (true, rest));
        let (key, value) = word.split_once(':').unwrap_or(("", word));
        Term {
            negated,
            key: key.to_lowercase(),
            value: value.to_owned(),
        }
    };
    words.map(term).collect()
}
