//! The repository's webhook that brings us its deliveries.

use super::address::Repo;
use super::{GitHub, client, wire};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use crate::tracker::{Scope, Subscribed, Subscription};
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;

/// The events that say something about an item.
pub(super) const EVENTS: [&str; 3] = ["issues", "issue_comment", "sub_issues"];

/// What webhooks answer to an account that may not manage them.
const NOT_ALLOWED: [StatusCode; 2] = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];

/// Pages of deliveries that are read: GitHub keeps those of three days.
const DELIVERY_PAGES_MAX: usize = 50;

/// Deliveries that are asked for again at once.
const REDELIVERIES_MAX: usize = 20;

impl GitHub {
    /// Registers the webhook, or puts an existing one in order: active, our events, our secret. Its secret cannot be
    /// read back, so it is written each time.
    pub(super) async fn register(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        let repo = super::repo(scope)?;
        let Some(hook) = self.hook(&repo, url).await? else {
            return Ok(Subscribed::ByHand(by_hand(&repo, url)));
        };
        let body = json!({
            "active": true,
            "events": EVENTS,
            "config": {
                "url": url,
                "content_type": "json",
                "secret": secret,
                "insecure_ssl": "0",
            },
        });
        let call = match &hook {
            Some(hook) => Call::patch(repo.path(&format!("/hooks/{}", hook.id))),
            None => Call::post(repo.path("/hooks")).cost(Cost::Write),
        };
        let reply = self
            .client
            .send(call.json(&body).accept(&NOT_ALLOWED))
            .await?;
        if refused(&reply) {
            return Ok(Subscribed::ByHand(by_hand(&repo, url)));
        }
        client::repo_here(&reply, &repo)?;
        if let Some(hook) = hook {
            self.redeliver(&repo, &hook).await?;
        }
        Ok(Subscribed::Registered)
    }

