//! Which known twins have left their trigger, and which sleeping ones match it again.
//!
//! A change of the item itself is judged by its job. What makes an item leave or match without a change of its own (time
//! in a query, a project that was closed, a membership) is seen only by asking: with every resweep, page by page of the
//! known twins, exactly where the tracker can say so, else by the trigger's own query, listed once.

use crate::dirty::{self, Hint};
use crate::host::{Connection, Inner};
use crate::job::{LEFT, Trouble, leaving, listed};
use crate::node::Node;
use crate::scheduler;
use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::item::ItemId;
use twinline_core::names::{LinkId, Side};
use twinline_core::queue::Lane;
use twinline_store::host::{Twin, TwinFilter, TwinStateName};
use twinline_trackers::Opinion;

/// Twins asked about in one request.
const PAGE: u32 = 100;

/// Looks at all twins that have an item on a node. What one connection's trigger meets with keeps no other's from being
/// asked about.
pub(super) async fn look(host: &Arc<Inner>, node: &Arc<Node>) -> Result<(), Trouble> {
    let mut failed = Ok(());
    for connection in host.connections_of(node.name()) {
        for side in connection.sides_of(node.name()).collect::<Vec<_>>() {
            let Some(trigger) = connection.contract().triggers.get(side).clone() else {
                continue;
            };
            let mut asked = Asked {
                host,
                node,
                connection: &connection,
                side,
                trigger,
                listed: None,
            };
            match asked.all().await {
                Err(trouble) if trouble.is_of_the_question() => {
                    tracing::error!(node = %node.name(), connection = %connection.name, %side, %trouble, "its twins cannot be held against the trigger");
                }
                Err(trouble) if node.is_open() => failed = Err(trouble),
                looked => looked?,
            }
        }
    }
    failed
}

struct Asked<'a> {
    host: &'a Arc<Inner>,
    node: &'a Node,
    connection: &'a Connection,
    side: Side,
    trigger: String,
    /// What the trigger's query lists, once it was asked; `None` in it: more than is read.
    listed: Option<Option<BTreeSet<ItemId>>>,
}

impl Asked<'_> {
    async fn all(&mut self) -> Result<(), Trouble> {
        self.twins(TwinStateName::Live, None).await?;
        self.twins(TwinStateName::Asleep, Some(LEFT)).await
    }

    async fn twins(&mut self, state: TwinStateName, cause: Option<&str>) -> Result<(), Trouble> {
        let filter = TwinFilter {
            connection: Some(self.connection.name.clone()),
            state: Some(state),
            cause: cause.map(str::to_owned),
            held: false,
        };
        let mut after: Option<LinkId> = None;
        loop {
            let (filter, from) = (filter.clone(), after.clone());
            let page = self
                .host
                .store
                .read(move |read| read.twins(&filter, from.as_ref(), PAGE))
                .await?;
            let full = page.len() == PAGE as usize;
            after = page.last().map(|twin| twin.link.clone());
            self.page(page, state == TwinStateName::Asleep).await?;
            if !full {
                return Ok(());
            }
        }
    }

    async fn page(&mut self, page: Vec<Twin>, asleep: bool) -> Result<(), Trouble> {
        let side = self.side;
        let items: Vec<ItemId> = page.iter().filter_map(|twin| twin.item(side)).collect();
        if items.is_empty() {
            return Ok(());
        }
        let asked = self.node.tracker().matches(&self.trigger, &items);
        let opinions = self.node.request(asked).await;
        let opinions = opinions.map_err(|error| Trouble::of(self.node.name(), error))?;
        let mut changed = Vec::new();
        for twin in page {
            let Some(item) = twin.item(side) else {
                continue;
            };
            let matches = match opinions.get(&item) {
                Some(Opinion::Matches) => Some(true),
                Some(Opinion::Differs) => Some(false),
                Some(Opinion::Ask(_)) | None => self.is_listed(&item).await?,
            };
            if matches == Some(asleep) {
                changed.push((twin, item));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let (shared, now) = (Arc::clone(self.host), self.host.env.now());
        let lag = self.node.tracker().capabilities().index_lag;
        let marked = self
            .host
            .store
            .write(move |tx| {
                let mut hints = Vec::with_capacity(changed.len());
                for (twin, item) in changed {
                    if asleep {
                        hints.push(Hint::now(item, Lane::Backfill, "matches", now));
                    } else {
                        hints.extend(leaving(tx, &twin.link, side, now, lag)?);
                    }
                }
                dirty::mark(&shared, tx, &hints)
            })
            .await?;
        scheduler::clear(self.host, marked.announce(self.host))?;
        Ok(())
    }

    /// Whether the trigger's query lists an item; `None`: it lists more than is read.
    async fn is_listed(&mut self, item: &ItemId) -> Result<Option<bool>, Trouble> {
        if self.listed.is_none() {
            let all = listed(self.node, self.connection, self.side, |_| false).await?;
            self.listed = Some(all);
        }
        let listed = self.listed.as_ref().and_then(Option::as_ref);
        Ok(listed.map(|items| items.contains(item)))
    }
}
