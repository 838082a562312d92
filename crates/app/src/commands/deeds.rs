//! `retry`, `pause`, `resume`, and what a person means by an item or a twin.

use super::{query, segment};
use crate::cli::RetryArgs;
use crate::client::Client;
use crate::exit::{Coded, FAILED};
use crate::report::Report;
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::path::Path;

/// The twins of the items that people call by a key; none when the text is no such key.
pub(super) async fn of_item(client: &Client, key: &str) -> Result<Vec<Json>> {
    let page = client
        .get(&query("/v1/twins", &[("item", key.to_owned())]))
        .await?;
    Ok(page["items"].as_array().cloned().unwrap_or_default())
}

/// The living twins that a person means by an item's key or a twin's id.
pub(super) async fn meant(
    client: &Client,
    text: &str,
    connection: Option<&str>,
) -> Result<Vec<String>> {
    let twins = of_item(client, text).await?;
    if twins.is_empty() {
        // No item is called so: then it is a twin's id, or the host says that there is none.
        return Ok(vec![text.to_owned()]);
    }
    let meant: Vec<String> = twins
        .iter()
        .filter(|twin| twin["state"] != "unlinked")
        .filter(|twin| connection.is_none_or(|name| twin["connection"] == name))
        .filter_map(|twin| twin["link"].as_str().map(str::to_owned))
        .collect();
    if meant.is_empty() {
        let sentence = format!(
            "'{text}' has no living twin here: 'twinline twins {text}' shows what became of it"
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    Ok(meant)
}

pub(super) async fn retry(file: &Path, args: &RetryArgs) -> Result<Report> {
    let client = Client::running(file).await?;
    let mut twins = 0;
    if let Some(item) = &args.item {
        for twin in meant(&client, item, None).await? {
            let answer = client.post("/v1/retry", &json!({ "twin": twin })).await?;
            twins += answer["twins"].as_u64().unwrap_or(0);
        }
    } else {
        let group = json!({ "connection": args.connection, "cause": args.cause });
        twins = client.post("/v1/retry", &group).await?["twins"]
            .as_u64()
            .unwrap_or(0);
    }
    let text = match (twins, &args.connection, &args.cause) {
        (0, Some(connection), Some(cause)) => {
            format!(
                "nothing of '{connection}' is held back by '{cause}' any more: 'twinline errors' names what is"
            )
        }
        _ => format!(
            "{} again",
            counted(twins, "twin is tried", "twins are tried")
        ),
    };
    Report::done(&json!({ "twins": twins }), text)
}

pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(super) async fn pause(file: &Path, node: &str, reason: &str) -> Result<Report> {
    let client = Client::running(file).await?;
    let path = format!("/v1/nodes/{}/pause", segment(node));
    client.post(&path, &json!({ "reason": reason })).await?;
    Report::done(
        &json!({ "node": node, "paused": true }),
        format!("node '{node}' is paused"),
    )
}

pub(super) async fn resume(file: &Path, node: &str) -> Result<Report> {
    let client = Client::running(file).await?;
    client
        .post(&format!("/v1/nodes/{}/resume", segment(node)), &json!({}))
        .await?;
    Report::done(
        &json!({ "node": node, "paused": false }),
        format!("node '{node}' is resumed"),
    )
}
