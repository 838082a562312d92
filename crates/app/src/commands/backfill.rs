//! `backfill`: brings existing items into a connection.

use super::instant;
use crate::cli::BackfillArgs;
use crate::client::Client;
use crate::exit::{Coded, FAILED};
use crate::report::{Report, Table};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

/// How often progress is looked at.
const PERIOD: Duration = Duration::from_millis(500);

pub(super) async fn run(file: &Path, args: &BackfillArgs) -> Result<Report> {
    let client = Client::running(file).await?;
    if args.list {
        return report(&all(&client, &args.connection).await?);
    }
    if args.cancel {
        return cancel(&client, &args.connection).await;
    }
    let Started { ids, refused } = start(&client, args).await?;
    let told: String = refused
        .iter()
        .map(|refusal| {
            format!(
                "\nnot started: {}",
                refusal["why"].as_str().unwrap_or_default()
            )
        })
        .collect();
    if !args.wait {
        let text = format!(
            "started: {}; 'twinline backfill {} --list' shows how far{told}",
            ids.join(", "),
            args.connection
        );
        return Report::done(&json!({ "started": ids, "refused": refused }), text);
    }
    let mut jobs = Vec::new();
    for id in &ids {
        jobs.push(wait(&client, id).await?);
    }
    if let Some(failed) = jobs.iter().find(|job| job["state"] == "failed") {
        let why = failed["sentence"].as_str().unwrap_or("it gave no reason");
        return Err(Coded::new(FAILED, format!("the backfill failed: {why}")).into());
    }
    if jobs.iter().any(|job| job["state"] == "cancelled") {
        return Err(Coded::new(FAILED, "the backfill was cancelled").into());
    }
    let text = table(&jobs) + told.trim_start();
    Report::done(&json!({ "backfills": jobs, "refused": refused }), text)
}

/// All backfills of a connection.
async fn all(client: &Client, connection: &str) -> Result<Vec<Json>> {
    client.all(&list(connection)).await
}

fn list(connection: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(connection.as_bytes()).collect();
    format!("/v1/backfills?connection={name}")
}

fn has_ended(job: &Json) -> bool {
    ["finished", "failed", "cancelled"]
        .iter()
        .any(|state| job["state"] == *state)
}

async fn cancel(client: &Client, connection: &str) -> Result<Report> {
    let mut cancelled = Vec::new();
    for job in all(client, connection).await? {
        if let Some(id) = job["id"].as_str().filter(|_| !has_ended(&job)) {
            let path = format!("/v1/backfills/{id}/cancel");
            client.post(&path, &json!({})).await?;
            cancelled.push(id.to_owned());
        }
    }
    let text = if cancelled.is_empty() {
        "no backfill goes on".to_owned()
    } else {
        format!("cancelled: {}", cancelled.join(", "))
    };
    Report::done(&json!({ "cancelled": cancelled }), text)
}

/// The backfills that were started, and each side that was refused: `{"side", "why"}`.
struct Started {
    ids: Vec<String>,
    refused: Vec<Json>,
}

/// Starts one backfill for each side that is asked for; where none is, for each side that has a trigger. What was
/// confirmed counts once, for both sides together.
async fn start(client: &Client, args: &BackfillArgs) -> Result<Started> {
    let mut started = Started {
        ids: Vec::new(),
        refused: Vec::new(),
    };
    let mut last = None;
    let mut items = args.items;
    let sides = match &args.side {
        Some(side) => vec![side.as_str()],
        None => vec!["left", "right"],
    };
    for side in sides {
        let body = json!({ "connection": args.connection, "side": side, "query": args.query, "items": items });
        match client.post("/v1/backfills", &body).await {
            Ok(answer) => {
                started.ids.extend(answer["id"].as_str().map(str::to_owned));
                items = 0;
            }
            Err(error) => {
                let why = format!("{error:#}");
                started.refused.push(json!({ "side": side, "why": why }));
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if started.ids.is_empty() => Err(error),
        _ => Ok(started),
    }
}

/// Waits for the end, with a bar on a terminal.
async fn wait(client: &Client, id: &str) -> Result<Json> {
    // Hidden where standard error is no terminal.
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:30} {msg}");
    bar.set_style(style.expect("the template is well-formed"));
    loop {
        let job = client.get(&format!("/v1/backfills/{id}")).await?;
        bar.set_length(job["total"].as_u64().unwrap_or(0));
        bar.set_position(job["done"].as_u64().unwrap_or(0));
        bar.set_message(format!("{} items, {}", progress(&job), end(&job)));
        if has_ended(&job) {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// When it will be finished, or why that is not known yet.
fn end(job: &Json) -> String {
    if job["finish_at"].is_i64() {
        return format!("finished at about {}", instant(&job["finish_at"]));
    }
    match job["finish_unknown"].as_str() {
        Some(why) => format!("the finish is not known yet: {why}"),
        None => "the finish is not known yet".to_owned(),
    }
}

/// How many items are finished, and of how many.
fn progress(job: &Json) -> String {
    let done = &job["done"];
    match job["total"].as_u64() {
        None => format!("{done}/?"),
        Some(total) if job["total_is_estimate"] == true => format!("{done}/about {total}"),
        Some(total) => format!("{done}/{total}"),
    }
}

fn report(jobs: &[Json]) -> Result<Report> {
    let shown = table(jobs);
    let shown = if shown.is_empty() {
        "no backfills".to_owned()
    } else {
        shown
    };
    Report::done(&json!({ "backfills": jobs }), shown)
}

fn table(jobs: &[Json]) -> String {
    let mut table = Table::new(["BACKFILL", "STATE", "DONE", "FINISHED AT ABOUT", "NOTE"]);
    for job in jobs {
        let text = |key: &str| job[key].as_str().unwrap_or("–").to_owned();
        table.row([
            text("id"),
            text("state"),
            progress(job),
            match job["finish_unknown"].is_string() {
                true => "not known yet".to_owned(),
                false => instant(&job["finish_at"]),
            },
            note(job),
        ]);
    }
    table.text()
}

/// What went wrong, what it waits for, or why no time is named.
fn note(job: &Json) -> String {
    let said = job["sentence"]
        .as_str()
        .or_else(|| job["finish_unknown"].as_str());
    said.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(job: &Json, expected: &str) {
        assert_eq!(progress(job), expected);
    }

    #[test]
    fn a_name_is_one_parameter_whatever_it_holds() {
        assert_eq!(
            list("bugs&limit=1 #ü"),
            "/v1/backfills?connection=bugs%26limit%3D1+%23%C3%BC"
        );
    }

    #[test]
    fn a_finish_that_is_not_known_says_why() {
        let why = "too few items are finished to tell";
        let young = json!({ "id": "b1", "state": "running", "done": 3, "total": 900, "finish_at": null, "finish_unknown": why });
        assert_eq!(end(&young), format!("the finish is not known yet: {why}"));
        let shown = table(&[young]);
        assert!(
            shown.contains("not known yet") && shown.contains(why),
            "{shown}"
        );
        let known = json!({ "finish_at": 0, "finish_unknown": null });
        assert_eq!(end(&known), "finished at about 1970-01-01T00:00:00Z");
        assert_eq!(
            note(&json!({ "sentence": "waits", "finish_unknown": why })),
            "waits"
        );
    }

    #[test]
    fn progress_says_what_is_an_estimate_and_what_is_not_known() {
        check(&json!({ "done": 3, "total": 9 }), "3/9");
        check(
            &json!({ "done": 3, "total": 900, "total_is_estimate": true }),
            "3/about 900",
        );
        check(&json!({ "done": 3, "total": null }), "3/?");
    }
}
