//! `status`, `twins`, `history`, `audit`.

use super::{history_text, instant, query};
use crate::cli::{AuditArgs, HistoryArgs, TwinsArgs};
use crate::client::Client;
use crate::report::{Report, Table};
use anyhow::Result;
use serde_json::Value as Json;
use std::path::Path;

fn text(value: &Json) -> String {
    match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn items(page: &Json) -> Vec<Json> {
    page["items"].as_array().cloned().unwrap_or_default()
}

pub(super) async fn status(file: &Path) -> Result<Report> {
    let status = Client::running(file).await?.get("/v1/status").await?;
    let shown = status_text(&status);
    Report::done(&status, shown)
}

/// A node's first fault, and how many there are beside it; `--json` shows them all.
fn first_fault(node: &Json) -> String {
    let faults = node["faults"].as_array().map_or(&[][..], Vec::as_slice);
    match faults {
        [] => String::new(),
        [one] => text(one),
        [first, rest @ ..] => format!("{} (and {} more)", text(first), rest.len()),
    }
}

fn status_text(status: &Json) -> String {
    let mut nodes = Table::new(["NODE", "TRACKER", "STATE", "WAITING", "LAG", "NOTE"]);
    for node in status["nodes"].as_array().into_iter().flatten() {
        let state = &node["state"];
        let why = [&state["sentence"], &state["reason"]];
        let why = why.into_iter().find_map(Json::as_str).map(str::to_owned);
        let waiting =
            node["dirty_live"].as_u64().unwrap_or(0) + node["dirty_backfill"].as_u64().unwrap_or(0);
        let lag = node["lag_ms"]
            .as_u64()
            .map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
        nodes.row([
            text(&node["node"]),
            text(&node["tracker"]),
            text(&state["state"]),
            waiting.to_string(),
            lag,
            why.unwrap_or_else(|| first_fault(node)),
        ]);
    }
    let mut connections = Table::new(["CONNECTION", "RULES", "TWINS", "NOTE"]);
    for connection in status["connections"].as_array().into_iter().flatten() {
        let twins = connection["twins"].as_object();
        let twins = twins.map(|states| {
            let each = states
                .iter()
                .map(|(state, count)| format!("{count} {state}"));
            each.collect::<Vec<_>>().join(", ")
        });
        let held = connection["held"][1]
            .as_str()
            .map(|why| format!("held: {why}"));
        connections.row([
            text(&connection["connection"]),
            format!("v{}", connection["version"]),
            twins
                .filter(|twins| !twins.is_empty())
                .unwrap_or_else(|| "none".to_owned()),
            held.unwrap_or_default(),
        ]);
    }
    let mut ledger = Table::new(["NODE", "KIND", "ACCOUNTED TO", "AUDITED TO"]);
    for line in status["ledger"].as_array().into_iter().flatten() {
        ledger.row([
            text(&line["node"]),
            text(&line["kind"]),
            instant(&line["accounted_to"]),
            instant(&line["audited_to"]),
        ]);
    }
    let drifted = match status["counters"]["drifted"].as_u64() {
        None | Some(0) => String::new(),
        Some(count) => format!("drift: audits found {count} twins out of step since the start\n"),
    };
    let central = central_text(&status["central"]);
    let parts = [
        nodes.text(),
        connections.text(),
        ledger.text(),
        groups_text(&status["groups"]),
        drifted,
        central,
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return "the host works; it has no nodes".to_owned();
    }
    parts.join("\n")
}

/// A fleet's groups of nodes, and who works on each.
fn groups_text(groups: &Json) -> String {
    let mut table = Table::new(["GROUP", "NODES", "MACHINE", "STATE"]);
    for group in groups.as_array().into_iter().flatten() {
        let state = match (&group["machine"], &group["state"]) {
            (Json::Null, Json::Null) => "nobody works on it at the moment".to_owned(),
            (_, Json::Null) => "on another machine".to_owned(),
            (_, state) => text(state),
        };
        table.row([
            text(&group["group"]),
            text(&group["nodes"]),
            text(&group["machine"]),
            state,
        ]);
    }
    table.text()
}

/// One line on the central database; nothing without one.
pub(super) fn central_text(central: &Json) -> String {
    if central.is_null() {
        return String::new();
    }
    let standing = |what: &str, standing: &Json| match standing["state"].as_str() {
        Some("ok") => format!("{what} ok"),
        Some("failing") => format!(
            "{what} failing since {} ({})",
            instant(&standing["since"]),
            text(&standing["why"])
        ),
        _ => format!("{what} not tried yet"),
    };
    let (health, replication) = (&central["health"], &central["replication"]);
    let lag = match central["lag_ms"].as_u64() {
        // In a fleet every group has a replica of its own.
        _ if replication.is_null() => String::new(),
        None => "nothing replicated since the start".to_owned(),
        Some(0) => "replica up to date".to_owned(),
        Some(ms) => format!(
            "replica {:.1} s behind",
            std::time::Duration::from_millis(ms).as_secs_f64()
        ),
    };
    let mut parts = vec![
        standing("reads", &health["reads"]),
        standing("commits", &health["commits"]),
        lag,
    ];
    parts.retain(|part| !part.is_empty());
    if replication["standing"]["state"] == "failing" {
        parts.push(standing("replication", &replication["standing"]));
    }
    if health["breaker_open"] == true {
        let count = text(&health["abandoned_writes"]);
        parts.push(format!("breaker open: {count} writes hang"));
    }
    format!("central database: {}\n", parts.join("; "))
}

pub(super) async fn twins(file: &Path, args: &TwinsArgs) -> Result<Report> {
    let client = Client::either(file).await?;
    let mut parameters = vec![("limit", args.max.to_string())];
    let named = [
        ("item", &args.item),
        ("connection", &args.connection),
        ("state", &args.state),
        ("cursor", &args.after),
    ];
    parameters.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    if args.held {
        parameters.push(("held", "true".to_owned()));
    }
    let page = client.get(&query("/v1/twins", &parameters)).await?;
    let mut table = Table::new(["TWIN", "CONNECTION", "LEFT", "RIGHT", "STATE", "NOTE"]);
    for twin in items(&page) {
        let key = |side: &str| {
            twin["items"][side]["key"]
                .as_str()
                .unwrap_or("(to come)")
                .to_owned()
        };
        let held = twin["held"].as_object().filter(|held| !held.is_empty());
        let held = held.map(|held| {
            let names: Vec<&str> = held.keys().map(String::as_str).collect();
            format!("frozen: {}", names.join(", "))
        });
        let waived = twin["comments_waived"]
            .as_object()
            .map_or(0, serde_json::Map::len);
        let waived =
            (waived > 0).then(|| format!("comments and files that do not cross: {waived}"));
        let notes: Vec<String> = held.into_iter().chain(waived).collect();
        let note = twin["reason"].as_str().map(str::to_owned);
        let note = note.or_else(|| (!notes.is_empty()).then(|| notes.join("; ")));
        table.row([
            text(&twin["link"]),
            text(&twin["connection"]),
            key("left"),
            key("right"),
            text(&twin["state"]),
            note.unwrap_or_default(),
        ]);
    }
    Report::done(&page, paged(table.text(), "no twins", &page, "--after"))
}

fn paged(mut shown: String, none: &str, page: &Json, flag: &str) -> String {
    if shown.is_empty() {
        return none.to_owned();
    }
    if !page["next"].is_null() {
        shown.push_str(&format!("more: {flag} {}\n", text(&page["next"])));
    }
    shown
}

pub(super) async fn history(file: &Path, args: &HistoryArgs) -> Result<Report> {
    let client = Client::either(file).await?;
    let mut parameters = vec![("item", args.item.clone()), ("limit", args.max.to_string())];
    parameters.extend(args.before.clone().map(|before| ("cursor", before)));
    let page = client.get(&query("/v1/history", &parameters)).await?;
    let mut table = Table::new(["AT", "ITEM", "WHAT", "FIELD", "CHANGE", "BY", "BECAUSE OF"]);
    for row in items(&page) {
        table.row(history_text::cells(&row)?);
    }
    let none = format!(
        "nothing was written to {0} or because of {0} yet",
        args.item
    );
    Report::done(&page, paged(table.text(), &none, &page, "--before"))
}

pub(super) async fn audit(file: &Path, args: &AuditArgs) -> Result<Report> {
    let client = Client::either(file).await?;
    let mut parameters = vec![("limit", args.max.to_string())];
    parameters.extend(args.before.clone().map(|before| ("cursor", before)));
    let page = client.get(&query("/v1/audit", &parameters)).await?;
    let mut table = Table::new(["AT", "WHO", "DID", "TO", "PARTICULARS"]);
    for row in items(&page) {
        table.row([
            instant(&row["at"]),
            text(&row["who"]),
            text(&row["action"]),
            text(&row["subject"]),
            text(&row["detail"]),
        ]);
    }
    let none = "nobody has done anything yet that is kept here";
    let mut shown = paged(table.text(), none, &page, "--before");
    if let Some(why) = page["fleet"].as_str() {
        shown = format!("{why}\n\n{shown}");
    }
    Report::done(&page, shown)
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
