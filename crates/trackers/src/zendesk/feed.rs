//! The change feed, queries and exact matching.
//!
//! The feed is the cursor-based incremental export, of the whole account: in the order of changes, so that nothing is lost
//! while it is read. It leaves out what changed in the last minute, also where an earlier change of the same ticket would
//! have been listed: so the tickets that changed last are asked for once more by themselves, which the database answers.

use super::account::Place;
use super::trigger::{Trigger, quoted};
use super::{Zendesk, client, decode, wire};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, ItemPage, Opinion, Scope};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{Item, ItemId};
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// How far the search may lag behind: "up to a few minutes".
pub(super) const INDEX_LAG: Duration = Duration::from_secs(180);

/// What the export leaves out. Source: "Using the Incremental Export API".
const EXCLUDED: Duration = Duration::from_secs(60);

/// Times are whole seconds, and a ticket's is taken before its change is to be seen.
const MARGIN: Duration = Duration::from_secs(2);

/// Pages of the tickets that changed last; when there are more, the next sweep goes on.
const RECENT_PAGES_MAX: u32 = 10;

/// Tickets on a page of the export; Zendesk's greatest.
const EXPORT_PAGE_SIZE: &str = "1000";

/// A ticket in the bin.
const DELETED: &str = "deleted";

impl Zendesk {
    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let place = self.place(scope).await?;
        let at = At::read(cursor).unwrap_or_else(|| At::beginning(self.tracker_now()));
        match &at.part {
            Part::Export(after) => self.export(place, cursor, &at, after.as_deref()).await,
            Part::Recent(number, after) => {
                self.recent(place, cursor, &at, (*number, after.as_deref()))
                    .await
            }
        }
    }

    async fn export(
        &self,
        place: Place,
        cursor: &Cursor,
        at: &At,
        after: Option<&str>,
    ) -> Result<ChangePage, TrackerError> {
        let call = Call::get("/api/v2/incremental/tickets/cursor")
            .query("per_page", EXPORT_PAGE_SIZE)
            .key(client::KEY_EXPORT);
        let call = match after {
            Some(after) => call.query("cursor", after),
            None => {
                // A start in the last minute is refused.
                let latest = at.began.minus(EXCLUDED + MARGIN);
                let start = cursor.since.min(latest).as_millis().div_euclid(1000).max(0);
                call.query("start_time", start.to_string())
            }
        };
        let reply = self.client.send(call).await?;
        let page: wire::Export = reply.json()?;
        // By the earlier of both clocks.
        let began = match (after, reply.date()) {
            (None, Some(date)) => at.began.min(date),
            _ => at.began,
        };
        let part = match (page.end_of_stream, page.after_cursor) {
            (false, Some(after)) => Part::Export(Some(after)),
            (false, None) => return Err(reply.unreadable("after_cursor", "it does not go on")),
            (true, _) => Part::Recent(0, None),
        };
        let next = At { began, part };
        Ok(ChangePage {
            changes: self.changes_in(place, &page.tickets, Timestamp::EPOCH),
            next: Some(next.cursor(cursor)),
            complete_to: next.complete_to(),
        })
    }

    /// The tickets that changed in what the export leaves out.
    async fn recent(
        &self,
        place: Place,
        cursor: &Cursor,
        at: &At,
        (number, after): (u32, Option<&str>),
    ) -> Result<ChangePage, TrackerError> {
        let call = Call::get("/api/v2/tickets")
            .query("sort", "-updated_at")
            .query("page[size]", client::PAGE_SIZE);
        let call = client::paged(call, after);
        let page: wire::Recent = self.client.send(call).await?.json()?;
        let reached = at
            .complete_to()
            .minus(MARGIN)
            .max(cursor.since.floor_to_second());
        let oldest = page.tickets.last().map(|ticket| ticket.updated_at);
        let ended = oldest.is_none_or(|oldest| oldest < reached);
        let next = page.meta.next().filter(|_| !ended);
        let too_many = next.is_some() && number + 1 >= RECENT_PAGES_MAX;
        let next = next.filter(|_| !too_many).map(|after| At {
            began: at.began,
            part: Part::Recent(number + 1, Some(after)),
        });
        Ok(ChangePage {
            changes: self.changes_in(place, &page.tickets, cursor.since.floor_to_second()),
            next: next.map(|next| next.cursor(cursor)),
            // Then nobody knows what was left out.
            complete_to: if too_many {
                cursor.since
            } else {
                at.complete_to()
            },
        })
    }

    /// The tickets of a place that changed since.
    fn changes_in(
        &self,
        place: Place,
        listed: &[wire::Listed],
        since: Timestamp,
    ) -> Vec<FeedChange> {
        let here = listed.iter().filter(|ticket| {
            place.holds(ticket.brand_id, ticket.group_id) && ticket.updated_at >= since
        });
        let change = |ticket: &wire::Listed| FeedChange {
            candidate: Candidate {
                reference: self.reference(ticket.id),
                version: decode::version(ticket.updated_at),
                marker: decode::marker(ticket.external_id.as_ref()),
            },
            kind: match ticket.status.as_deref() {
                Some(DELETED) => ChangeKind::Deleted,
                _ => ChangeKind::Field,
            },
        };
        here.map(change).collect()
    }

    /// One page of the tickets of a scope that match a trigger.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let page = self.listed(scope, trigger, page).await?;
        page.try_map(|ticket| {
            Ok(Candidate {
                reference: self.reference(ticket.id),
                version: decode::version(ticket.updated_at),
                marker: decode::marker(ticket.external_id.as_ref()),
            })
        })
    }

    /// The same of whole tickets. The search has the words of a description without their form, and people by id alone.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let page = self.listed(scope, trigger, page).await?;
        let known = |account: &super::account::Account| {
            page.items.iter().all(|ticket| account.knows(ticket))
        };
        let account = self.account_that(known).await?;
        page.try_map(|ticket| {
            let words = ticket.description.as_deref().unwrap_or_default();
            let text = (Document::from_plain(words), None);
            let reference = self.reference(ticket.id);
            Ok(decode::item(
                &ticket,
                &account,
                &BTreeMap::new(),
                reference,
                text,
            ))
        })
    }

    async fn listed(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<wire::Ticket>, TrackerError> {
        let trigger = Trigger::parse(trigger).map_err(client::refused)?;
        let place = self.place(scope).await?;
        let account = self.account().await?;
        let here = account.scope(place.brand, place.group);
        let here = here
            .iter()
            .map(|(key, name)| format!("{key}:{}", quoted(name)));
        let query = here.chain([trigger.text]).collect::<Vec<_>>().join(" ");
        let call = Call::get("/api/v2/search/export")
            .query("query", query.trim())
            .query("filter[type]", "ticket")
            .query("page[size]", client::PAGE_SIZE);
        let reply = self.client.send(client::paged(call, page)).await?;
        let mut found: wire::Found = reply.json()?;
        // Brands and groups may have names that begin alike, and the index lags.
        found
            .results
            .retain(|ticket| place.holds(ticket.brand_id, ticket.group_id));
        let next = found.meta.next();
        let estimate = match (page, &next) {
            (None, Some(_)) => self.estimate(query.trim()).await,
            _ => None,
        };
        Ok(ItemPage {
            items: found.results,
            next,
            total: None,
            estimate,
        })
    }

    /// About how many tickets match. Only a person reads it: without it the page is as good.
    async fn estimate(&self, query: &str) -> Option<u64> {
        let query = format!("type:ticket {query}");
        let counted = self
            .client
            .send(Call::get("/api/v2/search/count").query("query", query));
        let counted = counted
            .await
            .and_then(|reply: Reply| reply.json::<wire::Counted>());
        counted
            .inspect_err(
                |error| tracing::debug!(%error, "Zendesk does not tell how many tickets match"),
            )
            .ok()
            .map(|counted| counted.count)
    }

    /// Exact where the tickets themselves tell, which are consistent; else the search must be asked.
    pub(super) async fn opinions(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let trigger = Trigger::parse(trigger).map_err(client::refused)?;
        let mut opinions = BTreeMap::new();
        for some in items.chunks(client::SHOWN_MAX) {
            let ids: Vec<&str> = some.iter().map(|item| item.id.as_str()).collect();
            let call = Call::get("/api/v2/tickets/show_many").query("ids", ids.join(","));
            let shown: wire::Tickets = self.client.send(call).await?.json()?;
            for ticket in &shown.tickets {
                let opinion = match trigger.judge(ticket) {
                    Some(true) => Opinion::Matches,
                    Some(false) => Opinion::Differs,
                    None => Opinion::Ask(INDEX_LAG),
                };
                opinions.insert(self.reference(ticket.id).item, opinion);
            }
        }
        Ok(opinions)
    }

    /// Now, by Zendesk's clock as far as it is known.
    fn tracker_now(&self) -> Timestamp {
        let now = self.client.now().as_millis() + self.client.skew_ms();
        Timestamp::from_millis(now)
    }
}

