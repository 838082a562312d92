//! `retry`, `release`, `link`, `unlink`, `pause`, `resume`.

use super::{pairs, query, segment};
use crate::cli::{LinkArgs, ReleaseArgs, RetryArgs, UnlinkArgs};
use crate::client::Client;
use crate::exit::{Coded, FAILED, OK};
use crate::report::{Report, Table};
use anyhow::Result;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// Pairs in one request; a file of more is sent in several.
const PAIRS_MAX: usize = 500;

/// The twins of the items that people call by a key; none when the text is no such key.
async fn of_item(client: &Client, key: &str) -> Result<Vec<Json>> {
    let page = client
        .get(&query("/v1/twins", &[("item", key.to_owned())]))
        .await?;
    Ok(page["items"].as_array().cloned().unwrap_or_default())
}

/// The living twins that a person means by an item's key or a twin's id.
async fn meant(client: &Client, text: &str, connection: Option<&str>) -> Result<Vec<String>> {
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

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(super) async fn release(file: &Path, args: &ReleaseArgs) -> Result<Report> {
    let client = Client::running(file).await?;
    if let Some(connection) = &args.connection {
        client
            .post("/v1/release", &json!({ "connection": connection }))
            .await?;
        let text = format!("connection '{connection}' is released");
        return Report::done(&json!({ "released": [connection] }), text);
    }
    let take: Map<String, Json> = args
        .take
        .iter()
        .map(|(field, side)| (field.as_str().to_owned(), json!(side)))
        .collect();
    let item = args.item.as_deref().unwrap_or_default();
    let twins = meant(&client, item, None).await?;
    if take.is_empty() {
        must_be_held(&of_item(&client, item).await?, item)?;
    }
    for twin in &twins {
        client
            .post("/v1/release", &json!({ "twin": twin, "take": take }))
            .await?;
    }
    let text = format!("released: {}", twins.join(", "));
    Report::done(&json!({ "released": twins }), text)
}

/// Whether there is something to release without a choice; a frozen field needs one.
fn must_be_held(twins: &[Json], item: &str) -> Result<(), Coded> {
    let living = || twins.iter().filter(|twin| twin["state"] != "unlinked");
    if twins.is_empty() || living().any(|twin| twin["state"] != "live") {
        return Ok(());
    }
    let frozen = living().flat_map(|twin| twin["held"].as_object().into_iter().flatten());
    let sentence = match frozen.map(|(field, _)| field).next() {
        Some(field) => format!(
            "{field} of '{item}' is frozen: say whose value crosses with --take {field}=left or --take {field}=right"
        ),
        None => format!("nothing of '{item}' is held: 'twinline errors' names what is"),
    };
    Err(Coded::new(FAILED, sentence))
}

pub(super) async fn link(file: &Path, args: &LinkArgs) -> Result<Report> {
    let pairs = match (&args.csv, &args.left, &args.right) {
        (Some(csv), ..) => pairs::pairs(csv)?,
        (None, Some(left), Some(right)) => vec![(left.clone(), right.clone())],
        // The command line asks for both or a file.
        _ => Vec::new(),
    };
    let client = Client::either(file).await?;
    let mut table = Table::new(["LEFT", "RIGHT", "OUTCOME"]);
    let (mut outcomes, mut refused) = (Vec::new(), 0);
    for some in pairs.chunks(PAIRS_MAX) {
        let asked: Vec<Json> = some
            .iter()
            .map(|(left, right)| json!({ "left": left, "right": right }))
            .collect();
        let body = json!({ "connection": args.connection, "pairs": asked });
        let answer = client.post("/v1/links", &body).await?;
        let answers = answer["outcomes"].as_array().cloned().unwrap_or_default();
        for ((left, right), outcome) in some.iter().zip(answers) {
            let why = outcome["refused"].as_str();
            refused += usize::from(why.is_some());
            let said = match why {
                Some(why) => format!("refused: {why}"),
                None if outcome.get("already").is_some() => "were twins already".to_owned(),
                None => "linked".to_owned(),
            };
            table.row([left.clone(), right.clone(), said]);
            outcomes.push(json!({ "left": left, "right": right, "outcome": outcome }));
        }
    }
    let document = json!({ "ok": refused == 0, "pairs": outcomes, "refused": refused });
    Ok(Report::done(&document, table.text())?.with_code(if refused == 0 { OK } else { FAILED }))
}

pub(super) async fn unlink(file: &Path, args: &UnlinkArgs) -> Result<Report> {
    let items = match (&args.csv, &args.item) {
        (Some(csv), _) => pairs::items(csv)?,
        (None, item) => item.iter().cloned().collect(),
    };
    let client = Client::either(file).await?;
    let mut ended = Vec::new();
    for item in items {
        for twin in meant(&client, &item, args.connection.as_deref()).await? {
            client
                .delete(&format!("/v1/twins/{}", segment(&twin)))
                .await?;
            ended.push(twin);
        }
    }
    let count = counted(ended.len() as u64, "twin", "twins");
    let text = format!("{count} ended; the items stay as they are");
    Report::done(&json!({ "unlinked": ended }), text)
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
