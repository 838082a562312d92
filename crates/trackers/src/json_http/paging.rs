//! Lists, page by page.
//!
//! A list may change while it is read. Where pages are places in a list, each reaches back into the one before, so that what
//! moved up is not passed over: by some entries where the API takes offsets, by the whole page where it counts pages.

use super::JsonHttp;
use super::client::{self, Slots};
use super::description::{Paging, PagingBy, Path, Query, Template};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use twinline_core::time::Timestamp;

/// How far an offset reaches back into the page before, at most: no more than half of that.
const OFFSET_OVERLAP: u64 = 20;

/// A list of an API.
#[derive(Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) path: &'a Template,
    /// All of them are asked with.
    pub(super) queries: &'a [&'a Query],
    pub(super) items: &'a Path,
    pub(super) total: Option<&'a Path>,
    pub(super) paging: &'a Paging,
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What was on the page before, read again after this one.
    pub(super) again: Vec<Json>,
    pub(super) entries: Vec<Json>,
    /// The token of the next one.
    pub(super) next: Option<String>,
    pub(super) total: Option<u64>,
    /// The tracker's clock when it answered.
    pub(super) date: Option<Timestamp>,
}

impl Page {
    /// All entries, those of the page before first.
    pub(super) fn all(self) -> impl Iterator<Item = Json> {
        self.again.into_iter().chain(self.entries)
    }
}

/// Pages of one list, at most: one that does not end must not keep us.
const PAGES_MAX: u32 = 20_000;

/// Where a list goes on, as it is handed out between two pages.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Token {
    /// The page's number, the offset, the cursor or the address.
    at: String,
    /// Pages before it.
    pages: u32,
    /// Entries before its end: of an offset by their place, of numbered pages by their count.
    read: u64,
    /// What the page before showed.
    seen: u64,
}

impl JsonHttp {
    /// One page of a list; `extra` are parts of the query as they are, and `token` is of the page before. One that is none of
    /// ours begins the list anew.
    pub(super) async fn page(
        &self,
        listing: Listing<'_>,
        slots: &Slots,
        extra: &[(String, String)],
        token: Option<&str>,
    ) -> Result<Page, TrackerError> {
        let token: Option<Token> = token.and_then(|token| serde_json::from_str(token).ok());
        let at = token.as_ref().map(|token| token.at.as_str());
        let (reply, body) = self.ask(listing, slots, extra, at).await?;
        let entries = entries(&reply, &body, listing.items)?;
        let total = listing
            .total
            .and_then(|path| path.text(&body)?.parse::<u64>().ok());
        let next = next(
            &reply,
            &body,
            listing.paging,
            token.as_ref(),
            &entries,
            total,
        )?;
        let before = at.and_then(|at| at.parse::<u64>().ok()?.checked_sub(1));
        let again = match (listing.paging.by, before) {
            (PagingBy::Page, Some(before)) => {
                let before = before.to_string();
                let (reply, body) = self.ask(listing, slots, extra, Some(&before)).await?;
                self::entries(&reply, &body, listing.items)?
            }
            _ => Vec::new(),
        };
        Ok(Page {
            again,
            entries,
            next: next.and_then(|next| serde_json::to_string(&next).ok()),
            total,
            date: reply.date(),
        })
    }

    async fn ask(
        &self,
        listing: Listing<'_>,
        slots: &Slots,
        extra: &[(String, String)],
        token: Option<&str>,
    ) -> Result<(Reply, Json), TrackerError> {
        let paging = listing.paging;
        let call = match (paging.by, token) {
            (PagingBy::Link | PagingBy::Next, Some(address)) => Call::get(address),
            _ => {
                let call = Call::get(slots.path(listing.path));
                let call = listing
                    .queries
                    .iter()
                    .fold(call, |call, query| slots.ask(call, query));
                let call = extra
                    .iter()
                    .fold(call, |call, (name, value)| call.query(name, value.as_str()));
                let call = match (&paging.size_param, paging.size) {
                    (Some(name), Some(size)) => call.query(name, size.to_string()),
                    _ => call,
                };
                match (&paging.param, token) {
                    (Some(name), Some(token)) => call.query(name, token),
                    (Some(name), None) if paging.by == PagingBy::Page => {
                        call.query(name, paging.first.unwrap_or(1).to_string())
                    }
                    _ => call,
                }
            }
        };
        let reply = self.client.send(call).await?;
        let body = client::body(&reply)?;
        Ok((reply, body))
    }
}

