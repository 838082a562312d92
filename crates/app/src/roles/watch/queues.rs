//! The queues of tickets that this watch reads.

use super::build::Lasting;
use crate::config::Config;
use crate::handles::SystemClock;
use crate::nodes::Nodes;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::watch::element::{Element, Kind};
use twinline_watch::queue::{Place, Queue, Tickets};

/// A queue that could not be read for so long is told of.
const UNREAD_MAX: Duration = Duration::from_secs(900);

/// Each queue that can be read; of one that cannot, why not is among the faults. In a fleet the first machine that has a
/// watch reads them: two would answer twice.
pub(super) fn queues(
    file: &Path,
    config: &Config,
    lasting: &Lasting,
    faults: &mut Vec<String>,
) -> Vec<Queue> {
    let reads = reads(config);
    let is_there = |name: &str| reads && config.watch.queues.contains_key(name);
    lasting.looks.retain(is_there);
    if !reads {
        return Vec::new();
    }
    let mut made = Vec::new();
    for name in config.watch.queues.keys() {
        match one(file, config, lasting, name) {
            Ok(queue) => made.push(queue),
            Err(error) => faults.push(format!(
                "the queue of tickets {name} is not read: {error:#}"
            )),
        }
    }
    made
}

/// Whether this machine's watch reads queues.
fn reads(config: &Config) -> bool {
    let mut machines = config.machines.iter();
    let first = machines.find(|(_, machine)| machine.watch.is_some());
    first.is_none_or(|(name, _)| *name == config.instance.machine)
}

fn one(file: &Path, config: &Config, lasting: &Lasting, name: &str) -> Result<Queue> {
    let queue = &config.watch.queues[name];
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tracker = Nodes::new(config, file).one(&queue.node, &clock)?;
    let kind = &config
        .nodes
        .get(&queue.node)
        .context("its node is gone")?
        .tracker;
    let place = Place {
        node: NodeName::from(queue.node.as_str()),
        scope: queue.scope.clone(),
        tenant_by: queue.tenant_by.as_deref().map(FieldName::from),
        channel: queue.answer_in.clone(),
    };
    let mut tenants = BTreeMap::new();
    for (workspace, it) in &config.workspaces {
        let texts = it.tickets.iter();
        tenants.extend(texts.map(|text| (text.to_lowercase(), workspace.clone())));
    }
    Ok(Queue {
        name: name.to_owned(),
        inbound: Arc::new(Tickets { tracker, place }),
        node: (
            Element::new(Kind::Node, queue.node.clone()),
            [Element::new(Kind::Tracker, kind.clone())].into(),
        ),
        tenants,
        answers: queue.answer_in.is_some(),
        period: Duration::from_secs(queue.period_s.into()),
        unread_max: UNREAD_MAX,
        looks: lasting.looks.clone(),
        public_url: config.watch.public_url.clone(),
        file: lasting.queues.join(format!("queue-{name}.json")),
        clock,
    })
}
