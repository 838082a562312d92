//! ServiceNow, Table API: the records of one table.
//!
//! Sources: ServiceNow's pages on the Table API, encoded queries, rate limiting, journal fields and the audit tables at
//! <https://www.servicenow.com/docs/>, its knowledge base (KB0534905, KB2971488, KB3046852, KB3047115), and the answers that its
//! own client PySNC reads.
//!
//! **Identity.** An item's id is `TABLE:SYS_ID`, since a record is asked for below the table that it is a record of. It changes
//! when a record is made one of another table; the old one then gives `Moved`. A scope is one table without those that extend
//! it. The key is the number, and `TABLE:NUMBER` (or `TABLE:SYS_ID`) outside of tasks, whose numbers are not looked up in one place.
//!
//! **Compare-and-swap** is a look, not a lock: the Table API has no condition on a write. The update count (`sys_mod_count`) is
//! read right before the write, and another one than planned from is `Changed`. Whoever writes between that look and our write
//! is overwritten in the fields that both write, and in no other. That it happened is known: our write's answer has the update
//! count, and only one that rose by exactly one makes the write `adjacent`.
//!
//! **Comments** are entries of the journals `comments` and `work_notes`. They carry no marker (their text is all that they have),
//! and nobody edits or deletes them through the API. Entries of one second have no order among them.
//!
//! **What must be there**: tables have a column `correlation_id`, as every task does; it holds our marker.

mod absent;
mod client;
mod decode;
mod describe;
mod encode;
mod example;
mod feed;
mod files;
mod history;
mod journal;
mod listing;
mod meta;
mod people;
mod reading;
mod recognise;
mod resolve;
mod rule;
mod stamp;
mod text;
mod trigger;
mod webhook;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::files::{FileBody, Upload};
use crate::http::{Call, Client, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Tracker,
};
use async_trait::async_trait;
use encode::Texts;
use http::StatusCode;
use meta::Meta;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, Fetched, Item, ItemId, ItemRef, User, Value};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;

/// Its name in sentences.
const TRACKER: &str = "ServiceNow";
/// The journal that customers read.
const CHANNEL_COMMENTS: &str = "comments";
/// The journal of those who work on it.
const CHANNEL_WORK_NOTES: &str = "work_notes";
/// The column that holds our marker.
const CORRELATION: &str = "correlation_id";
/// The table that all work extends.
const TASK: &str = "task";
/// The longest short description, in characters.
const SUMMARY_MAX_CHARS: usize = 160;
/// The longest description, in characters.
const DESCRIPTION_MAX_CHARS: usize = 4000;
/// The longest entry of a journal that is written, in characters. The column takes far more; a person reads it.
const COMMENT_MAX_CHARS: usize = 65_000;

/// ServiceNow's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "servicenow",
    label: "ServiceNow",
    default_url: None,
    auth: &[
        &["user", "password"],
        &["client_id", "client_secret"],
        &["client_id", "client_secret", "user", "password"],
        &["token"],
    ],
    plain_auth: &["user", "client_id"],
    capabilities,
    webhook: &webhook::RuleWebhook,
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
    Ok(Arc::new(ServiceNow {
        tables: node.learnt.kept(),
        client: client::client(&node, transport, clock)?,
        capabilities,
        people: Mutex::default(),
        account: Mutex::default(),
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
        scope_keys: vec!["table".to_owned()],
        channels: vec![
            channel(CHANNEL_COMMENTS, false),
            channel(CHANNEL_WORK_NOTES, true),
        ],
        comment_edit: false,
        comment_delete: false,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: true,
            marker: false,
            internal: false,
            // A property of the instance, which an account need not see.
            max_bytes: None,
        },
        compare_and_swap: true,
        create_marker: true,
        comment_marker: false,
        webhooks: true,
        field_history: FieldSet::All,
        // Deletions are listed where the audit log has them. A table may be left out of it, and its rows may be hidden from us:
        // that is no ground for a claim.
        feed_covers: BTreeSet::from([
            ChangeKind::Created,
            ChangeKind::Field,
            ChangeKind::CommentAdded,
        ]),
        settle: Duration::from_secs(30),
        index_lag: Duration::ZERO,
        dialect: Dialect::Plain,
        description_max_chars: DESCRIPTION_MAX_CHARS,
        comment_max_chars: COMMENT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: false,
    }
}

