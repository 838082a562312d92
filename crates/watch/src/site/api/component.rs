//! Components and their groups.

use super::super::document::Scene;
use super::super::identity::short;
use super::super::words::state_word;
use super::{instant, page_id};
use serde_json::{Value, json};
use twinline_core::watch::page::{Component, ComponentState};

/// Its id.
pub(super) fn id(name: &str) -> String {
    short(&["component", name])
}

fn group_id(name: &str) -> String {
    short(&["group", name])
}

/// All of them in the order in which they are shown; a group stands before its components.
pub(super) fn all(scene: &Scene<'_>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for (name, components) in scene.shown.groups() {
        if let Some(name) = name {
            let position = all.len() + 1;
            all.push(group(scene, name, &components, position));
        }
        for component in components {
            let position = all.len() + 1;
            all.push(one(scene, component, position));
        }
    }
    all
}

/// Those of these names, in the same order.
pub(super) fn named<'a>(scene: &Scene<'_>, names: impl Iterator<Item = &'a String>) -> Vec<Value> {
    let ids: Vec<String> = names.map(|name| id(name)).collect();
    let mut all = all(scene);
    all.retain(|it| ids.iter().any(|id| it["id"] == id.as_str()));
    all
}

fn one(scene: &Scene<'_>, component: &Component, position: usize) -> Value {
    let shown = scene.shown;
    let history = shown.status.history(&component.name);
    let known_from = history.and_then(|it| it.known_from()).unwrap_or(shown.at);
    let changed_at = history.and_then(|it| it.changed_at()).unwrap_or(shown.at);
    json!({
        "id": id(&component.name),
        "name": component.name,
        "status": state_word(shown.state(component)),
        "created_at": instant(known_from),
        "updated_at": instant(changed_at),
        "position": position,
        "description": null,
        "showcase": true,
        "start_date": instant(known_from)[..10],
        "group_id": component.group.as_deref().map(group_id),
        "page_id": page_id(shown),
        "group": false,
        "only_show_if_degraded": false,
    })
}

/// A group is as its worst component.
fn group(scene: &Scene<'_>, name: &str, of: &[&Component], position: usize) -> Value {
    let shown = scene.shown;
    let states = of.iter().map(|it| shown.state(it));
    let worst: ComponentState = states.max().unwrap_or_default();
    let histories = || of.iter().filter_map(|it| shown.status.history(&it.name));
    let known_from = histories().filter_map(|it| it.known_from()).min();
    let changed_at = histories().filter_map(|it| it.changed_at()).max();
    json!({
        "id": group_id(name),
        "name": name,
        "status": state_word(worst),
        "created_at": instant(known_from.unwrap_or(shown.at)),
        "updated_at": instant(changed_at.unwrap_or(shown.at)),
        "position": position,
        "description": null,
        "showcase": false,
        "start_date": null,
        "group_id": null,
        "page_id": page_id(shown),
        "group": true,
        "only_show_if_degraded": false,
        "components": of.iter().map(|it| id(&it.name)).collect::<Vec<_>>(),
    })
}
