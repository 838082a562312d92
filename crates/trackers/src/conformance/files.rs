//! Files: attached, read back, deleted; and recognised when the answer is lost.

use super::harness::{Harness, marker};
use super::meddler::Trick;
use super::{Listed, Miss, Outcome, ensure, needs, same};
use crate::error::TrackerError;
use crate::files::{Commit, Upload};
use crate::http::{collect, one};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId};

pub(super) const CHECKS: &[Listed] = &[
    (
        "attachments: attached, read back whole and in part, deleted",
        |h| Box::pin(there_and_back(h)),
    ),
    (
        "attachments: two equal files are two, an empty one is one",
        |h| Box::pin(equal(h)),
    ),
    ("attachments: nothing is attached before it may be", |h| {
        Box::pin(uncommitted(h))
    }),
    (
        "recognise: a file that was attached, and one that was not",
        |h| Box::pin(recognised(h)),
    ),
    (
        "recognise: a file's deletion that happened, and one that did not",
        |h| Box::pin(deletion(h)),
    ),
];

/// An effect that attaches a file of this content to an item.
fn attaching(item: &ItemId, name: &str, content: &Bytes, of: &str) -> Effect {
    let file = Attachment {
        id: "17".to_owned(),
        name: name.to_owned(),
        size: content.len() as u64,
        media_type: "text/plain".to_owned(),
        author: None,
        created: twinline_core::time::Timestamp::EPOCH,
        url: None,
        internal: false,
        marker: None,
    };
    Effect::AddAttachment {
        item: item.clone(),
        source: ItemId {
            node: "source".into(),
            id: "1".to_owned(),
        },
        file: Box::new(file),
        channel: None,
        marker: marker(of),
    }
}

fn upload(content: &Bytes, commit: Commit) -> Upload {
    Upload {
        size: content.len() as u64,
        bytes: one(content.clone()),
        commit,
    }
}

async fn attach(
    h: &dyn Harness,
    effect: &Effect,
    content: &Bytes,
) -> Result<Applied, TrackerError> {
    let upload = upload(content, Commit::always());
    h.tracker().attach(effect, upload).await
}

async fn files(h: &dyn Harness, item: &ItemId) -> Result<Vec<Attachment>, Miss> {
    let files = h.read(item).await?.attachments;
    files.ok_or_else(|| Miss::Broken("fetch did not read the files".to_owned()))
}

fn can(h: &dyn Harness) -> Outcome {
    needs(
        h.tracker().capabilities().attachments.upload,
        "upload of files",
    )
}

/// What a file says from a byte on, as the tracker gives it.
async fn content_from(
    h: &dyn Harness,
    item: &ItemId,
    file: &Attachment,
    from: u64,
) -> Result<Bytes, Miss> {
    let body = h.tracker().open_file(item, file, from).await?;
    ensure(body.from == from || body.from == 0, || {
        format!("asked for {from}, got {}", body.from)
    })?;
    let all = collect(body.bytes, 1024 * 1024).await;
    let all = all.map_err(|error| Miss::Broken(error.to_string()))?;
    let skipped = usize::try_from(from - body.from).unwrap_or(usize::MAX);
    Ok(all.slice(skipped.min(all.len())..))
}

async fn there_and_back(h: &dyn Harness) -> Outcome {
    can(h)?;
    let (item, _) = h.item("files").await?;
    let content = Bytes::from("Zeile eins\r\n--\r\nnaïve\0bytes".as_bytes().to_vec());
    let effect = attaching(&item, "Bericht 1 ü.txt", &content, "fileback");
    let applied = attach(h, &effect, &content).await?;
    let named = applied.attachment.map(|file| file.id);
    let read = files(h, &item).await?;
    let [file] = read.as_slice() else {
        return Err(Miss::Broken(format!("one file, not {read:?}")));
    };
    same("the answer's file", &named, &Some(file.id.clone()))?;
    same("size", &file.size, &(content.len() as u64))?;
    same("name", &file.name.as_str(), &"Bericht 1 ü.txt")?;
    let able = h.tracker().capabilities().attachments.clone();
    let expected = able.marker.then(|| marker("fileback"));
    same("marker", &file.marker, &expected)?;
    for from in [0, 7] {
        let given = content_from(h, &item, file, from).await?;
        let wanted = content.slice(usize::try_from(from).unwrap_or_default()..);
        same("content", &given, &wanted)?;
    }
    if !able.delete {
        return Ok(());
    }
    let deletion = Effect::DeleteAttachment {
        item: item.clone(),
        attachment: file.id.clone(),
    };
    h.tracker().apply(&deletion).await?;
    same("files", &files(h, &item).await?.len(), &0)?;
    // A second time there is nothing to do.
    h.tracker().apply(&deletion).await?;
    Ok(())
}

