//! The API of a fleet's machine: one in front of those of all groups, wherever they are.
//!
//! Every group's host has an API as on one machine. The front asks that of the group concerned, here or over the
//! API of the machine that owns it; lists go on from group to group. What a machine asks another names its group in
//! `twinline-group`, and is answered from there or not at all, so that nothing is passed on twice.

mod fleet;
mod merge;
mod reach;
mod route;
pub(super) mod survey;
pub(super) mod told;

#[cfg(test)]
mod merge_tests;
#[cfg(test)]
mod route_tests;

pub use fleet::This;
pub use reach::{Groups, Sources};

use super::input::whole;
use super::problem::Problem;
use super::read::audit_page;
use super::rules::checked;
use super::{BODY_MAX_BYTES, not_allowed, unknown};
use crate::fleet::Tokens;
use crate::rulebook::Rulebook;
use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::{StatusCode, header};
use merge::Pages;
use reach::{Asked, GROUP};
use route::Route;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use told::Hosts;
use twinline_core::names::{ConnectionName, NodeName};
use twinline_engine::groups::Part;
use twinline_store::GroupId;
use url::form_urlencoded;

/// A group that was made, or has got another node, works within this.
const PLACED_MAX: Duration = Duration::from_secs(45);
/// A page of the nodes that a group works with.
const NODES: &str = "/v1/nodes?limit=500";
/// What people did: to the fleet, and in each group.
const AUDIT: &str = "/v1/audit";
/// So many groups are asked at once.
const ASKED_AT_ONCE: usize = 16;
/// Between two looks whether it does.
const PLACED_AGAIN: Duration = Duration::from_millis(250);

/// See the module.
pub struct Front {
    groups: Groups,
    rulebook: Rulebook,
    tokens: Tokens,
    this: This,
}

type Shared = State<Arc<Front>>;

impl Front {
    /// For those who show one of `tokens`.
    pub const fn new(groups: Groups, rulebook: Rulebook, tokens: Tokens, this: This) -> Self {
        Self {
            groups,
            rulebook,
            tokens,
            this,
        }
    }
}

/// The front as a service.
pub fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/metrics/proofs", get(proofs))
        .route("/openapi.json", get(super::openapi::described))
        .route("/v1/{*rest}", any(v1))
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(front)
}

/// The health page alone.
pub fn health_router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/health", get(health))
        .fallback(unknown)
        .with_state(front)
}

/// 200 while every group that works here can write its state.
async fn health(State(front): Shared) -> Response {
    let broken = front.groups.broken();
    let groups = front.groups.told(&Hosts::default());
    if broken.is_empty() {
        return Json(json!({ "role": "host", "groups": groups })).into_response();
    }
    let detail = broken.join("; ");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "a group's state cannot be written",
        detail,
    )
    .with("role", "host")
    .with("groups", groups)
    .into_response()
}

/// Of the groups that work here, each under its name, and the proofs of this machine's pools, whether or not one does.
async fn metrics(State(front): Shared) -> Result<Response, Problem> {
    let mut texts = Vec::new();
    for group in front.groups.here() {
        let asked = Asked::get("/metrics", front.tokens.first());
        if let Some(answer) = front.groups.ask_here(&group, &asked).await? {
            texts.push((group, String::from_utf8_lossy(&answer.body).into_owned()));
        }
    }
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = merge::metrics(&texts, &front.groups.proofs());
    Ok(([(header::CONTENT_TYPE, content)], text).into_response())
}

/// Of this machine's pools alone, and without asking a group.
async fn proofs(State(front): Shared) -> Response {
    super::metrics::exposition(front.groups.proofs())
}

