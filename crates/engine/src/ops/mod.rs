//! Operations: what the local API, the command line and the console ask of a host. Plain Rust; the binary gives them
//! their HTTP form, their authorisation and their audit's *who*.

mod jobs;
mod link;
mod linkable;
mod nodes;
mod plan;
mod publish;
mod release;
mod status;
mod twins;

pub use jobs::JobView;
pub use link::{LinkOutcome, PairKey};
pub use linkable::{Later, LinkableItem, LinkablePage, LinkableQuery};
pub use plan::{PlannedTwin, Planning};
pub use publish::Published;
pub use release::Target;
pub use status::{ConnectionStatus, LedgerLine, NodeStatus, NodeWaiting, Status};
pub use twins::{ErrorGroup, HistoryLine, TwinView};

use crate::dirty::{self, Hint, Marked, is_alive};
use crate::host::Inner;
use crate::scheduler;
use std::sync::Arc;
use twinline_core::names::{LinkId, Side};
use twinline_core::queue::Lane;
use twinline_store::StoreError;
use twinline_store::host::{AuditEntry, HostTx, Twin, TwinFilter};
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

/// What becomes of each twin of a group.
pub(crate) trait Change: Fn(&HostTx<'_>, Twin) -> Result<Twin, StoreError> + Clone {}
impl<F: Fn(&HostTx<'_>, Twin) -> Result<Twin, StoreError> + Clone> Change for F {}

/// Changes a page of a filter's twins and marks them in the backfill lane, in a step of the store. Answers where to go on
/// (`None`: that was the last page), how many there were, and the marks.
pub(crate) fn change_page(
    host: &Inner,
    tx: &HostTx<'_>,
    filter: &TwinFilter,
    after: Option<&LinkId>,
    cause: &str,
    change: &impl Change,
) -> Result<(Option<LinkId>, u64, Marked), StoreError> {
    let page = tx.twins(filter, after, PAGE)?;
    let last = page.last().filter(|_| page.len() == PAGE as usize);
    let last = last.map(|twin| twin.link.clone());
    let mut hints = Vec::new();
    for old in page.into_iter().filter(is_alive) {
        let twin = change(tx, old.clone())?;
        if twin != old {
            tx.put_twin(&twin)?;
        }
        let item = Side::BOTH.into_iter().find_map(|side| twin.item(side));
        hints.extend(
            item.map(|item| Hint::now(item, Lane::Backfill, cause.to_owned(), host.env.now())),
        );
    }
    Ok((last, hints.len() as u64, dirty::mark(host, tx, &hints)?))
}

/// Changes every twin of a filter, page by page. Answers how many there were.
async fn each_twin(
    host: &Arc<Inner>,
    filter: TwinFilter,
    cause: String,
    change: impl Change + Send + 'static,
) -> Result<u64, StoreError> {
    let mut after: Option<LinkId> = None;
    let mut total = 0;
    loop {
        let (shared, filter, from) = (Arc::clone(host), filter.clone(), after);
        let (change, cause) = (change.clone(), cause.clone());
        let (last, changed, marked) = host
            .store
            .write(move |tx| change_page(&shared, tx, &filter, from.as_ref(), &cause, &change))
            .await?;
        scheduler::clear(host, marked.announce(host))?;
        total += changed;
        match last {
            Some(link) => after = Some(link),
            None => return Ok(total),
        }
    }
}
