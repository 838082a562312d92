//! `fleet drain`, `undrain`, `move`, `unpin`: where groups are.

use super::Fleet;
use super::ask::{Look, until};
use crate::cli::{DrainArgs, MoveArgs};
use crate::commands::deeds::counted;
use crate::commands::{progress, segment};
use crate::fleet::view::FleetView;
use crate::report::Report;
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

pub(super) async fn drain(file: &Path, args: &DrainArgs) -> Result<Report> {
    let fleet = Fleet::open(file)?;
    let machine = &args.machine;
    let path = format!("/v1/fleet/machines/{}/drain", segment(machine));
    let begun: Json = fleet.post(&path, &json!({ "force": args.force })).await?;
    let had = begun["groups"].as_u64().unwrap_or(0);
    if args.no_wait {
        let groups = counted(had, "group", "groups");
        let text = format!(
            "{machine} gives its {groups} away: 'twinline fleet status' shows how far it is"
        );
        return Report::done(&begun, text);
    }
    let line = progress::line("giving groups away");
    let within = (Duration::from_secs(args.within_s), &line);
    let what = format!("{machine} has not given all its groups away, and goes on with it,");
    let vacant = until(within, &what, async || {
        Ok(left(&fleet.view().await?, machine))
    })
    .await;
    line.finish_and_clear();
    let vacant = vacant?;
    let mut text = format!(
        "{machine} owns nothing, and takes no groups until 'twinline fleet undrain {machine}'"
    );
    if vacant > 0 {
        let groups = counted(vacant, "group waits", "groups wait");
        text.push_str(&format!("; {groups} for another machine"));
    }
    Report::done(
        &json!({ "machine": machine, "draining": true, "groups": 0 }),
        text,
    )
}

/// What a machine that drains has still; when nothing, how many groups nobody has yet.
pub(super) fn left(view: &FleetView, machine: &str) -> Look<u64> {
    if let Some(why) = &view.etcd {
        return Look::NotYet(format!(
            "what {machine} has is not known to {}, which does not reach etcd: {why}",
            view.machine
        ));
    }
    let has = view.machine(machine).map_or(0, |machine| machine.groups);
    if has == 0 {
        let vacant = view.groups.iter().filter(|group| group.machine.is_none());
        return Look::There(vacant.count() as u64);
    }
    let groups = counted(has.into(), "group", "groups");
    let waits = view
        .troubles
        .iter()
        .find(|trouble| trouble.about == "database");
    Look::NotYet(match waits {
        None => format!("{machine} has {groups} left"),
        Some(trouble) => format!("{machine} goes on with {groups}, since {}", trouble.what),
    })
}

pub(super) async fn undrain(file: &Path, machine: &str) -> Result<Report> {
    let fleet = Fleet::open(file)?;
    let path = format!("/v1/fleet/machines/{}/undrain", segment(machine));
    let done: Json = fleet.post(&path, &json!({})).await?;
    let text = format!(
        "{machine} takes groups again: those that are wanted on it come back, others as they need a machine"
    );
    Report::done(&done, text)
}

pub(super) async fn move_node(file: &Path, args: &MoveArgs) -> Result<Report> {
    let fleet = Fleet::open(file)?;
    let (node, machine) = (&args.node, &args.machine);
    let path = format!("/v1/fleet/nodes/{}/move", segment(node));
    let moved: Json = fleet.post(&path, &json!({ "machine": machine })).await?;
    let group = moved["group"].as_str().unwrap_or_default().to_owned();
    let whole = with_it(&moved);
    if args.no_wait {
        return Report::done(
            &moved,
            format!("{whole} goes to {machine}, as soon as it can"),
        );
    }
    let line = progress::line("moving");
    let within = (Duration::from_secs(args.within_s), &line);
    let what = format!("{whole} does not work on {machine}");
    let works = until(within, &what, async || {
        Ok(works_on(&fleet.view().await?, &group, machine))
    })
    .await;
    line.finish_and_clear();
    works?;
    let text =
        format!("{whole} works on {machine}, and stays there until 'twinline fleet unpin {node}'");
    Report::done(&moved, text)
}

fn works_on(view: &FleetView, group: &str, machine: &str) -> Look<()> {
    let Some(found) = view.groups.iter().find(|one| one.group == group) else {
        return Look::NotYet(format!(
            "the group {group} is not known to {} yet",
            view.machine
        ));
    };
    match &found.machine {
        Some(owner) if owner == machine && found.works() => Look::There(()),
        Some(owner) => {
            let state = found
                .here
                .as_ref()
                .map_or("is not heard of", |here| here.state.as_str());
            let waits = view
                .troubles
                .iter()
                .find(|trouble| trouble.about == "database");
            let since = waits.map_or_else(String::new, |trouble| format!("; {}", trouble.what));
            Look::NotYet(format!("the group {group} {state} on {owner}{since}"))
        }
        None => Look::NotYet(format!("nobody has the group {group} yet")),
    }
}

pub(super) async fn unpin(file: &Path, node: &str) -> Result<Report> {
    let fleet = Fleet::open(file)?;
    let path = format!("/v1/fleet/nodes/{}/unpin", segment(node));
    let done: Json = fleet.post(&path, &json!({})).await?;
    let text = format!(
        "{} stays where it is, and may go anywhere from now on",
        with_it(&done)
    );
    Report::done(&done, text)
}

/// A group by its nodes: they go together.
fn with_it(moved: &Json) -> String {
    let nodes: Vec<&str> = (moved["nodes"].as_array().into_iter().flatten())
        .filter_map(Json::as_str)
        .collect();
    let group = moved["group"].as_str().unwrap_or_default();
    format!("the group {group} ({})", nodes.join(", "))
}
