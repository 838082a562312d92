//! Linking pairs that both exist, and ending twins.

use super::linkable::{Later, later};
use super::{OpError, audit};
use crate::dirty::{self, Hint, is_alive};
use crate::host::{Connection, Host, Inner};
use crate::job::{entry, item_row, members, unlink};
use crate::scheduler::{self, Held};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::cluster::{self, Joined, Member};
use twinline_core::item::{Fetched, Item, ItemId};
use twinline_core::names::{ConnectionName, LinkId, RootId, Side, Sides};
use twinline_core::queue::Lane;
use twinline_store::StoreError;
use twinline_store::host::{HistoryKind, HostTx, Twin, TwinState};
use twinline_trackers::TrackerError;

/// A pair by what people call the items, or by their trackers' ids.
pub type PairKey = Sides<String>;

/// What became of one pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOutcome {
    /// They are twins now; `first` settles their differences.
    Linked(LinkId),
    /// They were twins already.
    Already(LinkId),
    /// They cannot be twins, and why.
    Refused(String),
    /// They could not be looked at now: to be asked for again.
    Later(Later),
}

/// An item that a pair names, or what becomes of the pair without it.
type Named = Result<Box<Item>, LinkOutcome>;

impl Host {
    /// Links pairs of existing items: one outcome for each, in their order.
    ///
    /// # Errors
    /// There is no such connection; the store failed. What a tracker says about one pair is that pair's outcome, and so is
    /// that its limits have no room for it now.
    pub async fn link(
        &self,
        connection: &ConnectionName,
        pairs: Vec<PairKey>,
        who: &str,
    ) -> Result<Vec<LinkOutcome>, OpError> {
        let found = self.inner.connection(connection);
        let found = found.ok_or_else(|| OpError::Unknown(format!("connection '{connection}'")))?;
        let mut outcomes = Vec::with_capacity(pairs.len());
        for pair in pairs {
            outcomes.push(self.link_pair(&found, &pair, who).await?);
        }
        Ok(outcomes)
    }

    /// The item that a text names on a side: by the directory's key, else as its tracker reads it.
    async fn find(
        &self,
        connection: &Connection,
        side: Side,
        text: &str,
    ) -> Result<Named, OpError> {
        let refused = |why: String| Ok(Err(LinkOutcome::Refused(why)));
        let name = connection.node(side).clone();
        let Some(node) = self.inner.node(&name) else {
            return refused(format!("node '{name}' is not configured"));
        };
        let failed = |error: TrackerError| match later(&error, self.inner.settings.backoff().first)
        {
            Some(later) => LinkOutcome::Later(later),
            None => LinkOutcome::Refused(format!("'{text}': {error}")),
        };
        let (key, on) = (text.to_owned(), name.clone());
        let known = self
            .inner
            .store
            .read(move |read| read.items_by_key(&key))
            .await?;
        let known = known
            .into_iter()
            .map(|row| row.reference.item)
            .find(|item| item.node == on);
        let id = match known {
            Some(id) => id,
            None => match node.request(node.tracker().find(text)).await {
                Ok(Some(found)) => found.item,
                Ok(None) => return refused(format!("{name} has no item '{text}'")),
                Err(error) => return Ok(Err(failed(error))),
            },
        };
        match node.request(node.tracker().fetch(&id)).await {
            Ok(Fetched::Found(item)) => Ok(Ok(item)),
            Ok(Fetched::Moved(to)) => refused(format!("'{text}' has moved to {}", to.key)),
            Ok(Fetched::Unreachable { reason }) => refused(format!("'{text}': {reason}")),
            Ok(Fetched::Deleted { evidence }) => {
                refused(format!("'{text}' was deleted: {evidence}"))
            }
            Err(error) => Ok(Err(failed(error))),
        }
    }

