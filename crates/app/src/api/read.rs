//! What can be looked at.

use super::Shared;
use super::central::CentralStatus;
use super::input::{Named, Params};
use super::openapi::Fault;
use super::problem::Problem;
use super::shapes::{
    AuditPage, BackfillPage, BackfillShape, ConnectionPage, ErrorPage, HistoryPage, NodePage,
    StatusShape, TwinPage, TwinShape,
};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use twinline_core::names::{ConnectionName, LinkId};
use twinline_core::time::Timestamp;
use twinline_engine::ops::{Status, TwinView};
use twinline_store::host::{AuditEntry, AuditRow, JobKind, JobsPage, TwinFilter, TwinStateName};

/// The length of a page where the caller says nothing, and the greatest.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(format!(
            "limit is {limit}; write 1 to {PAGE_MAX}"
        ))),
    }
}

#[utoipa::path(get, path = "/status", summary = "What works, what waits, what is held",
    responses((status = 200, description = "Done", body = StatusShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn status(State(api): Shared) -> Result<Json<WholeStatus>, Problem> {
    Ok(Json(WholeStatus {
        host: api.host.status().await?,
        central: api.central(),
        groups: None,
    }))
}

/// The host's status and, in a fleet, the central database's.
#[derive(Serialize)]
pub(super) struct WholeStatus {
    #[serde(flatten)]
    host: Status,
    central: Option<CentralStatus>,
    /// Told by the front of a fleet's machine.
    groups: Option<Value>,
}

/// A list that holds all there is.
fn one_page(items: impl Serialize) -> Json<Value> {
    Json(json!({ "items": items, "next": null }))
}

/// Which page of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// The `next` of the page before.
    cursor: Option<String>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

/// One page of a list that is made anew for each: ordered by what names an entry, which is its cursor too.
pub(super) fn page_of<T: Serialize>(
    items: Vec<T>,
    params: &PageParams,
    name: impl Fn(&T) -> String,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)? as usize;
    let mut named: Vec<(String, T)> = items.into_iter().map(|item| (name(&item), item)).collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    let cursor = params.cursor.as_deref();
    let mut rest = named
        .into_iter()
        .skip_while(|(name, _)| cursor.is_some_and(|cursor| name.as_str() <= cursor))
        .peekable();
    let page: Vec<(String, T)> = rest.by_ref().take(limit).collect();
    let next = rest.peek().and(page.last()).map(|(name, _)| name.clone());
    let items: Vec<T> = page.into_iter().map(|(_, item)| item).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

#[utoipa::path(get, path = "/nodes", summary = "The nodes, by name",
    params(PageParams),
    responses((status = 200, description = "A page of nodes", body = NodePage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn nodes(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    let nodes = api.host.status().await?.nodes;
    page_of(nodes, &params, |node| node.node.to_string())
}

#[utoipa::path(get, path = "/connections", summary = "The connections, by name",
    params(PageParams),
    responses((status = 200, description = "A page of connections", body = ConnectionPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn connections(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    let connections = api.host.status().await?.connections;
    page_of(connections, &params, |connection| {
        connection.connection.to_string()
    })
}

#[utoipa::path(get, path = "/errors", summary = "What holds twins back, equal causes in one line",
    params(PageParams),
    responses((status = 200, description = "A page of causes, by connection", body = ErrorPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn errors(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    page_of(api.host.errors().await?, &params, |group| {
        format!("{}/{:?}/{}", group.connection, group.state, group.cause)
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BackfillsParams {
    /// Only those of this connection.
    connection: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

/// A cursor is the start and the id of the last backfill on the page before.
fn after_job(cursor: &str) -> Result<(Timestamp, String), Problem> {
    let parts = cursor.split_once('.');
    let parts = parts.and_then(|(started, id)| Some((started.parse().ok()?, id)));
    let (started, id) = parts.ok_or_else(foreign_cursor)?;
    Ok((Timestamp::from_millis(started), id.to_owned()))
}

#[utoipa::path(get, path = "/backfills", summary = "The backfills, newest first",
    params(BackfillsParams),
    responses((status = 200, description = "A page of backfills", body = BackfillPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn backfills(
    State(api): Shared,
    Params(params): Params<BackfillsParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    let page = JobsPage {
        kind: JobKind::Backfill,
        state: None,
        connection: params.connection.map(ConnectionName::new),
        after: params.cursor.as_deref().map(after_job).transpose()?,
        max: limit,
    };
    let jobs = api.host.jobs(page).await?;
    let full = jobs.len() == limit as usize;
    let next = jobs.last().filter(|_| full);
    let next = next.map(|job| format!("{}.{}", job.started_at.as_millis(), job.id));
    Ok(Json(json!({ "items": jobs, "next": next })))
}

#[utoipa::path(get, path = "/backfills/{id}", summary = "One backfill",
    params(("id" = String, Path, description = "The backfill's id")),
    responses((status = 200, description = "The backfill", body = BackfillShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn one_backfill(
    State(api): Shared,
    Named(id): Named,
) -> Result<Json<Value>, Problem> {
    Ok(Json(json!(api.host.job(&id).await?)))
}

fn foreign_cursor() -> Problem {
    Problem::bad_request(
        "the cursor is not one of this list: give the 'next' of the page before, or none for the first page",
    )
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
        Some(cursor) if !ours(&cursor) => Err(foreign_cursor()),
        cursor => Ok(cursor.map(LinkId::new)),
    }
}

#[utoipa::path(get, path = "/twins", summary = "Twins by id",
    params(TwinsParams),
    responses((status = 200, description = "A page of twins", body = TwinPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
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

#[utoipa::path(get, path = "/twins/{link}", summary = "One twin",
    params(("link" = String, Path, description = "The twin's id")),
    responses((status = 200, description = "The twin", body = TwinShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn twin(
    State(api): Shared,
    Named(link): Named,
) -> Result<Json<TwinView>, Problem> {
    Ok(Json(api.host.twin(&LinkId::new(link)).await?))
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

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// The `next` of the page before.
    cursor: Option<u64>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/audit", summary = "What people did here, newest first",
    params(AuditParams),
    responses((status = 200, description = "A page of entries", body = AuditPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn audit(
    State(api): Shared,
    Params(params): Params<AuditParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)?;
    let store = api.host.store();
    let rows = store
        .read(move |read| read.audit(params.cursor, limit))
        .await?;
    Ok(Json(audit_page(rows, limit)))
}

/// A page of what people did.
pub(super) fn audit_page(rows: Vec<AuditRow>, limit: u32) -> Value {
    let full = rows.len() == limit as usize;
    let next = rows.last().filter(|_| full).map(|row| row.seq);
    let items: Vec<Value> = rows.into_iter().map(audited).collect();
    json!({ "items": items, "next": next })
}

fn audited(row: AuditRow) -> Value {
    let AuditEntry {
        at,
        who,
        action,
        subject,
        detail,
    } = row.entry;
    // Its particulars are JSON of our own; should they not be, they are shown as they are.
    let detail = serde_json::from_str(&detail).unwrap_or(Value::String(detail));
    json!({ "seq": row.seq, "at": at, "who": who, "action": action, "subject": subject, "detail": detail })
}

/// The entries of all items of that key and of what their changes led to on their twins, newest first, each with what
/// people call its item and the one whose change caused it.
#[utoipa::path(get, path = "/history", summary = "What was written to an item, and because of it, newest first",
    params(HistoryParams),
    responses((status = 200, description = "A page of entries", body = HistoryPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
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
