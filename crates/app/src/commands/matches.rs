//! `link --match`: looks for pairs among items that both exist, and proposes them in a review file. Nothing is linked.
//!
//! The host is asked page by page, so that no request lasts; what it lists is kept here, some hundred bytes for an item.

use super::patience::{Later, Patience};
use super::review::{self, Review};
use super::{progress, query, segment};
use crate::cli::LinkArgs;
use crate::client::Client;
use crate::exit::{Coded, FAILED};
use crate::report::Report;
use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use twinline_core::digest::Digest;
use twinline_core::item::ItemRef;
use twinline_core::matching::{Matching, Single, matched};
use twinline_core::names::{Side, Sides};

/// Pages of one side: two million items where a tracker gives a hundred at once.
const PAGES_MAX: usize = 20_000;

/// A page as the API answers it.
#[derive(Deserialize)]
struct Page {
    items: Vec<Listed>,
    in_twins: Vec<String>,
    not_admitted: Vec<String>,
    total: Option<u64>,
    next: Option<String>,
    later: Option<Later>,
}

/// An item that may be linked.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    pub(super) reference: ItemRef,
    pub(super) title: String,
    likeness: Option<Digest>,
    why: Option<String>,
    failed: bool,
}

/// What one side has.
#[derive(Default)]
pub(super) struct Found {
    pub(super) items: Vec<Listed>,
    pub(super) listed: u64,
    pub(super) in_twins: u64,
    pub(super) not_admitted: u64,
}

impl Found {
    /// Takes a page in. `known`: the ids that were listed before, since pages may overlap.
    fn take(&mut self, page: Page, known: &mut BTreeSet<String>) {
        let items = page.items.into_iter();
        self.items
            .extend(items.filter(|item| known.insert(item.reference.item.id.clone())));
        let mut count = |ids: Vec<String>| {
            let fresh = ids.into_iter().filter(|id| known.insert(id.clone()));
            fresh.count() as u64
        };
        self.in_twins += count(page.in_twins);
        self.not_admitted += count(page.not_admitted);
        self.listed = known.len() as u64;
    }

    /// How many a rule failed on, and what it said of the first.
    pub(super) fn failed(&self) -> Option<(u64, String)> {
        let mut failed = self.items.iter().filter(|item| item.failed);
        let first = failed.next()?;
        let why = first.why.as_deref().unwrap_or_default();
        let said = format!("{}: {why}", first.reference.key);
        Some((1 + failed.count() as u64, said))
    }

    /// How many lack a field that is compared.
    pub(super) fn empty(&self) -> u64 {
        let empty = self
            .items
            .iter()
            .filter(|item| item.likeness.is_none() && !item.failed);
        empty.count() as u64
    }
}

pub(super) async fn run(file: &Path, args: &LinkArgs, review: &Path) -> Result<Report> {
    review::may_be_written(review, args.force)?;
    let client = Client::either(file).await?;
    let bar = progress::bar(0, "items looked at");
    let mut found = Sides::<Found>::default();
    for side in Side::BOTH {
        *found.get_mut(side) = Listing::new(&client, args, side).read(&bar).await?;
    }
    bar.finish_and_clear();
    let matching = compare(&found);
    let lines = Review {
        found: &found,
        matching: &matching,
    };
    review::write(review, args.force, &lines.bytes()?)?;
    let document = document(args, review, &found, &matching);
    Report::done(&document, told(args, review, &found, &matching))
}

pub(super) fn compare(found: &Sides<Found>) -> Matching {
    matched(&Sides::from_fn(|side| {
        let items = found.get(side).items.iter();
        items
            .map(|item| Single {
                item: &item.reference.item,
                likeness: item.likeness.as_ref(),
            })
            .collect()
    }))
}

/// One side's pages.
struct Listing<'a> {
    client: &'a Client,
    path: String,
    parameters: Vec<(&'static str, String)>,
    side: Side,
}