/// What is known of tables, by name.
type Tables = Mutex<BTreeMap<String, Arc<Meta>>>;

/// One ServiceNow node.
struct ServiceNow {
    client: Client,
    capabilities: Capabilities,
    /// What is known of each table: those of the node's scopes, and those that their columns refer to. Handed on to the
    /// connector that follows: what a column holds tells how its values are compared.
    tables: Arc<Tables>,
    people: Mutex<people::Known>,
    /// Our account, once it is known.
    account: Mutex<Option<User>>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place<'a> {
    table: &'a str,
    sys_id: &'a str,
}

impl<'a> Place<'a> {
    /// From an item's id; `None` for what is none.
    fn of(id: &'a str) -> Option<Self> {
        let (table, sys_id) = id.split_once(':')?;
        let place = Self { table, sys_id };
        place.is_sound().then_some(place)
    }

    /// Whether it can stand in an address and in a query.
    fn is_sound(&self) -> bool {
        is_name(self.table) && is_sys_id(self.sys_id)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.table, self.sys_id)
    }
}

/// Whether a text can be the name of a table or column.
fn is_name(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=80).contains(&text.len()) && text.bytes().all(sound)
}

/// Whether a text is a record's `sys_id`.
fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[async_trait]
impl Tracker for ServiceNow {
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
        _: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        self.check_place(scope).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.describe_scope(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let mut fetched = self.fetch_bare(item).await?;
        if let Fetched::Found(found) = &mut fetched {
            // The comments last: one that is written in between is seen under an older version, and seen again under its own.
            found.comments = Some(self.comments(&found.reference.item.id).await?);
            found.attachments = match Place::of(&found.reference.item.id) {
                Some(place) => self.files_if_shown(place).await?,
                None => None,
            };
        }
        Ok(fetched)
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let Some(place) = Place::of(&item.id) else {
            let reason = format!("'{}' is no record of ServiceNow", item.id);
            return Ok(Fetched::Unreachable { reason });
        };
        let call = client::both(Call::get(client::path_of(place)));
        let call = call.accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        let reply = self.client.send(call).await?;
        match reply.status {
            StatusCode::NOT_FOUND => self.absent(place, &reply).await,
            StatusCode::FORBIDDEN => {
                let reason = client::said(&reply);
                Ok(Fetched::Unreachable { reason })
            }
            _ => self.found(place, &reply).await,
        }
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        self.look_up(key).await
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
        scope: &Scope,
        url: &str,
        _: &str,
    ) -> Result<Subscribed, TrackerError> {
        let how = rule::instructions(self.client.node(), table(scope)?, url);
        Ok(Subscribed::ByHand(how))
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, scope: &Scope, field: &FieldName, value: &Value) -> Value {
        encode::normalise(field, value, self.texts(scope, field))
    }

    fn dialects(&self, scope: &Scope) -> BTreeMap<FieldName, Dialect> {
        let Some(meta) = self.known_table(scope) else {
            return BTreeMap::new();
        };
        let columns = meta.columns.iter();
        let html = columns.filter(|(_, column)| Texts::of(column) == Texts::Html);
        html.map(|(name, _)| (decode::ours(name), Dialect::Html))
            .collect()
    }
}

/// The table of a scope.
fn table(scope: &Scope) -> Result<&str, TrackerError> {
    let table = connector::named(scope, "table", TRACKER)?;
    if is_name(table) {
        return Ok(table);
    }
    let why = format!("'{table}' is no name of a table, such as incident");
    Err(client::refused(Impossible::part("scope", why)))
}

/// Where an item is that is to be written to.
fn place(item: &ItemId) -> Result<Place<'_>, TrackerError> {
    Place::of(&item.id).ok_or_else(|| TrackerError::Unreachable {
        reason: format!("'{}' is no record of ServiceNow", item.id),
    })
}
