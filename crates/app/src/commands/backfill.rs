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
        let page = client.get("/v1/backfills").await?;
        let jobs = page["items"].as_array().cloned().unwrap_or_default();
        let jobs: Vec<Json> = jobs
            .into_iter()
            .filter(|job| job["connection"] == args.connection)
            .collect();
        return report(&jobs);
    }
    let started = start(&client, args).await?;
    if !args.wait {
        let text = format!(
            "started: {}; 'twinline backfill {} --list' shows how far",
            started.join(", "),
            args.connection
        );
        return Report::done(&json!({ "started": started }), text);
    }
    let mut jobs = Vec::new();
    for id in &started {
        jobs.push(wait(&client, id).await?);
    }
    if let Some(failed) = jobs.iter().find(|job| job["state"] == "failed") {
        let why = failed["sentence"].as_str().unwrap_or("it gave no reason");
        return Err(Coded::new(FAILED, format!("the backfill failed: {why}")).into());
    }
    report(&jobs)
}

/// Starts one backfill for each side that is asked for; where none is, for each side that has a trigger.
async fn start(client: &Client, args: &BackfillArgs) -> Result<Vec<String>> {
    let mut started = Vec::new();
    let mut refusal = None;
    let sides = match &args.side {
        Some(side) => vec![side.as_str()],
        None => vec!["left", "right"],
    };
    for side in sides {
        let body = json!({ "connection": args.connection, "side": side, "query": args.query });
        match client.post("/v1/backfills", &body).await {
            Ok(answer) => started.extend(answer["id"].as_str().map(str::to_owned)),
            Err(error) => refusal = Some(error),
        }
    }
    match refusal {
        Some(error) if started.is_empty() => Err(error),
        _ => Ok(started),
    }
}

/// Waits for the end, with a bar on a terminal.
async fn wait(client: &Client, id: &str) -> Result<Json> {
    // Hidden where standard error is no terminal.
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} items, {msg}");
    bar.set_style(style.expect("the template is well-formed"));
    loop {
        let page = client.get("/v1/backfills").await?;
        let jobs = page["items"].as_array().cloned().unwrap_or_default();
        let Some(job) = jobs.into_iter().find(|job| job["id"] == id) else {
            return Err(Coded::new(FAILED, format!("backfill '{id}' is no longer listed")).into());
        };
        bar.set_length(job["total"].as_u64().unwrap_or(0));
        bar.set_position(job["done"].as_u64().unwrap_or(0));
        bar.set_message(match job["finish_at"].as_i64() {
            Some(_) => format!("finished at about {}", instant(&job["finish_at"])),
            None => "measuring".to_owned(),
        });
        if job["state"] == "finished" || job["state"] == "failed" {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn report(jobs: &[Json]) -> Result<Report> {
    let mut table = Table::new(["BACKFILL", "STATE", "DONE", "FINISHED AT ABOUT", "NOTE"]);
    for job in jobs {
        let text = |key: &str| job[key].as_str().unwrap_or("–").to_owned();
        let total = job["total"]
            .as_u64()
            .map_or_else(|| "?".to_owned(), |total| total.to_string());
        table.row([
            text("id"),
            text("state"),
            format!("{}/{total}", job["done"]),
            instant(&job["finish_at"]),
            job["sentence"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    let shown = table.text();
    let shown = if shown.is_empty() {
        "no backfills".to_owned()
    } else {
        shown
    };
    Report::done(&json!({ "backfills": jobs }), shown)
}
