//! What is asked of a fleet as a whole, and what people do to its machines. What concerns one machine is done by that
//! machine's host; whoever is asked passes it on, once.

use super::reach::Asked;
use super::route::OfFleet;
use super::survey::{self, EdgeSays, Facts, Heard};
use super::told::Hosts;
use super::{Front, reach};
use crate::api::fleet::{Drain, Drained, Move, Moved, Restart, Restarted, Role};
use crate::api::problem::Problem;
use crate::commands::segment;
use crate::fleet::view::OwnView;
use crate::fleet::{Deeds, Draining, deed};
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_engine::ownership::Keeper;

/// Names the machine that another one asks: it answers for itself or not at all.
pub(super) const MACHINE: &str = "twinline-machine";

/// This machine's host, to which things are done.
pub struct This {
    /// What owns groups here.
    pub keeper: Keeper,
    /// Whether it gives them away.
    pub draining: Draining,
    /// What people did here.
    pub deeds: Deeds,
    /// Held by who begins or ends its draining: in the file and in the keeper the last word is the same then.
    pub turn: Mutex<()>,
    /// Cancelled to end this process in good order.
    pub ends: CancellationToken,
    /// When it began.
    pub started_at: Timestamp,
}

type Answer = Result<Response, Problem>;

impl Front {
    pub(super) async fn of_fleet(&self, what: OfFleet, asked: &Asked) -> Answer {
        match what {
            OfFleet::Whole => Ok(Json(self.survey().await).into_response()),
            OfFleet::Machine(machine) => match self.elsewhere(&machine, asked).await? {
                Some(answer) => Ok(answer.into_response()),
                None => Ok(Json(self.own()).into_response()),
            },
            OfFleet::Drain(machine, draining) => {
                if let Some(answer) = self.elsewhere(&machine, asked).await? {
                    return Ok(answer.into_response());
                }
                self.drain(draining, asked).await
            }
            OfFleet::Restart(machine) => self.restart(&machine, asked).await,
            OfFleet::Move(node) => {
                let to: Move = body(asked)?;
                self.pin(&node, Some(&to.machine), asked).await
            }
            OfFleet::Unpin(node) => self.pin(&node, None, asked).await,
        }
    }

    /// The answer of the machine's host, unless that is this one.
    async fn elsewhere(
        &self,
        machine: &str,
        asked: &Asked,
    ) -> Result<Option<reach::Answer>, Problem> {
        let groups = &self.groups;
        if machine == groups.me() {
            return Ok(None);
        }
        let Some(at) = groups.machine(machine)?.host else {
            return Err(Problem::refused(format!(
                "machine '{machine}' has no host, so it owns no groups"
            )));
        };
        let answered = groups.there((MACHINE, machine), at, asked).await;
        answered.map(Some).map_err(|why| {
            let why = format!("the host of '{machine}' at {at} does not answer: {why}");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not reachable", why)
        })
    }

    fn own(&self) -> OwnView {
        let groups = &self.groups;
        let times = (groups.now(), self.this.started_at);
        survey::own(
            groups.me(),
            times,
            &groups.ownership(),
            &groups.database(),
            &groups.states(),
        )
    }

    /// Asks every machine at once.
    async fn survey(&self) -> crate::fleet::view::FleetView {
        let groups = &self.groups;
        let machines = groups.machines();
        let edges = machines.iter().filter_map(|(name, at)| {
            let at = at.edge?;
            Some(async move { (name.clone(), self.ask_edge(at).await) })
        });
        let (hosts, edges) = tokio::join!(self.ask_hosts(|_| true), join_all(edges));
        let heard = Heard {
            hosts,
            edges: edges.into_iter().collect(),
        };
        survey::whole(&Facts {
            at: groups.now(),
            me: groups.me(),
            machines,
            definitions: &groups.definitions(),
            ownership: &groups.ownership(),
            database: &groups.database(),
            signed: &groups.signed(),
            heard,
        })
    }

    /// What the hosts of some machines say of themselves, or why nothing.
    pub(super) async fn ask_hosts(&self, whom: impl Fn(&str) -> bool) -> Hosts {
        let machines = self.groups.machines().iter();
        let hosts = machines
            .filter(|(name, _)| whom(name))
            .filter_map(|(name, at)| {
                let at = at.host?;
                Some(async move { (name.clone(), self.ask_host(name, at).await) })
            });
        join_all(hosts).await.into_iter().collect()
    }

