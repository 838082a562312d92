//! Items that may be linked: what a side's trigger lists and no twin of the connection has, each by its likeness.
//!
//! A page at a time, and nothing is kept here: who asks holds what was found, so that a hundred thousand items outlast
//! neither the deadline of a request nor this process. A page waits behind live work ([`crate::aside`]); where it cannot
//! be read now the answer says when to ask for it again.

use super::OpError;
use crate::dirty::is_alive;
use crate::gate::NodeState;
use crate::host::{Connection, Host};
use crate::node::Node;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::digest::Digest;
use twinline_core::item::{Item, ItemRef, Value, field};
use twinline_core::matching::likeness;
use twinline_core::names::{ConnectionName, ReplicaField, Side};
use twinline_core::rules::Rules;
use twinline_store::StoreError;
use twinline_trackers::{ItemPage, TrackerError};

/// The longest title that is told, in characters: it is for people to know the item by.
const TITLE_MAX_CHARS: usize = 200;

/// Which page is asked for.
#[derive(Clone, Debug)]
pub struct LinkableQuery {
    /// The connection.
    pub connection: ConnectionName,
    /// The side whose items are listed.
    pub side: Side,
    /// The replica fields to compare by.
    pub fields: Vec<ReplicaField>,
    /// Another query than the trigger, in the tracker's language. Without either the whole scope is listed.
    pub query: Option<String>,
    /// The `next` of the page before; `None`: the first page.
    pub cursor: Option<String>,
}

/// A page of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkablePage {
    /// Those that may be linked.
    pub items: Vec<LinkableItem>,
    /// The tracker's ids of those that a twin of the connection has already.
    pub in_twins: Vec<String>,
    /// The tracker's ids of those that `when` does not admit.
    pub not_admitted: Vec<String>,
    /// How many there are in all, where the tracker says.
    pub total: Option<u64>,
    /// Whether it says only about how many.
    pub total_is_estimate: bool,
    /// The cursor of the next page; `None` on the last, and where this one could not be read.
    pub next: Option<String>,
    /// Set where this page could not be read now.
    pub later: Option<Later>,
}

/// An item that may be linked.
#[derive(Clone, Debug, Serialize)]
pub struct LinkableItem {
    /// The item.
    #[serde(flatten)]
    pub reference: ItemRef,
    /// Its summary, cut.
    pub title: String,
    /// The same for all that show the same in every field; `None`: it is like no other.
    pub likeness: Option<Digest>,
    /// Why it is like no other.
    pub why: Option<String>,
    /// Whether that is since a rule failed on it.
    pub failed: bool,
}

/// It could not be read now: to be asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Later {
    /// Not before this, in milliseconds.
    pub after_ms: u64,
    /// Why.
    pub why: String,
    /// Whether something failed; else it only was not its turn.
    pub failed: bool,
}

impl Later {
    fn new(after: Duration, why: impl Into<String>, failed: bool) -> Self {
        Self {
            after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            why: why.into(),
            failed,
        }
    }
}

impl From<Later> for LinkablePage {
    fn from(later: Later) -> Self {
        Self {
            later: Some(later),
            ..Self::default()
        }
    }
}

impl Host {
    /// One page of the items of a side that may be linked. Nothing is written.
    ///
    /// # Errors
    /// There is no such connection; a field is not in the replica of both sides; the tracker does not understand the
    /// trigger or cannot be asked; the store failed.
    pub async fn linkable(&self, wanted: LinkableQuery) -> Result<LinkablePage, OpError> {
        let name = &wanted.connection;
        let connection = self.inner.connection(name);
        let connection =
            connection.ok_or_else(|| OpError::Unknown(format!("connection '{name}'")))?;
        comparable(connection.compiled.rules.as_ref(), &wanted.fields).map_err(OpError::Refused)?;
        let node = connection.node(wanted.side);
        let node = self.inner.node(node).ok_or_else(|| {
            OpError::Refused(format!("node '{node}' of {name} is not configured"))
        })?;
        if let Some(later) = shut(&node)? {
            return Ok(later.into());
        }
        let live = self.inner.scheduler.has_live(node.name());
        let turn = match node.aside.turn(live, Instant::now()) {
            Ok(turn) => turn,
            Err(after) => {
                let why = format!("other work of {} goes first", node.name());
                return Ok(Later::new(after, why, false).into());
            }
        };
        let contract = connection.contract();
        let trigger = wanted.query.as_ref();
        let trigger = trigger.or(contract.triggers.get(wanted.side).as_ref());
        let trigger = trigger.map_or("", String::as_str);
        let scope = contract.scopes.get(wanted.side);
        let asked = node
            .tracker()
            .query_bare(scope, trigger, wanted.cursor.as_deref());
        let page = node.request(asked).await;
        drop(turn);
        match page {
            Ok(page) => self.show(&connection, &wanted, page).await,
            Err(error) => {
                let first = self.inner.settings.backoff().first;
                let what = format!("the {} side of {name}, query '{trigger}'", wanted.side);
                not_read(error, first, &what).map(LinkablePage::from)
            }
        }
    }

