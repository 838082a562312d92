//! Where to go on: pure, from what the central database knows of the group and what the store knows of itself.

use super::db::GroupRow;
use crate::central::error::CentralError;
use crate::host::replica::Line;
use crate::stamp::Stamp;

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With what has changed since.
    GoOn {
        /// After this revision.
        after: i64,
        /// After this one for rows that vouch.
        vouched: i64,
        /// The full copy that is added to.
        copy: i64,
        /// Whether rows of earlier copies may be left.
        sweeps: bool,
    },
    /// With everything, as this copy.
    Copy(i64),
}

/// Decides where the owner of a group goes on.
///
/// # Errors
/// Another one is the owner, or was it since: this store must not write.
pub(super) fn start(
    known: Option<&GroupRow>,
    stamp: &Stamp,
    line: &Line,
) -> Result<Start, CentralError> {
    let Some(known) = known else {
        return Ok(Start::Copy(1));
    };
    let group = || stamp.group.clone();
    if known.epoch > stamp.epoch {
        return Err(CentralError::Superseded {
            group: group(),
            given: stamp.epoch,
            known: known.epoch,
        });
    }
    let next_copy = Start::Copy(known.copy + 1);
    if known.writer != line.writer {
        return if known.epoch == stamp.epoch {
            Err(CentralError::ForeignWriter { group: group() })
        } else if stamp.epoch.generation() > known.epoch.generation() {
            // Restored or rebuilt by a person's word: what this store has is what counts.
            Ok(next_copy)
        } else if line
            .base_epoch
            .is_some_and(|base| base >= known.shipped_epoch)
        {
            // This store was made from that very replica, or from a later one: the database has lost the claim, and perhaps
            // what came after and before.
            Ok(next_copy)
        } else {
            Err(CentralError::NotTakenOver { group: group() })
        };
    }
    let same_line =
        known.shipped_epoch == stamp.epoch || Some(known.shipped_epoch) == line.base_epoch;
    if !same_line {
        return Ok(next_copy);
    }
    if known.shipped_rev > line.rev {
        return Err(CentralError::Behind {
            group: group(),
            shipped: known.shipped_rev,
            rev: line.rev,
        });
    }
    // Every deletion after what was shipped is still known, or was when the unfinished copy began.
    let deletions_known =
        known.shipped_rev >= line.pruned || (!known.complete && known.copy_pruned == line.pruned);
    Ok(if deletions_known {
        Start::GoOn {
            after: known.shipped_rev,
            vouched: known.vouched_rev,
            copy: known.copy,
            sweeps: !known.complete,
        }
    } else {
        next_copy
    })
}

#[cfg(test)]
mod tests;
