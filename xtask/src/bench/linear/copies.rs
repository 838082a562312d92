//! A store that has grown: copies of the twins that the engine has made, with their bases, effects and history.

use super::Folder;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::Path;
use twinline_core::cluster;
use twinline_core::digest::Digest;
use twinline_core::item::ItemId;
use twinline_core::names::{EffectId, LinkId, Side};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::db::DbOptions;
use twinline_store::host::{HostStore, HostTx, Twin, TwinFilter};

/// Rows of one twin's history that are copied.
const HISTORY_MAX: u32 = 1000;
/// Between the number of a copy and the id of its original.
const SIGN: &str = "copy";

/// Copies each of the engine's own twins, of which there are `have` each, until there are `factor` of it; answers how many
/// rows of what that has made, and the bytes of the file that a copy has added.
pub(super) async fn grow(folder: &Folder, twins: u64, have: u64, factor: u64) -> Result<Value> {
    let path = folder.path().join("twinline-data/host/host.db");
    let before = bytes(&path)?;
    let store = HostStore::open(&path, DbOptions::default(), "twinline")
        .await
        .context("opening the host's store")?;
    let own = store
        .read(|read| read.twins(&TwinFilter::default(), None, u32::MAX))
        .await?;
    let is_own = |twin: &Twin| {
        twin.ids
            .left
            .as_ref()
            .is_some_and(|id| !id.starts_with(SIGN))
    };
    let own: Vec<Twin> = own.into_iter().filter(is_own).collect();
    ensure!(own.len() as u64 == twins, "{} twins of its own", own.len());
    let mut counts = Counts::default();
    for twin in own {
        let step = move |tx: &HostTx<'_>| {
            let mut counts = Counts::default();
            for number in have..factor {
                copy(tx, &twin, number, &mut counts)?;
            }
            Ok(counts)
        };
        counts.add(&store.write(step).await?);
    }
    store.db().close().await;
    let copies = twins * (factor - have);
    Ok(json!({
        "twins": copies,
        "effects": counts.effects,
        "history": counts.history,
        "bytes_a_twin": bytes(&path)?.saturating_sub(before) / copies.max(1),
    }))
}

/// The size of a store at rest, in bytes: its last connection has copied the log into the file.
fn bytes(path: &Path) -> Result<u64> {
    let found =
        std::fs::metadata(path).with_context(|| format!("looking at {}", path.display()))?;
    Ok(found.len())
}

#[derive(Default)]
struct Counts {
    effects: u64,
    history: u64,
}

impl Counts {
    const fn add(&mut self, other: &Self) {
        self.effects += other.effects;
        self.history += other.history;
    }
}

fn copy(
    tx: &HostTx<'_>,
    original: &Twin,
    number: u64,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let sign = |id: &str| format!("{SIGN}-{number}-{id}");
    let mut twin = original.clone();
    for side in Side::BOTH {
        let id = twin.ids.get_mut(side);
        *id = id.as_deref().map(sign);
    }
    twin.link = LinkId::new(Digest::of_parts(&["copy", &sign(original.link.as_str())]).as_str());
    twin.root = cluster::root_of(&twin.link);
    tx.put_twin(&twin)?;
    for side in Side::BOTH {
        let (Some(from), Some(to)) = (original.item(side), twin.item(side)) else {
            continue;
        };
        copy_side(tx, original, &twin, side, (&from, &to))?;
        for mut effect in tx.effects_on_item(&from, Timestamp::EPOCH)? {
            effect.id = EffectId::new(sign(effect.id.as_str()));
            effect.link = twin.link.clone();
            effect.item = Some(to.id.clone());
            tx.put_effect(&effect)?;
            counts.effects += 1;
        }
        for row in tx.history(&from, None, HISTORY_MAX)?.into_iter().rev() {
            let mut entry = row.entry;
            entry.item = to.clone();
            entry.link = Some(twin.link.clone());
            tx.append_history(&entry)?;
            counts.history += 1;
        }
    }
    Ok(())
}

/// The item's entry and its base.
fn copy_side(
    tx: &HostTx<'_>,
    original: &Twin,
    twin: &Twin,
    side: Side,
    (from, to): (&ItemId, &ItemId),
) -> Result<(), StoreError> {
    let Some(mut row) = tx.item(from)? else {
        return Ok(());
    };
    row.reference.item = to.clone();
    row.reference.key = format!("{}-{}", row.reference.key, to.id);
    row.root = Some(twin.root.clone());
    let at = row.seen_at;
    if let Some(mut base) = tx.base(&original.link, side)? {
        base.observation.reference = row.reference.clone();
        tx.put_base(&twin.link, side, &base, at)?;
    }
    tx.put_item(&row)
}
