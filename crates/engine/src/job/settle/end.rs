//! Holding a twin back, and ending it.

use super::history::entry;
use crate::dirty::is_alive;
use crate::event::What;
use crate::host::Inner;
use crate::job::context::Context;
use crate::job::execute::Executed;
use crate::job::trouble::sentence;
use std::sync::Arc;
use twinline_core::names::{LinkId, Side};
use twinline_core::quarantine::Cause;
use twinline_core::reconcile::{Outcome, Plan};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HistoryEntry, HistoryKind, HostTx, TwinState};

/// Holds a twin back. `known`: the state in which it must still be; answers whether it was.
pub(in crate::job) async fn quarantine(
    host: &Arc<Inner>,
    link: &LinkId,
    cause: &Cause,
    known: Option<TwinState>,
) -> Result<bool, StoreError> {
    let now = host.env.now();
    let state = TwinState::Quarantined {
        cause: cause.group_name(),
        sentence: sentence(cause),
    };
    let (id, text) = (link.clone(), sentence(cause));
    let (as_known, connection) = host
        .store
        .write(move |tx| {
            let Some(mut twin) = tx.twin(&id)?.filter(is_alive) else {
                return Ok((true, None));
            };
            if known.is_some_and(|known| known != twin.state) {
                return Ok((false, None));
            }
            if twin.state == state {
                return Ok((true, None));
            }
            twin.state = state;
            twin.state_since = now;
            tx.put_twin(&twin)?;
            for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
                tx.append_history(&HistoryEntry {
                    text: Some(text.clone()),
                    ..entry(&twin, item, HistoryKind::Quarantined, now)
                })?;
            }
            Ok((true, Some(twin.connection)))
        })
        .await?;
    if let Some(connection) = connection {
        host.metrics.quarantined.inc();
        host.tell(
            &connection,
            link,
            What::Quarantined {
                reason: sentence(cause),
            },
        );
    }
    Ok(as_known)
}

/// A deletion's evidence, and why the item that is left is not as the policy wants it, where its tracker did not take that.
pub(in crate::job) fn evidence_of(evidence: &str, plan: &Plan, executed: &Executed) -> String {
    let mut writes = plan.effects.iter().zip(&executed.attempts);
    let waived = writes.find_map(|(planned, attempt)| match &attempt.outcome {
        Outcome::Done(applied) => Some((planned.side, applied.waived.values().next()?)),
        Outcome::NotDone | Outcome::Unknown => None,
    });
    match waived {
        Some((side, reason)) => {
            format!("{evidence}; the item on the {side} stays as it is: {reason}")
        }
        None => evidence.to_owned(),
    }
}

/// Ends a twin: the items are free. `returns`: they may enter anew by themselves.
pub(in crate::job) async fn end(
    host: &Arc<Inner>,
    context: &Context,
    evidence: &str,
    returns: bool,
) -> Result<(), StoreError> {
    let (link, now, text) = (
        context.twin.link.clone(),
        host.env.now(),
        evidence.to_owned(),
    );
    host.store
        .write(move |tx| unlink(tx, &link, now, &text, returns))
        .await?;
    let evidence = evidence.to_owned();
    host.tell(
        &context.twin.connection,
        &context.twin.link,
        What::Ended { evidence },
    );
    Ok(())
}

/// Ends a twin in a step of the store.
pub(crate) fn unlink(
    tx: &HostTx<'_>,
    link: &LinkId,
    now: Timestamp,
    text: &str,
    returns: bool,
) -> Result<(), StoreError> {
    let Some(mut twin) = tx.twin(link)?.filter(is_alive) else {
        return Ok(());
    };
    twin.state = TwinState::Unlinked { returns };
    twin.state_since = now;
    tx.put_twin(&twin)?;
    tx.drop_bases(link)?;
    tx.drop_parent_waits(link)?;
    for row in tx.open_effects_of(link)? {
        tx.settle_effect(&row.id)?;
    }
    for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
        let others = tx.twins_of_item(&item)?;
        if !others.iter().any(is_alive) {
            tx.set_item_root(&item, None)?;
        }
        tx.append_history(&HistoryEntry {
            text: Some(text.to_owned()),
            ..entry(&twin, item, HistoryKind::Unlinked, now)
        })?;
    }
    Ok(())
}
