//! Redmine 5 and later: issues of one project and tracker, over its REST interface (which an administrator must enable).
//!
//! Sources: Redmine's "Rest api" pages, and a real Redmine 5.0 in the test suite. It sends no webhooks, has no
//! compare-and-swap (`lock_version` is not in the JSON), answers updates with an empty body, drops without a word what
//! its workflow forbids, and keeps times in whole seconds. Comments are the notes of an issue's journal.

mod client;
mod decode;
mod describe;
mod encode;
mod example;
mod feed;
mod files;
mod notes;
mod people;
mod permission;
mod recognise;
mod text;
mod trigger;
mod webhook;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::files::{Begun, FileBody, Upload};
use crate::http::{Call, Client, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Tracker,
};
use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, Fetched, Item, ItemId, ItemRef, Value, field};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;

/// Its name in sentences.
const TRACKER: &str = "Redmine";
/// Notes that everyone who sees the issue sees.
const CHANNEL_PUBLIC: &str = "public";
/// Private notes.
const CHANNEL_PRIVATE: &str = "private";
/// The longest subject, in characters.
const SUMMARY_MAX_CHARS: usize = 255;
/// MySQL's `TEXT` holds 65,535 bytes; other databases more. The least that works everywhere, less room for a marker.
const TEXT_MAX_CHARS: usize = 16_000 - text::MARKER_MAX_CHARS;

/// Redmine's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "redmine",
    label: "Redmine",
    default_url: None,
    auth: &[&["key"]],
    plain_auth: &[],
    capabilities,
    webhook: &webhook::NoWebhook,
    build,
    notations: text::NOTATIONS,
    described: None,
    example: &example::EXAMPLE,
};

