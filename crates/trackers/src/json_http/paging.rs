//! Lists, page by page.
//!
//! A list may change while it is read. Where pages are places in a list, each reaches back into the one before, so that what
//! moved up is not passed over: by some entries where the API takes offsets, by the whole page where it counts pages.

use super::JsonHttp;
use super::client::{self, Slots};
use super::description::{Paging, PagingBy, Path, Query, Template};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use serde_json::Value as Json;
use twinline_core::time::Timestamp;

/// How far an offset reaches back into the page before.
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

impl JsonHttp {
    /// One page of a list; `extra` are parts of the query as they are, and `token` is of the page before.
    pub(super) async fn page(
        &self,
        listing: Listing<'_>,
        slots: &Slots,
        extra: &[(String, String)],
        token: Option<&str>,
    ) -> Result<Page, TrackerError> {
        let paging = listing.paging;
        let (reply, body) = self.ask(listing, slots, extra, token).await?;
        let entries = entries(&reply, &body, listing.items)?;
        let total = listing
            .total
            .and_then(|path| path.of(&body))
            .and_then(Json::as_u64);
        let place: u64 = token
            .and_then(|token| token.parse().ok())
            .unwrap_or_default();
        let next = match paging.by {
            PagingBy::None => None,
            PagingBy::Page => {
                let number = token.map_or(u64::from(paging.first.unwrap_or(1)), |_| place);
                (!entries.is_empty()).then(|| (number + 1).to_string())
            }
            PagingBy::Offset => next_offset(place, entries.len() as u64, total),
            PagingBy::Cursor => paging.next.as_ref().and_then(|path| path.text(&body)),
            PagingBy::Link => reply.link("next"),
            PagingBy::Next => paging.next.as_ref().and_then(|path| path.text(&body)),
        };
        let next = match paging.by {
            PagingBy::Link | PagingBy::Next => {
                next.map(|next| absolute(&reply, &next)).transpose()?
            }
            _ => next,
        };
        if next.is_some() && next.as_deref() == token {
            return Err(reply.unreadable("", "the page after this one is this one"));
        }
        let again = match (paging.by, place.checked_sub(1)) {
            (PagingBy::Page, Some(before)) if token.is_some() => {
                let before = before.to_string();
                let (reply, body) = self.ask(listing, slots, extra, Some(&before)).await?;
                self::entries(&reply, &body, listing.items)?
            }
            _ => Vec::new(),
        };
        Ok(Page {
            again,
            entries,
            next,
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

/// The next place; `None` at the end, which is an empty page where the API does not say how many there are.
fn next_offset(place: u64, read: u64, total: Option<u64>) -> Option<String> {
    let end = place + read;
    if read == 0 || total.is_some_and(|total| end >= total) {
        return None;
    }
    Some(
        end.saturating_sub(OFFSET_OVERLAP)
            .max(place + 1)
            .to_string(),
    )
}

/// An address as the API gives it: whole, or seen from the page that it stands on.
fn absolute(reply: &Reply, address: &str) -> Result<String, TrackerError> {
    let found = reply.url.join(address).map(String::from);
    found.map_err(|_| reply.unreadable("", &format!("'{address}' is no address of a page")))
}
