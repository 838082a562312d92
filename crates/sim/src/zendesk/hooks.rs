//! Webhooks that are subscribed to ticket events: their registration, what they say, how they are signed, when they are
//! tried again, and the breaker.
//!
//! Sources: developer.zendesk.com, "Webhooks API", "Ticket events", "Verifying webhook authenticity" and the introduction's
//! part on retries.

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::html;
use super::page::{self, Order};
use super::route::Asked;
use super::show::LONG_AGO;
use super::tickets::By;
use crate::call::{empty, hmac_sha256_base64, hmac_sha256_hex, json};
use crate::simulator::{Delivered, Webhook};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The window of the breaker.
const WINDOW: Duration = Duration::from_secs(300);
/// It opens at so many errors in a hundred requests, or at more errors than that.
const ERRORS_PERCENT: usize = 70;
const ERRORS_MAX: usize = 1000;
/// A share says nothing of fewer requests. Zendesk does not tell how many it looks at.
const SAMPLE_MIN: usize = 10;
/// How long nothing is sent then; Zendesk says: briefly.
const PAUSE: Duration = Duration::from_secs(60);
/// Tries again after a conflict, and after an answer that did not come in time.
const CONFLICT_RETRIES: u32 = 3;
const TIMEOUT_RETRIES: u32 = 5;
/// Time between two tries; Zendesk does not tell it.
const BETWEEN: Duration = Duration::from_secs(10);
/// Invocations that are listed.
const INVOCATIONS_MAX: usize = 1000;
const ACCOUNT: u64 = 22_129_848;

/// A webhook.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    number: u64,
    id: String,
    name: String,
    endpoint: String,
    active: bool,
    subscriptions: Vec<String>,
    secret: String,
    /// When each request ended, and whether well.
    ended: VecDeque<(Timestamp, bool)>,
    open_until: Timestamp,
    invocations: VecDeque<(u64, &'static str, Timestamp)>,
}

/// Registered webhooks and their deliveries on the way.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    hooks: BTreeMap<u64, Hook>,
    outbox: Vec<Webhook>,
    newest: u64,
    /// Which webhook sent a delivery that has not ended, and how often it was tried again.
    under_way: BTreeMap<u64, (u64, u32)>,
}

impl Hook {
    fn wants(&self, event: &str) -> bool {
        let name = format!("zen:event-type:ticket.{event}");
        self.active && self.subscriptions.contains(&name)
    }

    /// Takes note of a request that ended, and opens the breaker where it must.
    fn ended(&mut self, now: Timestamp, delivery: u64, well: bool) {
        while let Some((at, _)) = self.ended.front()
            && now.since(*at) >= WINDOW
        {
            self.ended.pop_front();
        }
        self.ended.push_back((now, well));
        let errors = self.ended.iter().filter(|(_, well)| !well).count();
        let share = errors * 100 >= self.ended.len() * ERRORS_PERCENT;
        if errors > ERRORS_MAX || (share && self.ended.len() >= SAMPLE_MIN) {
            self.open_until = now.plus(PAUSE);
        }
        self.invoked(delivery, if well { "success" } else { "failed" }, now);
    }

    fn invoked(&mut self, delivery: u64, status: &'static str, at: Timestamp) {
        if self.invocations.len() >= INVOCATIONS_MAX {
            self.invocations.pop_front();
        }
        self.invocations.push_back((delivery, status, at));
    }
}

