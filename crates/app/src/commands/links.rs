//! `link` and `unlink`, of one pair or item or of a file of them.

use super::deeds::{counted, meant};
use super::outcomes::Outcomes;
use super::patience::{Later, Patience};
use super::{matches, pairs, segment};
use crate::cli::{LinkArgs, UnlinkArgs};
use crate::client::Client;
use crate::exit::FAILED;
use crate::report::{Report, Table};
use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

/// Pairs in one request. The host asks two trackers about each one, so that a request of more would outlast its deadline.
const PAIRS_MAX: usize = 25;

/// Links a pair, a file of them, or what a review of matches says.
pub(super) async fn run(file: &Path, args: &LinkArgs) -> Result<Report> {
    match &args.review {
        Some(review) => matches::run(file, args, review).await,
        None => link(file, args).await,
    }
}

async fn link(file: &Path, args: &LinkArgs) -> Result<Report> {
    let pairs = match (&args.csv, &args.left, &args.right) {
        (Some(csv), ..) => pairs::pairs(csv)?,
        (None, Some(left), Some(right)) => vec![(left.clone(), right.clone())],
        // The command line asks for both or a file.
        _ => Vec::new(),
    };
    let client = Client::either(file).await?;
    let mut told = Told::default();
    let mut outcomes = Outcomes::new(pairs.len(), "pairs");
    for some in pairs.chunks(PAIRS_MAX) {
        let bar = outcomes.bar();
        let answers = outcomes.ask(some.len(), linked(&client, &args.connection, some, &bar));
        // Some of these may be twins by now: asked again, they are called so.
        let answers = match answers.await {
            Ok(answers) => {
                told.given_up += answers.iter().filter(|it| it["failed"].is_string()).count();
                answers
            }
            Err(why) => vec![json!({ "failed": why }); some.len()],
        };
        for ((left, right), outcome) in some.iter().zip(answers) {
            told.pair(left, right, outcome);
        }
    }
    let (code, failed) = outcomes.end()?;
    let failed = failed + told.given_up;
    let all = told.refused == 0 && failed == 0;
    let document =
        json!({ "ok": all, "pairs": told.pairs, "refused": told.refused, "failed": failed });
    let code = if told.refused > 0 || told.given_up > 0 {
        code.max(FAILED)
    } else {
        code
    };
    Ok(Report::done(&document, told.table.text())?.with_code(code))
}

/// Asks for some pairs, and waits where the host says that it cannot look at them now: a tracker that allows 5,000 requests
/// an hour allows about 2,500 pairs. Answers one outcome a pair.
async fn linked(
    client: &Client,
    connection: &str,
    pairs: &[(String, String)],
    bar: &ProgressBar,
) -> Result<Vec<Json>> {
    let mut outcomes = vec![Json::Null; pairs.len()];
    let mut open: Vec<usize> = (0..pairs.len()).collect();
    let mut patience: Vec<Patience> = open.iter().map(|_| Patience::default()).collect();
    loop {
        let named = open.iter().map(|place| &pairs[*place]);
        let named = named.map(|(left, right)| json!({ "left": left, "right": right }));
        let body = json!({ "connection": connection, "pairs": named.collect::<Vec<_>>() });
        let answer: Linked = serde_json::from_value(client.post("/v1/links", &body).await?)
            .context("the host's answer is not what became of pairs")?;
        ensure!(
            answer.outcomes.len() == open.len(),
            "the host answers {} outcomes for {} pairs",
            answer.outcomes.len(),
            open.len()
        );
        let mut wait: Option<Wait> = None;
        let asked = std::mem::take(&mut open);
        for (place, outcome) in asked.into_iter().zip(answer.outcomes) {
            outcomes[place] = outcome;
            let Some(later) = outcomes[place].get("later") else {
                continue;
            };
            let later: Later = serde_json::from_value(later.clone())
                .context("the host does not say when to ask again")?;
            match patience[place].wait(&later) {
                Some(after) => {
                    open.push(place);
                    let longest = wait.take().filter(|wait| wait.after >= after);
                    wait = Some(longest.unwrap_or(Wait {
                        after,
                        why: later.why,
                    }));
                }
                None => outcomes[place] = json!({ "failed": later.why }),
            }
        }
        let Some(Wait { after, why }) = wait else {
            bar.set_message("pairs");
            return Ok(outcomes);
        };
        bar.set_message(format!("pairs; waits: {why}"));
        tokio::time::sleep(after).await;
    }
}

/// For how long, and for what.
struct Wait {
    after: Duration,
    why: String,
}

/// The answer of `POST /v1/links`.
#[derive(Deserialize)]
struct Linked {
    outcomes: Vec<Json>,
}

/// What became of each pair.
struct Told {
    table: Table,
    pairs: Vec<Json>,
    refused: usize,
    /// Those that the host could not look at, however often it was asked.
    given_up: usize,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            table: Table::new(["LEFT", "RIGHT", "OUTCOME"]),
            pairs: Vec::new(),
            refused: 0,
            given_up: 0,
        }
    }
}

impl Told {
    fn pair(&mut self, left: &str, right: &str, outcome: Json) {
        let why = |key: &str| outcome[key].as_str().map(|why| format!("{key}: {why}"));
        self.refused += usize::from(outcome["refused"].is_string());
        let said = match why("refused").or_else(|| why("failed")) {
            Some(said) => said,
            None if outcome.get("already").is_some() => "were twins already".to_owned(),
            None => "linked".to_owned(),
        };
        self.table.row([left.to_owned(), right.to_owned(), said]);
        self.pairs
            .push(json!({ "left": left, "right": right, "outcome": outcome }));
    }
}

pub(super) async fn unlink(file: &Path, args: &UnlinkArgs) -> Result<Report> {
    let items = match (&args.csv, &args.item) {
        (Some(csv), _) => pairs::items(csv)?,
        (None, item) => item.iter().cloned().collect(),
    };
    let client = Client::either(file).await?;
    let (mut ended, mut rows) = (Vec::new(), Vec::new());
    let mut table = Table::new(["ITEM", "TWIN", "OUTCOME"]);
    let mut outcomes = Outcomes::new(items.len(), "items");
    for item in &items {
        let mut of_item = Vec::new();
        let asked = outcomes.ask(
            1,
            end(&client, item, args.connection.as_deref(), &mut of_item),
        );
        let why = asked.await.err();
        for twin in &of_item {
            table.row([item.clone(), twin.clone(), "ended".to_owned()]);
        }
        if let Some(why) = &why {
            table.row([item.clone(), String::new(), format!("failed: {why}")]);
        }
        rows.push(json!({ "item": item, "unlinked": of_item, "failed": why }));
        ended.append(&mut of_item);
    }
    let (code, failed) = outcomes.end()?;
    let count = counted(ended.len() as u64, "twin", "twins");
    let text = match failed {
        0 => format!("{count} ended; the items stay as they are"),
        _ => format!("{}{count} ended; {failed} items failed", table.text()),
    };
    let document = json!({ "ok": failed == 0, "unlinked": ended, "items": rows, "failed": failed });
    Ok(Report::done(&document, text)?.with_code(code))
}

/// Ends the twins of one item; those that have ended stand in `ended` whatever becomes of the rest.
async fn end(
    client: &Client,
    item: &str,
    connection: Option<&str>,
    ended: &mut Vec<String>,
) -> Result<()> {
    for twin in meant(client, item, connection).await? {
        client
            .delete(&format!("/v1/twins/{}", segment(&twin)))
            .await?;
        ended.push(twin);
    }
    Ok(())
}
