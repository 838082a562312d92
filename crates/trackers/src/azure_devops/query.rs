//! Queries and exact matching in WIQL, the Work Item Query Language.
//!
//! A trigger is a condition, what stands behind `WHERE`: `[System.State] <> 'Closed' AND [System.Tags] CONTAINS 'sync'`.
//! Queries read the work items themselves; no lag of theirs is documented.

use super::{Azure, client, decode, wire};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::Reply;
use crate::tracker::{Candidate, ItemPage, Opinion, Scope};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Item, ItemId};

/// Key words that would make another query of a condition.
const RESERVED: &[&str] = &["select", "from", "where", "order", "asof", "mode"];

impl Azure {
    /// One page of the items of a scope that match a trigger.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let (ids, next) = self.page(scope, trigger, page).await?;
        let fields = json!({ "fields": [decode::CHANGED] });
        let (found, reply) = client::items(&self.client, &ids, fields).await?;
        let mut items = Vec::with_capacity(found.len());
        for item in &found {
            items.push(self.candidate(item, reply.as_ref())?);
        }
        Ok(ItemPage {
            items,
            next,
            total: None,
            estimate: None,
        })
    }

    /// The same of whole items.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let (ids, next) = self.page(scope, trigger, page).await?;
        let links = json!({ "$expand": "relations" });
        let (found, reply) = client::items(&self.client, &ids, links).await?;
        let mut items = Vec::with_capacity(found.len());
        if let Some(reply) = &reply {
            for item in &found {
                items.push(self.item(item, reply, None).await?);
            }
        }
        Ok(ItemPage {
            items,
            next,
            total: None,
            estimate: None,
        })
    }

    /// The ids on a page, and the next page: pages go by ids, which only grow.
    async fn page(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<(Vec<u64>, Option<String>), TrackerError> {
        let after: u64 = page.map_or(Ok(0), str::parse).map_err(|_| {
            let page = page.unwrap_or_default();
            client::refused(Impossible::request(format!(
                "'{page}' is no page of a query"
            )))
        })?;
        let conditions = format!("{}{}", in_scope(scope)?, and(trigger)?);
        let wiql = format!(
            "SELECT [System.Id] FROM WorkItems WHERE {conditions} AND [System.Id] > {after} ORDER BY [System.Id]"
        );
        let ids = client::query(&self.client, &wiql).await?;
        let full = ids.len() >= client::PAGE_ITEMS;
        let next = ids.last().filter(|_| full).map(u64::to_string);
        Ok((ids, next))
    }

    /// Exact: the same condition, narrowed to the items in question.
    pub(super) async fn opinions(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let condition = and(trigger)?;
        let mut opinions = BTreeMap::new();
        for some in items.chunks(client::PAGE_ITEMS) {
            let ids: Vec<&str> = some
                .iter()
                .filter(|item| item.id.parse::<u64>().is_ok())
                .map(|item| item.id.as_str())
                .collect();
            if ids.is_empty() {
                continue;
            }
            let these = format!("[System.Id] IN ({})", ids.join(", "));
            let matching = self.ids(&format!("{these}{condition}")).await?;
            // One that is not found differs, or is not there.
            let there = match matching.len() == ids.len() {
                true => matching.clone(),
                false => self.ids(&these).await?,
            };
            opinions.extend(connector::opinions(some, &there, &matching));
        }
        Ok(opinions)
    }

    async fn ids(&self, condition: &str) -> Result<BTreeSet<String>, TrackerError> {
        let wiql = format!("SELECT [System.Id] FROM WorkItems WHERE {condition}");
        let ids = client::query(&self.client, &wiql).await?;
        Ok(ids.iter().map(u64::to_string).collect())
    }

    /// A listed item. One without a version is an error: to leave it out would lose its change.
    pub(super) fn candidate(
        &self,
        item: &wire::WorkItem,
        reply: Option<&Reply>,
    ) -> Result<Candidate, TrackerError> {
        let version = decode::version(item).ok_or_else(|| match reply {
            Some(reply) => reply.unreadable("fields", "no time of change"),
            None => TrackerError::Unreadable {
                tracker: super::TRACKER.to_owned(),
                place: client::path("wit"),
                reason: "no time of change".to_owned(),
            },
        })?;
        Ok(Candidate {
            reference: self.reference(item.id),
            version,
            marker: super::text::marker(item),
        })
    }
}

/// The conditions of a scope.
fn in_scope(scope: &Scope) -> Result<String, TrackerError> {
    let project = super::project(scope)?;
    let mut conditions = format!("[{}] = {}", decode::PROJECT, quoted(project));
    for (key, field) in [("type", decode::TYPE), ("area", decode::AREA)] {
        if let Some(value) = scope.get(key) {
            conditions.push_str(&format!(" AND [{field}] = {}", quoted(value)));
        }
    }
    Ok(conditions)
}

/// A trigger as a further condition.
fn and(trigger: &str) -> Result<String, TrackerError> {
    let trigger = trigger.trim();
    if trigger.is_empty() {
        return Ok(String::new());
    }
    check(trigger).map_err(|why| client::refused(Impossible::part("trigger", why)))?;
    Ok(format!(" AND ({trigger})"))
}

/// Whether a trigger is one condition: closed in itself, and without a word that begins another part of a query.
fn check(trigger: &str) -> Result<(), String> {
    let mut open = 0_i64;
    let mut outside = String::new();
    let mut chars = trigger.chars();
    while let Some(c) = chars.next() {
        let closing = match c {
            '\'' | '"' => c,
            '[' => ']',
            _ => {
                open += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                if open < 0 {
                    return Err("the trigger closes a parenthesis that it does not open".to_owned());
                }
                outside.push(c);
                continue;
            }
        };
        if !chars.any(|c| c == closing) {
            return Err(format!("the trigger opens a {c} and does not close it"));
        }
        outside.push(' ');
    }
    if open > 0 {
        return Err("the trigger opens a parenthesis and does not close it".to_owned());
    }
    let mut words = outside.split(|c: char| !c.is_alphanumeric() && c != '_');
    let reserved = words.find(|word| {
        RESERVED
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word))
    });
    match reserved {
        Some(word) => Err(format!(
            "the trigger must not contain {word}: write only the condition, what stands behind WHERE; the scope and the order are Twinline's"
        )),
        None => Ok(()),
    }
}

/// A text in WIQL.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a batch is asked for beside ids.
pub(super) fn only(fields: &[&str]) -> Json {
    json!({ "fields": fields })
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
