//! The account's webhook that brings us its deliveries.
//!
//! It is subscribed to the events of tickets, which tell deletions, merges and redactions; triggers do not. Its signing
//! secret is made by Zendesk and cannot be chosen: somebody copies it into the node's configuration once, or an
//! administrator's token lets us compare.
//!
//! Source: "Webhooks API" and "Creating and monitoring webhooks" in Zendesk's documentation.

use super::{Zendesk, client, wire};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use crate::tracker::{Subscribed, Subscription};
use http::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The events that say something about a ticket.
const EVENTS: [&str; 27] = [
    "agent_assignment_changed",
    "attachment_linked_to_comment",
    "attachment_redacted_from_comment",
    "brand_changed",
    "comment_added",
    "comment_made_private",
    "comment_redacted",
    "created",
    "custom_field_changed",
    "custom_status_changed",
    "description_changed",
    "external_id_changed",
    "group_assignment_changed",
    "marked_as_spam",
    "merged",
    "organization_changed",
    "permanently_deleted",
    "priority_changed",
    "problem_link_changed",
    "requester_changed",
    "soft_deleted",
    "status_changed",
    "subject_changed",
    "tags_changed",
    "task_due_at_changed",
    "type_changed",
    "undeleted",
];

/// What webhooks answer to an account that may not manage them.
const NOT_ALLOWED: [StatusCode; 2] = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];

impl Zendesk {
    /// Registers the webhook, or puts an existing one in order, and compares its secret with ours.
    pub(super) async fn register(
        &self,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        let Some(hook) = self.hook(url).await? else {
            return Ok(Subscribed::ByHand(by_hand(url)));
        };
        let hook = match hook {
            Some(hook) if is_sound(&hook) => hook,
            Some(hook) => {
                let body =
                    json!({ "webhook": { "status": "active", "subscriptions": subscriptions() } });
                let call = Call::patch(path(&hook.id, ""))
                    .accept(&NOT_ALLOWED)
                    .json(&body);
                if refused(&self.client.send(call).await?) {
                    return Ok(Subscribed::ByHand(by_hand(url)));
                }
                hook
            }
            None => {
                let body = json!({ "webhook": {
                    "name": "Twinline", "description": "Tells Twinline which tickets changed.", "endpoint": url,
                    "http_method": "POST", "request_format": "json", "status": "active",
                    "subscriptions": subscriptions(),
                }});
                let call = Call::post("/api/v2/webhooks").cost(Cost::Write);
                let reply = self
                    .client
                    .send(call.accept(&NOT_ALLOWED).json(&body))
                    .await?;
                if refused(&reply) {
                    return Ok(Subscribed::ByHand(by_hand(url)));
                }
                reply.json::<wire::OneWebhook>()?.webhook
            }
        };
        match self.signs_with(&hook, secret).await? {
            true => Ok(Subscribed::Registered),
            false => Ok(Subscribed::ByHand(copy_secret(url))),
        }
    }

    /// Whether the webhook signs with the secret that we have.
    async fn signs_with(&self, hook: &wire::Hook, secret: &str) -> Result<bool, TrackerError> {
        let call = Call::get(path(&hook.id, "/signing_secret")).accept(&NOT_ALLOWED);
        let reply = self.client.send(call).await?;
        if refused(&reply) {
            return Ok(false);
        }
        let signing: wire::Signing = reply.json()?;
        // By digests: how long it takes tells nothing of the secrets.
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        Ok(digest(&signing.signing_secret.secret) == digest(secret))
    }

    /// Removes the webhook. One that is not there is removed.
    pub(super) async fn unregister(&self, url: &str) -> Result<(), TrackerError> {
        let Some(hook) = self.hook(url).await? else {
            return Err(TrackerError::Credentials {
                sentence: format!(
                    "the account may not manage Zendesk's webhooks: remove the one to {url} by hand"
                ),
            });
        };
        if let Some(hook) = hook {
            let call = Call::delete(path(&hook.id, ""));
            self.client
                .send(call.accept(&[StatusCode::NOT_FOUND]))
                .await?;
        }
        Ok(())
    }

