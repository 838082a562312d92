//! Items that may be linked, for who looks for pairs.

use super::Shared;
use super::input::{Named, Params};
use super::openapi::Fault;
use super::problem::Problem;
use super::shapes::LinkablePage;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use twinline_core::names::{ConnectionName, ReplicaField, Side};
use twinline_engine::ops;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LinkableParams {
    /// `left` or `right`.
    #[param(value_type = String)]
    side: Side,
    /// The replica fields to compare by, with commas between them.
    fields: String,
    /// Another query than the side's trigger, in its tracker's language. Without either the whole scope is listed.
    query: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// How long a page is the tracker decides. Where it cannot be read now, `later` says when to ask for the very same again.
#[utoipa::path(get, path = "/connections/{connection}/linkable", summary = "What a side's trigger lists and no twin of the connection has, each with what it is compared by",
    params(("connection" = String, Path, description = "The connection's name"), LinkableParams),
    responses((status = 200, description = "A page of items", body = LinkablePage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn linkable(
    State(api): Shared,
    Named(connection): Named,
    Params(params): Params<LinkableParams>,
) -> Result<Json<ops::LinkablePage>, Problem> {
    let fields = params.fields.split(',').map(str::trim);
    let fields = fields.filter(|field| !field.is_empty());
    let asked = ops::LinkableQuery {
        connection: ConnectionName::new(connection),
        side: params.side,
        fields: fields.map(ReplicaField::from).collect(),
        query: params.query,
        cursor: params.cursor,
    };
    Ok(Json(api.host.linkable(asked).await?))
}
