//! Making webhooks, and keeping what became of them.

use super::Github;
use super::changes::Act;
use super::model::{Delivery, Hook};
use super::render_repo::extend;
use crate::call;
use crate::simulator::{Delivered, Webhook};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use twinline_core::time::Timestamp;

/// Deliveries kept to be listed and sent again; GitHub keeps those of three days.
const MAX_DELIVERIES: usize = 20_000;

impl Github {
    /// Sends an event of a repository to every hook that wants it.
    pub(super) fn emit(
        &mut self,
        act: Act<'_>,
        repo: usize,
        event: &str,
        action: Option<&str>,
        mut body: Value,
    ) {
        if let Some(action) = action {
            body["action"] = json!(action);
        }
        self.add_surroundings(act, repo, &mut body);
        let id = self.next_id();
        let guid = guid(id);
        let hooks: Vec<Hook> = self.repos[repo]
            .hooks
            .values()
            .filter(|hook| hook.wants(event))
            .cloned()
            .collect();
        for hook in hooks {
            self.send(act.now, repo, &hook, event, &guid, &body);
        }
    }

    /// Sends `ping` to one hook.
    pub(super) fn ping(&mut self, act: Act<'_>, repo: usize, id: u64) {
        let Some(hook) = self.repos[repo].hooks.get(&id).cloned() else {
            return;
        };
        let mut body = json!({"zen": "Keep it logically awesome.", "hook_id": id, "hook": self.hook(repo, &hook)});
        self.add_surroundings(act, repo, &mut body);
        let guid = guid(self.next_id());
        self.send(act.now, repo, &hook, "ping", &guid, &body);
    }

    fn add_surroundings(&self, act: Act<'_>, repo: usize, body: &mut Value) {
        let repo = &self.repos[repo];
        let more = json!({
            "repository": self.repository(repo),
            "organization": self.organization(&repo.owner),
            "sender": self.user(act.by),
        });
        extend(body, more);
    }

    fn send(
        &mut self,
        now: Timestamp,
        repo: usize,
        hook: &Hook,
        event: &str,
        guid: &str,
        body: &Value,
    ) {
        let id = self.next_id();
        let delivery = Delivery {
            id,
            guid: guid.to_owned(),
            repo,
            hook: hook.id,
            event: event.to_owned(),
            action: body["action"].as_str().map(str::to_owned),
            request: self.webhook_request(repo, hook, event, guid, body),
            redelivery: false,
            outcome: None,
        };
        self.queue(now, delivery);
    }

    pub(super) fn deliver_again(&mut self, now: Timestamp, old: Delivery) {
        let id = self.next_id();
        let again = Delivery {
            id,
            redelivery: true,
            outcome: None,
            ..old
        };
        self.queue(now, again);
    }

    fn queue(&mut self, now: Timestamp, delivery: Delivery) {
        self.outbox.push(Webhook {
            delivery: delivery.id,
            request: delivery.request.clone(),
            at: now,
        });
        self.deliveries.insert(delivery.id, delivery);
        while self.deliveries.len() > MAX_DELIVERIES {
            self.deliveries.pop_first();
        }
    }

    /// Headers as in docs.github.com, "Webhook events and payloads", delivery headers.
    fn webhook_request(
        &self,
        repo: usize,
        hook: &Hook,
        event: &str,
        guid: &str,
        body: &Value,
    ) -> Request<Bytes> {
        let json = body.to_string();
        let (kind, payload) = if hook.content_type == "json" {
            ("application/json", json)
        } else {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("payload", &json);
            ("application/x-www-form-urlencoded", form.finish())
        };
        let mut request = Request::post(hook.url.as_str())
            .header("user-agent", "GitHub-Hookshot/7a1b2c3")
            .header("accept", "*/*")
            .header("content-type", kind)
            .header("x-github-delivery", guid)
            .header("x-github-event", event)
            .header("x-github-hook-id", hook.id)
            .header("x-github-hook-installation-target-id", self.repos[repo].id)
            .header("x-github-hook-installation-target-type", "repository");
        if let Some(secret) = &hook.secret {
            let signature = call::hmac_sha256_hex(secret, payload.as_bytes());
            request = request.header("x-hub-signature-256", format!("sha256={signature}"));
        }
        request
            .body(Bytes::from(payload))
            .expect("a hook's address was checked when it was made, and our headers are plain")
    }

    pub(super) fn delivery_ended(&mut self, now: Timestamp, id: u64, how: &Delivered) {
        // A hook that was deleted meanwhile has taken its deliveries with it.
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        delivery.outcome = Some((now, how.clone()));
        let (repo, hook) = (delivery.repo, delivery.hook);
        if let Some(hook) = self.repos[repo].hooks.get_mut(&hook) {
            hook.last = Some(how.clone());
        }
    }
}

/// A delivery's id in the form of a UUID, the same for all hooks that get one event.
fn guid(event: u64) -> String {
    let digest = Sha256::digest(event.to_be_bytes());
    let text = hex::encode(&digest[..16]);
    format!(
        "{}-{}-11ee-{}-{}",
        &text[..8],
        &text[8..12],
        &text[16..20],
        &text[20..32]
    )
}
