//! Links of work items: each between two of them is seen from both ends.

use super::AzureDevOps;
use super::change::Plan;
use super::failure::Failure;
use super::files::ATTACHED;
use super::model::{HYPERLINK, LINK_TYPES, PARENT, Relation, target};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl AzureDevOps {
    /// A link that a document adds.
    pub(super) fn read_relation(
        &self,
        plan: &Plan,
        id: u64,
        value: &Value,
    ) -> Result<Relation, Failure> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (rel, url) = (text("rel"), text("url"));
        let mut attributes = value
            .get("attributes")
            .filter(|value| value.is_object())
            .cloned();
        if rel == HYPERLINK {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(invalid(format!(
                    "VS402337: The hyperlink '{url}' is not a valid address."
                )));
            }
            return Ok(Relation {
                rel,
                url,
                attributes: attributes.unwrap_or_else(|| json!({})),
            });
        }
        if rel == ATTACHED {
            let said = attributes.unwrap_or_else(|| json!({}));
            return self.read_file_link(&url, &said);
        }
        let known = LINK_TYPES.iter().find(|(known, ..)| *known == rel);
        let (_, name, _) = known
            .ok_or_else(|| invalid(format!("TF201035: The link type '{rel}' does not exist.")))?;
        let other = target(&url).ok_or_else(|| {
            invalid(format!(
                "VS402337: '{url}' is not the address of a work item."
            ))
        })?;
        if !self
            .items
            .get(&other)
            .is_some_and(super::model::WorkItem::is_alive)
        {
            return Err(Failure::no_item(other));
        }
        let there =
            |relation: &&Relation| relation.rel == rel && target(&relation.url) == Some(other);
        if plan.relations.iter().any(|relation| there(&relation)) {
            return Err(invalid(format!(
                "Relation already exists: {rel} to {other}."
            )));
        }
        let has_parent = plan.relations.iter().any(|relation| relation.rel == PARENT);
        if rel == PARENT && (has_parent || self.is_above(id, other)) {
            return Err(invalid(format!(
                "TF201036: You cannot add a Parent link between work items {id} and {other} because a work item can have only one Parent link, and links cannot be circular."
            )));
        }
        let attributes = attributes.get_or_insert_with(|| json!({}));
        attributes["isLocked"] = json!(false);
        attributes["name"] = json!(name);
        Ok(Relation {
            rel,
            url: self.item_url(other),
            attributes: attributes.clone(),
        })
    }

    /// Whether an item is another one, or above it.
    fn is_above(&self, item: u64, other: u64) -> bool {
        let mut seen = BTreeSet::new();
        let mut at = Some(other);
        while let Some(id) = at.filter(|id| seen.insert(*id)) {
            if id == item {
                return true;
            }
            at = self.parent(id);
        }
        false
    }

    fn parent(&self, id: u64) -> Option<u64> {
        let mut relations = self.items.get(&id)?.relations.iter();
        let parent = relations.find(|relation| relation.rel == PARENT)?;
        target(&parent.url)
    }

    /// Shows at their other ends the links that an item is about to have, and no longer those that it is about to lose. That
    /// makes no revision there.
    pub(super) fn reflect(&mut self, id: u64, relations: &[Relation]) {
        let before = self.item(id).relations.clone();
        let url = self.item_url(id);
        for (gone, links) in [(true, &before[..]), (false, relations)] {
            let others = if gone { relations } else { &before[..] };
            for link in links.iter().filter(|link| !others.contains(link)) {
                let back = LINK_TYPES.iter().find(|(rel, ..)| *rel == link.rel);
                let (Some((.., back)), Some(other)) = (back, target(&link.url)) else {
                    continue;
                };
                let name = LINK_TYPES.iter().find(|(rel, ..)| rel == back);
                let name = name.map_or("", |(_, name, _)| name);
                let Some(other) = self.items.get_mut(&other) else {
                    continue;
                };
                other
                    .relations
                    .retain(|known| !(known.rel == *back && known.url == url));
                if !gone {
                    other.relations.push(Relation {
                        rel: (*back).to_owned(),
                        url: url.clone(),
                        attributes: json!({"isLocked": false, "name": name}),
                    });
                }
                // The newest revision shows what there is.
                if let Some(last) = other.revisions.last_mut() {
                    last.relations.clone_from(&other.relations);
                }
            }
        }
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "WorkItemLinkException", message)
}
