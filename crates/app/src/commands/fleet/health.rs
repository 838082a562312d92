//! Whether a fleet is fit for a machine of it to begin anew, and whether one that did is back. Facts in, sentence out.

use crate::cli::RestartRole;
use crate::fleet::view::{FleetView, MachineView, RoleView};
use std::collections::BTreeSet;

/// Why nothing further may be restarted now; `None`: it may. Machines that begin anew at the moment are not looked at, nor
/// are their groups.
pub(super) fn unfit(view: &FleetView, under_way: &BTreeSet<String>) -> Option<String> {
    if let Some(why) = &view.etcd {
        return Some(format!("{} cannot go on with etcd: {why}", view.machine));
    }
    for machine in &view.machines {
        if under_way.contains(&machine.machine) {
            continue;
        }
        for (what, role) in [("host", &machine.host), ("edge", &machine.edge)] {
            if let Some(why) = role.as_ref().and_then(|role| role.fault.as_ref()) {
                return Some(format!(
                    "the {what} of {} does not work: {why}",
                    machine.machine
                ));
            }
        }
    }
    let others = view.groups.iter().filter(|group| match &group.machine {
        Some(owner) => !under_way.contains(owner),
        None => under_way.is_empty(),
    });
    let mut idle = others.filter(|group| !group.works());
    idle.next()
        .map(|group| match (&group.machine, &group.here) {
            (Some(owner), Some(here)) => {
                format!("the group {} {} on {owner}", group.group, here.state)
            }
            (Some(owner), None) => {
                format!("{owner}, which has the group {}, is not heard", group.group)
            }
            (None, _) => format!("nobody works on the group {}", group.group),
        })
}

/// A role of a machine; `None`: it has none such.
pub(super) fn role(machine: &MachineView, role: RestartRole) -> Option<&RoleView> {
    match role {
        RestartRole::Host => machine.host.as_ref(),
        RestartRole::Edge => machine.edge.as_ref(),
    }
}

/// The groups of a machine, by id.
pub(super) fn groups_of(view: &FleetView, machine: &str) -> BTreeSet<String> {
    let own = view
        .groups
        .iter()
        .filter(|group| group.machine.as_deref() == Some(machine));
    own.map(|group| group.group.clone()).collect()
}

/// Why a machine's role is not back that began at `before` until it was restarted; `None`: it is, and `groups`, which it
/// had, all work.
pub(super) fn not_back(
    view: &FleetView,
    (machine, which): (&str, RestartRole),
    before: i64,
    groups: &BTreeSet<String>,
) -> Option<String> {
    let Some(found) = view.machine(machine) else {
        return Some(format!("{} does not know {machine}", view.machine));
    };
    let name = which.name();
    let Some(now) = role(found, which) else {
        return Some(format!("{machine} has no {name} any more"));
    };
    if let Some(why) = &now.fault {
        return Some(format!("the {name} of {machine} is not back: {why}"));
    }
    if now.started_at == Some(before) {
        let log = match which {
            RestartRole::Host => "",
            RestartRole::Edge => {
                "; why another cannot begin stands in the log of its 'twinline up'"
            }
        };
        return Some(format!(
            "the {name} of {machine} is still the one that is to end{log}"
        ));
    }
    if which == RestartRole::Host && !found.there {
        return Some(format!(
            "the host of {machine} is back and holds no lease yet"
        ));
    }
    let waits = view
        .groups
        .iter()
        .filter(|group| groups.contains(&group.group) && !group.works());
    let waits: Vec<&str> = waits.map(|group| group.group.as_str()).collect();
    let first = waits.first()?;
    Some(format!(
        "{} of {} groups of {machine} do not work yet ({first}{})",
        waits.len(),
        groups.len(),
        if waits.len() > 1 { ", …" } else { "" }
    ))
}
