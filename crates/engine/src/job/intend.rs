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
use std::time::Duration;
use twinline_core::breaker::Verdict;
use twinline_core::cluster::Entry;
use twinline_core::effect::Effect;
use twinline_core::mutant::{self, Mutant};
use twinline_core::names::Side;
use twinline_core::reconcile::{Plan, Planned};
use twinline_core::time::Timestamp;
use twinline_store::host::{EffectRow, EffectState, HostTx, Twin};
use twinline_store::{GroupId, StoreError};

/// Tries at one write that lie this far apart at most are counted together.
const SERIES: Duration = Duration::from_secs(86_400);

/// Stores an intent for each of the plan's effects, in one step with the breaker's books. `None`: the facts have changed
/// since the plan was made (R9), or a create is in doubt; resolve and plan again. `born`: when the item was created
/// that the plan's create copies, where its tracker tells. `again`: some of it may have been tried before.
pub(super) async fn intend(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    context: &Context,
    plan: &Plan,
    marks: &[Mark],
    (born, again): (Option<Timestamp>, bool),
) -> Result<Option<Vec<EffectRow>>, Trouble> {
    if plan.effects.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let contract = connection.contract();
    let mut confirmed = marks.iter().filter_map(|mark| mark.confirmed.as_ref());
    let creates = |planned: &&Planned| planned.effect.created_in().is_some();
    let step = Step {
        twin: context.twin.clone(),
        connection: Arc::clone(connection),
        group: host.store.stamp().group.clone(),
        confirmed: confirmed.any(|confirmed| *confirmed == contract.connection),
        creates: plan
            .effects
            .iter()
            .find(creates)
            .map(|planned| planned.side),
        born,
        again,
        rows: rows(host, connection, context, plan),
        now: host.env.now(),
    };
    let verdict = host.store.write(move |tx| step.write(tx)).await;
    if !matches!(verdict, Ok(None | Some((Verdict::Allowed { .. }, _)))) {
        host.follow_hold(&connection.name).await;
    }
    match verdict? {
        None => Ok(None),
        Some((Verdict::Allowed { .. }, rows)) => {
            if mutant::is(Mutant::IntentAlong) {
                store_along(host, rows.clone())?;
            }
            Ok(Some(rows))
        }
        Some((Verdict::Tripped { writes }, _)) => {
            host.metrics.breaker_trips.inc();
            host.tell(&connection.name, &context.twin.link, What::Held { writes });
            Err(Trouble::Held)
        }
        Some((Verdict::Held, _)) => Err(Trouble::Held),
    }
}

/// The mutant that does not wait until its intents are durable.
fn store_along(host: &Inner, rows: Vec<EffectRow>) -> Result<(), StoreError> {
    let step = move |tx: &HostTx<'_>| rows.iter().try_for_each(|row| tx.put_effect(row));
    host.store.post_along(step, drop)
}

/// What is to be intended, and what must still hold for it.
struct Step {
    /// The twin as the plan knew it.
    twin: Twin,
    connection: Arc<Connection>,
    group: GroupId,
    /// Whether it belongs to work that a person has confirmed.
    confirmed: bool,
    /// The side on which the plan creates an item.
    creates: Option<Side>,
    born: Option<Timestamp>,
    again: bool,
    rows: Vec<EffectRow>,
    now: Timestamp,
}

impl Step {
    /// Stores the intents, if the facts are as they were and the breaker allows it; else none of them.
    fn write(mut self, tx: &HostTx<'_>) -> Result<Option<(Verdict, Vec<EffectRow>)>, StoreError> {
        let contract = self.connection.contract();
        let (twin, name) = (&self.twin, &self.connection.name);
        let active = tx.active_rule_version(name)?;
        if tx.twin(&twin.link)?.as_ref() != Some(twin) || active != Some(contract.version) {
            return Ok(None);
        }
        if let Some(side) = self.creates
            && ring::entry(tx, &twin.root, &self.connection, side, &twin.link)? != Entry::Create
        {
            return Ok(None);
        }
        if let Some(doubt) = doubted(tx, twin, &self.group, &self.rows, self.born)? {
            tx.put_effect(&doubt)?;
            return Ok(None);
        }
        let (limit, writes) = (contract.max_writes_per_10min, self.rows.len() as u64);
        let verdict = breaker::admit(tx, name, limit, self.now, writes, self.confirmed)?;
        if let Verdict::Allowed { .. } = verdict {
            for row in &mut self.rows {
                if self.again {
                    row.attempts += tx.failed_before(row, self.now.minus(SERIES))?;
                }
                if !mutant::is(Mutant::IntentAlong) {
                    tx.put_effect(row)?;
                }
            }
        }
        Ok(Some((verdict, self.rows)))
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
    let row = |(index, planned): (usize, &Planned)| EffectRow {
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
