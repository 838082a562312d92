//! Asking trackers what the scopes of a connection offer.

use crate::nodes::Trackers;
use twinline_core::names::{Side, Sides};
use twinline_engine::recorded;
use twinline_rules::describe::SideDescription;
use twinline_rules::model::RuleSet;
use twinline_trackers::{Scope, TrackerError};

/// Both sides as their trackers describe them, at the same time. A node without a connector is left blank; one that
/// does not answer is left blank too, and a sentence says why.
pub(super) async fn sides(
    trackers: &Trackers,
    rules: &RuleSet,
) -> (Sides<SideDescription>, Vec<String>) {
    let (left, right) = tokio::join!(
        side(trackers, rules, Side::Left),
        side(trackers, rules, Side::Right)
    );
    let mut unasked = Vec::new();
    let mut take = |described: Result<SideDescription, String>| {
        described.unwrap_or_else(|sentence| {
            unasked.push(sentence);
            SideDescription::default()
        })
    };
    let sides = Sides {
        left: take(left),
        right: take(right),
    };
    (sides, unasked)
}

async fn side(trackers: &Trackers, rules: &RuleSet, side: Side) -> Result<SideDescription, String> {
    let rules = rules.sides.get(side);
    let node = &rules.node.value;
    let Some(tracker) = trackers.get(node) else {
        return Ok(SideDescription::default());
    };
    let scope: Scope = rules
        .scope
        .iter()
        .map(|(key, value)| (key.clone(), value.value.clone()))
        .collect();
    let described = tracker.describe(&scope).await;
    let description = described.map_err(|error: TrackerError| format!("node '{node}': {error}"))?;
    Ok(recorded(description))
}
