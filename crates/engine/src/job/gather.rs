//! The facts of one twin as it was seen: what the store knows, and what else the trackers must tell.

use super::context::Context;
use super::facts::{Owned, OwnedSide};
use super::missing;
use super::trouble::Trouble;
use super::twin::SidesUnsettled;
use crate::host::{Connection, Inner};
use crate::node::Node;
use std::sync::Arc;
use twinline_core::contract::Conflict;
use twinline_core::names::{Side, Sides};
use twinline_core::reconcile::{Seen, asks_since_birth};
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
            own_attempts: context.own_attempts(side),
            unsettled: unsettled.get(side).clone(),
            recent: context.recent(side),
            open_comments: context.open_comments(side),
            missing: missing::look(host, connection, node, context, (side, seen.get(side))).await?,
        });
    }
    let right = sides.pop().expect("two sides");
    let left = sides.pop().expect("two sides");
    let twin = &context.twin;
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
    })
}

/// The field history, where the plan may ask for it: both sides have changed, and some field asks who was later; or the
/// item was created by us, and what it shows may be a person's since.
async fn history(
    connection: &Connection,
    node: &Node,
    context: &Context,
    seen: &Sides<Seen>,
    side: Side,
) -> Result<Vec<twinline_core::effect::FieldChange>, Trouble> {
    let contract = connection.contract();
    let Some(item) = context.item(side) else {
        return Ok(Vec::new());
    };
    let created_from = context.twin.created_from;
    let since = if asks_since_birth(contract, &context.bases, created_from, side) {
        let since = context.twin.since.as_millis();
        Timestamp::from_millis(since.saturating_add(node.skew_ms()))
    } else {
        let mut fields = contract.fields.values();
        let latest = fields.any(|field| field.conflict == Conflict::Latest);
        let changed = |side: Side| {
            let base = context.bases.get(side).as_ref()?;
            let item = seen.get(side).item()?;
            (base.observation.version != item.version).then_some(base)
        };
        match (latest, changed(side), changed(side.other())) {
            (true, Some(base), Some(_)) => base.observation.version.updated,
            _ => return Ok(Vec::new()),
        }
    };
    let history = node
        .request(node.tracker().field_history(&item, since))
        .await;
    history.map_err(|error| Trouble::of(node.name(), error))
}
