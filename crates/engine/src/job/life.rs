//! Whether a twin is awake: triggers, scopes, moves, deletions and what cannot be reached.

use super::context::Context;
use super::observe::Observation;
use super::trouble::Trouble;
use crate::dirty::{self, Hint, is_alive};
use crate::event::What;
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::scheduler::{self, Mark};
use crate::sweep::wake_group;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::item::{Item, ItemId};
use twinline_core::life::{Evidence, Presence};
use twinline_core::names::{LinkId, NodeName, Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Seen;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    HistoryEntry, HistoryKind, HostTx, Twin, TwinFilter, TwinState, TwinStateName,
};
use twinline_trackers::Opinion;

/// Pages of a query that are read to find out about items.
pub(crate) const LISTED_PAGES_MAX: usize = 1000;

/// Why a twin sleeps whose item left its trigger or scope.
pub(crate) const LEFT: &str = "the item left its trigger or scope";

/// Whether an item belongs to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// It matches trigger and `when`, or the side has no trigger.
    Belongs,
    /// It does not.
    Left,
    /// The tracker cannot say exactly: its query decides, and lags by so much.
    Ask(Duration),
}

/// Asks the rules, then the tracker. What the rules fail on is their trouble only where the tracker does not say that the
/// item is none of the connection's anyway.
pub(crate) async fn belongs(
    connection: &Connection,
    node: &Node,
    side: Side,
    item: &Item,
) -> Result<Membership, Trouble> {
    let (admitted, membership) = asked(connection, node, side, item).await?;
    match membership {
        Membership::Left => Ok(membership),
        Membership::Belongs | Membership::Ask(_) => admitted.map(|()| membership),
    }
}

/// What the rules fail on, and what the tracker says.
async fn asked(
    connection: &Connection,
    node: &Node,
    side: Side,
    item: &Item,
) -> Result<(Result<(), Trouble>, Membership), Trouble> {
    let Some(trigger) = connection.contract().triggers.get(side).clone() else {
        return Ok((Ok(()), Membership::Belongs));
    };
    let subject = item.clone();
    let admitted = connection
        .compiled
        .run(move |rules| rules.admits(side, &subject))
        .await;
    if let Ok(false) = admitted {
        return Ok((Ok(()), Membership::Left));
    }
    let admitted = admitted.map(drop).map_err(Trouble::from);
    let id = item.reference.item.clone();
    let opinions = node
        .request(node.tracker().matches(&trigger, std::slice::from_ref(&id)))
        .await;
    let opinions = opinions.map_err(|error| Trouble::of(node.name(), error))?;
    let membership = match opinions.get(&id) {
        Some(Opinion::Matches) => Membership::Belongs,
        Some(Opinion::Differs) => Membership::Left,
        Some(Opinion::Ask(lag)) => Membership::Ask(*lag),
        None => Membership::Ask(node.tracker().capabilities().index_lag),
    };
    Ok((admitted, membership))
}

/// As [`belongs`], and where the tracker cannot say so of one item, whether its query lists it; `None`: the query lists
/// more than is read.
pub(super) async fn certainly_belongs(
    connection: &Connection,
    node: &Node,
    side: Side,
    item: &Item,
) -> Result<Option<bool>, Trouble> {
    let (admitted, membership) = asked(connection, node, side, item).await?;
    let belongs = match membership {
        Membership::Belongs => Some(true),
        Membership::Left => Some(false),
        Membership::Ask(_) => {
            let id = &item.reference.item;
            let items = listed(node, connection, side, |found| found == id).await?;
            items.map(|items| items.contains(id))
        }
    };
    if belongs == Some(true) {
        admitted?;
    }
    Ok(belongs)
}

