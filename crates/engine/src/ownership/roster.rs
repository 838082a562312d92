//! What etcd says at one revision: who is there, and who owns what.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinline_store::GroupId;

/// Who owns a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The host's name.
    pub host: String,
    /// The key's creation revision: the later part of the epoch.
    pub revision: u64,
    /// The lease under which it is kept.
    #[serde(skip)]
    pub(super) lease: i64,
}

/// All owners and hosts, at one revision of etcd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Roster {
    /// Owned groups.
    pub groups: BTreeMap<GroupId, Owner>,
    /// The hosts that are there; whether each gives its groups away.
    pub hosts: BTreeMap<String, bool>,
}

/// What a group's key holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GroupValue {
    pub(super) host: String,
}

/// What a host's key holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostValue {
    pub(super) draining: bool,
}
