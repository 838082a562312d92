//! Raising the fleet's generation: what a person says when etcd is not the one that it was, or the database was put back.
//!
//! Epochs are (generation, revision of an etcd key). Those of an etcd that was lost begin small again, and whatever knows a
//! greater epoch would refuse them: the replica, the edges, the hosts' own files. In the next generation every one is
//! greater than all before.

use super::{Definitions, deed};
use crate::handles::SystemClock;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use twinline_core::handles::Clock as _;
use twinline_store::central::{CentralClient, CentralError};

/// How often it is made anew when others publish meanwhile.
const TRIES: usize = 5;

/// Publishes the definitions in the next generation; answers with it. Every machine follows within seconds, and takes its
/// groups over anew.
///
/// # Errors
/// Nothing is published, or the database does not take it: then nothing has changed.
pub async fn raise(central: &CentralClient, by: &str) -> Result<u16> {
    for _ in 0..TRIES {
        let newest = central
            .published()
            .await
            .context("reading what is published")?;
        let newest = newest.context(
            "nothing is published in the central database: where it was lost, start a machine first, which puts back what it \
             has kept; where nothing was ever applied, there is nothing to raise",
        )?;
        let known = Definitions::parse(&newest.content).map_err(|reason| anyhow!(reason))?;
        let next = known.raised().context("there is no further generation")?;
        let (text, places) = (next.text(), next.node_places());
        let detail = json!({ "generation": next.generation });
        let done = deed(by, "raise-generation", "fleet", &detail);
        let by = (by, SystemClock.now());
        let published = central.publish_by_deed(newest.version, &text, &places, by, Some(&done));
        match published.await {
            Ok(_) => return Ok(next.generation),
            Err(CentralError::Outdated { .. }) => {}
            Err(error) => return Err(error).context("publishing the next generation"),
        }
    }
    bail!("others publish all the time: try again")
}
