//! What changed since: the incremental export, and the bin.
//!
//! Source: developer.zendesk.com, "Using the Incremental Export API" and "Deleted Tickets".

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::model::Ticket;
use super::page::{self, Order};
use super::route::Asked;
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::json;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// What changed so lately is left out.
const EXCLUDED: Duration = Duration::from_secs(60);
/// How long a deleted ticket is in the bin.
const IN_BIN: Duration = Duration::from_secs(30 * 24 * 3600);

impl Zendesk {
    /// `GET /incremental/tickets/cursor`: tickets in the order of their last change, deleted ones included.
    pub(super) fn export(&mut self, asked: &Asked<'_>) -> Answer {
        asked.admin()?;
        let limits = self.site.limits;
        self.usage.count_export(asked.now, limits)?;
        let latest = asked.now.minus(EXCLUDED);
        let invalid = |what: &str| Failure::bad("InvalidValue", format!("Invalid {what}"));
        let after = match (asked.call.param("cursor"), asked.call.param("start_time")) {
            (Some(cursor), _) => page::decode(cursor).ok_or_else(|| invalid("cursor"))?,
            (None, Some(start)) => {
                let start: i64 = start.parse().map_err(|_| invalid("start_time"))?;
                let start = Timestamp::from_millis(start.saturating_mul(1000));
                if start > latest {
                    return Err(Failure::unprocessable(
                        "StartTimeTooRecent",
                        "Too recent start_time. Use a start_time older than 60 seconds",
                    ));
                }
                // Everything of the start's second is after this.
                (start.as_millis(), 0)
            }
            (None, None) => return Err(invalid("start_time")),
        };
        let most = self.site.export_page_max;
        let size = asked.call.param("per_page").map(str::parse::<usize>);
        let size = size.and_then(Result::ok).unwrap_or(most).clamp(1, most);
        let key = |ticket: &Ticket| (ticket.generated.as_millis(), ticket.id);
        let mut found: Vec<&Ticket> = self
            .tickets
            .values()
            .filter(|ticket| key(ticket) > after && ticket.generated <= latest)
            .filter(|ticket| ticket.hidden.is_none())
            .collect();
        found.sort_by_key(|ticket| key(ticket));
        let ended = found.len() <= size;
        found.truncate(size);
        let cursor = page::encode(found.last().map_or(after, |ticket| key(ticket)));
        let url = asked.url(&[("cursor", &cursor)]);
        let shown: Vec<_> = found.iter().map(|ticket| self.ticket(ticket)).collect();
        Ok(json(
            StatusCode::OK,
            &json!({"tickets": shown, "after_url": url, "after_cursor": cursor, "before_url": null,
                "before_cursor": null, "end_of_stream": ended}),
        ))
    }

    pub(super) fn route_deleted(&mut self, asked: &Asked<'_>, below: &[&str]) -> Answer {
        match (asked.call.method.as_str(), below) {
            ("GET", []) => self.list_deleted(asked),
            ("PUT", [id, "restore"]) => self.restore(asked, id),
            _ => Err(Failure::NotFound),
        }
    }

    fn in_bin(&self, now: Timestamp) -> impl Iterator<Item = &Ticket> {
        let all = self
            .tickets
            .values()
            .filter(|ticket| ticket.hidden.is_none());
        all.filter(move |ticket| {
            let deleted = ticket.deleted.as_ref();
            deleted.is_some_and(|deleted| now.since(deleted.at) < IN_BIN)
        })
    }

    fn list_deleted(&self, asked: &Asked<'_>) -> Answer {
        let mut all: Vec<&Ticket> = self.in_bin(asked.now).collect();
        let sort = asked.call.param("sort").unwrap_or("id");
        let by_time = sort.ends_with("deleted_at");
        let key = |ticket: &&Ticket| {
            let at = ticket
                .deleted
                .as_ref()
                .map_or(0, |deleted| deleted.at.as_millis());
            (if by_time { at } else { 0 }, ticket.id)
        };
        all.sort_by_key(key);
        let order = if sort.starts_with('-') {
            Order::Down
        } else {
            Order::Up
        };
        if order == Order::Down {
            all.reverse();
        }
        page::answer(asked, "deleted_tickets", &all, (key, order), |ticket| {
            let deleted = ticket.deleted.as_ref();
            let by = deleted.and_then(|deleted| self.site.user(deleted.by));
            json!({"id": ticket.id, "subject": ticket.subject,
                "actor": by.map(|by| json!({"id": by.id, "name": by.name})),
                "deleted_at": deleted.map(|deleted| deleted.at.to_string()),
                "previous_state": deleted.map(|deleted| deleted.previous.clone())})
        })
    }

    fn restore(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = id.parse().map_err(|_| Failure::NotFound)?;
        let there = self.in_bin(asked.now).any(|ticket| ticket.id == id);
        let ticket = self.tickets.get_mut(&id).filter(|_| there);
        let ticket = ticket.ok_or(Failure::NotFound)?;
        ticket.deleted = None;
        ticket.updated = asked.now;
        ticket.generated = asked.now;
        self.note(asked.now, id);
        self.tell(asked.by(), id, "undeleted", &json!({}));
        Ok(empty(StatusCode::OK))
    }
}
