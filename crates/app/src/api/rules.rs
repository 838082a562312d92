//! Rules: judged, planned, published, rolled back.

use super::input::{Body, Named, Params, Who};
use super::openapi::Fault;
use super::problem::Problem;
use super::read::limit;
use super::shapes::{CheckedShape, PlanningShape, PublishedShape, VersionPage};
use super::{Api, Shared};
use crate::rulebook::{Judged, Rulebook, from_sources, to_sources};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use twinline_core::names::{ConnectionName, NodeName, Sides};
use twinline_engine::ops::{Planning, Published};
use twinline_rules::finding::Finding;
use twinline_rules::parse::parse;
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;
use twinline_store::host::{Publish, RuleVersion};
use utoipa::ToSchema;

/// One connection's rules as texts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesText {
    /// The rules file: `{"name": …, "text": …}`.
    #[schema(value_type = BTreeMap<String, String>)]
    pub map: SourceFile,
    /// Each side's script, where it has one: `{"left": FILE, "right": FILE}`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    pub scripts: Sides<Option<SourceFile>>,
}

/// Twins that a plan looks at where the caller says nothing, and at most.
const PLAN: u32 = 200;
const PLAN_MAX: u32 = 10_000;

fn unsound(findings: &[Finding]) -> Problem {
    let first = findings.iter().find(|finding| finding.is_error());
    let detail = first.map_or_else(
        || "the rules cannot be read".to_owned(),
        ToString::to_string,
    );
    let findings = serde_json::to_value(findings).unwrap_or_default();
    Problem::refused(detail).with("findings", findings)
}

/// Reads and judges rules; an error when they may not be published.
async fn sound(
    rulebook: &Rulebook,
    text: RulesText,
) -> Result<(ConnectionName, Snapshot, Judged), Problem> {
    let rules = parse(&text.map).map_err(|findings| unsound(&findings))?;
    let sources = RuleSources {
        map: text.map,
        scripts: text.scripts,
    };
    let judged = rulebook.judge(&rules, &sources).await;
    // Not the caller's fault: what is wrong with rules is a finding.
    let judged = judged.map_err(|error| {
        let title = "the rules could not be judged";
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            title,
            format!("{error:#}"),
        )
    })?;
    if !judged.is_sound() {
        return Err(unsound(&judged.findings));
    }
    let snapshot = Snapshot {
        sources,
        descriptions: judged.descriptions.clone(),
    };
    Ok((rules.name.value, snapshot, judged))
}

/// The draft of a connection, pinned by what its trackers say now; refused when a tracker does not say.
async fn pinned(api: &Api, connection: &str, text: RulesText) -> Result<Snapshot, Problem> {
    let (name, snapshot, judged) = sound(&api.rulebook, text).await?;
    if name.as_str() != connection {
        return Err(Problem::refused(format!(
            "the rules are named '{name}', not '{connection}'"
        )));
    }
    match judged.unasked.first() {
        // Without its tracker's answer no name in the rules could be pinned to an id.
        Some(sentence) => Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            "a tracker could not be asked",
            sentence,
        )),
        None => Ok(snapshot),
    }
}

