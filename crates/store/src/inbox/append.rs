//! Taking deliveries in: the hot path of the edge.
//!
//! Deliveries that arrive while the writing thread is at work wait in a list, and one queued write takes the whole list:
//! a delivery costs one statement, however many commit together. Who waits is told after the commit.

use super::accounts::Accounts;
use super::records::{Appended, Delivery, InboxLimits, Refusal};
use super::retention;
use crate::StoreError;
use crate::db::Db;
use crate::row::{to_count, to_json};
use rusqlite::{Connection, params};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// Deliveries in one write; the rest of a longer list is the next one.
const WRITE_MAX: usize = 512;

type Outcome = Result<Appended, StoreError>;

/// The deliveries that wait for the writing thread.
pub(super) struct Appends {
    db: Db,
    limits: InboxLimits,
    /// How many deliveries may wait or be written.
    waiting_max: usize,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Vec<Waiting>,
    /// Taken by a write that has not ended.
    under_way: usize,
    /// Whether a write is queued that will take what waits.
    posted: bool,
    /// `None`: to be read from the tables.
    accounts: Option<Accounts>,
}

struct Waiting {
    delivery: Delivery,
    told: oneshot::Sender<Outcome>,
}

impl Appends {
    pub(super) fn new(db: Db, limits: InboxLimits, waiting_max: usize) -> Self {
        Self {
            db,
            limits,
            waiting_max,
            shared: Mutex::default(),
        }
    }

    /// Appends one delivery; resolves when it is durable.
    pub(super) async fn append(self: &Arc<Self>, delivery: Delivery) -> Outcome {
        self.db.moves()?;
        let (told, outcome) = oneshot::channel();
        let post = {
            let mut shared = self.lock();
            let before = shared.waiting.len() + shared.under_way;
            if before >= self.waiting_max {
                return Err(StoreError::Busy {
                    file: self.db.path().display().to_string(),
                    what: format!("{before} deliveries wait already"),
                });
            }
            shared.waiting.push(Waiting { delivery, told });
            !std::mem::replace(&mut shared.posted, true)
        };
        if post {
            self.post();
        }
        // One that is late may still be made durable: then its redelivery is known.
        let told = async {
            outcome.await.unwrap_or_else(|_| {
                Err(StoreError::Closed {
                    file: self.db.path().display().to_string(),
                })
            })
        };
        self.db.written(told).await
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no code panics with this lock")
    }

    /// Queues a write for what waits.
    fn post(self: &Arc<Self>) {
        // Those who wait for a delivery that the write has taken, in its order; `None`: it has not run.
        let takers: Arc<Mutex<Option<Vec<oneshot::Sender<Outcome>>>>> = Arc::default();
        let (appends, told) = (Arc::clone(self), Arc::clone(&takers));
        let write = move |conn: &Connection| {
            let taken = appends.take();
            let (deliveries, waiters): (Vec<_>, Vec<_>) = taken
                .into_iter()
                .map(|waiting| (waiting.delivery, waiting.told))
                .unzip();
            *told.lock().expect("no code panics with this lock") = Some(waiters);
            appends.write(conn, &deliveries)
        };
        let appends = Arc::clone(self);
        let done = move |ended: Result<Vec<Outcome>, StoreError>| {
            let waiters = takers.lock().expect("no code panics with this lock").take();
            match (waiters, ended) {
                (Some(waiters), ended) => appends.tell(waiters, ended),
                (None, Err(error)) => appends.give_up(&error),
                (None, Ok(_)) => unreachable!("a write that is committed has run"),
            }
        };
        if let Err(error) = self.db.post(write, done) {
            self.give_up(&error);
        }
    }

    /// The queued write took nothing, and nothing will take what waits: those who wait hear it, and the next append
    /// queues a write of its own.
    fn give_up(&self, error: &StoreError) {
        let waiting = {
            let mut shared = self.lock();
            shared.posted = false;
            std::mem::take(&mut shared.waiting)
        };
        for waiting in waiting {
            // Who went away has no use for the outcome.
            drop(waiting.told.send(Err(error.clone())));
        }
    }

