//! What a job tells those who listen: the live transcript and the counters.

use super::Settling;
use crate::event::{self, What};
use crate::job::trouble::sentence;
use std::time::Duration;
use twinline_core::names::Side;
use twinline_store::host::{EffectRow, EffectState};

impl Settling<'_> {
    pub(super) fn events(&self, effects: &[EffectRow]) {
        let name = &self.connection.name;
        let link = &self.context.twin.link;
        for row in effects.iter().filter(|row| row.state == EffectState::Done) {
            let latency_ms = self.latency_ms(row);
            if let Some(ms) = latency_ms {
                self.host.metrics.latency.record(Duration::from_millis(ms));
            }
            let side = row.planned.side;
            let what = What::Written {
                from: self.named(side.other()),
                to: self.named(side),
                done: event::phrases(&row.planned.effect),
                latency_ms,
                rule_version: row.rule_version,
                by: event::origins(&row.planned),
            };
            self.host.tell(name, link, what);
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
        let label = self
            .host
            .node(node)
            .map_or_else(|| node.to_string(), |node| node.config.label.clone());
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
        match seen.or(stored).or(self.settled.created.as_ref()) {
            Some(reference) => {
                let one_scope = self.host.scopes_of(node).len() < 2;
                event::named(&label, reference, one_scope)
            }
            None => label,
        }
    }
}
