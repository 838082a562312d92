//! Writes that work.

use super::harness::{Act, Harness, marker};
use super::{Listed, Miss, Outcome, ensure, needs, same};
use crate::error::TrackerError;
use crate::tracker::Status;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{Item, ItemId, Value, field};
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

pub(super) const CHECKS: &[Listed] = &[
    (
        "update: what is read back is what normalise said, the marker stays",
        |h| Box::pin(update(h)),
    ),
    ("update: an emptied text is empty", |h| Box::pin(emptied(h))),
    (
        "update: elements leave a person's other elements alone",
        |h| Box::pin(elements(h)),
    ),
    ("status: every status that can be reached is reached", |h| {
        Box::pin(statuses(h))
    }),
    (
        "compare-and-swap: a person's edit in between is not overwritten",
        |h| Box::pin(swap(h)),
    ),
    (
        "mark: an existing item gets the marker and keeps its text",
        |h| Box::pin(mark(h)),
    ),
    (
        "comments: added, edited, deleted, with a marker that does not show",
        |h| Box::pin(comments(h)),
    ),
    ("comments: a channel that is not there is refused", |h| {
        Box::pin(channel(h))
    }),
    (
        "refused: the sentence says what is wrong, and nothing is written",
        |h| Box::pin(refused(h)),
    ),
    (
        "history: who changed what, for the fields that have one",
        |h| Box::pin(history(h)),
    ),
];

/// An update of one field, planned from an observation.
pub(super) fn update_of(item: &Item, name: &str, write: FieldWrite) -> Effect {
    Effect::Update {
        item: item.reference.item.clone(),
        fields: BTreeMap::from([(FieldName::from(name), write)]),
        planned_from: item.version.clone(),
    }
}

async fn made(h: &dyn Harness, name: &str) -> Result<ItemId, Miss> {
    let applied = h.tracker().apply(&h.create(name, &marker(name))).await?;
    h.created(&applied)
}

async fn update(h: &dyn Harness) -> Outcome {
    let id = made(h, "update").await?;
    let before = h.read(&id).await?;
    let text = Document::from_plain("Another text.\n\nIn two parts.");
    let values = [
        (field::SUMMARY, Value::text(" renamed ")),
        (field::DESCRIPTION, Value::Rich(text)),
    ];
    let fields = values
        .clone()
        .map(|(name, value)| (name.into(), FieldWrite::Replace(value)));
    let effect = Effect::Update {
        item: id.clone(),
        fields: fields.into(),
        planned_from: before.version.clone(),
    };
    let applied = h.tracker().apply(&effect).await?;
    let after = h.read(&id).await?;
    for (name, value) in values {
        let written = h.writes(name).await?;
        let waived = applied.waived.get(name).is_some_and(|why| !why.is_empty());
        same("waived", &waived, &!written)?;
        let expected = h.tracker().normalise(&h.scope(), &name.into(), &value);
        let expected = match written {
            true => Some(&expected),
            // What cannot be written stays as it was.
            false => before.get(name),
        };
        same(name, &after.get(name), &expected)?;
    }
    same("marker", &after.marker, &before.marker)?;
    let order = after.version.order(&before.version);
    ensure(order != std::cmp::Ordering::Less, || {
        "the version went back".to_owned()
    })
}

async fn emptied(h: &dyn Harness) -> Outcome {
    needs(
        h.writes(field::DESCRIPTION).await?,
        "description that can be written again",
    )?;
    let id = made(h, "emptied").await?;
    let before = h.read(&id).await?;
    let write = FieldWrite::Replace(Value::Empty);
    h.tracker()
        .apply(&update_of(&before, field::DESCRIPTION, write))
        .await?;
    let after = h.read(&id).await?;
    same(
        "description",
        &after.get(field::DESCRIPTION),
        &Some(&Value::Empty),
    )?;
    same("marker", &after.marker, &before.marker)
}

