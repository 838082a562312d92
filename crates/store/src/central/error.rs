//! What can go wrong with the central database, told apart by what the caller can do.

use crate::error::StoreError;
use crate::stamp::{Epoch, GroupId};
use std::fmt;
use std::time::Duration;

/// A step that has a deadline of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Resolving, connecting, TLS and the handshake.
    Connect,
    /// Waiting for a connection.
    Acquire,
    /// Beginning a transaction.
    Begin,
    /// A statement.
    Statement,
    /// Rolling back.
    Rollback,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Acquire => "give a connection",
            Self::Begin => "begin",
            Self::Statement => "finish a statement",
            Self::Rollback => "roll back",
        })
    }
}

/// A failed step on the central database. Nothing of its transaction was kept, unless the variant says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CentralError {
    /// The configuration cannot be used. A person must change it.
    #[error("the central database's address: {0}")]
    Settings(String),
    /// No server answers. Try again later.
    #[error("no server of the central database can be reached: {0}")]
    Unreachable(String),
    /// Servers answer, and none of them takes writes. Try again later.
    #[error("no server of the central database takes writes: {0}")]
    NoWriter(String),
    /// A step took too long; its connection was destroyed. Try again later.
    #[error("the central database did not {step} within {max_ms} ms")]
    Deadline {
        /// Which step.
        step: Step,
        /// How long was waited, in milliseconds.
        max_ms: u64,
    },
    /// Whether the transaction was kept is not known: repeat it in a way that does no harm when it was.
    #[error("whether the central database has committed is not known: {0}")]
    Unknown(String),
    /// Too many writes were given up that the server may still be at: none is begun until a single one succeeds again.
    #[error(
        "{abandoned} writes hang in the central database; no other is begun until it commits again"
    )]
    Stuck {
        /// How many.
        abandoned: u32,
    },
    /// The connection broke before the commit was sent.
    #[error("the connection to the central database broke: {0}")]
    Lost(String),
    /// The server refused a statement.
    #[error("the central database refused ({sqlstate}): {message}")]
    Refused {
        /// SQLSTATE, as in PostgreSQL's appendix A.
        sqlstate: String,
        /// What the server said.
        message: String,
    },
    /// The group has another owner by now: this one must stop.
    #[error("group {group}: epoch {given} is older than the known {known}")]
    Superseded {
        /// The group.
        group: GroupId,
        /// The caller's epoch.
        given: Epoch,
        /// The newest epoch that was claimed.
        known: Epoch,
    },
    /// Another store replicates this group under the same epoch: one of the two is a copy, or two machines without
    /// `[ownership]` share a central database.
    #[error(
        "group {group}: another store replicates it under the same epoch; two machines that share a central database \
         must own different groups, and a copied store takes a new epoch by `twinline restore`"
    )]
    ForeignWriter {
        /// The group.
        group: GroupId,
    },
    /// Another store owned this group since this one did: what it has must be taken over first.
    #[error(
        "group {group}: another store has owned it meanwhile; its state must be taken over before this one goes on"
    )]
    NotTakenOver {
        /// The group.
        group: GroupId,
    },
    /// The database was lost, and the group's state has not come back yet.
    #[error(
        "group {group}: the central database was lost, and the machine that had the group has not copied its state there \
         yet: start that machine, and give it the group ('twinline fleet move NODE MACHINE')"
    )]
    AwaitsOwner {
        /// The group.
        group: GroupId,
    },
    /// The database is a new one, and what the fleet has published has not come back yet: which groups it should know, it
    /// does not know.
    #[error(
        "the central database is empty: what the fleet had published there has not been put back yet; its machines do so \
         by themselves"
    )]
    NoDefinitions,
    /// The group was joined to another one, which has its state: nobody owns it any more.
    #[error("group {group}: it was joined to another group, and nobody works on it any more")]
    Joined {
        /// The group.
        group: GroupId,
    },
    /// What a group is to take in is not there: the database was lost, or put back.
    #[error(
        "group {group}: its state, which another group is to take in, is not in the central database, which was lost or put \
         back; docs/operations.md has the way back"
    )]
    AwaitsState {
        /// The group that was joined.
        group: GroupId,
    },
    /// The replica has later states of this very store: an older copy of its file was put in its place by hand.
    #[error(
        "group {group}: the central database has revision {shipped} of this store, and the store is at {rev}: an older          copy of its file was put in place by hand; put backups back with `twinline restore`, which takes a new epoch"
    )]
    Behind {
        /// The group.
        group: GroupId,
        /// The replica's revision.
        shipped: i64,
        /// The store's.
        rev: i64,
    },
    /// The central database was set up by a newer version.
    #[error(
        "the central database has schema {found}, this version knows up to {known}: upgrade this machine"
    )]
    NewerSchema {
        /// The schema that it has.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// A group's replica was shipped by a newer version, whose rows mean something else.
    #[error(
        "the replica of group {group} has form {found}, this version reads up to {known}: upgrade this machine"
    )]
    NewerReplica {
        /// The group.
        group: GroupId,
        /// The form that its rows have.
        found: i64,
        /// The latest form that is read here.
        known: i64,
    },
    /// Something that was asked for does not exist.
    #[error("{0} does not exist in the central database")]
    Missing(String),
    /// A published version has been superseded by another before this one was stored.
    #[error("version {found} was published meanwhile; look at it and publish again")]
    Outdated {
        /// The newest version.
        found: i64,
    },
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CentralError {
    pub(super) fn deadline(step: Step, max: Duration) -> Self {
        Self::Deadline {
            step,
            max_ms: u64::try_from(max.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whether the same call can succeed later without a person's doing.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::NoWriter(_)
            | Self::Deadline { .. }
            | Self::Unknown(_)
            | Self::Stuck { .. }
            | Self::Lost(_)
            | Self::Refused { .. }
            | Self::AwaitsOwner { .. }
            | Self::NoDefinitions
            | Self::AwaitsState { .. } => true,
            Self::Store(error) => error.is_retryable(),
            Self::Settings(_)
            | Self::Superseded { .. }
            | Self::Joined { .. }
            | Self::ForeignWriter { .. }
            | Self::NotTakenOver { .. }
            | Self::Behind { .. }
            | Self::NewerSchema { .. }
            | Self::NewerReplica { .. }
            | Self::Missing(_)
            | Self::Outdated { .. } => false,
        }
    }
}
