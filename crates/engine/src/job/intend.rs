//! Intents: what is about to be attempted, durable before it is, if the breaker lets it.

use super::context::Context;
use super::ring;
use super::trouble::Trouble;
use crate::breaker;
use crate::event::What;
use crate::host::{Connection, Inner};
use crate::ids::effect_id;
use crate::scheduler::Mark;
use crate::sweep::scope_key;
use std::sync::Arc;
use twinline_core::breaker::Verdict;
use twinline_core::cluster::Entry;
use twinline_core::effect::Effect;
use twinline_core::reconcile::Plan;
use twinline_core::time::Timestamp;
use twinline_store::host::{EffectRow, EffectState, HostTx, Twin};
use twinline_store::{GroupId, StoreError};

/// Stores an intent for each of the plan's effects, in one step with the breaker's books. `None`: the facts have changed
/// since the plan was made (R9), or a create is in doubt; resolve and plan again. `born`: when the item was created
/// that the plan's create copies, where its tracker tells.
pub(super) async fn intend(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    context: &Context,
    plan: &Plan,
    marks: &[Mark],
    born: Option<Timestamp>,
) -> Result<Option<Vec<EffectRow>>, Trouble> {
    if plan.effects.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let rows = rows(host, connection, context, plan);
    let (name, limit) = (
        connection.name.clone(),
        connection.contract().max_writes_per_10min,
    );
    let (twin, version, now) = (
        context.twin.clone(),
        connection.contract().version,
        host.env.now(),
    );
    let mut confirmed = marks.iter().filter_map(|mark| mark.confirmed.as_ref());
    let confirmed = confirmed.any(|confirmed| *confirmed == connection.name);
    let creates = plan
        .effects
        .iter()
        .find(|planned| planned.effect.created_in().is_some());
    let creates = creates.map(|planned| planned.side);
    let (stored, shared) = (rows.clone(), Arc::clone(connection));
    let group = host.store.stamp().group.clone();
    let verdict = host
        .store
        .write(move |tx| {
            let active = tx.active_rule_version(&name)?;
            if tx.twin(&twin.link)?.as_ref() != Some(&twin) || active != Some(version) {
                return Ok(None);
            }
            if let Some(side) = creates
                && ring::entry(tx, &twin.root, &shared, side, &twin.link)? != Entry::Create
            {
                return Ok(None);
            }
            if let Some(doubt) = doubted(tx, &twin, &group, &stored, born)? {
                tx.put_effect(&doubt)?;
                return Ok(None);
            }
            let writes = stored.len() as u64;
            let verdict = breaker::admit(tx, &name, limit, now, writes, confirmed)?;
            if let Verdict::Allowed { .. } = verdict {
                for row in &stored {
                    tx.put_effect(row)?;
                }
            }
            Ok(Some(verdict))
        })
        .await?;
    match verdict {
        None => Ok(None),
        Some(Verdict::Allowed { .. }) => Ok(Some(rows)),
        Some(Verdict::Tripped { writes }) => {
            host.set_held(&connection.name, true);
            host.metrics.breaker_trips.inc();
            host.tell(&connection.name, &context.twin.link, What::Held { writes });
            Err(Trouble::Held)
        }
        Some(Verdict::Held) => {
            host.set_held(&connection.name, true);
            Err(Trouble::Held)
        }
    }
}

/// The create that may have been made already, in a time that a restored state does not tell of: an effect whose outcome
/// is unknown, so that the tracker is asked first. Once for each twin; not where the item was created later than that.
fn doubted(
    tx: &HostTx<'_>,
    twin: &Twin,
    group: &GroupId,
    rows: &[EffectRow],
    born: Option<Timestamp>,
) -> Result<Option<EffectRow>, StoreError> {
    let Some(create) = rows
        .iter()
        .find(|row| row.planned.effect.created_in().is_some())
    else {
        return Ok(None);
    };
    let Some(gap) = tx.gap(group)? else {
        return Ok(None);
    };
    let since = gap.to.max(twin.since);
    if born.is_some_and(|born| born > gap.to)
        || tx.has_intended_create(&twin.link, &create.node, since)?
    {
        return Ok(None);
    }
    Ok(Some(EffectRow {
        state: EffectState::Unknown,
        started_at: Some(gap.from),
        ended_at: Some(gap.to),
        ..create.clone()
    }))
}

fn rows(host: &Inner, connection: &Connection, context: &Context, plan: &Plan) -> Vec<EffectRow> {
    let salt = host.env.entropy.next_u64();
    let now = host.env.now();
    let row = |(index, planned): (usize, &twinline_core::reconcile::Planned)| EffectRow {
        id: effect_id(&context.twin.link, salt, index),
        link: context.twin.link.clone(),
        connection: connection.name.clone(),
        node: context.twin.nodes.get(planned.side).clone(),
        scope: match &planned.effect {
            Effect::Create { scope, .. } => scope_key(scope),
            _ => String::new(),
        },
        item: planned.effect.item().map(|item| item.id.clone()),
        planned: planned.clone(),
        valid_for: plan.valid_for.clone(),
        rule_version: plan.valid_for.rule_version,
        state: EffectState::Attempting,
        settled: false,
        intended_at: now,
        started_at: Some(now),
        ended_at: None,
        attempts: 1,
        next_due: None,
    };
    plan.effects.iter().enumerate().map(row).collect()
}
