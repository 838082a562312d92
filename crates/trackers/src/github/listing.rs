//! Reading long lists that change while they are read, without losing an entry.
//!
//! Numbered pages lose entries: one that is updated while we read moves to the end, and every entry behind its old
//! place moves up by one, across the border of a page already read. So lists are sorted by time of change, oldest
//! first, and each page starts at the last one's greatest time, less one second: what moves, moves ahead of us. Only
//! where more entries than fit on a page share that time do page numbers help out, and then the page before is read
//! again *after* its successor, so that what moved up across their border is seen.

use super::client::PAGE_ITEMS;
use super::wire;
use crate::error::TrackerError;
use crate::http::{Call, Client, Reply};
use serde::de::DeserializeOwned;
use std::time::Duration;
use twinline_core::time::Timestamp;
use url::Url;

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Entries changed at this instant or later, in whole seconds.
    pub(super) since: Timestamp,
    /// The page from there on, counted from 1.
    pub(super) page: u32,
}

impl Position {
    /// The first entry changed at `since` or later.
    pub(super) const fn from(since: Timestamp) -> Self {
        Self {
            since: since.floor_to_second(),
            page: 1,
        }
    }

    /// Reads what [`Position::write`] wrote.
    pub(super) fn read(token: &str) -> Option<Self> {
        let (since, page) = token.split_once('.')?;
        Some(Self {
            since: Timestamp::from_millis(since.parse().ok()?),
            page: page.parse().ok().filter(|page| *page > 0)?,
        })
    }

    /// The place as a page token.
    pub(super) fn write(self) -> String {
        format!("{}.{}", self.since.as_millis(), self.page)
    }

    /// Where to go on behind a full page whose last entry was changed at `last`.
    fn behind(self, last: Timestamp) -> Self {
        let since = last.floor_to_second().minus(Duration::from_secs(1));
        if since > self.since {
            Self { since, page: 1 }
        } else {
            Self {
                since: self.since,
                page: self.page + 1,
            }
        }
    }
}

/// What a list holds: something with a time of change.
pub(super) trait Entry: DeserializeOwned {
    fn updated(&self) -> Timestamp;
}

impl Entry for wire::Issue {
    fn updated(&self) -> Timestamp {
        self.updated_at
    }
}

impl Entry for wire::Comment {
    fn updated(&self) -> Timestamp {
        self.updated_at
    }
}

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    pub(super) next: Option<Position>,
    /// How many entries there are from the page's time on at the most, unless it is the last page.
    pub(super) most: Option<u64>,
    /// The answer of the page's first request.
    pub(super) reply: Reply,
}

/// Reads one page. `list` is the list's call without sorting and paging; entries may repeat between pages.
pub(super) async fn page<T: Entry>(
    client: &Client,
    list: &Call,
    position: Position,
) -> Result<Page<T>, TrackerError> {
    let ask = |page: u32| {
        let mut call = list
            .clone()
            .query("sort", "updated")
            .query("direction", "asc")
            .query("per_page", PAGE_ITEMS.to_string())
            .query("page", page.to_string());
        if position.since > Timestamp::EPOCH {
            call = call.query("since", position.since.to_string());
        }
        client.send(call)
    };
    let reply = ask(position.page).await?;
    super::client::here(&reply)?;
    let mut entries: Vec<T> = reply.json()?;
    let next = match (reply.link("next"), entries.last()) {
        (Some(_), Some(last)) => Some(position.behind(last.updated())),
        _ => None,
    };
    let most = reply.link("last").and_then(|last| entries_up_to(&last));
    if position.page > 1 {
        let before = ask(position.page - 1).await?;
        let mut again: Vec<T> = before.json()?;
        again.append(&mut entries);
        entries = again;
    }
    Ok(Page {
        entries,
        next,
        most,
        reply,
    })
}

/// How many entries there are at the most, by the address of the last page.
fn entries_up_to(last: &str) -> Option<u64> {
    let last = Url::parse(last).ok()?;
    let page = last.query_pairs().find(|(name, _)| name == "page")?;
    let pages: u64 = page.1.parse().ok()?;
    Some(pages.saturating_mul(PAGE_ITEMS as u64))
}

#[cfg(test)]
mod tests;
