//! Asking trackers what the scopes of a connection offer.

use crate::nodes::Trackers;
use twinline_core::names::{Side, Sides};
use twinline_rules::describe::{FieldInfo, NativeKind, SideDescription, StatusInfo};
use twinline_rules::model::RuleSet;
use twinline_trackers::{Description, Scope, TrackerError};

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

/// A connector's description in the form that rules keep with a version.
fn recorded(description: Description) -> SideDescription {
    let fields = description.fields.into_iter().map(|(id, field)| {
        let info = FieldInfo {
            // A kind that rules do not know is taken as it is.
            kind: NativeKind::from_name(&field.kind).unwrap_or(NativeKind::Json),
            name: field.name,
            required: field.required,
            writable: field.writable,
            options: field.options,
            max_chars: field.max_chars,
        };
        (id, info)
    });
    let statuses = description.statuses.into_iter().map(|status| StatusInfo {
        status: status.status,
        leads_to: status.leads_to,
        closed: status.closed,
    });
    SideDescription {
        fields: fields.collect(),
        statuses: statuses.collect(),
        users: description.users,
    }
}