async fn v1(State(front): Shared, request: Request) -> Result<Response, Problem> {
    if !front.tokens.shown_by(&request) {
        return Err(super::unauthorised());
    }
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: whole(body).await?,
    };
    if let Some(group) = asked.headers.get(GROUP) {
        let group = GroupId::new(String::from_utf8_lossy(group.as_bytes()));
        let answer = front.groups.stream_here(&group, &asked).await?;
        return answer.ok_or_else(|| {
            let detail = format!("the group {group} does not work on this machine");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not here", detail)
        });
    }
    if let Some(machine) = asked.headers.get(fleet::MACHINE)
        && machine.as_bytes() != front.groups.me().as_bytes()
    {
        let detail = format!(
            "this is the machine '{}', which was taken for '{}': give all machines the same [machines]",
            front.groups.me(),
            String::from_utf8_lossy(machine.as_bytes())
        );
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not here",
            detail,
        ));
    }
    front.answer(&asked).await
}

impl Front {
    async fn answer(&self, asked: &Asked) -> Result<Response, Problem> {
        let definitions = self.groups.definitions();
        match route::of(asked, &definitions)? {
            Route::Group(group) => self.one(&group, asked).await,
            Route::Twin(link) => self.find(&format!("/v1/twins/{link}"), asked).await,
            Route::Backfill(id) => self.find(&format!("/v1/backfills/{id}"), asked).await,
            Route::Publish(connection, text) => {
                let nodes = super::rules::nodes_of(&text)?;
                // What nodes belong together is for good: a name that is misspelt, or rules that are refused, place nothing.
                checked(&self.rulebook, text).await?;
                let group = self.place(&connection, nodes, asked).await?;
                self.one(&group, asked).await
            }
            Route::Plan(text) => {
                let group = self.group_of(&text)?;
                self.one(&group, asked).await
            }
            Route::Check(text) => Ok(Json(checked(&self.rulebook, text).await?).into_response()),
            Route::Pages => self.pages(asked).await,
            Route::Status => self.status(asked).await,
            Route::Sweep => self.sweep(asked).await,
            Route::Fleet(what) => self.of_fleet(what, asked).await,
            Route::Events => self.groups.events(asked).await,
            Route::Backup => Err(Problem::refused(
                "a fleet's state is in its central database: back that up, as docs/guide/fleet.md tells",
            )),
        }
    }

    async fn one(&self, group: &GroupId, asked: &Asked) -> Result<Response, Problem> {
        Ok(self.groups.ask(group, asked).await?.into_response())
    }

    /// The group that knows of what a path names.
    async fn find(&self, path: &str, asked: &Asked) -> Result<Response, Problem> {
        let look = Asked::get(path, self.tokens.first());
        let mut silent = BTreeSet::new();
        let mut trouble = None;
        for group in self.groups.all() {
            match self.ask_unless_silent(&mut silent, &group, &look).await {
                Some(Ok(answer)) if answer.status == StatusCode::NOT_FOUND => {}
                // Its machine says so: it does not work there.
                Some(Ok(answer)) if answer.status == StatusCode::SERVICE_UNAVAILABLE => {
                    trouble = Some(Ok(answer.into_response()));
                }
                Some(Ok(_)) => return self.one(&group, asked).await,
                Some(Err(problem)) => trouble = Some(Err(problem)),
                None => {}
            }
        }
        // It may be in one that could not be asked.
        trouble.unwrap_or_else(|| Err(Problem::missing(format!("there is nothing at {path}"))))
    }

    /// Asks a group; `None`: its machine is one of those that were asked for another group, and were silent.
    async fn ask_unless_silent(
        &self,
        silent: &mut BTreeSet<String>,
        group: &GroupId,
        asked: &Asked,
    ) -> Option<Result<reach::Answer, Problem>> {
        let owner = self.groups.owner(group);
        let owner = owner.filter(|owner| owner != self.groups.me());
        if owner.as_ref().is_some_and(|owner| silent.contains(owner)) {
            return None;
        }
        let answered = self.groups.ask(group, asked).await;
        if answered.as_ref().is_err_and(reach::is_silence) {
            silent.extend(owner);
        }
        Some(answered)
    }

