use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "read-only",
    mode: Some(4),
    about: "the writer takes no writes any more, and says so (25006)",
    notice: Notice::CommitsOnly,
    ..Spec::USUAL
};

/// Transactions are read-only unless they say otherwise: what a writer that lost its office says.
pub(in crate::drill) struct ReadOnly;

const SETTING: &str = "default_transaction_read_only";

#[async_trait(?Send)]
impl Fault for ReadOnly {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.set(SETTING, "on")?)).await?;
        Ok(format!("{SETTING} = on"))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.reset(SETTING)?)).await?;
        Ok(format!("{SETTING} is taken back"))
    }
}
