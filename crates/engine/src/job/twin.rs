//! The job of one twin.

use super::Ended;
use super::context::Context;
use super::execute::{Executed, execute};
use super::facts::Owned;
use super::files::Tried;
use super::gather::{self, facts_of};
use super::glance::{self, glance};
use super::intend::intend;
use super::life::{self, Membership};
use super::moved::{self, Followed};
use super::observe::{Observation, observe, observe_bare};
use super::parents;
use super::resolve::{Resolved, resolve};
use super::ring::{self, Ring};
use super::settle::{self, Settling};
use super::talk::{self, Talk};
use super::trouble::Trouble;
use crate::dirty::is_alive;
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::scheduler::Started;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::attachments::AttachmentLink;
use twinline_core::contract::Leave;
use twinline_core::item::{Value, field};
use twinline_core::names::{LinkId, Side, Sides};
use twinline_core::quarantine::Kind;
use twinline_core::queue::Lane;
use twinline_core::reconcile::{Outcomes, Plan, Standing, Unsettled};
use twinline_core::time::Timestamp;
use twinline_store::host::{Twin, TwinState};

/// Plans made in one job when somebody else writes between observation and write.
const PLANS_MAX: usize = 4;
/// The wait before a stale observation is fetched again; grows with the failures.
const STALE_WAIT: Duration = Duration::from_millis(250);

/// The next job goes on, behind what others have waiting.
const NEXT: Ended = Ended::Again {
    wait: Duration::ZERO,
    failed: false,
};

/// A job of another cluster is in flight that concerns this one.
const BUSY: Ended = Ended::Again {
    wait: Duration::from_millis(100),
    failed: true,
};

pub(super) type SidesUnsettled = Sides<Vec<Unsettled>>;

/// `known`: the state in which the job knows the twin, for whoever judges its trouble.
pub(super) async fn run(
    host: &Arc<Inner>,
    started: &Started,
    link: &LinkId,
    known: &mut Option<TwinState>,
) -> Result<Ended, Trouble> {
    for round in 0..PLANS_MAX {
        let Some(mut context) = load(host, link).await? else {
            return Ok(Ended::Done);
        };
        if context.twin.root != started.work.root {
            return Ok(Ended::In(context.twin.root));
        }
        *known = Some(context.twin.state.clone());
        if rests(&context.twin, started.work.lane) {
            return Ok(Ended::Done);
        }
        let at_work = host.connection(&context.twin.connection);
        let (Some(connection), Some(nodes)) = (at_work, nodes(host, &context.twin)) else {
            // It was when the job started: what its marks tell is not lost.
            return Ok(Ended::Again {
                wait: host.settings.period,
                failed: false,
            });
        };
        probe(&nodes).await?;
        let again = round > 0 || started.failures > 0 || !context.open.is_empty();
        let rested = host.rests.take(link);
        let Some(seen) = glance(host, started, &nodes, &context, rested).await? else {
            return Ok(Ended::Done);
        };
        let open = context.open_copies();
        let resolved = resolve(host, &nodes, &mut context, &started.marks).await;
        *known = Some(context.twin.state.clone());
        let unsettled = match resolved? {
            Resolved::Known(unsettled) => unsettled,
            Resolved::Wait(until) => {
                let wait = until.since(host.env.now()).max(Duration::from_millis(1));
                return Ok(Ended::Again {
                    wait,
                    failed: false,
                });
            }
        };
        match ring::settle(host, &connection, &context.twin, started.work.lane).await? {
            Ring::Open => {}
            Ring::Closed => continue,
            Ring::Wait => {
                return Ok(Ended::Again {
                    wait: host.settings.period,
                    failed: false,
                });
            }
        }
        let job = Job {
            host,
            started,
            connection: &connection,
            nodes: &nodes,
            again,
            copies: Tried {
                failures: started.failures,
                open,
            },
        };
        if let Some(ended) = Box::pin(job.round(context, unsettled, seen)).await? {
            return Ok(ended);
        }
    }
    Ok(Ended::Again {
        wait: host.settings.backoff_first,
        failed: true,
    })
}

async fn load(host: &Arc<Inner>, link: &LinkId) -> Result<Option<Context>, Trouble> {
    let (link, now) = (link.clone(), host.env.now());
    Ok(host
        .store
        .read(move |read| Context::read(read, &link, now))
        .await?)
}

/// Asks the trackers who we are, where that is not known.
async fn probe(nodes: &Sides<Arc<Node>>) -> Result<(), Trouble> {
    for node in [&nodes.left, &nodes.right] {
        let known = node.probe().await;
        known.map_err(|error| Trouble::of(node.name(), error))?;
    }
    Ok(())
}

fn nodes(host: &Inner, twin: &Twin) -> Option<Sides<Arc<Node>>> {
    Some(Sides {
        left: host.node(&twin.nodes.left)?,
        right: host.node(&twin.nodes.right)?,
    })
}

