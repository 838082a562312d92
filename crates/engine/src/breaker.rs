//! The runtime blast-radius breaker: a connection that would write more than its limit in ten minutes is held, and a
//! person asked.
//!
//! It judges planned effects before they are attempted, in the same step of the store that records their intents, so
//! that nothing over the limit is ever sent and a restart forgets nothing. Work that a person has confirmed (a backfill,
//! a publish, a retried group) is paid from a budget of its own first.

use std::time::Duration;
use twinline_core::names::ConnectionName;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{ConnectionHold, HostTx};

/// Writes are counted over this long.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);

/// What the breaker says to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on; this much is paid from the confirmed budget.
    Allowed { paid: u64 },
    /// The connection is to be held: so many writes in the window, the refused ones included.
    Tripped { writes: u64 },
    /// The connection is held already.
    Held,
}

/// Judges `writes` more. `window`: the unconfirmed writes of the last ten minutes.
pub(crate) fn judge(
    hold: Option<&ConnectionHold>,
    window: u64,
    limit: u32,
    writes: u64,
    confirmed: bool,
) -> Verdict {
    if hold.is_some_and(|hold| hold.held.is_some()) {
        return Verdict::Held;
    }
    let budget = hold.map_or(0, |hold| hold.budget_writes);
    let paid = if confirmed { writes.min(budget) } else { 0 };
    let counted = window.saturating_add(writes - paid);
    if writes > paid && counted > u64::from(limit) {
        return Verdict::Tripped { writes: counted };
    }
    Verdict::Allowed { paid }
}

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
    let window = tx.writes_since(connection, now.minus(WINDOW))?;
    let verdict = judge(hold.as_ref(), window, limit, writes, confirmed);
    let budget_writes = hold.map_or(0, |hold| hold.budget_writes);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        held: bool,
        budget: u64,
        window: u64,
        writes: u64,
        confirmed: bool,
        expected: Verdict,
    ) {
        let hold = ConnectionHold {
            connection: "c".into(),
            held: held.then(|| (Timestamp::EPOCH, "asked".to_owned())),
            budget_writes: budget,
        };
        assert_eq!(judge(Some(&hold), window, 10, writes, confirmed), expected);
    }

    #[test]
    fn the_write_over_the_limit_is_refused() {
        check(false, 0, 0, 10, false, Verdict::Allowed { paid: 0 });
        check(false, 0, 10, 1, false, Verdict::Tripped { writes: 11 });
        check(false, 0, 10, 0, false, Verdict::Allowed { paid: 0 });
        check(true, 0, 0, 1, false, Verdict::Held);
    }

    #[test]
    fn confirmed_work_is_paid_from_its_budget_first() {
        check(false, 100, 10, 90, true, Verdict::Allowed { paid: 90 });
        check(false, 5, 5, 10, true, Verdict::Allowed { paid: 5 });
        check(false, 5, 6, 10, true, Verdict::Tripped { writes: 11 });
        check(false, 100, 10, 1, false, Verdict::Tripped { writes: 11 });
    }
}
