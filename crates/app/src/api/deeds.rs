//! What can be done to twins, nodes and backfills.

use super::Shared;
use super::input::{Body, Named, Who};
use super::openapi::Fault;
use super::problem::Problem;
use super::shapes::{
    CancelledShape, CopiedShape, LinkedShape, PausedShape, ReleasedShape, RetriedShape,
    StartedShape, SweepingShape, UnlinkedShape,
};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use twinline_core::names::{ConnectionName, LinkId, NodeName, ReplicaField, Side};
use twinline_engine::ops::{PairKey, Target};
use utoipa::ToSchema;

type Answer = Result<Json<Value>, Problem>;

/// Either `twin`, or `connection` and `cause`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    /// One twin's id.
    #[schema(value_type = Option<String>)]
    twin: Option<LinkId>,
    /// A connection's name.
    #[schema(value_type = Option<String>)]
    connection: Option<ConnectionName>,
    /// The cause of a group of errors.
    cause: Option<String>,
}

#[utoipa::path(post, path = "/retry", summary = "Try again what is quarantined: a twin, or all twins of one cause",
    request_body = Retry,
    responses((status = 200, description = "How many twins are tried again", body = RetriedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn retry(State(api): Shared, Who(who): Who, Body(retry): Body<Retry>) -> Answer {
    let target = match (retry.twin, retry.connection, retry.cause) {
        (Some(twin), None, None) => Target::Twin(twin),
        (None, Some(connection), Some(cause)) => Target::Group { connection, cause },
        _ => {
            let way_out =
                "name a 'twin', or a 'connection' and the 'cause' that GET /v1/errors shows";
            return Err(Problem::bad_request(way_out));
        }
    };
    let twins = api.host.retry(&target, &who).await?;
    Ok(Json(json!({ "twins": twins })))
}

/// Either `connection`, or `twin` with the side whose value each held field takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    /// A connection's name.
    #[schema(value_type = Option<String>)]
    connection: Option<ConnectionName>,
    /// One twin's id.
    #[schema(value_type = Option<String>)]
    twin: Option<LinkId>,
    /// By field `left` or `right`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    take: BTreeMap<ReplicaField, Side>,
}

#[utoipa::path(post, path = "/release", summary = "Release a held connection, or the held fields of a twin",
    request_body = Release,
    responses((status = 200, description = "Done", body = ReleasedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn release(
    State(api): Shared,
    Who(who): Who,
    Body(release): Body<Release>,
) -> Answer {
    match (release.connection, release.twin) {
        (Some(connection), None) if release.take.is_empty() => {
            api.host.release_connection(&connection, &who).await?;
        }
        (None, Some(twin)) => api.host.release_twin(&twin, release.take, &who).await?,
        _ => {
            let way_out = "name a 'connection', or a 'twin' and what its fields 'take'";
            return Err(Problem::bad_request(way_out));
        }
    }
    Ok(Json(json!({ "released": true })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    #[schema(value_type = String)]
    connection: ConnectionName,
    /// Each `{"left": KEY, "right": KEY}`.
    #[schema(value_type = Vec<BTreeMap<String, String>>)]
    pairs: Vec<PairKey>,
}

#[utoipa::path(post, path = "/links", summary = "Make twins of pairs of existing items",
    request_body = Links,
    responses((status = 200, description = "One outcome a pair, in their order", body = LinkedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn link(State(api): Shared, Who(who): Who, Body(links): Body<Links>) -> Answer {
    let outcomes = api.host.link(&links.connection, links.pairs, &who).await?;
    Ok(Json(json!({ "outcomes": outcomes })))
}

#[utoipa::path(delete, path = "/twins/{link}", summary = "End a twin; both items stay",
    params(("link" = String, Path, description = "The twin's id")),
    responses((status = 200, description = "Done", body = UnlinkedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn unlink(State(api): Shared, Who(who): Who, Named(link): Named) -> Answer {
    api.host.unlink(&LinkId::new(link), &who).await?;
    Ok(Json(json!({ "unlinked": true })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Backfill {
    #[schema(value_type = String)]
    connection: ConnectionName,
    /// `left` or `right`.
    #[schema(value_type = String)]
    side: Side,
    /// A query of the side's tracker; its trigger when absent.
    query: Option<String>,
    /// For how many items writes beyond the connection's limit are confirmed.
    #[serde(default)]
    items: u64,
}

#[utoipa::path(post, path = "/backfills", summary = "Take in the items that a trigger matches and that are there already",
    request_body = Backfill,
    responses((status = 200, description = "The backfill's id", body = StartedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn backfill(
    State(api): Shared,
    Who(who): Who,
    Body(backfill): Body<Backfill>,
) -> Answer {
    let Backfill {
        connection,
        side,
        query,
        items,
    } = backfill;
    let id = api
        .host
        .start_backfill(&connection, side, query, items, &who)
        .await?;
    Ok(Json(json!({ "id": id })))
}

#[utoipa::path(post, path = "/backfills/{id}/pause", summary = "Pause a backfill",
    params(("id" = String, Path, description = "The backfill's id")),
    responses((status = 200, description = "Done", body = PausedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn pause_backfill(State(api): Shared, Named(id): Named) -> Answer {
    api.host.set_job_paused(&id, true).await?;
    Ok(Json(json!({ "paused": true })))
}

#[utoipa::path(post, path = "/backfills/{id}/resume", summary = "Resume a backfill",
    params(("id" = String, Path, description = "The backfill's id")),
    responses((status = 200, description = "Done", body = PausedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn resume_backfill(State(api): Shared, Named(id): Named) -> Answer {
    api.host.set_job_paused(&id, false).await?;
    Ok(Json(json!({ "paused": false })))
}

#[utoipa::path(post, path = "/backfills/{id}/cancel", summary = "End a backfill where it is",
    params(("id" = String, Path, description = "The backfill's id")),
    responses((status = 200, description = "Done", body = CancelledShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn cancel_backfill(State(api): Shared, Who(who): Who, Named(id): Named) -> Answer {
    api.host.cancel_job(&id, &who).await?;
    Ok(Json(json!({ "cancelled": true })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// Shown to those who ask why it rests.
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/nodes/{node}/pause", summary = "Start no more work of a node",
    params(("node" = String, Path, description = "The node's name")),
    request_body = Pause,
    responses((status = 200, description = "Done", body = PausedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn pause(
    State(api): Shared,
    Who(who): Who,
    Named(node): Named,
    Body(pause): Body<Pause>,
) -> Answer {
    api.host
        .pause_node(&NodeName::new(node), &pause.reason, &who)
        .await?;
    Ok(Json(json!({ "paused": true })))
}

#[utoipa::path(post, path = "/nodes/{node}/resume", summary = "Start work of a node again",
    params(("node" = String, Path, description = "The node's name")),
    responses((status = 200, description = "Done", body = PausedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn resume(State(api): Shared, Who(who): Who, Named(node): Named) -> Answer {
    api.host.resume_node(&NodeName::new(node), &who).await?;
    Ok(Json(json!({ "paused": false })))
}

#[utoipa::path(post, path = "/sweep", summary = "Read the change feeds of all nodes now",
    responses((status = 200, description = "Done", body = SweepingShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn sweep(State(api): Shared) -> Answer {
    api.host.sweep_now();
    Ok(Json(json!({ "sweeping": true })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// Where on the host's machine; absolute, and not there yet.
    #[schema(value_type = String)]
    file: PathBuf,
}

#[utoipa::path(post, path = "/backup", summary = "Copy the host's state into a file while it works",
    request_body = Backup,
    responses((status = 200, description = "The file and its size", body = CopiedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn backup(State(api): Shared, Body(backup): Body<Backup>) -> Answer {
    if !backup.file.is_absolute() {
        return Err(Problem::refused(format!(
            "{}: write an absolute path",
            backup.file.display()
        )));
    }
    let progress = |copied: twinline_store::backup::CopyProgress| {
        tracing::debug!(
            done = copied.done_pages,
            total = copied.total_pages,
            "backup"
        );
    };
    api.host.store().db().backup(&backup.file, progress).await?;
    let size = tokio::fs::metadata(&backup.file).await;
    let bytes = size
        .map(|size| size.len())
        .map_err(|error| Problem::refused(format!("{}: {error}", backup.file.display())))?;
    Ok(Json(json!({ "file": backup.file, "bytes": bytes })))
}
