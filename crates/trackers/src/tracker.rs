//! The contract that every connector fulfils. `docs/specs/tracker.md` is its checklist; `conformance` its proof.

use crate::error::TrackerError;
use crate::files::{FileBody, Upload};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::capability::{Capabilities, ChangeKind};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::item::{
    Attachment, Choice, Fetched, Item, ItemId, ItemRef, User, Value, Version,
};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;

/// Where in a node: the tracker's scope keys and their values, `{repo: "acme/app"}`.
pub type Scope = BTreeMap<String, String>;

/// One tracker instance with credentials: a node, seen from the engine.
///
/// Every method bounds its own time; a caller needs no timeout of its own. No method retries: it says whether retrying
/// helps, and the engine decides.
#[async_trait]
pub trait Tracker: Send + Sync {
    /// What this tracker can do.
    fn capabilities(&self) -> &Capabilities;

    /// How long work that can wait should wait, so that what cannot finds room in the tracker's limits up to the end of
    /// their windows. Zero: not at all, or nothing is known of limits.
    fn spare(&self) -> Duration {
        Duration::ZERO
    }

    /// What each limit that is known leaves to work that can wait, now and later, as [`Tracker::spare`] lets it go on: how
    /// long such work takes is reckoned from it. Empty: nothing is known of limits.
    fn allowances(&self) -> Vec<Allowance> {
        Vec::new()
    }

    /// Checks credentials, the token's rights and clock skew; one plain sentence for each fault.
    async fn probe(&self) -> Result<Probe, TrackerError>;

    /// What keeps us from working in one place: permissions that our account lacks there, and our webhook at the address
    /// `webhook` when it is there and switched off or not taken. One plain sentence for each, saying what to do. A webhook
    /// that is missing is no fault: [`Self::subscribe`] registers it.
    async fn probe_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError>;

    /// How our webhook at this address stands at the tracker, for one scope. Looks only, and changes nothing.
    async fn subscription(&self, _: &Scope, _: &str) -> Result<Subscription, TrackerError> {
        Ok(Subscription::Hidden)
    }

    /// The types, fields, options, statuses and users of a scope: for `check`, `types` and the mapping editor.
    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError>;

    /// The whole item: all pages of comments, its marker. Strongly consistent.
    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError>;

