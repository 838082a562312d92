//! What must hold at any moment, in the middle of the chaos too: the ledger is never ahead of the truth, and no queue
//! outgrows its limit.

use super::deeds::{Deed, Deeds, What};
use super::place::Place;
use super::world::World;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::capability::ChangeKind;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;
use twinline_engine::{Host, HostSettings};
use twinline_sim::Dump;
use twinline_store::host::{HostRead, ItemRow, Twin, TwinStateName};
use twinline_store::{StoreError, inbox::InboxLimits, inbox::NodeUse};

/// One look at a running host.
pub(super) struct Watch<'a> {
    pub(super) world: &'a World,
    pub(super) deeds: &'a Deeds,
    pub(super) dumps: &'a BTreeMap<Place, Dump>,
    pub(super) settings: &'a HostSettings,
}

/// A deed as the ledger would account for it.
struct Claim {
    place: Place,
    kind: ChangeKind,
    at: Timestamp,
    /// The tracker's own id.
    ids: BTreeSet<String>,
    enters: bool,
    said: String,
}

impl Watch<'_> {
    /// Everything that does not hold now. A store that has just died answers nothing; then nothing is judged.
    pub(super) async fn look(&self, host: &Host) -> Result<Vec<String>> {
        let claims: Vec<Claim> = self.deeds.0.iter().filter_map(|d| self.claim(d)).collect();
        let unaccounted = host.store().read(move |read| ahead(read, &claims)).await;
        let Ok(mut faults) = unaccounted else {
            return Ok(Vec::new());
        };
        let Ok(status) = host.status().await else {
            return Ok(faults);
        };
        let depths = status.depths;
        // Every node has room for one item in each lane.
        let most = 2 * self.settings.queued_max.max(status.nodes.len());
        if depths.dirty > most {
            faults.push(format!("more than {most} items in memory: {depths:?}"));
        }
        let jobs_max = self.settings.jobs_max;
        if depths.running > jobs_max {
            faults.push(format!("more than {jobs_max} jobs at once: {depths:?}"));
        }
        let items: usize = self.dumps.values().map(|dump| dump.items.len()).sum();
        let dirty: u64 = status
            .nodes
            .iter()
            .map(|node| node.dirty_live + node.dirty_backfill)
            .sum();
        if dirty > items as u64 {
            faults.push(format!("{dirty} dirty items, and there are {items}"));
        }
        Ok(faults)
    }

    /// `None`: not everybody sees it, or nobody can see it any more.
    fn claim(&self, deed: &Deed) -> Option<Claim> {
        let kind = match deed.what {
            What::Created { .. } => ChangeKind::Created,
            What::Title(_) | What::Body(_) | What::Status { .. } | What::Label { .. } => {
                ChangeKind::Field
            }
            What::Comment { edited: false, .. } => ChangeKind::CommentAdded,
            What::Comment { edited: true, .. } => ChangeKind::CommentEdited,
            What::Uncomment { .. } => ChangeKind::CommentDeleted,
            What::Deleted => return None,
        };
        let item = self.dumps[&deed.place].item(&deed.key)?;
        if !deed.changed || item.deleted || self.deeds.was_hidden(deed.place, &deed.key) {
            return None;
        }
        Some(Claim {
            place: deed.place,
            kind,
            at: deed.at,
            ids: BTreeSet::from([item.id.clone(), item.key.clone()]),
            enters: self.world.enters(deed.place),
            said: format!("{:?} on {}", deed.what, deed.key),
        })
    }
}

/// The claims that the ledger makes and the store does not bear out: the change is neither seen, nor waiting, nor held.
fn ahead(read: &HostRead<'_>, claims: &[Claim]) -> Result<Vec<String>, StoreError> {
    let ledger = read.ledger()?;
    let dirty = read.dirty_page(0, u32::MAX)?;
    let mut faults = Vec::new();
    for claim in claims {
        let node = claim.place.node();
        let line = ledger
            .iter()
            .find(|row| row.node == node && row.kind == claim.kind);
        let Some(to) = line.and_then(|row| row.accounted_to) else {
            continue;
        };
        let waits = dirty
            .iter()
            .any(|row| row.item.node == node && claim.ids.contains(&row.item.id));
        if claim.at >= to || waits {
            continue;
        }
        let ids = claim.ids.iter().map(|id| ItemId {
            node: node.clone(),
            id: id.clone(),
        });
        let mut row = None;
        let mut twins = Vec::new();
        for id in ids {
            row = row.or(read.item(&id)?);
            twins.extend(read.twins_of_item(&id)?);
        }
        let known = row.as_ref().map(|row| row.version.updated.to_string());
        if !borne_out(claim, row.as_ref(), &twins) {
            faults.push(format!(
                "the ledger of {node} claims {:?} up to {to}, and what it knows of {} at {} is of {known:?}",
                claim.kind, claim.said, claim.at
            ));
        }
    }
    Ok(faults)
}

fn borne_out(claim: &Claim, row: Option<&ItemRow>, twins: &[Twin]) -> bool {
    // The version of some trackers is a whole second.
    let seen = row.is_some_and(|row| row.version.updated >= claim.at.floor_to_second());
    let rests = twins.iter().any(|twin| {
        matches!(
            twin.state.name(),
            TwinStateName::Asleep | TwinStateName::Quarantined | TwinStateName::Unlinked
        )
    });
    seen || rests || (twins.is_empty() && !claim.enters)
}

/// What an inbox holds above its limits.
pub(super) fn inbox(usage: &[NodeUse], limits: &InboxLimits) -> Vec<String> {
    let mut faults = Vec::new();
    for node in usage {
        if node.bytes > limits.node_max_bytes {
            faults.push(format!("the inbox holds too much of one node: {node:?}"));
        }
    }
    let total: u64 = usage.iter().map(|node| node.bytes).sum();
    if total > limits.total_max_bytes {
        faults.push(format!("the inbox holds {total} bytes"));
    }
    faults
}
