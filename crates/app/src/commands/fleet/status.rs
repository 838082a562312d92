//! `fleet status`.

use super::Fleet;
use crate::commands::{instant, look::central_text};
use crate::fleet::view::{FleetView, GroupView, MachineView, RoleView};
use crate::report::{Report, Table};
use anyhow::Result;
use std::path::Path;

pub(super) async fn run(file: &Path) -> Result<Report> {
    let view = Fleet::open(file)?.view().await?;
    let text = text(&view);
    Report::done(&view, text)
}

pub(super) fn text(view: &FleetView) -> String {
    let mut machines = Table::new([
        "MACHINE", "HOST", "EDGE", "VERSION", "SEEN", "STATE", "GROUPS", "NODES",
    ]);
    for machine in &view.machines {
        machines.row([
            machine.machine.clone(),
            at(machine.host.as_ref()),
            at(machine.edge.as_ref()),
            machine.version.clone().unwrap_or_else(|| "–".to_owned()),
            instant(&machine.seen_at.into()),
            standing(machine).to_owned(),
            machine.groups.to_string(),
            machine.nodes.to_string(),
        ]);
    }
    let mut groups = Table::new([
        "GROUP", "NODES", "MACHINE", "EPOCH", "STATE", "SINCE", "PINNED", "REPLICA",
    ]);
    for group in &view.groups {
        let since = group.here.as_ref().map(|here| here.since);
        groups.row([
            group.group.clone(),
            group.nodes.join(", "),
            group.machine.clone().unwrap_or_else(|| "–".to_owned()),
            group
                .epoch
                .map_or_else(|| "–".to_owned(), |epoch| epoch.to_string()),
            state(group),
            instant(&since.into()),
            group.pinned.clone().unwrap_or_default(),
            replica(group),
        ]);
    }
    let etcd = match &view.etcd {
        None => "etcd: ok\n".to_owned(),
        Some(why) => format!("etcd: {why}\n"),
    };
    let mut troubles = String::new();
    for trouble in &view.troubles {
        troubles.push_str(&format!("{}: {}\n", trouble.what, trouble.way_out));
    }
    if troubles.is_empty() {
        troubles = "nothing is wrong\n".to_owned();
    }
    let central = central_text(&serde_json::json!({ "health": view.database }));
    let parts = [machines.text(), groups.text(), etcd + &central, troubles];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn at(role: Option<&RoleView>) -> String {
    match role {
        None => "none".to_owned(),
        Some(role) if role.fault.is_some() => format!("{} (!)", role.at),
        Some(role) => role.at.clone(),
    }
}

fn standing(machine: &MachineView) -> &'static str {
    match (machine.host.is_some(), machine.there, machine.draining) {
        (false, false, _) => "no host",
        (_, true, false) => "there",
        (_, true, true) if machine.groups > 0 => "there, gives its groups away",
        (_, true, true) => "there, takes no groups",
        (true, false, false) => "not there",
        (true, false, true) => "not there, takes no groups",
    }
}

fn state(group: &GroupView) -> String {
    match (&group.machine, &group.here) {
        (None, _) => "nobody works on it".to_owned(),
        (Some(machine), None) => format!("not heard of from {machine}"),
        (_, Some(here)) => match &group.joins {
            None => here.state.clone(),
            Some(into) => format!("{}, and is about to be a part of {into}", here.state),
        },
    }
}

fn replica(group: &GroupView) -> String {
    let Some(replica) = group.here.as_ref().and_then(|here| here.replica.as_ref()) else {
        return "–".to_owned();
    };
    match (replica.lag_ms, replica.behind_revisions) {
        (None, _) => "nothing shipped yet".to_owned(),
        (Some(0), _) => "up to date".to_owned(),
        (Some(ms), behind) => format!(
            "{:.1} s and {behind} revisions behind",
            std::time::Duration::from_millis(ms).as_secs_f64()
        ),
    }
}
