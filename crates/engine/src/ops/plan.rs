//! Planning without writing: what rules would change on real items.

use super::OpError;
use crate::event;
use crate::host::{Connection, Host};
use crate::job::{Context, Trouble, facts_of, observe};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::names::{ConnectionName, LinkId, Side, Sides};
use twinline_core::reconcile::{Plan, Seen};
use twinline_store::host::{RuleVersion, TwinFilter};

/// What a dry run has found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Planning {
    /// Twins that would change, or that fail.
    pub twins: Vec<PlannedTwin>,
    /// Twins looked at.
    pub looked_at: u64,
    /// Items that the triggers list: those without a twin would get one.
    pub candidates: Sides<Option<u64>>,
}

/// Pages of a query that are counted where a tracker does not tell how many items there are.
const COUNTED_PAGES_MAX: usize = 50;

/// What would happen to one twin.
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
    /// Why it failed.
    pub error: Option<String>,
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
        let key = |side: Side| {
            context
                .items
                .get(side)
                .as_ref()
                .map(|row| row.reference.key.clone())
        };
        let mut planned = PlannedTwin {
            link: link.clone(),
            items: Sides::from_fn(key),
            plan: None,
            writes: Vec::new(),
            error: None,
        };
        match self.plan_context(connection, &context).await {
            Ok(plan) if plan.effects.is_empty() => return Ok(None),
            Ok(plan) => {
                for effect in &plan.effects {
                    let phrases = event::phrases(&effect.effect);
                    planned
                        .writes
                        .extend(phrases.into_iter().map(|phrase| (effect.side, phrase)));
                }
                planned.plan = Some(plan);
            }
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(trouble) => planned.error = Some(trouble.to_string()),
        }
        Ok(Some(planned))
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
        Ok(Arc::new(facts).plan(&connection.compiled).await?)
    }
}
