//! Planning without writing: what rules would change on real items.

use super::OpError;
use crate::event;
use crate::host::{Connection, Host};
use crate::job::{self, Context, Trouble, facts_of, newcomer, observe};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::item::ItemRef;
use twinline_core::names::{ConnectionName, LinkId, ReplicaField, Side, Sides};
use twinline_core::reconcile::{Decision, Plan, Seen, Standing};
use twinline_store::host::{RuleVersion, TwinFilter};

/// What a dry run has found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Planning {
    /// Twins that would change or be frozen, that fail, or of which a script tells something.
    pub twins: Vec<PlannedTwin>,
    /// Twins looked at.
    pub looked_at: u64,
    /// Items that the triggers list; those without a twin would get one, if `when` admits them.
    pub candidates: Sides<Option<u64>>,
    /// What would be made of the first of those without a twin, 20 on each side.
    pub newcomers: Vec<PlannedTwin>,
    /// How many of those were looked at.
    pub newcomers_looked_at: u64,
    /// How many of those `when` does not admit.
    pub not_admitted: u64,
}

/// Items without a twin that are looked at on each side: each is fetched.
const NEWCOMERS_MAX: u64 = 20;

/// Pages of a query that are counted where a tracker does not tell how many items there are.
const COUNTED_PAGES_MAX: usize = 50;

/// What would happen to one twin, or to an item that would get one.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedTwin {
    /// The twin.
    pub link: LinkId,
    /// Its items by key.
    pub items: Sides<Option<String>>,
    /// The plan; `None` when it failed.
    pub plan: Option<Plan>,
    /// What would be written, for people: side and phrase.
    pub writes: Vec<(Side, String)>,
    /// Fields that would be frozen and are not now, with the reason.
    pub held: BTreeMap<ReplicaField, String>,
    /// Fields that would knowingly be left out, with the reason.
    pub waived: BTreeMap<ReplicaField, String>,
    /// What the scripts traced.
    pub trace: Vec<(Side, String)>,
    /// Why it failed.
    pub error: Option<String>,
}

impl PlannedTwin {
    fn failed(context: &Context, error: String) -> Self {
        let key = |side: Side| {
            let row = context.items.get(side).as_ref();
            row.map(|row| row.reference.key.clone())
        };
        Self {
            link: context.twin.link.clone(),
            items: Sides::from_fn(key),
            plan: None,
            writes: Vec::new(),
            held: BTreeMap::new(),
            waived: BTreeMap::new(),
            trace: Vec::new(),
            error: Some(error),
        }
    }

    fn of(context: &Context, plan: Plan) -> Self {
        let mut planned = Self::failed(context, String::new());
        planned.error = None;
        for effect in &plan.effects {
            let phrases = event::phrases(&effect.effect).into_iter();
            let phrases = phrases.chain(event::created_fields(&effect.effect));
            planned
                .writes
                .extend(phrases.map(|phrase| (effect.side, phrase)));
        }
        let known = &context.twin.held;
        let held = plan.held().into_iter();
        planned.held = held
            .filter(|(field, hold)| known.get(field).is_none_or(|known| known.hold != *hold))
            .map(|(field, hold)| (field, hold.to_string()))
            .collect();
        for (field, decision) in &plan.fields {
            if let Decision::Waived { reason, .. } = decision {
                planned.waived.insert(field.clone(), reason.clone());
            }
        }
        for side in Side::BOTH {
            let known = context.bases.get(side).as_ref();
            let skipped = plan.skipped.get(side).iter().filter(|(field, reason)| {
                !known.is_some_and(|base| base.knows_skip(field, reason))
            });
            planned
                .waived
                .extend(skipped.map(|(field, reason)| (field.clone(), reason.clone())));
            let lines = plan.trace.get(side).iter();
            planned.trace.extend(lines.map(|line| (side, line.clone())));
        }
        planned.plan = Some(plan);
        planned
    }

    /// Whether there is anything that a person who asks would want to see.
    fn tells_something(&self) -> bool {
        let quiet = self.writes.is_empty() && self.held.is_empty() && self.waived.is_empty();
        !quiet || !self.trace.is_empty() || self.error.is_some()
    }
}

impl Host {
    /// Plans up to `max` twins of a connection, with a draft of its rules or those in force. Nothing is written, neither
    /// to a tracker nor to the store.
    ///
    /// # Errors
    /// There is no such connection; the draft cannot be built; a tracker or the store failed.
    pub async fn plan(
        &self,
        connection: &ConnectionName,
        draft: Option<&RuleVersion>,
        max: u32,
    ) -> Result<Planning, OpError> {
        let connection = match draft {
            Some(draft) => {
                let compiled = self
                    .inner
                    .factory
                    .compile(draft)
                    .map_err(OpError::Refused)?;
                Arc::new(Connection::new(compiled))
            }
            None => {
                let found = self.inner.connection(connection);
                found.ok_or_else(|| OpError::Unknown(format!("connection '{connection}'")))?
            }
        };
        let filter = TwinFilter {
            connection: Some(connection.name.clone()),
            ..TwinFilter::default()
        };
        let twins = self
            .inner
            .store
            .read(move |read| read.twins(&filter, None, max))
            .await?;
        let mut planning = Planning::default();
        for twin in twins.iter().filter(|twin| crate::dirty::is_alive(twin)) {
            planning.looked_at += 1;
            let planned = self.plan_one(&connection, &twin.link).await?;
            planning.twins.extend(planned);
        }
        for side in Side::BOTH {
            *planning.candidates.get_mut(side) = self.listed(&connection, side).await?;
            self.newcomers(&connection, side, &mut planning).await?;
        }
        Ok(planning)
    }

