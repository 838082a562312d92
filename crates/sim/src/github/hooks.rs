//! Repository webhooks: their registration, their deliveries, delivering again.

use super::Github;
use super::failure::{Failure, Reply};
use super::model::{Delivery, Hook};
use super::parts;
use super::render::time;
use super::routes::Ask;
use crate::call;
use crate::simulator::Delivered;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

impl Github {
    pub(super) fn route_hooks(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        if !ask.token.may_manage_hooks {
            return Err(Failure::forbidden());
        }
        let [id, below @ ..] = rest else {
            return match ask.call.method {
                Method::GET => {
                    let all = self.repos[repo].hooks.values().collect();
                    Ok(self.paged(ask, all, |hook| self.hook(repo, hook)))
                }
                Method::POST => self.create_hook(ask, repo),
                _ => Err(Failure::not_found()),
            };
        };
        let id: u64 = id.parse().map_err(|_| Failure::not_found())?;
        if !self.repos[repo].hooks.contains_key(&id) {
            return Err(Failure::not_found());
        }
        match (&ask.call.method, below) {
            (&Method::GET, []) => Ok(self.shown_hook(StatusCode::OK, repo, id)),
            (&Method::PATCH, []) => self.update_hook(ask, repo, id),
            (&Method::DELETE, []) => {
                self.repos[repo].hooks.remove(&id);
                self.deliveries.retain(|_, delivery| delivery.hook != id);
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            (&Method::POST, ["pings"]) => {
                self.ping(ask.act(), repo, id);
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            (&Method::GET, ["deliveries"]) => self.list_deliveries(ask, id),
            (&Method::GET, ["deliveries", delivery]) => {
                let delivery = self.ended_delivery(id, delivery)?;
                Ok(call::json(StatusCode::OK, &self.delivery_whole(delivery)))
            }
            (&Method::POST, ["deliveries", delivery, "attempts"]) => {
                let delivery = self.ended_delivery(id, delivery)?.clone();
                self.deliver_again(ask.now, delivery);
                Ok(call::json(StatusCode::ACCEPTED, &json!({})))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn create_hook(&mut self, ask: &Ask<'_>, repo: usize) -> Reply {
        let body = ask.object()?;
        let mut hook = Hook {
            id: self.next_id(),
            url: String::new(),
            secret: None,
            content_type: "form".to_owned(),
            insecure_ssl: "0".to_owned(),
            events: vec!["push".to_owned()],
            active: true,
            created: ask.now,
            updated: ask.now,
            last: None,
        };
        configure(&mut hook, &body)?;
        if hook.url.is_empty() {
            return Err(Failure::validation(
                json!({"resource": "Hook", "code": "missing_field", "field": "config.url"}),
            ));
        }
        let twin = |other: &Hook| other.url == hook.url && other.events == hook.events;
        if self.repos[repo].hooks.values().any(twin) {
            return Err(Failure::validation(
                json!({"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}),
            ));
        }
        let id = self.add_hook(repo, hook);
        self.ping(ask.act(), repo, id);
        Ok(self.shown_hook(StatusCode::CREATED, repo, id))
    }

    /// Puts a hook into a repository; nobody pings it.
    pub(super) fn add_hook(&mut self, repo: usize, hook: Hook) -> u64 {
        let id = hook.id;
        self.repos[repo].hooks.insert(id, hook);
        id
    }

    fn update_hook(&mut self, ask: &Ask<'_>, repo: usize, id: u64) -> Reply {
        let body = ask.object()?;
        let hook = self.repos[repo]
            .hooks
            .get_mut(&id)
            .ok_or_else(Failure::not_found)?;
        let mut changed = hook.clone();
        if body["config"].is_object() {
            // A secret that is not sent again is removed (docs.github.com, "Update a repository webhook").
            changed.secret = None;
        }
        configure(&mut changed, &body)?;
        for name in names(&body["add_events"]) {
            if !changed.events.contains(&name) {
                changed.events.push(name);
            }
        }
        let removed = names(&body["remove_events"]);
        changed.events.retain(|name| !removed.contains(name));
        changed.updated = ask.now;
        *hook = changed;
        Ok(self.shown_hook(StatusCode::OK, repo, id))
    }

    fn shown_hook(&self, status: StatusCode, repo: usize, id: u64) -> Response<bytes::Bytes> {
        let body = self.hook(repo, &self.repos[repo].hooks[&id]);
        let mut response = call::json(status, &body);
        if status == StatusCode::CREATED {
            call::set(
                &mut response,
                "location",
                body["url"].as_str().unwrap_or_default(),
            );
        }
        response
    }

    pub(super) fn hook(&self, repo: usize, hook: &Hook) -> Value {
        let url = format!("{}/hooks/{}", self.repo_url(&self.repos[repo]), hook.id);
        let last = match &hook.last {
            None => json!({"code": null, "status": "unused", "message": null}),
            Some(Delivered::Answered { status, .. }) => {
                let word = if (200..300).contains(status) {
                    "active"
                } else {
                    "failed"
                };
                json!({"code": status, "status": word, "message": status_text(*status)})
            }
            Some(Delivered::Failed { reason }) => {
                json!({"code": 0, "status": "failed", "message": reason})
            }
        };
        let mut config = json!({
            "url": hook.url, "content_type": hook.content_type, "insecure_ssl": hook.insecure_ssl,
        });
        if hook.secret.is_some() {
            config["secret"] = json!("********");
        }
        json!({
            "type": "Repository",
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": hook.events,
            "config": config,
            "updated_at": time(hook.updated),
            "created_at": time(hook.created),
            "url": url,
            "test_url": format!("{url}/test"),
            "ping_url": format!("{url}/pings"),
            "deliveries_url": format!("{url}/deliveries"),
            "last_response": last,
        })
    }

    /// The youngest first, in pages by cursor.
    fn list_deliveries(&self, ask: &Ask<'_>, hook: u64) -> Reply {
        let size = super::page::Page::of(ask).size;
        let before = match ask.call.param("cursor") {
            None => u64::MAX,
            Some(text) => text
                .trim_start_matches("v1_")
                .parse()
                .map_err(|_| Failure::bad_request("Invalid cursor"))?,
        };
        let wanted = ask.call.param("status");
        let mine = self
            .deliveries
            .range(..before)
            .rev()
            .map(|(_, delivery)| delivery)
            .filter(|delivery| {
                let code = delivery.outcome.as_ref().map(|(_, how)| code(how));
                delivery.hook == hook
                    && code.is_some_and(|code| match wanted {
                        // By the code's range: a delivery without any answer is neither.
                        Some("success") => (200..400).contains(&code),
                        Some("failure") => (400..600).contains(&code),
                        _ => true,
                    })
            });
        let mut shown: Vec<&Delivery> = mine.take(size + 1).collect();
        let more = shown.len() > size;
        shown.truncate(size);
        let body: Value = shown
            .iter()
            .map(|delivery| self.delivery(delivery))
            .collect();
        let mut response = call::json(StatusCode::OK, &body);
        if let Some(last) = shown.last().filter(|_| more) {
            let next = self.address_with(ask, "cursor", &format!("v1_{}", last.id));
            call::set(&mut response, "link", &format!("<{next}>; rel=\"next\""));
        }
        Ok(response)
    }

    fn ended_delivery(&self, hook: u64, id: &str) -> Result<&Delivery, Box<Failure>> {
        let id: u64 = id
            .parse()
            .map_err(|_| Failure::bad_request("Invalid delivery ID"))?;
        let found = self.deliveries.get(&id);
        found
            .filter(|delivery| delivery.hook == hook && delivery.outcome.is_some())
            .ok_or_else(Failure::not_found)
    }

    fn delivery(&self, delivery: &Delivery) -> Value {
        let unknown = (
            Timestamp::EPOCH,
            Delivered::Failed {
                reason: "pending".to_owned(),
            },
        );
        let (at, how) = delivery.outcome.as_ref().unwrap_or(&unknown);
        let (status, seconds) = match how {
            Delivered::Answered { status, millis } => {
                let seconds = std::time::Duration::from_millis(*millis).as_secs_f64();
                (status_text(*status), seconds)
            }
            Delivered::Failed { reason } => (reason.clone(), 0.0),
        };
        json!({
            "id": delivery.id,
            "guid": delivery.guid,
            "delivered_at": time(*at),
            "redelivery": delivery.redelivery,
            "duration": seconds,
            "status": status,
            "status_code": code(how),
            "event": delivery.event,
            "action": delivery.action,
            "installation_id": null,
            "repository_id": self.repos[delivery.repo].id,
            "throttled_at": null,
        })
    }

    fn delivery_whole(&self, delivery: &Delivery) -> Value {
        let mut body = self.delivery(delivery);
        let headers: Map<String, Value> = delivery
            .request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
            .collect();
        // What we sent is JSON of our own making.
        let payload: Value = serde_json::from_slice(delivery.request.body()).unwrap_or(Value::Null);
        body["url"] = json!(delivery.request.uri().to_string());
        body["request"] = json!({"headers": headers, "payload": payload});
        body["response"] = json!({"headers": {}, "payload": ""});
        body
    }
}

/// The code that a delivery shows: 0 where no answer came.
const fn code(how: &Delivered) -> u16 {
    match how {
        Delivered::Answered { status, .. } => *status,
        Delivered::Failed { .. } => 0,
    }
}

fn configure(hook: &mut Hook, body: &Value) -> Result<(), Box<Failure>> {
    if !body["events"].is_null() {
        hook.events = names(&body["events"]);
    }
    if let Some(active) = body["active"].as_bool() {
        hook.active = active;
    }
    let config = &body["config"];
    if let Some(url) = parts::text(config, "url")? {
        if !url.starts_with("http://") && !url.starts_with("https://")
            || url.parse::<http::Uri>().is_err()
        {
            return Err(Failure::validation(
                json!({"resource": "Hook", "code": "custom", "field": "url", "message": "url is not a valid URL"}),
            ));
        }
        url.clone_into(&mut hook.url);
    }
    if let Some(secret) = parts::text(config, "secret")? {
        hook.secret = Some(secret.to_owned()).filter(|secret| !secret.is_empty());
    }
    if let Some(kind) = parts::text(config, "content_type")? {
        kind.clone_into(&mut hook.content_type);
    }
    if let Some(insecure) = config["insecure_ssl"].as_u64() {
        hook.insecure_ssl = insecure.to_string();
    } else if let Some(insecure) = config["insecure_ssl"].as_str() {
        insecure.clone_into(&mut hook.insecure_ssl);
    }
    Ok(())
}

fn names(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

fn status_text(status: u16) -> String {
    if (200..300).contains(&status) {
        "OK".to_owned()
    } else {
        format!("Invalid HTTP Response: {status}")
    }
}
