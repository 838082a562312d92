//! Effects whose outcome is unknown: asked about, never assumed.
//!
//! An attempt that was cut off may still arrive, so "not there" counts only after the tracker's settle time. An attempt
//! without any recorded end belongs to a process that died; it may have been sent until this process began. Where it
//! belongs to a job of this process whose end could not be stored, it ended before the next job of the cluster began.

use super::context::Context;
use super::execute::is_nameless;
use super::likeness;
use super::meanwhile;
use super::ring;
use super::settle::{self, item_row};
use super::trouble::Trouble;
use crate::dirty::{self, Hint, Marked, is_alive};
use crate::host::Inner;
use crate::node::Node;
use crate::scheduler::{self, Mark};
use std::sync::Arc;
use twinline_core::attachments::{self, AttachmentLink};
use twinline_core::comments::CommentLink;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::Attachment;
use twinline_core::names::{Side, Sides};
use twinline_core::quarantine::Cause;
use twinline_core::queue::Lane;
use twinline_core::reconcile::Unsettled;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    EffectRow, EffectState, HistoryEntry, HostTx, ItemRow, Twin, TwinState,
};
use twinline_trackers::Scope;

/// What came out.
pub(super) enum Resolved {
    /// Everything is known. The field writes that are there and that no base accounts for.
    Known(Sides<Vec<Unsettled>>),
    /// Ask again then.
    Wait(Timestamp),
}

/// Resolves all open effects of a twin, and brings the context up to date with what was found.
pub(super) async fn resolve(
    host: &Arc<Inner>,
    nodes: &Sides<Arc<Node>>,
    context: &mut Context,
    marks: &[Mark],
) -> Result<Resolved, Trouble> {
    let mut found = Vec::new();
    let mut wait = None;
    let mut trouble = None;
    let mut taken = Vec::new();
    let mut unsettled = Sides::<Vec<Unsettled>>::default();
    for mut row in context.open.clone() {
        let side = row.planned.side;
        if row.state != EffectState::Done {
            host.metrics.unknown.inc();
            if row.ended_at.is_none() && row.intended_at >= host.started {
                row.ended_at = Some(host.env.now());
                row.state = EffectState::Unknown;
                found.push((row.clone(), None));
            }
            match ask(host, nodes.get(side), context, &row, &taken).await {
                Ok(Answer::There(applied)) => {
                    taken.extend(applied.attachment.iter().map(|file| file.id.clone()));
                    host.metrics.recognised.inc();
                    host.metrics.written.inc();
                    row.state = EffectState::Done;
                    let created = settle::created(&applied);
                    row.item = row.item.or(created.map(|created| created.item.id));
                    row.settled = row.planned.unsettled().is_none();
                    found.push((row.clone(), Some(applied)));
                }
                Ok(Answer::NotThere) => {
                    row.state = EffectState::Failed {
                        cause: "lost".to_owned(),
                        sentence: "the request never arrived".to_owned(),
                    };
                    row.settled = true;
                    found.push((row.clone(), None));
                }
                Ok(Answer::Wait(until)) => wait = wait.max(Some(until)),
                Err(why) => {
                    trouble.get_or_insert(why);
                }
            }
        }
        if row.state == EffectState::Done {
            unsettled.get_mut(side).extend(row.planned.unsettled());
        }
    }
    // What is known is stored also when the rest is not: the other twins of the cluster see it.
    if !found.is_empty() {
        store(host, context, found, marks).await?;
    }
    match (trouble, wait) {
        (Some(trouble), _) => Err(trouble),
        (None, Some(until)) => Ok(Resolved::Wait(until)),
        (None, None) => Ok(Resolved::Known(unsettled)),
    }
}

enum Answer {
    There(Box<Applied>),
    NotThere,
    Wait(Timestamp),
}

async fn ask(
    host: &Arc<Inner>,
    node: &Node,
    context: &Context,
    row: &EffectRow,
    taken: &[String],
) -> Result<Answer, Trouble> {
    let settle = node.tracker().capabilities().settle;
    let settled_at = row.ended_at.unwrap_or(host.started).plus(settle);
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let began = row.started_at.unwrap_or(row.intended_at);
    let since = Timestamp::from_millis(began.as_millis().saturating_add(skew_ms));
    // Asked before the answer is judged: a write that arrives in between is seen the next time, not missed.
    let asked_at = host.env.now();
    let answer = node
        .request(node.tracker().recognise(&row.planned.effect, since))
        .await;
    let mut answer = answer.map_err(|error| Trouble::of(node.name(), error))?;
    if let Recognised::Files(found) = answer {
        answer = match unclaimed_of(context, row, found, taken) {
            Some(file) => Recognised::There(Box::new(Applied {
                attachment: Some(Box::new(file)),
                ..Applied::default()
            })),
            None => Recognised::NotThere,
        };
    }
    if let Recognised::There(applied) = &answer {
        if is_nameless(&row.planned.effect, applied) {
            let reason = format!("{} does not say which one it is", node.name());
            return Err(Trouble::Quarantine(Cause::Unclear { reason }));
        }
        if is_older(context, row, applied) {
            answer = Recognised::NotThere;
        }
    }
    match answer {
        Recognised::There(applied) => Ok(Answer::There(applied)),
        Recognised::NotThere if asked_at >= settled_at => Ok(Answer::NotThere),
        Recognised::NotThere => Ok(Answer::Wait(settled_at)),
        // Until then the item may still come to be made, with its marker.
        Recognised::Alike(_) if asked_at < settled_at => Ok(Answer::Wait(settled_at)),
        Recognised::Alike(alike) => {
            let only = likeness::only(host, row, alike).await?;
            Ok(only.map_or(Answer::NotThere, Answer::There))
        }
        Recognised::Unclear { reason } => Err(Trouble::Quarantine(Cause::Unclear { reason })),
        Recognised::Files(_) => unreachable!("one of them was taken, or none"),
    }
}

