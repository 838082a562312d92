//! Azure DevOps Services, REST API version 7.1: work items of one project, type and area.
//!
//! Sources: Microsoft's descriptions of work item tracking and service hooks, and its pages on rate limits, WIQL and service
//! hooks. The address names the organization: `https://dev.azure.com/acme`.
//!
//! A work item's id is one of the whole organization: it stays when the item moves to another project, and so does its key.
//! Every change makes a revision, comments and links included; an update is conditional on one. Which fields and states there
//! are its type says ([`shape`]). A deleted item lies in the recycle bin, which is the tracker's word for it; one that was
//! destroyed leaves no trace and is only unreachable. An area in a scope is that area alone, not those below it.

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
mod query;
mod recognise;
mod rights;
mod shape;
mod text;
mod webhook;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::files::{Begun, FileBody, Upload};
use crate::http::{Client, Reply, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Subscription,
    Tracker,
};
use async_trait::async_trait;
use http::StatusCode;
use serde_json::Value as Json;
use shape::Shapes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, Comment, Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;

/// Its name in sentences.
const TRACKER: &str = "Azure DevOps";
/// Comments are for all who see the item.
const CHANNEL: &str = "public";
/// The longest title, in characters.
const SUMMARY_MAX_CHARS: usize = 255;
/// The longest tag, in characters.
const TAG_MAX_CHARS: usize = 400;
/// The longest text of a field, in characters. Source: Microsoft's page on work tracking limits.
const TEXT_MAX_CHARS: usize = 1_000_000;
/// The longest comment, in characters, less what its marker takes.
const COMMENT_MAX_CHARS: usize = 150_000 - 200;
/// Items whose project is remembered; when there are more, it is asked for anew.
const PROJECTS_MAX: usize = 10_000;

/// Azure DevOps' line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "azure-devops",
    label: "Azure DevOps",
    default_url: None,
    auth: &[
        &["token"],
        &["tenant_id", "client_id", "client_secret"],
        &["entra_token"],
    ],
    plain_auth: &["tenant_id", "client_id"],
    capabilities,
    webhook: &webhook::AzureWebhook,
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
    Ok(Arc::new(Azure {
        client: client::client(&node, transport, clock)?,
        sent: Begun::default(),
        capabilities,
        shapes: Shapes::default(),
        projects: Mutex::default(),
    }))
}

fn capabilities() -> Capabilities {
    Capabilities {
        tracker: KIND.name.to_owned(),
        scope_keys: ["project", "type", "area"].map(str::to_owned).into(),
        channels: vec![Channel {
            name: CHANNEL.to_owned(),
            internal: false,
            written: true,
        }],
        comment_edit: true,
        comment_delete: true,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: true,
            marker: true,
            internal: false,
            // Each organization has its own.
            max_bytes: None,
        },
        compare_and_swap: true,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: FieldSet::All,
        feed_covers: BTreeSet::from([
            ChangeKind::Created,
            ChangeKind::Field,
            ChangeKind::CommentAdded,
            ChangeKind::CommentEdited,
            ChangeKind::CommentDeleted,
            ChangeKind::Deleted,
            ChangeKind::Moved,
        ]),
        settle: Duration::from_secs(30),
        index_lag: Duration::ZERO,
        dialect: Dialect::Html,
        description_max_chars: TEXT_MAX_CHARS,
        comment_max_chars: COMMENT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: true,
    }
}

