//! Which groups a request is about.

use super::reach::Asked;
use crate::api::RulesText;
use crate::api::problem::Problem;
use crate::fleet::Definitions;
use http::Method;
use serde::Deserialize;
use twinline_core::names::{ConnectionName, NodeName};
use twinline_store::GroupId;

/// Who answers.
#[derive(Debug)]
pub(super) enum Route {
    /// One group.
    Group(GroupId),
    /// The group of a twin.
    Twin(String),
    /// The group of a backfill.
    Backfill(String),
    /// The group of the nodes that these rules of a connection name, which is made where there is none.
    Publish(ConnectionName, RulesText),
    /// The same, where there is one.
    Plan(RulesText),
    /// None: rules are only judged.
    Check(RulesText),
    /// All of them, one after the other.
    Pages,
    /// All of them, in one.
    Status,
    /// All of them; each does it.
    Sweep,
    /// Those that work here.
    Events,
    /// Nobody: that is done otherwise in a fleet.
    Backup,
    /// None: it is about the fleet.
    Fleet(OfFleet),
}

/// What is asked of a fleet as a whole, or of one of its machines.
#[derive(Debug)]
pub(super) enum OfFleet {
    /// How all of it is.
    Whole,
    /// What a machine says of itself.
    Machine(String),
    /// That a machine gives its groups away, or takes some again.
    Drain(String, bool),
    /// That a process of a machine begins anew.
    Restart(String),
    /// That a node's group goes to a machine.
    Move(NodeName),
    /// That it may be anywhere.
    Unpin(NodeName),
}

/// What a body may name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
    connection: Option<String>,
    twin: Option<String>,
    rules: Option<RulesText>,
}

/// Reads what a request is about.
pub(super) fn of(asked: &Asked, definitions: &Definitions) -> Result<Route, Problem> {
    let path = asked.uri.path();
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let connection = |name: &str| {
        let nodes = definitions.connections.get(&ConnectionName::from(name));
        let group = nodes.and_then(|(left, _)| definitions.places.get(left));
        let missing =
            || Problem::missing(format!("connection '{name}' has no published rules here"));
        group.cloned().map(Route::Group).ok_or_else(missing)
    };
    let node = |name: &str| {
        let group = definitions.places.get(&NodeName::from(name));
        let missing = || Problem::missing(format!("node '{name}' has no connection here"));
        group.cloned().map(Route::Group).ok_or_else(missing)
    };
    let body = || -> Result<Names, Problem> {
        if asked.body.is_empty() {
            return Ok(Names::default());
        }
        let read = serde_json::from_slice(&asked.body);
        read.map_err(|error| Problem::bad_request(format!("the body: {error}")))
    };
    match (&asked.method, parts.as_slice()) {
        (&Method::GET, ["status"]) => Ok(Route::Status),
        (&Method::GET, ["events"]) => Ok(Route::Events),
        (
            &Method::GET,
            ["nodes" | "connections" | "twins" | "history" | "audit" | "errors" | "backfills"],
        ) => Ok(Route::Pages),
        (&Method::POST, ["sweep"]) => Ok(Route::Sweep),
        (&Method::POST, ["backup"]) => Ok(Route::Backup),
        (method, ["fleet", rest @ ..]) => {
            let found = of_fleet(method, rest).map(Route::Fleet);
            found.ok_or_else(|| Problem::missing(format!("there is nothing at {path}")))
        }
        (&Method::POST, ["rules", "check"]) => {
            let read = serde_json::from_slice(&asked.body);
            Ok(Route::Check(read.map_err(|error| {
                Problem::bad_request(format!("the body: {error}"))
            })?))
        }
        (&Method::POST, ["rules", name, deed @ ("plan" | "publish")]) => match body()?.rules {
            Some(text) if *deed == "plan" => Ok(Route::Plan(text)),
            Some(text) => Ok(Route::Publish(ConnectionName::new(named(name)), text)),
            None => connection(&named(name)),
        },
        (_, ["rules", name, ..]) => connection(&named(name)),
        (&Method::GET, ["connections", name, "linkable"]) => connection(&named(name)),
        (_, ["nodes", name, ..]) => node(&named(name)),
        (_, ["twins", link]) => Ok(Route::Twin((*link).to_owned())),
        (_, ["backfills", id, ..]) => Ok(Route::Backfill((*id).to_owned())),
        (&Method::POST, ["retry" | "release" | "links" | "backfills"]) => {
            let names = body()?;
            match (names.connection, names.twin) {
                (Some(name), None) => connection(&name),
                (None, Some(link)) => Ok(Route::Twin(link)),
                _ => Err(Problem::bad_request(
                    "name either a 'connection' or a 'twin'",
                )),
            }
        }
        _ => Err(Problem::missing(format!("there is nothing at {path}"))),
    }
}

fn of_fleet(method: &Method, parts: &[&str]) -> Option<OfFleet> {
    Some(match (method, parts) {
        (&Method::GET, []) => OfFleet::Whole,
        (&Method::GET, ["machines", name]) => OfFleet::Machine(named(name)),
        (&Method::POST, ["machines", name, "drain"]) => OfFleet::Drain(named(name), true),
        (&Method::POST, ["machines", name, "undrain"]) => OfFleet::Drain(named(name), false),
        (&Method::POST, ["machines", name, "restart"]) => OfFleet::Restart(named(name)),
        (&Method::POST, ["nodes", name, "move"]) => OfFleet::Move(NodeName::new(named(name))),
        (&Method::POST, ["nodes", name, "unpin"]) => OfFleet::Unpin(NodeName::new(named(name))),
        _ => return None,
    })
}

/// What a part of a path names: names may hold what a path has only percent-encoded.
fn named(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}
