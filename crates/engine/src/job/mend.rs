//! Twins that an error held back and that are tried again.

use super::settle::entry;
use super::trouble::mended_by_change;
use twinline_core::names::Side;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HistoryEntry, HistoryKind, HostTx, Twin, TwinState};

/// A twin that is tried again: held back no longer.
pub(crate) fn mended(mut twin: Twin, now: Timestamp) -> Twin {
    if matches!(twin.state, TwinState::Quarantined { .. }) {
        let both = twin.ids.left.is_some() && twin.ids.right.is_some();
        twin.state = if both {
            TwinState::Live
        } else {
            TwinState::Creating
        };
        twin.state_since = now;
    }
    twin
}

/// As [`mended`], in a step of the store; the histories of its items tell by whom or why, if it was held back.
pub(crate) fn freed(
    tx: &HostTx<'_>,
    twin: Twin,
    kind: HistoryKind,
    text: &str,
    now: Timestamp,
) -> Result<Twin, StoreError> {
    let after = mended(twin.clone(), now);
    if after.state != twin.state {
        for item in Side::BOTH.into_iter().filter_map(|side| after.item(side)) {
            tx.append_history(&HistoryEntry {
                text: Some(text.to_owned()),
                ..entry(&after, item, kind, now)
            })?;
        }
    }
    Ok(after)
}

/// A twin after a new rule version: what a rule held back is tried again, the rest stays as it is.
pub(crate) fn mended_by_rules(
    tx: &HostTx<'_>,
    twin: Twin,
    now: Timestamp,
) -> Result<Twin, StoreError> {
    match &twin.state {
        TwinState::Quarantined { cause, .. } if mended_by_change(cause) => {
            freed(tx, twin, HistoryKind::Woken, "the rules are new", now)
        }
        _ => Ok(twin),
    }
}
