//! The API that clients of Statuspage know: `/api/v2/….json`.
//!
//! Its shape is that of Atlassian's public documentation (metastatuspage.com/api, and the page `/api` of every page that
//! they host). Arrays are always there, also when they are empty; instants are RFC 3339 in UTC. What is ours beside it:
//! `page.refreshed_at`, the last time that what is shown was looked at, and a `status.description` that says so when that
//! is too long ago.

mod component;
mod incident;
mod maintenance;

use super::document::Scene;
use super::identity::short;
use super::overall::overall;
use super::place::Place;
use super::shown::Shown;
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;
use twinline_core::watch::page::{Entry, Maintenance, MaintenanceId};

/// The documented number of the most recent incidents, and of maintenance.
const RECENT: usize = 50;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    Summary,
    Status,
    Components,
    Incidents,
    Unresolved,
    Maintenances,
    Active,
    Upcoming,
}

impl Endpoint {
    pub(super) const ALL: &[Self] = &[
        Self::Summary,
        Self::Status,
        Self::Components,
        Self::Incidents,
        Self::Unresolved,
        Self::Maintenances,
        Self::Active,
        Self::Upcoming,
    ];

    /// Its path below `api/v2/`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary.json",
            Self::Status => "status.json",
            Self::Components => "components.json",
            Self::Incidents => "incidents.json",
            Self::Unresolved => "incidents/unresolved.json",
            Self::Maintenances => "scheduled-maintenances.json",
            Self::Active => "scheduled-maintenances/active.json",
            Self::Upcoming => "scheduled-maintenances/upcoming.json",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

/// The answer of an endpoint.
pub(super) fn render(endpoint: Endpoint, scene: &Scene<'_>) -> Value {
    let shown = scene.shown;
    let unresolved = || {
        let open = shown.incidents().into_iter();
        incidents(scene, open.filter(|it| !it.is_resolved()))
    };
    let (active, upcoming) = (shown.active(), shown.upcoming());
    let recent = shown.incidents().into_iter().take(RECENT);
    let members = match endpoint {
        Endpoint::Summary => json!({
            "components": component::all(scene),
            "incidents": unresolved(),
            "scheduled_maintenances": maintenances(scene, active.into_iter().chain(upcoming)),
            "status": status(scene),
        }),
        Endpoint::Status => json!({ "status": status(scene) }),
        Endpoint::Components => json!({ "components": component::all(scene) }),
        Endpoint::Incidents => json!({ "incidents": incidents(scene, recent) }),
        Endpoint::Unresolved => json!({ "incidents": unresolved() }),
        Endpoint::Maintenances => {
            let recent = shown.maintenances().into_iter().take(RECENT);
            json!({ "scheduled_maintenances": maintenances(scene, recent) })
        }
        Endpoint::Active => json!({ "scheduled_maintenances": maintenances(scene, active) }),
        Endpoint::Upcoming => json!({ "scheduled_maintenances": maintenances(scene, upcoming) }),
    };
    let mut answer = Map::new();
    answer.insert("page".to_owned(), page(scene));
    if let Value::Object(members) = members {
        answer.extend(members);
    }
    Value::Object(answer)
}

fn page(scene: &Scene<'_>) -> Value {
    let shown = scene.shown;
    json!({
        "id": page_id(shown),
        "name": shown.name,
        "url": scene.base.map_or("", |it| it.as_str().trim_end_matches('/')),
        "time_zone": shown.time_zone,
        "updated_at": instant(shown.changed_at()),
        "refreshed_at": instant(shown.at),
    })
}

fn status(scene: &Scene<'_>) -> Value {
    let overall = overall(scene.shown);
    let description = if scene.stale {
        format!(
            "{} (last refreshed {})",
            overall.description, scene.shown.at
        )
    } else {
        overall.description.to_owned()
    };
    json!({ "indicator": overall.indicator.as_str(), "description": description })
}

fn incidents<'a>(scene: &Scene<'_>, of: impl IntoIterator<Item = &'a Entry>) -> Vec<Value> {
    of.into_iter().map(|it| incident::one(scene, it)).collect()
}

fn maintenances<'a>(
    scene: &Scene<'_>,
    of: impl IntoIterator<Item = (MaintenanceId, &'a Maintenance)>,
) -> Vec<Value> {
    let of = of.into_iter();
    of.map(|(id, it)| maintenance::one(scene, id, it)).collect()
}

fn page_id(shown: &Shown) -> String {
    short(&["page", &shown.name])
}

/// The address of a thing's own page; empty where none is known.
fn link(scene: &Scene<'_>, place: &Place) -> String {
    super::links::absolute(scene.base, place, scene.exported).unwrap_or_default()
}

/// An instant with three digits for the thousandths, as Statuspage writes it.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z') {
        Some(whole) if !whole.contains('.') => format!("{whole}.000Z"),
        _ => text,
    }
}
