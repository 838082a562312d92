//! Who changed which field when: the events. GitHub keeps none for the text.

use super::address::Address;
use super::client::PAGE_ITEMS;
use super::{GitHub, MILESTONE, client, decode, wire};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use twinline_core::effect::FieldChange;
use twinline_core::item::field;
use twinline_core::time::Timestamp;

/// Fields whose changes are events.
pub(super) const FIELDS: [&str; 7] = [
    field::SUMMARY,
    field::STATUS,
    field::LABELS,
    field::ASSIGNEE,
    field::ASSIGNEES,
    field::TYPE,
    MILESTONE,
];

/// Pages that are read back from the newest, at most.
const PAGES_MAX: usize = 20;

/// The fields that an event changes.
fn changes(event: &str) -> &'static [&'static str] {
    match event {
        "renamed" => &[field::SUMMARY],
        "closed" | "reopened" => &[field::STATUS],
        "labeled" | "unlabeled" => &[field::LABELS],
        "assigned" | "unassigned" => &[field::ASSIGNEES, field::ASSIGNEE],
        "milestoned" | "demilestoned" => &[MILESTONE],
        "issue_type_added" | "issue_type_changed" | "issue_type_removed" | "typed" | "untyped" => {
            &[field::TYPE]
        }
        _ => &[],
    }
}

impl GitHub {
    /// The changes since an instant, oldest first. Events are listed oldest first, so pages are read from the last one
    /// back.
    pub(super) async fn history(
        &self,
        address: &Address,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        let since = since.floor_to_second();
        let call = Call::get(address.path("/events")).query("per_page", PAGE_ITEMS.to_string());
        let first = self.client.send(call).await?;
        client::here(&first)?;
        let mut pages: Vec<Vec<wire::Event>> = Vec::new();
        let mut at = first.link("last");
        while let Some(url) = at {
            if pages.len() == PAGES_MAX {
                return Ok(field_changes(pages, since));
            }
            let reply: Reply = self.client.send(Call::get(url)).await?;
            let events: Vec<wire::Event> = reply.json()?;
            let older = events.first().is_some_and(|first| first.created_at < since);
            pages.push(events);
            if older {
                return Ok(field_changes(pages, since));
            }
            // The first page is at hand already.
            at = reply
                .link("prev")
                .filter(|_| reply.link("prev") != reply.link("first"));
        }
        pages.push(first.json()?);
        Ok(field_changes(pages, since))
    }
}

/// What pages of events, newest page first, say of fields.
fn field_changes(pages: Vec<Vec<wire::Event>>, since: Timestamp) -> Vec<FieldChange> {
    let events = pages.into_iter().rev().flatten();
    let recent = events.filter(|event| event.created_at >= since);
    recent
        .flat_map(|event| {
            let by = event.actor.as_ref().map(decode::user);
            let by = by.map_or_else(|| "ghost".to_owned(), |user| user.id);
            changes(&event.event).iter().map(move |name| FieldChange {
                field: (*name).into(),
                at: event.created_at,
                by: by.clone(),
            })
        })
        .collect()
}
