//! The change feed, queries and triggers.

use super::harness::{Act, Harness, marker};
use super::{Listed, Miss, Outcome, ensure, needs, same};
use crate::error::TrackerError;
use crate::tracker::{Cursor, Opinion};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{Fetched, ItemId};
use twinline_core::time::Timestamp;

pub(super) const CHECKS: &[Listed] = &[
    (
        "changes: nothing is lost on equal times, over several pages",
        |h| Box::pin(equal_times(h)),
    ),
    (
        "changes: every kind that the capabilities name is listed",
        |h| Box::pin(kinds(h)),
    ),
    (
        "changes: what happens while pages are read is not lost",
        |h| Box::pin(meanwhile(h)),
    ),
    ("changes: a quiet feed is complete up to now", |h| {
        Box::pin(quiet(h))
    }),
    ("query: every match over all pages, and nothing else", |h| {
        Box::pin(query(h))
    }),
    (
        "query_bare: every match as fetch_bare gives it, attachments aside",
        |h| Box::pin(query_bare(h)),
    ),
    (
        "matches: exact or honest about the lag, and silent on what is gone",
        |h| Box::pin(matches(h)),
    ),
    (
        "trigger: what is not understood is refused and named",
        |h| Box::pin(bad_trigger(h)),
    ),
];

/// More pages than any check makes.
const PAGES_MAX: usize = 200;

/// Reads the feed to its end; the ids that it lists, and up to when it is complete.
async fn sweep(h: &dyn Harness, since: Timestamp) -> Result<(BTreeSet<ItemId>, Timestamp), Miss> {
    let mut cursor = Cursor { since, page: None };
    let mut listed = BTreeSet::new();
    for _ in 0..PAGES_MAX {
        let page = h.tracker().changes(&h.scope(), &cursor).await?;
        let ids = page.changes.into_iter();
        listed.extend(ids.map(|change| change.candidate.reference.item));
        match page.next {
            Some(next) => cursor = next,
            None => return Ok((listed, page.complete_to)),
        }
    }
    Err(Miss::Broken("the feed does not end".to_owned()))
}

async fn enumerate(h: &dyn Harness) -> Result<BTreeSet<ItemId>, Miss> {
    let mut page = None;
    let mut listed = BTreeSet::new();
    for _ in 0..PAGES_MAX {
        let trigger = h.open_trigger();
        let found = h
            .tracker()
            .query(&h.scope(), &trigger, page.as_deref())
            .await?;
        listed.extend(found.items.into_iter().map(|found| found.reference.item));
        match found.next {
            Some(next) => page = Some(next),
            None => return Ok(listed),
        }
    }
    Err(Miss::Broken("the query does not end".to_owned()))
}

async fn after_lag(h: &dyn Harness) {
    let lag = h.tracker().capabilities().index_lag;
    h.pass(lag + Duration::from_secs(1)).await;
}

async fn equal_times(h: &dyn Harness) -> Outcome {
    let since = h.now();
    let mut made = BTreeSet::new();
    for number in 0..h.many() {
        made.insert(h.item(&format!("equal {number}")).await?.0);
    }
    after_lag(h).await;
    let (listed, _) = sweep(h, since).await?;
    let lost: Vec<_> = made.difference(&listed).collect();
    same("lost", &lost, &Vec::new())
}

