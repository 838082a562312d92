//! The edge's inbox: deliveries, durable before the 2xx, kept until they are safe.
//!
//! Two cursors per group of nodes: *taken* (a host has them durably) and *safe* (processed and replicated). A pull says
//! under which ownership it is made, and one by an older epoch than the newest seen is refused. A takeover restarts from
//! *safe*, so a delivery may be pulled more than once: it is a hint, and repeating it is harmless.

mod accounts;
mod append;
mod identity;
mod pull;
mod records;
mod rest;
mod retention;
mod routes;

#[cfg(test)]
mod tests;

pub use records::{
    Appended, Backlog, Batch, Cursors, Delivery, InboxId, InboxLimits, InboxPlace, NodeUse, Page,
    Pruned, Pulled, Refusal, Route,
};

use crate::StoreError;
use crate::db::{Db, DbOptions, Health, Schema};
use crate::migrate::Migration;
use crate::stamp::{Epoch, GroupId};
use append::Appends;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use twinline_core::handles::Entropy;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// The file's schema.
pub(crate) static SCHEMA: Schema = Schema {
    name: "an edge's inbox",
    way_back: "Stop this role, move the file and its -wal and -shm files aside and keep them, start again: the edge \
               makes a new inbox, and the host sweeps for what the lost deliveries told",
    // "TwIn" in ASCII.
    application_id: 0x5477_496e,
    migrations: &[
        Migration {
            version: 1,
            sql: include_str!("migrations/001.sql"),
        },
        Migration {
            version: 2,
            sql: include_str!("migrations/002.sql"),
        },
        Migration {
            version: 3,
            sql: include_str!("migrations/003.sql"),
        },
        Migration {
            version: 4,
            sql: include_str!("migrations/004.sql"),
        },
        Migration {
            version: 5,
            sql: include_str!("migrations/005.sql"),
        },
    ],
};

/// A delivery touches a page of the index that every later one of its node touches too: the longer the log, the fewer
/// times such a page is copied into the file. 64 MiB of log.
const CHECKPOINT_AFTER_PAGES: u32 = 16_000;

/// The inbox of one edge. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    db: Db,
    id: InboxId,
    is_new: bool,
    limits: InboxLimits,
    appends: Arc<Appends>,
}

impl Inbox {
    /// Opens the file, or makes it with an id of its own.
    ///
    /// # Errors
    /// See [`StoreError`]: damaged, newer, something else, no access.
    pub async fn open(
        path: &Path,
        mut options: DbOptions,
        limits: InboxLimits,
        entropy: &dyn Entropy,
    ) -> Result<Self, StoreError> {
        options.limits.checkpoint_after_pages = options
            .limits
            .checkpoint_after_pages
            .max(CHECKPOINT_AFTER_PAGES);
        let waiting_max = options.limits.queue_max_writes;
        let db = Db::open(path, options, &SCHEMA)?;
        let known = db.read(identity::read).await?;
        let is_new = known.is_none();
        let id = match known {
            Some(id) => id,
            None => {
                let id = InboxId::random(entropy);
                db.write(move |conn| identity::give(conn, id)).await?
            }
        };
        let appends = Appends::new(db.clone(), limits, waiting_max);
        Ok(Self {
            db,
            id,
            is_new,
            limits,
            appends: Arc::new(appends),
        })
    }

    /// Which inbox this is.
    pub const fn id(&self) -> &InboxId {
        &self.id
    }

    /// Whether this call of [`Inbox::open`] has made the file.
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The file's handle: health, closing.
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The state that the last write found. An edge answers 503 while it does not accept writes, but goes on trying.
    pub fn health(&self) -> Health {
        self.db.health()
    }

    /// Replaces the route snapshot, which is ordered by node: exactly these nodes are known from now on.
    ///
    /// A node that has moved to another group takes its deliveries along. Those that are not safe get new numbers, after
    /// all others: whoever pulls the other group finds them wherever it stands.
    pub async fn set_routes(&self, routes: Vec<Route>) -> Result<(), StoreError> {
        // A full disk is no hindrance to a start that changes nothing.
        if self.routes().await? == routes {
            return Ok(());
        }
        self.accounted(move |conn| routes::set(conn, &routes)).await
    }

    /// The route snapshot, ordered by node.
    pub async fn routes(&self) -> Result<Vec<Route>, StoreError> {
        self.db.read(routes::all).await
    }

    /// Appends one delivery; resolves when it is durable. Answers [`StoreError::Busy`] at once when too many wait.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for a node that no route names; otherwise the file's state.
    pub async fn append(&self, delivery: Delivery) -> Result<Appended, StoreError> {
        self.appends.append(delivery).await
    }