    /// The group that both nodes of a draft are in.
    fn group_of(&self, text: &super::RulesText) -> Result<GroupId, Problem> {
        let (left, right) = super::rules::nodes_of(text)?;
        let definitions = self.groups.definitions();
        let at = |node: &NodeName| definitions.places.get(node).cloned();
        at(&left).filter(|group| at(&right).as_ref() == Some(group)).ok_or_else(|| {
            let detail = format!(
                "'{left}' and '{right}' are in no group together, so there is no twin that these rules could change: 'twinline \
                 check' judges the rules, 'twinline apply' publishes them and makes the group"
            );
            Problem::new(StatusCode::CONFLICT, "nothing to plan with", detail)
        })
    }

    /// The group of a connection's nodes, made where they are in none, as soon as it works with both. Where they are in two
    /// groups, these are joined first.
    async fn place(
        &self,
        connection: &ConnectionName,
        nodes: (NodeName, NodeName),
        asked: &Asked,
    ) -> Result<GroupId, Problem> {
        self.groups.place(connection, nodes.clone(), asked).await?;
        let deadline = Instant::now() + PLACED_MAX;
        loop {
            let waits = match self.placed(connection, &nodes) {
                Ok(group) => match timeout_at(deadline, self.names(&group)).await {
                    Ok(Ok(found)) if has_both(&found, &nodes) => return Ok(group),
                    Ok(Ok(_)) | Err(_) => not_yet(format!(
                        "the group {group} does not work with '{}' and '{}' yet: repeat it later",
                        nodes.0, nodes.1
                    )),
                    Ok(Err(problem)) => problem,
                },
                Err(waits) => waits,
            };
            if Instant::now() >= deadline {
                return Err(waits);
            }
            sleep(PLACED_AGAIN).await;
        }
    }

    /// The group that a connection's nodes are placed in.
    fn placed(
        &self,
        connection: &ConnectionName,
        nodes: &(NodeName, NodeName),
    ) -> Result<GroupId, Problem> {
        let definitions = self.groups.definitions();
        let at = |node: &NodeName| definitions.places.get(node).cloned();
        match (at(&nodes.0), at(&nodes.1)) {
            (Some(left), Some(right)) if left == right => Ok(left),
            (Some(left), Some(right)) => {
                let goes = definitions.part(&left) == Part::Leaves;
                let (gone, into) = if goes { (left, right) } else { (right, left) };
                Err(not_yet(format!(
                    "'{connection}' joins the group {gone} to {into}: {gone} works on until its replica is whole, and its \
                     nodes are those of {into} then; repeat it later"
                )))
            }
            _ => Err(not_yet(format!(
                "'{}' and '{}' are in no group yet: repeat it later",
                nodes.0, nodes.1
            ))),
        }
    }

    /// The nodes that a group works with.
    async fn names(&self, group: &GroupId) -> Result<BTreeSet<String>, Problem> {
        let mut all = BTreeSet::new();
        let mut path = NODES.to_owned();
        loop {
            let look = Asked::get(&path, self.tokens.first());
            let answer = self.groups.ask(group, &look).await?;
            all.extend(merge::names(&answer.body, "node"));
            let Some(next) = merge::next(&answer.body) else {
                return Ok(all);
            };
            let mut query = form_urlencoded::Serializer::new(NODES.to_owned());
            path = query.append_pair("cursor", &next).finish();
        }
    }

    /// A list, from group to group.
    async fn pages(&self, asked: &Asked) -> Result<Response, Problem> {
        let mut pages = Pages::of(&asked.uri)?;
        let passed_over = if asked.uri.path() == AUDIT {
            self.deeds(&mut pages).await?
        } else {
            None
        };
        for group in self.groups.all() {
            while let Some(uri) = pages.next_of(&group)? {
                let answer = self.groups.ask(&group, &asked.at(uri)).await?;
                if answer.status != StatusCode::OK {
                    // Rules of one connection are in one group; elsewhere there is nothing of what is asked for.
                    if answer.status == StatusCode::NOT_FOUND {
                        pages.nothing();
                        continue;
                    }
                    return Ok(answer.into_response());
                }
                pages.take(&group, &answer.body)?;
            }
        }
        let mut whole = pages.whole();
        if let Some(why) = passed_over {
            whole["fleet"] = why.into();
        }
        Ok(Json(whole).into_response())
    }

