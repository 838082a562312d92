//! The sweeps' one task: starts each node's sweep when it is due. One node has one sweep in flight, and a node that
//! does not answer delays no other; so many are in flight at once that only hundreds of them could.

use super::asked::Which;
use super::dues::{Due, Dues, Part, Turn};
use super::{audit, candidates, feed, membership, next_period, probe, scope_key};
use crate::host::Inner;
use crate::job::Trouble;
use crate::node::Node;
use crate::panics;
use futures_util::FutureExt as _;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// Which of the rarer parts are due in a round, or what came of them.
#[derive(Clone, Copy, Debug)]
struct Parts<T> {
    /// Reading the scopes wider, and looking at sleeping twins.
    resweep: T,
    /// Asking which known twins match their triggers.
    membership: T,
    /// Marking all known items.
    audit: T,
    /// Reading the triggers' queries.
    enumeration: T,
}

/// What one round of a node has found.
struct Round {
    node: NodeName,
    /// Changes that no webhook had announced.
    missed: u64,
    end: End,
    parts: Parts<Part>,
}

/// How the sweeps of a node's scopes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// The tracker does not show a scope, or fails when asked about it: the sweeps do not back off.
    Impaired,
    /// The round panicked: the next ones come less and less often.
    Panicked,
}

/// Sweeps until shutdown. Sweeps in flight are dropped then: their pages are repeated at the next start.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    let mut dues = Dues::default();
    let mut running: BTreeSet<NodeName> = BTreeSet::new();
    // Those that are swept while they are asked for once more: what they have read may be of before.
    let mut again: BTreeSet<NodeName> = BTreeSet::new();
    let mut rounds: JoinSet<Round> = JoinSet::new();
    let mut known = None;
    loop {
        let now = Instant::now();
        let nodes = host.nodes_generation();
        if known != Some(nodes) {
            known = Some(nodes);
            follow_nodes(&host, &mut dues, now);
        }
        start_due(&host, &mut dues, &mut running, &mut rounds, now);
        let next = dues
            .first()
            .map_or(now + host.settings.period, |(at, _)| at);
        let is_full = rounds.len() >= host.settings.sweeps_max;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            Some(ended) = rounds.join_next() => match ended {
                Ok(round) => {
                    conclude(&host, &mut dues, &mut running, &round);
                    if again.remove(&round.node) {
                        due_now(&host, &mut dues, &round.node, Instant::now());
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a sweep ended outside its boundary");
                    // Which node it was is lost with it; all that stand still are tried again at their next period.
                    running.clear();
                    again.clear();
                }
            },
            which = host.sweeps_asked.take() => match which {
                Which::All => {
                    again.clone_from(&running);
                    for node in host.nodes_now().keys() {
                        due_now(&host, &mut dues, node, now);
                    }
                }
                Which::These(nodes) => for node in nodes {
                    due_now(&host, &mut dues, &node, now);
                    if running.contains(&node) {
                        again.insert(node);
                    }
                },
            },
            () = host.topology_changed.notified() => {}
            // When no more may start, the end of one is waited for.
            () = tokio::time::sleep_until(next), if !is_full => {}
        }
    }
}

/// Somebody asks for a sweep of a node: what webhooks may not have told is looked for now, and once more before long, since a
/// feed may show it late.
fn due_now(host: &Inner, dues: &mut Dues, name: &NodeName, now: Instant) {
    if let Some(node) = host.node(name) {
        dues.now(name, now, node.config.sweep.period);
    }
}

/// Starts the sweeps that are due, the longest due first, as many as may be in flight.
fn start_due(
    host: &Arc<Inner>,
    dues: &mut Dues,
    running: &mut BTreeSet<NodeName>,
    rounds: &mut JoinSet<Round>,
    now: Instant,
) {
    while rounds.len() < host.settings.sweeps_max
        && let Some((_, name)) = dues.first().filter(|(at, _)| *at <= now)
    {
        let name = name.clone();
        let due = dues
            .get(&name)
            .expect("the order names known nodes")
            .clone();
        let parts = Parts {
            resweep: due.resweep.is_due(now),
            membership: due.membership.is_due(now),
            audit: due.audit.is_due(now),
            enumeration: due.enumeration.is_due(now),
        };
        dues.put(
            &name,
            Due {
                at: now + due.period,
                ..due
            },
        );
        if let Some(node) = host.node(&name).filter(|node| node.is_open())
            && running.insert(name)
        {
            rounds.spawn(caught(Arc::clone(host), node, parts));
        }
    }
}

/// New nodes start at once; many are spread over one period, so that ten thousand do not start together.
fn follow_nodes(host: &Inner, dues: &mut Dues, now: Instant) {
    let nodes = host.nodes_now();
    dues.retain(|name| nodes.contains_key(name));
    let many = nodes.len() > 16;
    for (name, node) in nodes
        .iter()
        .filter(|(name, _)| dues.get(name).is_none())
        .collect::<Vec<_>>()
    {
        let settings = &node.config.sweep;
        let wait = if many {
            settings
                .period
                .saturating_sub(host.env.jittered(settings.period))
                .saturating_mul(2)
        } else {
            Duration::ZERO
        };
        dues.put(
            name,
            Due {
                at: now + wait,
                period: settings.period,
                resweep: Turn::first(now + settings.resweep, settings.period),
                membership: Turn::first(now + settings.resweep, settings.period),
                audit: Turn::first(now + settings.audit, settings.period),
                enumeration: Turn::first(now + settings.audit, settings.period),
            },
        );
    }
}

