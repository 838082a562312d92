//! Tickets: get, list, create, update, tags, delete.

use super::Zendesk;
use super::attributes::tags;
use super::failure::{Answer, Failure};
use super::model::Ticket;
use super::page::{self, Order};
use super::route::Asked;
use crate::call::{empty, json, set};
use http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How long an idempotency key is remembered. Source: developer.zendesk.com, "Tickets", Idempotency.
const KEY_LIVES: Duration = Duration::from_secs(2 * 3600);
/// Tickets that `show_many` gives at most.
const SHOWN_MAX: usize = 100;

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    /// Whole seconds.
    pub(super) now: Timestamp,
    /// A user's id.
    pub(super) who: u64,
}

impl Asked<'_> {
    pub(super) const fn by(&self) -> By {
        By {
            now: self.now,
            who: self.caller.id,
        }
    }
}

/// A create that was made under an idempotency key.
#[derive(Debug)]
pub(super) struct Remembered {
    at: Timestamp,
    body: Vec<u8>,
    ticket: u64,
    audit: u64,
}

impl Zendesk {
    pub(super) fn list_tickets(&self, asked: &Asked<'_>) -> Answer {
        let external = asked.call.param("external_id");
        let mut found: Vec<&Ticket> = self
            .seen()
            .filter(|ticket| external.is_none() || ticket.external_id.as_deref() == external)
            .collect();
        let sort = asked.call.param("sort").unwrap_or("id");
        let (name, order) = match sort.strip_prefix('-') {
            Some(name) => (name, Order::Down),
            None => (sort, Order::Up),
        };
        let by_time = name == "updated_at";
        let key = |ticket: &&Ticket| match by_time {
            true => (ticket.updated.as_millis(), ticket.id),
            false => (0, ticket.id),
        };
        found.sort_by_key(key);
        if order == Order::Down {
            found.reverse();
        }
        let show = |ticket: &&Ticket| self.ticket(ticket);
        let mut page = page::listed(asked, "tickets", &found, (key, order), show)?;
        if asked.includes("users") {
            page["users"] = self.people_of(found.into_iter());
        }
        Ok(json(StatusCode::OK, &page))
    }

    pub(super) fn show_many(&self, asked: &Asked<'_>) -> http::Response<bytes::Bytes> {
        let ids = asked.call.param("ids").unwrap_or_default();
        let ids: Vec<u64> = ids
            .split(',')
            .filter_map(|id| id.trim().parse().ok())
            .collect();
        let found: Vec<&Ticket> = self
            .seen()
            .filter(|ticket| ids.contains(&ticket.id))
            .take(SHOWN_MAX)
            .collect();
        let shown: Vec<Value> = found.iter().map(|ticket| self.ticket(ticket)).collect();
        let mut body = json!({"tickets": shown, "count": shown.len(), "next_page": null, "previous_page": null});
        if asked.includes("users") {
            body["users"] = self.people_of(found.into_iter());
        }
        json(StatusCode::OK, &body)
    }

    pub(super) fn get_ticket(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let ticket = self.visible(id)?;
        let mut body = json!({"ticket": self.ticket(ticket)});
        if asked.includes("users") {
            body["users"] = self.people_of(std::iter::once(ticket));
        }
        Ok(json(StatusCode::OK, &body))
    }

    pub(super) fn create_ticket(&mut self, asked: &Asked<'_>) -> Answer {
        let attributes = asked.object("ticket")?;
        let key = asked.call.header("idempotency-key").map(str::to_owned);
        let digest = Sha256::digest(asked.call.body()).to_vec();
        if let Some(key) = &key {
            let limit = asked.now.minus(KEY_LIVES);
            self.keys.retain(|_, made| made.at > limit);
            if let Some(made) = self.keys.get(key) {
                if made.body != digest {
                    return Err(Failure::bad(
                        "IdempotentRequestError",
                        "The parameters in this request do not match the parameters received when this key was last used.",
                    ));
                }
                let mut response = self.changed(StatusCode::CREATED, made.ticket, made.audit);
                set(&mut response, "x-idempotency-lookup", "hit");
                return Ok(response);
            }
        }
        let by = asked.by();
        let made = self.requested(&attributes, |it, attributes| it.insert(by, attributes));
        let (id, audit) = made?;
        let mut response = self.changed(StatusCode::CREATED, id, audit);
        set(
            &mut response,
            "location",
            &format!("{}/api/v2/tickets/{id}.json", self.base_url),
        );
        if let Some(key) = key {
            let made = Remembered {
                at: asked.now,
                body: digest,
                ticket: id,
                audit,
            };
            self.keys.insert(key, made);
            set(&mut response, "x-idempotency-lookup", "miss");
        }
        Ok(response)
    }

