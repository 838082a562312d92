//! What a fleet is like at one moment, as one of its machines sees it. Also what machines tell each other of themselves:
//! what another version leaves out is unknown.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A whole fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FleetView {
    /// When it was looked at, in milliseconds since the epoch.
    pub at: i64,
    /// The machine that looked.
    pub machine: String,
    /// By name.
    pub machines: Vec<MachineView>,
    /// By id.
    pub groups: Vec<GroupView>,
    /// The fleet's generation: the former part of every epoch.
    pub generation: u16,
    /// Why that machine does not reach etcd; null: it does.
    pub etcd: Option<String>,
    /// How the central database is for that machine: reads and commits apart.
    #[schema(value_type = Object)]
    pub database: Value,
    /// What is wrong, the gravest first.
    pub troubles: Vec<Trouble>,
}

/// A machine of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MachineView {
    /// Its name in `[machines]`.
    pub machine: String,
    /// Its host; null: it runs none.
    pub host: Option<RoleView>,
    /// Its edge; null: it runs none.
    pub edge: Option<RoleView>,
    /// The version that it said last that it runs.
    pub version: Option<String>,
    /// When it was last heard of, in milliseconds since the epoch.
    pub seen_at: Option<i64>,
    /// Whether its host holds a lease in etcd.
    pub there: bool,
    /// Whether it gives its groups away and takes none.
    pub draining: bool,
    /// How many groups its host owns.
    pub groups: u32,
    /// How many nodes these have.
    pub nodes: u32,
}

/// A process of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RoleView {
    /// Where the others reach it.
    pub at: String,
    /// Why it does not work for the machine that looks; null: it does.
    pub fault: Option<String>,
    /// What it runs.
    pub version: Option<String>,
    /// When the process began, in milliseconds since the epoch by its clock.
    pub started_at: Option<i64>,
}

/// A group of nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct GroupView {
    /// Its id.
    pub group: String,
    /// Its nodes, by name.
    pub nodes: Vec<String>,
    /// Who owns it; null while nobody does.
    pub machine: Option<String>,
    /// The later part of its owner's epoch: rises with every owner within a generation.
    pub epoch: Option<u64>,
    /// Where a person wants it.
    pub pinned: Option<String>,
    /// The group that a connection is joining it to; null: none.
    pub joins: Option<String>,
    /// How it does, as its owner says; null: the owner was not heard.
    pub here: Option<GroupHere>,
}

/// A group, as the machine that has it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct GroupHere {
    /// Its id.
    pub group: String,
    /// How it does, as the end of a sentence.
    pub state: String,
    /// Whether it works.
    pub works: bool,
    /// Why it does not, where that does not pass by itself.
    pub fault: Option<String>,
    /// Since when it is in this state, in milliseconds since the epoch.
    pub since: i64,
    /// Its replica in the central database; null while it does not work.
    pub replica: Option<ReplicaView>,
}

/// How far a group's replica is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ReplicaView {
    /// How old its state is, in milliseconds; null: nothing was shipped since the start.
    pub lag_ms: Option<u64>,
    /// How many steps of the host it lacks.
    pub behind_revisions: u64,
    /// Whether it is one state of the host.
    pub complete: bool,
    /// Why it is not written; null: it is.
    pub fault: Option<String>,
}

/// What a machine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OwnView {
    /// Its name in `[machines]`.
    pub machine: String,
    /// What its host runs.
    pub version: String,
    /// When its host's process began, in milliseconds since the epoch by its clock.
    pub started_at: i64,
    /// Whether it gives its groups away and takes none.
    pub draining: bool,
    /// Why it does not reach etcd; null: it does.
    pub etcd: Option<String>,
    /// How the central database is for it.
    #[schema(value_type = Object)]
    pub database: Value,
    /// The groups that it has, by id.
    pub groups: Vec<GroupHere>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// With what: `etcd`, `database`, `machine m2`, `group g1`.
    pub about: String,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do.
    pub way_out: String,
}

impl FleetView {
    /// A machine by its name.
    pub fn machine(&self, name: &str) -> Option<&MachineView> {
        self.machines.iter().find(|one| one.machine == name)
    }
}

impl GroupView {
    /// Whether somebody works on it.
    pub fn works(&self) -> bool {
        self.machine.is_some() && self.here.as_ref().is_some_and(|here| here.works)
    }
}
