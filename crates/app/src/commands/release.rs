//! `release`: lets go of what is held, a connection, a twin, or one frozen field of a twin or of all twins of a connection.

use super::deeds::{counted, of_item};
use super::outcomes::Outcomes;
use super::{query, segment};
use crate::cli::ReleaseArgs;
use crate::client::Client;
use crate::exit::{Coded, FAILED};
use crate::report::{Report, Table};
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::path::Path;

pub(super) async fn release(file: &Path, args: &ReleaseArgs) -> Result<Report> {
    let client = Client::running(file).await?;
    let held = args.held.as_str();
    let is_connection = is_connection(&client, held).await?;
    let choice = args.field.as_deref().zip(args.take);
    let (twins, take) = match (is_connection, choice) {
        (true, None) => {
            let body = json!({ "connection": held });
            client.post("/v1/release", &body).await?;
            let text = format!("connection '{held}' is released");
            return Report::done(
                &json!({ "ok": true, "released": [held], "failed": [] }),
                text,
            );
        }
        (true, Some((field, side))) => {
            (frozen(&client, held, field).await?, json!({ field: side }))
        }
        (false, None) => {
            let twins = called(&client, held).await?;
            must_be_held(&twins, held)?;
            (ids(&twins, |_| true), json!({}))
        }
        (false, Some((field, side))) => {
            let twins = called(&client, held).await?;
            (with_frozen(&twins, field), json!({ field: side }))
        }
    };
    each(&client, &twins, &take).await
}

/// Releases each of these twins; one that cannot be released does not keep the others.
async fn each(client: &Client, twins: &[String], take: &Json) -> Result<Report> {
    let (mut released, mut failed) = (Vec::new(), Vec::new());
    let mut table = Table::new(["TWIN", "OUTCOME"]);
    let mut outcomes = Outcomes::new(twins.len(), "twins");
    for twin in twins {
        let body = json!({ "twin": twin, "take": take });
        match outcomes.ask(1, client.post("/v1/release", &body)).await {
            Ok(_) => {
                table.row([twin.clone(), "released".to_owned()]);
                released.push(twin.as_str());
            }
            Err(why) => {
                table.row([twin.clone(), format!("failed: {why}")]);
                failed.push(json!({ "twin": twin, "why": why }));
            }
        }
    }
    let (code, _) = outcomes.end()?;
    let text = if failed.is_empty() {
        let count = counted(released.len() as u64, "twin", "twins");
        format!("{count} released: {}", released.join(", "))
    } else {
        table.text()
    };
    let document = json!({ "ok": failed.is_empty(), "released": released, "failed": failed });
    Ok(Report::done(&document, text)?.with_code(code))
}

async fn is_connection(client: &Client, text: &str) -> Result<bool> {
    let connections = client.all("/v1/connections").await?;
    Ok(connections.iter().any(|known| known["connection"] == text))
}

/// The living twins that an item's key or a twin's id names.
async fn called(client: &Client, text: &str) -> Result<Vec<Json>> {
    let twins = of_item(client, text).await?;
    if twins.is_empty() {
        let found = client.get(&format!("/v1/twins/{}", segment(text))).await;
        let twin = found.map_err(|error| match error.downcast_ref::<Coded>() {
            Some(coded) if coded.code == FAILED => {
                let sentence =
                    format!("neither a connection, an item nor a twin is called '{text}'");
                Coded::new(FAILED, sentence).into()
            }
            _ => error,
        })?;
        return living(vec![twin], text);
    }
    living(twins, text)
}

fn living(mut twins: Vec<Json>, text: &str) -> Result<Vec<Json>> {
    twins.retain(|twin| twin["state"] != "unlinked");
    if twins.is_empty() {
        let sentence = format!(
            "'{text}' has no living twin here: 'twinline twins {text}' shows what became of it"
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    Ok(twins)
}

fn ids(twins: &[Json], which: impl Fn(&Json) -> bool) -> Vec<String> {
    let chosen = twins.iter().filter(|twin| which(twin));
    chosen
        .filter_map(|twin| twin["link"].as_str().map(str::to_owned))
        .collect()
}

/// The twins that have this field frozen; all where none has, so that the host says why it cannot be released.
fn with_frozen(twins: &[Json], field: &str) -> Vec<String> {
    let frozen = ids(twins, |twin| twin["held"].get(field).is_some());
    if frozen.is_empty() {
        return ids(twins, |_| true);
    }
    frozen
}

/// The twins of a connection that have a field frozen.
async fn frozen(client: &Client, connection: &str, field: &str) -> Result<Vec<String>> {
    let parameters = [
        ("connection", connection.to_owned()),
        ("held", "true".to_owned()),
    ];
    let twins = client.all(&query("/v1/twins", &parameters)).await?;
    let twins = ids(&twins, |twin| twin["held"].get(field).is_some());
    if twins.is_empty() {
        let sentence = format!(
            "no twin of '{connection}' has {field} frozen: 'twinline errors' names what is"
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    Ok(twins)
}

/// Whether there is something to release without a choice; a frozen field needs one.
fn must_be_held(twins: &[Json], name: &str) -> Result<(), Coded> {
    if twins.iter().any(|twin| twin["state"] != "live") {
        return Ok(());
    }
    let mut frozen = twins
        .iter()
        .flat_map(|twin| twin["held"].as_object().into_iter().flatten());
    let sentence = match frozen.next() {
        Some((field, _)) => format!(
            "{field} of '{name}' is frozen: say whose value crosses with --field {field} --take left, or right"
        ),
        None => format!("nothing of '{name}' is held: 'twinline errors' names what is"),
    };
    Err(Coded::new(FAILED, sentence))
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
