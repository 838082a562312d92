//! Reading items, and what a scope offers.

use super::harness::{Act, Harness, marker};
use super::{Listed, Miss, Outcome, ensure, same};
use std::collections::BTreeSet;
use twinline_core::item::{Fetched, Item, Value, field};
use twinline_core::richtext::Document;

pub(super) const CHECKS: &[Listed] = &[
    (
        "probe: a working node has an account and no faults, nor has its scope",
        |h| Box::pin(probe(h)),
    ),
    ("describe: the fields and statuses of a scope", |h| {
        Box::pin(describe(h))
    }),
    (
        "find: a key gives the item, an unknown key gives none",
        |h| Box::pin(find(h)),
    ),
    ("fetch: all pages of comments, in order", |h| {
        Box::pin(all_comments(h))
    }),
    ("fetch_bare: the item but for its comments", |h| {
        Box::pin(bare(h))
    }),
    ("fetch: what a create wrote, with its marker", |h| {
        Box::pin(create(h))
    }),
    (
        "normalise: twice is once, and a read value is normal",
        |h| Box::pin(normalise(h)),
    ),
];

async fn probe(h: &dyn Harness) -> Outcome {
    let probe = h.tracker().probe().await?;
    ensure(probe.account.is_some(), || "no account".to_owned())?;
    same("faults", &probe.faults, &Vec::new())?;
    let faults = h.tracker().probe_place(&h.scope(), None).await?;
    same("faults of the scope", &faults, &Vec::new())
}

async fn describe(h: &dyn Harness) -> Outcome {
    let offered = h.tracker().describe(&h.scope()).await?;
    for name in [field::SUMMARY, field::DESCRIPTION, field::STATUS] {
        let known = offered.fields.contains_key(name);
        ensure(known, || format!("no field '{name}'"))?;
    }
    let closed: BTreeSet<bool> = offered
        .statuses
        .iter()
        .map(|status| status.closed)
        .collect();
    same(
        "open and closed statuses",
        &closed,
        &BTreeSet::from([false, true]),
    )
}

async fn find(h: &dyn Harness) -> Outcome {
    let (item, key) = h.item("found by its key").await?;
    same("the id", &h.read(&item).await?.reference.item, &item)?;
    let digits = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let other = format!("{digits}987654");
    same("an unknown key", &h.tracker().find(&other).await?, &None)
}

async fn bare(h: &dyn Harness) -> Outcome {
    let (item, key) = h.item("one comment").await?;
    let act = Act::Comment {
        key,
        text: "left aside".to_owned(),
    };
    h.person(act).await?;
    let mut expected = Item {
        comments: None,
        ..h.read(&item).await?
    };
    let bare = h.tracker().fetch_bare(&item).await?;
    if matches!(&bare, Fetched::Found(bare) if bare.attachments.is_none()) {
        expected.attachments = None;
    }
    same("the item", &bare, &Fetched::Found(Box::new(expected)))
}

async fn all_comments(h: &dyn Harness) -> Outcome {
    let (item, key) = h.item("many comments").await?;
    let mut written = Vec::new();
    for number in 0..h.many() {
        let text = format!("comment {number}");
        let act = Act::Comment {
            key: key.clone(),
            text: text.clone(),
        };
        h.person(act).await?;
        written.push(text);
    }
    let read = h.comments(&item).await?;
    let read: Vec<String> = read.iter().map(|comment| comment.body.plain()).collect();
    same("comments", &read, &written)
}

async fn create(h: &dyn Harness) -> Outcome {
    let marker = marker("create");
    let applied = h.tracker().apply(&h.create("made by us", &marker)).await?;
    let item = h.read(&h.created(&applied)?).await?;
    same(
        "summary",
        &item.get(field::SUMMARY),
        &Some(&Value::text("made by us")),
    )?;
    let text = Value::Rich(Document::from_plain("A text."));
    same("description", &item.get(field::DESCRIPTION), &Some(&text))?;
    let expected = h.tracker().capabilities().create_marker.then_some(marker);
    same("marker", &item.marker, &expected)?;
    for (key, value) in &h.scope() {
        same(key, &item.scope.get(key), &Some(value))?;
    }
    ensure(item.reference.url.starts_with("http"), || {
        item.reference.url.clone()
    })
}

async fn normalise(h: &dyn Harness) -> Outcome {
    let applied = h
        .tracker()
        .apply(&h.create("normal", &marker("normalise")))
        .await?;
    let item = h.read(&h.created(&applied)?).await?;
    for (name, value) in &item.fields {
        let once = h.tracker().normalise(&h.scope(), name, value);
        same(name.as_str(), &once, value)?;
    }
    let name = field::SUMMARY.into();
    let once = h
        .tracker()
        .normalise(&h.scope(), &name, &Value::text("  spaced "));
    let twice = h.tracker().normalise(&h.scope(), &name, &once);
    if once != twice {
        return Err(Miss::Broken(format!("{once:?} becomes {twice:?}")));
    }
    Ok(())
}
