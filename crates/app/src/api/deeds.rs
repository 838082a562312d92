//! What can be done to twins, nodes and backfills.

use super::Shared;
use super::input::{Body, Who};
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use twinline_core::names::{ConnectionName, LinkId, NodeName, ReplicaField, Side};
use twinline_engine::ops::{PairKey, Target};

type Answer = Result<Json<Value>, Problem>;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Retry {
    Twin {
        twin: LinkId,
    },
    Group {
        connection: ConnectionName,
        cause: String,
    },
}

pub(super) async fn retry(State(api): Shared, Who(who): Who, Body(retry): Body<Retry>) -> Answer {
    let target = match retry {
        Retry::Twin { twin } => Target::Twin(twin),
        Retry::Group { connection, cause } => Target::Group { connection, cause },
    };
    let twins = api.host.retry(&target, &who).await?;
    Ok(Json(json!({ "twins": twins })))
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Release {
    Connection {
        connection: ConnectionName,
    },
    Twin {
        twin: LinkId,
        #[serde(default)]
        take: BTreeMap<ReplicaField, Side>,
    },
}

pub(super) async fn release(
    State(api): Shared,
    Who(who): Who,
    Body(release): Body<Release>,
) -> Answer {
    match release {
        Release::Connection { connection } => {
            api.host.release_connection(&connection, &who).await?
        }
        Release::Twin { twin, take } => api.host.release_twin(&twin, take, &who).await?,
    }
    Ok(Json(json!({ "released": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    connection: ConnectionName,
    pairs: Vec<PairKey>,
}

pub(super) async fn link(State(api): Shared, Who(who): Who, Body(links): Body<Links>) -> Answer {
    let outcomes = api.host.link(&links.connection, links.pairs, &who).await?;
    Ok(Json(json!({ "outcomes": outcomes })))
}

pub(super) async fn unlink(State(api): Shared, Who(who): Who, Path(link): Path<String>) -> Answer {
    api.host.unlink(&LinkId::new(link), &who).await?;
    Ok(Json(json!({ "unlinked": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backfill {
    connection: ConnectionName,
    side: Side,
    query: Option<String>,
    /// For how many items writes beyond the connection's limit are confirmed.
    #[serde(default)]
    items: u64,
}

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

pub(super) async fn pause_backfill(State(api): Shared, Path(id): Path<String>) -> Answer {
    api.host.set_job_paused(&id, true).await?;
    Ok(Json(json!({ "paused": true })))
}

pub(super) async fn resume_backfill(State(api): Shared, Path(id): Path<String>) -> Answer {
    api.host.set_job_paused(&id, false).await?;
    Ok(Json(json!({ "paused": false })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    #[serde(default)]
    reason: String,
}

pub(super) async fn pause(
    State(api): Shared,
    Who(who): Who,
    Path(node): Path<String>,
    Body(pause): Body<Pause>,
) -> Answer {
    api.host
        .pause_node(&NodeName::new(node), &pause.reason, &who)
        .await?;
    Ok(Json(json!({ "paused": true })))
}

pub(super) async fn resume(State(api): Shared, Who(who): Who, Path(node): Path<String>) -> Answer {
    api.host.resume_node(&NodeName::new(node), &who).await?;
    Ok(Json(json!({ "paused": false })))
}

pub(super) async fn sweep(State(api): Shared) -> Answer {
    api.host.sweep_now();
    Ok(Json(json!({ "sweeping": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// Where on the host's machine; absolute, and not there yet.
    file: PathBuf,
}

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