#[utoipa::path(post, path = "/rules/check", summary = "Judge rules without publishing them",
    request_body = RulesText,
    responses((status = 200, description = "What is doubtful", body = CheckedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn check(
    State(api): Shared,
    Body(text): Body<RulesText>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(checked(&api.rulebook, text).await?))
}

/// What is doubtful about rules.
pub(super) async fn checked(rulebook: &Rulebook, text: RulesText) -> Result<Value, Problem> {
    let (connection, _, judged) = sound(rulebook, text).await?;
    Ok(json!({ "connection": connection, "findings": judged.findings, "trackers": judged.unasked }))
}

/// The nodes that rules are about.
pub(super) fn nodes_of(text: &RulesText) -> Result<(NodeName, NodeName), Problem> {
    let rules = parse(&text.map).map_err(|findings| unsound(&findings))?;
    Ok((rules.sides.left.node.value, rules.sides.right.node.value))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// A draft; the version in force when absent.
    rules: Option<RulesText>,
    /// How many twins to look at: 1 to 10,000, 200 when absent.
    max: Option<u32>,
}

#[utoipa::path(post, path = "/rules/{connection}/plan", summary = "What rules would write, without writing it",
    params(("connection" = String, Path, description = "The connection's name")),
    request_body = Plan,
    responses((status = 200, description = "Done", body = PlanningShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn plan(
    State(api): Shared,
    Named(connection): Named,
    Body(plan): Body<Plan>,
) -> Result<Json<Planning>, Problem> {
    let max = plan.max.unwrap_or(PLAN);
    if !(1..=PLAN_MAX).contains(&max) {
        return Err(Problem::bad_request(format!(
            "max is {max}; write 1 to {PLAN_MAX}"
        )));
    }
    let draft = match plan.rules {
        Some(text) => Some(draft(&api, &connection, text).await?),
        None => None,
    };
    let connection = ConnectionName::new(connection);
    Ok(Json(api.host.plan(&connection, draft.as_ref(), max).await?))
}

async fn draft(api: &Api, connection: &str, text: RulesText) -> Result<RuleVersion, Problem> {
    let snapshot = pinned(api, connection, text).await?;
    Ok(RuleVersion {
        connection: ConnectionName::from(connection),
        version: u32::MAX,
        digest: snapshot.digest(),
        sources: to_sources(&snapshot),
        published_at: api.now(),
        published_by: String::new(),
        rollback_of: None,
        active: false,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    rules: RulesText,
    /// The caller knows that many items are touched.
    #[serde(default)]
    confirmed: bool,
}

#[utoipa::path(post, path = "/rules/{connection}/publish", summary = "Put rules in force",
    params(("connection" = String, Path, description = "The connection's name")),
    request_body = Publication,
    responses((status = 200, description = "Done", body = PublishedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn publish(
    State(api): Shared,
    Who(by): Who,
    Named(connection): Named,
    Body(publication): Body<Publication>,
) -> Result<Json<Published>, Problem> {
    let snapshot = pinned(&api, &connection, publication.rules).await?;
    let publish = Publish {
        connection: ConnectionName::new(connection),
        digest: snapshot.digest(),
        sources: to_sources(&snapshot),
        at: api.now(),
        by,
    };
    Ok(Json(
        api.host.publish(publish, publication.confirmed).await?,
    ))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    /// The version.
    to: u32,
    /// The caller knows that many items are touched.
    #[serde(default)]
    confirmed: bool,
}

#[utoipa::path(post, path = "/rules/{connection}/rollback", summary = "Put an earlier version in force again",
    params(("connection" = String, Path, description = "The connection's name")),
    request_body = Rollback,
    responses((status = 200, description = "Done", body = PublishedShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn rollback(
    State(api): Shared,
    Who(who): Who,
    Named(connection): Named,
    Body(rollback): Body<Rollback>,
) -> Result<Json<Published>, Problem> {
    let connection = ConnectionName::new(connection);
    let published = api
        .host
        .rollback(&connection, rollback.to, rollback.confirmed, &who)
        .await?;
    Ok(Json(published))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionsParams {
    /// The `next` of the page before.
    cursor: Option<u32>,
    /// The length of the page: 1 to 500, 50 when absent.
    limit: Option<u32>,
}

/// All versions, newest first, each with what it changed from the one before.
#[utoipa::path(get, path = "/rules/{connection}/versions", summary = "All versions, newest first, each with what it changed",
    params(("connection" = String, Path, description = "The connection's name"), VersionsParams),
    responses((status = 200, description = "A page of versions", body = VersionPage), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn versions(
    State(api): Shared,
    Named(connection): Named,
    Params(params): Params<VersionsParams>,
) -> Result<Json<Value>, Problem> {
    let limit = limit(params.limit)? as usize;
    let name = ConnectionName::new(connection);
    let asked = name.clone();
    let versions = api
        .host
        .store()
        .read(move |read| read.rule_versions(&asked))
        .await?;
    if versions.is_empty() {
        return Err(Problem::missing(format!(
            "connection '{name}' has no published rules here"
        )));
    }
    let before = |version: &RuleVersion| {
        let cursor = params.cursor;
        cursor.is_none_or(|cursor| version.version < cursor)
    };
    let mut rest = versions
        .iter()
        .enumerate()
        .filter(|(_, version)| before(version))
        .peekable();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest.peek().and(page.last()).map(|(_, last)| last.version);
    let items: Vec<Value> = page
        .into_iter()
        .map(|(at, version)| {
            let older = versions.get(at + 1);
            let changed = older.map(|older| diff(older, version)).transpose();
            let (changed, unreadable) = match changed {
                Ok(changed) => (changed, None),
                Err(sentence) => (None, Some(sentence)),
            };
            json!({
                "version": version.version,
                "active": version.active,
                "published_at": version.published_at,
                "published_by": version.published_by,
                "rollback_of": version.rollback_of,
                "digest": version.digest.as_str(),
                "diff": changed,
                "unreadable": unreadable,
            })
        })
        .collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

/// What a version changed; a sentence, when one of the two cannot be read.
fn diff(older: &RuleVersion, newer: &RuleVersion) -> Result<String, String> {
    let read = |version: &RuleVersion| {
        from_sources(&version.sources)
            .map_err(|sentence| format!("version {} cannot be read: {sentence}", version.version))
    };
    Ok(read(newer)?.diff(&read(older)?))
}
