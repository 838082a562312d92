//! Who changed which field when: a ticket's audits. A description has no history, since it never changes.

use super::{Zendesk, client, decode, wire};
use crate::error::TrackerError;
use crate::http::Call;
use twinline_core::effect::FieldChange;
use twinline_core::item::ItemId;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

impl Zendesk {
    /// The changes since an instant, oldest first.
    pub(super) async fn history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        let since = since.floor_to_second();
        let audits = self.audits(item).await?;
        let recent = audits.iter().filter(|audit| audit.created_at >= since);
        Ok(recent.flat_map(changes).collect())
    }

    /// All audits of a ticket, oldest first.
    async fn audits(&self, item: &ItemId) -> Result<Vec<wire::Audit>, TrackerError> {
        let (mut audits, mut after) = (Vec::new(), None);
        let path = client::path(&item.id, "/audits");
        for _ in 0..client::PAGES_MAX {
            let call = Call::get(path.as_str()).query("page[size]", client::PAGE_SIZE);
            let reply = self
                .client
                .send(client::paged(call, after.as_deref()))
                .await?;
            let page: wire::Audits = reply.json()?;
            audits.extend(page.audits);
            after = page.meta.next();
            if after.is_none() {
                return Ok(audits);
            }
        }
        Err(client::endless(&path))
    }
}

/// The changes of one update. A status and its custom status change together, and are one.
fn changes(audit: &wire::Audit) -> Vec<FieldChange> {
    let by = audit.author_id.map(|id| id.to_string()).unwrap_or_default();
    let mut changes: Vec<FieldChange> = Vec::new();
    for event in audit
        .events
        .iter()
        .filter(|event| event["type"] == "Change")
    {
        let Some(name) = event["field_name"].as_str() else {
            continue;
        };
        let field = FieldName::from(decode::ours(name));
        if !changes.iter().any(|known| known.field == field) {
            changes.push(FieldChange {
                field,
                at: audit.created_at,
                by: by.clone(),
            });
        }
    }
    changes
}