    pub(super) fn update_ticket(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = self.visible(id)?.id;
        let attributes = asked.object("ticket")?;
        let limits = self.site.limits;
        self.usage
            .count_update(asked.now, limits, (id, asked.caller.id))?;
        self.check_stamp(id, &attributes)?;
        let by = asked.by();
        let changed = self.requested(&attributes, |it, attributes| it.change(by, id, attributes));
        Ok(self.changed(StatusCode::OK, id, changed?))
    }

    /// Refuses a safe update of a ticket that has changed since.
    fn check_stamp(&self, id: u64, attributes: &Map<String, Value>) -> Result<(), Failure> {
        let safe = attributes.get("safe_update");
        let safe = safe.is_some_and(|safe| *safe == json!(true) || *safe == json!("true"));
        let stamp = attributes.get("updated_stamp").and_then(Value::as_str);
        let stamp = stamp.and_then(|stamp| Timestamp::parse(stamp).ok());
        if !safe || stamp == Some(self.tickets[&id].updated) {
            return Ok(());
        }
        Err(Failure::Refused {
            status: StatusCode::CONFLICT,
            error: "UpdateConflict",
            description: "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket \
                          data and try again."
                .to_owned(),
        })
    }

    pub(super) fn get_tags(&self, id: &str) -> Answer {
        let ticket = self.visible(id)?;
        Ok(json(StatusCode::OK, &json!({"tags": ticket.tags})))
    }

    /// `PUT` adds tags, `DELETE` takes them away, `POST` replaces all.
    pub(super) fn change_tags(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = self.visible(id)?.id;
        let body = asked.body()?;
        let attributes = body.as_object().cloned().unwrap_or_default();
        self.check_stamp(id, &attributes)?;
        let written = tags(body.get("tags").unwrap_or(&Value::Null));
        let mut kept = self.tickets[&id].tags.clone();
        let status = match asked.call.method.as_str() {
            "DELETE" => {
                kept.retain(|tag| !written.contains(tag));
                StatusCode::OK
            }
            "PUT" => {
                kept.extend(written);
                StatusCode::OK
            }
            _ => {
                kept = written;
                StatusCode::CREATED
            }
        };
        let attributes = Map::from_iter([("tags".to_owned(), json!(kept))]);
        self.change(asked.by(), id, &attributes)?;
        Ok(json(status, &json!({"tags": self.tickets[&id].tags})))
    }

    pub(super) fn delete_ticket(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = self.visible(id)?.id;
        self.put_in_bin(asked.by(), id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Closes tickets into another one, which is told of it. The real one does so in a job; it has ended when this answers.
    pub(super) fn merge(&mut self, asked: &Asked<'_>, target: &str) -> Answer {
        let target = self.visible(target)?.id;
        let body = asked.body()?;
        let ids = body.get("ids").and_then(Value::as_array);
        let ids: Vec<u64> = ids
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        for id in &ids {
            self.visible(&id.to_string())?;
        }
        for id in ids {
            let mut tags = self.tickets[&id].tags.clone();
            tags.insert("closed_by_merge".to_owned());
            let closing = json!({"status": "closed", "tags": tags, "comment": {"public": false,
                "body": format!("This request was closed and merged into request #{target}.")}});
            let telling = json!({"comment": {"public": false, "body": format!("Request #{id} was closed and merged into this request.")}});
            for (id, attributes) in [(id, closing), (target, telling)] {
                let attributes = attributes.as_object().cloned().unwrap_or_default();
                self.change(asked.by(), id, &attributes)?;
            }
            self.tell(
                asked.by(),
                id,
                "merged",
                &json!({"target_ticket_id": target.to_string()}),
            );
        }
        let job =
            json!({"job_status": {"id": "done", "status": "completed", "total": 1, "progress": 1}});
        Ok(json(StatusCode::OK, &job))
    }

    /// A ticket that the API may show.
    pub(super) fn visible(&self, id: &str) -> Result<&Ticket, Failure> {
        let ticket = id.parse().ok().and_then(|id: u64| self.tickets.get(&id));
        let ticket = ticket.filter(|ticket| ticket.deleted.is_none());
        let ticket = ticket.ok_or(Failure::NotFound)?;
        match ticket.hidden {
            None => Ok(ticket),
            Some(403) => Err(Failure::Forbidden),
            Some(_) => Err(Failure::NotFound),
        }
    }

    /// The tickets that the API may show.
    fn seen(&self) -> impl Iterator<Item = &Ticket> {
        let seen = |ticket: &&Ticket| ticket.deleted.is_none() && ticket.hidden.is_none();
        self.tickets.values().filter(seen)
    }

    /// The answer to a write: the ticket, and what was done to it.
    fn changed(&self, status: StatusCode, id: u64, audit: u64) -> http::Response<bytes::Bytes> {
        let ticket = &self.tickets[&id];
        let audit = ticket.audits.iter().find(|one| one.id == audit);
        let audit = audit.map(|audit| Self::audit(ticket, audit));
        json(
            status,
            &json!({"ticket": self.ticket(ticket), "audit": audit}),
        )
    }
}