fn entries(reply: &Reply, body: &Json, path: &Path) -> Result<Vec<Json>, TrackerError> {
    match client::at(reply, body, path)? {
        Json::Array(entries) => Ok(entries.clone()),
        _ => Err(reply.unreadable(&path.to_string(), "no list is there")),
    }
}

/// Where the list goes on; `None` at its end. A list that leads back to where it is does not end, and is no list.
fn next(
    reply: &Reply,
    body: &Json,
    paging: &Paging,
    token: Option<&Token>,
    entries: &[Json],
    total: Option<u64>,
) -> Result<Option<Token>, TrackerError> {
    let place = token.and_then(|token| token.at.parse::<u64>().ok());
    let before = token.map_or(0, |token| token.read);
    let count = entries.len() as u64;
    let read = match paging.by {
        PagingBy::Offset => place.unwrap_or_default().saturating_add(count),
        _ => before.saturating_add(count),
    };
    let told = |path: &Option<Path>| path.as_ref().and_then(|path| path.text(body));
    let at = match paging.by {
        PagingBy::None => None,
        PagingBy::Page => {
            let number = place.unwrap_or(paging.first.unwrap_or(1).into());
            let is_end = count == 0 || total.is_some_and(|total| read >= total);
            (!is_end).then(|| number.saturating_add(1).to_string())
        }
        PagingBy::Offset => next_offset(place.unwrap_or_default(), count, before, total),
        PagingBy::Cursor => told(&paging.next),
        PagingBy::Link => reply.link("next"),
        PagingBy::Next => told(&paging.next),
    };
    let at = match (paging.by, at) {
        (PagingBy::Link | PagingBy::Next, Some(at)) => Some(absolute(reply, &at)?),
        (_, at) => at,
    };
    let Some(at) = at else {
        return Ok(None);
    };
    let seen = print_of(entries);
    let endless = |why: &str| Err(reply.unreadable("", why));
    if token.is_some_and(|token| token.at == at) {
        return endless("the page after this one is this one");
    }
    if count > 0 && token.is_some_and(|token| token.seen == seen) {
        return endless(
            "it shows the same as the page before: let the description's paging say how the list goes on, and its total when it \
             is over",
        );
    }
    let pages = token.map_or(1, |token| token.pages.saturating_add(1));
    if pages >= PAGES_MAX {
        return endless(&format!("the list does not end within {PAGES_MAX} pages"));
    }
    Ok(Some(Token {
        at,
        pages,
        read,
        seen,
    }))
}

/// The next place; `None` at the end: where the API does not say how many there are that is a page that brings nothing new.
fn next_offset(place: u64, count: u64, before: u64, total: Option<u64>) -> Option<String> {
    let end = place.saturating_add(count);
    let is_end = match total {
        Some(total) => end >= total,
        None => end <= before,
    };
    if count == 0 || is_end {
        return None;
    }
    let overlap = OFFSET_OVERLAP.min(count / 2);
    Some((end - overlap).max(place.saturating_add(1)).to_string())
}

/// What tells a page from another.
fn print_of(entries: &[Json]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in entries {
        entry.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

/// An address as the API gives it: whole, or seen from the page that it stands on.
fn absolute(reply: &Reply, address: &str) -> Result<String, TrackerError> {
    let found = reply.url.join(address).map(String::from);
    found.map_err(|_| reply.unreadable("", &format!("'{address}' is no address of a page")))
}