    async fn ask_host(&self, name: &str, at: SocketAddr) -> Result<OwnView, String> {
        if name == self.groups.me() {
            return Ok(self.own());
        }
        let path = format!("/v1/fleet/machines/{}", segment(name));
        let answer = self.groups.look(at, &path, &[(MACHINE, name)]).await?;
        if !answer.status().is_success() {
            return Err(
                said(answer.body()).unwrap_or_else(|| format!("it answers {}", answer.status()))
            );
        }
        serde_json::from_slice(answer.body())
            .map_err(|error| format!("it answers nonsense: {error}"))
    }

    async fn ask_edge(&self, at: SocketAddr) -> Result<EdgeSays, String> {
        let answer = self.groups.look(at, "/health", &[]).await?;
        let says: Result<EdgeSays, _> = serde_json::from_slice(answer.body());
        match says {
            Ok(says) if answer.status().is_success() => Ok(says),
            Ok(says) if !says.inbox.is_empty() => Err(says.inbox),
            _ => {
                Err(said(answer.body())
                    .unwrap_or_else(|| format!("it answers {}", answer.status())))
            }
        }
    }

    /// Begins or ends this machine's draining.
    async fn drain(&self, draining: bool, asked: &Asked) -> Answer {
        let (groups, this) = (&self.groups, &self.this);
        let drain: Drain = body(asked)?;
        let _turn = this.turn.lock().await;
        let ownership = groups.ownership();
        if draining && !drain.force && !ownership.draining {
            if let Some(why) = &ownership.failing {
                let detail = format!(
                    "who would take the groups is not known ({why}): repeat it later, or with 'force'"
                );
                return Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "etcd is not reached",
                    detail,
                ));
            }
            let mut others = ownership.roster.hosts.iter();
            if !others.any(|(host, draining)| host != groups.me() && !draining) {
                return Err(Problem::refused(format!(
                    "no other machine takes groups, so nobody would work on those of '{0}': start another, let one take \
                     groups again ('twinline fleet undrain MACHINE'), or repeat it with 'force'",
                    groups.me()
                )));
            }
        }
        let action = if draining { "drain" } else { "undrain" };
        self.note(asked, action, groups.me(), &json!({ "force": drain.force }))?;
        this.draining
            .set(draining)
            .map_err(|error| no_disk(&error))?;
        this.keeper.drain(draining);
        tracing::info!(
            draining,
            by = asked.who(),
            "this machine gives its groups away or not"
        );
        let done = Drained {
            machine: groups.me().to_owned(),
            draining,
            groups: ownership.owned.len() as u64,
        };
        Ok(Json(done).into_response())
    }

    /// Notes what somebody does, before it is done.
    fn note(
        &self,
        asked: &Asked,
        action: &str,
        subject: &str,
        detail: &Value,
    ) -> Result<(), Problem> {
        let deed = deed(asked.who(), action, subject, detail);
        self.this.deeds.note(&deed).map_err(|error| no_disk(&error))
    }

    /// Notes what somebody does that may be what a machine's disk needs: one that takes nothing is in nobody's way.
    async fn note_where_possible(
        &self,
        asked: &Asked,
        action: &str,
        subject: &str,
        detail: &Value,
    ) {
        let deed = deed(asked.who(), action, subject, detail);
        let Err(disk) = self.this.deeds.note(&deed) else {
            return;
        };
        if let Err(database) = self.groups.note(&deed).await {
            tracing::error!(
                disk = format!("{disk:#}"),
                database = format!("{database:#}"),
                by = asked.who(),
                action,
                subject,
                "it is done, and stands in no audit: neither the disk here nor the central database takes it"
            );
        }
    }

    /// Ends a process of a machine, for another to begin.
    async fn restart(&self, machine: &str, asked: &Asked) -> Answer {
        let restart: Restart = body(asked)?;
        let groups = &self.groups;
        let at = groups.machine(machine)?;
        if restart.role == Role::Edge {
            let Some(at) = at.edge else {
                return Err(Problem::refused(format!("machine '{machine}' has no edge")));
            };
            self.note_where_possible(asked, "restart", machine, &json!({ "role": "edge" }))
                .await;
            let body = json!({ "started_at": restart.started_at }).to_string();
            let asked = Asked {
                body: body.into(),
                ..asked.at(uri("/restart"))
            };
            let answer = groups
                .there((MACHINE, machine), at, &asked)
                .await
                .map_err(|why| {
                    let why = format!("the edge of '{machine}' at {at} does not answer: {why}");
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not reachable", why)
                })?;
            return edge_restarts(machine, answer);
        }
        if let Some(answer) = self.elsewhere(machine, asked).await? {
            return Ok(answer.into_response());
        }
        let started_at = self.this.started_at.as_millis();
        let restarting = restart.started_at.is_none_or(|meant| meant == started_at);
        if restarting {
            self.note_where_possible(asked, "restart", machine, &json!({ "role": "host" }))
                .await;
            tracing::info!(by = asked.who(), "this host ends, for another to begin");
            self.this.ends.cancel();
        }
        let done = Restarted {
            machine: machine.to_owned(),
            role: Role::Host,
            restarting,
            started_at,
        };
        Ok(Json(done).into_response())
    }

    /// Publishes where a node's group is wanted.
    async fn pin(&self, node: &NodeName, machine: Option<&str>, asked: &Asked) -> Answer {
        let groups = &self.groups;
        let definitions = groups.definitions();
        let Some(group) = definitions.places.get(node) else {
            return Err(Problem::missing(format!(
                "node '{node}' has no connection here"
            )));
        };
        if let Some(machine) = machine {
            self.takes(machine)?;
        }
        groups.pin((node, group), machine, asked).await?;
        let done = Moved {
            group: group.to_string(),
            nodes: survey::names(&groups.members(group)),
            pinned: machine.map(str::to_owned),
        };
        Ok(Json(done).into_response())
    }

    /// Whether a machine takes groups now.
    fn takes(&self, machine: &str) -> Result<(), Problem> {
        let groups = &self.groups;
        if groups.machine(machine)?.host.is_none() {
            return Err(Problem::refused(format!(
                "machine '{machine}' has no host, so it takes no groups"
            )));
        }
        let ownership = groups.ownership();
        if let Some(why) = &ownership.failing {
            let detail =
                format!("whether '{machine}' is there is not known ({why}): repeat it later");
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "etcd is not reached",
                detail,
            ));
        }
        match ownership.roster.hosts.get(machine) {
            None => Err(Problem::refused(format!(
                "machine '{machine}' is not there: its host holds no lease; start it, or name another"
            ))),
            Some(true) => Err(Problem::refused(format!(
                "machine '{machine}' drains: let it take groups first, 'twinline fleet undrain {machine}'"
            ))),
            Some(false) => Ok(()),
        }
    }
}

