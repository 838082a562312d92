//! The change feed, queries and exact matching.
//!
//! Jira's search lags behind its issues by seconds, seldom minutes; the engine's overlap covers that, and
//! `reconcileIssues` makes a search exact for issues that are named. JQL's times are whole minutes in the time zone of
//! our account, so the feed asks in minutes before now, which has no time zone.

use super::{Jira, client, decode, wire};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::Reply;
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, ItemPage, Opinion, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{Item, ItemId, Version};
use twinline_core::time::Timestamp;

/// Ids that one search can reconcile.
const RECONCILE_MAX: usize = 50;

/// How far the index may lag behind.
pub(super) const INDEX_LAG: Duration = Duration::from_secs(180);

impl Jira {
    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let stored = cursor.page.as_deref().and_then(|page| page.split_once(' '));
        let began = stored
            .and_then(|(began, _)| began.parse().ok())
            .map(Timestamp::from_millis);
        let began = began.unwrap_or_else(|| self.tracker_now());
        let jql = format!(
            "{} AND updated >= {} ORDER BY updated ASC, key ASC",
            in_scope(scope)?,
            ago(cursor.since, began)
        );
        // A page token belongs to its query: the query is worded from the sweep's beginning, so that it stays the same.
        let (found, reply) = client::search(
            &self.client,
            &jql,
            stored.map(|(_, token)| token),
            &[],
            client::OF_VERSION,
        )
        .await?;
        let change = |issue: &wire::Issue| {
            Ok(FeedChange {
                candidate: self.candidate(issue, &reply)?,
                kind: ChangeKind::Field,
            })
        };
        let next = found.next_page_token.map(|token| Cursor {
            since: cursor.since,
            page: Some(format!("{} {token}", began.as_millis())),
        });
        Ok(ChangePage {
            changes: found.issues.iter().map(change).collect::<Result<_, _>>()?,
            next,
            complete_to: began.minus(INDEX_LAG),
        })
    }

    /// One page of the issues of a scope that match a trigger.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let (found, reply) = self
            .listed(scope, trigger, page, client::OF_VERSION)
            .await?;
        found.try_map(|issue| self.candidate(&issue, &reply))
    }

    /// The same of whole issues.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let (found, reply) = self.listed(scope, trigger, page, client::OF_ISSUE).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for issue in &found.items {
            items.push(self.item(issue, &reply, None).await?);
        }
        Ok(ItemPage {
            items,
            next: found.next,
            total: found.total,
            estimate: found.estimate,
        })
    }

    async fn listed(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
        fields: &[&str],
    ) -> Result<(ItemPage<wire::Issue>, Reply), TrackerError> {
        let which = format!("{}{}", in_scope(scope)?, and(trigger)?);
        let jql = format!("{which} ORDER BY key ASC");
        let (found, reply) = client::search(&self.client, &jql, page, &[], fields).await?;
        let estimate = match (page, &found.next_page_token) {
            (None, Some(_)) => self.estimate(&which).await,
            _ => None,
        };
        let page = ItemPage {
            items: found.issues,
            next: found.next_page_token,
            total: None,
            estimate,
        };
        Ok((page, reply))
    }

    /// About how many issues match. Only a person reads it: without it the page is as good.
    async fn estimate(&self, jql: &str) -> Option<u64> {
        let counted = client::count(&self.client, jql).await;
        counted
            .inspect_err(
                |error| tracing::debug!(%error, "Jira does not tell how many issues match"),
            )
            .ok()
    }

    /// Exact: a search over just these issues, reconciled. Jira refuses a query as a whole that names an issue which is
    /// not there or hidden; then only those that are there are asked about.
    pub(super) async fn opinions(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let mut opinions = BTreeMap::new();
        for some in items.chunks(RECONCILE_MAX) {
            let mut there: BTreeSet<String> = some
                .iter()
                .filter(|item| item.id.parse::<u64>().is_ok())
                .map(|item| item.id.clone())
                .collect();
            let matching = match self.matching(trigger, &there).await {
                Err(refused @ TrackerError::Refused { .. }) => {
                    let asked = there.len();
                    let ids: Vec<String> = there.into_iter().collect();
                    let seen = client::bulk(&self.client, &ids).await?;
                    there = seen.into_iter().map(|issue| issue.id).collect();
                    if there.len() == asked {
                        return Err(refused);
                    }
                    self.matching(trigger, &there).await?
                }
                found => found?,
            };
            opinions.extend(connector::opinions(some, &there, &matching));
        }
        Ok(opinions)
    }

    /// Which of these ids match.
    async fn matching(
        &self,
        trigger: &str,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, TrackerError> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let listed = ids.iter().map(String::as_str).collect::<Vec<_>>();
        let jql = format!("id in ({}){}", listed.join(", "), and(trigger)?);
        let reconcile: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let (found, _) =
            client::search(&self.client, &jql, None, &reconcile, client::OF_VERSION).await?;
        Ok(found.issues.into_iter().map(|issue| issue.id).collect())
    }

    /// The greatest number of a key that was surely given before `since` and is surely in the index; 0 for none. An
    /// issue keeps its day of creation when a person moves it into the project and gives it a new key; only an issue
    /// that has rested since then is older than its key.
    pub(super) async fn key_before(
        &self,
        project: &str,
        since: Timestamp,
    ) -> Result<u64, TrackerError> {
        let before = since.minus(INDEX_LAG);
        let jql = format!(
            "project = {} AND created < {then} AND updated < {then} ORDER BY key DESC",
            quoted(project),
            then = ago_at_most(before, self.tracker_now())
        );
        let (found, _) = client::search(&self.client, &jql, None, &[], client::OF_VERSION).await?;
        Ok(found
            .issues
            .iter()
            .filter_map(|issue| number(&issue.key))
            .max()
            .unwrap_or(0))
    }

    /// A listed issue. One without a version is an error: to leave it out would lose its change.
    fn candidate(&self, issue: &wire::Issue, reply: &Reply) -> Result<Candidate, TrackerError> {
        Ok(Candidate {
            reference: self.reference(&issue.id, &issue.key),
            version: Self::version(issue, reply)?,
            marker: decode::marker(issue),
        })
    }

    /// Now, by Jira's clock as far as it is known.
    pub(super) fn tracker_now(&self) -> Timestamp {
        let now = self.client.now().as_millis() + self.client.skew_ms();
        Timestamp::from_millis(now)
    }

    /// The version that an answer shows, or an error that names the place.
    pub(super) fn version(issue: &wire::Issue, reply: &Reply) -> Result<Version, TrackerError> {
        decode::version(issue).ok_or_else(|| reply.unreadable("fields.updated", "no time"))
    }
}

