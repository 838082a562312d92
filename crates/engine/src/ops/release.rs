//! Releasing what is held, and trying again what failed.

use super::{OpError, audit, each_twin};
use crate::confirmed::{self, grant};
use crate::dirty::{self, Hint};
use crate::host::Host;
use crate::job::{entry, freed};
use crate::scheduler;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::names::{ConnectionName, LinkId, ReplicaField, Side};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Hold;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    ConnectionHold, HeldField, HistoryEntry, HistoryKind, HostTx, Twin, TwinFilter, TwinState,
    TwinStateName,
};

/// What to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every twin of a connection that one cause holds back.
    Group {
        /// The connection.
        connection: ConnectionName,
        /// The group's cause, as `errors` names it.
        cause: String,
    },
    /// One twin.
    Twin(LinkId),
}

impl Host {
    /// Tries again what an error holds back or what sleeps: a group in the backfill lane and on a budget of its own, one twin
    /// at once, as one that a person has released. Answers how many twins.
    ///
    /// # Errors
    /// There is no such twin or connection; the store failed.
    pub async fn retry(&self, target: &Target, who: &str) -> Result<u64, OpError> {
        match target {
            Target::Twin(link) => self.retry_twin(link, who).await.map(|()| 1),
            Target::Group { connection, cause } => {
                if self.inner.connection(connection).is_none() {
                    return Err(OpError::Unknown(format!("connection '{connection}'")));
                }
                let (name, group) = (connection.clone(), cause.clone());
                let entry = audit(&self.inner, who, "retry", &format!("{connection} {cause}"));
                // Before the first mark: what is tried first is paid too.
                self.inner
                    .store
                    .write(move |tx| {
                        let counts = tx.twin_counts_of(&name)?.into_iter();
                        let counts = counts.filter(|count| count.cause.as_ref() == Some(&group));
                        grant(tx, &name, counts.map(|count| count.twins).sum())?;
                        tx.append_audit(&entry)
                    })
                    .await?;
                let mut total = 0;
                for state in [TwinStateName::Quarantined, TwinStateName::Asleep] {
                    let filter = TwinFilter {
                        connection: Some(connection.clone()),
                        state: Some(state),
                        cause: Some(cause.clone()),
                        held: false,
                    };
                    let now = self.inner.env.now();
                    let text = released_by(who);
                    let change = move |tx: &HostTx<'_>, twin| {
                        freed(tx, twin, HistoryKind::Released, &text, now)
                    };
                    total += each_twin(&self.inner, filter, confirmed::retry(connection), change)
                        .await?;
                }
                Ok(total)
            }
        }
    }

    async fn retry_twin(&self, link: &LinkId, who: &str) -> Result<(), OpError> {
        self.release_twin(link, BTreeMap::new(), who).await
    }

    /// Releases a connection that the breaker holds: what was counted is forgiven.
    ///
    /// # Errors
    /// There is no such connection; the store failed.
    pub async fn release_connection(
        &self,
        connection: &ConnectionName,
        who: &str,
    ) -> Result<(), OpError> {
        if self.inner.connection(connection).is_none() {
            return Err(OpError::Unknown(format!("connection '{connection}'")));
        }
        let name = connection.clone();
        let entry = audit(&self.inner, who, "release", connection.as_str());
        let released = self
            .inner
            .store
            .write(move |tx| {
                let budget_writes = tx
                    .connection_hold(&name)?
                    .map_or(0, |hold| hold.budget_writes);
                tx.forgive_writes(&name)?;
                tx.put_connection_hold(&ConnectionHold {
                    connection: name,
                    held: None,
                    budget_writes,
                })?;
                tx.append_audit(&entry)
            })
            .await;
        self.inner.follow_hold(connection).await;
        released?;
        for side in Side::BOTH {
            if let Some(connection) = self.inner.connection(connection) {
                self.inner.scheduler.look_again(connection.node(side));
            }
        }
        Ok(())
    }

    /// Whether a twin's fields can be released with these sides.
    fn can_release(&self, twin: &Twin, take: &BTreeMap<ReplicaField, Side>) -> Result<(), OpError> {
        let link = &twin.link;
        if let Some(connection) = self.inner.connection(&twin.connection) {
            let unknown = take
                .keys()
                .find(|field| !connection.contract().fields.contains_key(*field));
            if let Some(field) = unknown {
                return Err(OpError::Unknown(format!(
                    "field '{field}' of {}",
                    twin.connection
                )));
            }
        }
        if let Some(free) = take.keys().find(|field| !twin.held.contains_key(*field)) {
            return Err(OpError::Refused(format!(
                "field '{free}' of twin '{link}' is not held"
            )));
        }
        for (field, side) in take {
            if let Some(HeldField { hold, values, .. }) = twin.held.get(field)
                && matches!(hold, Hold::Rule { .. })
                && values.get(*side).is_none()
            {
                return Err(OpError::Refused(format!(
                    "field '{field}' of twin '{link}' shows no value on the {side} that could cross ({hold}): take the other side, or mend the rule or the item, and it goes on by itself"
                )));
            }
        }
        Ok(())
    }

    /// Releases a twin from quarantine, and frozen fields with the side whose value is to cross.
    ///
    /// # Errors
    /// There is no such twin; a field is not one of the connection's; the store failed.
    pub async fn release_twin(
        &self,
        link: &LinkId,
        take: BTreeMap<ReplicaField, Side>,
        who: &str,
    ) -> Result<(), OpError> {
        let id = link.clone();
        let twin = self.inner.store.read(move |read| read.twin(&id)).await?;
        let twin = twin.ok_or_else(|| OpError::Unknown(format!("twin '{link}'")))?;
        if matches!(twin.state, TwinState::Unlinked { .. }) {
            return Err(OpError::Refused(format!("twin '{link}' has ended")));
        }
        self.can_release(&twin, &take)?;
        let (shared, id) = (Arc::clone(&self.inner), link.clone());
        let note = audit(&self.inner, who, "release", link.as_str());
        let text = released_by(who);
        let marked = self
            .inner
            .store
            .write(move |tx| {
                let Some(twin) = tx.twin(&id)? else {
                    return Ok(dirty::Marked::default());
                };
                let at = note.at;
                let mut twin = freed(tx, twin, HistoryKind::Released, &text, at)?;
                for (field, side) in take {
                    if let Some(held) = twin.held.get_mut(&field) {
                        held.take = Some(side);
                    }
                    put_released(
                        tx,
                        &twin,
                        &field,
                        format!("{text}, who takes the {side}"),
                        at,
                    )?;
                }
                tx.put_twin(&twin)?;
                tx.retry_attachments(&twin.root)?;
                tx.append_audit(&note)?;
                let item = Side::BOTH.into_iter().find_map(|side| twin.item(side));
                let hints: Vec<Hint> = item
                    .map(|item| Hint::now(item, Lane::Live, "release", at))
                    .into_iter()
                    .collect();
                dirty::mark(&shared, tx, &hints)
            })
            .await?;
        scheduler::clear(&self.inner, marked.announce(&self.inner))?;
        Ok(())
    }
}

/// As a twin's history tells it.
fn released_by(who: &str) -> String {
    format!("released by {who}")
}

/// Tells an item of the twin that a frozen field was released.
fn put_released(
    tx: &HostTx<'_>,
    twin: &Twin,
    field: &ReplicaField,
    text: String,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(item) = Side::BOTH.into_iter().find_map(|side| twin.item(side)) else {
        return Ok(());
    };
    tx.append_history(&HistoryEntry {
        field: Some(field.to_string()),
        text: Some(text),
        ..entry(twin, item, HistoryKind::Released, at)
    })
}