/// The file among those of our account that no link and no other effect claims.
fn unclaimed_of(
    context: &Context,
    row: &EffectRow,
    found: Vec<Attachment>,
    taken: &[String],
) -> Option<Attachment> {
    let item = context.item(row.planned.side)?;
    attachments::unclaimed(found, &context.attachments, &item, taken)
}

/// Whether what was recognised is not what was to be added but one that is linked already: the same original's mirror in
/// another channel, which carries the same marker and was to be deleted first; the copy of a file that was made before.
fn is_older(context: &Context, row: &EffectRow, applied: &Applied) -> bool {
    let item = context.item(row.planned.side);
    match (&row.planned.effect, &applied.comment, &applied.attachment) {
        (Effect::AddComment { .. }, Some(found), _) => {
            let mut links = context.comments.iter();
            links.any(|link| item.as_ref() == Some(&link.item) && link.comment == found.id)
        }
        (Effect::AddAttachment { .. }, _, Some(found)) => {
            let mut links = context.attachments.iter();
            links.any(|link| item.as_ref() == Some(&link.item) && link.attachment == found.id)
        }
        _ => false,
    }
}

/// The directory entry of a created item that was found.
fn created_row(
    host: &Inner,
    context: &Context,
    applied: &Applied,
    scope: &Scope,
) -> Option<ItemRow> {
    let now = host.env.now();
    let whole = applied.item.as_ref();
    if let Some(item) = whole {
        return Some(item_row(item, &context.twin, now));
    }
    let (reference, root) = (applied.created.clone()?, context.twin.root.clone());
    Some(ring::created_row(reference, scope.clone(), root, now))
}

/// The link of a write that was intended before its cluster was joined to another, or before its items were moved.
fn as_of_now(context: &Context, side: Side, mut link: CommentLink) -> CommentLink {
    link.root = context.twin.root.clone();
    if let Some(item) = context.item(side) {
        link.item = item;
    }
    if let Some(parent) = context.item(side.other()) {
        if link.origin.item == link.parent {
            link.origin.item = parent.clone();
        }
        link.parent = parent;
    }
    link
}

/// The same of a file's copy.
fn file_as_of_now(context: &Context, side: Side, mut link: AttachmentLink) -> AttachmentLink {
    link.root = context.twin.root.clone();
    if let Some(item) = context.item(side) {
        link.item = item;
    }
    if let Some(parent) = context.item(side.other()) {
        if link.origin.item == link.parent {
            link.origin.item = parent.clone();
        }
        link.parent = parent;
    }
    link
}

