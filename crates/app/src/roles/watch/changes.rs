//! Watch's private side: changes of the infrastructure, for those who show the installation's token; and for automation,
//! which shows that or `watch.inbound_token`: whether it may go on, and what it tells of.

use super::api::{Private, Shared, words};
use crate::api::Fault;
use crate::api::problem::Problem;
use axum::extract::{Path, RawQuery, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{Answer, ChangeId, Refusal};
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_watch::driver::changes::{Deed, Detail, List, NotDone, Verdict};
use utoipa::ToSchema;

/// The most elements that are named at once, and the longest text and link, in bytes.
const ELEMENTS_MAX: usize = 64;
const TEXT_MAX_BYTES: usize = 500;
const PROOF_MAX_BYTES: usize = 4096;

/// What people do.
pub(super) fn people() -> Router<Arc<Private>> {
    Router::new()
        .route("/changes", get(list).post(plan))
        .route("/changes/{change}", get(show))
        .route("/changes/{change}/{deed}", post(act))
}

async fn list(State(private): Shared) -> Result<Json<List>, Problem> {
    private.driver.changes().await.map(Json).map_err(refused)
}

async fn show(State(private): Shared, Path(change): Path<u64>) -> Result<Json<Detail>, Problem> {
    let detail = private.driver.changed(ChangeId(change)).await;
    detail.map(Json).map_err(refused)
}

/// A change that is to be planned; times in milliseconds since the epoch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    title: String,
    elements: Elements,
    #[serde(default)]
    from: Option<Timestamp>,
    until: Timestamp,
    by: String,
}

async fn plan(
    State(private): Shared,
    Json(planned): Json<Planned>,
) -> Result<Json<Detail>, Problem> {
    let Planned {
        title,
        elements,
        from,
        until,
        by,
    } = planned;
    if elements.len() > ELEMENTS_MAX {
        let detail = format!("a change names at most {ELEMENTS_MAX} elements");
        return Err(Problem::bad_request(detail));
    }
    let deed = Deed::Plan {
        title: short(words(Some(title), "a change needs a title")?)?,
        elements,
        from,
        until,
        by: short(by)?,
    };
    perform(&private, deed).await
}

/// Who does something to a change, and what there is to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    text: Option<String>,
    /// The link that was sent to who is there, or its last part.
    #[serde(default)]
    proof: Option<String>,
}

async fn act(
    State(private): Shared,
    Path((change, deed)): Path<(u64, String)>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let change = ChangeId(change);
    let Said { by, text, proof } = said;
    let by = by.map(short).transpose()?;
    if let Some(proof) = proof {
        if !matches!(deed.as_str(), "present" | "start") {
            return Err(Problem::bad_request(
                "a proof says that somebody is there: present, start",
            ));
        }
        if proof.len() > PROOF_MAX_BYTES {
            let detail = format!("a proof has at most {PROOF_MAX_BYTES} bytes");
            return Err(Problem::bad_request(detail));
        }
        let there = perform(&private, Deed::Prove { change, proof }).await?;
        if deed == "present" {
            return Ok(there);
        }
    }
    let who = |by: Option<String>| words(by, "say who you are: by");
    let deed = match deed.as_str() {
        "present" => Deed::Ask {
            change,
            person: who(by)?,
        },
        "start" => Deed::Start { change, by },
        "verify" => Deed::Verify { change },
        "finish" => Deed::Finish { change },
        "abort" => Deed::Abort {
            change,
            by: who(by)?,
            reason: short(words(text, "breaking off needs a reason")?)?,
        },
        other => {
            let detail = format!("nothing is called '{other}' that could be done to a change");
            return Err(Problem::new(StatusCode::NOT_FOUND, "not there", detail));
        }
    };
    perform(&private, deed).await
}

/// That a database changed, or is about to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Announced {
    /// Which; `database:central` if it is left out.
    #[serde(default = "central")]
    #[schema(value_type = Option<String>)]
    database: Element,
    /// Who tells it.
    by: String,
    /// What happened, in a few words.
    what: String,
}