    /// What was done to the fleet, before what was done in its groups: as one more group, whose name is before all others.
    /// Why it is passed over, where it cannot be read: the groups have theirs on their machines.
    async fn deeds(&self, pages: &mut Pages) -> Result<Option<String>, Problem> {
        let fleet = GroupId::new("");
        while let Some(uri) = pages.next_of(&fleet)? {
            let asked: BTreeMap<String, String> =
                form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                    .into_owned()
                    .collect();
            let number = |name: &str| asked.get(name).and_then(|text| text.parse::<u64>().ok());
            let limit = number("limit").and_then(|limit| u32::try_from(limit).ok());
            let limit = limit.unwrap_or(1);
            let deeds = match self.groups.deeds(number("cursor"), limit).await {
                Ok(deeds) => deeds,
                Err(error) => {
                    return Ok(Some(format!(
                        "what people did to the machines stands in the central database, which cannot be read ({error:#}); \
                         this is what they did in the groups"
                    )));
                }
            };
            let page = audit_page(deeds, limit).to_string();
            pages.take(&fleet, page.as_bytes())?;
        }
        Ok(None)
    }

    /// What every group says, in one, and how each group is.
    async fn status(&self, asked: &Asked) -> Result<Response, Problem> {
        let all = self.groups.all();
        let owners: BTreeSet<String> = all
            .iter()
            .filter_map(|one| self.groups.owner(one))
            .collect();
        let heard = self.ask_hosts(|machine| owners.contains(machine)).await;
        let is_silent = |group: &GroupId| {
            let owner = self.groups.owner(group);
            owner.is_some_and(|owner| heard.get(&owner).is_some_and(Result::is_err))
        };
        let groups = stream::iter(all.into_iter().filter(|group| !is_silent(group)));
        let asked = groups.map(async |group| {
            // Why one does not answer stands among the groups.
            let answer = self.groups.ask(&group, asked).await.ok()?;
            let sound = answer.status == StatusCode::OK;
            let found = serde_json::from_slice(&answer.body).ok();
            found.filter(|_| sound)
        });
        let answered = asked.buffered(ASKED_AT_ONCE).filter_map(std::future::ready);
        let answered = answered.collect().await;
        let (now, groups) = (self.groups.now(), self.groups.told(&heard));
        let whole = told::status(now, answered, groups, &self.groups.database());
        Ok(Json(whole).into_response())
    }

    /// Lets every group sweep that can be asked.
    async fn sweep(&self, asked: &Asked) -> Result<Response, Problem> {
        let (mut last, mut trouble, mut silent) = (None, None, BTreeSet::new());
        for group in self.groups.all() {
            match self.ask_unless_silent(&mut silent, &group, asked).await {
                Some(Ok(answer)) if answer.status.is_success() => last = Some(answer),
                Some(Ok(answer)) => trouble = Some(Ok(answer.into_response())),
                Some(Err(problem)) => trouble = Some(Err(problem)),
                None => {}
            }
        }
        let none = || Json(json!({ "sweeping": true })).into_response();
        trouble.unwrap_or_else(|| Ok(last.map_or_else(none, reach::Answer::into_response)))
    }
}

fn not_yet(why: String) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not yet", why)
}

fn has_both(found: &BTreeSet<String>, nodes: &(NodeName, NodeName)) -> bool {
    [&nodes.0, &nodes.1]
        .iter()
        .all(|node| found.contains(node.as_str()))
}