impl Hooks {
    pub(super) fn take(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outbox)
    }

    /// After how long a delivery is tried again. An answer of 429 or 503 is tried again only where it says when, and this
    /// simulator's receivers never do.
    pub(super) fn delivered(
        &mut self,
        now: Timestamp,
        delivery: u64,
        how: &Delivered,
    ) -> Option<Duration> {
        let (number, tries) = self.under_way.remove(&delivery)?;
        let most = match how {
            Delivered::Answered { status: 409, .. } => CONFLICT_RETRIES,
            Delivered::Failed { reason } if reason == "timed out" => TIMEOUT_RETRIES,
            Delivered::Answered { .. } | Delivered::Failed { .. } => 0,
        };
        let hook = self.hooks.get_mut(&number)?;
        hook.ended(now, delivery, how.is_success());
        if tries >= most {
            return None;
        }
        self.under_way.insert(delivery, (number, tries + 1));
        Some(BETWEEN)
    }

    fn send(&mut self, at: Timestamp, event: &str, body: &Value) {
        let body = body.to_string();
        for hook in self.hooks.values_mut().filter(|hook| hook.wants(event)) {
            self.newest += 1;
            if at < hook.open_until {
                hook.invoked(self.newest, "circuit broken", at);
                continue;
            }
            let stamp = at.floor_to_second().to_string();
            let signature = hmac_sha256_base64(&hook.secret, format!("{stamp}{body}").as_bytes());
            let request = Request::post(&hook.endpoint)
                .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
                .header(header::USER_AGENT, "Zendesk Webhook")
                .header("x-zendesk-account-id", ACCOUNT)
                .header("x-zendesk-webhook-id", &hook.id)
                .header("x-zendesk-webhook-invocation-id", identifier(self.newest))
                .header("x-zendesk-webhook-signature", signature)
                .header("x-zendesk-webhook-signature-timestamp", stamp)
                .body(Bytes::from(body.clone()))
                .expect("the endpoint was checked");
            self.under_way.insert(self.newest, (hook.number, 0));
            self.outbox.push(Webhook {
                delivery: self.newest,
                request,
                at,
            });
        }
    }

    fn shown(hook: &Hook) -> Value {
        json!({"id": hook.id, "name": hook.name, "endpoint": hook.endpoint, "http_method": "POST",
            "request_format": "json", "status": if hook.active { "active" } else { "inactive" },
            "subscriptions": hook.subscriptions, "created_at": LONG_AGO, "created_by": "1",
            "updated_at": LONG_AGO, "updated_by": "1"})
    }

    fn named(&mut self, id: &str) -> Result<&mut Hook, Failure> {
        let mut hooks = self.hooks.values_mut();
        hooks.find(|hook| hook.id == id).ok_or(Failure::NotFound)
    }

    fn add(&mut self, endpoint: &str, attributes: &Map<String, Value>) -> Result<u64, Failure> {
        let number = self
            .hooks
            .last_key_value()
            .map_or(1, |(number, _)| number + 1);
        let mut hook = Hook {
            number,
            id: format!(
                "01HZ{}",
                &hmac_sha256_hex("id", &number.to_be_bytes())[..22]
            )
            .to_uppercase(),
            name: String::new(),
            endpoint: endpoint.to_owned(),
            active: false,
            subscriptions: Vec::new(),
            // Zendesk makes it; nobody can choose it.
            secret: hmac_sha256_base64("signing secret", &number.to_be_bytes()),
            ended: VecDeque::new(),
            open_until: Timestamp::EPOCH,
            invocations: VecDeque::new(),
        };
        hook.write(attributes)?;
        self.hooks.insert(number, hook);
        Ok(number)
    }
}

impl Hook {
    fn write(&mut self, attributes: &Map<String, Value>) -> Result<(), Failure> {
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        if let Some(endpoint) = text("endpoint") {
            let parsed: Result<http::Uri, _> = endpoint.parse();
            if !parsed.is_ok_and(|url| url.scheme().is_some() && url.host().is_some()) {
                return Err(Failure::bad("InvalidWebhook", "endpoint is not a URL"));
            }
            endpoint.clone_into(&mut self.endpoint);
        }
        if let Some(name) = text("name") {
            name.clone_into(&mut self.name);
        }
        if let Some(status) = text("status") {
            self.active = status == "active";
        }
        if let Some(subscriptions) = attributes.get("subscriptions").and_then(Value::as_array) {
            let names = subscriptions.iter().filter_map(Value::as_str);
            self.subscriptions = names.map(str::to_owned).collect();
        }
        Ok(())
    }
}

