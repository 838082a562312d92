//! What the engine asks of a tracker, answered from memory.

use super::{Canary, ITEM, SCOPE, TRACKER};
use crate::error::TrackerError;
use crate::tracker::{
    Candidate, ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed,
    Tracker,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use twinline_core::capability::Capabilities;
use twinline_core::effect::{Applied, Effect, FieldChange, FieldWrite, Recognised};
use twinline_core::item::{Fetched, Item, ItemId, ItemRef, User, Value, field};
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

impl Canary {
    fn refused(sentence: &str) -> TrackerError {
        TrackerError::Refused {
            tracker: TRACKER.to_owned(),
            sentence: sentence.to_owned(),
            field: None,
        }
    }

    fn applied(&self) -> Applied {
        let item = self.item();
        Applied {
            created: item.as_ref().map(|item| item.reference.clone()),
            version: item.as_ref().map(|item| item.version.clone()),
            item: item.map(Box::new),
            ..Applied::default()
        }
    }

    /// The summary that an update leaves.
    fn written(&self, fields: &BTreeMap<FieldName, FieldWrite>) -> Result<Value, TrackerError> {
        let mut summary = None;
        for (name, write) in fields {
            match write {
                FieldWrite::Replace(value) if name.as_str() == field::SUMMARY => {
                    summary = Some(value.clone());
                }
                _ => return Err(Self::refused("it has one field, 'summary', of one value")),
            }
        }
        let kept = || self.item()?.get(field::SUMMARY).cloned();
        Ok(summary.or_else(kept).unwrap_or(Value::Empty))
    }

    fn candidates(&self) -> Vec<Candidate> {
        let candidate = |item: Item| Candidate {
            reference: item.reference,
            version: item.version,
            marker: item.marker,
        };
        self.item().map(candidate).into_iter().collect()
    }
}

#[async_trait]
impl Tracker for Canary {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        Ok(Probe {
            account: Some(User {
                id: "twinline".to_owned(),
                ..User::default()
            }),
            ..Probe::default()
        })
    }

    async fn probe_place(&self, _: &Scope, _: Option<&str>) -> Result<Vec<String>, TrackerError> {
        Ok(Vec::new())
    }

    async fn describe(&self, _: &Scope) -> Result<Description, TrackerError> {
        Ok(Description::default())
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let found = self.item().filter(|found| found.reference.item == *item);
        Ok(found.map_or_else(
            || Fetched::Unreachable {
                reason: "there is no such item".to_owned(),
            },
            |found| Fetched::Found(Box::new(found)),
        ))
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let found = self.item().map(|item| item.reference);
        Ok(found.filter(|found| found.key == key))
    }

    async fn query(&self, _: &Scope, _: &str, _: Option<&str>) -> Result<ItemPage, TrackerError> {
        let items = self.candidates();
        Ok(ItemPage {
            total: Some(items.len() as u64),
            items,
            next: None,
            estimate: None,
        })
    }

    async fn query_bare(
        &self,
        _: &Scope,
        _: &str,
        _: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let items: Vec<Item> = self.item().into_iter().collect();
        Ok(ItemPage {
            total: Some(items.len() as u64),
            items,
            next: None,
            estimate: None,
        })
    }

    async fn changes(&self, _: &Scope, _: &Cursor) -> Result<ChangePage, TrackerError> {
        Ok(ChangePage {
            complete_to: self.clock.now(),
            ..ChangePage::default()
        })
    }

    async fn matches(
        &self,
        _: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let opinions = items.iter().map(|item| (item.clone(), Opinion::Matches));
        Ok(opinions.collect())
    }

    async fn recognise(&self, effect: &Effect, _: Timestamp) -> Result<Recognised, TrackerError> {
        let Some(item) = self.item() else {
            return Ok(Recognised::NotThere);
        };
        let there = match effect {
            Effect::Create { marker, .. } | Effect::Mark { marker, .. } => {
                item.marker.as_ref() == Some(marker)
            }
            Effect::Update { fields, .. } => {
                item.get(field::SUMMARY) == Some(&self.written(fields)?)
            }
            _ => false,
        };
        Ok(if there {
            Recognised::There(Box::new(self.applied()))
        } else {
            Recognised::NotThere
        })
    }

    async fn field_history(
        &self,
        _: &ItemId,
        _: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        Ok(Vec::new())
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        if effect.item().is_some_and(|item| item.id != ITEM) {
            return Err(Self::refused("there is no such item"));
        }
        match effect {
            Effect::Create { .. } if self.item().is_some() => {
                return Err(Self::refused("it has its one item already"));
            }
            Effect::Create {
                scope,
                fields,
                marker,
            } => {
                let summary = fields.get(field::SUMMARY).cloned();
                let place = scope.get(SCOPE).map(String::as_str);
                let summary = summary.unwrap_or(Value::Empty);
                self.put(summary, place, Some(marker.clone()));
            }
            Effect::Update { fields, .. } => self.put(self.written(fields)?, None, None),
            Effect::Mark { marker, .. } => {
                let summary = self.written(&BTreeMap::new())?;
                self.put(summary, None, Some(marker.clone()));
            }
            _ => return Err(Self::refused("it takes no such write")),
        }
        Ok(self.applied())
    }

    async fn subscribe(&self, _: &Scope, _: &str, _: &str) -> Result<Subscribed, TrackerError> {
        Ok(Subscribed::Registered)
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, _: &Scope, _: &FieldName, value: &Value) -> Value {
        value.clone()
    }
}