    /// Begins or goes on with pulling as the owner of `group` at `epoch`. A newer epoch than the one known is a
    /// takeover: *taken* goes back to *safe*.
    ///
    /// # Errors
    /// [`StoreError::StaleEpoch`] when a newer owner has been here.
    pub async fn claim(&self, group: GroupId, epoch: Epoch) -> Result<Cursors, StoreError> {
        self.db
            .write_along(move |conn| pull::claim(conn, &group, epoch))
            .await
    }

    /// The nodes of a group, as its owner at `epoch` may ask, ordered by name.
    ///
    /// # Errors
    /// As [`Inbox::page`].
    pub async fn nodes_of(
        &self,
        group: GroupId,
        epoch: Epoch,
    ) -> Result<Vec<NodeName>, StoreError> {
        self.db
            .read(move |conn| pull::nodes_of(conn, &group, epoch))
            .await
    }

    /// Deliveries of the group after `page.from`, oldest first, at most `page.max_rows` and about `page.max_bytes`
    /// (the first one always, whatever its size).
    ///
    /// # Errors
    /// [`StoreError::StaleEpoch`] when a newer owner has been here; [`StoreError::Missing`] before [`Inbox::claim`].
    pub async fn page(
        &self,
        group: GroupId,
        epoch: Epoch,
        page: Page,
    ) -> Result<Batch, StoreError> {
        let id = self.id.clone();
        self.db
            .read(move |conn| pull::page(conn, &group, epoch, &id, &page))
            .await
    }

    /// Everything up to this place is durable at the group's owner. Never goes back. Nobody waits for it, and who has not
    /// heard of it only keeps more: it is durable with what is appended next, or a moment later.
    ///
    /// # Errors
    /// As [`Inbox::page`]; [`StoreError::Missing`] for a place in another inbox.
    pub async fn ack_taken(
        &self,
        group: GroupId,
        epoch: Epoch,
        to: &InboxPlace,
    ) -> Result<Cursors, StoreError> {
        let seq = self.number(to)?;
        self.db
            .write_along(move |conn| pull::ack(conn, &group, epoch, seq, None))
            .await
    }

    /// Everything up to this place is safe; it is taken too. Never goes back. Durable as [`Inbox::ack_taken`] is.
    ///
    /// # Errors
    /// As [`Inbox::ack_taken`].
    pub async fn ack_safe(
        &self,
        group: GroupId,
        epoch: Epoch,
        to: &InboxPlace,
    ) -> Result<Cursors, StoreError> {
        let seq = self.number(to)?;
        self.db
            .write_along(move |conn| pull::ack(conn, &group, epoch, seq, Some(seq)))
            .await
    }

    /// The number of a place in this inbox.
    fn number(&self, place: &InboxPlace) -> Result<u64, StoreError> {
        if place.inbox == self.id {
            return Ok(place.seq);
        }
        Err(StoreError::Missing(format!("inbox '{}'", place.inbox)))
    }

    /// Removes what may go, a bounded piece at a time: call again while [`Pruned::more`].
    ///
    /// Safe deliveries go when no redelivery of them is expected any more, or while the disk has little room left. While
    /// the inbox weighs more than its limit, or the disk is full, safe and then taken ones go, oldest first. Untaken ones
    /// never go.
    pub async fn prune(&self, now: Timestamp) -> Result<Pruned, StoreError> {
        let limits = self.limits;
        let disk = retention::Disk {
            room_bytes: self.db.room().await?,
            is_full: self.db.health() == Health::DiskFull,
        };
        self.accounted(move |conn| retention::prune(conn, limits, disk, now))
            .await
    }

    /// What each node's deliveries weigh, ordered by node.
    pub async fn usage(&self) -> Result<Vec<NodeUse>, StoreError> {
        self.accounted(routes::usage).await
    }

    /// What no host has taken. The cost is that of what there is, up to a limit.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.db.read(pull::backlog).await
    }

    /// When the last edge came to rest; `None`: it did not, or another is at work.
    pub async fn rested(&self) -> Result<Option<Timestamp>, StoreError> {
        self.db.read(rest::read).await
    }

    /// An edge comes to rest: it has answered everybody, and hosts have heard of whatever it had refused. `None`: one is at
    /// work from now on.
    pub async fn set_rested(&self, at: Option<Timestamp>) -> Result<(), StoreError> {
        self.db.write(move |conn| rest::set(conn, at)).await
    }

    /// A write that reads or changes what nodes and weights say: everything that was appended is in them first, and
    /// what the appends remember of them is forgotten.
    async fn accounted<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let appends = Arc::clone(&self.appends);
        self.db
            .write(move |conn| {
                appends.settle_accounts(conn)?;
                work(conn)
            })
            .await
    }
}
