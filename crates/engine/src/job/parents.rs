//! The parents of a twin's items, as both sides call them: what is known of them, and who waits for one.
//!
//! A parent whose cluster does not reach the other side does not cross (`twinline_core::parents`). That the twin waits for
//! it is durable before the plan that leaves it out; the step that brings the parent's cluster there marks who waits.

use super::context::Context;
use super::trouble::Trouble;
use crate::dirty::{Hint, is_alive};
use crate::host::{Connection, Inner};
use crate::node::Node;
use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::contract::Contract;
use twinline_core::item::{Fetched, Item, Value, field};
use twinline_core::names::{RootId, Side, Sides};
use twinline_core::parents::{Parents, keys_of};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Seen;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, HostTx, ParentWait, TwinState};

fn parent_of(item: Option<&Item>) -> Option<String> {
    match item?.get(field::PARENT)? {
        Value::Text(key) => Some(key.clone()),
        _ => None,
    }
}

fn cross(contract: &Contract) -> bool {
    contract.fields.values().any(|field| field.parent)
}

/// What an item that one side knows by this key is called on the other side.
fn counterpart(
    read: &HostRead<'_>,
    contract: &Contract,
    side: Side,
    key: &str,
) -> Result<Option<String>, StoreError> {
    let (here, other) = (contract.nodes.get(side), side.other());
    let (there, scope) = (contract.nodes.get(other), contract.scopes.get(other));
    let called = read.items_by_key(key)?.into_iter();
    let mut called = called.filter(|row| row.reference.item.node == *here);
    let Some(root) = called.find_map(|row| row.root) else {
        return Ok(None);
    };
    let mut rows = read.items_of_root(&root)?;
    rows.retain(|row| row.reference.item.node == *there);
    // A cluster may have items in several places of the node.
    let own = rows.iter().find(|row| row.scope == *scope);
    let only = rows.first().filter(|_| rows.len() == 1);
    Ok(own.or(only).map(|row| row.reference.key.clone()))
}

/// The parents that a plan of a twin may meet.
pub(super) async fn known(
    host: &Inner,
    connection: &Connection,
    nodes: &Sides<Arc<Node>>,
    context: &Context,
    seen: &Sides<Seen>,
) -> Result<Parents, Trouble> {
    let contract = connection.contract();
    if !cross(contract) {
        return Ok(Parents::default());
    }
    let mut keys = Sides::<BTreeSet<String>>::default();
    for side in Side::BOTH {
        let own = keys.get_mut(side);
        own.extend(parent_of(seen.get(side).item()));
        if let Some(base) = context.bases.get(side) {
            own.extend(parent_of(Some(&base.observation)));
            keys.left.extend(keys_of(contract, &base.fields));
        }
    }
    let contract = contract.clone();
    let read = host.store.read(move |read| {
        let mut parents = Parents::default();
        for key in keys.left {
            if let Some(right) = counterpart(read, &contract, Side::Left, &key)? {
                parents.add(key, right);
            }
        }
        for key in keys.right {
            if let Some(left) = counterpart(read, &contract, Side::Right, &key)? {
                parents.add(left, key);
            }
        }
        Ok(parents)
    });
    let mut parents = read.await?;
    for side in Side::BOTH {
        if is_hidden(host, nodes.get(side), context, (side, seen.get(side))).await? {
            parents.hide(side);
        }
    }
    Ok(parents)
}

/// Whether an item shows no parent any more that is not shown itself either: then nobody needs to have removed it.
async fn is_hidden(
    host: &Inner,
    node: &Node,
    context: &Context,
    (side, seen): (Side, &Seen),
) -> Result<bool, Trouble> {
    let base = context.bases.get(side).as_ref();
    let before = parent_of(base.map(|base| &base.observation));
    let now = seen.item().and_then(|item| item.get(field::PARENT));
    let (Some(before), Some(Value::Empty)) = (before, now) else {
        return Ok(false);
    };
    let name = node.name().clone();
    let called = host.store.read(move |read| read.items_by_key(&before));
    let mut called = called.await?.into_iter().map(|row| row.reference.item);
    let Some(parent) = called.find(|item| item.node == name) else {
        return Ok(false);
    };
    let seen = node.request(node.tracker().fetch_bare(&parent)).await;
    let seen = seen.map_err(|error| Trouble::of(node.name(), error))?;
    Ok(matches!(seen, Fetched::Unreachable { .. }))
}

/// Keeps for which parents a twin waits.
pub(super) async fn wait(
    host: &Arc<Inner>,
    connection: &Connection,
    context: &Context,
    seen: &Sides<Seen>,
) -> Result<(), StoreError> {
    let contract = connection.contract();
    if !cross(contract) {
        return Ok(());
    }
    let keys = Sides::from_fn(|side| {
        let mut fields = contract.fields.values();
        let leaves = fields.any(|field| field.parent && field.direction.leaves(side));
        parent_of(seen.get(side).item()).filter(|_| leaves)
    });
    let (contract, link) = (contract.clone(), context.twin.link.clone());
    let wanted = move |read: &HostRead<'_>| -> Result<Vec<ParentWait>, StoreError> {
        let mut waits = Vec::new();
        for side in Side::BOTH {
            if let Some(key) = keys.get(side)
                && counterpart(read, &contract, side, key)?.is_none()
            {
                waits.push(ParentWait {
                    link: link.clone(),
                    side,
                    node: contract.nodes.get(side).clone(),
                    key: key.clone(),
                });
            }
        }
        Ok(waits)
    };
    let (link, asked) = (context.twin.link.clone(), wanted.clone());
    let own = link.clone();
    let is_kept = host
        .store
        .read(move |read| Ok(asked(read)? == read.parent_waits(&own)?))
        .await?;
    if is_kept {
        return Ok(());
    }
    host.store
        .write(move |tx| {
            // The parent may have come meanwhile.
            tx.drop_parent_waits(&link)?;
            let is_there = tx.twin(&link)?.is_some_and(|twin| is_alive(&twin));
            for wait in wanted(tx)?.iter().filter(|_| is_there) {
                tx.put_parent_wait(wait)?;
            }
            Ok(())
        })
        .await
}

/// A cluster has a new item, or is a larger one: twins may have waited for it as the parent of theirs.
pub(crate) fn appeared(
    tx: &HostTx<'_>,
    root: &RootId,
    now: Timestamp,
) -> Result<Vec<Hint>, StoreError> {
    let mut hints = Vec::new();
    for row in tx.items_of_root(root)? {
        for wait in tx.waits_for_parent(&row.reference.item.node, &row.reference.key)? {
            let Some(twin) = tx.twin(&wait.link)? else {
                continue;
            };
            // What was refused for want of a parent is tried by signs of its own alone.
            let lane = match twin.state {
                TwinState::Quarantined { .. } => Lane::Live,
                _ => Lane::Backfill,
            };
            if let Some(item) = twin.item(wait.side) {
                hints.push(Hint::now(item, lane, "parent", now));
            }
        }
    }
    Ok(hints)
}
