//! The tickets of a scope of a tracker.

use super::{Answer, Found, Inbound, Passed, Ticket};
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use twinline_core::effect::{Effect, Recognised};
use twinline_core::item::{Fetched, Item, ItemId, User, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;
use twinline_trackers::{Cursor, Scope, Tracker, TrackerError};

/// Pages of the feed that are read in one look.
const PAGES_MAX: usize = 20;
/// Tickets that are fetched in one look.
const FETCHES_MAX: usize = 50;
/// Listing them may take so long, and fetching them until then: a look that ends late has found nothing.
const LISTING_MAX: Duration = Duration::from_secs(25);
const FETCHING_MAX: Duration = Duration::from_secs(50);
/// What is said of a tracker that takes longer.
const SLOW: &str = "no answer in time";
/// What answers are recognised by begins with this.
const ROOT: &str = "watch";

/// A scope of a node.
pub struct Place {
    /// The node.
    pub node: NodeName,
    /// The scope.
    pub scope: Scope,
    /// The field that says whose a ticket is; without one all are anybody's.
    pub tenant_by: Option<FieldName>,
    /// The channel that answers are written in, by native name.
    pub channel: Option<String>,
}

/// The tickets of a place, by its tracker.
pub struct Tickets {
    /// The tracker.
    pub tracker: Arc<dyn Tracker>,
    /// The place.
    pub place: Place,
}

impl Tickets {
    fn item(&self, id: &str) -> ItemId {
        ItemId {
            node: self.place.node.clone(),
            id: id.to_owned(),
        }
    }

    fn ticket(&self, item: &Item) -> Ticket {
        let text = |name: &str| {
            item.get(name)
                .map(texts)
                .and_then(|it| it.into_iter().next())
        };
        let tenant_by = self.place.tenant_by.as_ref();
        let from = tenant_by.and_then(|field| item.fields.get(field));
        Ticket {
            id: item.reference.item.id.clone(),
            key: item.reference.key.clone(),
            made: match item.get(field::CREATED) {
                Some(Value::Time(at)) => Some(*at),
                _ => None,
            },
            summary: text(field::SUMMARY).unwrap_or_default(),
            from: from.map(texts).unwrap_or_default(),
        }
    }
}

/// What the feed lists.
#[derive(Default)]
struct Listed {
    /// What is not known yet, in the feed's order.
    items: Vec<ItemId>,
    /// Up to when that is all; `None`: there is more.
    complete_to: Option<Timestamp>,
    /// Why there is more.
    fault: Option<String>,
}

impl Listed {
    /// Which of them are not there. Nobody knows while there is more.
    fn lacks(&self, ids: &[String]) -> BTreeSet<String> {
        if self.complete_to.is_none() {
            return BTreeSet::new();
        }
        let there: BTreeSet<&str> = self.items.iter().map(|item| item.id.as_str()).collect();
        let gone = ids.iter().filter(|id| !there.contains(id.as_str()));
        gone.cloned().collect()
    }
}

impl Tickets {
    /// What the feed lists and is not known, until then.
    async fn list(
        &self,
        since: Timestamp,
        passed: &Passed,
        until: Instant,
    ) -> Result<Listed, String> {
        let mut cursor = Cursor { since, page: None };
        let mut listed = Listed::default();
        let mut seen = passed.known.clone();
        for _ in 0..PAGES_MAX {
            let page = self.tracker.changes(&self.place.scope, &cursor);
            let page = match timeout_at(until, page).await {
                Ok(Ok(page)) => page,
                // What was listed before is read all the same.
                Ok(Err(error)) if listed.items.is_empty() => return Err(error.to_string()),
                Ok(Err(error)) => {
                    listed.fault = Some(error.to_string());
                    return Ok(listed);
                }
                Err(_) if listed.items.is_empty() => return Err(SLOW.to_owned()),
                Err(_) => {
                    listed.fault = Some(SLOW.to_owned());
                    return Ok(listed);
                }
            };
            let items = page.changes.into_iter();
            let items = items.map(|change| change.candidate.reference.item);
            listed
                .items
                .extend(items.filter(|item| seen.insert(item.id.clone())));
            let Some(next) = page.next else {
                listed.complete_to = Some(page.complete_to);
                return Ok(listed);
            };
            cursor = next;
        }
        listed.fault = Some(format!(
            "there are more than {PAGES_MAX} pages of changes; what is beyond is not read"
        ));
        Ok(listed)
    }

    /// Reads what is listed, what could not be read before last, until then. Stops where the tracker wants to be left alone.
    async fn fetch(&self, listed: &Listed, passed: &Passed, until: Instant, found: &mut Found) {
        let ids: BTreeMap<&str, &ItemId> = (listed.items.iter())
            .map(|item| (item.id.as_str(), item))
            .collect();
        let again: BTreeSet<&str> = passed.unread.iter().map(String::as_str).collect();
        let fresh = listed.items.iter();
        let fresh = fresh.filter(|item| !again.contains(item.id.as_str()));
        let unread = passed.unread.iter();
        let unread = unread.filter_map(|id| ids.get(id.as_str()).copied());
        for item in fresh.chain(unread).take(FETCHES_MAX) {
            let fetched = timeout_at(until, self.tracker.fetch_bare(item)).await;
            let (stops, fault) = match fetched {
                Ok(Ok(Fetched::Found(item))) => {
                    found.tickets.push(self.ticket(&item));
                    continue;
                }
                // What is gone or hidden meanwhile may be shown again.
                Ok(Ok(_)) => (false, None),
                Ok(Err(error)) => (is_the_trackers(&error), Some(error.to_string())),
                Err(_) => (true, Some(SLOW.to_owned())),
            };
            found.unread.insert(item.id.clone());
            if again.contains(item.id.as_str()) {
                found.tried = Some(item.id.clone());
            }
            if let Some(fault) = fault {
                let fault = format!("the ticket {} cannot be read: {fault}", item.id);
                found.fault.get_or_insert(fault);
            }
            if stops {
                return;
            }
        }
    }
}

/// Whether an error is of the tracker, not of what was asked for: others would fare no better.
const fn is_the_trackers(error: &TrackerError) -> bool {
    matches!(
        error,
        TrackerError::Busy { .. } | TrackerError::Credentials { .. }
    )
}

#[async_trait]
impl Inbound for Tickets {
    async fn since(&self, since: Timestamp, passed: &Passed) -> Result<Found, String> {
        let began = Instant::now();
        let mut listed = self.list(since, passed, began + LISTING_MAX).await?;
        let mut found = Found {
            fault: listed.fault.take(),
            gone: listed.lacks(&passed.unread),
            ..Found::default()
        };
        self.fetch(&listed, passed, began + FETCHING_MAX, &mut found)
            .await;
        let read = listed.items.len() == found.tickets.len();
        found.complete_to = listed.complete_to.filter(|_| read);
        Ok(found)
    }

    async fn answer(&self, ticket: &str, answer: &Answer) -> Result<(), String> {
        let Some(channel) = self.place.channel.clone() else {
            return Ok(());
        };
        let effect = Effect::AddComment {
            item: self.item(ticket),
            channel,
            body: Document::from_plain(&answer.text),
            marker: marker(answer),
        };
        // By a watch that was killed before it noted so.
        let recognised = self.tracker.recognise(&effect, Timestamp::EPOCH).await;
        if let Recognised::There(_) = recognised.map_err(|error| error.to_string())? {
            return Ok(());
        }
        match self.tracker.apply(&effect).await {
            Ok(_) => Ok(()),
            // The ticket is gone, or takes no answers: there is nobody to tell.
            Err(error @ (TrackerError::Refused { .. } | TrackerError::Unreachable { .. })) => {
                tracing::warn!(ticket, %error, "a ticket cannot be answered");
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What an answer is recognised by.
fn marker(answer: &Answer) -> Marker {
    let digest = Sha256::digest(format!("{} {}", answer.report, answer.word));
    let digest: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Marker {
        root: ROOT.into(),
        link: digest.as_str().into(),
    }
}

/// All that a value is called. A person's display name is not among it: anybody may choose that.
fn texts(value: &Value) -> Vec<String> {
    let of_user = |user: &User| {
        let domain = user.email.as_deref().and_then(|it| it.rsplit_once('@'));
        let domain = domain.map(|(_, domain)| domain.to_owned());
        [
            domain,
            user.email.clone(),
            user.login.clone(),
            Some(user.id.clone()),
        ]
    };
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::User(user) => of_user(user).into_iter().flatten().collect(),
        Value::Users(users) => users.iter().flat_map(of_user).flatten().collect(),
        Value::Choice(choice) => vec![choice.name.clone(), choice.id.clone()],
        Value::Choices(choices) => (choices.iter())
            .flat_map(|choice| [choice.name.clone(), choice.id.clone()])
            .collect(),
        Value::Set(set) => set.iter().cloned().collect(),
        _ => Vec::new(),
    }
}
