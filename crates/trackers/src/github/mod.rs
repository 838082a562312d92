//! GitHub: issues of repositories, on github.com and on GitHub Enterprise Server (`url = "https://HOST/api/v3"`).
//!
//! Source of the facts: GitHub's OpenAPI description of its REST interface, and its guides on rate limits, webhooks and
//! best practices. Pull requests are issues to GitHub and no items to us. Comments have one channel, `public`. There is
//! no compare-and-swap and no upload of files. See [`address`] for how an issue is identified.

mod address;
mod app;
mod client;
mod decode;
mod describe;
mod encode;
mod example;
mod feed;
mod history;
mod hooks;
mod listing;
mod parent;
mod people;
mod recognise;
mod status;
mod text;
mod trigger;
mod webhook;
mod wire;
mod write;

use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{Client, Reply, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Subscription,
    Tracker,
};
use address::{Address, Repo};
use async_trait::async_trait;
use http::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use trigger::Trigger;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;

/// Its name in sentences.
const TRACKER: &str = "GitHub";
/// The one comment channel.
const CHANNEL: &str = "public";
/// The milestone's field.
const MILESTONE: &str = "milestone";
/// The longest title.
const SUMMARY_MAX_CHARS: usize = 256;
/// The longest text, less the room for a marker.
const TEXT_MAX_CHARS: usize = 65_536 - text::MARKER_MAX_CHARS;
/// Items that are asked for one by one about a trigger. Of more the trigger's query tells, which reads a hundred in one
/// request and does not lag: one request for each of thousands of twins, every hour, would be the whole rate limit.
const ASKED_EACH_MAX: usize = 10;
/// Redirects of one issue that are followed: a transfer of a transfer.
const HOPS_MAX: usize = 5;

/// GitHub's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "github",
    label: "GitHub",
    default_url: Some("https://api.github.com"),
    auth: &[&["token"], &["app_id", "installation_id", "private_key"]],
    plain_auth: &["app_id", "installation_id"],
    capabilities,
    webhook: &webhook::GitHubWebhook,
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
    let app = app::App::of(&node)?;
    Ok(Arc::new(GitHub {
        client: client::client(&node, app.as_ref(), transport, clock)?,
        app,
        capabilities,
        newest: feed::Newest::default(),
    }))
}

fn capabilities() -> Capabilities {
    Capabilities {
        tracker: KIND.name.to_owned(),
        scope_keys: vec!["repo".to_owned()],
        channels: vec![Channel {
            name: CHANNEL.to_owned(),
            internal: false,
            written: true,
        }],
        comment_edit: true,
        comment_delete: true,
        item_delete: false,
        attachments: AttachmentCapabilities::default(),
        compare_and_swap: false,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: FieldSet::Only(history::FIELDS.map(str::to_owned).into()),
        feed_covers: BTreeSet::from([
            ChangeKind::Created,
            ChangeKind::Field,
            ChangeKind::CommentAdded,
            ChangeKind::CommentEdited,
        ]),
        settle: Duration::from_secs(30),
        index_lag: Duration::ZERO,
        dialect: Dialect::Markdown,
        description_max_chars: TEXT_MAX_CHARS,
        comment_max_chars: TEXT_MAX_CHARS,
        summary_max_chars: SUMMARY_MAX_CHARS,
        workflow: false,
    }
}

/// One GitHub node.
struct GitHub {
    client: Client,
    /// The app that we are; `None`: we have an account's token.
    app: Option<Arc<app::App>>,
    capabilities: Capabilities,
    newest: feed::Newest,
}

