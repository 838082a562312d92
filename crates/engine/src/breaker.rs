//! Keeping the breaker's books.
//!
//! Planned effects are judged before they are attempted, in the same step of the store that records their intents, so
//! that nothing over the limit is ever sent and a restart forgets nothing.

use twinline_core::breaker::{Books, Verdict, WINDOW, judge};
use twinline_core::names::ConnectionName;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{ConnectionHold, HostTx};

/// Judges and keeps the books: counts what is allowed, holds what is over the limit.
pub(crate) fn admit(
    tx: &HostTx<'_>,
    connection: &ConnectionName,
    limit: u32,
    now: Timestamp,
    writes: u64,
    confirmed: bool,
) -> Result<Verdict, StoreError> {
    let hold = tx.connection_hold(connection)?;
    let budget_writes = hold.as_ref().map_or(0, |hold| hold.budget_writes);
    let books = Books {
        held: hold.is_some_and(|hold| hold.held.is_some()),
        budget: budget_writes,
        window: tx.writes_since(connection, now.minus(WINDOW))?,
        limit,
    };
    let verdict = judge(books, writes, confirmed);
    let put = |held, budget_writes| {
        tx.put_connection_hold(&ConnectionHold {
            connection: connection.clone(),
            held,
            budget_writes,
        })
    };
    match verdict {
        Verdict::Allowed { paid } => {
            if paid > 0 {
                put(None, budget_writes - paid)?;
            }
            if writes > paid {
                tx.count_writes(connection, now, writes - paid)?;
            }
        }
        Verdict::Tripped { writes } => {
            let reason = format!("{writes} writes within ten minutes, the limit is {limit}");
            put(Some((now, reason)), budget_writes)?;
        }
        Verdict::Held => {}
    }
    Ok(verdict)
}
