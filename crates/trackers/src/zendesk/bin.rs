//! Deleted tickets: Zendesk keeps them in a list for 30 days, which is its own word that somebody deleted them.
//!
//! The list may be asked for ten times a minute only, and many tickets may be out of sight at once (a permission was taken
//! away): so what it said is remembered for a moment.

use super::{Zendesk, client, wire};
use crate::error::TrackerError;
use crate::http::Call;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Pages that are read, newest deletions first.
const PAGES_MAX: usize = 5;
/// How long the list is taken to be as it was.
const LIVES: Duration = Duration::from_secs(10);

/// The list, as it was read.
#[derive(Debug, Default)]
pub(super) struct Bin {
    at: Option<Timestamp>,
    ids: BTreeSet<String>,
}

impl Zendesk {
    /// Whether a ticket that is not there lies in the list of deleted ones.
    pub(super) async fn in_bin(&self, id: &str) -> Result<bool, TrackerError> {
        let now = self.client.now();
        {
            let held = self.bin.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = held.at.is_some_and(|at| now.since(at) < LIVES);
            if held.ids.contains(id) && fresh {
                return Ok(true);
            }
            if fresh && held.at != Some(now) {
                return Ok(false);
            }
        }
        let ids = self.deleted_tickets().await?;
        let there = ids.contains(id);
        let mut held = self.bin.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Bin { at: Some(now), ids };
        Ok(there)
    }

    async fn deleted_tickets(&self) -> Result<BTreeSet<String>, TrackerError> {
        let (mut ids, mut after) = (BTreeSet::new(), None);
        for _ in 0..PAGES_MAX {
            let call = Call::get("/api/v2/deleted_tickets")
                .query("sort", "-deleted_at")
                .query("page[size]", client::PAGE_SIZE)
                .key(client::KEY_BIN);
            let reply = self
                .client
                .send(client::paged(call, after.as_deref()))
                .await?;
            let page: wire::Deleted = reply.json()?;
            ids.extend(page.deleted_tickets.iter().map(|one| one.id.to_string()));
            after = page.meta.next();
            if after.is_none() {
                break;
            }
        }
        Ok(ids)
    }
}