async fn elements(h: &dyn Harness) -> Outcome {
    h.has_field(field::LABELS, "set").await?;
    let (id, key) = h.item("elements").await?;
    let set = |labels: &[&str]| Act::SetLabels {
        key: key.clone(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    h.person(set(&["one", "two"])).await?;
    let seen = h.read(&id).await?;
    h.person(set(&["one", "two", "a-persons"])).await?;
    let write = FieldWrite::Elements {
        add: BTreeSet::from(["three/3".to_owned()]),
        remove: BTreeSet::from(["one".to_owned(), "never there".to_owned()]),
    };
    let effect = update_of(&seen, field::LABELS, write);
    match h.tracker().apply(&effect).await {
        Err(TrackerError::Changed) => {
            let effect = update_of(&h.read(&id).await?, field::LABELS, write_again());
            h.tracker().apply(&effect).await?;
        }
        other => drop(other?),
    }
    let labels = h.read(&id).await?;
    let expected = Value::set(["two", "a-persons", "three/3"]);
    same("labels", &labels.get(field::LABELS), &Some(&expected))
}

fn write_again() -> FieldWrite {
    FieldWrite::Elements {
        add: BTreeSet::from(["three/3".to_owned()]),
        remove: BTreeSet::from(["one".to_owned()]),
    }
}

async fn statuses(h: &dyn Harness) -> Outcome {
    let id = made(h, "statuses").await?;
    let offered = h.tracker().describe(&h.scope()).await?;
    let ends = |status: &&Status| status.leads_to.as_ref().is_some_and(BTreeSet::is_empty);
    let (last, others): (Vec<&Status>, Vec<&Status>) = offered.statuses.iter().partition(ends);
    let mut reached = 0;
    // Twice, so that each is also reached from the last.
    for status in others.iter().chain(&others) {
        reached += usize::from(reaches(h, &id, status).await?);
    }
    // What nothing leads out of ends an item of its own.
    for (number, status) in last.into_iter().enumerate() {
        let id = made(h, &format!("laststatus{number}")).await?;
        reached += usize::from(reaches(h, &id, status).await?);
    }
    ensure(reached >= 2, || {
        format!("only {reached} statuses were reached")
    })
}

/// Sets a status. False: it was waived, and the old one kept.
async fn reaches(h: &dyn Harness, id: &ItemId, status: &Status) -> Result<bool, Miss> {
    let before = h.read(id).await?;
    let wanted = Value::Choice(status.status.clone());
    let write = FieldWrite::Replace(wanted.clone());
    let applied = h
        .tracker()
        .apply(&update_of(&before, field::STATUS, write))
        .await?;
    let after = h.read(id).await?;
    if applied.waived.contains_key(field::STATUS) {
        needs(
            h.tracker().capabilities().workflow,
            "workflow that explains a waived status",
        )?;
        same(
            "a waived status",
            &after.get(field::STATUS),
            &before.get(field::STATUS),
        )?;
        return Ok(false);
    }
    same("status", &after.get(field::STATUS), &Some(&wanted))?;
    Ok(true)
}

async fn swap(h: &dyn Harness) -> Outcome {
    needs(
        h.tracker().capabilities().compare_and_swap,
        "compare-and-swap",
    )?;
    let (id, key) = h.item("swap").await?;
    let seen = h.read(&id).await?;
    // A stamp tells changes apart as finely as it is written.
    let resolution = Duration::from_millis(u64::from(seen.version.resolution_ms));
    h.pass(resolution).await;
    let title = "a-persons".to_owned();
    h.person(Act::Retitle { key, title }).await?;
    let write = FieldWrite::Replace(Value::text("ours"));
    let written = h
        .tracker()
        .apply(&update_of(&seen, field::SUMMARY, write))
        .await;
    same("the write", &written.err(), &Some(TrackerError::Changed))?;
    let now = h.read(&id).await?;
    same(
        "summary",
        &now.get(field::SUMMARY),
        &Some(&Value::text("a-persons")),
    )
}

async fn mark(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().create_marker, "marker on items")?;
    let (id, _) = h.item("mark").await?;
    let before = h.read(&id).await?;
    same("marker before", &before.marker, &None)?;
    let effect = Effect::Mark {
        item: id.clone(),
        marker: marker("mark"),
    };
    for _ in 0..2 {
        h.tracker().apply(&effect).await?;
        let after = h.read(&id).await?;
        same("marker", &after.marker, &Some(marker("mark")))?;
        let text = after.get(field::DESCRIPTION);
        same("description", &text, &before.get(field::DESCRIPTION))?;
    }
    Ok(())
}

async fn comments(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("comments").await?;
    let can = h.tracker().capabilities();
    let mark = marker("comments");
    let added = h
        .tracker()
        .apply(&h.comment(&id, "first text", &mark))
        .await?;
    let added = comment_of(&added)?;
    let read = h.comments(&id).await?;
    let [read] = read.as_slice() else {
        return Err(Miss::Broken(format!(
            "{} comments instead of one",
            read.len()
        )));
    };
    same("id", &read.id, &added)?;
    same("text", &read.body.plain(), &"first text".to_owned())?;
    let expected = can.comment_marker.then(|| mark.clone());
    same("marker", &read.marker, &expected)?;
    if can.comment_edit {
        let effect = Effect::EditComment {
            item: id.clone(),
            comment: added.clone(),
            body: Document::from_plain("second text"),
            marker: mark,
        };
        h.tracker().apply(&effect).await?;
        let read = h.comments(&id).await?;
        let texts: Vec<String> = read.iter().map(|comment| comment.body.plain()).collect();
        same("edited", &texts, &vec!["second text".to_owned()])?;
        same("marker", &read[0].marker, &expected)?;
    }
    if can.comment_delete {
        let effect = Effect::DeleteComment {
            item: id.clone(),
            comment: added,
        };
        // Deleting what is deleted is done.
        for _ in 0..2 {
            h.tracker().apply(&effect).await?;
            same("left", &h.comments(&id).await?.len(), &0)?;
        }
    }
    Ok(())
}

/// The id of the comment that was written.
pub(super) fn comment_of(applied: &Applied) -> Result<String, Miss> {
    let comment = applied.comment.as_ref().map(|comment| comment.id.clone());
    comment.ok_or_else(|| Miss::Broken("a comment's write did not tell its id".to_owned()))
}

async fn channel(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("channel").await?;
    let mut effect = h.comment(&id, "a secret", &marker("channel"));
    if let Effect::AddComment { channel, .. } = &mut effect {
        "no such channel".clone_into(channel);
    }
    let written = h.tracker().apply(&effect).await;
    let refused = matches!(&written, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("no such channel"));
    ensure(refused, || format!("{written:?}"))?;
    same("comments", &h.comments(&id).await?.len(), &0)
}

async fn refused(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("refused").await?;
    let seen = h.read(&id).await?;
    let write = FieldWrite::Replace(Value::text(""));
    let written = h
        .tracker()
        .apply(&update_of(&seen, field::SUMMARY, write))
        .await;
    let named = matches!(&written, Err(TrackerError::Refused { sentence, field, .. })
        if !sentence.is_empty() && field.as_deref() == Some(field::SUMMARY));
    ensure(named, || format!("an empty title: {written:?}"))?;
    let now = h.read(&id).await?;
    same(
        "summary",
        &now.get(field::SUMMARY),
        &seen.get(field::SUMMARY),
    )
}

async fn history(h: &dyn Harness) -> Outcome {
    let has = h
        .tracker()
        .capabilities()
        .field_history
        .contains(field::SUMMARY);
    needs(has, "history of summaries")?;
    let (id, key) = h.item("history").await?;
    let since = h.now();
    let none = h.tracker().field_history(&id, since).await?;
    ensure(
        !none
            .iter()
            .any(|change| change.field.as_str() == field::SUMMARY),
        || format!("{none:?}"),
    )?;
    h.pass(Duration::from_secs(2)).await;
    let before = h.now();
    let title = "retitled".to_owned();
    h.person(Act::Retitle { key, title }).await?;
    let changes = h.tracker().field_history(&id, since).await?;
    let ours: Vec<_> = changes
        .iter()
        .filter(|change| change.field.as_str() == field::SUMMARY)
        .collect();
    let [change] = ours.as_slice() else {
        return Err(Miss::Broken(format!("{changes:?}")));
    };
    ensure(!change.by.is_empty(), || format!("{change:?}"))?;
    ensure(change.at >= before.floor_to_second(), || {
        format!("{change:?}")
    })
}
