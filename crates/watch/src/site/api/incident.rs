//! Incidents.

use super::super::document::Scene;
use super::super::place::Place;
use super::super::shown::{published_at, updated_at};
use super::super::words::{impact_word, stage_word, state_word};
use super::{component, instant, link, page_id};
use serde_json::{Value, json};
use twinline_core::watch::page::{Entry, Update};

/// An incident; its updates from the last to the first.
pub(super) fn one(scene: &Scene<'_>, entry: &Entry) -> Value {
    let id = entry.incident.to_string();
    let updates = entry.updates.iter().enumerate().rev();
    json!({
        "id": id,
        "name": entry.name,
        "status": stage_word(entry.stage),
        "created_at": instant(published_at(entry)),
        "updated_at": instant(updated_at(entry)),
        "monitoring_at": entry.monitoring_at.map(instant),
        "resolved_at": entry.resolved_at.map(instant),
        "impact": impact_word(entry.impact),
        "shortlink": link(scene, &Place::Incident(entry.incident)),
        "started_at": instant(entry.began),
        "page_id": page_id(scene.shown),
        "incident_updates": updates.map(|it| update(&id, it)).collect::<Vec<_>>(),
        "components": component::named(scene, entry.affected.iter()),
    })
}

fn update(incident: &str, (index, update): (usize, &Update)) -> Value {
    let changed = update.components.iter().map(|(name, (from, to))| {
        json!({
            "code": component::id(name),
            "name": name,
            "old_status": state_word(*from),
            "new_status": state_word(*to),
        })
    });
    let at = instant(update.at);
    json!({
        "id": format!("{incident}-{}", index + 1),
        "status": stage_word(update.stage),
        "body": update.body,
        "incident_id": incident,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": changed.collect::<Vec<_>>(),
    })
}