#[async_trait]
impl Tracker for GitHub {
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
        self.standing(&repo(scope)?, url).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.describe_repo(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.look_at(item, true).await
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.look_at(item, false).await
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let Some(address) = Address::parse(key) else {
            return Err(write::refused(Impossible::request(format!(
                "'{key}' is no GitHub issue: write owner/repository#number"
            ))));
        };
        let mut reply = client::issue_reply(&self.client, &address).await?;
        if reply.status.is_redirection() {
            match self.follow(reply).await? {
                Fetched::Moved(there) => return Ok(Some(there)),
                _ => return Ok(None),
            }
        }
        if gone(&reply).is_some() {
            return Ok(None);
        }
        reply.writes = false;
        let issue: wire::Issue = reply.json()?;
        if issue.is_pull_request() {
            return Ok(None);
        }
        self.reference(&issue, &reply).map(Some)
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
        let trigger = self::trigger(trigger)?;
        if items.len() > ASKED_EACH_MAX {
            let ask = |item: &ItemId| (item.clone(), Opinion::Ask(self.capabilities.index_lag));
            return Ok(items.iter().map(ask).collect());
        }
        let mut opinions = BTreeMap::new();
        for item in items {
            let reply = client::issue_reply(&self.client, &address(item)?).await?;
            if gone(&reply).is_some() || reply.status.is_redirection() {
                continue;
            }
            let opinion = if trigger.matches(&reply.json()?) {
                Opinion::Matches
            } else {
                Opinion::Differs
            };
            opinions.insert(item.clone(), opinion);
        }
        Ok(opinions)
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
        self.history(&address(item)?, since).await
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

impl GitHub {
    /// Follows the redirect of a transferred issue to where it is now.
    async fn follow(&self, mut reply: Reply) -> Result<Fetched, TrackerError> {
        for _ in 0..HOPS_MAX {
            let Some(target) = reply.redirect() else {
                if let Some(fetched) = gone(&reply) {
                    return Ok(fetched);
                }
                let issue: wire::Issue = reply.json()?;
                return self.reference(&issue, &reply).map(Fetched::Moved);
            };
            let call = crate::http::Call::get(target);
            let call = call.accept(&[StatusCode::NOT_FOUND, StatusCode::GONE]);
            reply = self.client.send(call).await?;
        }
        Err(reply.unreadable("", "redirects that do not end"))
    }

    /// An issue as it is now, with all its comments or without any.
    async fn look_at(&self, item: &ItemId, with_comments: bool) -> Result<Fetched, TrackerError> {
        let asked = address(item)?;
        let reply = client::issue_reply(&self.client, &asked).await?;
        if let Some(fetched) = gone(&reply) {
            return Ok(fetched);
        }
        if reply.status.is_redirection() {
            return self.follow(reply).await;
        }
        let issue: wire::Issue = reply.json()?;
        let reference = self.reference(&issue, &reply)?;
        if issue.is_pull_request() {
            return Ok(Fetched::Unreachable {
                reason: format!("{} is a pull request", reference.key),
            });
        }
        if reference.item.id != item.id {
            return Ok(Fetched::Moved(reference));
        }
        let comments = if !with_comments {
            None
        } else if issue.comments == 0 {
            Some(Vec::new())
        } else {
            Some(self.comments(&asked).await?)
        };
        let repo = decode::address(&issue).map_or(asked.repo, |address| address.repo);
        let item = decode::item(&issue, reference, repo.to_string(), comments);
        Ok(Fetched::Found(Box::new(item)))
    }

    async fn comments(
        &self,
        address: &Address,
    ) -> Result<Vec<twinline_core::item::Comment>, TrackerError> {
        let call = crate::http::Call::get(address.path("/comments"));
        let comments: Vec<wire::Comment> = client::all_pages(&self.client, call).await?;
        Ok(comments.iter().map(decode::comment).collect())
    }

    fn reference(&self, issue: &wire::Issue, reply: &Reply) -> Result<ItemRef, TrackerError> {
        decode::reference(self.client.node(), issue)
            .ok_or_else(|| reply.unreadable("repository_url", "not the address of a repository"))
    }
}

/// GitHub's sentence about an issue that was deleted from a repository that we can read.
const DELETED: &str = "This issue was deleted";

/// What 404 and 410 say. A deletion is certain only where GitHub says so in words: it answers 410 also for every issue of
/// a repository whose feature "Issues" is switched off ("Issues are disabled for this repo"), and shows them again when
/// it is switched on.
fn gone(reply: &Reply) -> Option<Fetched> {
    match reply.status {
        StatusCode::GONE => {
            let said = client::message(reply);
            let told = format!("GitHub answered 410 to {}: {said:?}", reply.place);
            Some(if said.trim_end_matches('.') == DELETED {
                Fetched::Deleted { evidence: told }
            } else {
                Fetched::Unreachable { reason: told }
            })
        }
        StatusCode::NOT_FOUND => Some(Fetched::Unreachable {
            reason: format!("GitHub answered 404 to {}", reply.place),
        }),
        _ => None,
    }
}

fn address(item: &ItemId) -> Result<Address, TrackerError> {
    Address::parse(&item.id).ok_or_else(|| {
        write::refused(Impossible::request(format!(
            "'{}' is no GitHub issue",
            item.id
        )))
    })
}

fn repo(scope: &Scope) -> Result<Repo, TrackerError> {
    let named = scope.get("repo").map(String::as_str).unwrap_or_default();
    Repo::parse(named).ok_or_else(|| {
        write::refused(Impossible::request(format!(
            "the scope needs repo = \"owner/name\"; it has '{named}'"
        )))
    })
}

fn trigger(text: &str) -> Result<Trigger, TrackerError> {
    Trigger::parse(text).map_err(|sentence| write::refused(Impossible::part("trigger", sentence)))
}

fn check_channel(channel: &str) -> Result<(), TrackerError> {
    if channel == CHANNEL {
        return Ok(());
    }
    Err(write::refused(Impossible::request(format!(
        "GitHub has no comment channel '{channel}'; it has '{CHANNEL}'"
    ))))
}

fn comment_path(address: &Address, comment: &str) -> Result<String, TrackerError> {
    if comment.is_empty() || !comment.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(write::refused(Impossible::request(format!(
            "'{comment}' is no GitHub comment"
        ))));
    }
    Ok(address.repo.path(&format!("/issues/comments/{comment}")))
}

#[cfg(test)]
mod tests;
