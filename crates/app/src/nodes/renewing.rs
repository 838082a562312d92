//! A connector whose credentials may be changed while it works.
//!
//! When the tracker refuses the credentials, the files that hold them are read again. Where they hold others by now the
//! connector is made anew with these, and what was refused is asked again: whoever rotates a token writes the new one into
//! the file, and the old one may end at any time after that. What the environment holds cannot change without a restart.
//!
//! Nothing was done by a request that was refused for its credentials, so asking again does nothing twice. A connector whose
//! write takes several requests says `Unknown` once the first is made.

use crate::config::ConfigError;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use twinline_core::capability::Capabilities;
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::item::{Attachment, Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::{FieldName, NodeName};
use twinline_core::progress::Allowance;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;
use twinline_trackers::http::Secret;
use twinline_trackers::registry::RegistryError;
use twinline_trackers::{
    ChangePage, Cursor, Description, FileBody, ItemPage, Opinion, Probe, Scope, Subscribed,
    Subscription, Tracker, TrackerError, Upload,
};

/// How long reading the files may take: a disk that hangs must not keep a node's requests.
const READ_MAX: Duration = Duration::from_secs(2);

/// A node's `auth` table, its secrets read.
pub(super) type Credentials = BTreeMap<String, Secret>;
/// Reads the credentials from where they lie.
pub(super) type Read = Arc<dyn Fn() -> Result<Credentials, ConfigError> + Send + Sync>;
/// Makes a connector with credentials.
pub(super) type Build =
    Arc<dyn Fn(Credentials) -> Result<Arc<dyn Tracker>, RegistryError> + Send + Sync>;

/// The connector of a node, with the credentials that it has now.
pub(super) struct Renewing {
    node: NodeName,
    capabilities: Capabilities,
    read: Read,
    build: Build,
    held: RwLock<Held>,
    /// One reads at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    tracker: Arc<dyn Tracker>,
    credentials: Credentials,
}

impl Renewing {
    /// Makes the connector.
    pub(super) fn new(
        node: NodeName,
        credentials: Credentials,
        read: Read,
        build: Build,
    ) -> Result<Self, RegistryError> {
        let tracker = build(credentials.clone())?;
        Ok(Self {
            node,
            capabilities: tracker.capabilities().clone(),
            read,
            build,
            held: RwLock::new(Held {
                tracker,
                credentials,
            }),
            turn: tokio::sync::Mutex::default(),
        })
    }

    fn held(&self) -> Held {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn now(&self) -> Arc<dyn Tracker> {
        self.held().tracker
    }

    /// The connector with other credentials than `refused` has, where there are some.
    async fn renewed(&self, refused: &Arc<dyn Tracker>) -> Option<Arc<dyn Tracker>> {
        let _turn = self.turn.lock().await;
        let held = self.held();
        if !Arc::ptr_eq(&held.tracker, refused) {
            return Some(held.tracker);
        }
        let read = Arc::clone(&self.read);
        let reading = tokio::task::spawn_blocking(move || read());
        let read = match tokio::time::timeout(READ_MAX, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(node = %self.node, "its credentials could not be read again in time");
                return None;
            }
        };
        let credentials = match read {
            Ok(credentials) => credentials,
            Err(error) => {
                tracing::warn!(node = %self.node, %error, "its credentials could not be read again");
                return None;
            }
        };
        if same(&credentials, &held.credentials) {
            return None;
        }
        let tracker = match (self.build)(credentials.clone()) {
            Ok(tracker) => tracker,
            Err(error) => {
                tracing::warn!(node = %self.node, %error, "its new credentials cannot be used");
                return None;
            }
        };
        tracing::info!(node = %self.node, "its credentials were changed, and are used from now on");
        let mut now = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *now = Held {
            tracker: Arc::clone(&tracker),
            credentials,
        };
        Some(tracker)
    }
}

fn same(one: &Credentials, other: &Credentials) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, secret)| {
            let there = other.get(key);
            there.is_some_and(|there| there.expose() == secret.expose())
        })
}

/// Asks the connector; where its credentials are refused and others are there, asks once more with these.
macro_rules! ask {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        let tracker = $self.now();
        let answer = tracker.$method($($argument),*).await;
        match answer {
            Err(TrackerError::Credentials { .. }) => match $self.renewed(&tracker).await {
                Some(tracker) => tracker.$method($($argument),*).await,
                None => answer,
            },
            answer => answer,
        }
    }};
}

#[async_trait]
impl Tracker for Renewing {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn spare(&self) -> Duration {
        self.now().spare()
    }

    fn allowances(&self) -> Vec<Allowance> {
        self.now().allowances()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        let tracker = self.now();
        let probe = tracker.probe().await;
        // A probe tells of refused credentials as of any fault; it does not know then whose they are.
        let refused = match &probe {
            Ok(probe) => probe.account.is_none() && !probe.faults.is_empty(),
            Err(error) => matches!(error, TrackerError::Credentials { .. }),
        };
        if refused && let Some(tracker) = self.renewed(&tracker).await {
            return tracker.probe().await;
        }
        probe
    }

    async fn probe_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        ask!(self.probe_place(scope, webhook))
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        ask!(self.describe(scope))
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        ask!(self.fetch(item))
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        ask!(self.fetch_bare(item))
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        ask!(self.find(key))
    }

    async fn query(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        ask!(self.query(scope, trigger, page))
    }

    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        ask!(self.query_bare(scope, trigger, page))
    }

    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError> {
        ask!(self.changes(scope, cursor))
    }

    async fn matches(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        ask!(self.matches(trigger, items))
    }

    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        ask!(self.recognise(effect, since))
    }

    async fn field_history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        ask!(self.field_history(item, since))
    }

    async fn open_file(
        &self,
        item: &ItemId,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        ask!(self.open_file(item, file, from))
    }

    /// The file's bytes cannot be sent a second time from here: where others are there, the whole write is to be made anew.
    async fn attach(&self, effect: &Effect, file: Upload) -> Result<Applied, TrackerError> {
        let tracker = self.now();
        let answer = tracker.attach(effect, file).await;
        if matches!(answer, Err(TrackerError::Credentials { .. }))
            && self.renewed(&tracker).await.is_some()
        {
            return Err(TrackerError::Retry {
                reason: "the credentials were changed while a file was sent".to_owned(),
                after: None,
            });
        }
        answer
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        ask!(self.apply(effect))
    }

    async fn subscription(&self, scope: &Scope, url: &str) -> Result<Subscription, TrackerError> {
        ask!(self.subscription(scope, url))
    }

    async fn subscribe(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        ask!(self.subscribe(scope, url, secret))
    }

    async fn unsubscribe(&self, scope: &Scope, url: &str) -> Result<(), TrackerError> {
        ask!(self.unsubscribe(scope, url))
    }

    fn normalise(&self, scope: &Scope, field: &FieldName, value: &Value) -> Value {
        self.now().normalise(scope, field, value)
    }

    fn dialects(&self, scope: &Scope) -> BTreeMap<FieldName, Dialect> {
        self.now().dialects(scope)
    }
}

#[cfg(test)]
#[path = "renewing_tests.rs"]
mod tests;
