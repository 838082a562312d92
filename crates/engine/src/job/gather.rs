//! The facts of one twin as it was seen: what the store knows, and what else the trackers must tell.

use super::context::{Context, own_attempt};
use super::facts::{Owned, OwnedSide};
use super::missing;
use super::parents;
use super::trouble::Trouble;
use super::twin::SidesUnsettled;
use crate::host::{Connection, Inner};
use crate::node::Node;
use std::sync::Arc;
use twinline_core::contract::Conflict;
use twinline_core::effect::FieldChange;
use twinline_core::item::ItemId;
use twinline_core::names::{Side, Sides};
use twinline_core::reconcile::{Plan, Seen};
use twinline_core::time::Timestamp;

/// The facts of one twin as it was seen.
pub(crate) async fn facts_of(
    host: &Arc<Inner>,
    connection: &Connection,
    nodes: &Sides<Arc<Node>>,
    context: &Context,
    seen: Sides<Seen>,
    unsettled: SidesUnsettled,
) -> Result<Owned, Trouble> {
    let mut sides = Vec::with_capacity(2);
    for side in Side::BOTH {
        let node = nodes.get(side);
        sides.push(OwnedSide {
            history: history(connection, node, context, &seen, side).await?,
            node: Arc::clone(node),
            seen: seen.get(side).clone(),
            base: context.bases.get(side).clone(),
            own_attempts: context.own_attempts(
                side,
                host.started.plus(node.tracker().capabilities().settle),
            ),
            since_birth: false,
            unsettled: unsettled.get(side).clone(),
            recent: context.recent(side),
            open_comments: context.open_comments(side),
            open_attachments: context.open_attachments(side),
            missing: missing::look(host, connection, node, context, (side, seen.get(side))).await?,
        });
    }
    let right = sides.pop().expect("two sides");
    let left = sides.pop().expect("two sides");
    let twin = &context.twin;
    let parents = parents::known(host, connection, nodes, context, &seen).await?;
    Ok(Owned {
        link: twin.link.clone(),
        root: twin.root.clone(),
        cluster_size: context.cluster_size,
        created_from: twin.created_from,
        since: twin.since,
        now: host.env.now(),
        sides: Sides { left, right },
        held: twin
            .held
            .iter()
            .map(|(field, held)| (field.clone(), held.hold.clone()))
            .collect(),
        release: twin
            .held
            .iter()
            .filter_map(|(field, held)| Some((field.clone(), held.take?)))
            .collect(),
        comments: context.comments.clone(),
        attachments: context.attachments.clone(),
        parents,
    })
}

/// The field history, where a conflict could need it: both sides have changed, and some field asks who was later.
async fn history(
    connection: &Connection,
    node: &Node,
    context: &Context,
    seen: &Sides<Seen>,
    side: Side,
) -> Result<Vec<FieldChange>, Trouble> {
    let mut fields = connection.contract().fields.values();
    let latest = fields.any(|field| field.conflict == Conflict::Latest);
    let changed = |side: Side| {
        let base = context.bases.get(side).as_ref()?;
        let item = seen.get(side).item()?;
        (base.observation.version != item.version).then_some(base)
    };
    let (true, Some(base), Some(_), Some(item)) = (
        latest,
        changed(side),
        changed(side.other()),
        context.item(side),
    ) else {
        return Ok(Vec::new());
    };
    read_history(node, &item, base.observation.version.updated).await
}

async fn read_history(
    node: &Node,
    item: &ItemId,
    since: Timestamp,
) -> Result<Vec<FieldChange>, Trouble> {
    let history = node.request(node.tracker().field_history(item, since));
    let history = history.await;
    history.map_err(|error| Trouble::of(node.name(), error))
}

/// Plans; and where the plan depends on who has changed a created item since, again with its history. Answers with the
/// facts that the plan was made from.
pub(crate) async fn plan(
    host: &Arc<Inner>,
    connection: &Connection,
    context: &Context,
    facts: Owned,
) -> Result<(Arc<Owned>, Plan), Trouble> {
    let facts = Arc::new(facts);
    let plan = facts.plan(&connection.compiled).await?;
    if plan.asks_since_birth == Sides::default() {
        return Ok((facts, plan));
    }
    let mut facts = Owned::clone(&facts);
    for side in Side::BOTH {
        if *plan.asks_since_birth.get(side) {
            look_back(host, context, facts.sides.get_mut(side), side).await?;
        }
    }
    let facts = Arc::new(facts);
    let plan = facts.plan(&connection.compiled).await?;
    Ok((facts, plan))
}

/// Reads a created item's history from its beginning, and all attempts of ours on it.
async fn look_back(
    host: &Arc<Inner>,
    context: &Context,
    facts: &mut OwnedSide,
    side: Side,
) -> Result<(), Trouble> {
    facts.since_birth = true;
    let Some(item) = context.item(side) else {
        return Ok(());
    };
    let since = context.twin.since;
    let ours = {
        let item = item.clone();
        let read = host
            .store
            .read(move |read| read.effects_on_item(&item, since));
        read.await?
    };
    let open = context.open.iter().filter(|row| row.planned.side == side);
    // One that has no end was under way when the process before this one ended.
    let settle = facts.node.tracker().capabilities().settle;
    let cut_off = host.started.plus(settle);
    let ours = ours.iter().chain(open);
    facts.own_attempts = ours.filter_map(|row| own_attempt(row, cut_off)).collect();
    let at_tracker = since.as_millis().saturating_add(facts.node.skew_ms());
    let from = Timestamp::from_millis(at_tracker);
    facts.history = read_history(&facts.node, &item, from).await?;
    Ok(())
}
