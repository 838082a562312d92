//! At the end the replica is what its owner has: the owner's file is shipped into an empty database, and the two compared.

use super::database::{Client, Database};
use super::process::{GROUP, INSTANCE};
use crate::sim::handles::{SimEntropy, stream};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use twinline_store::GroupId;
use twinline_store::central::Replication;
use twinline_store::db::{DbOptions, NoFaults};
use twinline_store::host::HostStore;

/// So many rows that do not agree are told.
const TOLD_MAX: usize = 8;

/// What does not agree.
pub(super) async fn replica(file: &Path, database: &Database) -> Result<Vec<String>> {
    let store = HostStore::open(file, DbOptions::inline(NoFaults), INSTANCE).await?;
    let copy = Arc::new(Database::new(Arc::default(), stream(0, "copy")));
    let client = Client::new(Arc::clone(&copy), Arc::default(), "copy");
    let entropy = SimEntropy::new(stream(0, "copy"));
    let marks = Arc::new(BTreeMap::new);
    let replication = Replication::new(store.clone(), Arc::new(client), &entropy, marks);
    let newest = store.read(|read| read.newest_rev()).await?;
    let mut status = replication.status();
    let ends = CancellationToken::new();
    let shipping = tokio::spawn(replication.run(ends.clone().cancelled_owned()));
    let shipped = status.wait_for(|status| status.complete && status.shipped_rev >= newest);
    let shipped = tokio::time::timeout(std::time::Duration::from_secs(60), shipped).await;
    drop(shipped.context("the owner's file cannot be shipped")?);
    ends.cancel();
    shipping.await?;
    store.db().close().await;
    let group = GroupId::new(GROUP);
    let (theirs, ours) = (database.state().living(&group), copy.state().living(&group));
    let mut faults = Vec::new();
    for (key, payload) in &ours {
        match theirs.get(key) {
            None => faults.push(format!("the replica lacks {key:?}")),
            Some(found) if found != payload => {
                faults.push(format!("the replica has another {key:?}"));
            }
            Some(_) => {}
        }
    }
    let more = theirs.keys().filter(|key| !ours.contains_key(*key));
    faults.extend(more.map(|key| format!("the replica still has {key:?}")));
    let all = faults.len();
    if all > TOLD_MAX {
        faults.truncate(TOLD_MAX);
        faults.push(format!("and {} more rows differ", all - TOLD_MAX));
    }
    Ok(faults)
}
