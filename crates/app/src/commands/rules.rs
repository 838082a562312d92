//! `plan`, `apply`, `versions`, `rollback`.

use crate::api::RulesText;
use crate::cli::PublishArgs;
use crate::client::Client;
use crate::exit::{CONFIGURATION, Coded, FAILED, code_of};
use crate::report::{Report, Table};
use crate::rulebook::load;
use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;
use twinline_rules::finding::Finding;

/// Connections under way at once: trackers are asked about each, and there may be thousands.
const AT_ONCE_MAX: usize = 8;

/// The rules of the rules folder by connection, ready to send. All must be readable before any is sent.
fn texts(client: &Client, only: Option<&str>) -> Result<Vec<(String, Json)>> {
    let mut texts = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    for one in load(&client.config.rules, only)? {
        match one.rules {
            Ok((rules, sources)) => {
                let text = RulesText {
                    map: sources.map,
                    scripts: sources.scripts,
                };
                let text = serde_json::to_value(text).context("preparing the rules")?;
                texts.push((rules.name.value.as_str().to_owned(), text));
            }
            Err(errors) => findings.extend(errors),
        }
    }
    if findings.is_empty() {
        return Ok(texts);
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Err(Coded::new(CONFIGURATION, lines.join("\n")).into())
}

pub(super) async fn plan(file: &Path, only: Option<&str>, max: u32) -> Result<Report> {
    let client = Client::either(file).await?;
    let mut plans = Vec::new();
    for (connection, rules) in texts(&client, only)? {
        let body = json!({ "rules": rules, "max": max });
        let mut plan = client
            .post(&format!("/v1/rules/{connection}/plan"), &body)
            .await?;
        plan["connection"] = Json::from(connection);
        plans.push(plan);
    }
    let text = plans.iter().map(plan_text).collect::<Vec<_>>().join("\n");
    Report::done(&json!({ "plans": plans }), text)
}

fn plan_text(plan: &Json) -> String {
    let mut table = Table::new(["LEFT", "RIGHT", "WHERE", "WHAT"]);
    for twin in plan["twins"].as_array().into_iter().flatten() {
        let key = |side: &str| twin["items"][side].as_str().unwrap_or("(new)").to_owned();
        for write in twin["writes"].as_array().into_iter().flatten() {
            let part = |at: usize| write[at].as_str().unwrap_or_default().to_owned();
            table.row([key("left"), key("right"), part(0), part(1)]);
        }
        if let Some(error) = twin["error"].as_str() {
            table.row([
                key("left"),
                key("right"),
                "fails".to_owned(),
                error.to_owned(),
            ]);
        }
    }
    let twins = plan["twins"].as_array().map_or(0, Vec::len);
    let listed = |side: &str| {
        let count = plan["candidates"][side].as_u64();
        count.map_or_else(
            || format!("no {side} trigger"),
            |count| format!("{count} items on the {side}"),
        )
    };
    format!(
        "{}: {} twins looked at, {twins} would change; the triggers list: {}, {}\n{}",
        plan["connection"].as_str().unwrap_or_default(),
        plan["looked_at"],
        listed("left"),
        listed("right"),
        table.text()
    )
}

pub(super) async fn apply(file: &Path, args: &PublishArgs) -> Result<Report> {
    let client = Client::either(file).await?;
    let texts = texts(&client, args.connection.as_deref())?;
    // All are judged before the first is published.
    let judged = texts
        .iter()
        .map(async |(_, rules)| client.post("/v1/rules/check", rules).await);
    let _sound: Vec<Json> = stream::iter(judged)
        .buffered(AT_ONCE_MAX)
        .try_collect()
        .await?;
    let published = texts.iter().map(async |(connection, rules)| {
        let body = json!({ "rules": rules, "confirmed": args.yes });
        let path = format!("/v1/rules/{connection}/publish");
        let answer = client.post(&path, &body).await;
        answer.with_context(|| format!("connection '{connection}'"))
    });
    // One that is refused keeps no other back, and what was published is told.
    let answers = stream::iter(published).buffered(AT_ONCE_MAX);
    let (published, refused) = apart(answers.collect().await);
    let text = published.iter().map(published_text).collect::<String>();
    if let Some(error) = all_of(refused) {
        if published.is_empty() {
            return Err(error);
        }
        let (code, refused) = (code_of(&error), format!("{error:#}"));
        let document = json!({ "published": published, "error": refused, "exit": code });
        let report = Report::done(&document, format!("{text}\nnot published:\n{refused}"));
        return report.map(|report| report.with_code(code));
    }
    let hint = match client.address() {
        Some(_) => "",
        None => "No host runs: 'twinline up' starts one.\n",
    };
    Report::done(&json!({ "published": published }), text + hint)
}

fn apart(answers: Vec<Result<Json>>) -> (Vec<Json>, Vec<anyhow::Error>) {
    let mut published = Vec::new();
    let mut refused = Vec::new();
    for answer in answers {
        match answer {
            Ok(done) => published.push(done),
            Err(error) => refused.push(error),
        }
    }
    (published, refused)
}

/// Several errors as one, with the exit code that they share.
fn all_of(mut errors: Vec<anyhow::Error>) -> Option<anyhow::Error> {
    if errors.len() < 2 {
        return errors.pop();
    }
    let code = code_of(&errors[0]);
    let shared = errors.iter().all(|error| code_of(error) == code);
    let lines: Vec<String> = errors.iter().map(|error| format!("{error:#}")).collect();
    Some(Coded::new(if shared { code } else { FAILED }, lines.join("\n")).into())
}

fn published_text(published: &Json) -> String {
    format!(
        "{} v{} is in force; it touches {} items\n",
        published["connection"].as_str().unwrap_or_default(),
        published["version"],
        published["items"]
    )
}

pub(super) async fn versions(file: &Path, connection: &str, diff: Option<u32>) -> Result<Report> {
    let client = Client::either(file).await?;
    let page = client
        .get(&format!(
            "/v1/rules/{}/versions",
            super::segment(connection)
        ))
        .await?;
    let items = page["items"].as_array().cloned().unwrap_or_default();
    if let Some(wanted) = diff {
        let found = items.iter().find(|item| item["version"] == wanted);
        let found = found.with_context(|| {
            let newest = &items[0]["version"];
            format!("'{connection}' has no version {wanted}; its versions are 1 to {newest}")
        })?;
        let text = found["diff"].as_str().unwrap_or("it is the first version");
        return Report::done(found, text);
    }
    let mut table = Table::new(["VERSION", "IN FORCE", "PUBLISHED", "BY", "NOTE"]);
    for item in &items {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let note = item["rollback_of"]
            .as_u64()
            .map(|of| format!("back to v{of}"));
        table.row([
            format!("v{}", item["version"]),
            if item["active"] == true { "yes" } else { "" }.to_owned(),
            super::instant(&item["published_at"]),
            text("published_by"),
            note.unwrap_or_default(),
        ]);
    }
    Report::done(&json!({ "versions": items }), table.text())
}

pub(super) async fn rollback(file: &Path, connection: &str, to: u32, yes: bool) -> Result<Report> {
    let client = Client::either(file).await?;
    let path = format!("/v1/rules/{}/rollback", super::segment(connection));
    let published = client
        .post(&path, &json!({ "to": to, "confirmed": yes }))
        .await?;
    let mut text = published_text(&published);
    // Writing to a string does not fail.
    let _fine = writeln!(
        text,
        "its rules are those of v{to}; the rules folder is left as it is"
    );
    Report::done(&published, text)
}