async fn equal(h: &dyn Harness) -> Outcome {
    can(h)?;
    let (item, _) = h.item("equal files").await?;
    let contents = [Bytes::from("same"), Bytes::from("same"), Bytes::new()];
    for (index, content) in contents.iter().enumerate() {
        let of = format!("fileequal{index}");
        let effect = attaching(&item, "a.txt", content, &of);
        attach(h, &effect, content).await?;
    }
    let read = files(h, &item).await?;
    let mut sizes: Vec<u64> = read.iter().map(|file| file.size).collect();
    sizes.sort_unstable();
    same("sizes", &sizes, &vec![0, 4, 4])
}

async fn uncommitted(h: &dyn Harness) -> Outcome {
    can(h)?;
    for content in [Bytes::new(), Bytes::from("abc")] {
        let size = content.len();
        let (item, _) = h.item(&format!("uncommitted {size}")).await?;
        let effect = attaching(&item, "a.txt", &content, &format!("fileuncommitted{size}"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let not_now = Commit::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(TrackerError::Busy {
                reason: "not now".to_owned(),
                after: Duration::from_secs(1),
                whole: false,
            })
        });
        let attached = h.tracker().attach(&effect, upload(&content, not_now)).await;
        // Where the request that sends the file attaches it too, its body only ends: why is known to who was asked.
        let held = match attached {
            Err(TrackerError::Busy { .. }) => true,
            Err(TrackerError::Retry { .. } | TrackerError::Unknown { .. }) => size > 0,
            _ => false,
        };
        ensure(held, || format!("{size} bytes: {attached:?}"))?;
        same("times asked", &asked.load(Ordering::Relaxed), &1)?;
        same("files", &files(h, &item).await?.len(), &0)?;
    }
    Ok(())
}

/// Loses one request of an attachment after the other until the outcome is unknown; what `recognise` says then. What is lost
/// before leaves nothing behind.
async fn lose(h: &dyn Harness, item: &ItemId, trick: Trick) -> Result<Recognised, Miss> {
    for passed in 0..8 {
        let of = format!("filelost{passed}{}", h.meddler().requests());
        let content = Bytes::from("once");
        let effect = attaching(item, "lost.txt", &content, &of);
        let before = files(h, item).await?.len();
        let since = h.now();
        (0..passed).for_each(|_| h.meddler().next_write(Trick::Pass));
        h.meddler().next_write(trick.clone());
        let attached = attach(h, &effect, &content).await;
        let spent = h.meddler().is_spent();
        h.meddler().clear();
        match attached {
            Err(TrackerError::Unknown { .. }) => {
                let settle = h.tracker().capabilities().settle;
                h.pass(settle + Duration::from_secs(1)).await;
                return Ok(h.tracker().recognise(&effect, since).await?);
            }
            Err(TrackerError::Retry { .. }) => {
                same("files", &files(h, item).await?.len(), &before)?;
            }
            other => {
                let what = format!("after {passed} writes, spent {spent}: {other:?}");
                return Err(Miss::Broken(what));
            }
        }
    }
    Err(Miss::Broken("no outcome was ever unknown".to_owned()))
}

async fn recognised(h: &dyn Harness) -> Outcome {
    can(h)?;
    let (item, _) = h.item("lost file").await?;
    let lost = lose(h, &item, Trick::LoseRequest).await?;
    same("a file that did not arrive", &lost, &Recognised::NotThere)?;
    let before = files(h, &item).await?.len();
    let found = match lose(h, &item, Trick::LoseAnswer).await? {
        Recognised::There(applied) => applied.attachment.map(|file| file.id),
        Recognised::Files(files) => files.first().map(|file| file.id.clone()),
        other => return Err(Miss::Broken(format!("{other:?}"))),
    };
    let after = files(h, &item).await?;
    same("files", &after.len(), &(before + 1))?;
    same(
        "the file",
        &found,
        &after.last().map(|file| file.id.clone()),
    )
}

async fn deletion(h: &dyn Harness) -> Outcome {
    can(h)?;
    needs(
        h.tracker().capabilities().attachments.delete,
        "deletion of files",
    )?;
    let (item, _) = h.item("lost deletion of a file").await?;
    let content = Bytes::from("x");
    let effect = attaching(&item, "x.txt", &content, "filedeletion");
    let applied = attach(h, &effect, &content).await?;
    let attachment = applied.attachment.map(|file| file.id).unwrap_or_default();
    let effect = Effect::DeleteAttachment { item, attachment };
    for (trick, there) in [(Trick::LoseRequest, false), (Trick::LoseAnswer, true)] {
        let since = h.now();
        h.meddler().next_write(trick);
        let written = h.tracker().apply(&effect).await;
        let unknown = matches!(written, Err(TrackerError::Unknown { .. }));
        ensure(unknown, || format!("a lost answer gave {written:?}"))?;
        h.pass(h.tracker().capabilities().settle + Duration::from_secs(1))
            .await;
        let found = h.tracker().recognise(&effect, since).await?;
        same("is there", &matches!(found, Recognised::There(_)), &there)?;
    }
    Ok(())
}