impl<'a> Listing<'a> {
    fn new(client: &'a Client, args: &LinkArgs, side: Side) -> Self {
        let query = match side {
            Side::Left => &args.left_query,
            Side::Right => &args.right_query,
        };
        let mut parameters = vec![("side", side.to_string()), ("fields", args.by.join(","))];
        parameters.extend(query.clone().map(|query| ("query", query)));
        Self {
            client,
            path: format!("/v1/connections/{}/linkable", segment(&args.connection)),
            parameters,
            side,
        }
    }

    async fn read(&self, bar: &ProgressBar) -> Result<Found> {
        let (mut found, mut known) = (Found::default(), BTreeSet::new());
        let (before, mut total) = (bar.position(), 0);
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(cursor.as_deref(), bar).await?;
            cursor.clone_from(&page.next);
            total = total.max(page.total.unwrap_or(0));
            found.take(page, &mut known);
            bar.set_length(before + total.max(found.listed));
            bar.set_position(before + found.listed);
            if cursor.is_none() {
                return Ok(found);
            }
        }
        let sentence = format!(
            "the {side} side lists more than {PAGES_MAX} pages: narrow it with --{side}-query",
            side = self.side
        );
        Err(Coded::new(FAILED, sentence).into())
    }

    /// A page; waits where the host says so.
    async fn page(&self, cursor: Option<&str>, bar: &ProgressBar) -> Result<Page> {
        let mut parameters = self.parameters.clone();
        parameters.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        let path = query(&self.path, &parameters);
        let mut patience = Patience::default();
        loop {
            let answer = self.client.get(&path).await?;
            let page: Page = serde_json::from_value(answer)
                .context("the host's answer is not a page of items to link")?;
            let Some(later) = &page.later else {
                bar.set_message("items looked at");
                return Ok(page);
            };
            let Some(wait) = patience.wait(later) else {
                let sentence = format!(
                    "the {} side could not be read, {} times in a row: {}",
                    self.side,
                    patience.failures(),
                    later.why
                );
                return Err(Coded::new(FAILED, sentence).into());
            };
            bar.set_message(format!("items looked at; waits: {}", later.why));
            tokio::time::sleep(wait).await;
        }
    }
}

fn document(args: &LinkArgs, review: &Path, found: &Sides<Found>, matching: &Matching) -> Json {
    let key = |side: Side, place: usize| found.get(side).items[place].reference.key.as_str();
    let keys = |side: Side, places: &[usize]| -> Vec<&str> {
        places.iter().map(|place| key(side, *place)).collect()
    };
    let pairs = matching.pairs.iter().map(
        |pair| json!({ "left": key(Side::Left, pair.left), "right": key(Side::Right, pair.right) }),
    );
    let ambiguous = matching.ambiguous.iter().map(|group| {
        json!({ "left": keys(Side::Left, &group.left), "right": keys(Side::Right, &group.right) })
    });
    let side = |side: Side| {
        let own = found.get(side);
        let failed = own.failed();
        json!({
            "listed": own.listed,
            "in_twins": own.in_twins,
            "not_admitted": own.not_admitted,
            "unmatched": matching.unmatched.get(side).len(),
            "empty": own.empty(),
            "failed": failed.as_ref().map_or(0, |(count, _)| *count),
            "failed_first": failed.map(|(_, said)| said),
        })
    };
    json!({
        "review": review,
        "fields": args.by,
        "pairs": pairs.collect::<Vec<_>>(),
        "ambiguous": ambiguous.collect::<Vec<_>>(),
        "left": side(Side::Left),
        "right": side(Side::Right),
    })
}

fn told(args: &LinkArgs, review: &Path, found: &Sides<Found>, matching: &Matching) -> String {
    let file = review.display();
    let pairs = super::deeds::counted(matching.pairs.len() as u64, "pair", "pairs");
    let mut text = format!("{file}: {pairs} by {}\n", args.by.join(", "));
    for line in review::counts(found, matching) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str(&format!(
        "nothing is linked yet: read {file}, edit it, then 'twinline link {} --csv {file}'\n",
        args.connection
    ));
    text
}
