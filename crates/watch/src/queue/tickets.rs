//! The tickets of a scope of a tracker.

use super::{Answer, Found, Inbound, Ticket};
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
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

#[async_trait]
impl Inbound for Tickets {
    async fn since(&self, since: Timestamp, known: &BTreeSet<String>) -> Result<Found, String> {
        let mut cursor = Cursor { since, page: None };
        let mut found = Found::default();
        let mut seen = known.clone();
        let mut fetched = 0;
        for _ in 0..PAGES_MAX {
            let page = self.tracker.changes(&self.place.scope, &cursor).await;
            let page = page.map_err(|error| error.to_string())?;
            for change in page.changes {
                let id = change.candidate.reference.item;
                if !seen.insert(id.id.clone()) {
                    continue;
                }
                if fetched == FETCHES_MAX {
                    return Ok(found);
                }
                fetched += 1;
                let item = self.tracker.fetch_bare(&id).await;
                // What is gone or hidden meanwhile is no ticket any more.
                if let Fetched::Found(item) = item.map_err(|error| error.to_string())? {
                    found.tickets.push(self.ticket(&item));
                }
            }
            match page.next {
                Some(next) => cursor = next,
                None => {
                    found.complete_to = Some(page.complete_to);
                    return Ok(found);
                }
            }
        }
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

/// All that a value is called.
fn texts(value: &Value) -> Vec<String> {
    let of_user = |user: &User| {
        let domain = user.email.as_deref().and_then(|it| it.rsplit_once('@'));
        let domain = domain.map(|(_, domain)| domain.to_owned());
        [
            domain,
            user.email.clone(),
            user.login.clone(),
            user.name.clone(),
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
