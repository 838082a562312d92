//! What others have done to a twin while its job was at the trackers: their word stands, and the job's news join it.

use super::mended;
use crate::dirty::is_alive;
use twinline_core::attachments::AttachmentLink;
use twinline_core::comments::CommentLink;
use twinline_store::host::{EffectRow, Twin};

/// A twin as it is to be stored: `known` is how the job knew it, `ours` what the job makes of it, `stored` how it is now.
///
/// One that was ended stays ended, and only learns of an item that was created all the same. Of one that lives, the
/// cluster, the first negatives, a release and the end of a quarantine that came in between stand; all else is the job's.
pub(super) fn merged(known: &Twin, ours: Twin, stored: Twin) -> Twin {
    if !is_alive(&stored) {
        return Twin {
            ids: ours.ids,
            ..stored
        };
    }
    let mended_meanwhile = stored.state != known.state;
    let mut held = ours.held;
    for (field, held) in &mut held {
        let take = |twin: &Twin| twin.held.get(field).and_then(|held| held.take);
        if take(&stored) != take(known) {
            held.take = take(&stored);
        }
    }
    let twin = Twin {
        root: stored.root,
        negatives: stored.negatives,
        held,
        ..ours
    };
    if mended_meanwhile {
        mended(twin, stored.state_since)
    } else {
        twin
    }
}

/// Fits what a job leaves behind to its twin as it is stored now: links belong to the twin's cluster, and nobody asks any
/// more about the effects of a twin that has ended.
pub(super) fn fit(
    stored: &Twin,
    effects: &mut [EffectRow],
    (comments, attachments): (&mut [CommentLink], &mut [AttachmentLink]),
) {
    for row in effects {
        row.settled |= !is_alive(stored);
    }
    for link in comments {
        link.root = stored.root.clone();
    }
    for link in attachments {
        link.root = stored.root.clone();
    }
}