impl Zendesk {
    pub(super) fn route_webhooks(&mut self, asked: &Asked<'_>, below: &[&str]) -> Answer {
        asked.admin()?;
        match (asked.call.method.as_str(), below) {
            ("GET", []) => {
                let all: Vec<&Hook> = self.hooks.hooks.values().collect();
                let key = |hook: &&Hook| (0, hook.number);
                page::answer(asked, "webhooks", &all, (key, Order::Up), |hook| {
                    Hooks::shown(hook)
                })
            }
            ("POST", []) => self.create_webhook(asked),
            ("GET", [id]) => {
                let shown = Hooks::shown(self.hooks.named(id)?);
                Ok(json(StatusCode::OK, &json!({"webhook": shown})))
            }
            ("PATCH" | "PUT", [id]) => {
                let attributes = asked.object("webhook")?;
                self.hooks.named(id)?.write(&attributes)?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            ("DELETE", [id]) => {
                let number = self.hooks.named(id)?.number;
                self.hooks.hooks.remove(&number);
                Ok(empty(StatusCode::NO_CONTENT))
            }
            ("GET", [id, "signing_secret"]) => {
                let secret = &self.hooks.named(id)?.secret;
                let shown = json!({"signing_secret": {"algorithm": "SHA256", "secret": secret}});
                Ok(json(StatusCode::OK, &shown))
            }
            ("GET", [id, "invocations"]) => {
                let hook = self.hooks.named(id)?;
                let mut all: Vec<_> = hook.invocations.iter().collect();
                all.reverse();
                let key = |one: &&(u64, &'static str, Timestamp)| (one.2.as_millis(), one.0);
                page::answer(asked, "invocations", &all, (key, Order::Down), |one| {
                    json!({"id": identifier(one.0), "status": one.1, "status_code": null,
                        "latest_completed_at": one.2.to_string()})
                })
            }
            _ => Err(Failure::NotFound),
        }
    }

    fn create_webhook(&mut self, asked: &Asked<'_>) -> Answer {
        let attributes = asked.object("webhook")?;
        for name in [
            "name",
            "endpoint",
            "http_method",
            "request_format",
            "status",
        ] {
            if !attributes.contains_key(name) {
                let sentence = format!("{name} is mandatory");
                return Err(Failure::bad("InvalidWebhook", sentence));
            }
        }
        let number = self.hooks.add("", &attributes)?;
        let shown = Hooks::shown(&self.hooks.hooks[&number]);
        Ok(json(StatusCode::CREATED, &json!({"webhook": shown})))
    }

    /// A person sets a webhook up, or copies the secret of one that is there: afterwards both sides have the same.
    pub(super) fn adopt(&mut self, url: &str, secret: Option<String>) -> Result<(), Failure> {
        let known = self.hooks.hooks.values().find(|hook| hook.endpoint == url);
        let number = match known {
            Some(hook) => hook.number,
            None => {
                let all = super::seed::EVENTS.map(|event| format!("zen:event-type:ticket.{event}"));
                let attributes = json!({"name": "by hand", "endpoint": url, "status": "active", "subscriptions": all});
                let attributes = attributes.as_object().cloned().unwrap_or_default();
                self.hooks.add(url, &attributes)?
            }
        };
        if let (Some(hook), Some(secret)) = (self.hooks.hooks.get_mut(&number), secret) {
            hook.secret = secret;
        }
        Ok(())
    }

    /// Tells the webhooks of something that happened to a ticket.
    pub(super) fn tell(&mut self, by: By, id: u64, event: &str, about: &Value) {
        let Some(ticket) = self.tickets.get(&id) else {
            return;
        };
        let id_of = |id: Option<u64>| id.map_or_else(|| "0".to_owned(), |id| id.to_string());
        let status = if ticket.deleted.is_some() {
            "DELETED".to_owned()
        } else {
            ticket.status.to_uppercase()
        };
        let description = ticket.comments.first().map(|one| html::plain(&one.html));
        let detail = json!({
            "actor_id": by.who.to_string(),
            "assignee_id": id_of(ticket.assignee),
            "brand_id": ticket.brand.to_string(),
            "created_at": ticket.created.to_string(),
            "custom_status": ticket.custom_status.to_string(),
            "description": description,
            "external_id": ticket.external_id,
            "form_id": "0",
            "group_id": id_of(ticket.group),
            "id": id.to_string(),
            "is_public": true,
            "organization_id": "0",
            "priority": ticket.priority.as_ref().map(|one| one.to_uppercase()),
            "requester_id": ticket.requester.to_string(),
            "status": status,
            "subject": ticket.subject,
            "submitter_id": ticket.submitter.to_string(),
            "tags": ticket.tags,
            "type": ticket.kind.as_ref().map(|one| one.to_uppercase()),
            "updated_at": ticket.updated.to_string(),
            "via": {"channel": "web_service"},
        });
        let mut told = about.clone();
        told["meta"] =
            json!({"sequence": {"id": identifier(self.hooks.newest), "position": 1, "total": 1}});
        let body = json!({
            "account_id": ACCOUNT,
            "detail": detail,
            "event": told,
            "id": identifier(self.hooks.newest + 1),
            "subject": format!("zen:ticket:{id}"),
            "time": by.now.to_string(),
            "type": format!("zen:event-type:ticket.{event}"),
            "zendesk_event_version": "2022-11-06",
        });
        self.hooks.send(by.now, event, &body);
    }
}

/// An identifier in the form of a ULID or UUID; the same number gives the same.
fn identifier(number: u64) -> String {
    let hex = hmac_sha256_hex("invocation", &number.to_be_bytes());
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[0..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    )
}