    async fn show(
        &self,
        connection: &Arc<Connection>,
        wanted: &LinkableQuery,
        page: ItemPage<Item>,
    ) -> Result<LinkablePage, OpError> {
        let total = page.total.or(page.estimate);
        let (name, listed) = (connection.name.clone(), page.items);
        let sorted = self.inner.store.read(move |read| {
            let (mut free, mut in_twins) = (Vec::with_capacity(listed.len()), Vec::new());
            for item in listed {
                let twins = read.twins_of_item(&item.reference.item)?;
                let mut twins = twins.iter().filter(|twin| is_alive(twin));
                if twins.any(|twin| twin.connection == name) {
                    in_twins.push(item.reference.item.id);
                } else {
                    free.push(item);
                }
            }
            Ok::<_, StoreError>((free, in_twins))
        });
        let (free, in_twins) = sorted.await?;
        let (side, fields) = (wanted.side, wanted.fields.clone());
        let shown = connection.compiled.run(move |rules| {
            let (mut items, mut not_admitted) = (Vec::new(), Vec::new());
            for item in &free {
                match view(rules, side, item, &fields) {
                    Some(item) => items.push(item),
                    None => not_admitted.push(item.reference.item.id.clone()),
                }
            }
            (items, not_admitted)
        });
        let (items, not_admitted) = shown.await;
        Ok(LinkablePage {
            items,
            in_twins,
            not_admitted,
            total,
            total_is_estimate: page.total.is_none() && total.is_some(),
            next: page.next,
            later: None,
        })
    }
}

/// Whether both sides' replica can have all these fields; else a sentence.
fn comparable(rules: &dyn Rules, fields: &[ReplicaField]) -> Result<(), String> {
    let contract = rules.contract();
    let name = &contract.connection;
    let lacks = |field: &ReplicaField| {
        let mut sides = Side::BOTH.into_iter();
        sides.find(|side| !rules.shows(*side, field))
    };
    let both: Vec<&str> = contract
        .fields
        .keys()
        .filter(|field| lacks(field).is_none())
        .map(ReplicaField::as_str)
        .collect();
    let both = both.join(", ");
    if fields.is_empty() {
        return Err(format!("no field to compare by: name some of {both}"));
    }
    for field in fields {
        if !contract.fields.contains_key(field) {
            return Err(format!(
                "{name} has no replica field '{field}': compare by {both}"
            ));
        }
        if let Some(side) = lacks(field) {
            return Err(format!(
                "the rules of {name} give '{field}' no value on the {side}: compare by {both}"
            ));
        }
    }
    Ok(())
}

/// Why a node is not to be asked now.
fn shut(node: &Node) -> Result<Option<Later>, OpError> {
    let name = node.name();
    let after = || {
        let opens = node.opens_at().map(|at| at - Instant::now());
        opens.unwrap_or_default().max(Duration::from_millis(100))
    };
    match node.state() {
        NodeState::Credentials { sentence } if !node.is_open() => {
            Err(TrackerError::Credentials { sentence }.into())
        }
        NodeState::BackingOff { reason, failures } if !node.is_open() => {
            let why = format!("node '{name}': {reason}");
            Ok(Some(Later::new(after(), why, failures > 0)))
        }
        // A person pauses a node to have its pairs linked before anything is made there: looking is no work of its own.
        NodeState::Open
        | NodeState::Paused { .. }
        | NodeState::Credentials { .. }
        | NodeState::BackingOff { .. } => Ok(None),
    }
}

/// What follows when a page could not be read. `first`: the wait where the tracker names none.
fn not_read(error: TrackerError, first: Duration, what: &str) -> Result<Later, OpError> {
    if let Some(later) = later(&error, first) {
        return Ok(later);
    }
    let mends = matches!(
        error,
        TrackerError::Refused { .. } | TrackerError::Unreachable { .. }
    );
    if mends {
        let way_out = "mend the trigger or the scope in the rules, or give another query";
        return Err(OpError::Refused(format!("{what}: {error}; {way_out}")));
    }
    Err(error.into())
}

/// When to ask again after an error that passes; `None`: it does not pass by itself. `first`: the wait where the tracker
/// names none.
pub(super) fn later(error: &TrackerError, first: Duration) -> Option<Later> {
    match error {
        TrackerError::Busy { reason, after, .. } => Some(Later::new(*after, reason.clone(), false)),
        TrackerError::Retry { reason, after } => {
            Some(Later::new(after.unwrap_or(first), reason.clone(), true))
        }
        TrackerError::Unknown { reason } => Some(Later::new(first, reason.clone(), true)),
        TrackerError::Refused { .. }
        | TrackerError::Unreachable { .. }
        | TrackerError::Credentials { .. }
        | TrackerError::Unfit { .. }
        | TrackerError::Unreadable { .. }
        | TrackerError::Changed => None,
    }
}

/// An item by what its side's outgoing rule shows of it; `None` where `when` does not admit it.
fn view(
    rules: &dyn Rules,
    side: Side,
    item: &Item,
    fields: &[ReplicaField],
) -> Option<LinkableItem> {
    let shown = match rules.admits(side, item) {
        Ok(false) => return None,
        Ok(true) => rules.outgoing(side, item, None),
        Err(error) => Err(error),
    };
    let (alike, failed) = match shown {
        Ok(shown) => {
            let alike = likeness(&shown.view, fields);
            (alike.map_err(|lacks| format!("{lacks} is empty")), false)
        }
        Err(error) => (Err(error.to_string()), true),
    };
    let title = match item.get(field::SUMMARY) {
        Some(Value::Text(title)) => title.chars().take(TITLE_MAX_CHARS).collect(),
        _ => String::new(),
    };
    let (likeness, why) = match alike {
        Ok(likeness) => (Some(likeness), None),
        Err(why) => (None, Some(why)),
    };
    Some(LinkableItem {
        reference: item.reference.clone(),
        title,
        likeness,
        why,
        failed,
    })
}
