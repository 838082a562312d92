//! How long changes took, from the histories: those are complete, whatever was killed meanwhile.

use super::world::{Both, World};
use crate::client::Client;
use crate::commands::query;
use crate::exit::{FAILED, code_of};
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What crossed, and how long each took in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    /// By effect: the fields of one write arrive together.
    effects: BTreeMap<String, Crossing>,
}

#[derive(Clone, Debug, Default)]
struct Crossing {
    latency_ms: u64,
    item: String,
    fields: BTreeSet<String>,
    attempt: u64,
}

impl Latencies {
    /// Reads every item's history.
    pub(super) async fn read(world: &World, both: &Both) -> Result<Self> {
        let client = Client::running(&world.config()).await?;
        let mut latencies = Self::default();
        for item in both.values().flat_map(|dump| &dump.items) {
            let path = query("/v1/history", &[("item", item.key.clone())]);
            match client.all(&path).await {
                Ok(rows) => rows.iter().for_each(|row| latencies.take(row)),
                // It has no twin: the judge tells.
                Err(error) if code_of(&error) == FAILED => {}
                Err(error) => return Err(error),
            }
        }
        Ok(latencies)
    }

    fn take(&mut self, row: &Json) {
        let entry = &row["entry"];
        let (Some(latency_ms), Some(effect)) =
            (entry["latency_ms"].as_u64(), entry["effect"].as_str())
        else {
            return;
        };
        let crossing = self.effects.entry(effect.to_owned()).or_default();
        crossing.latency_ms = crossing.latency_ms.max(latency_ms);
        crossing.attempt = crossing.attempt.max(entry["attempt"].as_u64().unwrap_or(0));
        row["key"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut crossing.item);
        crossing
            .fields
            .extend(entry["field"].as_str().map(str::to_owned));
    }

    /// How many.
    pub(super) fn count(&self) -> usize {
        self.effects.len()
    }

    /// A percentile in milliseconds; `None` when there is none.
    pub(super) fn percentile(&self, percent: usize) -> Option<u64> {
        let mut all: Vec<u64> = self.effects.values().map(|one| one.latency_ms).collect();
        all.sort_unstable();
        let last = all.len().checked_sub(1)?;
        Some(all[last * percent / 100])
    }

    /// The slowest one.
    pub(super) fn slowest(&self) -> Option<Json> {
        let slowest = self.effects.values().max_by_key(|one| one.latency_ms)?;
        Some(json!({
            "item": slowest.item,
            "fields": slowest.fields,
            "ms": slowest.latency_ms,
            "attempt": slowest.attempt,
        }))
    }
}

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
