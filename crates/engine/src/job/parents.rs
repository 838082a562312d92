//! The parents of a twin's items, as both sides call them, and that a twin waits for one.
//!
//! A parent whose cluster does not reach the other side does not cross (`twinline_core::parents`). That the twin waits for
//! it is durable before the plan that leaves it out; who waits is woken by [`crate::parents`].

use super::context::Context;
use super::trouble::Trouble;
use crate::dirty::is_alive;
use crate::host::{Connection, Inner};
use crate::node::Node;
use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::contract::Contract;
use twinline_core::item::{Fetched, Item, Value, field};
use twinline_core::names::{Side, Sides};
use twinline_core::parents::{Parents, shown};
use twinline_core::reconcile::Seen;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, ItemRow, ParentWait};

fn parent_of(item: Option<&Item>) -> Option<String> {
    text(item?.get(field::PARENT)?)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

pub(crate) fn has_parents(contract: &Contract) -> bool {
    contract.fields.values().any(|field| field.parent)
}

/// What an item that one side knows by this key is called on the other side.
pub(crate) fn counterpart(
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
    // A cluster may have items in several places of the node: the one that lies nearest to the connection's counts.
    let agreeing = |row: &ItemRow| {
        let keys = scope.iter();
        keys.filter(|(key, value)| row.scope.get(*key) == Some(value))
            .count()
    };
    let nearest = rows.into_iter().rev().max_by_key(|row| agreeing(row));
    Ok(nearest.map(|row| row.reference.key))
}

/// What both sides call the cluster of a side's parent.
fn cluster(
    read: &HostRead<'_>,
    contract: &Contract,
    side: Side,
    key: &str,
) -> Result<Option<Sides<String>>, StoreError> {
    let Some(there) = counterpart(read, contract, side, key)? else {
        return Ok(None);
    };
    let Some(here) = counterpart(read, contract, side.other(), &there)? else {
        return Ok(None);
    };
    Ok(Some(match side {
        Side::Left => Sides {
            left: here,
            right: there,
        },
        Side::Right => Sides {
            left: there,
            right: here,
        },
    }))
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
    if !has_parents(contract) {
        return Ok(Parents::default());
    }
    let now = Sides::from_fn(|side| parent_of(seen.get(side).item()));
    let mut keys = Sides::from_fn(|side| now.get(side).iter().cloned().collect::<BTreeSet<_>>());
    let mut parents = Parents::default();
    for side in Side::BOTH {
        let Some(base) = context.bases.get(side) else {
            continue;
        };
        let shown = shown(contract, &base.fields);
        keys.left.extend(shown.values().filter_map(text));
        if let Some(key) = parent_of(Some(&base.observation)) {
            keys.get_mut(side).insert(key.clone());
            parents.remember(side, key, shown);
        }
    }
    let asked = contract.clone();
    let read = host.store.read(move |read| {
        for (side, keys) in [(Side::Left, keys.left), (Side::Right, keys.right)] {
            for key in keys {
                if let Some(cluster) = cluster(read, &asked, side, &key)? {
                    parents.add(side, key, cluster);
                }
            }
        }
        Ok(parents)
    });
    let mut parents = read.await?;
    for side in Side::BOTH {
        if let Some(key) = now.get(side) {
            parents.now(side, key);
        }
    }
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
    let rows = host.store.read(move |read| read.items_by_key(&before));
    let mut rows = rows.await?.into_iter();
    let parent = rows.find(|row| row.reference.item.node == name);
    // One that is in no twin any more may be gone itself: nothing is known of it that could be hidden.
    let Some(parent) = parent.filter(|row| row.root.is_some()) else {
        return Ok(false);
    };
    let asked = node.tracker().fetch_bare(&parent.reference.item);
    match node.request(asked).await {
        Ok(seen) => Ok(matches!(seen, Fetched::Unreachable { .. })),
        Err(error) => match Trouble::of(node.name(), error) {
            trouble if trouble.is_of_the_question() => Ok(true),
            trouble => Err(trouble),
        },
    }
}

/// Keeps for which parents a twin waits. `confirmed`: whether the job belongs to work that a person has confirmed.
pub(super) async fn wait(
    host: &Arc<Inner>,
    connection: &Connection,
    context: &Context,
    seen: &Sides<Seen>,
    confirmed: bool,
) -> Result<(), StoreError> {
    let contract = connection.contract();
    if !has_parents(contract) {
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
                    confirmed,
                });
            }
        }
        Ok(waits)
    };
    let (link, asked) = (context.twin.link.clone(), wanted.clone());
    let read = host.store.read(move |read| {
        let (wanted, kept) = (asked(read)?, read.parent_waits(&link)?);
        let is_kept = |(wanted, kept): (&ParentWait, &ParentWait)| {
            let same = (wanted.side, &wanted.key) == (kept.side, &kept.key);
            same && (kept.confirmed || !wanted.confirmed)
        };
        Ok(wanted.len() == kept.len() && wanted.iter().zip(&kept).all(is_kept))
    });
    if read.await? {
        return Ok(());
    }
    let link = context.twin.link.clone();
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