    /// What the write that runs now is to append.
    fn take(&self) -> Vec<Waiting> {
        let mut shared = self.lock();
        let count = shared.waiting.len().min(WRITE_MAX);
        let taken: Vec<Waiting> = shared.waiting.drain(..count).collect();
        shared.under_way += taken.len();
        shared.posted = false;
        taken
    }

    fn write(
        &self,
        conn: &Connection,
        deliveries: &[Delivery],
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut accounts = self.take_accounts(conn)?;
        let mut outcomes = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            outcomes.push(match one(conn, &mut accounts, delivery, self.limits) {
                Err(missing @ StoreError::Missing(_)) => Err(missing),
                appended => Ok(appended?),
            });
        }
        if accounts.is_due() {
            accounts.settle(conn)?;
        }
        self.lock().accounts = Some(accounts);
        Ok(outcomes)
    }

    /// Tells those who wait, on the writing thread, after the commit.
    fn tell(
        self: &Arc<Self>,
        waiters: Vec<oneshot::Sender<Outcome>>,
        ended: Result<Vec<Outcome>, StoreError>,
    ) {
        let again = {
            let mut shared = self.lock();
            shared.under_way -= waiters.len();
            if ended.is_err() {
                // What was not committed must not be accounted for.
                shared.accounts = None;
            }
            !shared.waiting.is_empty() && !std::mem::replace(&mut shared.posted, true)
        };
        match ended {
            Ok(outcomes) => {
                for (told, outcome) in waiters.into_iter().zip(outcomes) {
                    // Who went away has no use for the outcome.
                    drop(told.send(outcome));
                }
            }
            Err(error) => {
                for told in waiters {
                    drop(told.send(Err(error.clone())));
                }
            }
        }
        if again {
            self.post();
        }
    }

    /// Brings the tables up to date, in a write that reads or changes them; what is remembered of them is forgotten.
    pub(super) fn settle_accounts(&self, conn: &Connection) -> Result<(), StoreError> {
        self.take_accounts(conn)?.settle(conn)
    }

    /// Taken out, so that an error leaves nothing behind: the next write reads the tables then.
    fn take_accounts(&self, conn: &Connection) -> Result<Accounts, StoreError> {
        let remembered = self.lock().accounts.take();
        match remembered {
            Some(accounts) => Ok(accounts),
            None => Accounts::read(conn),
        }
    }
}

fn one(
    conn: &Connection,
    accounts: &mut Accounts,
    delivery: &Delivery,
    limits: InboxLimits,
) -> Result<Appended, StoreError> {
    let Some(node) = accounts.routed(&delivery.node) else {
        return Err(StoreError::Missing(format!("node {}", delivery.node)));
    };
    let (id, group, kept) = (node.id, node.group, node.bytes);
    let group_name = node.group_name.clone();
    let weight = delivery.weight_bytes();
    if kept + weight > limits.node_max_bytes {
        // A duplicate is one whether or not there is room, and needs none.
        if is_known(conn, id, delivery)? {
            return Ok(Appended::Duplicate);
        }
        let excess = kept + weight - limits.node_max_bytes;
        // What is larger than the whole share drives nothing out.
        if weight > limits.node_max_bytes
            || retention::make_room(conn, accounts, &delivery.node, excess, limits)? < excess
        {
            return Ok(Appended::Refused(Refusal::NodeQuota));
        }
    }
    if accounts.total_bytes + weight > limits.total_max_bytes {
        return Ok(if is_known(conn, id, delivery)? {
            Appended::Duplicate
        } else {
            Appended::Refused(Refusal::Full)
        });
    }
    let inserted = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO deliveries (group_id, node_id, delivery_id, received_at, bytes, headers, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            group,
            id,
            delivery.delivery_id,
            delivery.received_at.as_millis(),
            to_count(weight),
            to_json(&delivery.headers),
            &delivery.body[..],
        ])?;
    if inserted == 0 {
        return Ok(Appended::Duplicate);
    }
    let seq = conn.last_insert_rowid();
    accounts.add(&delivery.node, seq, weight);
    Ok(Appended::New {
        seq: u64::try_from(seq).unwrap_or(0),
        group: group_name,
    })
}

fn is_known(conn: &Connection, node: i64, delivery: &Delivery) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM deliveries WHERE node_id = ?1 AND delivery_id = ?2")?
        .exists(params![node, delivery.delivery_id])?)
}
