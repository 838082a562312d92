//! A fleet's operations as they are described. The front of a fleet's machine answers them; one machine alone says that it
//! is no fleet.

use super::openapi::Fault;
use super::problem::Problem;
use crate::fleet::view::{FleetView, OwnView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What draining is asked with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Drain {
    /// Also where no other machine takes its groups: nobody works on them then.
    #[serde(default)]
    pub(super) force: bool,
}

/// What became of draining, or of its end.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Drained {
    pub(super) machine: String,
    pub(super) draining: bool,
    /// How many groups the machine has still.
    pub(super) groups: u64,
}

/// A process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Host,
    Edge,
}

/// Which process is to begin anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {
    pub(super) role: Role,
    /// The one that began then; another one is left alone, so that a repetition does no harm. Any when absent.
    #[serde(default)]
    pub(super) started_at: Option<i64>,
}

/// What became of a restart.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Restarted {
    pub(super) machine: String,
    pub(super) role: Role,
    /// Whether the process ends now; else another one than was meant is at work already.
    pub(super) restarting: bool,
    /// When the process that was found began.
    pub(super) started_at: i64,
}

/// Where a node's group is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// The machine.
    pub(super) machine: String,
}

/// Where a group is wanted now.
#[derive(Serialize, ToSchema)]
pub(super) struct Moved {
    pub(super) group: String,
    /// The nodes that are in it, and go with it.
    pub(super) nodes: Vec<String>,
    /// The machine; null: on any.
    pub(super) pinned: Option<String>,
}

/// What one machine alone answers.
fn alone() -> Problem {
    Problem::refused(
        "this is no fleet: there is one machine, without [machines] and [ownership]; docs/guide/fleet.md tells how to make one",
    )
}

#[utoipa::path(get, path = "/fleet", summary = "A fleet's machines and groups, etcd, the central database, and what is wrong",
    responses((status = 200, description = "The fleet as this machine sees it", body = FleetView), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn whole() -> Problem {
    alone()
}

#[utoipa::path(get, path = "/fleet/machines/{machine}", summary = "What the host of a machine says of itself",
    params(("machine" = String, Path, description = "The machine's name")),
    responses((status = 200, description = "The machine", body = OwnView), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn machine() -> Problem {
    alone()
}

#[utoipa::path(post, path = "/fleet/machines/{machine}/drain", summary = "Let a machine give all its groups away, and take none; also after its restart",
    params(("machine" = String, Path, description = "The machine's name")),
    request_body = Drain,
    responses((status = 200, description = "It is begun", body = Drained), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn drain() -> Problem {
    alone()
}

#[utoipa::path(post, path = "/fleet/machines/{machine}/undrain", summary = "Let a machine take groups again",
    params(("machine" = String, Path, description = "The machine's name")),
    responses((status = 200, description = "Done", body = Drained), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn undrain() -> Problem {
    alone()
}

#[utoipa::path(post, path = "/fleet/machines/{machine}/restart", summary = "Let another host or edge begin on a machine in the place of the one there",
    params(("machine" = String, Path, description = "The machine's name")),
    request_body = Restart,
    responses((status = 200, description = "It is begun", body = Restarted), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn restart() -> Problem {
    alone()
}

#[utoipa::path(post, path = "/fleet/nodes/{node}/move", summary = "Want a node's group on a machine, for as long as that takes groups",
    params(("node" = String, Path, description = "The node's name")),
    request_body = Move,
    responses((status = 200, description = "It is published; the group follows", body = Moved), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn move_node() -> Problem {
    alone()
}

#[utoipa::path(post, path = "/fleet/nodes/{node}/unpin", summary = "Want a node's group on no machine in particular",
    params(("node" = String, Path, description = "The node's name")),
    responses((status = 200, description = "It is published; the group stays where it is", body = Moved), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn unpin() -> Problem {
    alone()
}