    /// The item without its comments (`comments: None`), for a look soon after a whole one. Otherwise as
    /// [`Self::fetch`], but that it may leave out files (`attachments: None`) too. Worth having of its own where comments are
    /// listed by requests of their own.
    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let mut fetched = self.fetch(item).await?;
        if let Fetched::Found(found) = &mut fetched {
            found.comments = None;
        }
        Ok(fetched)
    }

    /// The item that a person calls `key` (`acme/app#12`, `PROJ-7`, `#31`): for links given as pairs of keys. `None`
    /// when the tracker shows no such item to us.
    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError>;

    /// One page of the items that match a native query within a scope: for backfill, previews and candidates.
    /// May lag behind the items by [`Capabilities::index_lag`]. A trigger that the tracker does not understand is
    /// [`TrackerError::Refused`] with a sentence that names the part.
    async fn query(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError>;

    /// As [`Self::query`], with the items whole but for their comments and attachments: for a look at many, which costs no
    /// request for each. They are as the query's index knows them. One that is gone meanwhile is left out.
    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError>;

    /// The change feed of one scope from a cursor on. Overlapping and resumable: it never loses an item on equal
    /// timestamps, and may repeat.
    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError>;

    /// Whether items match a trigger, exactly, where the tracker can say so without a lagging index.
    async fn matches(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError>;

    /// Whether a write with unknown outcome is there. `since` is when its attempt began, by our clock corrected for
    /// skew. For a create `scope` and marker are in the effect. Strongly consistent, or [`Recognised::Unclear`].
    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError>;

    /// Who changed which field when, newest last; empty where the tracker has no history.
    async fn field_history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError>;

    /// Opens a file of an item, from the byte `from` on where the tracker gives parts; the answer says where it begins.
    /// The bytes are asked for as they are wanted.
    async fn open_file(
        &self,
        _item: &ItemId,
        file: &Attachment,
        _from: u64,
    ) -> Result<FileBody, TrackerError> {
        Err(self.has_no_files(&file.name))
    }

    /// Makes the write [`Effect::AddAttachment`] with the file's bytes. After [`TrackerError::Unknown`] it may or may not
    /// have happened; what is refused for the file's size or type is [`TrackerError::Unfit`].
    async fn attach(&self, effect: &Effect, _file: Upload) -> Result<Applied, TrackerError> {
        let name = match effect {
            Effect::AddAttachment { file, .. } => file.name.as_str(),
            _ => "",
        };
        Err(self.has_no_files(name))
    }

    /// The error where a tracker keeps no files.
    fn has_no_files(&self, name: &str) -> TrackerError {
        TrackerError::Refused {
            tracker: self.capabilities().tracker.clone(),
            sentence: format!("it keeps no files, so not '{name}'"),
            field: None,
        }
    }

    /// Makes one write, but for [`Effect::AddAttachment`]. After [`TrackerError::Unknown`] it may or may not have happened.
    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError>;

    /// Registers (or renews, or repairs) the node's webhook at `url`. Where only a person can, the answer says how.
    async fn subscribe(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError>;

    /// Removes the node's webhook at `url`.
    async fn unsubscribe(&self, scope: &Scope, url: &str) -> Result<(), TrackerError>;

    /// The value that the tracker would give back after `value` was written to `field` of an item in `scope`: trimmed, cut,
    /// re-encoded. Asks nobody: it may use what was learnt when such an item was read. The plan compares with this, so that
    /// a tracker's normalisation is no change.
    fn normalise(&self, scope: &Scope, field: &FieldName, value: &Value) -> Value;

    /// The fields of items in `scope` whose texts are in another notation than [`Capabilities::dialect`]. As
    /// [`Self::normalise`] it asks nobody.
    fn dialects(&self, _: &Scope) -> BTreeMap<FieldName, Dialect> {
        BTreeMap::new()
    }
}

/// The part of a connector that needs no credentials: telling a genuine webhook and reading it. Used by the edge.
pub trait Webhook: Send + Sync {
    /// Whether the signature is one of the body. Where the tracker only shows the secret itself, in a header, whoever
    /// knows it can say anything: TLS keeps it.
    fn signs_bodies(&self) -> bool {
        true
    }

    /// Whether there is a signature, or the secret, in these headers, whether or not it is genuine. What strangers send who do
    /// not know what is here has none.
    fn is_signed(&self, headers: &http::HeaderMap) -> bool;

    /// Whether a delivery tells that an item has left its scope; where none does, only the change feed tells.
    fn tells_moves(&self) -> bool {
        true
    }

    /// Checks the signature in constant time against each secret (two are valid while one rotates).
    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<(), crate::WebhookRejected>;

    /// The delivery's id, the same on a redelivery; `None` where the tracker sends none.
    fn delivery_id(&self, headers: &http::HeaderMap, body: &[u8]) -> Option<String>;

    /// What the delivery hints at. A genuine delivery about something else gives no notice and is no error.
    fn decode(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<Vec<Notice>, crate::WebhookRejected>;
}

/// A hint that an item is dirty. What the item is gets fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The tracker's id of the item (the `id` of an [`ItemId`]).
    pub item: String,
    /// What is said to have happened.
    pub kind: NoticeKind,
    /// Where the item lies, in scope keys, when the delivery says.
    pub scope: Scope,
    /// When it happened by the tracker's clock, when the delivery says.
    pub at: Option<Timestamp>,
    /// The item's version after it, when the delivery says: to one who has seen the item with this version it tells
    /// nothing new. Only for what changes the version.
    #[serde(default)]
    pub version: Option<Version>,
}

/// What a delivery says has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Created, or anything about it changed.
    Changed,
    /// A comment was added, edited or deleted.
    Commented,
    /// Positive evidence of deletion.
    Deleted,
    /// Transferred: the tracker's id of the item there, if known.
    Moved(Option<String>),
}

/// Whether a node works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Who we are there: the tracker's id and label of our account.
    pub account: Option<User>,
    /// The tracker's clock minus ours, in milliseconds.
    pub skew_ms: i64,
    /// The tracker's version, where it says.
    pub version: Option<String>,
    /// Faults, each one plain sentence saying what is wrong and what to do. Empty: all is well.
    pub faults: Vec<String>,
}

