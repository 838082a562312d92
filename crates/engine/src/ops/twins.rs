//! Twins, their histories and their errors.

use super::OpError;
use crate::host::Host;
use serde::Serialize;
use std::collections::BTreeMap;
use twinline_core::item::{ItemId, ItemRef};
use twinline_core::names::{ConnectionName, LinkId, ReplicaField, Side, Sides};
use twinline_core::reconcile::Hold;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HistoryRow, HostRead, Twin, TwinFilter, TwinState, TwinStateName};

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

    /// The history of the items that people call by this key, newest first.
    ///
    /// # Errors
    /// No item is known by this key; the store failed.
    pub async fn history(
        &self,
        key: &str,
        before: Option<u64>,
        max: u32,
    ) -> Result<Vec<(ItemRef, Vec<HistoryRow>)>, OpError> {
        let wanted = key.to_owned();
        let found = self
            .inner
            .store
            .read(move |read| {
                let items = read.items_by_key(&wanted)?;
                let each = items.into_iter().map(|item| {
                    let rows = read.history(&item.reference.item, before, max)?;
                    Ok((item.reference, rows))
                });
                each.collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        if found.is_empty() {
            return Err(OpError::Unknown(format!("item '{key}'")));
        }
        Ok(found)
    }

    /// What holds twins back, equal causes in one line, the largest group first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn errors(&self) -> Result<Vec<ErrorGroup>, OpError> {
        let counts = self.inner.store.read(|read| read.twin_counts()).await?;
        let mut groups: Vec<ErrorGroup> = counts
            .into_iter()
            .filter(|count| {
                matches!(
                    count.state,
                    TwinStateName::Quarantined | TwinStateName::Asleep
                )
            })
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
