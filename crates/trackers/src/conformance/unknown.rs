//! Writes whose answer is lost: `Unknown`, and then recognised both ways.

use super::harness::{Act, Harness, marker};
use super::meddler::Trick;
use super::writes::{comment_of, update_of};
use super::{Listed, Miss, Outcome, ensure, needs, same};
use crate::error::TrackerError;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{ItemId, Value, field};
use twinline_core::richtext::Document;

pub(super) const CHECKS: &[Listed] = &[
    (
        "recognise: a create that happened, and one that did not",
        |h| Box::pin(create(h)),
    ),
    (
        "recognise: a create whose item a person has copied, marker included",
        |h| Box::pin(copied(h)),
    ),
    (
        "recognise: a create whose text and title a person wrote anew",
        |h| Box::pin(rewritten(h)),
    ),
    (
        "recognise: an update that happened, and one that did not",
        |h| Box::pin(update(h)),
    ),
    (
        "recognise: a mark that happened, and one that did not",
        |h| Box::pin(mark(h)),
    ),
    (
        "recognise: a comment that happened, and one that did not",
        |h| Box::pin(comment(h)),
    ),
    (
        "recognise: a comment's edit that happened, and one that did not",
        |h| Box::pin(edit(h)),
    ),
    (
        "recognise: a comment's deletion that happened, and one that did not",
        |h| Box::pin(delete(h)),
    ),
    ("a write that was not sent is Retry and not Unknown", |h| {
        Box::pin(not_sent(h))
    }),
];

/// Makes a write whose request or answer is lost, and asks whether it is there. `None`: it is not.
async fn lose(h: &dyn Harness, effect: &Effect, trick: Trick) -> Result<Option<Applied>, Miss> {
    let since = h.now();
    h.meddler().next_write(trick);
    let written = h.tracker().apply(effect).await;
    let unknown = matches!(written, Err(TrackerError::Unknown { .. }));
    ensure(unknown, || format!("a lost answer gave {written:?}"))?;
    ensure(h.meddler().is_spent(), || "no write was sent".to_owned())?;
    h.pass(h.tracker().capabilities().settle + Duration::from_secs(1))
        .await;
    match h.tracker().recognise(effect, since).await? {
        Recognised::There(applied) => Ok(Some(*applied)),
        Recognised::NotThere => Ok(None),
        Recognised::Alike(alike) => Err(Miss::Broken(format!("only likeness: {alike:?}"))),
        Recognised::Files(files) => Err(Miss::Broken(format!("only files: {files:?}"))),
        Recognised::Unclear { reason } => Err(Miss::Broken(reason)),
    }
}

/// Loses the request, then the answer, of one write; gives what the second achieved.
async fn both_ways(h: &dyn Harness, effect: &Effect) -> Result<Applied, Miss> {
    let lost = lose(h, effect, Trick::LoseRequest).await?;
    same("a write that did not happen", &lost, &None)?;
    let there = lose(h, effect, Trick::LoseAnswer).await?;
    there.ok_or_else(|| Miss::Broken("a write that happened was not recognised".to_owned()))
}

async fn made(h: &dyn Harness, name: &str) -> Result<ItemId, Miss> {
    let applied = h.tracker().apply(&h.create(name, &marker(name))).await?;
    h.created(&applied)
}

async fn create(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().create_marker, "marker on items")?;
    let effect = h.create("lost", &marker("lostcreate"));
    let applied = both_ways(h, &effect).await?;
    let item = h.read(&h.created(&applied)?).await?;
    same(
        "summary",
        &item.get(field::SUMMARY),
        &Some(&Value::text("lost")),
    )?;
    same("marker", &item.marker, &Some(marker("lostcreate")))
}

