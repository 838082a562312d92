//! Reads the rows that have come, copies what they tell of, and marks them done.

use super::{Service, warn};
use crate::bench::trackers::NODES;
use anyhow::{Context, Result};
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// So many rows are read at once.
const BATCH: i64 = 100;
/// So many items are copied at once.
const AT_ONCE: usize = 8;
/// Looks even when nothing rang, and pauses so long after a failure.
const PERIOD: Duration = Duration::from_secs(1);

/// Works for ever.
pub(super) async fn run(service: &Service) {
    loop {
        match round(service).await {
            Ok(0) => {
                // Rung or not: the table is what tells.
                let _looked_at = timeout(PERIOD, service.arrived.notified()).await;
            }
            Ok(_) => {}
            Err(error) => {
                warn("the worker", &error);
                sleep(PERIOD).await;
            }
        }
    }
}

/// An item by its side and key, and the rows that tell of it.
type Changed = BTreeMap<(usize, String), Vec<i64>>;

/// One batch; how many rows it had.
async fn round(service: &Service) -> Result<usize> {
    let client = service.pool.get().await.context("a connection")?;
    let select = "SELECT id, node, body FROM deliveries WHERE done_at IS NULL ORDER BY id LIMIT $1";
    let rows = client.query(select, &[&BATCH]).await.context("new rows")?;
    let mut changed = Changed::new();
    let mut done = Vec::new();
    for row in &rows {
        let (id, node, body): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let side = usize::from(node == NODES[1]);
        match service.trackers.changed(side, body)? {
            Some(item) => changed.entry((side, item)).or_default().push(id),
            None => done.push(id),
        }
    }
    let keys: Vec<&str> = changed.keys().map(|(_, key)| key.as_str()).collect();
    let select =
        "SELECT left_item, right_item FROM pairs WHERE left_item = ANY($1) OR right_item = ANY($1)";
    let pairs = client.query(select, &[&keys]).await.context("the pairs")?;
    // A connection is not kept while trackers are asked.
    drop(client);
    let mut twins = BTreeMap::new();
    for pair in &pairs {
        let (left, right): (String, String) = (pair.get(0), pair.get(1));
        twins.insert((0, left.clone()), right.clone());
        twins.insert((1, right), left);
    }
    let copies = changed.into_iter().map(|(item, ids)| {
        let twin = twins.get(&item).cloned();
        async move { (copy(service, &item, twin.as_deref()).await, ids) }
    });
    let copied: Vec<_> = stream::iter(copies)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut failed = None;
    for (copied, ids) in copied {
        match copied {
            Ok(()) => done.extend(ids),
            Err(error) => failed = Some(error),
        }
    }
    let client = service.pool.get().await.context("a connection")?;
    let update = "UPDATE deliveries SET done_at = now() WHERE id = ANY($1)";
    client
        .execute(update, &[&done])
        .await
        .context("done rows")?;
    failed.map_or(Ok(rows.len()), Err)
}

async fn copy(service: &Service, item: &(usize, String), twin: Option<&str>) -> Result<()> {
    let Some(twin) = twin else {
        return Ok(());
    };
    let (side, key) = (item.0, item.1.as_str());
    let title = service.trackers.title(side, key).await?;
    if service.trackers.title(1 - side, twin).await? == title {
        return Ok(());
    }
    service.trackers.set_title(1 - side, twin, &title).await
}
