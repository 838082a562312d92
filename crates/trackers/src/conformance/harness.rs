//! What the suite needs of a tracker under test.

use super::meddler::Meddler;
use super::{Miss, Outcome, ensure};
use crate::tracker::{Scope, Tracker, Webhook};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect};
use twinline_core::item::{Comment, Fetched, Item, ItemId, User, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// A tracker under test.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The connector, whose requests go through [`Harness::meddler`].
    fn tracker(&self) -> &dyn Tracker;

    /// The connector's webhook reader; `None` where the tracker is polled.
    fn webhook(&self) -> Option<&dyn Webhook>;

    /// The hand on the wire.
    fn meddler(&self) -> &Meddler;

    /// Where items are made.
    fn scope(&self) -> Scope;

    /// A trigger that every open item of the scope matches and no closed one does.
    fn open_trigger(&self) -> String;

    /// A trigger that the tracker does not understand, and the part that the error must name.
    fn bad_trigger(&self) -> (String, String);

    /// Fields that a create needs besides the summary.
    fn required_fields(&self) -> BTreeMap<FieldName, Value>;

    /// How many comments or items make more than one page.
    fn many(&self) -> usize;

    /// Whether the tracker tells a deleted item from an unreachable one.
    fn tells_deletion(&self) -> bool;

    /// The answer of this tracker to a caller who is too fast, who may come back after so many seconds.
    fn too_fast(&self, retry_after_s: u64) -> http::Response<Bytes>;

    /// Our clock.
    fn now(&self) -> Timestamp;

    /// Lets time pass.
    async fn pass(&self, time: Duration);

    /// Called before each check: lets rate limits recover.
    async fn next_check(&self) {}

    /// Does something as a person would, past the connector. `Err` with a reason when this tracker cannot.
    async fn act(&self, act: Act) -> Result<Acted, String>;

    /// Sets a webhook up as a person does, where the connector only says how. `Err` with a reason when that cannot be done
    /// here.
    async fn set_up_webhook(&self, _url: &str, _secret: &str) -> Result<(), String> {
        Err("nobody is here to set a webhook up by hand".to_owned())
    }

    /// Somebody whom the tracker knows and does not let be assigned in the scope; `None`: there is nobody.
    fn unassignable(&self) -> Option<User> {
        None
    }

    /// The webhooks that the tracker has sent to `url` since the last call.
    async fn deliveries(&self, url: &str) -> Vec<http::Request<Bytes>>;
}

/// What a person does. `key` is the item's human key.
#[derive(Clone, Debug)]
pub enum Act {
    /// Creates an item in the scope.
    Create {
        /// The title.
        title: String,
    },
    /// Changes the title.
    Retitle {
        /// Which item.
        key: String,
        /// The new title.
        title: String,
    },
    /// Copies an item with all that lies in its description.
    Clone {
        /// Which item.
        key: String,
    },
    /// Replaces the description and everything that lies in it.
    Rewrite {
        /// Which item.
        key: String,
        /// The new text.
        text: String,
    },
    /// Sets the status by its id.
    SetStatus {
        /// Which item.
        key: String,
        /// The status.
        status: String,
    },
    /// Replaces the labels.
    SetLabels {
        /// Which item.
        key: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// Writes a public comment.
    Comment {
        /// On which item.
        key: String,
        /// The text.
        text: String,
    },
    /// Edits a comment.
    EditComment {
        /// On which item.
        key: String,
        /// Which comment.
        comment: String,
        /// The new text.
        text: String,
    },
    /// Leaves a comment to some of the item's readers, or gives it back to all of them. Our account stays one of them.
    SetInternal {
        /// On which item.
        key: String,
        /// Which comment.
        comment: String,
        /// Whether only some read it.
        internal: bool,
    },
    /// Takes a comment out of our account's sight, and leaves it where it is.
    HideComment {
        /// On which item.
        key: String,
        /// Which comment.
        comment: String,
    },
    /// Undoes [`Self::HideComment`].
    ShowComment {
        /// On which item.
        key: String,
        /// Which comment.
        comment: String,
    },
    /// Deletes a comment.
    DeleteComment {
        /// On which item.
        key: String,
        /// Which comment.
        comment: String,
    },
    /// Deletes an item for good.
    Delete {
        /// Which item.
        key: String,
    },
    /// Moves an item to another place that the connector's account can see.
    Move {
        /// Which item.
        key: String,
    },
    /// Takes our permission to see an item.
    Hide {
        /// Which item.
        key: String,
        /// How the tracker answers then: 403 or 404.
        status: u16,
    },
    /// Gives it back.
    Show {
        /// Which item.
        key: String,
    },
}

/// What came of it: the key of the item or the id of the comment that was made; empty otherwise.
pub type Acted = String;

impl dyn Harness + '_ {
    /// Does something as a person would, or skips the check.
    pub(super) async fn person(&self, act: Act) -> Result<Acted, Miss> {
        self.act(act).await.map_err(Miss::Skipped)
    }

