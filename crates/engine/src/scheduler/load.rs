//! Reading dirty marks that the memory does not have: after a start, and after it was full.

use super::Mark;
use crate::dirty::{self, Marked};
use crate::host::Inner;
use std::sync::Arc;
use twinline_store::StoreError;
use twinline_store::host::HostRead;

const PAGE: u32 = 500;

/// Reads marks until the memory has all of them or is full.
pub(crate) async fn load(host: &Arc<Inner>) -> Result<(), StoreError> {
    while host.scheduler.len() < host.settings.queued_max {
        let Some(wanted) = host.scheduler.to_load() else {
            return Ok(());
        };
        let shared = Arc::clone(host);
        let (last, marked) = host
            .store
            .read(move |read| page(&shared, read, wanted.after()))
            .await?;
        host.scheduler.loaded(wanted, last);
        clear(host, marked.announce(host)).await?;
    }
    Ok(())
}

/// One page: the place to go on from (`None`: that was the last page), and what it means.
fn page(
    host: &Inner,
    read: &HostRead<'_>,
    after: u64,
) -> Result<(Option<u64>, Marked), StoreError> {
    let rows = read.dirty_page(after, PAGE)?;
    let last = if rows.len() < PAGE as usize {
        None
    } else {
        rows.last().map(|row| row.seq)
    };
    let mut marked = Marked::default();
    for row in host.scheduler.unknown(rows) {
        marked.join(dirty::of_row(host, read, row)?);
    }
    Ok((last, marked))
}

/// Removes marks whose work is done; one that was renewed meanwhile stays.
pub(crate) async fn clear(host: &Inner, marks: Vec<Mark>) -> Result<(), StoreError> {
    if marks.is_empty() {
        return Ok(());
    }
    let safe = Arc::clone(&host.safe);
    host.store
        .write(move |tx| {
            let mut cleared = Vec::with_capacity(marks.len());
            for mark in marks {
                if tx.clear_dirty(&mark.item, mark.id)? {
                    cleared.push(mark.item);
                }
            }
            safe.cleared(&cleared);
            if safe.before().is_some() {
                let first = tx.dirty_ends()?.map_or(u64::MAX, |(first, _)| first);
                safe.passed(Some(first));
            }
            Ok(())
        })
        .await
}