/// The items that a trigger's own query lists, up to one that `stop` asks for; `None`: more than is read.
pub(crate) async fn listed(
    node: &Node,
    connection: &Connection,
    side: Side,
    stop: impl Fn(&ItemId) -> bool,
) -> Result<Option<BTreeSet<ItemId>>, Trouble> {
    let contract = connection.contract();
    let mut items = BTreeSet::new();
    let Some(trigger) = contract.triggers.get(side) else {
        return Ok(Some(items));
    };
    let mut page: Option<String> = None;
    for _ in 0..LISTED_PAGES_MAX {
        let scope = contract.scopes.get(side);
        let query = node.tracker().query(scope, trigger, page.as_deref());
        let found = node
            .request(query)
            .await
            .map_err(|error| Trouble::of(node.name(), error))?;
        items.extend(found.items.into_iter().map(|found| found.reference.item));
        if items.iter().any(&stop) {
            return Ok(Some(items));
        }
        match found.next {
            Some(next) => page = Some(next),
            None => return Ok(Some(items)),
        }
    }
    Ok(None)
}

/// Whether an item lies in a connection's scope.
pub(crate) fn in_scope(connection: &Connection, side: Side, item: &Item) -> bool {
    let scope = connection.contract().scopes.get(side);
    scope
        .iter()
        .all(|(key, value)| item.scope.get(key) == Some(value))
}

/// A 404 after the tracker announced the deletion is a deletion.
pub(super) fn believe_deletions(
    context: &Context,
    marks: &[Mark],
    observed: &mut Sides<Observation>,
) {
    for side in Side::BOTH {
        let announced = marks
            .iter()
            .any(|mark| mark.deleted && Some(&mark.item) == context.item(side).as_ref());
        let observation = observed.get_mut(side);
        if announced && matches!(observation.seen, Seen::Unreachable { .. }) {
            observation.seen = Seen::Deleted {
                evidence: "the tracker announced the deletion, and the item is not there"
                    .to_owned(),
            };
        }
    }
}

/// Whether an item lies outside its connection's scope now.
pub(super) fn left_scope(
    connection: &Connection,
    context: &Context,
    observed: &mut Sides<Observation>,
) -> bool {
    let created = context.twin.state.name() != TwinStateName::Creating;
    created
        && Side::BOTH.into_iter().any(|side| {
            let item = observed.get(side).seen.item();
            item.is_some_and(|item| !in_scope(connection, side, item))
        })
}

