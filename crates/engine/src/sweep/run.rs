//! The sweeps' one task: starts each node's sweep when it is due. One node has one sweep in flight, and a node that
//! does not answer delays no other; so many are in flight at once that only hundreds of them could.

use super::asked::Which;
use super::dues::{Due, Dues};
use super::{audit, candidates, feed, membership, next_period, probe, scope_key};
use crate::host::Inner;
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

/// What one round of a node has found.
struct Round {
    node: NodeName,
    /// Changes that no webhook had announced; `None`: the round failed.
    missed: Option<u64>,
    /// Whether the tracker does not show a scope (it refuses, or its answer cannot be read): its sweeps do not back off, and
    /// keep nothing else waiting.
    refused: bool,
    /// Whether the round panicked: the next ones come less and less often.
    panicked: bool,
    resweep: bool,
    audit: bool,
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
                        dues.now(&round.node, Instant::now());
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
                    dues.all_now(now);
                }
                Which::These(nodes) => for node in nodes {
                    dues.now(&node, now);
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
        let (resweep, audit) = (due.resweep_at <= now, due.audit_at <= now);
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
            rounds.spawn(caught(Arc::clone(host), node, resweep, audit));
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
                resweep_at: now + settings.resweep,
                audit_at: now + settings.audit,
            },
        );
    }
}

/// One round. A panic of ours ends here: the node is known by then, and no other is touched.
async fn caught(host: Arc<Inner>, node: Arc<Node>, resweep: bool, audit: bool) -> Round {
    let whole = AssertUnwindSafe(round(&host, &node, resweep, audit)).catch_unwind();
    whole.await.unwrap_or_else(|panic| {
        host.metrics.panics.inc();
        let said = panics::said(&*panic);
        tracing::error!(node = %node.name(), said, "a sweep panicked; it is tried again less and less often");
        Round {
            node: node.name().clone(),
            missed: None,
            refused: false,
            panicked: true,
            resweep,
            audit,
        }
    })
}

async fn round(host: &Arc<Inner>, node: &Arc<Node>, resweep: bool, audit: bool) -> Round {
    let probed = probe::node(host, node).await;
    let (mut missed, refused) = sweep_scopes(host, node, resweep).await;
    if probed {
        probe::places(host, node).await;
    }
    let (mut enumerated, mut enumeration_failed) = (None, false);
    if audit && missed.is_some() {
        // Before the audit ends, which claims what was enumerated.
        match candidates::look(host, node).await {
            Ok(began) => enumerated = began,
            Err(trouble) => {
                tracing::warn!(node = %node.name(), %trouble, "the triggers could not all be enumerated; trying again");
                enumeration_failed = true;
            }
        }
    }
    if missed.is_some() {
        let looked = audit::look(host, node, resweep, audit, enumerated).await;
        if let Err(error) = looked {
            tracing::error!(node = %node.name(), %error, "the store failed during an audit");
            missed = None;
        }
    }
    if resweep
        && missed.is_some()
        && let Err(trouble) = membership::look(host, node).await
    {
        tracing::warn!(node = %node.name(), %trouble, "the known twins could not all be asked about; trying again");
        missed = None;
    }
    if enumeration_failed {
        missed = None;
    }
    Round {
        node: node.name().clone(),
        missed,
        refused,
        panicked: false,
        resweep,
        audit,
    }
}

/// Sweeps all scopes of a node: how many changes that found, `None` where it failed, and whether a scope was refused.
async fn sweep_scopes(host: &Arc<Inner>, node: &Arc<Node>, resweep: bool) -> (Option<u64>, bool) {
    let scopes = host.scopes_of(node.name());
    let keys: Vec<String> = scopes.iter().map(scope_key).collect();
    let (mut missed, mut refused) = (0, false);
    for (scope, key) in scopes.iter().zip(&keys) {
        let of = feed::Of {
            scope,
            key,
            all: &keys,
        };
        match feed::sweep(host, node, of, resweep).await {
            Ok(found) => missed += found,
            Err(trouble) if trouble.is_of_the_question() => {
                tracing::error!(node = %node.name(), scope = key, %trouble, "the scope cannot be swept; its cursor stays");
                refused = true;
            }
            Err(trouble) => {
                tracing::warn!(node = %node.name(), %trouble, "the sweep stopped; it goes on from its cursor");
                return (None, refused);
            }
        }
    }
    (Some(missed), refused)
}

fn conclude(host: &Inner, dues: &mut Dues, running: &mut BTreeSet<NodeName>, round: &Round) {
    running.remove(&round.node);
    let (Some(due), Some(node)) = (dues.get(&round.node).cloned(), host.node(&round.node)) else {
        return;
    };
    let settings = &node.config.sweep;
    let now = Instant::now();
    let Some(missed) = round.missed else {
        let due = if round.panicked {
            let period = next_period(settings, due.period, 0, true);
            Due {
                at: now + period,
                period,
                ..due
            }
        } else {
            Due {
                period: settings.period,
                ..due
            }
        };
        dues.put(&round.node, due);
        return;
    };
    let day = Duration::from_secs(86_400);
    let recently = |at: Timestamp| host.env.now().since(at) < day;
    let arrive = node.tracker().capabilities().webhooks && node.announced().is_some_and(recently);
    let period = if round.refused {
        settings.period
    } else {
        next_period(settings, due.period, missed, arrive)
    };
    let next = |done: bool, after: Duration, was: Instant| if done { now + after } else { was };
    let resweep_at = next(round.resweep, settings.resweep, due.resweep_at);
    let audit_at = next(round.audit, settings.audit, due.audit_at);
    dues.put(
        &round.node,
        Due {
            // Backing off is about what webhooks tell; wide sweeps and audits find what they do not.
            at: (now + period).min(resweep_at).min(audit_at),
            period,
            resweep_at,
            audit_at,
        },
    );
}