async fn meanwhile(h: &dyn Harness) -> Outcome {
    let since = h.now();
    let mut keys = Vec::new();
    let mut made = BTreeSet::new();
    for number in 0..h.many() {
        let (id, key) = h.item(&format!("meanwhile {number}")).await?;
        made.insert(id);
        keys.push(key);
    }
    after_lag(h).await;
    let mut cursor = Cursor { since, page: None };
    let mut listed = BTreeSet::new();
    for round in 0..PAGES_MAX {
        let page = h.tracker().changes(&h.scope(), &cursor).await?;
        let ids = page.changes.into_iter();
        listed.extend(ids.map(|change| change.candidate.reference.item));
        // A person touches an item of the first page, so that all behind it move up.
        let key = keys[round % keys.len()].clone();
        let title = format!("touched {round}");
        if round < 5 {
            h.person(Act::Retitle { key, title }).await?;
        }
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let lost: Vec<_> = made.difference(&listed).collect();
    same("lost", &lost, &Vec::new())
}

async fn kinds(h: &dyn Harness) -> Outcome {
    let covers = h.tracker().capabilities().feed_covers.clone();
    let (id, key) = h.item("kinds").await?;
    let text = "a comment".to_owned();
    let comment = h
        .person(Act::Comment {
            key: key.clone(),
            text,
        })
        .await?;
    let acts = [
        (
            ChangeKind::Field,
            Act::Retitle {
                key: key.clone(),
                title: "kind".into(),
            },
        ),
        (
            ChangeKind::CommentAdded,
            Act::Comment {
                key: key.clone(),
                text: "two".into(),
            },
        ),
        (
            ChangeKind::CommentEdited,
            Act::EditComment {
                key: key.clone(),
                comment: comment.clone(),
                text: "three".into(),
            },
        ),
        (
            ChangeKind::CommentDeleted,
            Act::DeleteComment { key, comment },
        ),
    ];
    for (kind, act) in acts {
        if !covers.contains(&kind) {
            continue;
        }
        h.pass(Duration::from_secs(2)).await;
        let since = h.now();
        h.person(act).await?;
        after_lag(h).await;
        let (listed, _) = sweep(h, since).await?;
        ensure(listed.contains(&id), || format!("{kind:?} is not listed"))?;
    }
    h.pass(Duration::from_secs(2)).await;
    let since = h.now();
    let (new, _) = h.item("a new one").await?;
    after_lag(h).await;
    let (listed, _) = sweep(h, since).await?;
    same("created", &listed, &BTreeSet::from([new]))
}

async fn quiet(h: &dyn Harness) -> Outcome {
    drop(h.item("before the quiet").await?);
    h.pass(Duration::from_secs(600)).await;
    let since = h.now().minus(Duration::from_secs(60));
    let lag = h.tracker().capabilities().index_lag;
    // The second time, what the connector remembers of the first is used.
    for _ in 0..3 {
        let (listed, complete_to) = sweep(h, since).await?;
        same("listed", &listed, &BTreeSet::new())?;
        let late = h.now().since(complete_to);
        ensure(late <= lag + Duration::from_secs(5), || {
            format!("complete only up to {late:?} ago")
        })?;
        ensure(complete_to <= h.now(), || {
            "complete up to the future".to_owned()
        })?;
        h.pass(Duration::from_secs(10)).await;
    }
    let (id, _) = h.item("after the quiet").await?;
    after_lag(h).await;
    let (listed, _) = sweep(h, since).await?;
    same("listed", &listed, &BTreeSet::from([id]))
}

/// A status that counts as closed.
async fn closed_status(h: &dyn Harness) -> Result<String, Miss> {
    let offered = h.tracker().describe(&h.scope()).await?;
    let closed = offered.statuses.iter().find(|status| status.closed);
    closed
        .map(|status| status.status.id.clone())
        .ok_or_else(|| Miss::Skipped("the tracker has no closed status".to_owned()))
}

async fn query(h: &dyn Harness) -> Outcome {
    let status = closed_status(h).await?;
    let mut open = BTreeSet::new();
    let mut closed = BTreeSet::new();
    for number in 0..h.many() {
        let (id, key) = h.item(&format!("query {number}")).await?;
        if number % 3 == 0 {
            let status = status.clone();
            h.person(Act::SetStatus { key, status }).await?;
            closed.insert(id);
        } else {
            open.insert(id);
        }
    }
    after_lag(h).await;
    let found = enumerate(h).await?;
    let missing: Vec<_> = open.difference(&found).collect();
    same("missing", &missing, &Vec::new())?;
    let wrong: Vec<_> = closed.intersection(&found).collect();
    same("wrongly found", &wrong, &Vec::new())
}

async fn query_bare(h: &dyn Harness) -> Outcome {
    let mut made = BTreeSet::new();
    for number in 0..h.many() {
        let (item, key) = h.item(&format!("bare {number}")).await?;
        if number == 0 {
            let text = "left aside".to_owned();
            h.person(Act::Comment { key, text }).await?;
        }
        made.insert(item);
    }
    let applied = h
        .tracker()
        .apply(&h.create("bare with a marker", &marker("bare")))
        .await?;
    made.insert(h.created(&applied)?);
    after_lag(h).await;
    let (mut page, mut found) = (None, BTreeMap::new());
    for _ in 0..PAGES_MAX {
        let (scope, trigger) = (h.scope(), h.open_trigger());
        let asked = h
            .tracker()
            .query_bare(&scope, &trigger, page.as_deref())
            .await?;
        found.extend(asked.items.into_iter().map(|mut item| {
            item.attachments = None;
            (item.reference.item.clone(), item)
        }));
        page = asked.next;
        if page.is_none() {
            break;
        }
    }
    same("the end", &page, &None)?;
    for id in made {
        let Fetched::Found(mut whole) = h.tracker().fetch_bare(&id).await? else {
            return Err(Miss::Broken(format!("{id} is not there")));
        };
        whole.attachments = None;
        same("an item", &found.get(&id), &Some(&*whole))?;
    }
    Ok(())
}

async fn matches(h: &dyn Harness) -> Outcome {
    let status = closed_status(h).await?;
    let (open, _) = h.item("stays open").await?;
    let (closed, key) = h.item("gets closed").await?;
    h.person(Act::SetStatus { key, status }).await?;
    let trigger = h.open_trigger();
    let (gone, key) = h.item("is deleted").await?;
    h.person(Act::Delete { key }).await?;
    let items = [gone.clone(), open.clone(), closed.clone()];
    let opinions = h.tracker().matches(&trigger, &items).await?;
    let check = |item: &ItemId, exact: Opinion| match opinions.get(item) {
        Some(Opinion::Ask(lag)) => ensure(*lag >= h.tracker().capabilities().index_lag, || {
            format!("a lag of {lag:?} is less than the index's")
        }),
        other => same("opinion", &other, &Some(&exact)),
    };
    check(&open, Opinion::Matches)?;
    check(&closed, Opinion::Differs)?;
    // Nor does it differ, which would end its twin.
    let about_gone = opinions.get(&gone);
    ensure(
        !matches!(about_gone, Some(Opinion::Matches | Opinion::Differs)),
        || format!("an item that is gone: {about_gone:?}"),
    )
}

async fn bad_trigger(h: &dyn Harness) -> Outcome {
    let (trigger, part) = h.bad_trigger();
    needs(!trigger.is_empty(), "trigger that can be wrong")?;
    drop(
        h.tracker()
            .apply(&h.create("trigger", &marker("trigger")))
            .await?,
    );
    let found = h.tracker().query(&h.scope(), &trigger, None).await;
    let named =
        matches!(&found, Err(TrackerError::Refused { sentence, .. }) if sentence.contains(&part));
    ensure(named, || format!("{found:?} does not name {part}"))
}
