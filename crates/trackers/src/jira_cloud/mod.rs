//! Jira Cloud, REST API version 3: issues of one project and type.
//!
//! Sources: Atlassian's OpenAPI description of the API and its pages on rate limits, webhooks and the enhanced search.
//! Texts are Atlassian Document Format. Statuses are reached through the workflow ([`transition`], [`workflow`]). There is no
//! compare-and-swap. Webhooks with a secret are set up by an administrator; an API token cannot register any.

mod client;
mod decode;
mod describe;
mod encode;
mod example;
mod feed;
mod files;
mod people;
mod recognise;
mod transition;
mod webhook;
mod wire;
mod workflow;
mod write;

#[cfg(test)]
mod tests;

use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::files::{FileBody, Upload};
use crate::http::{Call, Client, Reply, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Tracker,
};
use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;
use workflow::Workflow;

/// Its name in sentences.
const TRACKER: &str = "Jira";
/// Comments that customers of a service desk see, and all comments elsewhere.
const CHANNEL_PUBLIC: &str = "public";
/// Comments that only the team of a service desk sees.
const CHANNEL_INTERNAL: &str = "internal";
/// Comments that only one group or project role sees, whichever it is. Read and never written: the name says no group.
const CHANNEL_RESTRICTED: &str = "restricted";
/// The type of the projects that have customers, and comments and files that are not for them.
const SERVICE_DESK: &str = "service_desk";
/// The entity property that holds our marker, on issues and comments.
const PROPERTY: &str = "twinline";
/// The longest summary, in characters.
const SUMMARY_MAX_CHARS: usize = 255;
/// The longest label, in characters.
const LABEL_MAX_CHARS: usize = 255;
/// The longest text, in characters.
const TEXT_MAX_CHARS: usize = 32_767;

/// Jira Cloud's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "jira-cloud",
    label: "Jira",
    default_url: None,
    auth: &[
        &["email", "token"],
        &["cloud_id", "client_id", "client_secret"],
        &["cloud_id", "access_token"],
    ],
    plain_auth: &["email", "cloud_id", "client_id"],
    capabilities,
    webhook: &webhook::JiraWebhook,
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
    Ok(Arc::new(Jira {
        client: client::client(&node, transport, clock)?,
        site: node.url.as_str().trim_end_matches('/').to_owned(),
        capabilities,
        workflows: Mutex::default(),
        crowded: Mutex::default(),
        kinds: Mutex::default(),
    }))
}

fn capabilities() -> Capabilities {
    let channel = |name: &str, internal| Channel {
        name: name.to_owned(),
        internal,
        written: name != CHANNEL_RESTRICTED,
    };
    Capabilities {
        tracker: KIND.name.to_owned(),
        scope_keys: vec!["project".to_owned(), "type".to_owned()],
        channels: vec![
            channel(CHANNEL_PUBLIC, false),
            channel(CHANNEL_INTERNAL, true),
            channel(CHANNEL_RESTRICTED, true),
        ],
        comment_edit: true,
        comment_delete: true,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: true,
            marker: false,
            internal: false,
            // It is asked for before each upload.
            max_bytes: None,
        },
        compare_and_swap: false,
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
        ]),
        settle: Duration::from_secs(60),
        index_lag: feed::INDEX_LAG,
        dialect: Dialect::Adf,
        description_max_chars: TEXT_MAX_CHARS,
        comment_max_chars: TEXT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: true,
    }
}

/// One Jira Cloud node.
struct Jira {
    client: Client,
    /// The site's address without a trailing slash, which people use: the API may be elsewhere.
    site: String,
    capabilities: Capabilities,
    /// What is known of each workflow, by `PROJECT/TYPE`.
    workflows: Mutex<BTreeMap<String, Workflow>>,
    /// Issues whose answer with all comments could not be read, mostly for its size: they are asked for without them.
    crowded: Mutex<BTreeSet<String>>,
    /// The types of custom fields. A field keeps its type for life.
    kinds: Mutex<Arc<decode::Kinds>>,
}

/// Issues remembered as crowded; when there are more, they are found out anew.
const CROWDED_MAX: usize = 1000;