    async fn link_pair(
        &self,
        connection: &Arc<Connection>,
        pair: &PairKey,
        who: &str,
    ) -> Result<LinkOutcome, OpError> {
        let left = match self.find(connection, Side::Left, &pair.left).await? {
            Ok(left) => left,
            // The other tracker is not asked for nothing.
            Err(outcome) => return Ok(outcome),
        };
        match self.find(connection, Side::Right, &pair.right).await? {
            Ok(right) => {
                self.link_items(connection, Sides { left, right }, who)
                    .await
            }
            Err(outcome) => Ok(outcome),
        }
    }

    async fn link_items(
        &self,
        connection: &Arc<Connection>,
        items: Sides<Box<Item>>,
        who: &str,
    ) -> Result<LinkOutcome, OpError> {
        let (shared, connection) = (Arc::clone(&self.inner), Arc::clone(connection));
        let names = format!("{} {}", items.left.reference.key, items.right.reference.key);
        let note = audit(&self.inner, who, "link", &names);
        let mut apart = BTreeSet::new();
        loop {
            // Two clusters become one: a job of either must not go on while one of the other begins.
            let held = Held::alone(&self.inner, apart.clone()).await;
            let (shared, connection, items) =
                (Arc::clone(&shared), Arc::clone(&connection), items.clone());
            let (note, alone) = (note.clone(), apart.clone());
            let joined = self
                .inner
                .store
                .write(move |tx| {
                    let joined = join(&shared, tx, &connection, &items, &alone)?;
                    if let Joining::Done(LinkOutcome::Linked(_), _) = &joined {
                        tx.append_audit(&note)?;
                    }
                    Ok(joined)
                })
                .await?;
            drop(held);
            match joined {
                Joining::Hold(roots) => apart = roots,
                Joining::Done(outcome, marked) => {
                    scheduler::clear(&self.inner, marked.announce(&self.inner))?;
                    return Ok(outcome);
                }
            }
        }
    }

    /// Ends a twin: both items stay as they are.
    ///
    /// # Errors
    /// There is no such twin; the store failed.
    pub async fn unlink(&self, link: &LinkId, who: &str) -> Result<(), OpError> {
        let id = link.clone();
        let note = audit(&self.inner, who, "unlink", link.as_str());
        let text = format!("unlinked by {who}");
        let known = self
            .inner
            .store
            .write(move |tx| {
                let known = tx.twin(&id)?;
                unlink(tx, &id, note.at, &text, false)?;
                tx.append_audit(&note)?;
                Ok(known)
            })
            .await?;
        let twin = known.ok_or_else(|| OpError::Unknown(format!("twin '{link}'")))?;
        // Its last job does nothing but let go of the marks that wait for it.
        let node = twin.nodes.left.clone();
        self.inner
            .scheduler
            .push_last(dirty::of_twin(&twin, Lane::Live, &node));
        Ok(())
    }
}

/// What became of a pair.
enum Joining {
    Done(LinkOutcome, dirty::Marked),
    /// Nothing yet: these clusters must be held.
    Hold(BTreeSet<RootId>),
}

impl From<LinkOutcome> for Joining {
    fn from(outcome: LinkOutcome) -> Self {
        Self::Done(outcome, dirty::Marked::default())
    }
}