    /// How the webhook stands, where we may look.
    pub(super) async fn standing(&self, url: &str) -> Result<Subscription, TrackerError> {
        let hook = match self.hook(url).await? {
            None => return Ok(Subscription::Hidden),
            Some(None) => return Ok(Subscription::Missing),
            Some(Some(hook)) => hook,
        };
        if hook.status != "active" {
            return Ok(Subscription::Off(format!(
                "Zendesk's webhook to {url} is switched off: a host at work switches it on, or a person in Admin \
                 Center, Apps and integrations, Webhooks"
            )));
        }
        if !is_sound(&hook) {
            return Ok(Subscription::Off(format!(
                "Zendesk's webhook to {url} does not tell of all that happens to tickets: a host at work subscribes it to \
                 the rest, or a person in Admin Center, Apps and integrations, Webhooks"
            )));
        }
        let call = Call::get(path(&hook.id, "/invocations"))
            .query("page[size]", "1")
            .query("sort", "-latest_completed_at")
            .accept(&NOT_ALLOWED);
        let reply = self.client.send(call).await?;
        if refused(&reply) {
            return Ok(Subscription::Hidden);
        }
        let listed: wire::Invocations = reply.json()?;
        let newest = listed.invocations.into_iter().next();
        let wrong = newest.filter(|one| !one.status.eq_ignore_ascii_case("success"));
        Ok(wrong.map_or(Subscription::Sound, |one| {
            // At 70 % of errors, or more than 1,000 in five minutes, Zendesk sends nothing for a while.
            Subscription::Untaken(format!(
                "Zendesk's last delivery to {url} ended with '{}': see Admin Center, Webhooks, Activity, and whether \
                 that address leads to the edge",
                one.status
            ))
        }))
    }

    /// Our webhook, if there is one; `None` when we may not look.
    async fn hook(&self, url: &str) -> Result<Option<Option<wire::Hook>>, TrackerError> {
        let mut after = None;
        for _ in 0..client::PAGES_MAX {
            let call = Call::get("/api/v2/webhooks")
                .query("page[size]", client::PAGE_SIZE)
                .accept(&NOT_ALLOWED);
            let reply = self
                .client
                .send(client::paged(call, after.as_deref()))
                .await?;
            if refused(&reply) {
                return Ok(None);
            }
            let page: wire::Webhooks = reply.json()?;
            if let Some(hook) = page.webhooks.into_iter().find(|hook| hook.endpoint == url) {
                return Ok(Some(Some(hook)));
            }
            after = page.meta.next();
            if after.is_none() {
                break;
            }
        }
        Ok(Some(None))
    }
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/webhooks/{id}{rest}")
}

fn subscriptions() -> Vec<String> {
    EVENTS
        .iter()
        .map(|event| format!("zen:event-type:ticket.{event}"))
        .collect()
}

/// Whether a webhook is active and tells all that we want to hear.
fn is_sound(hook: &wire::Hook) -> bool {
    let wanted = subscriptions();
    hook.status == "active"
        && wanted
            .iter()
            .all(|event| hook.subscriptions.contains(event))
}

/// Whether the account may not manage webhooks.
fn refused(reply: &Reply) -> bool {
    NOT_ALLOWED.contains(&reply.status)
}

fn by_hand(url: &str) -> String {
    format!(
        "The account may not manage Zendesk's webhooks. An administrator opens Admin Center, Apps and integrations, \
         Webhooks, Create webhook there: Zendesk events, all of tickets; endpoint {url}, POST, JSON. Then Reveal secret: \
         that text belongs into the file that webhook.secrets of this node names. Until then the node is polled."
    )
}

fn copy_secret(url: &str) -> String {
    format!(
        "The webhook to {url} is set up, and Zendesk makes its secret by itself. Open Admin Center, Apps and \
         integrations, Webhooks, Twinline, Reveal secret: that text belongs into the file that webhook.secrets of this \
         node names. Until then its deliveries are refused, and the node is polled."
    )
}
