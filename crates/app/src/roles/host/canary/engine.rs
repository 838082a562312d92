//! The canary's own engine: two built-in trackers, the rules between them, and a store that lives as long as it does.

use super::super::{Reader, prune};
use crate::canary::{left, right};
use crate::config::KeepDays;
use crate::rulebook::{Factory, to_sources};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};
use twinline_core::names::{ConnectionName, NodeName, Sides};
use twinline_core::time::Timestamp;
use twinline_engine::{EdgeInbox, Env, Host, HostBuilder, NodeConfig, SweepSettings};
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;
use twinline_store::db::DbOptions;
use twinline_store::host::{HostStore, Publish};
use twinline_trackers::canary::{Canary as Tracker, SCOPE, TRACKER, WEBHOOK};

/// Its connection's name.
const CONNECTION: &str = "canary";
/// What it did is kept for a day: it has an edit every few seconds.
const KEEP: KeepDays = KeepDays {
    history: 1,
    observations: 1,
};

/// What it is made of.
#[derive(Clone)]
pub(in crate::roles::host) struct Parts {
    pub(in crate::roles::host) machine: String,
    pub(in crate::roles::host) instance: String,
    /// Its own, and nobody else's: emptied whenever it begins.
    pub(in crate::roles::host) folder: PathBuf,
    pub(in crate::roles::host) factory: Arc<Factory>,
    pub(in crate::roles::host) env: Env,
    pub(in crate::roles::host) shutdown: CancellationToken,
}

/// Both trackers.
#[derive(Clone)]
pub(super) struct Both {
    pub(super) left: Tracker,
    pub(super) right: Tracker,
}

/// An engine at work, until it is dropped.
pub(super) struct Engine {
    pub(super) both: Both,
    ended: CancellationToken,
    _until: DropGuard,
}

impl Engine {
    /// Whether it works no more, and its store is closed.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }
}

/// Begins one. Only while no other works: they would have one folder.
///
/// # Errors
/// The folder or the store cannot be made, or the rules are not taken. Then nothing of it works any more.
pub(super) async fn begin(parts: Parts, inbox: Arc<dyn EdgeInbox>) -> Result<Engine> {
    emptied(&parts.folder).await?;
    let file = parts.folder.join("canary.db");
    let store = HostStore::open(&file, DbOptions::default(), &parts.instance).await;
    let store = store.context("opening the canary's state")?;
    let begun = on(&parts, inbox, &store).await;
    if begun.is_err() {
        // The next one has a file of the same name.
        store.db().close().await;
    }
    begun
}

/// What an earlier process knew of trackers in its memory is worth nothing.
async fn emptied(folder: &Path) -> Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("removing the canary's old state");
        }
        _ => {}
    }
    let made = tokio::fs::create_dir_all(folder).await;
    made.context("making the canary's folder")
}

async fn on(parts: &Parts, inbox: Arc<dyn EdgeInbox>, store: &HostStore) -> Result<Engine> {
    store.end_replication().await?;
    let names = [left(&parts.machine), right(&parts.machine)];
    let [left, right] = names.map(|node| Tracker::new(node, Arc::clone(&parts.env.clock)));
    left.show(0);
    let factory = Arc::clone(&parts.factory);
    let host = HostBuilder::new(parts.env.clone(), store.clone(), factory)
        .node(node(self::left(&parts.machine), &left))
        .node(node(self::right(&parts.machine), &right))
        .edge(inbox)
        .build()
        .await?;
    let until = parts.shutdown.child_token();
    let ended = CancellationToken::new();
    tokio::spawn(works(
        host.clone(),
        store.clone(),
        until.clone(),
        ended.clone(),
    ));
    let until = until.drop_guard();
    let rules = rules(&parts.machine, parts.env.now());
    if let Err(error) = host.publish(rules, true).await {
        drop(until);
        ended.cancelled().await;
        return Err(error).context("the rules that are built in are not taken");
    }
    Ok(Engine {
        both: Both { left, right },
        ended,
        _until: until,
    })
}

/// Works until it is told to end, or breaks; then the store is closed.
async fn works(host: Host, store: HostStore, until: CancellationToken, ended: CancellationToken) {
    let over = ended.drop_guard();
    let forgets = tokio::spawn(prune::run(store.clone(), KEEP, until.clone()));
    if let Err(error) = host.run(until).await {
        tracing::error!(%error, "the canary's engine has ended; the next run begins another");
    }
    forgets.abort();
    store.db().close().await;
    drop(over);
}

/// The rules that are built in.
fn rules(machine: &str, at: Timestamp) -> Publish {
    // A machine's name may have any characters. An item that is not created by a connection lies where its node's name says.
    let quoted = |node: NodeName| toml::Value::from(node.as_str()).to_string();
    let (left, right) = (quoted(left(machine)), quoted(right(machine)));
    let text = format!(
        "format = 1\nname = \"{CONNECTION}\"\n\
         [left]\nnode = {left}\nscope = {{ {SCOPE} = {left} }}\ntrigger = \"all\"\n\
         [right]\nnode = {right}\nscope = {{ {SCOPE} = {right} }}\n\
         [policy]\nconflict = \"left\"\nmax_writes_per_10min = 1000000\n\
         [fields.summary]\nleft = \"summary\"\nright = \"summary\"\n"
    );
    let snapshot = Snapshot {
        sources: RuleSources {
            map: SourceFile::new("canary.toml", text),
            scripts: Sides::from_fn(|_| None),
        },
        descriptions: Sides::default(),
    };
    Publish {
        connection: ConnectionName::from(CONNECTION),
        digest: snapshot.digest(),
        sources: to_sources(&snapshot),
        at,
        by: "twinline".to_owned(),
    }
}

fn node(name: NodeName, tracker: &Tracker) -> NodeConfig {
    NodeConfig {
        webhook_url: None,
        name,
        label: TRACKER.to_owned(),
        tracker: Arc::new(tracker.clone()),
        webhook: Some(Arc::new(Reader(WEBHOOK))),
        sweep: SweepSettings::default(),
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
