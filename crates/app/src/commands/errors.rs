//! `errors`: everything that waits for a person, equal causes in one line, each with the way on.

use super::{instant, query};
use crate::client::Client;
use crate::report::{Report, Table};
use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use twinline_core::reconcile::Hold;

/// Twins with frozen fields that are read; more are told as more.
const FROZEN_MAX: usize = 500;

pub(super) async fn run(file: &Path) -> Result<Report> {
    let client = Client::either(file).await?;
    let mut groups = client.all("/v1/errors").await?;
    groups.sort_by_key(|group| std::cmp::Reverse(group["twins"].as_u64()));
    let held = client.all("/v1/connections").await?;
    let held: Vec<Json> = held.iter().filter_map(held_connection).collect();
    let frozen = [
        ("held", "true".to_owned()),
        ("limit", FROZEN_MAX.to_string()),
    ];
    let page = client.get(&query("/v1/twins", &frozen)).await?;
    let more = !page["next"].is_null();
    let twins = items(page);
    let (frozen, waived) = (frozen_fields(&twins)?, waived_comments(&twins));
    let mut shown = vec![text(&groups, &held, &frozen, more), comments_text(&waived)];
    shown.retain(|part| !part.is_empty());
    let shown = if shown.is_empty() {
        "nothing is held back".to_owned()
    } else {
        shown.join("\n")
    };
    let document = json!({ "errors": groups, "held": held, "frozen": frozen, "frozen_more": more, "comments": waived });
    Report::done(&document, shown)
}

fn items(mut page: Json) -> Vec<Json> {
    match page["items"].take() {
        Json::Array(items) => items,
        _ => Vec::new(),
    }
}

/// A connection that its breaker holds: `{"connection", "since", "why"}`.
fn held_connection(connection: &Json) -> Option<Json> {
    let [since, why] = connection["held"].as_array()?.as_slice() else {
        return None;
    };
    Some(json!({ "connection": connection["connection"], "since": since, "why": why }))
}

/// Frozen fields by connection, field and reason: `{"connection", "field", "why", "twins", "example", "advice"}`.
/// Texts that are too long for the same limit are one group; `why` is then the example's.
fn frozen_fields(twins: &[Json]) -> Result<Vec<Json>> {
    let mut groups: BTreeMap<[String; 3], (u64, Hold, String)> = BTreeMap::new();
    for twin in twins {
        let example = ["left", "right"]
            .into_iter()
            .find_map(|side| twin["items"][side]["key"].as_str())
            .unwrap_or_default();
        for (field, hold) in twin["held"].as_object().into_iter().flatten() {
            let hold: Hold = serde_json::from_value(hold.clone())
                .context("the reason of a frozen field cannot be read")?;
            let connection = twin["connection"].as_str().unwrap_or_default();
            let alike = match &hold {
                Hold::TooLong { limit, .. } => Hold::TooLong {
                    chars: 0,
                    limit: *limit,
                },
                other => other.clone(),
            };
            let key = [connection.to_owned(), field.clone(), alike.to_string()];
            let group = groups.entry(key);
            group.or_insert_with(|| (0, hold, example.to_owned())).0 += 1;
        }
    }
    let row = |([connection, field, _], (twins, hold, example)): (
        [String; 3],
        (u64, Hold, String),
    )| {
        let advice = advice(&hold, &field, &example);
        json!({ "connection": connection, "field": field, "why": hold.to_string(), "twins": twins,
                "example": example, "advice": advice })
    };
    Ok(groups.into_iter().map(row).collect())
}

