//! Who changed which field when: an item's updates.

use super::{Azure, client, decode, wire};
use crate::error::TrackerError;
use std::collections::BTreeSet;
use twinline_core::effect::FieldChange;
use twinline_core::item::field;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

impl Azure {
    /// The changes of an item's fields since an instant, newest last. Its creation is none.
    pub(super) async fn history(
        &self,
        id: &str,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        let mut changes = Vec::new();
        let mut read = 0;
        let mut at = None;
        for _ in 0..client::PAGES_MAX {
            let call = client::get(client::path(&format!("wit/workItems/{id}/updates")))
                .query("$top", client::PAGE_ITEMS.to_string())
                .query("$skip", read.to_string());
            let page: wire::Listed<wire::Update> = self.client.send(call).await?.json()?;
            let count = page.value.len();
            read += count;
            for update in &page.value {
                at = changed_at(update).or(at);
                if let Some(at) = at.filter(|at| update.rev > 1 && *at >= since) {
                    changes.extend(changes_of(update, at));
                }
            }
            if count < client::PAGE_ITEMS {
                break;
            }
        }
        Ok(changes)
    }
}

/// When an update was made; `None` where it was at the same instant as the one before. `revisedDate` is when the next one came.
fn changed_at(update: &wire::Update) -> Option<Timestamp> {
    let changed = update.fields.get(decode::CHANGED)?.new.as_str()?;
    Timestamp::parse(changed).ok()
}

fn changes_of(update: &wire::Update, at: Timestamp) -> Vec<FieldChange> {
    let by = update
        .by
        .as_ref()
        .map(|by| decode::user(by).id)
        .unwrap_or_default();
    let names = update
        .fields
        .keys()
        .filter(|name| decode::is_own(name) && *name != decode::CHANGED);
    let mut fields: BTreeSet<&str> = names.map(|name| decode::ours(name)).collect();
    let links = update
        .relations
        .iter()
        .flat_map(|links| links.added.iter().chain(&links.removed));
    if links.into_iter().any(|link| link.rel == decode::PARENT) {
        fields.insert(field::PARENT);
    }
    let change = |field: &str| FieldChange {
        field: FieldName::from(field),
        at,
        by: by.clone(),
    };
    fields.into_iter().map(change).collect()
}
