use super::Fault;
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::stage::Stage;
use anyhow::{Context, Result};
use async_trait::async_trait;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "vanished-peer",
    mode: Some(7),
    about: "the database's machine vanishes: what is sent there is lost, and nobody refuses it",
    notice: Notice::All,
    rooted: Some(Rooted::Address),
    ..Spec::USUAL
};

/// The database's address is gone, without a word.
pub(in crate::drill) struct VanishedPeer;

#[async_trait(?Send)]
impl Fault for VanishedPeer {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let address = stage.address.as_ref().context("there is no such address")?;
        address.vanish()?;
        Ok(format!("{} is gone", address.address))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let address = stage.address.as_ref().context("there is no such address")?;
        address.come_back()?;
        Ok(format!("{} is there again", address.address))
    }
}
