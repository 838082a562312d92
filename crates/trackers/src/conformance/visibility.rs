//! Comments that not everyone may read who sees their item.

use super::harness::{Act, Harness};
use super::{Listed, Miss, Outcome, ensure, same};
use twinline_core::effect::{Effect, Recognised};
use twinline_core::item::{Comment, ItemId};

pub(super) const CHECKS: &[Listed] = &[
    (
        "comments: one that only some may read lies in an internal channel, as long as it is",
        |h| Box::pin(internal(h)),
    ),
    (
        "recognise: a comment that we may no longer read is not deleted",
        |h| Box::pin(hidden(h)),
    ),
];

/// An item with one public comment: its id and key, and the comment's id.
async fn told(h: &dyn Harness, title: &str) -> Result<(ItemId, String, String), Miss> {
    let (id, key) = h.item(title).await?;
    let comment = h
        .person(Act::Comment {
            key: key.clone(),
            text: "for whom it may concern".to_owned(),
        })
        .await?;
    Ok((id, key, comment))
}

async fn find(h: &dyn Harness, id: &ItemId, comment: &str) -> Result<Option<Comment>, Miss> {
    let mut read = h.comments(id).await?.into_iter();
    Ok(read.find(|read| read.id == comment))
}

async fn internal(h: &dyn Harness) -> Outcome {
    let (id, key, comment) = told(h, "for some").await?;
    for expected in [false, true, false] {
        h.person(Act::SetInternal {
            key: key.clone(),
            comment: comment.clone(),
            internal: expected,
        })
        .await?;
        let read = find(h, &id, &comment).await?;
        let read = read.ok_or_else(|| Miss::Broken("it is not shown".to_owned()))?;
        let mut channels = h.tracker().capabilities().channels.iter();
        let channel = channels.find(|channel| channel.name == read.channel);
        let channel = channel.map(|channel| channel.internal);
        same("internal", &channel, &Some(expected))?;
    }
    Ok(())
}

async fn hidden(h: &dyn Harness) -> Outcome {
    let (id, key, comment) = told(h, "out of sight").await?;
    let deletion = Effect::DeleteComment {
        item: id.clone(),
        comment: comment.clone(),
    };
    let (key, comment) = (&key, &comment);
    let act = |act: fn(String, String) -> Act| act(key.clone(), comment.clone());
    h.person(act(|key, comment| Act::HideComment { key, comment }))
        .await?;
    same("shown", &find(h, &id, comment).await?, &None)?;
    let found = h.tracker().recognise(&deletion, h.now()).await?;
    let unclear = matches!(&found, Recognised::Unclear { reason } if !reason.is_empty());
    ensure(unclear, || format!("out of sight: {found:?}"))?;
    h.person(act(|key, comment| Act::ShowComment { key, comment }))
        .await?;
    let found = h.tracker().recognise(&deletion, h.now()).await?;
    same("shown again", &found, &Recognised::NotThere)?;
    h.person(act(|key, comment| Act::DeleteComment { key, comment }))
        .await?;
    let found = h.tracker().recognise(&deletion, h.now()).await?;
    ensure(matches!(found, Recognised::There(_)), || {
        format!("deleted: {found:?}")
    })
}