/// What an edge says to a restart, as the API says it.
fn edge_restarts(machine: &str, answer: reach::Answer) -> Answer {
    #[derive(serde::Deserialize)]
    struct Says {
        restarting: bool,
        started_at: i64,
    }
    if answer.status != StatusCode::OK {
        return Ok(answer.into_response());
    }
    let says: Says = serde_json::from_slice(&answer.body).map_err(|error| {
        let detail = format!("the answer of the edge of '{machine}' cannot be read: {error}");
        Problem::new(StatusCode::BAD_GATEWAY, "an edge answered nonsense", detail)
    })?;
    let done = Restarted {
        machine: machine.to_owned(),
        role: Role::Edge,
        restarting: says.restarting,
        started_at: says.started_at,
    };
    Ok(Json(done).into_response())
}

fn no_disk(error: &anyhow::Error) -> Problem {
    let title = "the disk does not take it";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, format!("{error:#}"))
}

/// A body; an empty one is an empty object.
fn body<T: DeserializeOwned>(asked: &Asked) -> Result<T, Problem> {
    debug_assert!(asked.method == Method::POST, "only deeds have bodies");
    let bytes = if asked.body.is_empty() {
        &b"{}"[..]
    } else {
        &asked.body
    };
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body: {error}")))
}

/// The detail of a problem.
fn said(body: &[u8]) -> Option<String> {
    let problem: Value = serde_json::from_slice(body).ok()?;
    problem["detail"].as_str().map(str::to_owned)
}

fn uri(path: &'static str) -> http::Uri {
    http::Uri::from_static(path)
}
