//! Items that are elsewhere, hidden or gone.

use super::harness::{Act, Harness};
use super::{Listed, Miss, Outcome, ensure, same};
use twinline_core::item::{Fetched, ItemId};

pub(super) const CHECKS: &[Listed] = &[
    ("fetch: a moved item is Moved to where it is found", |h| {
        Box::pin(moved(h))
    }),
    (
        "fetch: a hidden item is Unreachable, not Deleted, and comes back",
        |h| Box::pin(hidden(h)),
    ),
    (
        "fetch: a deleted item is Deleted where the tracker says so",
        |h| Box::pin(deleted(h)),
    ),
];

async fn moved(h: &dyn Harness) -> Outcome {
    let (id, key) = h.item("moves away").await?;
    let text = "goes along".to_owned();
    h.person(Act::Comment {
        key: key.clone(),
        text,
    })
    .await?;
    let there = h.person(Act::Move { key: key.clone() }).await?;
    let fetched = h.tracker().fetch(&id).await?;
    let item = match fetched {
        // Where an id outlives a move, the item is simply found.
        Fetched::Found(item) => *item,
        Fetched::Moved(reference) => h.read(&reference.item).await?,
        other => return Err(Miss::Broken(format!("{other:?}"))),
    };
    same("key", &item.reference.key, &there)?;
    ensure(item.scope != h.scope(), || {
        "the scope is the old one".to_owned()
    })?;
    same(
        "comments",
        &item.comments.map(|comments| comments.len()),
        &Some(1),
    )?;
    let found = h.tracker().find(&key).await?;
    let found = found.map(|found| found.item);
    same("the old key", &found, &Some(item.reference.item))
}

async fn fetch(h: &dyn Harness, id: &ItemId) -> Result<Fetched, Miss> {
    Ok(h.tracker().fetch(id).await?)
}

async fn hidden(h: &dyn Harness) -> Outcome {
    let (id, key) = h.item("hides").await?;
    let mut cannot = Vec::new();
    for status in [404, 403] {
        let hide = Act::Hide {
            key: key.clone(),
            status,
        };
        if let Err(why) = h.act(hide).await {
            cannot.push(why);
            continue;
        }
        let fetched = match h.tracker().fetch(&id).await {
            Err(crate::TrackerError::Unreachable { reason }) => Fetched::Unreachable { reason },
            other => other?,
        };
        let unreachable = matches!(fetched, Fetched::Unreachable { .. });
        h.person(Act::Show { key: key.clone() }).await?;
        ensure(unreachable, || format!("{status}: {fetched:?}"))?;
        ensure(matches!(fetch(h, &id).await?, Fetched::Found(_)), || {
            "it did not come back".to_owned()
        })?;
    }
    // A tracker may have only one of both ways.
    match cannot.len() {
        2 => Err(Miss::Skipped(cannot.join("; "))),
        _ => Ok(()),
    }
}

async fn deleted(h: &dyn Harness) -> Outcome {
    let (id, key) = h.item("ends").await?;
    h.person(Act::Delete { key: key.clone() }).await?;
    let fetched = fetch(h, &id).await?;
    let right = if h.tells_deletion() {
        matches!(fetched, Fetched::Deleted { .. })
    } else {
        matches!(fetched, Fetched::Unreachable { .. })
    };
    ensure(right, || format!("{fetched:?}"))?;
    same("its key", &h.tracker().find(&key).await?, &None)
}
