//! What is told to a person.

use twinline_core::time::Timestamp;
pub use twinline_core::watch::signal::Severity;
use url::Url;

/// One page: what one person is told by one channel. Sent again with the same id it is the same page; a channel that
/// knows such things shows it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Names this page: letters, digits, `-` and `.`.
    pub id: String,
    /// Whose watch it is: the instance's name.
    pub instance: String,
    /// Who is meant; nobody where the channel leads to a room.
    pub person: Option<String>,
    /// Where to, in the channel's own words: a mail address, a telephone number in E.164 form, a room's name.
    pub to: String,
    /// When it was decided.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
    /// Where its reader acknowledges ([`crate::channel::acknowledge`]), while there is something to acknowledge.
    pub acknowledge: Option<Url>,
    /// Where its reader sees more.
    pub look: Option<Url>,
}

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Something happened to one incident.
    Incident {
        /// What happened.
        event: Event,
        /// The incident.
        matter: Matter,
    },
    /// Several open incidents at once, since single pages would have been too many.
    Digest(Digest),
    /// Nothing happened: the weekly proof that this channel reaches this person.
    Proof,
    /// Somebody asks whether this person is there while a change is made.
    Presence(Presence),
}

/// Open incidents, the gravest first, never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(Vec<Matter>);

/// A change that wants somebody to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Its number.
    pub change: String,
    /// What it is, in one line.
    pub title: String,
    /// What is said to the command line in place of a link, where there is none.
    pub proof: Option<String>,
}

/// What happened to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was opened, or opened again.
    Opened,
    /// Nobody has acknowledged it yet.
    Reminder,
    /// Somebody works on it.
    Acknowledged {
        /// Who.
        by: String,
    },
    /// It is over.
    Resolved,
}

/// An incident, as far as a page tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Names the incident: letters, digits, `-` and `.`.
    pub incident: String,
    /// How soon a person must look.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub headline: String,
    /// What is at fault, as far as that is known: `database:central`.
    pub element: Option<String>,
    /// Who suffers: nodes, pools, components.
    pub affected: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// More lines for who reads on.
    pub details: Vec<String>,
}

impl Digest {
    /// Puts the gravest first, and of equally grave ones the older; nothing when there is nothing to tell.
    pub fn new(mut matters: Vec<Matter>) -> Option<Self> {
        let key = |matter: &Matter| (std::cmp::Reverse(matter.severity), matter.since);
        matters.sort_by_key(key);
        (!matters.is_empty()).then_some(Self(matters))
    }

    /// All of them, the gravest first.
    pub fn matters(&self) -> &[Matter] {
        &self.0
    }
}

impl Content {
    /// What it tells of, the gravest first; nothing in a proof, or where somebody is asked.
    pub fn matters(&self) -> &[Matter] {
        match self {
            Self::Incident { matter, .. } => std::slice::from_ref(matter),
            Self::Digest(digest) => digest.matters(),
            Self::Proof | Self::Presence(_) => &[],
        }
    }

    /// The gravest of them; nothing in a proof.
    pub fn gravest(&self) -> Option<&Matter> {
        self.matters().first()
    }

    /// How soon its reader must look.
    pub fn severity(&self) -> Severity {
        let over = matches!(
            self,
            Self::Incident {
                event: Event::Acknowledged { .. } | Event::Resolved,
                ..
            }
        );
        match self.gravest() {
            Some(matter) if !over => matter.severity,
            _ => Severity::Info,
        }
    }
}
