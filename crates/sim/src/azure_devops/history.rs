//! An item's past: its revisions, and what each changed.

use super::AzureDevOps;
use super::failure::{Answer, Failure, listed};
use super::model::{Fields, Relation, Revision, WorkItem};
use super::request::Asked;
use super::show::{Wanted, instant, relation};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How many updates or revisions one answer has.
const PAGE_MAX: usize = 200;

/// When the newest revision was replaced: never.
const NEVER: &str = "9999-01-01T00:00:00Z";

impl AzureDevOps {
    pub(super) fn list_updates(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let item = self.visible(asked, id)?;
        let part = page(asked)?;
        let all = item.revisions.iter().skip(part.0).take(part.1);
        Ok(listed(
            all.map(|revision| self.update(item, revision)).collect(),
        ))
    }

    pub(super) fn list_revisions(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let item = self.visible(asked, id)?;
        let part = page(asked)?;
        let wanted = Wanted {
            relations: asked.expands("relations"),
            ..Wanted::default()
        };
        let all = item.revisions.iter().skip(part.0).take(part.1);
        Ok(listed(
            all.map(|revision| self.at_revision(item, revision, &wanted))
                .collect(),
        ))
    }

    /// What a revision changed, as lists and service hooks show it.
    pub(super) fn update(&self, item: &WorkItem, revision: &Revision) -> Value {
        let before = revision
            .rev
            .checked_sub(2)
            .and_then(|place| item.revisions.get(place));
        let none = Fields::new();
        let fields = self.changed(
            before.map_or(&none, |before| &before.fields),
            &revision.fields,
        );
        let replaced = item
            .revisions
            .get(revision.rev)
            .map(|next| instant(next.at));
        let mut out = json!({
            "id": revision.rev,
            "workItemId": item.id,
            "rev": revision.rev,
            "revisedBy": self.identity(&revision.by),
            "revisedDate": replaced.unwrap_or_else(|| NEVER.to_owned()),
            "fields": fields,
            "url": format!("{}/updates/{}", self.item_url(item.id), revision.rev),
        });
        let held = before.map_or(&[][..], |before| &before.relations);
        let without = |from: &[Relation], other: &[Relation]| -> Vec<Value> {
            from.iter()
                .filter(|link| !other.contains(link))
                .map(relation)
                .collect()
        };
        let added = without(&revision.relations, held);
        let removed = without(held, &revision.relations);
        if !added.is_empty() || !removed.is_empty() {
            out["relations"] = json!({});
            for (name, links) in [("added", added), ("removed", removed)] {
                if !links.is_empty() {
                    out["relations"][name] = json!(links);
                }
            }
        }
        out
    }

    fn changed(&self, before: &Fields, after: &Fields) -> Map<String, Value> {
        let (before, after) = (self.fields(before), self.fields(after));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let mut out = Map::new();
        for name in names {
            // What was said is said anew, never taken back.
            let said = name == "System.History";
            let (old, new) = (before.get(name).filter(|_| !said), after.get(name));
            if old == new || (said && new.is_none()) {
                continue;
            }
            let mut change = json!({});
            for (part, value) in [("oldValue", old), ("newValue", new)] {
                if let Some(value) = value {
                    change[part] = value.clone();
                }
            }
            out.insert(name.clone(), change);
        }
        out
    }
}

fn page(asked: &Asked<'_>) -> Result<(usize, usize), Failure> {
    Ok((
        asked.number("$skip", 0, usize::MAX)?,
        asked.number("$top", PAGE_MAX, PAGE_MAX)?,
    ))
}