/// The number of a key: 7 of `APP-7`.
pub(super) fn number(key: &str) -> Option<u64> {
    key.rsplit_once('-')?.1.parse().ok()
}

/// JQL of a scope.
fn in_scope(scope: &Scope) -> Result<String, TrackerError> {
    let project = quoted(super::project(scope)?);
    Ok(match scope.get("type") {
        Some(kind) => format!("project = {project} AND issuetype = {}", quoted(kind)),
        None => format!("project = {project}"),
    })
}

/// A trigger as a further condition.
fn and(trigger: &str) -> Result<String, TrackerError> {
    let trigger = trigger.trim();
    if trigger.is_empty() {
        return Ok(String::new());
    }
    let words = trigger
        .to_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if words.contains("order by") {
        return Err(client::refused(Impossible::request(
            "the trigger must not contain ORDER BY: the order is Twinline's",
        )));
    }
    Ok(format!(" AND ({trigger})"))
}

/// A text in JQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// At least as far back as `since`, in whole minutes before now.
fn ago(since: Timestamp, now: Timestamp) -> String {
    format!("\"-{}m\"", minutes(since, now) + 1)
}

/// At most as far back as `since`.
fn ago_at_most(since: Timestamp, now: Timestamp) -> String {
    format!("\"-{}m\"", minutes(since, now) + 2)
}

fn minutes(since: Timestamp, now: Timestamp) -> u64 {
    now.since(since).as_secs().div_ceil(60)
}