/// One organization.
struct Azure {
    client: Client,
    /// Files that were sent, or in part, and are not linked yet.
    sent: Begun<files::Sent>,
    capabilities: Capabilities,
    shapes: Shapes,
    /// The project of items by id: paths of comments name it.
    projects: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Tracker for Azure {
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

    async fn subscription(&self, scope: &Scope, url: &str) -> Result<Subscription, TrackerError> {
        self.standing(project(scope)?, url).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.describe_scope(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let (found, reply) = match client::item(&self.client, &item.id).await? {
            Ok(found) => found,
            Err((status, reason)) => return self.gone(item, status, reason).await,
        };
        // The comments last: one that is written in between is seen under an older revision, and seen again under its own.
        let count = found
            .fields
            .get("System.CommentCount")
            .and_then(Json::as_u64);
        let comments = match (count, found.text(decode::PROJECT)) {
            (Some(0), _) | (_, None) => Vec::new(),
            (_, Some(project)) => match client::comments(&self.client, project, &item.id).await {
                Err(TrackerError::Unreachable { reason }) => {
                    return Ok(Fetched::Unreachable { reason });
                }
                comments => {
                    let one = |comment| decode::comment(&item.id, comment);
                    comments?.iter().map(one).collect()
                }
            },
        };
        let item = self.item(&found, &reply, Some(comments)).await?;
        Ok(Fetched::Found(Box::new(item)))
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        match client::item(&self.client, &item.id).await? {
            Ok((found, reply)) => {
                let item = self.item(&found, &reply, None).await?;
                Ok(Fetched::Found(Box::new(item)))
            }
            Err((status, reason)) => self.gone(item, status, reason).await,
        }
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let id: u64 = key.trim_start_matches('#').parse().map_err(|_| {
            client::refused(Impossible::request(format!(
                "'{key}' is no work item: write #12"
            )))
        })?;
        let found = client::item(&self.client, &id.to_string()).await?;
        Ok(found.ok().map(|(item, _)| self.reference(item.id)))
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
        self.history(&item.id, since).await
    }

    async fn open_file(
        &self,
        item: &ItemId,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        self.open(item, file, from).await
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
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        self.register(scope, url, secret).await
    }

    async fn unsubscribe(&self, scope: &Scope, url: &str) -> Result<(), TrackerError> {
        self.unregister(scope, url).await
    }

    fn normalise(&self, _: &Scope, field: &FieldName, value: &Value) -> Value {
        encode::normalise(field, value)
    }
}

impl Azure {
    /// The organization's address without a trailing slash.
    fn base(&self) -> &str {
        self.client.base().as_str().trim_end_matches('/')
    }

    fn reference(&self, id: u64) -> ItemRef {
        decode::reference(self.client.node(), self.base(), id)
    }

    /// An item as it was answered, with these comments.
    async fn item(
        &self,
        found: &wire::WorkItem,
        reply: &Reply,
        comments: Option<Vec<Comment>>,
    ) -> Result<Item, TrackerError> {
        let lacks = || {
            reply.unreadable(
                "fields",
                "neither project, type and area nor a time of change",
            )
        };
        if decode::version(found).is_none() || decode::scope(found).is_none() {
            return Err(lacks());
        }
        let shape = self.shape_of(found).await?;
        if let Some(project) = found.text(decode::PROJECT) {
            self.remember_project(&found.id.to_string(), project);
        }
        decode::item(found, &shape, self.reference(found.id), comments).ok_or_else(lacks)
    }

    /// What is to be said of an item that is not shown: the recycle bin is asked whether it was deleted.
    async fn gone(
        &self,
        item: &ItemId,
        status: StatusCode,
        reason: String,
    ) -> Result<Fetched, TrackerError> {
        if status != StatusCode::NOT_FOUND {
            return Ok(Fetched::Unreachable { reason });
        }
        let call = client::get(client::path(&format!("wit/recyclebin/{}", item.id)))
            .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        let reply = self.client.send(call).await?;
        if !reply.status.is_success() {
            return Ok(Fetched::Unreachable { reason });
        }
        let deleted: wire::Deleted = reply.json()?;
        let by = deleted.by.unwrap_or_else(|| "somebody".to_owned());
        let at = deleted.at.unwrap_or_else(|| "some time".to_owned());
        Ok(Fetched::Deleted {
            evidence: format!("it lies in the recycle bin, where {by} put it at {at}"),
        })
    }

    /// The project in which an item lies, as far as is known.
    async fn project_of(&self, id: &str) -> Result<String, TrackerError> {
        let known = self.known_projects().get(id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let item = client::item_here(&self.client, id).await?;
        let project = item.text(decode::PROJECT).unwrap_or_default();
        self.remember_project(id, project);
        Ok(project.to_owned())
    }

    fn remember_project(&self, id: &str, project: &str) {
        let mut projects = self.known_projects();
        if projects.len() >= PROJECTS_MAX {
            projects.clear();
        }
        projects.insert(id.to_owned(), project.to_owned());
    }

    fn forget_project(&self, id: &str) {
        self.known_projects().remove(id);
    }

    fn known_projects(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The project of a scope.
fn project(scope: &Scope) -> Result<&str, TrackerError> {
    connector::named(scope, "project", TRACKER)
}