/// Whether nothing is to be done: the twin has ended, or is held back by something that this sign cannot have mended.
fn rests(twin: &Twin, lane: Lane) -> bool {
    match &twin.state {
        TwinState::Quarantined { cause, .. } => {
            let kind = Kind::of_group(cause);
            let by_change = lane == Lane::Live && kind.is_some_and(Kind::is_mended_by_change);
            !(by_change || kind.is_some_and(Kind::is_mended_by_time))
        }
        _ => !is_alive(twin),
    }
}

/// When the item was created of which the other is to be a copy, where its tracker tells.
fn born(observed: &Sides<Observation>) -> Option<Timestamp> {
    Side::BOTH.into_iter().find_map(|side| {
        let item = observed.get(side).seen.item()?;
        match item.get(field::CREATED) {
            Some(Value::Time(at)) => Some(*at),
            _ => None,
        }
    })
}

struct Job<'a> {
    host: &'a Arc<Inner>,
    started: &'a Started,
    connection: &'a Arc<Connection>,
    nodes: &'a Sides<Arc<Node>>,
    /// Whether what is planned may have been tried before.
    again: bool,
    copies: Tried,
}

impl Job<'_> {
    /// One round from observation to settling; `None`: the facts changed meanwhile, plan again.
    async fn round(
        &self,
        context: Context,
        unsettled: SidesUnsettled,
        seen: Sides<Option<Observation>>,
    ) -> Result<Option<Ended>, Trouble> {
        let host = self.host;
        let talk = host.talks.take(&context.twin.link, host.env.now());
        let (left, right) = tokio::join!(
            self.observe(&context, Side::Left, talk.as_ref(), seen.left),
            self.observe(&context, Side::Right, talk.as_ref(), seen.right)
        );
        let mut observed = Sides {
            left: left?,
            right: right?,
        };
        match moved::follow(host, &context, &observed).await? {
            Followed::Nothing => {}
            Followed::Done => return Ok(Some(Ended::Done)),
            Followed::Busy => return Ok(Some(BUSY)),
        }
        life::believe_deletions(&context, &self.started.marks, &mut observed);
        if life::left_scope(self.connection, &context, &mut observed)
            || !life::is_awake(host, self.connection, self.nodes, &context, &observed).await?
        {
            let is_made = Side::BOTH.iter().all(|side| context.item(*side).is_some());
            match self.connection.contract().leave {
                // Of what was never made there is nothing to keep.
                Leave::Sleep if is_made || !context.open.is_empty() => {
                    life::sleep(host, &context, life::LEFT).await?;
                }
                Leave::Sleep | Leave::Unlink => {
                    settle::end(host, &context, life::LEFT, true).await?;
                }
            }
            return Ok(Some(Ended::Done));
        }
        let facts = self.facts(&context, &observed, unsettled).await?;
        let (facts, plan) = gather::plan(host, self.connection, &context, facts).await?;
        let plan = Arc::new(plan);
        match &plan.standing {
            Standing::Stale(side) => {
                host.metrics.stale.inc();
                tracing::debug!(link = %context.twin.link, %side, "a stale observation");
                return Ok(Some(Ended::Again {
                    wait: STALE_WAIT,
                    failed: true,
                }));
            }
            Standing::Asleep { side, reason } => {
                let why = life::show_reason(
                    self.nodes.get(*side).name(),
                    &observed.get(*side).seen,
                    reason,
                );
                life::sleep(host, &context, &why).await?;
                return Ok(Some(Ended::Done));
            }
            Standing::NotAdmitted => {
                settle::end(host, &context, "the item does not match `when`", true).await?;
                return Ok(Some(Ended::Done));
            }
            Standing::Active | Standing::Ended { .. } => {}
        }
        let look_again = talk.is_some();
        self.perform(context, &observed, &facts, plan, look_again)
            .await
    }

    /// `look_again`: the comments are those that the jobs before saw, so a whole look is still to come.
    async fn perform(
        &self,
        context: Context,
        observed: &Sides<Observation>,
        facts: &Arc<Owned>,
        plan: Arc<Plan>,
        look_again: bool,
    ) -> Result<Option<Ended>, Trouble> {
        let host = self.host;
        let lane = self.started.work.lane;
        let marks = &self.started.marks;
        let tried = (born(observed), self.again);
        let intended = intend(host, self.connection, &context, &plan, marks, tried).await?;
        let Some(rows) = intended else {
            return Ok(None);
        };
        let (env, metrics) = (&host.env, &host.metrics);
        let executed = execute(self.nodes, env, metrics, &plan.effects, &self.copies).await;
        let outcomes = Outcomes {
            effects: executed
                .attempts
                .iter()
                .map(|attempt| attempt.outcome.clone())
                .collect(),
            after: executed.after.clone(),
        };
        // A rule that fails on an item after our write settles nothing: the intents stay open, and the next round finds
        // what has arrived.
        let settled = facts
            .settle(&self.connection.compiled, Arc::clone(&plan), outcomes)
            .await?;
        let settling = Settling {
            host,
            connection: self.connection,
            context: &context,
            observed,
            plan: &plan,
            executed: &executed,
            settled: &settled,
            lagging: Sides::from_fn(|side| facts.sides.get(side).missing.open),
            marks: &self.started.marks,
            lane,
        };
        settling.store(rows).await?;
        let look_again = look_again || executed.has_refused() || executed.aged;
        // A copy that is owed is tried again though nothing changes.
        let owes = context.attachments.iter().any(AttachmentLink::is_owed);
        if settled.at_rest && context.open.is_empty() && !executed.has_refused() && !owes {
            glance::remember(
                host,
                self.nodes,
                &context.twin.link,
                observed,
                &plan,
                &executed,
            );
        }
        self.count_drift(&plan, &executed);
        if let Standing::Ended { evidence, .. } = &plan.standing
            && executed.retry.is_none()
            && executed.quarantine.is_none()
            && executed.unknown.is_none()
        {
            let evidence = settle::evidence_of(evidence, &plan, &executed);
            settle::end(host, &context, &evidence, false).await?;
            return Ok(Some(Ended::Done));
        }
        self.membership(&context, observed).await;
        if plan.more_comments {
            talk::hand_on(host, &context.twin.link, observed, &plan, &executed);
        }
        let more = plan.more_comments || plan.more_attachments || look_again;
        self.conclude(&plan, more, executed)
    }

    /// A twin that is out of step, though nothing but an audit asked to look, has drifted: something was missed.
    fn count_drift(&self, plan: &Plan, executed: &Executed) {
        let marks = &self.started.marks;
        let audit_alone = !marks.is_empty() && marks.iter().all(|mark| mark.audit);
        let planned_again =
            executed.changed || (executed.retry.is_some() && executed.unknown.is_none());
        if audit_alone && !planned_again && !plan.effects.is_empty() {
            self.host.metrics.drifted.inc();
            tracing::warn!(key = ?self.started.work.key, "an audit found a twin out of step");
        }
    }

    fn conclude(
        &self,
        plan: &Plan,
        more: bool,
        executed: Executed,
    ) -> Result<Option<Ended>, Trouble> {
        if executed.changed {
            return Ok(None);
        }
        if let Some(wait) = executed.unknown {
            return Ok(Some(Ended::Again { wait, failed: true }));
        }
        if let Some(retry) = executed.retry {
            return Err(retry);
        }
        if executed.quarantine.is_none() && more {
            return Ok(Some(NEXT));
        }
        let mut attempts = plan.effects.iter().zip(&executed.attempts);
        if attempts.any(|(planned, attempt)| executed.is_unconfirmed(planned, &attempt.outcome)) {
            return Ok(Some(Ended::Again {
                wait: Duration::ZERO,
                failed: true,
            }));
        }
        // Settled, as quarantined perhaps.
        Ok(Some(Ended::Done))
    }

    async fn observe(
        &self,
        context: &Context,
        side: Side,
        talk: Option<&Talk>,
        seen: Option<Observation>,
    ) -> Result<Observation, Trouble> {
        let (host, node) = (self.host, self.nodes.get(side));
        match (seen, context.item(side), talk) {
            (Some(seen), _, _) => Ok(seen),
            (None, None, _) => Ok(Observation::not_created(&host.env)),
            (None, Some(item), None) => observe(node, &host.env, &host.metrics, &item).await,
            (None, Some(item), Some(talk)) => {
                let known = talk.of(side);
                observe_bare(node, &host.env, &host.metrics, &item, known).await
            }
        }
    }

    async fn facts(
        &self,
        context: &Context,
        observed: &Sides<Observation>,
        unsettled: SidesUnsettled,
    ) -> Result<Owned, Trouble> {
        let seen = Sides::from_fn(|side| observed.get(side).seen.clone());
        let mut confirmed = self
            .started
            .marks
            .iter()
            .filter_map(|mark| mark.confirmed.as_ref());
        let confirmed = confirmed.any(|of| *of == self.connection.name);
        parents::wait(self.host, self.connection, context, &seen, confirmed).await?;
        facts_of(
            self.host,
            self.connection,
            self.nodes,
            context,
            seen,
            unsettled,
        )
        .await
    }

    /// After a change, off the path of the change itself: does the item still belong?
    async fn membership(&self, context: &Context, observed: &Sides<Observation>) {
        for side in Side::BOTH {
            let Some(item) = observed.get(side).seen.item() else {
                continue;
            };
            let known = context.items.get(side).as_ref();
            if known.is_some_and(|known| known.version == item.version) {
                continue;
            }
            let node = self.nodes.get(side);
            let noted = match life::belongs(self.connection, node, side, item).await {
                Ok(Membership::Left) => life::note_negative(self.host, context, side).await,
                Ok(_) => Ok(()),
                Err(trouble) => {
                    tracing::warn!(item = %item.reference.item, %trouble, "it could not be told whether an item still belongs; the next resweep asks again");
                    continue;
                }
            };
            if let Err(error) = noted {
                tracing::error!(%error, "a negative could not be stored");
            }
        }
    }
}
