//! Items that may be what a create of ours made, although its marker is gone.
//!
//! The tracker shows items that our account has made since, without a marker and with the summary that was to be written.
//! Which of them are linked only the directory knows. To take the wrong one would tie two strangers together, and to make
//! a second one is worse: where more than one item, or more than one create, may be meant, a person decides.

use super::trouble::Trouble;
use crate::dirty::is_alive;
use crate::host::Inner;
use std::sync::Arc;
use twinline_core::effect::{Applied, Effect};
use twinline_core::item::{ItemRef, Value, field};
use twinline_core::quarantine::Cause;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, HostRead};

/// The one item among those `alike` that a create has made; `None` when all of them are linked.
pub(super) async fn only(
    host: &Arc<Inner>,
    row: &EffectRow,
    alike: Vec<Applied>,
) -> Result<Option<Box<Applied>>, Trouble> {
    let asked = row.clone();
    let (mut free, rivals) = host
        .store
        .read(move |read| {
            let mut free = Vec::new();
            for applied in alike {
                if let Some(made) = made(&applied).filter(|made| !made.item.id.is_empty())
                    && !is_linked(read, made)?
                {
                    free.push(applied);
                }
            }
            Ok((free, rivals(read, &asked)?))
        })
        .await?;
    match (free.len(), rivals) {
        (0, _) => Ok(None),
        (1, false) => Ok(free.pop().map(Box::new)),
        _ => Err(Trouble::Quarantine(Cause::Unclear {
            reason: unclear(&free),
        })),
    }
}

fn made(applied: &Applied) -> Option<&ItemRef> {
    let whole = applied.item.as_ref().map(|item| &item.reference);
    whole.or(applied.created.as_ref())
}

fn is_linked(read: &HostRead<'_>, made: &ItemRef) -> Result<bool, StoreError> {
    let twins = read.twins_of_item(&made.item)?;
    let rooted = read.item(&made.item)?.is_some_and(|row| row.root.is_some());
    Ok(rooted || twins.iter().any(is_alive))
}

/// Whether another open create there writes the same summary.
fn rivals(read: &HostRead<'_>, row: &EffectRow) -> Result<bool, StoreError> {
    let others = read.open_creates(&row.node, &row.scope)?;
    let mut others = others.iter().filter(|other| other.link != row.link);
    Ok(others.any(|other| summary(other) == summary(row)))
}

fn summary(row: &EffectRow) -> Option<&Value> {
    match &row.planned.effect {
        Effect::Create { fields, .. } => fields.get(field::SUMMARY),
        _ => None,
    }
}

fn unclear(free: &[Applied]) -> String {
    let keys: Vec<&str> = free
        .iter()
        .filter_map(made)
        .map(|made| made.key.as_str())
        .collect();
    format!(
        "{} may be what this create made, and carries no marker: link it, or delete it and retry",
        keys.join(" or ")
    )
}