fn central() -> Element {
    Element::new(Kind::Database, "central")
}

#[utoipa::path(post, path = "/changes", summary = "That a database changed: it is proven at once",
    request_body = Announced,
    responses((status = 200, description = "The change that it is part of", body = Object), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn announce(
    State(private): Shared,
    Json(told): Json<Announced>,
) -> Result<Json<Detail>, Problem> {
    let Announced { database, by, what } = told;
    if database.kind != Kind::Database {
        let detail = format!("'{database}' is no database: write database:central");
        return Err(Problem::bad_request(detail));
    }
    let deed = Deed::Announce {
        database,
        by: short(words(Some(by), "say who tells it: by")?)?,
        what: short(words(Some(what), "say what happened: what")?)?,
    };
    perform(&private, deed).await
}

/// 200 for go; 409 for no go, with the reason: `answer`, `refusal` and what belongs to it.
#[utoipa::path(get, path = "/gate", summary = "Whether automation may touch these elements now",
    params(("element" = Vec<String>, Query, description = "Each element: element=database:central&element=machine:m1")),
    responses((status = 200, description = "Go: `answer`, `change` and a `sentence`", body = Object), (status = 409, description = "No go: with `answer` and `refusal`", body = Fault, content_type = "application/problem+json"), (status = "default", description = "What went wrong, which is no go", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn gate(
    State(private): Shared,
    RawQuery(query): RawQuery,
) -> Result<Json<Verdict>, Problem> {
    let query = query.unwrap_or_default();
    let named = url::form_urlencoded::parse(query.as_bytes());
    let mut elements = Elements::new();
    for (key, value) in named {
        if key != "element" {
            let detail = format!("'{key}' is not asked for: write element=database:central");
            return Err(Problem::bad_request(detail));
        }
        let element: Result<Element, _> = value.parse();
        elements.insert(element.map_err(|error| Problem::bad_request(error.to_string()))?);
    }
    let verdict = private.driver.may(elements).await.map_err(refused)?;
    if matches!(verdict.answer, Answer::Go { .. }) {
        return Ok(Json(verdict));
    }
    let mut problem = Problem::new(StatusCode::CONFLICT, "no go", verdict.sentence);
    let told = serde_json::to_value(&verdict.answer).unwrap_or_default();
    for (name, value) in told.as_object().into_iter().flatten() {
        problem = problem.with(name, value.clone());
    }
    Err(problem)
}

fn short(text: String) -> Result<String, Problem> {
    if text.len() <= TEXT_MAX_BYTES {
        return Ok(text);
    }
    let detail = format!("a text has at most {TEXT_MAX_BYTES} bytes");
    Err(Problem::bad_request(detail))
}

async fn perform(private: &Private, deed: Deed) -> Result<Json<Detail>, Problem> {
    private.driver.change(deed).await.map(Json).map_err(refused)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err by its name"
)]
fn refused(error: NotDone) -> Problem {
    let (status, title) = match &error {
        NotDone::Busy => (StatusCode::SERVICE_UNAVAILABLE, "watch does not answer"),
        NotDone::Refused { refusal, .. } => match refusal {
            Refusal::Unknown => (StatusCode::NOT_FOUND, "not there"),
            Refusal::Empty => (StatusCode::BAD_REQUEST, "the request cannot be read"),
            _ => (StatusCode::CONFLICT, "not possible"),
        },
    };
    let problem = Problem::new(status, title, error.to_string());
    let NotDone::Refused { refusal, .. } = &error else {
        return problem;
    };
    // By its name: whoever waits for somebody to be there tells it from all else.
    let told = serde_json::to_value(refusal).unwrap_or_default();
    match told.get("refusal") {
        Some(name) => problem.with("refusal", name.clone()),
        None => problem,
    }
}
