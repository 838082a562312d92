//! Twins, their histories and their errors.

use super::OpError;
use crate::host::Host;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{ItemId, ItemRef};
use twinline_core::names::{ConnectionName, LinkId, ReplicaField, Side, Sides};
use twinline_core::reconcile::Hold;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    HistoryEntry, HistoryRow, HostRead, Twin, TwinFilter, TwinState, TwinStateName,
};

/// One twin, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct TwinView {
    /// Its id.
    pub link: LinkId,
    /// Its connection.
    pub connection: ConnectionName,
    /// Its items; `None` while one is to be created.
    pub items: Sides<Option<ItemRef>>,
    /// Its state.
    pub state: TwinStateName,
    /// Why it sleeps or is held back.
    pub reason: Option<String>,
    /// Since when it is in that state.
    pub state_since: Timestamp,
    /// Its frozen fields.
    pub held: BTreeMap<ReplicaField, Hold>,
    /// Its comments that were seen and knowingly not written, by `node/comment id`, with the reason.
    pub comments_waived: BTreeMap<String, String>,
    /// When it was last reconciled with an effect on it.
    pub reconciled: Option<Timestamp>,
}

/// Twins held back, or asleep, by one cause.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorGroup {
    /// The connection.
    pub connection: ConnectionName,
    /// Quarantined or asleep.
    pub state: TwinStateName,
    /// What to name to `retry`.
    pub cause: String,
    /// What happened to one of them.
    pub sentence: String,
    /// How many.
    pub twins: u64,
    /// Since when the first of them.
    pub since: Timestamp,
}

/// One entry of an item's history, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryLine {
    /// Rises with every entry.
    pub seq: u64,
    /// What people call the item that it is about.
    pub key: String,
    /// What people call the item whose change caused it.
    pub source: Option<String>,
    /// The entry.
    pub entry: HistoryEntry,
}

impl Host {
    /// One page of twins, ordered by id: those after `after`, at most `max`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn twins(
        &self,
        filter: TwinFilter,
        after: Option<LinkId>,
        max: u32,
    ) -> Result<Vec<TwinView>, OpError> {
        let look = move |read: &HostRead<'_>| {
            let twins = read.twins(&filter, after.as_ref(), max)?;
            twins.into_iter().map(|twin| view(read, twin)).collect()
        };
        Ok(self.inner.store.read(look).await?)
    }

    /// One twin.
    ///
    /// # Errors
    /// There is no such twin; the store failed.
    pub async fn twin(&self, link: &LinkId) -> Result<TwinView, OpError> {
        let id = link.clone();
        let look = move |read: &HostRead<'_>| {
            let twin = read.twin(&id)?;
            twin.map(|twin| view(read, twin)).transpose()
        };
        let found = self.inner.store.read(look).await?;
        found.ok_or_else(|| OpError::Unknown(format!("twin '{link}'")))
    }

    /// All twins of the items that people call by this key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn twins_by_key(&self, key: &str) -> Result<Vec<TwinView>, OpError> {
        let key = key.to_owned();
        let look = move |read: &HostRead<'_>| {
            read.twins_by_key(&key)?
                .into_iter()
                .map(|twin| view(read, twin))
                .collect()
        };
        Ok(self.inner.store.read(look).await?)
    }

    /// The history of the items that people call by this key, newest first: what was done to them, and what their own
    /// changes have led to on their twins.
    ///
    /// # Errors
    /// No item is known by this key; the store failed.
    pub async fn history(
        &self,
        key: &str,
        before: Option<u64>,
        max: u32,
    ) -> Result<Vec<HistoryLine>, OpError> {
        let wanted = key.to_owned();
        let look = move |read: &HostRead<'_>| history(read, &wanted, before, max);
        let found = self.inner.store.read(look).await?;
        found.ok_or_else(|| OpError::Unknown(format!("item '{key}'")))
    }

    /// What holds twins back, equal causes in one line, the largest group first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn errors(&self) -> Result<Vec<ErrorGroup>, OpError> {
        let counts = self.inner.store.read(|read| read.twin_causes()).await?;
        let mut groups: Vec<ErrorGroup> = counts
            .into_iter()
            .map(|count| {
                let cause = count.cause.unwrap_or_default();
                ErrorGroup {
                    connection: count.connection,
                    state: count.state,
                    sentence: count.sentence.unwrap_or_else(|| cause.clone()),
                    cause,
                    twins: count.twins,
                    since: count.since,
                }
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.twins));
        Ok(groups)
    }
}

fn history(
    read: &HostRead<'_>,
    key: &str,
    before: Option<u64>,
    max: u32,
) -> Result<Option<Vec<HistoryLine>>, StoreError> {
    let items = read.items_by_key(key)?.into_iter();
    let items: BTreeSet<ItemId> = items.map(|row| row.reference.item).collect();
    if items.is_empty() {
        return Ok(None);
    }
    let mut rows: BTreeMap<u64, HistoryRow> = BTreeMap::new();
    for item in &items {
        let own = read.history(item, before, max)?.into_iter();
        let caused = read.history_caused_by(item, before, max)?;
        rows.extend(own.chain(caused).map(|row| (row.seq, row)));
    }
    let newest = rows.into_values().rev().take(max as usize);
    let lines = newest.map(|row| {
        let source = row.entry.source.as_ref();
        Ok(HistoryLine {
            seq: row.seq,
            key: key_of(read, &row.entry.item)?,
            source: source.map(|source| key_of(read, source)).transpose()?,
            entry: row.entry,
        })
    });
    lines.collect::<Result<_, _>>().map(Some)
}

/// What people call an item; its id, where the directory does not know it.
fn key_of(read: &HostRead<'_>, item: &ItemId) -> Result<String, StoreError> {
    let known = read.item(item)?;
    Ok(known.map_or_else(|| item.id.clone(), |row| row.reference.key))
}

fn view(read: &HostRead<'_>, twin: Twin) -> Result<TwinView, StoreError> {
    let mut items = Sides::default();
    for side in Side::BOTH {
        if let Some(id) = twin.item(side) {
            let known = read.item(&id)?.map(|row| row.reference);
            *items.get_mut(side) = Some(known.unwrap_or_else(|| unnamed(id)));
        }
    }
    let reason = match &twin.state {
        TwinState::Asleep { why } => Some(why.clone()),
        TwinState::Quarantined { sentence, .. } => Some(sentence.clone()),
        TwinState::Creating | TwinState::Live | TwinState::Unlinked { .. } => None,
    };
    Ok(TwinView {
        link: twin.link,
        connection: twin.connection,
        items,
        state: twin.state.name(),
        reason,
        state_since: twin.state_since,
        held: twin
            .held
            .into_iter()
            .map(|(field, held)| (field, held.hold))
            .collect(),
        comments_waived: twin.comments_waived,
        reconciled: twin.reconciled,
    })
}

/// An item that the directory does not name: its id stands for its key.
fn unnamed(item: ItemId) -> ItemRef {
    ItemRef {
        key: item.id.clone(),
        url: String::new(),
        item,
    }
}
