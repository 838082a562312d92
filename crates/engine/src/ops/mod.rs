//! Operations: what the local API, the command line and the console ask of a host. Plain Rust; the binary gives them
//! their HTTP form, their authorisation and their audit's *who*.

mod jobs;
mod link;
mod nodes;
mod plan;
mod publish;
mod release;
mod status;
mod twins;

pub use jobs::JobView;
pub use link::{LinkOutcome, PairKey};
pub use plan::{PlannedTwin, Planning};
pub use publish::Published;
pub use release::Target;
pub use status::{ConnectionStatus, LedgerLine, NodeStatus, Status};
pub use twins::{ErrorGroup, TwinView};

use crate::dirty::{self, Hint, is_alive};
use crate::host::Inner;
use crate::scheduler;
use std::sync::Arc;
use twinline_core::names::{LinkId, Side};
use twinline_core::queue::Lane;
use twinline_store::StoreError;
use twinline_store::host::{AuditEntry, Twin, TwinFilter};
use twinline_trackers::TrackerError;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// There is no such thing.
    #[error("{0} is not known here")]
    Unknown(String),
    /// It cannot be done, and why.
    #[error("{0}")]
    Refused(String),
    /// It would touch many items; repeat it with a confirmation.
    #[error("this would touch {items} items; confirm it to go on")]
    NeedsConfirmation {
        /// How many items.
        items: u64,
    },
    /// A tracker could not be asked.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Twins in one step of the store.
const PAGE: u32 = 200;

/// The entry of a person's deed, in the same step as the deed.
fn audit(host: &Inner, who: &str, action: &str, subject: &str) -> AuditEntry {
    AuditEntry {
        at: host.env.now(),
        who: who.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: "{}".to_owned(),
    }
}

/// Changes every twin of a filter page by page, and marks it dirty in the backfill lane. `change` gives back the twin to
/// store, or `None` to leave it alone. Answers how many were changed.
async fn each_twin(
    host: &Arc<Inner>,
    filter: TwinFilter,
    cause: String,
    change: impl Fn(Twin) -> Option<Twin> + Clone + Send + 'static,
) -> Result<u64, StoreError> {
    let mut after: Option<LinkId> = None;
    let mut total = 0;
    loop {
        let (shared, filter, from, change, cause) = (
            Arc::clone(host),
            filter.clone(),
            after,
            change.clone(),
            cause.clone(),
        );
        let (last, changed, marked) = host
            .store
            .write(move |tx| {
                let page = tx.twins(&filter, from.as_ref(), PAGE)?;
                let last = (page.len() == PAGE as usize)
                    .then(|| page.last().map(|twin| twin.link.clone()))
                    .flatten();
                let mut hints = Vec::new();
                for old in page.into_iter().filter(is_alive) {
                    let Some(twin) = change(old.clone()) else {
                        continue;
                    };
                    if twin != old {
                        tx.put_twin(&twin)?;
                    }
                    let item = Side::BOTH.into_iter().find_map(|side| twin.item(side));
                    hints.extend(item.map(|item| {
                        Hint::now(item, Lane::Backfill, cause.clone(), shared.env.now())
                    }));
                }
                Ok((last, hints.len() as u64, dirty::mark(&shared, tx, &hints)?))
            })
            .await?;
        scheduler::clear(host, marked.announce(host)).await?;
        total += changed;
        match last {
            Some(link) => after = Some(link),
            None => return Ok(total),
        }
    }
}