/// One round. A panic of ours ends here: the node is known by then, and no other is touched.
async fn caught(host: Arc<Inner>, node: Arc<Node>, due: Parts<bool>) -> Round {
    let whole = AssertUnwindSafe(round(&host, &node, due)).catch_unwind();
    whole.await.unwrap_or_else(|panic| {
        host.metrics.panics.inc();
        let said = panics::said(&*panic);
        tracing::error!(node = %node.name(), said, "a sweep panicked; it is tried again less and less often");
        let untried = Part::Untried;
        Round {
            node: node.name().clone(),
            missed: 0,
            end: End::Panicked,
            parts: Parts { resweep: untried, membership: untried, audit: untried, enumeration: untried },
        }
    })
}

async fn round(host: &Arc<Inner>, node: &Arc<Node>, due: Parts<bool>) -> Round {
    let probed = probe::node(host, node).await;
    let swept = sweep_scopes(host, node, due.resweep).await;
    if probed {
        probe::places(host, node).await;
    }
    let mut enumeration = Part::Untried;
    let mut enumerated = None;
    if due.enumeration && node.is_open() {
        // Before the audit ends, which claims what was enumerated.
        let looked = candidates::look(host, node).await;
        enumeration = part(node, looked.as_ref().map(drop), "enumerating the triggers");
        enumerated = looked.ok().flatten();
    }
    let mut audit = Part::Untried;
    if node.is_open() {
        let looked = audit::look(host, node, due.resweep, due.audit, enumerated).await;
        if due.audit || looked.is_err() {
            let looked = looked.map_err(Trouble::from);
            audit = part(node, looked.as_ref().map(drop), "the audit");
        }
    }
    let mut membership = Part::Untried;
    if due.membership && node.is_open() {
        let looked = membership::look(host, node).await;
        let looked = looked.as_ref().map(drop);
        membership = part(node, looked, "asking about the known twins");
    }
    let resweep = match (due.resweep, swept.wide) {
        (true, true) => Part::Done,
        (true, false) if node.is_open() => Part::Failed,
        _ => Part::Untried,
    };
    Round {
        node: node.name().clone(),
        missed: swept.missed,
        end: swept.end,
        parts: Parts {
            resweep,
            membership,
            audit,
            enumeration,
        },
    }
}

/// What came of a part. Where the node no longer answers, that is the node's trouble and not the part's.
fn part(node: &Node, looked: Result<(), &Trouble>, what: &str) -> Part {
    match looked {
        Ok(()) => Part::Done,
        Err(trouble) => {
            tracing::warn!(node = %node.name(), %trouble, "{what} did not come to its end; it is tried again");
            if node.is_open() {
                Part::Failed
            } else {
                Part::Untried
            }
        }
    }
}

/// What the sweeps of a node's scopes have found.
struct Swept {
    missed: u64,
    end: End,
    /// Whether all scopes were read wide to the end, where that was asked for.
    wide: bool,
}

/// Sweeps all scopes of a node. One that fails keeps no other from being swept, as long as the node answers.
async fn sweep_scopes(host: &Arc<Inner>, node: &Arc<Node>, wide: bool) -> Swept {
    let scopes = host.scopes_of(node.name());
    let keys: Vec<String> = scopes.iter().map(scope_key).collect();
    let mut swept = Swept {
        missed: 0,
        end: End::Whole,
        wide,
    };
    for (scope, key) in scopes.iter().zip(&keys) {
        let of = feed::Of {
            scope,
            key,
            all: &keys,
        };
        match feed::sweep(host, node, of, wide).await {
            Ok(read) => {
                swept.missed += read.missed;
                if read.missed > 0 {
                    node.hooked.found_unannounced(scope);
                }
                swept.wide &= read.wide;
            }
            Err(trouble) => {
                swept.end = End::Impaired;
                swept.wide &= trouble.is_of_the_question();
                if trouble.is_of_the_question() {
                    tracing::error!(node = %node.name(), scope = key, %trouble, "the scope cannot be swept; its cursor stays");
                } else {
                    tracing::warn!(node = %node.name(), scope = key, %trouble, "the sweep stopped; it goes on from its cursor");
                }
                if !node.is_open() {
                    swept.wide = false;
                    break;
                }
            }
        }
    }
    swept
}

fn conclude(host: &Inner, dues: &mut Dues, running: &mut BTreeSet<NodeName>, round: &Round) {
    running.remove(&round.node);
    let (Some(due), Some(node)) = (dues.get(&round.node).cloned(), host.node(&round.node)) else {
        return;
    };
    let settings = &node.config.sweep;
    let now = Instant::now();
    let day = Duration::from_secs(86_400);
    let recently = |at: Timestamp| host.env.now().since(at) < day;
    let arrive = node.tracker().capabilities().webhooks && node.announced().is_some_and(recently);
    let period = match round.end {
        End::Impaired => settings.period,
        End::Panicked => next_period(settings, due.period, 0, true),
        End::Whole => next_period(settings, due.period, round.missed, arrive),
    };
    let after = |turn: Turn, part: Part, every| turn.after(part, now, settings.period, every);
    let due = Due {
        at: now + period,
        period,
        resweep: after(due.resweep, round.parts.resweep, settings.resweep),
        membership: after(due.membership, round.parts.membership, settings.resweep),
        audit: after(due.audit, round.parts.audit, settings.audit),
        enumeration: after(due.enumeration, round.parts.enumeration, settings.audit),
    };
    // Backing off is about what webhooks tell; wide sweeps and audits find what they do not.
    let turns = [due.resweep, due.membership, due.audit, due.enumeration];
    let next = turns.into_iter().map(Turn::at).filter(|at| *at > now).min();
    dues.put(
        &round.node,
        Due {
            at: next.map_or(due.at, |next| next.min(due.at)),
            ..due
        },
    );
}
