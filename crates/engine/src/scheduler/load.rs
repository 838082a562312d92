//! Reading dirty marks that the memory does not have: after a start, and after it was full.

use super::spill::Left;
use super::unread::Page;
use super::{Mark, Slot};
use crate::dirty::{self, Marked};
use crate::host::Inner;
use std::sync::Arc;
use twinline_store::StoreError;
use twinline_store::host::HostRead;

const PAGE: u32 = 500;

/// So many pages are read at a time: a long line of which the memory takes little delays no job for long.
const PAGES_MAX: usize = 4;

/// Reads marks until the memory has all of them or no room for what it has not, some pages at a time.
pub(crate) async fn load(host: &Arc<Inner>) -> Result<(), StoreError> {
    if host.scheduler.is_new() {
        let lines = host.store.read(|read| read.dirty_lines()).await?;
        host.scheduler.begin(lines);
    }
    for _ in 0..PAGES_MAX {
        let Some(wanted) = host.scheduler.to_load(PAGE as usize) else {
            return Ok(());
        };
        let (shared, asked) = (Arc::clone(host), wanted.clone());
        let read = host.store.read(move |read| page(&shared, read, asked));
        match read.await {
            Ok((last, marked)) => {
                host.scheduler.loaded(wanted, last);
                clear(host, marked.announce(host))?;
            }
            Err(error) => {
                host.scheduler.not_loaded(wanted);
                return Err(error);
            }
        }
    }
    host.scheduler.ring();
    Ok(())
}

/// Makes room for what waits in the store by what is blocked.
pub(super) async fn spill(host: &Inner) {
    let ready = |slot: &Slot| host.if_open(slot);
    let left = host.scheduler.spill(PAGE as usize, &ready);
    leave_to(host, left).await;
}

/// Writes what is left of marks that have left the memory.
pub(super) async fn leave_to(host: &Inner, left: Vec<Left>) {
    if left.is_empty() {
        return;
    }
    let written = host.store.write(move |tx| {
        let mut left = left.iter();
        left.try_for_each(|left| tx.leave_to(&left.item, left.mark, &left.to))
    });
    if let Err(error) = written.await {
        // The whole work of the marks is done again when they are read, which is harmless.
        tracing::error!(%error, "which work is left for blocked items could not be stored");
    }
}

/// One page: the place to go on from (`None`: that was the last page), and what it means.
fn page(
    host: &Inner,
    read: &HostRead<'_>,
    page: Page,
) -> Result<(Option<u64>, Marked), StoreError> {
    let (rows, max) = match page {
        Page::Unread {
            lane,
            node,
            after,
            max,
        } => (
            read.dirty_page_of(lane, &node, after, u32::try_from(max).unwrap_or(PAGE))?,
            max,
        ),
        Page::Again { after } => (read.dirty_page(after, PAGE)?, PAGE as usize),
    };
    let last = if rows.len() < max {
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

/// Removes marks whose work is done; one that was renewed meanwhile stays. Nobody waits for it: the store does so along with
/// its next step. Where it fails the marks are read again, and their work is repeated, which is harmless.
pub(crate) fn clear(host: &Arc<Inner>, marks: Vec<Mark>) -> Result<(), StoreError> {
    if marks.is_empty() {
        return Ok(());
    }
    host.scheduler.clears(&marks);
    let (shared, told) = (Arc::clone(host), marks.clone());
    let done = move |cleared: Result<(), StoreError>| {
        shared.scheduler.has_cleared(&told);
        if let Err(error) = cleared {
            tracing::error!(%error, "dirty marks could not be cleared");
        }
    };
    let (safe, these) = (Arc::clone(&host.safe), marks.clone());
    let posted = host.store.post_along(
        move |tx| {
            let mut cleared = Vec::with_capacity(these.len());
            for mark in these {
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
        },
        done,
    );
    if posted.is_err() {
        host.scheduler.has_cleared(&marks);
    }
    posted
}

/// The confirmed work that these marks belong to is done: neither its progress nor its budget waits for what is left.
pub(super) async fn leave_to_others(host: &Inner, marks: Vec<Mark>) {
    if marks.is_empty() {
        return;
    }
    let told = marks.clone();
    let written = host.store.write(move |tx| {
        let mut told = told.iter();
        told.try_for_each(|mark| tx.leave_to_others(&mark.item, mark.id))
    });
    if let Err(error) = written.await {
        tracing::error!(%error, "that confirmed work is done could not be stored; trying again");
        host.scheduler.tell_later(marks);
    }
}