/// What ends a hold: for some a person's choice, for others only a change of the value or of the rule.
fn advice(hold: &Hold, field: &str, example: &str) -> String {
    let choice = format!("twinline release '{example}' --field {field} --take left   (or right)");
    match hold {
        Hold::Conflict | Hold::First => format!("Choose whose value crosses: {choice}"),
        Hold::Lossy { .. } => {
            format!(
                "Edit it on the side that shows all of it, or let it cross with that loss: {choice}"
            )
        }
        Hold::Cut => {
            format!(
                "Edit it on the side that has all of it, or choose whose value crosses: {choice}"
            )
        }
        Hold::TooLong { limit, .. } => format!(
            "Shorten the longer {field} of '{example}' and its twin to {limit} characters, or cut what crosses (`max` of \
             the field in the rules, then 'twinline apply'); the hold then ends by itself."
        ),
        Hold::PingPong { .. } => format!(
            "Mend the automation that answers Twinline's writes, then choose whose value crosses: {choice}"
        ),
        Hold::Rule { .. } => format!(
            "Mend the value, or the rule (then 'twinline apply'), and the hold ends by itself; or choose whose value crosses: {choice}"
        ),
    }
}

fn text(groups: &[Json], held: &[Json], frozen: &[Json], more: bool) -> String {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut shown = Vec::new();
    let mut table = Table::new(["CONNECTION", "HELD SINCE", "WHY"]);
    for held in held {
        let since = instant(&held["since"]);
        table.row([text(&held["connection"]), since, text(&held["why"])]);
    }
    if let Some(first) = held.first() {
        let connection = text(&first["connection"]);
        shown.push(format!(
            "{}See what it would write ('twinline plan {connection}'), then: twinline release {connection}\n",
            table.text()
        ));
    }
    let mut table = Table::new([
        "TWINS",
        "CONNECTION",
        "STATE",
        "SINCE",
        "CAUSE",
        "FOR EXAMPLE",
    ]);
    for group in groups {
        let of = |key: &str| text(&group[key]);
        let since = instant(&group["since"]);
        table.row([
            of("twins"),
            of("connection"),
            of("state"),
            since,
            of("cause"),
            of("sentence"),
        ]);
    }
    if let Some(first) = groups.first() {
        shown.push(format!(
            "{}Mend the cause (rules: then 'twinline apply'), then: twinline retry --connection {} --cause {}\n",
            table.text(),
            text(&first["connection"]),
            text(&first["cause"])
        ));
    }
    let mut table = Table::new(["TWINS", "CONNECTION", "FROZEN FIELD", "WHY", "FOR EXAMPLE"]);
    for group in frozen {
        table.row(["twins", "connection", "field", "why", "example"].map(|key| text(&group[key])));
    }
    if !frozen.is_empty() {
        let more = if more {
            "There are more: 'twinline twins --held'.\n"
        } else {
            ""
        };
        shown.push(format!("{}{more}{}", table.text(), advices(frozen)));
    }
    shown.join("\n")
}

/// Comments and files that do not cross, by connection and reason: `{"connection", "why", "comments", "example"}`. Their twins
/// go on.
fn waived_comments(twins: &[Json]) -> Vec<Json> {
    let mut groups: BTreeMap<(String, String), (u64, String)> = BTreeMap::new();
    for twin in twins {
        let connection = twin["connection"].as_str().unwrap_or_default();
        for (comment, why) in twin["comments_waived"].as_object().into_iter().flatten() {
            let why = why.as_str().unwrap_or_default();
            let key = (connection.to_owned(), why.to_owned());
            groups.entry(key).or_insert((0, comment.clone())).0 += 1;
        }
    }
    let row = |((connection, why), (comments, example)): ((String, String), (u64, String))| json!({ "connection": connection, "why": why, "comments": comments, "example": example });
    groups.into_iter().map(row).collect()
}

fn comments_text(waived: &[Json]) -> String {
    if waived.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        "COMMENTS",
        "CONNECTION",
        "NOT WRITTEN BECAUSE",
        "FOR EXAMPLE",
    ]);
    for group in waived {
        let text = |key: &str| group[key].as_str().unwrap_or_default().to_owned();
        table.row([
            group["comments"].to_string(),
            text("connection"),
            text("why"),
            text("example"),
        ]);
    }
    let advice = "All else of their items crosses. Change a comment where it was written, and it is tried again; attach a file anew that may cross.";
    format!("{}{advice}\n", table.text())
}

/// What ends each group's hold, a line each.
fn advices(frozen: &[Json]) -> String {
    let lines = frozen.iter().filter_map(|group| group["advice"].as_str());
    lines.map(|advice| format!("{advice}\n")).collect()
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
