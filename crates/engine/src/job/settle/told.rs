//! What a job tells those who listen: the live transcript and the counters.

use super::Settling;
use crate::event::{self, What};
use crate::host::Inner;
use crate::job::trouble::sentence;
use std::time::Duration;
use twinline_core::item::ItemRef;
use twinline_core::names::{NodeName, Side, Sides};
use twinline_store::host::{EffectRow, EffectState, Twin};

impl Settling<'_> {
    pub(super) fn events(&self, effects: &[EffectRow]) {
        let name = &self.connection.name;
        let link = &self.context.twin.link;
        for row in effects.iter().filter(|row| row.state == EffectState::Done) {
            let latency_ms = self.latency_ms(row);
            if let Some(ms) = latency_ms {
                self.host.metrics.latency.record(Duration::from_millis(ms));
            }
            let names = Sides::from_fn(|side| self.named(side));
            tell_written(self.host, &self.context.twin, row, names, latency_ms);
        }
        if let Some(cause) = &self.executed.quarantine {
            self.host.metrics.quarantined.inc();
            self.host.tell(
                name,
                link,
                What::Quarantined {
                    reason: sentence(cause),
                },
            );
        }
    }

    fn named(&self, side: Side) -> String {
        let node = self.context.twin.nodes.get(side);
        let seen = self
            .observed
            .get(side)
            .seen
            .item()
            .map(|item| &item.reference);
        let stored = self
            .context
            .items
            .get(side)
            .as_ref()
            .map(|row| &row.reference);
        name_of(
            self.host,
            node,
            seen.or(stored).or(self.settled.created.as_ref()),
        )
    }
}

/// Tells those who listen of a write that was made. `names`: what people call the items.
pub(in crate::job) fn tell_written(
    host: &Inner,
    twin: &Twin,
    row: &EffectRow,
    names: Sides<String>,
    latency_ms: Option<u64>,
) {
    let side = row.planned.side;
    let what = What::Written {
        from: names.get(side.other()).clone(),
        to: names.get(side).clone(),
        done: event::phrases(&row.planned.effect),
        latency_ms,
        rule_version: row.rule_version,
        by: event::origins(&row.planned),
    };
    host.tell(&twin.connection, &twin.link, what);
}

/// What people call an item of a node; its node, while the item is not known.
pub(in crate::job) fn name_of(host: &Inner, node: &NodeName, item: Option<&ItemRef>) -> String {
    let known = host.node(node);
    let label = known.map_or_else(|| node.to_string(), |node| node.config.label.clone());
    match item {
        Some(item) => event::named(&label, item, host.scopes_of(node).len() < 2),
        None => label,
    }
}
