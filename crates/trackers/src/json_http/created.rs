//! Whether a create whose answer was lost is there.

use super::JsonHttp;
use super::description::MarkerPlace;
use super::encode;
use super::item::Asked;
use super::paging::{Listing, Page};
use super::recognise::{at, there};
use crate::error::TrackerError;
use crate::tracker::Scope;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Recognised};
use twinline_core::item::{Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

/// Pages of changed items that are searched for a marker.
const PAGES_MAX: usize = 40;

/// Items that are asked for one by one, where the list does not show their markers.
const LOOKS_MAX: usize = 100;

impl JsonHttp {
    /// Of several items with the marker the oldest is the one: a copy takes the marker over. What carries none may be it all
    /// the same: an API drops what it does not take, and a person may write a text anew.
    pub(super) async fn created(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let unclear = |reason: String| Ok(Recognised::Unclear { reason });
        let Some(place) = &self.model().marker else {
            return unclear(format!(
                "{} keeps no marker, by its description",
                self.name()
            ));
        };
        if !place.query.is_empty() {
            let found = self.with_marker(scope, place, marker).await?;
            if let Some(raw) = self.oldest(&found, marker) {
                return Ok(there(Some(self.made_of(raw)?)));
            }
        }
        let Some(found) = self.made_since(scope, since).await? else {
            return unclear(format!(
                "more than {PAGES_MAX} pages of items were changed in the scope since"
            ));
        };
        let Some(found) = self.with_what_lists_hide(place, found).await? else {
            return unclear(format!(
                "lists do not show where the marker is, and more than {LOOKS_MAX} items were made in the scope since"
            ));
        };
        match self.oldest(&found, marker) {
            Some(raw) => Ok(there(Some(self.made_of(raw)?))),
            None => self.alike(&found, fields, place.in_text).await,
        }
    }

    fn oldest<'a>(&self, found: &'a [Json], marker: &Marker) -> Option<&'a Json> {
        let reader = self.reader();
        let marked = found
            .iter()
            .filter(|raw| reader.marker(raw).as_ref() == Some(marker));
        marked.min_by_key(|raw| {
            (
                reader.created(raw),
                age(&reader.id(raw).unwrap_or_default()),
            )
        })
    }

    fn made_of(&self, raw: &Json) -> Result<Applied, TrackerError> {
        let candidate = self.candidate(raw)?;
        Ok(Applied {
            created: Some(candidate.reference),
            ..at(candidate.version)
        })
    }

    /// Items without a marker that our account has made since. One with the title that was to be written may be it; where the
    /// marker lies in a text that a person writes, they may have written the title anew too.
    async fn alike(
        &self,
        found: &[Json],
        fields: &BTreeMap<FieldName, Value>,
        in_text: bool,
    ) -> Result<Recognised, TrackerError> {
        let reader = self.reader();
        let bare = found.iter().filter(|raw| reader.marker(raw).is_none());
        let bare: Vec<&Json> = bare.collect();
        if bare.is_empty() {
            return Ok(Recognised::NotThere);
        }
        let us = self.account().await?;
        let summary = FieldName::from(field::SUMMARY);
        let title = fields
            .get(&summary)
            .map(|title| encode::normalise(&self.description, &summary, title));
        let (mut alike, mut others) = (Vec::new(), 0);
        for raw in bare {
            let read = reader.fields(raw);
            let by_us = match (read.get(field::REPORTER), &us) {
                (Some(Value::User(reporter)), Some(us)) => {
                    reporter.id == us.id || reporter.answers(us)
                }
                // Who made it is not told.
                _ => true,
            };
            match by_us {
                true if read.get(&summary) == title.as_ref() => alike.push(self.made_of(raw)?),
                true => others += 1,
                false => {}
            }
        }
        if !alike.is_empty() {
            return Ok(Recognised::Alike(alike));
        }
        if others == 0 || !in_text {
            return Ok(Recognised::NotThere);
        }
        Ok(Recognised::Unclear {
            reason: format!(
                "{others} items without a marker were made since, perhaps by our account: a person may have written \
                 title and text anew"
            ),
        })
    }

    /// What the description's own query for a marker lists: other items too, where the API does not know the query.
    async fn with_marker(
        &self,
        scope: &Scope,
        place: &MarkerPlace,
        marker: &Marker,
    ) -> Result<Vec<Json>, TrackerError> {
        let list = &self.model().list;
        let slots = self.scope_slots(scope)?.with("marker", marker.to_string());
        let listing = Listing {
            path: &list.path,
            queries: &[&list.query, &place.query],
            items: &list.items,
            total: list.total.as_ref(),
            paging: &list.paging,
        };
        Ok(self.page(listing, &slots, &[], None).await?.all().collect())
    }

    /// The items that were made since, among those that were changed; `None`: there are too many.
    async fn made_since(
        &self,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Option<Vec<Json>>, TrackerError> {
        let reader = self.reader();
        let new = |raw: &Json| reader.created(raw).is_none_or(|created| created >= since);
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let page: Page = self.changed(scope, since, token.as_deref()).await?;
            token = page.next.clone();
            found.extend(page.all().filter(new));
            if token.is_none() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same items; those in which the list does not show the marker's place, as they are by themselves. `None`: there are
    /// too many.
    async fn with_what_lists_hide(
        &self,
        place: &MarkerPlace,
        found: Vec<Json>,
    ) -> Result<Option<Vec<Json>>, TrackerError> {
        let description = self.model().fields.get(field::DESCRIPTION);
        let path = place
            .path
            .as_ref()
            .or_else(|| description.map(|field| &field.path));
        let (mut whole, mut looks) = (Vec::with_capacity(found.len()), 0);
        for raw in found {
            if path.is_none_or(|path| path.of(&raw).is_some()) {
                whole.push(raw);
                continue;
            }
            looks += 1;
            if looks > LOOKS_MAX {
                return Ok(None);
            }
            let id = self.candidate(&raw)?.reference.item.id;
            if let Asked::Here(seen) = self.ask_item(&id, None).await? {
                whole.push(seen.item);
            }
        }
        Ok(Some(whole))
    }
}

/// Ids in the order in which most APIs give them: numbers by their size.
fn age(id: &str) -> (usize, String) {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (if is_number { id.len() } else { 0 }, id.to_owned())
}