/// A place within one sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
struct At {
    /// When the sweep began.
    began: Timestamp,
    part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// The export behind a cursor.
    Export(Option<String>),
    /// The tickets that changed last: a page's number and cursor.
    Recent(u32, Option<String>),
}

impl At {
    const fn beginning(began: Timestamp) -> Self {
        Self {
            began,
            part: Part::Export(None),
        }
    }

    /// `BEGAN e CURSOR` or `BEGAN NUMBER CURSOR`; anything else is a beginning.
    fn read(cursor: &Cursor) -> Option<Self> {
        let mut words = cursor.page.as_deref()?.splitn(3, ' ');
        let began = Timestamp::from_millis(words.next()?.parse().ok()?);
        let part = words.next()?;
        let after = words.next().filter(|after| !after.is_empty());
        let after = after.map(str::to_owned);
        let part = match part.parse() {
            Ok(number) => Part::Recent(number, after),
            Err(_) => Part::Export(after),
        };
        Some(Self { began, part })
    }

    fn cursor(&self, cursor: &Cursor) -> Cursor {
        let began = self.began.as_millis();
        let page = match &self.part {
            Part::Export(after) => format!("{began} e {}", after.as_deref().unwrap_or_default()),
            Part::Recent(number, after) => {
                format!("{began} {number} {}", after.as_deref().unwrap_or_default())
            }
        };
        Cursor {
            since: cursor.since,
            page: Some(page),
        }
    }

    /// Up to when the sweep knows all changes at its end.
    fn complete_to(&self) -> Timestamp {
        self.began.minus(EXCLUDED + MARGIN).floor_to_second()
    }
}

#[cfg(test)]
mod tests;
