//! What can be looked at.

use super::Shared;
use super::central::CentralStatus;
use super::input::Params;
use super::openapi::{Fault, Page};
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use twinline_core::names::{ConnectionName, LinkId};
use twinline_engine::ops::Status;
use twinline_store::host::{TwinFilter, TwinStateName};

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

#[utoipa::path(get, path = "/status", summary = "What works, what waits, what is held",
    responses((status = 200, description = "Done", body = Object), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn status(State(api): Shared) -> Result<Json<WholeStatus>, Problem> {
    Ok(Json(WholeStatus {
        host: api.host.status().await?,
        central: api.central(),
    }))
}

/// The host's status and, in a fleet, the central database's.
#[derive(Serialize)]
pub(super) struct WholeStatus {
    #[serde(flatten)]
    host: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    central: Option<CentralStatus>,
}

/// Nodes and connections are few: one page holds all.
fn one_page(items: impl Serialize) -> Json<Value> {
    Json(json!({ "items": items, "next": null }))
}

#[utoipa::path(get, path = "/nodes", summary = "The nodes",
    responses((status = 200, description = "One page", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn nodes(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.status().await?.nodes))
}

#[utoipa::path(get, path = "/connections", summary = "The connections",
    responses((status = 200, description = "One page", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn connections(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.status().await?.connections))
}

#[utoipa::path(get, path = "/errors", summary = "What holds twins back, equal causes in one line",
    responses((status = 200, description = "One page", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn errors(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.errors().await?))
}

#[utoipa::path(get, path = "/backfills", summary = "The backfills, newest first",
    responses((status = 200, description = "One page", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn backfills(State(api): Shared) -> Result<Json<Value>, Problem> {
    Ok(one_page(api.host.jobs().await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TwinsParams {
    /// Only those of this connection.
    connection: Option<String>,
    /// Only those in this state: `creating`, `live`, `asleep`, `quarantined` or `unlinked`.
    #[param(value_type = Option<String>)]
    state: Option<TwinStateName>,
    /// Only those with a held field.
    #[serde(default)]
    held: bool,
    /// Only the twins of the items that people call by this key; not with any other.
    item: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

/// A cursor is the id of the last twin on the page before.
fn after(cursor: Option<String>) -> Result<Option<LinkId>, Problem> {
    let ours = |cursor: &str| cursor.len() == 32 && cursor.bytes().all(|b| b.is_ascii_hexdigit());
    match cursor {
        Some(cursor) if !ours(&cursor) => Err(Problem::bad_request(
            "the cursor is not one of this list: give the 'next' of the page before, or none for the first page",
        )),
        cursor => Ok(cursor.map(LinkId::new)),
    }
}

#[utoipa::path(get, path = "/twins", summary = "Twins by id",
    params(TwinsParams),
    responses((status = 200, description = "A page of twins", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn twins(
    State(api): Shared,
    Params(params): Params<TwinsParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    let after = after(params.cursor)?;
    if let Some(key) = params.item {
        let others = params.connection.is_some() || params.state.is_some() || params.held;
        if others || after.is_some() {
            return Err(Problem::bad_request(
                "item stands alone: leave out connection, state, held and cursor",
            ));
        }
        return Ok(one_page(api.host.twins_by_key(&key).await?));
    }
    let filter = TwinFilter {
        connection: params.connection.map(ConnectionName::new),
        state: params.state,
        cause: None,
        held: params.held,
    };
    let twins = api.host.twins(filter, after, limit).await?;
    let full = twins.len() == limit as usize;
    let next = twins.last().filter(|_| full).map(|twin| twin.link.clone());
    Ok(Json(json!({ "items": twins, "next": next })))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryParams {
    /// What people call the item: `PROJ-7`, `acme/app#12`.
    item: String,
    /// The `next` of the page before.
    cursor: Option<u64>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

/// The entries of all items of that key and of what their changes led to on their twins, newest first, each with what
/// people call its item and the one whose change caused it.
#[utoipa::path(get, path = "/history", summary = "What was written to an item, and because of it, newest first",
    params(HistoryParams),
    responses((status = 200, description = "A page of entries", body = Page), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn history(
    State(api): Shared,
    Params(params): Params<HistoryParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    let lines = api.host.history(&params.item, params.cursor, limit).await?;
    let full = lines.len() == limit as usize;
    let next = lines.last().filter(|_| full).map(|line| line.seq);
    Ok(Json(json!({ "items": lines, "next": next })))
}