#[async_trait]
impl Tracker for Jira {
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
        let (issue, reply) = match self.issue(&item.id).await? {
            Ok(found) => found,
            Err(reason) => return Ok(Fetched::Unreachable { reason }),
        };
        // The comments last: one that is written in between is seen under an older version, and seen again under its own.
        let comments = if issue.has_no_comments() {
            Vec::new()
        } else {
            match client::comments(&self.client, &item.id).await {
                Err(TrackerError::Unreachable { reason }) => {
                    return Ok(Fetched::Unreachable { reason });
                }
                comments => comments?,
            }
        };
        self.found(&issue, &reply, Some(comments.as_slice())).await
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        match client::issue(&self.client, &item.id).await? {
            Ok((issue, reply)) => self.found(&issue, &reply, None).await,
            Err(reason) => Ok(Fetched::Unreachable { reason }),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        if feed::number(key).is_none() {
            return Err(client::refused(Impossible::request(format!(
                "'{key}' is no Jira issue: write PROJ-12"
            ))));
        }
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-");
        let found = client::issue(&self.client, &key).await?;
        Ok(found
            .ok()
            .map(|(issue, _)| self.reference(&issue.id, &issue.key)))
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
        let mut changes = Vec::new();
        let mut read = 0;
        for _ in 0..client::PAGES_MAX {
            let call = Call::get(client::path(&item.id, "/changelog"))
                .query("startAt", read.to_string())
                .query("maxResults", "100");
            let page: wire::Changelog = self.client.send(call).await?.json()?;
            read += page.values.len();
            for change in page.values.iter().filter(|change| change.created >= since) {
                let by = change
                    .author
                    .as_ref()
                    .map(|author| author.account_id.clone())
                    .unwrap_or_default();
                changes.extend(change.items.iter().map(|item| FieldChange {
                    field: FieldName::from(decode::ours(
                        item.field_id.as_deref().unwrap_or(&item.field),
                    )),
                    at: change.created,
                    by: by.clone(),
                }));
            }
            if page.values.is_empty() || read >= page.total {
                break;
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

    async fn subscribe(
        &self,
        scope: &Scope,
        url: &str,
        _: &str,
    ) -> Result<Subscribed, TrackerError> {
        let project = project(scope)?;
        Ok(Subscribed::ByHand(format!(
            "An administrator sets the webhook up once: in Jira, System → WebHooks → Create a WebHook. URL: {url} — \
             Secret: the text that webhook.secrets of this node refers to — JQL: project = {project} — Events: Issue \
             created, updated, deleted; Comment created, updated, deleted. Until then the node is polled."
        )))
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, _: &Scope, field: &FieldName, value: &Value) -> Value {
        encode::normalise(field, value)
    }
}

impl Jira {
    /// An issue as it was answered, with these comments.
    async fn found(
        &self,
        issue: &wire::Issue,
        reply: &Reply,
        comments: Option<&[wire::Comment]>,
    ) -> Result<Fetched, TrackerError> {
        let item = self.item(issue, reply, comments).await?;
        Ok(Fetched::Found(Box::new(item)))
    }

    async fn item(
        &self,
        issue: &wire::Issue,
        reply: &Reply,
        comments: Option<&[wire::Comment]>,
    ) -> Result<Item, TrackerError> {
        Self::version(issue, reply)?;
        let reference = self.reference(&issue.id, &issue.key);
        let kinds = self.kinds(issue).await?;
        decode::item(issue, &kinds, reference, comments)
            .ok_or_else(|| reply.unreadable("fields", "neither project nor type"))
    }

    /// The types of custom fields, as far as this issue's values are not understood without. Asked for when a field
    /// turns up that is not known yet.
    async fn kinds(&self, issue: &wire::Issue) -> Result<Arc<decode::Kinds>, TrackerError> {
        let held = || self.kinds.lock().expect("no code panics with this lock");
        let known = Arc::clone(&held());
        let shown = issue.fields.iter();
        let unknown: Vec<&String> = shown
            .filter(|(name, json)| decode::needs_kind(name, json))
            .map(|(name, _)| name)
            .filter(|name| !known.contains_key(*name))
            .collect();
        if unknown.is_empty() {
            return Ok(known);
        }
        let fields: Vec<wire::Field> = self
            .client
            .send(Call::get("/rest/api/3/field"))
            .await?
            .json()?;
        let told = fields
            .into_iter()
            .map(|field| (field.id, field.schema.kind));
        // What Jira does not list is not asked for again, whichever issue shows it.
        let unlisted = unknown
            .into_iter()
            .map(|name| (name.clone(), String::new()));
        let mut held = held();
        let mut kinds = decode::Kinds::clone(&held);
        kinds.extend(unlisted.chain(told));
        *held = Arc::new(kinds);
        Ok(Arc::clone(&held))
    }

    /// An issue, with its comments where they fit into the answer.
    async fn issue(&self, id: &str) -> Result<Result<(wire::Issue, Reply), String>, TrackerError> {
        let crowded = || self.crowded.lock().expect("no code panics with this lock");
        if crowded().contains(id) {
            return client::issue(&self.client, id).await;
        }
        let answer = client::issue_with_comments(&self.client, id).await;
        if matches!(answer, Err(TrackerError::Unreadable { .. })) {
            let mut crowded = crowded();
            if crowded.len() >= CROWDED_MAX {
                crowded.clear();
            }
            crowded.insert(id.to_owned());
        }
        answer
    }

    fn reference(&self, id: &str, key: &str) -> ItemRef {
        decode::reference(self.client.node(), &self.site, id, key)
    }
}

/// The project of a scope.
fn project(scope: &Scope) -> Result<&str, TrackerError> {
    connector::named(scope, "project", TRACKER)
}
