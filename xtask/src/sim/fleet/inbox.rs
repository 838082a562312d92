//! The edge as one ownership of the group sees it.

use super::links::Links;
use crate::sim::edge::Edge;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use twinline_core::mutant::{self, Mutant};
use twinline_engine::{EdgeInbox, InboxError, Pulled, Refused};
use twinline_store::Epoch;
use twinline_store::inbox::InboxPlace;

/// How long is waited for an edge that does not answer.
const DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct OwnersInbox {
    pub(super) edge: Arc<Edge>,
    pub(super) links: Arc<Links>,
    pub(super) host: String,
    pub(super) epoch: Epoch,
}

impl OwnersInbox {
    async fn reach(&self) -> Result<(), InboxError> {
        if self.links.of(&self.host).edge_cut {
            sleep(DEADLINE).await;
            return Err(InboxError {
                edge: self.name().to_owned(),
                reason: "no answer in time".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl EdgeInbox for OwnersInbox {
    fn name(&self) -> &str {
        self.edge.name()
    }

    async fn pull(
        &self,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        self.reach().await?;
        self.edge.claim(self.epoch).await?;
        let pulled = self.edge.pull_under(self.epoch, from, max, wait).await?;
        self.reach().await?;
        Ok(pulled)
    }

    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.reach().await?;
        if mutant::is(Mutant::TakenDropped) {
            return self.edge.safe_under(self.epoch, to).await;
        }
        self.edge.taken_under(self.epoch, to).await
    }

    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.reach().await?;
        self.edge.safe_under(self.epoch, to).await
    }

    async fn heard(&self, refused: &[Refused]) -> Result<(), InboxError> {
        self.reach().await?;
        self.edge.heard(refused).await
    }
}
