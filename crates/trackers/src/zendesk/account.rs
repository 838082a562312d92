//! What a whole account has in common: groups, brands, statuses and fields. Remembered, and asked for anew once in a while
//! and where something turns up that is not known.

use super::{Zendesk, client, wire};
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::Scope;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use twinline_core::item::Choice;
use twinline_core::time::Timestamp;

/// How long an account is taken to be as it was.
const LIVES: Duration = Duration::from_secs(3600);
/// What is not known is not asked for more often than this.
const AGAIN: Duration = Duration::from_secs(60);

/// A status as the ticket has it that is closed for good; it has no custom statuses.
pub(super) const CLOSED: &str = "closed";

/// The statuses of an account that has no custom ones.
const SYSTEM: [(&str, &str); 5] = [
    ("new", "New"),
    ("open", "Open"),
    ("pending", "Pending"),
    ("hold", "On-hold"),
    ("solved", "Solved"),
];

/// What is known of an account.
#[derive(Debug, Default)]
pub(super) struct Account {
    at: Timestamp,
    pub(super) groups: BTreeMap<u64, String>,
    pub(super) brands: BTreeMap<u64, String>,
    pub(super) statuses: Vec<wire::Status>,
    /// Custom fields by id.
    pub(super) fields: BTreeMap<u64, wire::Field>,
}

/// One page of a list whose name is only known when it is asked for.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    meta: wire::Meta,
    #[serde(flatten)]
    rest: BTreeMap<String, Json>,
}

/// Where tickets of a scope lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) brand: Option<u64>,
    pub(super) group: Option<u64>,
}

impl Place {
    /// Whether a ticket of this brand and group lies in it.
    pub(super) fn holds(self, brand: Option<u64>, group: Option<u64>) -> bool {
        self.brand.is_none_or(|own| brand == Some(own))
            && self.group.is_none_or(|own| group == Some(own))
    }
}

impl Account {
    /// The scope of a ticket of this brand and group.
    pub(super) fn scope(&self, brand: Option<u64>, group: Option<u64>) -> Scope {
        let named = |names: &BTreeMap<u64, String>, id: Option<u64>| {
            let id = id?;
            Some(names.get(&id).cloned().unwrap_or_else(|| id.to_string()))
        };
        let parts = [
            ("brand", named(&self.brands, brand)),
            ("group", named(&self.groups, group)),
        ];
        let parts = parts.into_iter();
        parts
            .filter_map(|(key, name)| Some((key.to_owned(), name?)))
            .collect()
    }

    fn place(&self, scope: &Scope) -> Result<Place, String> {
        let find = |key: &str, names: &BTreeMap<u64, String>| {
            let Some(wanted) = scope.get(key).filter(|name| !name.is_empty()) else {
                return Ok(None);
            };
            let mut all = names.iter();
            match all.find(|(id, name)| *name == wanted || id.to_string() == *wanted) {
                Some((id, _)) => Ok(Some(*id)),
                None => {
                    let known: Vec<&str> = names.values().map(String::as_str).collect();
                    let known = known.join(", ");
                    Err(format!("Zendesk has no {key} '{wanted}'; it has {known}"))
                }
            }
        };
        let place = Place {
            brand: find("brand", &self.brands)?,
            group: find("group", &self.groups)?,
        };
        match place {
            Place {
                brand: None,
                group: None,
            } => Err("a scope at Zendesk names its brand or its group, or both".to_owned()),
            place => Ok(place),
        }
    }

    /// The status that a ticket shows.
    pub(super) fn status(&self, status: &str, custom: Option<u64>) -> Choice {
        let known = custom.and_then(|id| self.statuses.iter().find(|one| one.id == id));
        match known {
            Some(known) if status != CLOSED => Choice {
                id: known.id.to_string(),
                name: known.agent_label.clone(),
            },
            _ => system_status(status),
        }
    }

    /// All statuses, the one that nothing leads out of last.
    pub(super) fn all_statuses(&self) -> Vec<(Choice, String)> {
        let custom = self.statuses.iter().filter(|one| one.active != Some(false));
        let custom = custom.map(|one| {
            let choice = Choice {
                id: one.id.to_string(),
                name: one.agent_label.clone(),
            };
            (choice, one.status_category.clone())
        });
        let mut all: Vec<(Choice, String)> = custom.collect();
        if all.is_empty() {
            all = SYSTEM
                .iter()
                .map(|(id, _)| (system_status(id), (*id).to_owned()))
                .collect();
        }
        all.push((system_status(CLOSED), CLOSED.to_owned()));
        all
    }

