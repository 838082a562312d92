//! The change feed, and what a trigger matches.
//!
//! The list of changes is in the order of their stamps, and each page begins at the greatest stamp of the one before: what
//! changes while it is read moves to its end and is read there. Only where a whole page has one stamp do the API's own pages
//! help out.

use super::JsonHttp;
use super::client::{self, Slots};
use super::paging::{Listing, Page};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, ItemPage, Opinion, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{Fetched, Item, ItemId};
use twinline_core::time::Timestamp;

/// An item's stamp may be taken before its change can be read.
const COMMIT_MARGIN: Duration = Duration::from_secs(2);

/// Likeness below which a name is no suggestion.
const LIKENESS_MIN: f64 = 0.8;

/// A place within one sweep.
#[derive(Debug, Deserialize, Serialize)]
struct Place {
    /// When the sweep began, by the earlier of both clocks.
    began: Timestamp,
    /// The API's own page.
    token: Option<String>,
}

impl JsonHttp {
    /// What scopes' keys say.
    pub(super) fn scope_slots(&self, scope: &Scope) -> Result<Slots, TrackerError> {
        let keys = self.description.scope_keys();
        keys.into_iter().try_fold(Slots::default(), |slots, key| {
            let value = connector::named(scope, key, self.name())?;
            Ok(slots.with(key, value))
        })
    }

    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let now = self.client.now();
        let place = cursor
            .page
            .as_deref()
            .and_then(|page| serde_json::from_str(page).ok());
        let place: Place = place.unwrap_or(Place {
            began: now,
            token: None,
        });
        let page = self
            .changed(scope, cursor.since, place.token.as_deref())
            .await?;
        let began = page.date.unwrap_or(place.began).min(place.began);
        let last = self.last_stamp(&page)?;
        let next = page.next.clone();
        let time = &self.model().time;
        let next = match (next, last) {
            (None, _) => None,
            (Some(_), Some(last)) if time.floor(last) > time.floor(cursor.since) => {
                Some((last, None))
            }
            (Some(token), _) => Some((cursor.since, Some(token))),
        };
        let next = next.map(|(since, token)| Cursor {
            since,
            page: serde_json::to_string(&Place { began, token }).ok(),
        });
        let candidates = page
            .all()
            .map(|raw| self.candidate(&raw))
            .collect::<Result<Vec<_>, _>>()?;
        let changes = candidates.into_iter().map(|candidate| FeedChange {
            candidate,
            kind: ChangeKind::Field,
        });
        let unit = Duration::from_millis(time.resolution_ms.into());
        let complete = began
            .minus(COMMIT_MARGIN.max(unit))
            .minus(self.capabilities.index_lag);
        Ok(ChangePage {
            changes: changes.collect(),
            next,
            complete_to: complete.floor_to_second(),
        })
    }

    /// One page of what changed in a scope at an instant or later.
    pub(super) async fn changed(
        &self,
        scope: &Scope,
        since: Timestamp,
        token: Option<&str>,
    ) -> Result<Page, TrackerError> {
        let list = &self.model().list;
        let slots = self
            .scope_slots(scope)?
            .with("since", self.model().time.query(since));
        let listing = Listing {
            path: &list.path,
            queries: &[&list.query, &list.changed],
            items: &list.items,
            total: list.total.as_ref(),
            paging: &list.paging,
        };
        self.page(listing, &slots, &[], token).await
    }

    /// The greatest stamp of a page, which is its last; `None` on an empty page.
    fn last_stamp(&self, page: &Page) -> Result<Option<Timestamp>, TrackerError> {
        let mut last: Option<Timestamp> = None;
        for raw in &page.entries {
            let version = self.reader().version(raw);
            let stamp = version
                .map_err(|missing| self.not_as_described("the list of changes", &missing))?
                .updated;
            if last.is_some_and(|last| stamp < last) {
                return Err(TrackerError::Unreadable {
                    tracker: self.name().to_owned(),
                    place: "the list of changes".to_owned(),
                    reason: "it is not in the order of the stamps, the least recent first: changes could be lost. Let the \
                             description's list.changed ask for that order"
                        .to_owned(),
                });
            }
            last = Some(stamp);
        }
        Ok(last)
    }

    pub(super) fn candidate(&self, raw: &Json) -> Result<Candidate, TrackerError> {
        let reader = self.reader();
        let read = || {
            Ok(Candidate {
                reference: reader.reference(raw)?,
                version: reader.version(raw)?,
                marker: reader.marker(raw),
            })
        };
        read().map_err(|missing| self.not_as_described("a list of items", &missing))
    }

    /// One page of the items that match a trigger.
    pub(super) async fn matching(
        &self,
        scope: &Scope,
        trigger: &str,
        token: Option<&str>,
    ) -> Result<ItemPage<Json>, TrackerError> {
        let list = &self.model().list;
        let asked = self
            .read_trigger(trigger)
            .map_err(|why| client::refused(&self.description, why))?;
        let listing = Listing {
            path: &list.path,
            queries: &[&list.query, &list.search],
            items: &list.items,
            total: list.total.as_ref(),
            paging: &list.paging,
        };
        let page = self
            .page(listing, &self.scope_slots(scope)?, &asked, token)
            .await?;
        let (next, total) = (page.next.clone(), page.total);
        Ok(ItemPage {
            items: page.all().collect(),
            next,
            total,
            estimate: None,
        })
    }

    /// The same of whole items. Where lists do not show them whole each is asked for.
    pub(super) async fn matching_whole(
        &self,
        scope: &Scope,
        trigger: &str,
        token: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let page = self.matching(scope, trigger, token).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for raw in &page.items {
            let read = self.reader().item(raw);
            if self.model().list.whole {
                items.push(
                    read.map_err(|missing| self.not_as_described("a list of items", &missing))?,
                );
                continue;
            }
            let id = self.candidate(raw)?.reference.item.id;
            if let Fetched::Found(item) = self.whole(&id, false).await? {
                items.push(*item);
            }
        }
        Ok(ItemPage {
            items,
            next: page.next,
            total: page.total,
            estimate: page.estimate,
        })
    }

    /// Refuses a trigger that is not understood.
    pub(super) fn check_trigger(&self, trigger: &str) -> Result<(), TrackerError> {
        let read = self.read_trigger(trigger).map(drop);
        read.map_err(|why| client::refused(&self.description, why))
    }

    /// The parts of the query that a trigger is.
    fn read_trigger(&self, trigger: &str) -> Result<Vec<(String, String)>, Impossible> {
        let list = &self.model().list;
        let trigger = trigger.trim();
        if trigger.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(name) = &list.trigger {
            return Ok(vec![(name.clone(), trigger.to_owned())]);
        }
        let refused = |why: String| Err(Impossible::part("trigger", why));
        let pairs = url::form_urlencoded::parse(trigger.trim_start_matches('?').as_bytes());
        let mut asked = Vec::new();
        for (name, value) in pairs.into_owned() {
            if name.is_empty() || value.is_empty() {
                return refused(format!(
                    "the trigger's part '{name}={value}' is not FILTER=VALUE"
                ));
            }
            if !list.filters.contains(&name) {
                return refused(self.no_filter(&name));
            }
            asked.push((name, value));
        }
        Ok(asked)
    }

    fn no_filter(&self, name: &str) -> String {
        let filters = &self.model().list.filters;
        let likeness = |other: &String| strsim::jaro_winkler(name, other);
        let nearest = filters
            .iter()
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let way_out = match nearest {
            Some(nearest) if likeness(nearest) >= LIKENESS_MIN => {
                format!("did you mean '{nearest}'?")
            }
            Some(_) => format!(
                "there are {}",
                filters.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
            None => "the description names none".to_owned(),
        };
        format!("{}'s list has no filter '{name}': {way_out}", self.name())
    }

    /// Lists are asked: an API says about one item what it is, not what it matches.
    pub(super) fn opinions(&self, items: &[ItemId]) -> BTreeMap<ItemId, Opinion> {
        let lag = self.capabilities.index_lag;
        items
            .iter()
            .map(|item| (item.clone(), Opinion::Ask(lag)))
            .collect()
    }
}
