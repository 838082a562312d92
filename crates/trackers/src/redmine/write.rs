//! Making a write. Redmine answers an update with nothing and drops what its workflow forbids without a word, so every
//! update is followed by a look.

use super::encode::{self, Writes};
use super::text::Notation;
use super::{Redmine, client, decode, text, wire};
use crate::error::TrackerError;
use crate::files;
use crate::http::{Call, Cost};
use crate::tracker::Scope;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;

impl Redmine {
    /// Makes one write.
    pub(super) async fn write(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.create(scope, fields, marker).await,
            Effect::Update { item, fields, .. } => self.update(item, fields).await,
            Effect::Mark { item, marker } => self.mark(item, marker).await,
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                let notation = self.notation();
                let notes = notation.join(&notation.write(body), Some(marker));
                self.add_comment(item, channel, &notes, marker).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                marker,
            } => {
                let notation = self.notation();
                let notes = notation.join(&notation.write(body), Some(marker));
                self.put_notes(item, comment, &notes).await
            }
            // Empty notes remove them; Redmine keeps the entry only if it also records changes.
            Effect::DeleteComment { item, comment } => self.put_notes(item, comment, "").await,
            Effect::AddAttachment { .. } => Err(files::without_bytes(super::TRACKER)),
            Effect::DeleteAttachment { attachment, .. } => self.detach(attachment).await,
            Effect::Delete { item } => {
                let call = Call::delete(format!("/issues/{}.json", item.id));
                self.client.send(call).await.map(|_| Applied::default())
            }
        }
    }

    async fn create(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let wanted: BTreeMap<FieldName, FieldWrite> = fields
            .iter()
            .map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())))
            .collect();
        let resolved = self.resolve(super::project(scope)?, &wanted).await?;
        let mut writes = Writes::of(&resolved.fields, &BTreeMap::new(), self.notation())
            .map_err(client::refused)?;
        writes.description = Some(self.notation().join(
            writes.description.as_deref().unwrap_or_default(),
            Some(marker),
        ));
        writes
            .issue
            .insert("project_id".to_owned(), super::project(scope)?.into());
        if let Some(id) = self.tracker_id(scope).await? {
            writes.issue.insert("tracker_id".to_owned(), id.into());
        }
        let call = |body: &Json| Call::post("/issues.json").json(body);
        let (reply, unassigned) = self.send_fields(&mut writes, true, call).await?;
        let issue = reply.json::<wire::One>()?.issue;
        let mut waived = dropped(
            &resolved.fields,
            &BTreeMap::new(),
            &decode::fields(&issue, self.notation()),
            self.notation(),
        );
        waived.extend(writes.waived);
        waived.extend(resolved.waived);
        waived.extend(unassigned);
        Ok(Applied {
            created: Some(self.reference(issue.id)),
            version: Some(decode::version(issue.updated_on)),
            waived,
            ..Applied::default()
        })
    }

    async fn update(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Applied, TrackerError> {
        let before = client::issue_here(&self.client, &item.id).await?;
        let held = decode::fields(&before, self.notation());
        let project = self.identifier(before.project.id).await?;
        let resolved = self.resolve(&project, fields).await?;
        let mut writes =
            Writes::of(&resolved.fields, &held, self.notation()).map_err(client::refused)?;
        writes.waived.extend(resolved.waived);
        if let Some(description) = writes.description.take() {
            let (_, marker) = text::split(before.description.as_deref().unwrap_or_default());
            writes.description = Some(self.notation().join(&description, marker.as_ref()));
        }
        if writes.is_empty() {
            return Ok(Applied {
                waived: writes.waived,
                ..Applied::default()
            });
        }
        let permit = self
            .client
            .reserve(&[Cost::Write, Cost::Read], None)
            .await?;
        let path = format!("/issues/{}.json", item.id);
        let call = |body: &Json| Call::put(path.clone()).json(body).prepaid(&permit);
        let (_, unassigned) = self.send_fields(&mut writes, false, call).await?;
        let after = self.look(item).await?;
        let mut waived = dropped(&resolved.fields, &held, &after.fields, self.notation());
        waived.extend(writes.waived);
        waived.extend(unassigned);
        Ok(Applied {
            version: Some(after.version.clone()),
            item: Some(Box::new(after)),
            waived,
            ..Applied::default()
        })
    }

    async fn mark(&self, item: &ItemId, marker: &Marker) -> Result<Applied, TrackerError> {
        let before = client::issue_here(&self.client, &item.id).await?;
        let (present, _) = text::split(before.description.as_deref().unwrap_or_default());
        let body =
            json!({ "issue": { "description": self.notation().join(&present, Some(marker)) } });
        self.client
            .send(Call::put(format!("/issues/{}.json", item.id)).json(&body))
            .await?;
        let after = self.look(item).await?;
        Ok(Applied {
            version: Some(after.version.clone()),
            item: Some(Box::new(after)),
            ..Applied::default()
        })
    }

    /// Replaces a comment's text. One that was removed in the meantime asks for a new plan.
    pub(super) async fn put_notes(
        &self,
        item: &ItemId,
        comment: &str,
        notes: &str,
    ) -> Result<Applied, TrackerError> {
        let before = client::issue_here(&self.client, &item.id).await?;
        let there = before
            .journals
            .iter()
            .flatten()
            .filter_map(|journal| decode::comment(journal, self.notation()))
            .any(|found| found.id == comment);
        if !there {
            return if notes.is_empty() {
                Ok(Applied::default())
            } else {
                Err(TrackerError::Changed)
            };
        }
        let body = json!({ "journal": { "notes": notes } });
        self.client
            .send(Call::put(format!("/journals/{comment}.json")).json(&body))
            .await?;
        let after = self.look(item).await?;
        let written = after
            .comments
            .iter()
            .flatten()
            .find(|found| found.id == comment)
            .cloned();
        Ok(Applied {
            comment: written.map(Box::new),
            version: Some(after.version.clone()),
            item: Some(Box::new(after)),
            ..Applied::default()
        })
    }

    /// The issue after a write. When it cannot be read the write's outcome is unknown: `recognise` looks again.
    pub(super) async fn look(
        &self,
        item: &ItemId,
    ) -> Result<twinline_core::item::Item, TrackerError> {
        let lost = |error: TrackerError| TrackerError::Unknown {
            reason: format!("written, but not seen: {error}"),
        };
        let issue = client::issue_here(&self.client, &item.id)
            .await
            .map_err(lost)?;
        self.item(&issue).await.map_err(lost)
    }
}

/// Fields that Redmine left as they were: its workflow, permissions and field settings forbid without a word.
fn dropped(
    fields: &BTreeMap<FieldName, FieldWrite>,
    held: &BTreeMap<FieldName, Value>,
    shown: &BTreeMap<FieldName, Value>,
    notation: Notation,
) -> BTreeMap<FieldName, String> {
    let mut dropped = BTreeMap::new();
    for (name, write) in fields {
        let wanted = encode::normalise(name, &encode::after(write, held.get(name)), notation);
        // Texts are compared by the plan: a person may have changed them since.
        let compared = !matches!(name.as_str(), field::SUMMARY | field::DESCRIPTION);
        let kept = shown.get(name).unwrap_or(&Value::Empty);
        if compared && *kept != wanted && (held.get(name) == Some(kept) || held.is_empty()) {
            let why = format!(
                "Redmine left {name} as it was: the workflow or the permissions of this account do not allow the change"
            );
            dropped.insert(name.clone(), why);
        }
    }
    dropped
}
