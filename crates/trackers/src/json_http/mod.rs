//! A tracker that is described, not programmed: any API that keeps items as JSON and lists them by when they changed.
//!
//! The description, a file that the node names, says everything that another connector knows by itself (`description`);
//! `docs/guide/adding-a-tracker.md` is its guide, docs/adr/0056 why it looks as it does. An item is identified by the id that
//! the description names, which must be enough to ask for the item and never change. What a description leaves out is not
//! offered: [`Description::capabilities`] tells it. Described trackers are polled.

mod change;
mod client;
mod comments;
mod created;
mod decode;
mod describe;
mod description;
mod encode;
mod example;
mod feed;
mod item;
mod paging;
mod people;
mod recognise;
mod stamp;
mod text;
mod webhook;
mod write;

#[cfg(test)]
mod tests;

pub use description::{DESCRIPTION_MAX_BYTES, Description, DescriptionError};

use crate::error::TrackerError;
use crate::http::{Client, Transport};
use crate::registry::{Kind, Node, RegistryError};
use crate::tracker::{
    ChangePage, Cursor, Description as Offered, ItemPage, Opinion, Probe, Scope, Subscribed,
    Tracker,
};
use async_trait::async_trait;
use decode::Reader;
use description::Model;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::capability::Capabilities;
use twinline_core::effect::{Applied, Effect, FieldChange, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Fetched, Item, ItemId, ItemRef, Value};
use twinline_core::names::FieldName;
use twinline_core::progress::Allowance;
use twinline_core::time::Timestamp;

/// The described tracker's line in the registry.
pub(crate) const KIND: Kind = Kind {
    name: "json-http",
    label: "JSON over HTTP",
    default_url: None,
    auth: &[&["token"], &["user", "password"]],
    plain_auth: &["user"],
    capabilities: example::capabilities,
    webhook: &webhook::NoWebhook,
    build,
    notations: &[],
    described: Some(example::DESCRIPTION),
    example: &example::EXAMPLE,
};

fn build(
    node: Node,
    capabilities: Capabilities,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>, RegistryError> {
    let description = node.description.clone();
    let description =
        description.ok_or_else(|| node.fault("the description is missing".to_owned()))?;
    let client = client::client(&node, &description, transport, clock)?;
    Ok(Arc::new(JsonHttp {
        base: client.base().as_str().trim_end_matches('/').to_owned(),
        client,
        capabilities,
        description,
    }))
}

/// One node.
struct JsonHttp {
    client: Client,
    /// The node's address without a slash at its end.
    base: String,
    description: Arc<Description>,
    capabilities: Capabilities,
}

impl JsonHttp {
    fn model(&self) -> &Model {
        &self.description.model
    }

    fn name(&self) -> &str {
        self.description.name()
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            description: &self.description,
            node: self.client.node(),
            base: &self.base,
        }
    }

    fn normal(&self, field: &FieldName, value: &Value) -> Value {
        encode::normalise(&self.description, field, value)
    }
}

#[async_trait]
impl Tracker for JsonHttp {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn spare(&self) -> Duration {
        self.client.spare()
    }

    fn allowances(&self) -> Vec<Allowance> {
        self.client.allowances()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        self.check_node().await
    }

    async fn probe_place(
        &self,
        scope: &Scope,
        _: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        self.check_place(scope).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Offered, TrackerError> {
        self.describe_scope(scope).await
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.whole(&item.id, true).await
    }

    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.whole(&item.id, false).await
    }

    async fn find(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        self.find_item(key).await
    }

    async fn query(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let page = self.matching(scope, trigger, page).await?;
        page.try_map(|raw| self.candidate(&raw))
    }

    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        self.matching_whole(scope, trigger, page).await
    }

    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError> {
        self.feed(scope, cursor).await
    }

    async fn matches(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        self.check_trigger(trigger)?;
        Ok(self.opinions(items))
    }

    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        self.look_for(effect, since).await
    }

    async fn field_history(
        &self,
        _: &ItemId,
        _: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        Ok(Vec::new())
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        self.write(effect).await
    }

    async fn subscribe(&self, _: &Scope, _: &str, _: &str) -> Result<Subscribed, TrackerError> {
        Ok(Subscribed::Polled)
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, _: &Scope, field: &FieldName, value: &Value) -> Value {
        self.normal(field, value)
    }
}
