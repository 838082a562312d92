//! When a file's write is asked for.

use super::*;
use crate::http::collect;
use bytes::Bytes;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An upload of these pieces, and how often its write was asked for when so many of its pieces had been read.
fn upload(pieces: &[&'static str], may: bool) -> (Upload, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (read, ask) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&asked));
    let (reads, count) = (Arc::clone(&read), pieces.len());
    let all = pieces
        .iter()
        .map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
    let bytes = stream::iter(all.collect::<Vec<_>>()).inspect(move |_| {
        reads.fetch_add(1, Ordering::Relaxed);
    });
    let upload = Upload {
        size: pieces.iter().map(|piece| piece.len() as u64).sum(),
        bytes: Box::pin(bytes),
        commit: Commit::new(move || {
            ask.fetch_add(1, Ordering::Relaxed);
            assert_eq!(read.load(Ordering::Relaxed), count, "all was read before");
            may.then_some(()).ok_or_else(|| TrackerError::Retry {
                reason: "not now".to_owned(),
                after: None,
            })
        }),
    };
    (upload, asked)
}

#[tokio::test]
async fn the_request_that_attaches_asks_before_its_last_piece() {
    let (whole, asked) = upload(&["a", "b", "c"], true);
    let mut bytes = whole.into_attaching_body().bytes;
    for _ in 0..2 {
        bytes.next().await.unwrap().unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0, "one is kept back");
    }
    assert_eq!(bytes.next().await.unwrap().unwrap(), Bytes::from("c"));
    assert!(bytes.next().await.is_none());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let (held_back, _) = upload(&["a", "b"], false);
    assert!(
        collect(held_back.into_attaching_body().bytes, 9)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_request_that_shows_nothing_asks_for_nothing() {
    let (whole, asked) = upload(&["a", "b"], false);
    assert_eq!(collect(whole.into_body().bytes, 9).await.unwrap(), "ab");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
