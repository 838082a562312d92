//! Comments and files that a tracker's list leaves out: deleted, or only not shown?
//!
//! A list may lag behind the comments that are there, or leave out those that our account may no longer read, and a mirror
//! that was deleted for it would stay deleted. So each one that is left out is asked for by itself, as a deletion of ours
//! with unknown outcome would be.

use super::context::Context;
use super::trouble::Trouble;
use crate::host::{Connection, Inner};
use crate::node::Node;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::attachments;
use twinline_core::comments::left_out;
use twinline_core::effect::{Effect, Recognised};
use twinline_core::names::Side;
use twinline_core::reconcile::Seen;

/// So many are asked for in one job; the next look asks for more.
const ASKED_MAX: usize = 250;

/// What became of one side's comments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Missing {
    /// The tracker says that they are gone.
    pub(super) gone: BTreeSet<String>,
    /// The tracker does not say whether they are gone or only out of our account's sight, for this reason. Looking again
    /// soon would show nothing else.
    pub(super) unseen: BTreeMap<String, String>,
    /// The files that the tracker says are gone.
    pub(super) gone_attachments: BTreeSet<String>,
    /// Those of which the tracker does not say so.
    pub(super) unseen_attachments: BTreeMap<String, String>,
    /// Whether some are left out that are there, or that were not asked for: to be looked at again.
    pub(super) open: bool,
}

pub(super) async fn look(
    host: &Inner,
    connection: &Connection,
    node: &Node,
    context: &Context,
    (side, seen): (Side, &Seen),
) -> Result<Missing, Trouble> {
    let Some(item) = seen.item() else {
        return Ok(Missing::default());
    };
    let contract = connection.contract().comments.as_ref();
    let Some(other) = context.item(side.other()) else {
        return Ok(Missing::default());
    };
    let left_out = left_out(&context.comments, contract, &other, item);
    let mut missing = Missing {
        open: left_out.len() > ASKED_MAX,
        ..Missing::default()
    };
    for comment in left_out.into_iter().take(ASKED_MAX) {
        let deletion = Effect::DeleteComment {
            item: item.reference.item.clone(),
            comment: comment.clone(),
        };
        match ask(host, node, &deletion).await? {
            Recognised::There(_) => drop(missing.gone.insert(comment)),
            Recognised::Unclear { reason } => drop(missing.unseen.insert(comment, reason)),
            Recognised::NotThere | Recognised::Alike(_) | Recognised::Files(_) => {
                missing.open = true;
            }
        }
    }
    let contract = connection.contract().attachments.as_ref();
    let (files, comments) = (&context.attachments, &context.comments);
    let left_out = attachments::left_out(files, comments, contract, &other, item);
    missing.open |= left_out.len() > ASKED_MAX;
    for attachment in left_out.into_iter().take(ASKED_MAX) {
        let deletion = Effect::DeleteAttachment {
            item: item.reference.item.clone(),
            attachment: attachment.clone(),
        };
        match ask(host, node, &deletion).await? {
            Recognised::There(_) => drop(missing.gone_attachments.insert(attachment)),
            // It stays, like its copy.
            Recognised::Unclear { reason } => {
                drop(missing.unseen_attachments.insert(attachment, reason));
            }
            Recognised::NotThere | Recognised::Alike(_) | Recognised::Files(_) => {
                missing.open = true;
            }
        }
    }
    Ok(missing)
}

async fn ask(host: &Inner, node: &Node, deletion: &Effect) -> Result<Recognised, Trouble> {
    let answer = node.request(node.tracker().recognise(deletion, host.env.now()));
    let answer = answer.await;
    answer.map_err(|error| Trouble::of(node.name(), error))
}