fn join(
    host: &Inner,
    tx: &HostTx<'_>,
    connection: &Connection,
    items: &Sides<Box<Item>>,
    alone: &BTreeSet<RootId>,
) -> Result<Joining, StoreError> {
    let ids = Sides::from_fn(|side| items.get(side).reference.item.clone());
    if let Some(outcome) = present(tx, connection, items, &ids)? {
        return Ok(outcome.into());
    }
    let incarnation = incarnation(tx, &ids.left, connection)?;
    let link = cluster::link_id(&connection.name, Side::Left, &ids.left, incarnation);
    let mut known = Sides::default();
    for side in Side::BOTH {
        *known.get_mut(side) = cluster_of(tx, ids.get(side))?;
    }
    let member = Sides::from_fn(|side| Member {
        item: ids.get(side).clone(),
        scope: items.get(side).scope.clone(),
    });
    let side = |side: Side| {
        let cluster = known
            .get(side)
            .as_ref()
            .map(|(root, members)| (root, members.as_slice()));
        (member.get(side), cluster)
    };
    let root = match cluster::join(&link, side(Side::Left), side(Side::Right)) {
        Joined::New(root) | Joined::Same(root) => root,
        Joined::Merged { root, gone } => {
            if !alone.contains(&root) || !alone.contains(&gone) {
                return Ok(Joining::Hold(BTreeSet::from([root, gone])));
            }
            tx.join_roots(&gone, &root)?;
            root
        }
        Joined::Clash {
            items: (one, other),
        } => {
            let why = format!("their clusters hold {one} and {other} in one place");
            return Ok(LinkOutcome::Refused(why).into());
        }
    };
    let twin = Twin {
        link: link.clone(),
        connection: connection.name.clone(),
        root,
        nodes: connection.contract().nodes.clone(),
        ids: Sides::from_fn(|side| Some(ids.get(side).id.clone())),
        created_from: None,
        incarnation,
        state: TwinState::Live,
        state_since: host.env.now(),
        negatives: Sides::default(),
        held: BTreeMap::new(),
        comments_waived: BTreeMap::new(),
        since: host.env.now(),
        reconciled: None,
    };
    let marked = store(host, tx, &twin, items)?;
    Ok(Joining::Done(LinkOutcome::Linked(link), marked))
}

/// What there is of the pair already: this very twin, or another twin of one of the items.
fn present(
    tx: &HostTx<'_>,
    connection: &Connection,
    items: &Sides<Box<Item>>,
    ids: &Sides<ItemId>,
) -> Result<Option<LinkOutcome>, StoreError> {
    for side in Side::BOTH {
        let twins = tx.twins_of_item(ids.get(side))?.into_iter();
        let mut here = twins.filter(|twin| is_alive(twin) && twin.connection == connection.name);
        let Some(twin) = here.next() else {
            continue;
        };
        if twin.item(side.other()).as_ref() == Some(ids.get(side.other())) {
            return Ok(Some(LinkOutcome::Already(twin.link)));
        }
        let key = &items.get(side).reference.key;
        let why = format!("{key} has another twin in {}", connection.name);
        return Ok(Some(LinkOutcome::Refused(why)));
    }
    Ok(None)
}

/// How often an item was twinned in a connection before.
fn incarnation(tx: &HostTx<'_>, item: &ItemId, connection: &Connection) -> Result<u32, StoreError> {
    let earlier = tx.twins_of_item(item)?;
    let here = earlier
        .iter()
        .filter(|twin| twin.connection == connection.name);
    Ok(u32::try_from(here.count()).unwrap_or(u32::MAX))
}

fn store(
    host: &Inner,
    tx: &HostTx<'_>,
    twin: &Twin,
    items: &Sides<Box<Item>>,
) -> Result<dirty::Marked, StoreError> {
    let now = twin.since;
    tx.put_twin(twin)?;
    let left = items.left.reference.item.clone();
    let mut hints = vec![Hint::now(left, Lane::Backfill, "link", now)];
    for side in Side::BOTH {
        let item = items.get(side);
        let others = dirty::put_seen(host, tx, &item_row(item, twin, now), Some(&twin.link))?;
        hints.extend(others);
        let id = item.reference.item.clone();
        tx.append_history(&entry(twin, id, HistoryKind::Linked, now))?;
    }
    Ok(dirty::mark(host, tx, &hints)?.grown(&twin.root, Lane::Backfill))
}

type Cluster = (RootId, Vec<Member>);

fn cluster_of(tx: &HostTx<'_>, item: &ItemId) -> Result<Option<Cluster>, StoreError> {
    let Some(root) = tx.item(item)?.and_then(|row| row.root) else {
        return Ok(None);
    };
    let members = members(tx, &root)?;
    Ok(Some((root, members)))
}
