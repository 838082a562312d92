//! Scheduled maintenance: an incident's members, and from when until when.

use super::super::document::Scene;
use super::super::place::Place;
use super::super::shown::{announced_at, completed_at, noted_at};
use super::super::words::maintenance_word;
use super::{component, instant, link, page_id};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;
use twinline_core::watch::page::{Maintenance, MaintenanceId, MaintenanceStage};

/// A maintenance; what was said of it from the last to the first.
pub(super) fn one(scene: &Scene<'_>, id: MaintenanceId, known: &Maintenance) -> Value {
    // Apart from the incidents' ids, since each is counted for itself.
    let own = format!("m{}", id.0);
    let notes = known.updates.iter().enumerate().rev();
    let begun = known.updates.iter();
    let begun = begun.filter(|it| it.1 == MaintenanceStage::InProgress);
    let begun = begun.map(|it| it.0).next().unwrap_or(known.from);
    json!({
        "id": own,
        "name": known.name,
        "status": maintenance_word(known.stage),
        "created_at": instant(announced_at(known)),
        "updated_at": instant(noted_at(known)),
        "monitoring_at": null,
        "resolved_at": completed_at(known).map(instant),
        "impact": "maintenance",
        "shortlink": link(scene, &Place::Maintenance(id)),
        "started_at": instant(begun),
        "page_id": page_id(scene.shown),
        "incident_updates": notes.map(|it| note(&own, it)).collect::<Vec<_>>(),
        "components": component::named(scene, known.components.iter()),
        "scheduled_for": instant(known.from),
        "scheduled_until": instant(known.until),
    })
}

fn note(
    of: &str,
    (index, (at, stage, body)): (usize, &(Timestamp, MaintenanceStage, String)),
) -> Value {
    let at = instant(*at);
    json!({
        "id": format!("{of}-{}", index + 1),
        "status": maintenance_word(*stage),
        "body": body,
        "incident_id": of,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": [],
    })
}