    /// A person creates an item; its id and key.
    pub(super) async fn item(&self, title: &str) -> Result<(ItemId, String), Miss> {
        let title = title.to_owned();
        let key = self.person(Act::Create { title }).await?;
        let found = self.tracker().find(&key).await?;
        let found = found.ok_or_else(|| Miss::Broken(format!("find({key}) found nothing")))?;
        ensure(found.key == key, || {
            format!("find({key}) found {}", found.key)
        })?;
        Ok((found.item, key))
    }

    /// The item as it is now.
    pub(super) async fn read(&self, item: &ItemId) -> Result<Item, Miss> {
        match self.tracker().fetch(item).await? {
            Fetched::Found(item) => Ok(*item),
            other => Err(Miss::Broken(format!("fetch({item}) gave {other:?}"))),
        }
    }

    /// Its comments.
    pub(super) async fn comments(&self, item: &ItemId) -> Result<Vec<Comment>, Miss> {
        let comments = self.read(item).await?.comments;
        comments.ok_or_else(|| Miss::Broken("fetch did not read the comments".to_owned()))
    }

    /// A create of an item.
    pub(super) fn create(&self, title: &str, marker: &Marker) -> Effect {
        let mut fields = self.required_fields();
        fields.insert(field::SUMMARY.into(), Value::text(title));
        fields.insert(
            field::DESCRIPTION.into(),
            Value::Rich(Document::from_plain("A text.")),
        );
        Effect::Create {
            scope: self.scope(),
            fields,
            marker: marker.clone(),
        }
    }

    /// The id of the item that a create made.
    pub(super) fn created(&self, applied: &Applied) -> Result<ItemId, Miss> {
        let made = applied.created.as_ref().map(|made| &made.item);
        let made = made.or(applied.item.as_ref().map(|item| &item.reference.item));
        made.cloned()
            .ok_or_else(|| Miss::Broken("a create did not tell what it made".to_owned()))
    }

    /// A comment of ours.
    pub(super) fn comment(&self, item: &ItemId, text: &str, marker: &Marker) -> Effect {
        let channels = &self.tracker().capabilities().channels;
        let public = channels.iter().find(|channel| !channel.internal);
        Effect::AddComment {
            item: item.clone(),
            channel: public
                .map(|channel| channel.name.clone())
                .unwrap_or_default(),
            body: Document::from_plain(text),
            marker: marker.clone(),
        }
    }

    /// Whether a field can be written to an item that is there.
    pub(super) async fn writes(&self, name: &str) -> Result<bool, Miss> {
        let offered = self.tracker().describe(&self.scope()).await?;
        let field = offered.fields.get(name);
        Ok(field.is_some_and(|field| field.writable))
    }

    /// Skips unless the scope has a field of this kind that can be written.
    pub(super) async fn has_field(&self, name: &str, kind: &str) -> Outcome {
        let offered = self.tracker().describe(&self.scope()).await?;
        let has = offered
            .fields
            .get(name)
            .is_some_and(|field| field.writable && field.kind == kind);
        super::needs(has, &format!("writable {kind} '{name}'"))
    }
}

/// A marker of its own for each check.
pub(super) fn marker(name: &str) -> Marker {
    Marker {
        root: format!("root{name}").as_str().into(),
        link: format!("link{name}").as_str().into(),
    }
}