async fn copied(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().create_marker, "marker on items")?;
    let effect = h.create("copied", &marker("copied"));
    let since = h.now();
    let id = h.created(&both_ways(h, &effect).await?)?;
    let key = h.read(&id).await?.reference.key;
    h.person(Act::Clone { key }).await?;
    let Recognised::There(found) = h.tracker().recognise(&effect, since).await? else {
        return Err(Miss::Broken("it is not recognised".to_owned()));
    };
    same("what was made", &h.created(&found)?, &id)
}

async fn rewritten(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().create_marker, "marker on items")?;
    let effect = h.create("rewritten", &marker("rewritten"));
    let since = h.now();
    let applied = both_ways(h, &effect).await?;
    let id = h.created(&applied)?;
    let key = h.read(&id).await?.reference.key;
    let (text, title) = ("Nothing of the old text.".to_owned(), "anew".to_owned());
    let rewrite = Act::Rewrite {
        key: key.clone(),
        text,
    };
    h.person(rewrite).await?;
    h.person(Act::Retitle { key, title }).await?;
    let found = match h.tracker().recognise(&effect, since).await? {
        Recognised::There(applied) => vec![h.created(&applied)?],
        Recognised::Alike(alike) => {
            let ids = alike.iter().map(|applied| h.created(applied));
            ids.collect::<Result<_, _>>()?
        }
        other => return Err(Miss::Broken(format!("{other:?}"))),
    };
    same("what was made", &found, &vec![id])
}

async fn update(h: &dyn Harness) -> Outcome {
    let id = made(h, "lostupdate").await?;
    let seen = h.read(&id).await?;
    let write = FieldWrite::Replace(Value::text("renamed at last"));
    both_ways(h, &update_of(&seen, field::SUMMARY, write)).await?;
    let now = h.read(&id).await?;
    same(
        "summary",
        &now.get(field::SUMMARY),
        &Some(&Value::text("renamed at last")),
    )
}

async fn mark(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().create_marker, "marker on items")?;
    let (item, _) = h.item("lost mark").await?;
    let marker = marker("lostmark");
    both_ways(h, &Effect::Mark { item, marker }).await.map(drop)
}

async fn comment(h: &dyn Harness) -> Outcome {
    needs(
        h.tracker().capabilities().comment_marker,
        "marker on comments",
    )?;
    let (id, _) = h.item("lost comment").await?;
    let applied = both_ways(h, &h.comment(&id, "once", &marker("lostcomment"))).await?;
    let read = h.comments(&id).await?;
    let ids: Vec<String> = read.into_iter().map(|comment| comment.id).collect();
    same("comments", &ids, &vec![comment_of(&applied)?])
}

async fn edit(h: &dyn Harness) -> Outcome {
    needs(h.tracker().capabilities().comment_edit, "edit of comments")?;
    let (item, _) = h.item("lost edit").await?;
    let marker = marker("lostedit");
    let added = h
        .tracker()
        .apply(&h.comment(&item, "before", &marker))
        .await?;
    let effect = Effect::EditComment {
        item,
        comment: comment_of(&added)?,
        body: Document::from_plain("after"),
        marker,
    };
    both_ways(h, &effect).await.map(drop)
}

async fn delete(h: &dyn Harness) -> Outcome {
    needs(
        h.tracker().capabilities().comment_delete,
        "deletion of comments",
    )?;
    let (item, _) = h.item("lost deletion").await?;
    let added = h
        .tracker()
        .apply(&h.comment(&item, "x", &marker("lostdeletion")))
        .await?;
    let effect = Effect::DeleteComment {
        item: item.clone(),
        comment: comment_of(&added)?,
    };
    both_ways(h, &effect).await?;
    same("comments", &h.comments(&item).await?.len(), &0)
}

async fn not_sent(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("not sent").await?;
    h.meddler().next_write(Trick::Refuse);
    let written = h
        .tracker()
        .apply(&h.comment(&id, "x", &marker("notsent")))
        .await;
    let retry = matches!(written, Err(TrackerError::Retry { .. }));
    ensure(retry, || format!("{written:?}"))?;
    same("comments", &h.comments(&id).await?.len(), &0)
}
