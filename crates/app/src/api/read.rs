//! What can be looked at.

use super::Shared;
use super::input::Params;
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use twinline_core::names::{ConnectionName, LinkId};
use twinline_engine::ops::Status;
use twinline_store::host::{HistoryRow, TwinFilter, TwinStateName};

/// The length of a page where the caller says nothing, and the greatest.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(format!(
            "limit is {limit}; write 1 to {PAGE_MAX}"
        ))),
    }
}

pub(super) async fn status(State(api): Shared) -> Result<Json<Status>, Problem> {
    Ok(Json(api.host.status().await?))
}

/// Nodes and connections are few: one page holds all.
fn one_page(items: impl serde::Serialize) -> Json<Value> {
    Json(json!({ "items": items, "next": null }))
}

pub(super) async fn nodes(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.status().await?.nodes))
}

pub(super) async fn connections(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.status().await?.connections))
}

pub(super) async fn errors(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.errors().await?))
}

pub(super) async fn backfills(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.jobs().await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwinsParams {
    connection: Option<String>,
    state: Option<TwinStateName>,
    #[serde(default)]
    held: bool,
    /// Only the twins of the items that people call by this key; not with any other.
    item: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn twins(
    State(api): Shared,
    Params(params): Params<TwinsParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    if let Some(key) = params.item {
        return Ok(one_page(api.host.twins_by_key(&key).await?));
    }
    let filter = TwinFilter {
        connection: params.connection.map(ConnectionName::new),
        state: params.state,
        cause: None,
        held: params.held,
    };
    let twins = api
        .host
        .twins(filter, params.cursor.map(LinkId::new), limit)
        .await?;
    let full = twins.len() == limit as usize;
    let next = twins.last().filter(|_| full).map(|twin| twin.link.clone());
    Ok(Json(json!({ "items": twins, "next": next })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryParams {
    item: String,
    cursor: Option<u64>,
    limit: Option<u32>,
}

/// The entries of all items of that key, newest first, each with its item.
pub(super) async fn history(
    State(api): Shared,
    Params(params): Params<HistoryParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    let found = api.host.history(&params.item, params.cursor, limit).await?;
    let mut rows: Vec<(HistoryRow, String)> = Vec::new();
    for (item, entries) in found {
        rows.extend(entries.into_iter().map(|row| (row, item.key.clone())));
    }
    rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.seq));
    let more = rows.len() >= limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|(row, _)| row.seq);
    let items: Vec<Value> = rows
        .into_iter()
        .map(|(row, key)| json!({ "seq": row.seq, "key": key, "entry": row.entry }))
        .collect();
    Ok(Json(json!({ "items": items, "next": next })))
}