/// Whether a twin that was asleep or leaving is to be worked on. One that sleeps wakes when both items are there and
/// belong; with it wakes its group, if it was not to be reached.
pub(super) async fn is_awake(
    host: &Arc<Inner>,
    connection: &Connection,
    nodes: &Sides<Arc<Node>>,
    context: &Context,
    observed: &Sides<Observation>,
) -> Result<bool, Trouble> {
    let twin = &context.twin;
    let leaving = twin.negatives != Sides::default();
    let TwinState::Asleep { why } = &twin.state else {
        if !leaving {
            return Ok(true);
        }
        return judge(host, connection, nodes, context, observed).await;
    };
    if Side::BOTH
        .iter()
        .any(|side| matches!(observed.get(*side).seen, Seen::Unreachable { .. }))
    {
        return Ok(true);
    }
    if why != LEFT {
        let filter = TwinFilter {
            connection: Some(twin.connection.clone()),
            state: Some(TwinStateName::Asleep),
            cause: Some(why.clone()),
            held: false,
        };
        let first = host.first_to_wake(&twin.connection, why);
        for node in [&nodes.left, &nodes.right].into_iter().filter(|_| first) {
            wake_group(host, node.name(), filter.clone(), None).await?;
        }
        return Ok(true);
    }
    for side in Side::BOTH {
        if let Some(item) = observed.get(side).seen.item()
            && !certainly_belongs(connection, nodes.get(side), side, item)
                .await?
                .unwrap_or(false)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Judges a twin with a first negative: a second one, far enough apart, puts it to sleep.
async fn judge(
    host: &Arc<Inner>,
    connection: &Connection,
    nodes: &Sides<Arc<Node>>,
    context: &Context,
    observed: &Sides<Observation>,
) -> Result<bool, Trouble> {
    let now = host.env.now();
    let mut twin = context.twin.clone();
    let mut awake = true;
    for side in Side::BOTH {
        let (Some(item), Some(since)) = (observed.get(side).seen.item(), *twin.negatives.get(side))
        else {
            continue;
        };
        let node = nodes.get(side);
        let evidence = match certainly_belongs(connection, node, side, item).await? {
            Some(true) => Evidence::Belongs,
            // It was set aside before it could be told whether it enters: only what certainly does is made.
            _ if twin.item(side.other()).is_none() => {
                awake = false;
                continue;
            }
            Some(false) => Evidence::Left,
            None => continue,
        };
        let lag = node.tracker().capabilities().index_lag;
        match (Presence::Leaving { since }).after(&evidence, now, lag) {
            Presence::Awake => *twin.negatives.get_mut(side) = None,
            Presence::Asleep { .. } => awake = false,
            _ => {}
        }
    }
    if twin.negatives != context.twin.negatives {
        let (link, negatives) = (twin.link, twin.negatives);
        host.store
            .write(move |tx| match tx.twin(&link)?.filter(is_alive) {
                Some(stored) => tx.put_twin(&Twin {
                    negatives,
                    ..stored
                }),
                None => Ok(()),
            })
            .await?;
    }
    Ok(awake)
}

/// The first negative: remembered, and judged again after the index's lag.
pub(crate) async fn note_negative(
    host: &Arc<Inner>,
    context: &Context,
    side: Side,
) -> Result<(), StoreError> {
    let (link, now) = (context.twin.link.clone(), host.env.now());
    let Some(node) = host.node(context.twin.nodes.get(side)) else {
        return Ok(());
    };
    let lag = node.tracker().capabilities().index_lag;
    let shared = Arc::clone(host);
    let marked = host
        .store
        .write(move |tx| {
            let hint = leaving(tx, &link, side, now, lag)?;
            dirty::mark(&shared, tx, hint.as_slice())
        })
        .await?;
    scheduler::clear(host, marked.announce(host))
}

/// Remembers a first negative in a step of the store; the mark that judges it again after the index's lag.
pub(crate) fn leaving(
    tx: &HostTx<'_>,
    link: &LinkId,
    side: Side,
    now: Timestamp,
    lag: Duration,
) -> Result<Option<Hint>, StoreError> {
    let Some(mut twin) = tx.twin(link)? else {
        return Ok(None);
    };
    let Some(item) = twin.item(side) else {
        return Ok(None);
    };
    if twin.negatives.get(side).is_none() {
        *twin.negatives.get_mut(side) = Some(now);
        tx.put_twin(&twin)?;
    }
    Ok(Some(Hint {
        due: now.plus(lag).plus(Duration::from_millis(1)),
        ..Hint::now(item, Lane::Live, "leaving", now)
    }))
}

/// Puts a twin to sleep; link and bases are kept.
pub(super) async fn sleep(
    host: &Arc<Inner>,
    context: &Context,
    why: &str,
) -> Result<(), StoreError> {
    let state = TwinState::Asleep {
        why: why.to_owned(),
    };
    if context.twin.state == state {
        return Ok(());
    }
    let now = host.env.now();
    let (link, connection) = (context.twin.link.clone(), context.twin.connection.clone());
    let (text, id) = (why.to_owned(), link.clone());
    let sleeps = host
        .store
        .write(move |tx| {
            let Some(mut twin) = tx.twin(&id)?.filter(is_alive) else {
                return Ok(false);
            };
            twin.state = state;
            twin.state_since = now;
            tx.put_twin(&twin)?;
            for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
                tx.append_history(&HistoryEntry {
                    text: Some(text.clone()),
                    ..super::settle::entry(&twin, item, HistoryKind::Asleep, now)
                })?;
            }
            Ok(true)
        })
        .await?;
    if sleeps {
        // Only now: a sweep that has cleared this and reads who sleeps would miss a twin that is not durable yet.
        for side in Side::BOTH {
            if let Some(node) = host.node(context.twin.nodes.get(side)) {
                node.set_has_sleepers(true);
            }
        }
        let reason = why.to_owned();
        host.tell(&connection, &link, What::Asleep { reason });
    }
    Ok(())
}

/// Why a twin sleeps, in words that equal cases share: one lost permission is one group.
pub(crate) fn show_reason(node: &NodeName, seen: &Seen, reason: &str) -> String {
    match seen {
        Seen::Unreachable { .. } => format!("{node} does not show its items"),
        _ => reason.to_owned(),
    }
}
