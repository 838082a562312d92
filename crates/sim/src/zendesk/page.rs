//! The two ways to read a list: by a cursor, and by numbered pages.
//!
//! Source: developer.zendesk.com, "Pagination".

use super::failure::{Answer, Failure};
use super::route::Asked;
use crate::call::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

/// Records on a page at most.
const MOST: usize = 100;
/// Numbered pages that are given at most.
const LAST_PAGE: usize = 100;

/// What orders a list: an instant or nothing, and then the id.
pub(super) type Key = (i64, u64);

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Up,
    Down,
}

/// A list that is sorted already, one page of it.
pub(super) fn listed<T>(
    asked: &Asked<'_>,
    name: &str,
    all: &[T],
    (key, order): (impl Fn(&T) -> Key, Order),
    show: impl Fn(&T) -> Value,
) -> Result<Value, Failure> {
    let size = asked.call.param("page[size]");
    let after = asked.call.param("page[after]");
    if size.is_none() && after.is_none() {
        return numbered(asked, name, all, show);
    }
    let size = size.map_or(Some(MOST), |size| size.parse().ok());
    let size = size.filter(|size| (1..=MOST).contains(size));
    let size = size.ok_or_else(|| Failure::bad("InvalidPaginationParameter", "page[size]"))?;
    let after = after.map(|cursor| {
        decode(cursor)
            .ok_or_else(|| Failure::bad("InvalidPaginationParameter", "page[after] is not valid"))
    });
    let after = after.transpose()?;
    let rest = all.iter().filter(|one| match (after, order) {
        (None, _) => true,
        (Some(after), Order::Up) => key(one) > after,
        (Some(after), Order::Down) => key(one) < after,
    });
    let rest: Vec<&T> = rest.collect();
    let page = &rest[..size.min(rest.len())];
    let last = page.last().map(|one| encode(key(one)));
    let more = rest.len() > page.len();
    let shown: Vec<Value> = page.iter().map(|one| show(one)).collect();
    let next = last.as_ref().filter(|_| more);
    let next =
        next.map(|cursor| asked.url(&[("page[size]", &size.to_string()), ("page[after]", cursor)]));
    Ok(
        json!({name: shown, "meta": {"has_more": more, "after_cursor": last, "before_cursor": null},
        "links": {"next": next, "prev": null}}),
    )
}

fn numbered<T>(
    asked: &Asked<'_>,
    name: &str,
    all: &[T],
    show: impl Fn(&T) -> Value,
) -> Result<Value, Failure> {
    let number = |name: &str| asked.call.param(name).and_then(|text| text.parse().ok());
    let per_page = number("per_page").unwrap_or(MOST).clamp(1, MOST);
    let page = number("page").unwrap_or(1).max(1);
    if page > LAST_PAGE {
        return Err(Failure::bad(
            "InvalidPaginationDepth",
            "Requests beyond 10,000 records are not allowed with offset pagination",
        ));
    }
    let shown: Vec<Value> = all
        .iter()
        .skip((page - 1) * per_page)
        .take(per_page)
        .map(show)
        .collect();
    let url = |page: usize| asked.url(&[("page", &page.to_string())]);
    let next = (page * per_page < all.len()).then(|| url(page + 1));
    let previous = (page > 1).then(|| url(page - 1));
    Ok(json!({name: shown, "count": all.len(), "next_page": next, "previous_page": previous}))
}

/// The answer with one page of a list.
pub(super) fn answer<T>(
    asked: &Asked<'_>,
    name: &str,
    all: &[T],
    order: (impl Fn(&T) -> Key, Order),
    show: impl Fn(&T) -> Value,
) -> Answer {
    let page = listed(asked, name, all, order, show)?;
    Ok(json(StatusCode::OK, &page))
}

/// A cursor, as opaque as the real one.
pub(super) fn encode((at, id): Key) -> String {
    URL_SAFE_NO_PAD.encode(format!("{at}|{id}"))
}

pub(super) fn decode(cursor: &str) -> Option<Key> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (at, id) = text.split_once('|')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}
