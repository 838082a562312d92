//! Zendesk, Support API version 2: tickets of one brand and group.
//!
//! Sources: Zendesk's API reference ("Ticketing", "Webhooks") and its guides. A ticket's id is its number, which stays
//! whatever becomes of the ticket. Its description is its first comment, and comments are never edited or deleted. The link
//! id lies in the external id; an update is made on condition of its `updated_stamp`, in whole seconds. A public comment
//! mails the requester. A ticket that is closed is never changed again.

mod account;
mod bin;
mod client;
mod decode;
mod describe;
mod encode;
mod example;
mod feed;
mod files;
mod history;
mod hooks;
mod people;
mod recognise;
mod text;
mod trigger;
mod webhook;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::files::{Begun, FileBody, Upload};
use crate::http::{Client, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Subscription,
    Tracker,
};
use account::Account;
use async_trait::async_trait;
use bin::Bin;
use http::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, Comment, Fetched, Item, ItemId, ItemRef, Value, field};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::{Dialect, Document};
use twinline_core::time::Timestamp;

/// Its name in sentences.
const TRACKER: &str = "Zendesk";
/// Comments that the requester reads, and is mailed.
const CHANNEL_PUBLIC: &str = "public";
/// Notes that only agents read.
const CHANNEL_INTERNAL: &str = "internal";
/// The key of our marker in the custom metadata of the update that made a comment.
const METADATA: &str = "twinline";
/// The longest subject, in characters.
const SUMMARY_MAX_CHARS: usize = 150;
/// The longest comment, in characters as HTML: 64 KiB, of which a character takes four at most.
const TEXT_MAX_CHARS: usize = 16_000;

/// Zendesk's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "zendesk",
    label: TRACKER,
    default_url: None,
    auth: &[
        &["email", "token"],
        &["client_id", "client_secret"],
        &["access_token"],
    ],
    plain_auth: &["email", "client_id"],
    capabilities,
    webhook: &webhook::ZendeskWebhook,
    build,
    notations: &[],
    described: None,
    example: &example::EXAMPLE,
};

fn build(
    node: Node,
    capabilities: Capabilities,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>, RegistryError> {
    Ok(Arc::new(Zendesk {
        client: client::client(&node, transport, clock)?,
        capabilities,
        account: Mutex::default(),
        bin: Mutex::default(),
        sent: Begun::default(),
    }))
}

fn capabilities() -> Capabilities {
    let channel = |name: &str, internal| Channel {
        name: name.to_owned(),
        internal,
        written: true,
    };
    Capabilities {
        tracker: KIND.name.to_owned(),
        scope_keys: vec!["brand".to_owned(), "group".to_owned()],
        channels: vec![
            channel(CHANNEL_PUBLIC, false),
            channel(CHANNEL_INTERNAL, true),
        ],
        comment_edit: false,
        comment_delete: false,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: false,
            marker: true,
            internal: true,
            max_bytes: Some(files::FILE_MAX_BYTES),
        },
        compare_and_swap: true,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: FieldSet::AllBut(BTreeSet::from([field::DESCRIPTION.to_owned()])),
        // A comment that is made private, or redacted, is told by webhooks.
        feed_covers: BTreeSet::from([
            ChangeKind::Created,
            ChangeKind::Field,
            ChangeKind::CommentAdded,
            ChangeKind::Deleted,
        ]),
        settle: Duration::from_secs(30),
        index_lag: feed::INDEX_LAG,
        dialect: Dialect::Html,
        description_max_chars: TEXT_MAX_CHARS,
        comment_max_chars: TEXT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: true,
    }
}

/// One Zendesk node.
struct Zendesk {
    client: Client,
    capabilities: Capabilities,
    account: Mutex<Option<Arc<Account>>>,
    bin: Mutex<Bin>,
    /// Files that were sent and are not attached yet.
    sent: Begun<files::Sent>,
}

#[async_trait]
impl Tracker for Zendesk {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn spare(&self) -> Duration {
        self.client.spare()
    }

    fn allowances(&self) -> Vec<Allowance> {
        self.client.allowances()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        self.check_node().await
    }

