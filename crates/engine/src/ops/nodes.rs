//! Pausing and resuming nodes.

use super::{OpError, audit};
use crate::host::Host;
use twinline_core::names::NodeName;

impl Host {
    /// Pauses a node: nothing of it starts until it is resumed. What is dirty stays dirty.
    ///
    /// # Errors
    /// There is no such node; the store failed.
    pub async fn pause_node(
        &self,
        node: &NodeName,
        reason: &str,
        who: &str,
    ) -> Result<(), OpError> {
        let found = self
            .inner
            .node(node)
            .ok_or_else(|| OpError::Unknown(format!("node '{node}'")))?;
        let (name, why) = (node.clone(), reason.to_owned());
        let entry = audit(&self.inner, who, "pause", node.as_str());
        self.inner
            .store
            .write(move |tx| {
                tx.pause_node(&name, &why, entry.at)?;
                tx.append_audit(&entry)
            })
            .await?;
        found.set_paused(Some(reason.to_owned()));
        Ok(())
    }

    /// Resumes a node, probes and sweeps it anew.
    ///
    /// # Errors
    /// There is no such node; the store failed.
    pub async fn resume_node(&self, node: &NodeName, who: &str) -> Result<(), OpError> {
        let found = self
            .inner
            .node(node)
            .ok_or_else(|| OpError::Unknown(format!("node '{node}'")))?;
        let name = node.clone();
        let entry = audit(&self.inner, who, "resume", node.as_str());
        self.inner
            .store
            .write(move |tx| {
                tx.resume_node(&name)?;
                tx.append_audit(&entry)
            })
            .await?;
        found.forget_probe();
        found.set_paused(None);
        self.inner.sweeps_asked.one(node);
        Ok(())
    }
}
