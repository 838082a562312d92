//! Who we are, whether a place works, and what a scope offers: mostly what the description says.

use super::JsonHttp;
use super::client::{self, Slots};
use super::decode;
use super::description::Kind;
use super::paging::Listing;
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{User, field};
use twinline_core::names::FieldName;

/// A greater difference of the clocks is told.
const SKEW_MAX_MS: i64 = 60_000;

impl JsonHttp {
    /// Our own account; `None` where the description does not say how to ask.
    pub(super) async fn account(&self) -> Result<Option<User>, TrackerError> {
        let Some(account) = &self.model().account else {
            return Ok(None);
        };
        let slots = Slots::default();
        let reply = self
            .client
            .send(Call::get(slots.path(&account.path)))
            .await?;
        let body = client::body(&reply)?;
        let raw = client::at(&reply, &body, &account.item)?;
        let person = decode::person(Some(&account.of), raw);
        let nobody = || reply.unreadable(&account.item.to_string(), "no account is there");
        person
            .filter(|_| raw.is_object())
            .map(Some)
            .ok_or_else(nobody)
    }

    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let account = match self.account().await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            other => other?,
        };
        let skew_ms = self.client.skew_ms();
        let faults = (skew_ms.abs() > SKEW_MAX_MS).then(|| {
            format!(
                "{}'s clock and this machine's differ by {} s: set this machine's clock",
                self.name(),
                skew_ms / 1000
            )
        });
        Ok(Probe {
            account,
            skew_ms,
            version: None,
            faults: faults.into_iter().collect(),
        })
    }

    /// Reads a page of the scope's items: what our account may write there an API does not tell.
    pub(super) async fn check_place(&self, scope: &Scope) -> Result<Vec<String>, TrackerError> {
        let list = &self.model().list;
        let listing = Listing {
            path: &list.path,
            queries: &[&list.query, &list.search],
            items: &list.items,
            total: list.total.as_ref(),
            paging: &list.paging,
        };
        let place: Vec<String> = scope
            .iter()
            .map(|(key, value)| format!("{key} '{value}'"))
            .collect();
        match self
            .page(listing, &self.scope_slots(scope)?, &[], None)
            .await
        {
            Ok(_) => Ok(Vec::new()),
            Err(TrackerError::Unreachable { reason }) => Ok(vec![format!(
                "{} shows no items of {} to this account ({reason}): check the scope, and give the account access",
                self.name(),
                place.join(", ")
            )]),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.scope_slots(scope)?;
        let described = self.model().fields.iter().map(|(name, of)| {
            let options = of.options.iter().map(super::description::OptionOf::choice);
            let described = FieldDescription {
                name: of.label.clone().unwrap_or_else(|| name.clone()),
                kind: of.kind.name().to_owned(),
                required: of.required || name == field::SUMMARY,
                writable: !of.read_only,
                options: options.collect(),
                max_chars: match of.kind {
                    Kind::Text => of.max_chars,
                    _ => None,
                },
            };
            (FieldName::from(name.as_str()), described)
        });
        let fields: BTreeMap<FieldName, FieldDescription> = described.collect();
        let statuses = self.model().fields.get(field::STATUS);
        let statuses = statuses
            .into_iter()
            .flat_map(|status| &status.options)
            .map(|option| Status {
                status: option.choice(),
                demands: BTreeSet::new(),
                leads_to: None,
                closed: option.closed,
            });
        Ok(Description {
            fields,
            statuses: statuses.collect(),
            users: self.people(scope).await?,
        })
    }
}