fn build(
    node: Node,
    capabilities: Capabilities,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>, RegistryError> {
    Ok(Arc::new(Redmine {
        client: client::client(&node, transport, clock)?,
        capabilities,
        projects: Mutex::default(),
        trackers: Mutex::default(),
        offered: Mutex::default(),
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
        scope_keys: vec!["project".to_owned(), "tracker".to_owned()],
        channels: vec![
            channel(CHANNEL_PUBLIC, false),
            channel(CHANNEL_PRIVATE, true),
        ],
        comment_edit: true,
        comment_delete: true,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: true,
            marker: true,
            internal: false,
            // An administrator sets it (5 MB at first), and the interface does not tell.
            max_bytes: None,
        },
        compare_and_swap: false,
        create_marker: true,
        comment_marker: true,
        webhooks: false,
        field_history: FieldSet::All,
        // An edited or removed note does not change its issue's time.
        feed_covers: BTreeSet::from([
            ChangeKind::Created,
            ChangeKind::Field,
            ChangeKind::CommentAdded,
        ]),
        settle: Duration::from_secs(10),
        index_lag: Duration::ZERO,
        dialect: Dialect::Markdown,
        description_max_chars: TEXT_MAX_CHARS,
        comment_max_chars: TEXT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: false,
    }
}

/// One Redmine node.
struct Redmine {
    client: Client,
    capabilities: Capabilities,
    /// Identifiers of projects by id: issues name projects by id, scopes by identifier. As many as a node has scopes.
    projects: Mutex<BTreeMap<u64, String>>,
    /// Ids of trackers by name.
    trackers: Mutex<BTreeMap<String, u64>>,
    /// Filters that a list was seen to have: the list's name, the filter's. As many as the triggers of a node name, some of
    /// them for each project.
    offered: Mutex<BTreeSet<(String, String)>>,
    /// The tokens of files that were sent and are not attached yet.
    sent: Begun<String>,
}

#[async_trait]
impl Tracker for Redmine {
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
        match client::issue(&self.client, &item.id).await? {
            Ok(issue) => Ok(Fetched::Found(Box::new(self.item(&issue).await?))),
            // Redmine itself hides an issue with 403 and answers 404 only to an id that it does not have. What else answers
            // 404 (a proxy, another database, an extension) is not told apart: no evidence (docs/adr/0014).
            Err(reason) => Ok(Fetched::Unreachable { reason }),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let id: u64 = key.trim_start_matches('#').parse().map_err(|_| {
            client::refused(Impossible::request(format!(
                "'{key}' is no Redmine issue: write #12"
            )))
        })?;
        let found = client::issue(&self.client, &id.to_string()).await?;
        Ok(found.ok().map(|issue| self.reference(issue.id)))
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
        let issue = client::issue_here(&self.client, &item.id).await?;
        let journals = issue.journals.unwrap_or_default();
        let mut changes = Vec::new();
        for journal in journals
            .iter()
            .filter(|journal| journal.created_on >= since)
        {
            let by = journal
                .user
                .as_ref()
                .map(|user| user.id.to_string())
                .unwrap_or_default();
            for detail in &journal.details {
                if let Some(field) = history_field(detail) {
                    changes.push(FieldChange {
                        field,
                        at: journal.created_on,
                        by: by.clone(),
                    });
                }
            }
        }
        Ok(changes)
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

    async fn subscribe(&self, _: &Scope, _: &str, _: &str) -> Result<Subscribed, TrackerError> {
        Ok(Subscribed::Polled)
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, _: &Scope, field: &FieldName, value: &Value) -> Value {
        encode::normalise(field, value, self.notation())
    }
}

impl Redmine {
    fn reference(&self, id: u64) -> ItemRef {
        let base = self.client.base().as_str().trim_end_matches('/');
        decode::reference(self.client.node(), base, id)
    }

    /// An issue with its scope.
    async fn item(&self, issue: &wire::Issue) -> Result<Item, TrackerError> {
        let project = self.identifier(issue.project.id).await?;
        Ok(decode::item(
            issue,
            self.reference(issue.id),
            project,
            self.notation(),
        ))
    }

    /// The identifier of a project.
    async fn identifier(&self, id: u64) -> Result<String, TrackerError> {
        let known = self
            .projects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        if let Some(identifier) = known {
            return Ok(identifier);
        }
        let reply = self
            .client
            .send(Call::get(format!("/projects/{id}.json")))
            .await?;
        let identifier = reply.json::<wire::OneProject>()?.project.identifier;
        self.projects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, identifier.clone());
        Ok(identifier)
    }

    /// The id of the scope's tracker; `None` when the scope names none.
    async fn tracker_id(&self, scope: &Scope) -> Result<Option<u64>, TrackerError> {
        let Some(name) = scope.get("tracker") else {
            return Ok(None);
        };
        let known = self
            .trackers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .copied();
        if known.is_some() {
            return Ok(known);
        }
        let all: wire::Trackers = self
            .client
            .send(Call::get("/trackers.json"))
            .await?
            .json()?;
        let mut trackers = self.trackers.lock().unwrap_or_else(PoisonError::into_inner);
        *trackers = all
            .trackers
            .into_iter()
            .map(|tracker| (tracker.name, tracker.id))
            .collect();
        let id = trackers.get(name).copied();
        let names = trackers.keys().cloned().collect::<Vec<_>>().join(", ");
        id.map(Some).ok_or_else(|| {
            client::refused(Impossible::part(
                "scope",
                format!("Redmine has no tracker '{name}'; it has {names}"),
            ))
        })
    }
}

/// The project of a scope.
fn project(scope: &Scope) -> Result<&str, TrackerError> {
    connector::named(scope, "project", TRACKER)
}

/// A path below a project.
fn project_path(project: &str, rest: &str) -> String {
    format!(
        "/projects/{}{rest}.json",
        utf8_percent_encode(project, NON_ALPHANUMERIC)
    )
}

/// Our name of a field that a journal names.
fn history_field(detail: &wire::Detail) -> Option<FieldName> {
    let name = match (detail.property.as_str(), detail.name.as_str()) {
        ("cf", id) => format!("cf_{id}"),
        ("attr", "subject") => field::SUMMARY.to_owned(),
        ("attr", "description") => field::DESCRIPTION.to_owned(),
        ("attr", "tracker_id") => field::TYPE.to_owned(),
        ("attr", "status_id") => field::STATUS.to_owned(),
        ("attr", "priority_id") => field::PRIORITY.to_owned(),
        ("attr", "assigned_to_id") => field::ASSIGNEE.to_owned(),
        ("attr", "parent_id") => field::PARENT.to_owned(),
        ("attr", "due_date") => field::DUE.to_owned(),
        ("attr", "category_id") => "category".to_owned(),
        ("attr", "fixed_version_id") => "fixed_version".to_owned(),
        ("attr", other) => other.to_owned(),
        _ => return None,
    };
    Some(FieldName::new(name))
}
