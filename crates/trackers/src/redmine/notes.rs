//! Adding a note to an issue: public, or private and then never anything else.
//!
//! `private_notes` is an attribute that Redmine drops without a word where the account lacks the permission to set it
//! (`Issue#safe_attributes`): the note is then public. So the permission is asked for first, and what was written is looked
//! at.

use super::{CHANNEL_PRIVATE, Redmine, client, decode, wire};
use crate::connector::{Impossible, half_done};
use crate::error::TrackerError;
use crate::http::{Call, Cost};
use serde_json::json;
use twinline_core::effect::Applied;
use twinline_core::item::{Comment, ItemId};
use twinline_core::marker::Marker;

/// What a person has to do about a note that would be public.
const MISSING: &str = "this account lacks the permission \"Set notes as private\" in the project, \
                       without which Redmine publishes a private note";

impl Redmine {
    /// Adds a comment whose text carries its marker.
    pub(super) async fn add_comment(
        &self,
        item: &ItemId,
        channel: &str,
        notes: &str,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        self.capabilities
            .check_channel(channel)
            .map_err(|why| client::refused(Impossible::request(why)))?;
        let private = channel == CHANNEL_PRIVATE;
        if private {
            self.can_be_private(item, marker).await?;
        }
        let body = json!({ "issue": { "notes": notes, "private_notes": private } });
        let call = Call::put(format!("/issues/{}.json", item.id))
            .cost(Cost::Create)
            .json(&body);
        self.client.send(call).await?;
        let after = self.look(item).await?;
        let shown = after.comments.iter().flatten();
        let marked = shown.filter(|comment| comment.marker.as_ref() == Some(marker));
        // The newest: a person may have copied the source of a note of ours into an older one, its marker included.
        let written = marked.max_by_key(|comment| comment.id.parse::<u64>().ok());
        let written: Comment = written.cloned().ok_or_else(|| TrackerError::Unknown {
            reason: "Redmine took a comment and does not show it".to_owned(),
        })?;
        if written.channel != channel {
            self.take_back(item, &written.id).await?;
            return Err(refused(&format!("{MISSING}: it was taken back at once")));
        }
        Ok(Applied {
            comment: Some(Box::new(written)),
            version: Some(after.version.clone()),
            item: Some(Box::new(after)),
            ..Applied::default()
        })
    }

    /// Refuses a note that would not be private. One with this marker that is public all the same, since the answer to an
    /// earlier attempt was lost, is taken back first.
    async fn can_be_private(&self, item: &ItemId, marker: &Marker) -> Result<(), TrackerError> {
        let issue = client::issue_here(&self.client, &item.id).await?;
        let shown = issue.journals.iter().flatten();
        let shown = shown.filter_map(|journal| decode::comment(journal, self.notation()));
        let public = shown.filter(|comment| comment.marker.as_ref() == Some(marker));
        let public: Vec<Comment> = public
            .filter(|comment| comment.channel != CHANNEL_PRIVATE)
            .collect();
        if !public.is_empty() {
            let call = Call::get("/users/current.json");
            let current: wire::CurrentUser = self.client.send(call).await?.json()?;
            let us = decode::account(&current.user).id;
            // A person may have copied the source of a note of ours, its marker included.
            for ours in public.iter().filter(|comment| comment.author.id == us) {
                self.take_back(item, &ours.id).await?;
            }
        }
        if self.writes_private_notes(issue.project.id).await? {
            return Ok(());
        }
        Err(refused(&format!("{MISSING}: nothing was written")))
    }

    /// Removes a note of ours that became public.
    async fn take_back(&self, item: &ItemId, comment: &str) -> Result<(), TrackerError> {
        let taken = self.put_notes(item, comment, "").await;
        taken.map(drop).map_err(|error| match error {
            TrackerError::Refused { sentence, .. } => refused(&format!(
                "{MISSING}, and does not let it take note {comment} of issue #{} back ({sentence}): remove it by hand",
                item.id
            )),
            // The note is there: made again it would be there twice.
            other => half_done(other),
        })
    }
}

fn refused(why: &str) -> TrackerError {
    client::refused(Impossible::request(why))
}
