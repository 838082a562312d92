//! Large files: sent in chunks, and gone on with.

use super::*;
use crate::conformance::Act;
use crate::files::{Commit, Upload};
use crate::http::{collect, one};
use bytes::Bytes;
use twinline_core::marker::Marker;

/// Of three chunks and a little more than what is sent in one request.
fn large() -> Bytes {
    (0..64 * 1024 * 1024 + 9 * 1024 * 1024 + 5)
        .map(|at: u32| (at % 251) as u8)
        .collect()
}

async fn item(h: &SimHarness) -> ItemId {
    let title = "A large file".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    h.tracker().find(&key).await.unwrap().unwrap().item
}

fn effect(item: &ItemId, content: &Bytes) -> Effect {
    let file = Attachment {
        id: "1".to_owned(),
        name: "large.mp4".to_owned(),
        size: content.len() as u64,
        media_type: "video/mp4".to_owned(),
        author: None,
        created: Timestamp::EPOCH,
        url: None,
        internal: false,
        marker: None,
    };
    Effect::AddAttachment {
        item: item.clone(),
        source: item.clone(),
        file: Box::new(file),
        channel: None,
        marker: Marker {
            root: "root".into(),
            link: "link".into(),
        },
    }
}

async fn attach(h: &SimHarness, effect: &Effect, content: &Bytes) -> Result<Applied, TrackerError> {
    let upload = Upload {
        size: content.len() as u64,
        bytes: one(content.clone()),
        commit: Commit::always(),
    };
    h.tracker().attach(effect, upload).await
}

async fn is_whole(h: &SimHarness, item: &ItemId, content: &Bytes) {
    let Fetched::Found(found) = h.tracker().fetch(item).await.unwrap() else {
        panic!("it is there")
    };
    let files = found.attachments.unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].media_type, "video/mp4", "by its name");
    let body = h.tracker().open_file(item, &files[0], 0).await.unwrap();
    let given = collect(body.bytes, usize::MAX).await.unwrap();
    assert!(given == *content, "the same bytes");
}

#[tokio::test]
async fn a_chunk_whose_answer_is_lost_is_sent_again() {
    let (h, content) = (harness(), large());
    let item = item(&h).await;
    for trick in [Trick::Pass, Trick::LoseAnswer, Trick::LoseRequest] {
        h.meddler().next_write(trick);
    }
    attach(&h, &effect(&item, &content), &content)
        .await
        .unwrap();
    is_whole(&h, &item, &content).await;
}

#[tokio::test]
async fn an_upload_that_failed_goes_on_where_it_was() {
    let (h, content) = (harness(), large());
    let item = item(&h).await;
    let effect = effect(&item, &content);
    // The beginning and ten chunks arrive, then nothing does.
    (0..11).for_each(|_| h.meddler().next_write(Trick::Pass));
    (0..4).for_each(|_| h.meddler().next_write(Trick::Refuse));
    let failed = attach(&h, &effect, &content).await;
    assert!(
        matches!(failed, Err(TrackerError::Retry { .. })),
        "{failed:?}"
    );
    let before = h.meddler().requests();
    attach(&h, &effect, &content).await.unwrap();
    let sent = h.meddler().requests() - before;
    assert!(sent < 15, "nine chunks and the link, not {sent} requests");
    is_whole(&h, &item, &content).await;
}