/// Stores what was found: the created item becomes the twin's, comments and files become links.
async fn store(
    host: &Arc<Inner>,
    context: &mut Context,
    found: Vec<(EffectRow, Option<Box<Applied>>)>,
    marks: &[Mark],
) -> Result<(), Trouble> {
    let known = context.twin.clone();
    let mut links: Vec<CommentLink> = Vec::new();
    let mut files: Vec<AttachmentLink> = Vec::new();
    let mut created: Option<(Side, ItemRow)> = None;
    for (row, applied) in &found {
        let Some(applied) = applied else { continue };
        if let Some(step) = &row.planned.comment {
            let named = applied.comment.as_ref().map(|comment| comment.id.as_str());
            let settled = step.settled(named).into_iter();
            links.extend(settled.map(|link| as_of_now(context, row.planned.side, link)));
        }
        if let Some(step) = &row.planned.attachment {
            let named = applied.attachment.as_ref().map(|file| file.id.as_str());
            let settled = step.settled(named, applied.refused.as_ref());
            files.extend(settled.map(|link| file_as_of_now(context, row.planned.side, link)));
        }
        if let Some(scope) = row.planned.effect.created_in() {
            let found = created_row(host, context, applied, scope);
            created = found.map(|found| (row.planned.side, found));
        }
    }
    if let Some((side, row)) = &created {
        *context.twin.ids.get_mut(*side) = Some(row.reference.item.id.clone());
        context.twin.state = TwinState::Live;
        context.twin.state_since = host.env.now();
        host.metrics.twins_created.inc();
    }
    let rows: Vec<EffectRow> = found.into_iter().map(|(row, _)| row).collect();
    let history = told(host, context, &rows, created.as_ref(), marks);
    let step = Step {
        known,
        history,
        twin: context.twin.clone(),
        effects: rows.clone(),
        comments: links.clone(),
        attachments: files.clone(),
        created: created.map(|(_, row)| row),
    };
    let shared = Arc::clone(host);
    let marked = host
        .store
        .write(move |tx| step.write(&shared, tx, shared.env.now()))
        .await?;
    scheduler::clear(host, marked.announce(host))?;
    for link in links {
        context.comments.retain(|old| !old.is_of_same_place(&link));
        context.comments.push(link);
    }
    for link in files {
        context
            .attachments
            .retain(|old| !old.is_of_same_place(&link));
        context.attachments.push(link);
    }
    for row in rows {
        if let Some(open) = context.open.iter_mut().find(|open| open.id == row.id) {
            *open = row;
        }
    }
    context.open.retain(|row| !row.settled);
    Ok(())
}

/// Tells those who listen of what has arrived after all; its history.
fn told(
    host: &Inner,
    context: &Context,
    rows: &[EffectRow],
    created: Option<&(Side, ItemRow)>,
    marks: &[Mark],
) -> Vec<HistoryEntry> {
    let names = named(host, context, created);
    let done = |row: &&EffectRow| row.state == EffectState::Done;
    let mut history = Vec::new();
    for row in rows.iter().filter(done) {
        // When it arrived nobody has seen.
        history.extend(settle::written(
            &context.twin,
            row,
            marks,
            None,
            host.env.now(),
        ));
        settle::tell_written(host, &context.twin, row, names.clone(), None);
    }
    history
}

/// What was found, as rows.
struct Step {
    /// The twin as the job knew it.
    known: Twin,
    /// The twin with what was found.
    twin: Twin,
    effects: Vec<EffectRow>,
    history: Vec<HistoryEntry>,
    comments: Vec<CommentLink>,
    attachments: Vec<AttachmentLink>,
    created: Option<ItemRow>,
}

/// What people call the twin's items.
fn named(host: &Inner, context: &Context, created: Option<&(Side, ItemRow)>) -> Sides<String> {
    Sides::from_fn(|side| {
        let new = created.filter(|(at, _)| *at == side).map(|(_, row)| row);
        let row = new.or(context.items.get(side).as_ref());
        let node = context.twin.nodes.get(side);
        settle::name_of(host, node, row.map(|row| &row.reference))
    })
}

impl Step {
    fn write(
        mut self,
        host: &Inner,
        tx: &HostTx<'_>,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        let stored = tx
            .twin(&self.known.link)?
            .expect("a twin's row is never removed");
        let (comments, attachments) = (&mut self.comments, &mut self.attachments);
        meanwhile::fit(&stored, &mut self.effects, (comments, attachments));
        let twin = meanwhile::merged(&self.known, self.twin, stored);
        tx.put_twin(&twin)?;
        for row in &self.effects {
            tx.put_effect(row)?;
        }
        for entry in &self.history {
            tx.append_history(entry)?;
        }
        for link in &self.comments {
            tx.put_comment_link(link)?;
        }
        for link in &self.attachments {
            tx.put_attachment_link(link)?;
        }
        // What has arrived after all is news for the other twins of the written item, as any write is.
        let done = self.effects.iter();
        let done = done.filter(|row| row.state == EffectState::Done);
        let arrived = done.filter_map(|row| row.planned.effect.item().cloned());
        let mut hints: Vec<Hint> = arrived
            .map(|item| Hint::now(item, Lane::Live, "cluster", now))
            .collect();
        let mut grown = None;
        if let Some(row) = self.created {
            // It may have been looked at already, as an item like any other; from now on it is the cluster's, unless the
            // twin has ended meanwhile.
            let root = is_alive(&twin).then_some(&twin.root);
            let item = row.reference.item.clone();
            if tx.item(&item)?.is_some() {
                tx.set_item_root(&item, root)?;
            } else {
                let root = root.cloned();
                tx.put_item(&ItemRow { root, ..row })?;
            }
            if let Some(root) = root {
                hints.extend(ring::hints(host, tx, root, &item, now)?);
                grown = Some(root.clone());
            }
        }
        let marked = dirty::mark(host, tx, &hints)?;
        Ok(match grown {
            // Whose work it was is not known any more; only what was under way at a crash is found so.
            Some(root) => marked.grown(&root, Lane::Live),
            None => marked,
        })
    }
}