    /// Whether everything that a ticket names is known.
    pub(super) fn knows(&self, ticket: &wire::Ticket) -> bool {
        let custom = ticket.custom_status_id;
        ticket
            .group_id
            .is_none_or(|id| self.groups.contains_key(&id))
            && ticket
                .brand_id
                .is_none_or(|id| self.brands.contains_key(&id) || self.brands.is_empty())
            && custom.is_none_or(|id| {
                self.statuses.is_empty() || self.statuses.iter().any(|one| one.id == id)
            })
            && ticket
                .custom_fields
                .iter()
                .all(|one| self.fields.contains_key(&one.id))
    }

    /// The tags that a ticket has because of its fields: of a list's chosen options, and of a checkbox.
    pub(super) fn field_tags(&self, ticket: &wire::Ticket) -> BTreeSet<String> {
        let tags = ticket.custom_fields.iter().flat_map(|held| {
            let field = self.fields.get(&held.id);
            let kind = field.map_or("", |field| field.kind.as_str());
            match (kind, &held.value) {
                ("tagger", Json::String(tag)) => vec![tag.clone()],
                ("multiselect", Json::Array(tags)) => {
                    let tags = tags.iter().filter_map(Json::as_str);
                    tags.map(str::to_owned).collect()
                }
                ("checkbox", Json::Bool(true)) => field
                    .and_then(|field| field.tag.clone())
                    .into_iter()
                    .collect(),
                _ => Vec::new(),
            }
        });
        tags.collect()
    }
}

fn system_status(id: &str) -> Choice {
    let known = SYSTEM.iter().find(|(known, _)| *known == id);
    let name = known.map_or(id, |(_, name)| name);
    Choice {
        id: id.to_owned(),
        name: if id == CLOSED { "Closed" } else { name }.to_owned(),
    }
}

impl Zendesk {
    /// The account as it is known, asked for when it is not.
    pub(super) async fn account(&self) -> Result<Arc<Account>, TrackerError> {
        self.account_that(|_| true).await
    }

    /// The same; asked for anew where it lacks what is needed, once.
    pub(super) async fn account_that(
        &self,
        suffices: impl Fn(&Account) -> bool,
    ) -> Result<Arc<Account>, TrackerError> {
        let now = self.client.now();
        if let Some(known) = self.known_account() {
            let age = now.since(known.at);
            if age < AGAIN || (age < LIVES && suffices(&known)) {
                return Ok(known);
            }
        }
        let read = Arc::new(self.read_account(now).await?);
        let mut held = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The account, as far as it is known without asking.
    pub(super) fn known_account(&self) -> Option<Arc<Account>> {
        let held = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    async fn read_account(&self, at: Timestamp) -> Result<Account, TrackerError> {
        let named = |all: Vec<wire::Named>| all.into_iter().map(|one| (one.id, one.name)).collect();
        let fields: Vec<wire::Field> = self.all("/api/v2/ticket_fields", "ticket_fields").await?;
        let custom = fields
            .into_iter()
            .filter(|field| field.removable != Some(false));
        Ok(Account {
            at,
            groups: named(self.all("/api/v2/groups", "groups").await?),
            // Some accounts show brands to administrators only, and have no custom statuses.
            brands: named(visible(self.all("/api/v2/brands", "brands").await)?),
            statuses: visible(self.statuses().await)?,
            fields: custom.map(|field| (field.id, field)).collect(),
        })
    }

    async fn statuses(&self) -> Result<Vec<wire::Status>, TrackerError> {
        let reply = self
            .client
            .send(Call::get("/api/v2/custom_statuses"))
            .await?;
        Ok(reply.json::<wire::Statuses>()?.custom_statuses)
    }

    /// All records of a list.
    async fn all<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        name: &str,
    ) -> Result<Vec<T>, TrackerError> {
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..client::PAGES_MAX {
            let call = Call::get(path).query("page[size]", client::PAGE_SIZE);
            let reply = self
                .client
                .send(client::paged(call, after.as_deref()))
                .await?;
            let mut page: Page = reply.json()?;
            let listed = page.rest.remove(name).unwrap_or_default();
            let listed: Vec<T> = serde_json::from_value(listed)
                .map_err(|error| reply.unreadable(name, &error.to_string()))?;
            all.extend(listed);
            after = page.meta.next();
            if after.is_none() {
                return Ok(all);
            }
        }
        Err(client::endless(path))
    }

    /// The place of a scope, by the names of its brand and group.
    pub(super) async fn place(&self, scope: &Scope) -> Result<Place, TrackerError> {
        let account = self
            .account_that(|known| known.place(scope).is_ok())
            .await?;
        account
            .place(scope)
            .map_err(|why| client::refused(crate::connector::Impossible::part("scope", why)))
    }
}

/// Nothing, where we may not look.
fn visible<T>(read: Result<Vec<T>, TrackerError>) -> Result<Vec<T>, TrackerError> {
    match read {
        Err(TrackerError::Unreachable { .. }) => Ok(Vec::new()),
        other => other,
    }
}
