//! What is wrong with a fleet, each in one sentence with the way out. Facts in, sentences out.

use super::view::{FleetView, GroupView, MachineView, RoleView, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// A replica that is this old is worth a sentence.
const LAG_MAX_MS: u64 = 60_000;
/// So many names stand in a sentence; the others are counted.
const NAMES_MAX: usize = 5;

/// The troubles of a fleet, the gravest first.
pub fn troubles(view: &FleetView) -> Vec<Trouble> {
    let mut found = Vec::new();
    found.extend(etcd(view));
    found.extend(database(view));
    found.extend(view.machines.iter().flat_map(machine));
    found.extend(groups(view));
    found.extend(versions(view));
    found
}

fn trouble(about: impl Into<String>, what: String, way_out: impl Into<String>) -> Trouble {
    Trouble {
        about: about.into(),
        what,
        way_out: way_out.into(),
    }
}

fn etcd(view: &FleetView) -> Option<Trouble> {
    let why = view.etcd.as_ref()?;
    let what = format!("{} cannot go on with etcd: {why}", view.machine);
    let way_out = "bring a majority of etcd's members back, or, where it was lost, do as docs/operations.md says; no group \
                   changes its machine until then, and machines stop when their lease ends";
    Some(trouble("etcd", what, way_out))
}

fn database(view: &FleetView) -> Option<Trouble> {
    let failing = |kind: &str| {
        let standing = &view.database[kind];
        (standing["state"] == "failing").then(|| {
            let since = Timestamp::from_millis(standing["since"].as_i64().unwrap_or(0));
            let why = standing["why"].as_str().unwrap_or("no reason was given");
            format!("since {since} ({why})")
        })
    };
    let what = match (failing("commits"), failing("reads")) {
        (None, None) => return None,
        (Some(commits), None) => {
            format!("the central database answers and commits nothing {commits}")
        }
        (None, Some(reads)) => format!("the central database cannot be read {reads}"),
        (Some(commits), Some(_)) => format!("the central database does not work {commits}"),
    };
    let way_out = "look at PostgreSQL and its standbys; syncing goes on, but no group can be taken over, given away or made \
                   until commits succeed";
    Some(trouble("database", what, way_out))
}

fn machine(machine: &MachineView) -> Vec<Trouble> {
    let name = &machine.machine;
    let about = format!("machine {name}");
    let mut found = Vec::new();
    let faulty = |role: &Option<RoleView>| {
        let role = role.as_ref()?;
        Some((role.at.clone(), role.fault.clone()?))
    };
    if let Some((at, why)) = faulty(&machine.host) {
        let what = format!("the host of {name} at {at} does not answer: {why}");
        let way_out = if machine.there {
            "look at the network between the machines, and at its log; its lease is still renewed"
        } else {
            "start it with 'twinline up' there; others take its groups over when its lease has ended"
        };
        found.push(trouble(about.clone(), what, way_out));
    } else if machine.host.is_some() && !machine.there {
        let what = format!("the host of {name} answers and holds no lease, so it owns nothing");
        let way_out = format!("see why it does not reach etcd: 'twinline fleet status' on {name}");
        found.push(trouble(about.clone(), what, way_out));
    }
    if let Some((at, why)) = faulty(&machine.edge) {
        let what = format!("the edge of {name} at {at} does not work: {why}");
        let way_out = "start it with 'twinline up' there, or see its log; webhooks that are sent to it are refused, and \
                       the sweep finds what they would have told";
        found.push(trouble(about.clone(), what, way_out));
    }
    if machine.there && machine.host.is_none() {
        let what =
            format!("{name} holds a lease in etcd and is no host in this machine's [machines]");
        let way_out = "give all machines the same [machines]";
        found.push(trouble(about, what, way_out));
    }
    found
}

fn groups(view: &FleetView) -> Vec<Trouble> {
    let takes = |machine: &MachineView| machine.there && !machine.draining;
    let mut found = Vec::new();
    let vacant: Vec<&GroupView> = view
        .groups
        .iter()
        .filter(|group| group.machine.is_none())
        .collect();
    if !vacant.is_empty() {
        let what = format!(
            "nobody works on {}",
            named(vacant.iter().map(|group| group.group.as_str()))
        );
        let way_out = if view.etcd.is_some() {
            "bring etcd back"
        } else if view.machines.iter().any(takes) {
            "wait some seconds; if it stays so, look at the hosts' logs"
        } else {
            "start a host, or let one take groups again: 'twinline fleet undrain MACHINE'"
        };
        found.push(trouble("groups", what, way_out));
    }
    for group in &view.groups {
        let about = format!("group {}", group.group);
        if let (Some(owner), Some(why)) = (
            &group.machine,
            group.here.as_ref().and_then(|here| here.fault.as_ref()),
        ) {
            let what = format!("the group {} does not work on {owner}: {why}", group.group);
            let way_out = format!(
                "see the log of {owner}'s host, or move it: 'twinline fleet move NODE MACHINE'"
            );
            found.push(trouble(about.clone(), what, way_out));
        }
        if let Some(pinned) = &group.pinned
            && group.machine.as_ref() != Some(pinned)
            && !view.machine(pinned).is_some_and(takes)
        {
            let what = format!(
                "the group {} is to be on {pinned}, which takes no groups at the moment",
                group.group
            );
            let way_out = format!(
                "bring {pinned} back ('twinline fleet undrain {pinned}' if it drains), or 'twinline fleet unpin {}'",
                group.nodes.first().map_or("NODE", String::as_str)
            );
            found.push(trouble(about, what, way_out));
        }
    }
    found.extend(replicas(view));
    found
}

/// Replicas that are behind, in one sentence.
fn replicas(view: &FleetView) -> Option<Trouble> {
    let mut oldest = 0;
    let mut fault = None;
    let mut behind = Vec::new();
    for group in &view.groups {
        let Some(replica) = group.here.as_ref().and_then(|here| here.replica.as_ref()) else {
            continue;
        };
        let lag = replica.lag_ms.unwrap_or(0);
        if replica.fault.is_some() || lag > LAG_MAX_MS {
            oldest = oldest.max(lag);
            fault = fault.or(replica.fault.as_ref());
            behind.push(group.group.as_str());
        }
    }
    if behind.is_empty() {
        return None;
    }
    let mut what = format!(
        "the replica of {} is up to {} s old",
        named(behind.into_iter()),
        oldest.div_ceil(1000)
    );
    if let Some(why) = fault {
        what.push_str(&format!(" and is not written: {why}"));
    }
    let way_out =
        "see the central database; who takes these groups over now goes on from that state";
    Some(trouble("replicas", what, way_out))
}

fn versions(view: &FleetView) -> Option<Trouble> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for machine in &view.machines {
        for role in [&machine.host, &machine.edge].into_iter().flatten() {
            if let Some(version) = &role.version {
                versions
                    .entry(version)
                    .or_default()
                    .insert(&machine.machine);
            }
        }
    }
    if versions.len() < 2 {
        return None;
    }
    let each = versions.iter().map(|(version, machines)| {
        let machines = named(machines.iter().copied());
        format!("{version} on {machines}")
    });
    let what = format!(
        "several versions run: {}",
        each.collect::<Vec<_>>().join(", ")
    );
    let way_out =
        "finish the upgrade: install the newer one everywhere, then 'twinline fleet restart'";
    Some(trouble("versions", what, way_out))
}

/// Some names, and how many others there are.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let shown = all
        .iter()
        .take(NAMES_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match all.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} others"),
    }
}
