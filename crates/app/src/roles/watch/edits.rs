//! What people do to the status page, on watch's private side.

use super::api::{Private, Reached, Shared, refused, words};
use crate::api::problem::Problem;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::{
    Amendment, ComponentState, MaintenanceId, MaintenanceStage, Stage,
};
use twinline_watch::driver::{Detail, Edit, Edited, OfIncident, Planned};
use twinline_watch::site::Shown;
use twinline_watch::subscription::Reach;

/// The addresses, below `/v1`.
pub(super) fn router() -> Router<Arc<Private>> {
    Router::new()
        .route("/decisions", get(decisions))
        .route("/reports", get(reports))
        .route("/incidents/{incident}/veto", post(veto))
        .route("/incidents/{incident}/publish", post(publish))
        .route("/incidents/{incident}/updates", post(update))
        .route("/incidents/{incident}/postmortem", post(postmortem))
        .route("/page", get(page))
        .route("/page/components", post(component))
        .route("/page/maintenances", post(plan))
        .route("/page/maintenances/{maintenance}", post(maintain))
}

async fn decisions(State(private): Shared) -> Result<Json<Value>, Problem> {
    let decisions = private.driver.decisions().await.map_err(refused)?;
    Ok(Json(json!({ "decisions": decisions })))
}

/// Reports and what became of each, and how many tenants are told of what is new.
async fn reports(
    State(private): Shared,
    Extension(reach): Reached,
) -> Result<Json<Value>, Problem> {
    let reports = private.driver.reports().await.map_err(refused)?;
    let Reach { tenants, reached } = *reach.borrow();
    Ok(Json(json!({
        "reports": reports,
        "tenants": tenants,
        "tenants_reached": reached,
    })))
}

/// All that the public is shown, for a copy of the page elsewhere. No question to the driver: also there while it hangs.
async fn page(State(private): Shared) -> Json<Arc<Shown>> {
    Json(Arc::clone(&private.driver.shown().borrow()))
}

/// Who says what of an incident on the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

async fn veto(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let reason = words(said.text, "a veto needs a reason")?;
    edit(&private, incident, said.by, OfIncident::Veto { reason }).await
}

async fn publish(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let deed = OfIncident::Publish {
        name: said.name.unwrap_or_default(),
        text: words(said.text, "what is published needs a text")?,
    };
    edit(&private, incident, said.by, deed).await
}

async fn postmortem(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let text = words(said.text, "a postmortem needs a text")?;
    edit(&private, incident, said.by, OfIncident::Postmortem { text }).await
}

/// An update and what changes with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    by: String,
    text: String,
    #[serde(default)]
    stage: Option<Stage>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    impact: Option<Impact>,
    #[serde(default)]
    components: BTreeMap<String, ComponentState>,
}

async fn update(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Update>,
) -> Result<Json<Detail>, Problem> {
    if said.stage.is_some_and(|stage| stage >= Stage::Resolved) {
        let instead = "an update goes to 'investigating', 'identified' or 'monitoring'; what is over is resolved, and then \
                       has a postmortem: both have an address of their own";
        return Err(Problem::bad_request(instead));
    }
    let deed = OfIncident::Update {
        stage: said.stage,
        text: words(Some(said.text), "an update needs a text")?,
        also: Amendment {
            name: said.name,
            impact: said.impact,
            components: said.components,
        },
    };
    edit(&private, incident, said.by, deed).await
}

/// Does it, and answers with what became of the incident.
async fn edit(
    State(private): &Shared,
    incident: u64,
    by: String,
    deed: OfIncident,
) -> Result<Json<Detail>, Problem> {
    let incident = IncidentId(incident);
    let what = Edited::Incident(incident, deed);
    private
        .driver
        .edit(Edit { by, what })
        .await
        .map_err(refused)?;
    let detail = private.driver.detail(incident).await;
    detail.map(Json).map_err(refused)
}

/// A component's state by a person; null: by watch again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    by: String,
    component: String,
    state: Option<ComponentState>,
}

async fn component(State(private): Shared, Json(said): Json<Set>) -> Result<Json<Value>, Problem> {
    let what = Edited::Component(said.component.clone(), said.state);
    let by = said.by;
    private
        .driver
        .edit(Edit { by, what })
        .await
        .map_err(refused)?;
    let shown = Arc::clone(&private.driver.shown().borrow());
    let mut all = shown.page.components.iter();
    let known = all.find(|it| it.name == said.component);
    let state = known.map(|it| shown.status.state(it, &shown.page));
    Ok(Json(json!({ "component": said.component, "state": state })))
}

/// Work that is announced; instants as RFC 3339 has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    by: String,
    #[serde(default)]
    maintenance: Option<u64>,
    name: String,
    components: BTreeSet<String>,
    from: String,
    until: String,
    #[serde(default)]
    text: String,
}

async fn plan(State(private): Shared, Json(said): Json<Plan>) -> Result<Json<Value>, Problem> {
    let instant = |text: &str| {
        Timestamp::parse(text).map_err(|error| Problem::bad_request(error.to_string()))
    };
    let planned = Planned {
        name: said.name,
        components: said.components,
        from: instant(&said.from)?,
        until: instant(&said.until)?,
        text: said.text,
    };
    let what = Edited::Plan(said.maintenance.map(MaintenanceId), planned);
    work(&private, said.by, what).await
}

/// Work that goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maintain {
    by: String,
    stage: MaintenanceStage,
    #[serde(default)]
    text: String,
}

async fn maintain(
    State(private): Shared,
    Path(maintenance): Path<u64>,
    Json(said): Json<Maintain>,
) -> Result<Json<Value>, Problem> {
    let what = Edited::Maintain(MaintenanceId(maintenance), said.stage, said.text);
    work(&private, said.by, what).await
}

/// Does it, and answers with what became of the maintenance.
async fn work(private: &Private, by: String, what: Edited) -> Result<Json<Value>, Problem> {
    let id = private.driver.edit(Edit { by, what }).await;
    let id = id.map_err(refused)?;
    let shown = Arc::clone(&private.driver.shown().borrow());
    let mut all = shown.status.maintenances();
    let known = all.find(|(known, _)| Some(*known) == id);
    Ok(Json(json!({
        "maintenance": id,
        "now": known.map(|(_, it)| it),
    })))
}
