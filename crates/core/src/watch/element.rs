//! What can fail, and what a path touches: typed names such as `host:h1` or `pool:central/replicate`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal,)+) => {
        /// The kinds of elements, from the narrow to the broad: of two that explain a failure equally well, the earlier
        /// one is named. A tracker is last, since it is somebody else's.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(into = "String", try_from = "String")]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All, from the narrow to the broad.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The word in configuration and API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// What other monitoring tells of, and which is no element of ours.
    Alert = "alert",
    /// A change of the infrastructure, by its number: what is wrong with how it is made.
    Change = "change",
    /// One tracker instance as Twinline sees it.
    Node = "node",
    /// The canary synchronisation of a host.
    CanarySync = "canary_sync",
    /// A pool of sessions: `pool:central/replicate`.
    Pool = "pool",
    /// A certificate.
    Certificate = "certificate",
    /// An edge's durable inbox.
    Inbox = "inbox",
    /// The way of people's requests through an edge to a host: `way:m1/m2`.
    Way = "way",
    /// A disk of a machine.
    Disk = "disk",
    /// A host process.
    Host = "host",
    /// An edge process.
    Edge = "edge",
    /// A watch process.
    Watch = "watch",
    /// A supervisor on one machine.
    Supervisor = "supervisor",
    /// A machine's kernel, memory and clock.
    Machine = "machine",
    /// A central database.
    Database = "database",
    /// What decides on ownership: etcd.
    Ownership = "ownership",
    /// A configuration that several read.
    Configuration = "configuration",
    /// A resolver.
    Dns = "dns",
    /// The way out to the internet.
    Egress = "egress",
    /// A mail relay.
    MailRelay = "mail_relay",
    /// Somebody else's service that carries pages: an SMS gateway, a chat.
    Carrier = "carrier",
    /// A tracker's vendor.
    Tracker = "tracker",
}

/// One thing that can fail: a kind and a name, written `kind:name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Element {
    /// Its kind.
    pub kind: Kind,
    /// Its name, unique within the kind.
    pub name: String,
}

/// A text that names no element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnElement {
    /// The word before the colon is no kind.
    #[error("'{0}' is no kind of element; the kinds are {kinds}", kinds = kinds())]
    Kind(String),
    /// There is no name.
    #[error("'{0}' names no element: write it as kind:name, such as host:h1")]
    Name(String),
}

fn kinds() -> String {
    let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    words.join(", ")
}

impl Element {
    /// An element of a kind.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)
    }
}

impl FromStr for Kind {
    type Err = NotAnElement;

    fn from_str(text: &str) -> Result<Self, NotAnElement> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text);
        found
            .copied()
            .ok_or_else(|| NotAnElement::Kind(text.to_owned()))
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAnElement;

    fn try_from(text: String) -> Result<Self, NotAnElement> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl FromStr for Element {
    type Err = NotAnElement;

    fn from_str(text: &str) -> Result<Self, NotAnElement> {
        match text.split_once(':') {
            Some((kind, name)) if !name.is_empty() => Ok(Self::new(kind.parse()?, name)),
            _ => Err(NotAnElement::Name(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Element {
    type Error = NotAnElement;

    fn try_from(text: String) -> Result<Self, NotAnElement> {
        text.parse()
    }
}

impl From<Element> for String {
    fn from(element: Element) -> Self {
        element.to_string()
    }
}

/// Which elements are meant: all of a kind (`host`) or one (`tracker:jira-cloud`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Selector {
    /// The kind.
    pub kind: Kind,
    /// The one that is meant; none for all.
    pub name: Option<String>,
}

impl Selector {
    /// Whether the element is one of them.
    pub fn selects(&self, element: &Element) -> bool {
        self.kind == element.kind && self.name.as_ref().is_none_or(|name| *name == element.name)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        self.name
            .as_ref()
            .map_or(Ok(()), |name| write!(f, ":{name}"))
    }
}

impl FromStr for Selector {
    type Err = NotAnElement;

    fn from_str(text: &str) -> Result<Self, NotAnElement> {
        let (kind, name) = text
            .split_once(':')
            .map_or((text, None), |(kind, name)| (kind, Some(name)));
        if name == Some("") {
            return Err(NotAnElement::Name(text.to_owned()));
        }
        Ok(Self {
            kind: kind.parse()?,
            name: name.map(str::to_owned),
        })
    }
}

impl TryFrom<String> for Selector {
    type Error = NotAnElement;

    fn try_from(text: String) -> Result<Self, NotAnElement> {
        text.parse()
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

/// All that a way touches, from its beginning to its end.
pub type Path = BTreeSet<Element>;

#[cfg(test)]
#[path = "element_tests.rs"]
mod tests;
