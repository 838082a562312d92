//! Writing comments.

use super::JsonHttp;
use super::change::unseen;
use super::client::{self, Slots};
use super::decode::native_comment;
use super::description::{CHANNEL_INTERNAL, CommentWrite, Comments, Path};
use super::text;
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use http::StatusCode;
use serde_json::{Value as Json, json};
use twinline_core::effect::Applied;
use twinline_core::item::{Comment, ItemId};
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;

impl JsonHttp {
    pub(super) async fn add_comment(
        &self,
        item: &ItemId,
        channel: &str,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let refused = |why: String| client::refused(&self.description, Impossible::request(why));
        self.capabilities.check_channel(channel).map_err(refused)?;
        let of = self.model().comments.as_ref();
        let pair = of.and_then(|of| Some((of, of.add.as_ref()?)));
        let (of, add) = pair.ok_or_else(|| refused(self.cannot("takes no comments")))?;
        let slots = Slots::default().with("id", item.id.as_str());
        let mut comment = self.worded(of, add, &slots, body, marker);
        if let Some(place) = &of.channel {
            let says = match channel == CHANNEL_INTERNAL {
                true => &place.internal,
                false => &place.public,
            };
            place.path.put(&mut comment, says.clone());
        }
        let reply = self
            .client
            .send(sent(add, &slots, comment).cost(Cost::Create))
            .await?;
        let written = self.shown(of, &reply, &add.item, &item.id);
        let written = match written {
            Some(written) => written,
            None => self.written(&item.id, marker).await?,
        };
        if written.channel != channel {
            self.take_back(item, &written).await?;
            return Err(refused(format!(
                "{} made a comment for '{}' of one for '{channel}': it was taken back at once",
                self.name(),
                written.channel
            )));
        }
        Ok(Applied {
            comment: Some(Box::new(written)),
            ..Applied::default()
        })
    }

    /// Replaces a comment's text. One that was removed in the meantime asks for a new plan.
    pub(super) async fn edit_comment(
        &self,
        item: &ItemId,
        comment: &str,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let of = self.model().comments.as_ref();
        let pair = of.and_then(|of| Some((of, of.edit.as_ref()?)));
        let (of, edit) = pair.ok_or_else(|| {
            client::refused(
                &self.description,
                Impossible::request(self.cannot("edits no comments")),
            )
        })?;
        let native = native_comment(of, comment);
        let slots = Slots::default()
            .with("id", item.id.as_str())
            .with("comment", native);
        let worded = self.worded(of, edit, &slots, body, marker);
        let gone = [StatusCode::NOT_FOUND, StatusCode::GONE];
        let call = sent(edit, &slots, worded).cost(Cost::Write).accept(&gone);
        let reply = self.client.send(call).await?;
        if gone.contains(&reply.status) {
            return Err(TrackerError::Changed);
        }
        let written = self.shown(of, &reply, &edit.item, &item.id);
        Ok(Applied {
            comment: written.map(Box::new),
            ..Applied::default()
        })
    }

    pub(super) async fn delete_comment(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Applied, TrackerError> {
        let of = self.model().comments.as_ref();
        let pair = of.and_then(|of| Some((of, of.delete.as_ref()?)));
        let (of, delete) = pair.ok_or_else(|| {
            client::refused(
                &self.description,
                Impossible::request(self.cannot("deletes no comments")),
            )
        })?;
        let native = native_comment(of, comment);
        let slots = Slots::default()
            .with("id", item.id.as_str())
            .with("comment", native);
        let call = Call::delete(slots.path(&delete.path));
        let gone = [StatusCode::NOT_FOUND, StatusCode::GONE];
        self.client
            .send(call.accept(&gone))
            .await
            .map(|_| Applied::default())
    }

    /// Removes a comment of ours that more may read than were to.
    async fn take_back(&self, item: &ItemId, written: &Comment) -> Result<(), TrackerError> {
        let taken = self.delete_comment(item, &written.id).await;
        taken.map(drop).map_err(|error| match error {
            TrackerError::Refused { sentence, .. } => client::refused(
                &self.description,
                Impossible::request(format!(
                    "comment {} of item {} is for '{}' and could not be taken back ({sentence}): remove it by hand",
                    written.id, item.id, written.channel
                )),
            ),
            other => connector::half_done(other),
        })
    }

    fn cannot(&self, what: &str) -> String {
        format!("{} {what}, by its description", self.name())
    }

    /// A comment as it is written, but for its channel.
    fn worded(
        &self,
        of: &Comments,
        write: &CommentWrite,
        slots: &Slots,
        body: &Document,
        marker: &Marker,
    ) -> Json {
        let texts = self.model().texts;
        let mut comment = json!({});
        for (path, template) in &write.set {
            let value = template.fill(|name| slots.get(name)).unwrap_or_default();
            let is_item = template.only_slot() == Some("id");
            let number = value
                .parse::<i64>()
                .ok()
                .filter(|_| is_item && self.model().item.numeric);
            path.put(
                &mut comment,
                number.map_or_else(|| json!(value), |number| json!(number)),
            );
        }
        let in_text = text::holds_marker(of.marker.as_ref()).then_some(marker);
        let words = text::join(texts, &text::write(texts, body), in_text);
        of.text.put(&mut comment, json!(words));
        if let Some(path) = of.marker.as_ref().and_then(|place| place.path.as_ref()) {
            path.put(&mut comment, json!(marker.to_string()));
        }
        comment
    }

    /// The comment that an answer shows; `None`: it shows none.
    fn shown(&self, of: &Comments, reply: &Reply, path: &Path, item: &str) -> Option<Comment> {
        let body: Json = serde_json::from_slice(&reply.body).ok()?;
        self.reader().comment(of, item, path.of(&body)?).ok()
    }

    /// The comment with a marker, after its write: the newest, since a person may have copied the source of one of ours.
    async fn written(&self, item: &str, marker: &Marker) -> Result<Comment, TrackerError> {
        let comments = self.comments(item).await.map_err(unseen)?;
        let ours = comments
            .into_iter()
            .rev()
            .find(|comment| comment.marker.as_ref() == Some(marker));
        ours.ok_or_else(|| TrackerError::Unknown {
            reason: format!("{} took a comment and does not show it", self.name()),
        })
    }
}

fn sent(write: &CommentWrite, slots: &Slots, comment: Json) -> Call {
    let mut body = json!({});
    write.body.put(&mut body, comment);
    client::write(write.method, slots.path(&write.path)).json(&body)
}