    /// Asks for the deliveries again that nobody took: GitHub never tries twice by itself. Sweeps find most of what they
    /// told; deletions and transfers are told by webhooks alone.
    async fn redeliver(&self, repo: &Repo, hook: &wire::Hook) -> Result<(), TrackerError> {
        let path = repo.path(&format!("/hooks/{}/deliveries", hook.id));
        let listed = self.deliveries(&path).await?;
        for id in untaken(&listed) {
            // Asking twice does no harm, so it is no write whose outcome would have to be known.
            let call = Call::post(format!("{path}/{id}/attempts")).cost(Cost::Read);
            match self.client.send(call).await {
                // Too old, or not to be sent again: no reason to be without the webhook.
                Err(error @ (TrackerError::Refused { .. } | TrackerError::Unreachable { .. })) => {
                    tracing::warn!(%repo, delivery = id, %error, "a lost delivery is not sent again");
                }
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// The attempts, newest first. None when we may not look. GitHub can leave out those that were taken, by ranges of
    /// status codes, and then also leaves out those that got no answer and so have none.
    async fn deliveries(&self, path: &str) -> Result<Vec<wire::Delivery>, TrackerError> {
        let mut listed: Vec<wire::Delivery> = Vec::new();
        let mut call = Call::get(path)
            .query("per_page", client::PAGE_ITEMS.to_string())
            .accept(&NOT_ALLOWED);
        for _ in 0..DELIVERY_PAGES_MAX {
            let reply = self.client.send(call).await?;
            if refused(&reply) {
                return Ok(Vec::new());
            }
            listed.extend(reply.json::<Vec<wire::Delivery>>()?);
            match reply.link("next") {
                Some(next) => call = Call::get(next).accept(&NOT_ALLOWED),
                _ => break,
            }
        }
        Ok(listed)
    }

    /// Removes the webhook. One that is not there is removed.
    pub(super) async fn unregister(&self, scope: &Scope, url: &str) -> Result<(), TrackerError> {
        let repo = super::repo(scope)?;
        let Some(hook) = self.hook(&repo, url).await? else {
            return Err(TrackerError::Credentials {
                sentence: format!(
                    "the token may not manage the webhooks of {repo}: remove the one to {url} by hand"
                ),
            });
        };
        if let Some(hook) = hook {
            let call = Call::delete(repo.path(&format!("/hooks/{}", hook.id)));
            self.client
                .send(call.accept(&[StatusCode::NOT_FOUND]))
                .await?;
        }
        Ok(())
    }

    /// How the webhook stands, where we may look.
    pub(super) async fn standing(
        &self,
        repo: &Repo,
        url: &str,
    ) -> Result<Subscription, TrackerError> {
        let hook = match self.hook(repo, url).await? {
            None => return Ok(Subscription::Hidden),
            Some(None) => return Ok(Subscription::Missing),
            Some(Some(hook)) => hook,
        };
        if hook.active == Some(false) {
            return Ok(Subscription::Off(format!(
                "the webhook of {repo} to {url} is switched off: a host at work switches it on, or a person in Settings, \
                 Webhooks"
            )));
        }
        let lacks = |event: &&str| !hook.events.iter().any(|told| told == event || told == "*");
        if EVENTS.iter().any(lacks) {
            return Ok(Subscription::Off(format!(
                "the webhook of {repo} to {url} does not tell of all that happens to issues: a host at work subscribes it to \
                 the rest, or a person in Settings, Webhooks"
            )));
        }
        let failed = hook.last_response.and_then(|last| {
            let code = last.code.filter(|code| !(200..300).contains(code))?;
            let said = last.message.unwrap_or_default();
            Some(Subscription::Untaken(format!(
                "GitHub's last delivery of {repo} to {url} failed with {code} {said}: see Settings, Webhooks, Recent \
                 Deliveries, and whether that address leads to the edge"
            )))
        });
        Ok(failed.unwrap_or(Subscription::Sound))
    }

    /// Our webhook, if there is one; `None` when we may not look.
    async fn hook(
        &self,
        repo: &Repo,
        url: &str,
    ) -> Result<Option<Option<wire::Hook>>, TrackerError> {
        let mut call = Call::get(repo.path("/hooks"))
            .query("per_page", client::PAGE_ITEMS.to_string())
            .accept(&NOT_ALLOWED);
        // A repository has at most 20 webhooks for one event, so there are few pages.
        loop {
            let reply = self.client.send(call).await?;
            if refused(&reply) {
                return Ok(None);
            }
            client::repo_here(&reply, repo)?;
            let hooks: Vec<wire::Hook> = reply.json()?;
            let ours = |hook: &wire::Hook| hook.config.url.as_deref() == Some(url);
            if let Some(hook) = hooks.into_iter().find(ours) {
                return Ok(Some(Some(hook)));
            }
            match reply.link("next") {
                Some(next) => call = Call::get(next).accept(&NOT_ALLOWED),
                None => return Ok(Some(None)),
            }
        }
    }
}

/// Whether the account may not manage webhooks: GitHub hides them with 404.
fn refused(reply: &Reply) -> bool {
    NOT_ALLOWED.contains(&reply.status)
}

/// The newest attempt of each delivery that was never taken, newest first.
fn untaken(listed: &[wire::Delivery]) -> Vec<u64> {
    let taken = listed.iter().filter(|delivery| delivery.is_taken());
    // A later attempt may have been taken.
    let mut known: BTreeSet<&str> = taken.map(|one| one.guid.as_str()).collect();
    let newest = listed
        .iter()
        .filter(|delivery| known.insert(delivery.guid.as_str()));
    newest
        .map(|delivery| delivery.id)
        .take(REDELIVERIES_MAX)
        .collect()
}

fn by_hand(repo: &Repo, url: &str) -> String {
    format!(
        "The token may not manage the webhooks of {repo}. Somebody with admin access opens Settings, Webhooks, \
         Add webhook there: payload URL {url}, content type application/json, the secret from the node's \
         configuration, and the events Issues, Issue comments and Sub-issues."
    )
}