/// What a scope offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The fields by stable id.
    pub fields: BTreeMap<FieldName, FieldDescription>,
    /// The statuses, and which can be reached from which where there is a workflow.
    pub statuses: Vec<Status>,
    /// People who can be assigned.
    pub users: Vec<User>,
}

/// One field of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDescription {
    /// What people call it.
    pub name: String,
    /// `text`, `rich`, `number`, `bool`, `date`, `time`, `user`, `users`, `choice`, `choices`, `set`, `cascade`, `json`.
    pub kind: String,
    /// Whether a create needs it.
    pub required: bool,
    /// Whether it can be written.
    pub writable: bool,
    /// The options of a list.
    pub options: Vec<Choice>,
    /// The greatest length in characters.
    pub max_chars: Option<usize>,
}

/// One status of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The status.
    pub status: Choice,
    /// The ids of the statuses that a transition leads to from here; `None` where any status can be set.
    pub leads_to: Option<BTreeSet<String>>,
    /// Fields that every known way into it demands, and gives no value by itself; empty where nothing is known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub demands: BTreeSet<FieldName>,
    /// Whether it counts as done.
    pub closed: bool,
}

/// One page of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPage<T = Candidate> {
    /// The items, with the versions that the query's index knows.
    pub items: Vec<T>,
    /// The next page's token; `None` on the last.
    pub next: Option<String>,
    /// How many there are in all, where the tracker tells.
    pub total: Option<u64>,
    /// On a first page that is not the last, about how many there are in all, rather too many than too few, where the
    /// tracker tells no more.
    pub estimate: Option<u64>,
}

impl<T> ItemPage<T> {
    /// The same page of what `read` makes of each item.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn try_map<U, E>(self, read: impl FnMut(T) -> Result<U, E>) -> Result<ItemPage<U>, E> {
        Ok(ItemPage {
            items: self.items.into_iter().map(read).collect::<Result<_, _>>()?,
            next: self.next,
            total: self.total,
            estimate: self.estimate,
        })
    }
}

/// An item as a query or feed lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which item.
    pub reference: ItemRef,
    /// The version that the listing knows.
    pub version: Version,
    /// Its marker, when the listing shows it.
    pub marker: Option<Marker>,
}

/// A resumable place in a change feed; opaque to all but its connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Read changes from this instant on, by the tracker's clock (the engine has subtracted the overlap).
    pub since: Timestamp,
    /// The connector's own continuation within one sweep; `None` at its start.
    pub page: Option<String>,
}

/// One page of a change feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<FeedChange>,
    /// Where to go on; `None` when the feed's end was reached.
    pub next: Option<Cursor>,
    /// Every change of the covered kinds before this instant (the tracker's clock) has been listed once the feed's end
    /// is reached.
    pub complete_to: Timestamp,
}

/// One change in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedChange {
    /// The item and its version.
    pub candidate: Candidate,
    /// What kind: mostly [`ChangeKind::Field`], meaning "anything".
    pub kind: ChangeKind,
}

/// What a tracker says about one item and one trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It matches.
    Matches,
    /// It does not match.
    Differs,
    /// The tracker cannot say exactly, or only at the price of a request for each item; ask the query, whose index lags
    /// by this at most.
    Ask(Duration),
}

/// What a tracker shows of our webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// Nothing: it has none, only a person sees them, or we may not look.
    Hidden,
    /// There is none: [`Tracker::subscribe`] registers it.
    Missing,
    /// It is there, and the tracker knows no reason why it should bring nothing.
    Sound,
    /// It is switched off, or tells of less than it should: this sentence. [`Tracker::subscribe`] puts it in order.
    Off(String),
    /// What it sends is not taken: this sentence.
    Untaken(String),
}

impl Subscription {
    /// What is wrong with one that is there, and what to do.
    pub fn fault(&self) -> Option<&str> {
        match self {
            Self::Off(sentence) | Self::Untaken(sentence) => Some(sentence),
            Self::Hidden | Self::Missing | Self::Sound => None,
        }
    }
}

/// How a webhook came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subscribed {
    /// Registered, or found registered and sound.
    Registered,
    /// Only a person can do it: these are the instructions.
    ByHand(String),
    /// The tracker has no webhooks: it is polled.
    Polled,
}
