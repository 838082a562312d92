//! Items that match a trigger and that no feed has shown.
//!
//! A feed lists what has changed lately. An item that could not be seen at that time and is shown later, or that begins to
//! match (a sprint opens, a date passes), without a change of its own, is in no feed and no webhook: only the trigger's own
//! query lists it. So with every audit the queries are read once, page by page, and what they list is held against the
//! connection's twins. Items that have not changed since the connection began stay out: they are the backfill's, which has a
//! budget of its own and may have been cancelled.

use crate::dirty::{self, Hint, is_alive};
use crate::host::{Connection, Inner};
use crate::job::{LISTED_PAGES_MAX, Trouble};
use crate::node::Node;
use crate::scheduler;
use std::sync::Arc;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, Side};
use twinline_core::queue::{Key, Lane};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostTx, TwinState};
use twinline_trackers::Candidate;

/// Reads the queries of all triggers on a node; what is new is looked at like an item that a sweep has found. Answers when
/// that began; `None`: a query lists more than is read, is refused, or its answer cannot be read. What one connection's
/// trigger meets with keeps no other's from being read.
pub(super) async fn look(
    host: &Arc<Inner>,
    node: &Arc<Node>,
) -> Result<Option<Timestamp>, Trouble> {
    let began = host.env.now();
    let (mut whole, mut failed) = (true, None);
    for connection in host.connections_of(node.name()) {
        for side in connection.sides_of(node.name()).collect::<Vec<_>>() {
            match enumerate(host, node, &connection, side).await {
                Ok(read) => whole &= read,
                Err(trouble) if trouble.is_of_the_question() => {
                    tracing::error!(node = %node.name(), connection = %connection.name, %side, %trouble, "the trigger cannot be enumerated");
                    whole = false;
                }
                Err(trouble) if node.is_open() => failed = Some(trouble),
                Err(trouble) => return Err(trouble),
            }
        }
    }
    match failed {
        Some(trouble) => Err(trouble),
        None => Ok(whole.then_some(began)),
    }
}

/// Answers whether the query was read to its end.
async fn enumerate(
    host: &Arc<Inner>,
    node: &Node,
    connection: &Arc<Connection>,
    side: Side,
) -> Result<bool, Trouble> {
    let contract = connection.contract();
    let Some(trigger) = contract.triggers.get(side) else {
        return Ok(true);
    };
    let Some(since) = began(host, node, &connection.name).await? else {
        return Ok(true);
    };
    let mut page: Option<String> = None;
    for _ in 0..LISTED_PAGES_MAX {
        let scope = contract.scopes.get(side);
        let query = node.tracker().query(scope, trigger, page.as_deref());
        let found = node
            .request(query)
            .await
            .map_err(|error| Trouble::of(node.name(), error))?;
        let mut items = found.items;
        items.retain(|item| item.version.updated >= since);
        mark(host, &connection.name, items).await?;
        match found.next {
            Some(next) => page = Some(next),
            None => return Ok(true),
        }
    }
    tracing::warn!(node = %node.name(), connection = %connection.name, %side, "the trigger lists more items than are read");
    Ok(false)
}

/// Since when changes are the connection's, by the tracker's clock: its first version's publication.
async fn began(
    host: &Inner,
    node: &Node,
    connection: &ConnectionName,
) -> Result<Option<Timestamp>, StoreError> {
    let name = connection.clone();
    let versions = host
        .store
        .read(move |read| read.rule_versions(&name))
        .await?;
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let first = versions.iter().map(|version| version.published_at).min();
    Ok(first.map(|first| Timestamp::from_millis(first.as_millis().saturating_add(skew_ms))))
}

async fn mark(
    host: &Arc<Inner>,
    connection: &ConnectionName,
    items: Vec<Candidate>,
) -> Result<(), StoreError> {
    if items.is_empty() {
        return Ok(());
    }
    let (shared, connection) = (Arc::clone(host), connection.clone());
    let marked = host
        .store
        .write(move |tx| {
            let mut hints = Vec::new();
            for item in items {
                let id = item.reference.item;
                // Work that has yet to begin sees it anyway; what waits for another connection says nothing of this one.
                let looks = Key::Candidate(id.clone());
                if shared.scheduler.will_look(&looks, &id) || has_twin(tx, &connection, &id)? {
                    continue;
                }
                let seen = tx.item(&id)?;
                // What was looked at in this version, and did not enter then, mostly does not now either.
                let known = seen.is_some_and(|seen| seen.version == item.version);
                let lane = if known { Lane::Backfill } else { Lane::Live };
                hints.push(Hint::now(id, lane, "enumerated", shared.env.now()));
            }
            dirty::mark(&shared, tx, &hints)
        })
        .await?;
    scheduler::clear(host, marked.announce(host))
}

/// Whether an item is in a twin of the connection, or was unlinked from it for good.
fn has_twin(
    tx: &HostTx<'_>,
    connection: &ConnectionName,
    item: &ItemId,
) -> Result<bool, StoreError> {
    let for_good = TwinState::Unlinked { returns: false };
    let twins = tx.twins_of_item(item)?;
    Ok(twins
        .iter()
        .filter(|twin| twin.connection == *connection)
        .any(|twin| is_alive(twin) || twin.state == for_good))
}
