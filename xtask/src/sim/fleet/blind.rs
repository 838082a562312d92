//! A tracker whose change feed shows nothing: what changes there only deliveries tell.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::capability::Capabilities;
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::item::{Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::FieldName;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;
use twinline_trackers::{
    ChangePage, Cursor, Description, ItemPage, Opinion, Probe, Scope, Subscribed, Tracker,
    TrackerError,
};

pub(super) struct Blind(pub(super) Arc<dyn Tracker>);

#[async_trait]
impl Tracker for Blind {
    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError> {
        let mut page = self.0.changes(scope, cursor).await?;
        page.changes.clear();
        Ok(page)
    }

    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        self.0.probe().await
    }

    async fn probe_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        self.0.probe_place(scope, webhook).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Description, TrackerError> {
        self.0.describe(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.0.fetch(item).await
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.0.fetch_bare(item).await
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        self.0.find(key).await
    }

    async fn query(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        self.0.query(scope, trigger, page).await
    }

    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        self.0.query_bare(scope, trigger, page).await
    }

    async fn matches(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        self.0.matches(trigger, items).await
    }

    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        self.0.recognise(effect, since).await
    }

    async fn field_history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        self.0.field_history(item, since).await
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        self.0.apply(effect).await
    }

    async fn subscribe(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        self.0.subscribe(scope, url, secret).await
    }

    async fn unsubscribe(&self, scope: &Scope, url: &str) -> Result<(), TrackerError> {
        self.0.unsubscribe(scope, url).await
    }

    fn normalise(&self, scope: &Scope, field: &FieldName, value: &Value) -> Value {
        self.0.normalise(scope, field, value)
    }

    fn dialects(&self, scope: &Scope) -> BTreeMap<FieldName, Dialect> {
        self.0.dialects(scope)
    }
}
