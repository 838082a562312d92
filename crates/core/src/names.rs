//! Names of things, each its own type, so that a field name is never passed where a node name belongs.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is already known to be such a name.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(/// A node: one tracker instance as Twinline sees it. `[nodes.NAME]` in the configuration.
    NodeName);
name!(/// A connection: two nodes and their rules. `name` in a rules file.
    ConnectionName);
name!(/// A field of an item by its tracker's stable id: `summary`, `customfield_10010`, `u_severity`.
    FieldName);
name!(/// A field of the replica: the key under `[fields]` in a rules file.
    ReplicaField);
name!(/// The root id of a cluster: all items linked to each other through twins.
    RootId);
name!(/// The deterministic id of one link: H(connection, side, source id, incarnation).
    LinkId);
name!(/// One effect: one write to make on a tracker.
    EffectId);

/// One of a connection's two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The `[left]` table of the rules file.
    Left,
    /// The `[right]` table of the rules file.
    Right,
}

impl Side {
    /// Both, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// A value for each side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sides<T> {
    /// The left side's.
    pub left: T,
    /// The right side's.
    pub right: T,
}

impl<T> Sides<T> {
    /// Builds each side's value from the side.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self {
            left: make(Side::Left),
            right: make(Side::Right),
        }
    }

    /// The value of one side.
    pub const fn get(&self, side: Side) -> &T {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// The value of one side, to change.
    pub const fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}
