//! `retry`, `release`, `link`, `unlink`, `pause`, `resume`.

use super::{pairs, query, segment};
use crate::cli::{LinkArgs, ReleaseArgs, RetryArgs, UnlinkArgs};
use crate::client::Client;
use crate::exit::{Coded, FAILED, OK};
use crate::report::{Report, Table};
use anyhow::Result;
use serde_json::{Value as Json, json};
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
    let held = args.held.as_str();
    let connections = client.get("/v1/connections").await?;
    let mut connections = connections["items"].as_array().into_iter().flatten();
    let is_connection = connections.any(|known| known["connection"] == held);
    let choice = args.field.as_deref().zip(args.take);
    let (twins, take) = match (is_connection, choice) {
        (true, None) => {
            let body = json!({ "connection": held });
            client.post("/v1/release", &body).await?;
            let text = format!("connection '{held}' is released");
            return Report::done(&json!({ "released": [held] }), text);
        }
        (true, Some((field, side))) => {
            (frozen(&client, held, field).await?, json!({ field: side }))
        }
        (false, None) => {
            let twins = called(&client, held).await?;
            must_be_held(&of_item(&client, held).await?, held)?;
            (twins, json!({}))
        }
        (false, Some((field, side))) => (called(&client, held).await?, json!({ field: side })),
    };
    for twin in &twins {
        client
            .post("/v1/release", &json!({ "twin": twin, "take": take }))
            .await?;
    }
    let text = format!("released: {}", twins.join(", "));
    Report::done(&json!({ "released": twins }), text)
}

/// The living twins that an item's key or a twin's id names.
async fn called(client: &Client, text: &str) -> Result<Vec<String>> {
    let twins = meant(client, text, None).await?;
    if twins == [text] {
        let found = client.get(&format!("/v1/twins/{}", segment(text))).await;
        found.map_err(|error| match error.downcast_ref::<Coded>() {
            Some(coded) if coded.code == FAILED => {
                let sentence =
                    format!("neither a connection, an item nor a twin is called '{text}'");
                Coded::new(FAILED, sentence).into()
            }
            _ => error,
        })?;
    }
    Ok(twins)
}

/// The twins of a connection that have a field frozen.
async fn frozen(client: &Client, connection: &str, field: &str) -> Result<Vec<String>> {
    let mut twins = Vec::new();
    let mut parameters = vec![
        ("connection", connection.to_owned()),
        ("held", "true".to_owned()),
        ("limit", PAIRS_MAX.to_string()),
    ];
    loop {
        let page = client.get(&query("/v1/twins", &parameters)).await?;
        let items = page["items"].as_array().into_iter().flatten();
        let frozen = items.filter(|twin| twin["held"].get(field).is_some());
        twins.extend(frozen.filter_map(|twin| twin["link"].as_str().map(str::to_owned)));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        parameters.truncate(3);
        parameters.push(("cursor", next.to_owned()));
    }
    if twins.is_empty() {
        let sentence = format!(
            "no twin of '{connection}' has {field} frozen: 'twinline errors' names what is"
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    Ok(twins)
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
            "{field} of '{item}' is frozen: say whose value crosses with --field {field} --take left, or right"
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