    async fn probe_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        self.check_place(scope, webhook).await
    }

    async fn subscription(&self, _: &Scope, url: &str) -> Result<Subscription, TrackerError> {
        self.standing(url).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.describe_scope(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.found(item, true).await
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.found(item, false).await
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let id: u64 = key.trim_start_matches('#').parse().map_err(|_| {
            client::refused(Impossible::request(format!(
                "'{key}' is no Zendesk ticket: write #12"
            )))
        })?;
        let found = client::ticket(&self.client, &id.to_string()).await?;
        Ok(found.ok().map(|found| self.reference(found.ticket.id)))
    }

    async fn query(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        self.enumerate(scope, trigger, page).await
    }

    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        self.enumerate_bare(scope, trigger, page).await
    }

    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError> {
        self.feed(scope, cursor).await
    }

    async fn matches(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        self.opinions(trigger, items).await
    }

    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        self.look_for(effect, since).await
    }

    async fn field_history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        self.history(item, since).await
    }

    async fn open_file(
        &self,
        _: &ItemId,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        self.open(file, from).await
    }

    async fn attach(&self, effect: &Effect, file: Upload) -> Result<Applied, TrackerError> {
        self.attach_file(effect, file).await
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        self.write(effect).await
    }

    async fn subscribe(
        &self,
        _: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        self.register(url, secret).await
    }

    async fn unsubscribe(&self, _: &Scope, url: &str) -> Result<(), TrackerError> {
        self.unregister(url).await
    }

    fn normalise(&self, _: &Scope, field: &FieldName, value: &Value) -> Value {
        encode::normalise(field, value, self.known_account().as_deref())
    }
}

impl Zendesk {
    /// A ticket with its description, and with its comments where they are wanted. The comments are read last: one that is
    /// written in between is seen under an older version, and seen again under its own.
    async fn found(&self, item: &ItemId, whole: bool) -> Result<Fetched, TrackerError> {
        let found = match client::ticket(&self.client, &item.id).await? {
            Ok(found) => found,
            Err((status, reason)) => return self.out_of_sight(item, status, reason).await,
        };
        let read = match whole {
            true => client::comments(&self.client, &item.id).await,
            false => {
                let first = client::first_comment(&self.client, &item.id).await;
                first.map(|first| (first.into_iter().collect(), Vec::new()))
            }
        };
        let (comments, mut users) = match read {
            Err(TrackerError::Unreachable { reason }) => {
                return Ok(Fetched::Unreachable { reason });
            }
            read => read?,
        };
        users.extend(found.users);
        let people = decode::people(&users);
        let ticket = found.ticket;
        let account = self.account_that(|known| known.knows(&ticket)).await?;
        let description = comments
            .first()
            .map_or_else(Document::default, decode::body);
        let others: Option<Vec<Comment>> = whole.then(|| {
            // What carries a file of ours is no comment.
            let others = comments.iter().skip(1);
            let others = others.filter(|comment| !decode::carries_ours(comment));
            others
                .map(|comment| decode::comment(comment, &people, ticket.created_at))
                .collect()
        });
        let reference = self.reference(ticket.id);
        let files = whole.then(|| {
            let files = comments.iter();
            let files =
                files.flat_map(|comment| decode::attachments(comment, &people, ticket.created_at));
            files.collect()
        });
        let text = (description, others);
        let mut item = decode::item(&ticket, &account, &people, reference, text);
        item.attachments = files;
        Ok(Fetched::Found(Box::new(item)))
    }

    /// A ticket that is not shown: deleted where Zendesk lists it among the deleted ones.
    async fn out_of_sight(
        &self,
        item: &ItemId,
        status: StatusCode,
        reason: String,
    ) -> Result<Fetched, TrackerError> {
        if status != StatusCode::NOT_FOUND {
            return Ok(Fetched::Unreachable { reason });
        }
        match self.in_bin(&item.id).await {
            Ok(true) => Ok(Fetched::Deleted {
                evidence: "Zendesk lists it among the deleted tickets".to_owned(),
            }),
            Ok(false) => Ok(Fetched::Unreachable { reason }),
            // The list is not what was asked for: without it nothing is evident.
            Err(error) => {
                tracing::debug!(%error, %item, "Zendesk does not tell whether a ticket was deleted");
                Ok(Fetched::Unreachable { reason })
            }
        }
    }

    fn reference(&self, id: u64) -> ItemRef {
        let base = self.client.base().as_str().trim_end_matches('/');
        decode::reference(self.client.node(), base, id)
    }
}