    /// How many items a side's trigger lists: what the tracker tells; where it tells nothing its pages are counted, the
    /// first [`COUNTED_PAGES_MAX`] of them. `None` without a trigger or a node.
    pub(super) async fn listed(
        &self,
        connection: &Connection,
        side: Side,
    ) -> Result<Option<u64>, OpError> {
        let contract = connection.contract();
        let (Some(trigger), Some(node)) = (
            contract.triggers.get(side),
            self.inner.node(connection.node(side)),
        ) else {
            return Ok(None);
        };
        // Pages may overlap.
        let (mut counted, mut from) = (BTreeSet::new(), None);
        for _ in 0..COUNTED_PAGES_MAX {
            let scope = contract.scopes.get(side);
            let asked = node.tracker().query(scope, trigger, from.as_deref());
            let page = node.request(asked).await?;
            if let Some(total) = page.total {
                return Ok(Some(total));
            }
            counted.extend(page.items.into_iter().map(|found| found.reference.item));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        Ok(Some(counted.len() as u64))
    }

    async fn plan_one(
        &self,
        connection: &Connection,
        link: &LinkId,
    ) -> Result<Option<PlannedTwin>, OpError> {
        let (id, now) = (link.clone(), self.inner.env.now());
        let Some(context) = self
            .inner
            .store
            .read(move |read| Context::read(read, &id, now))
            .await?
        else {
            return Ok(None);
        };
        let planned = match self.plan_context(connection, &context).await {
            Ok(plan) => PlannedTwin::of(&context, plan),
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(trouble) => PlannedTwin::failed(&context, trouble.to_string()),
        };
        Ok(Some(planned).filter(PlannedTwin::tells_something))
    }

    /// Plans the first items that a side's trigger lists and that have no twin.
    async fn newcomers(
        &self,
        connection: &Arc<Connection>,
        side: Side,
        planning: &mut Planning,
    ) -> Result<(), OpError> {
        let contract = connection.contract();
        let (Some(trigger), Some(node)) = (
            contract.triggers.get(side),
            self.inner.node(connection.node(side)),
        ) else {
            return Ok(());
        };
        let (mut seen, mut left, mut from) = (BTreeSet::new(), NEWCOMERS_MAX, None);
        for _ in 0..COUNTED_PAGES_MAX {
            let scope = contract.scopes.get(side);
            let asked = node.tracker().query(scope, trigger, from.as_deref());
            let page = node.request(asked).await?;
            for found in page.items {
                let item = found.reference.item.clone();
                if left == 0 || !seen.insert(item.clone()) {
                    continue;
                }
                let (own, now) = (Arc::clone(connection), self.inner.env.now());
                let context = self
                    .inner
                    .store
                    .read(move |read| newcomer(read, &own, side, &item, now))
                    .await?;
                let Some(context) = context else { continue };
                left -= 1;
                planning.newcomers_looked_at += 1;
                self.plan_newcomer(connection, &context, &found.reference, planning)
                    .await?;
            }
            from = page.next;
            if left == 0 || from.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn plan_newcomer(
        &self,
        connection: &Connection,
        context: &Context,
        reference: &ItemRef,
        planning: &mut Planning,
    ) -> Result<(), OpError> {
        let mut planned = match self.plan_context(connection, context).await {
            Ok(plan) if plan.standing == Standing::NotAdmitted => {
                planning.not_admitted += 1;
                return Ok(());
            }
            Ok(plan) => PlannedTwin::of(context, plan),
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(trouble) => PlannedTwin::failed(context, trouble.to_string()),
        };
        for side in Side::BOTH {
            if context.item(side).as_ref() == Some(&reference.item) {
                *planned.items.get_mut(side) = Some(reference.key.clone());
            }
        }
        if planned.tells_something() {
            planning.newcomers.push(planned);
        }
        Ok(())
    }

    async fn plan_context(
        &self,
        connection: &Connection,
        context: &Context,
    ) -> Result<Plan, Trouble> {
        let mut seen = Sides {
            left: Seen::NotCreated,
            right: Seen::NotCreated,
        };
        let mut nodes = Vec::with_capacity(2);
        for side in Side::BOTH {
            let name = context.twin.nodes.get(side);
            let node = self.inner.node(name).ok_or_else(|| Trouble::Retry {
                node: name.clone(),
                reason: "the node is not configured".to_owned(),
                after: None,
                answered: false,
            })?;
            if let Some(item) = context.item(side) {
                let observation =
                    observe(&node, &self.inner.env, &self.inner.metrics, &item).await?;
                *seen.get_mut(side) = observation.seen;
            }
            nodes.push(node);
        }
        let right = nodes.pop().expect("two sides");
        let left = nodes.pop().expect("two sides");
        let nodes = Sides { left, right };
        let facts = facts_of(
            &self.inner,
            connection,
            &nodes,
            context,
            seen,
            Sides::default(),
        )
        .await?;
        let (_, plan) = job::plan(&self.inner, connection, context, facts).await?;
        Ok(plan)
    }
}
