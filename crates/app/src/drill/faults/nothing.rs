use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "nothing",
    about: "nothing happens: what the same load on this machine does by itself, to hold the other drills against",
    notice: Notice::Nothing,
    ..Spec::USUAL
};

/// Nothing.
pub(in crate::drill) struct Nothing;

#[async_trait(?Send)]
impl Fault for Nothing {
    async fn make(&mut self, _stage: &Stage) -> Result<String> {
        Ok("there is none".to_owned())
    }

    async fn heal(&mut self, _stage: &Stage) -> Result<String> {
        Ok("there was none".to_owned())
    }
}
