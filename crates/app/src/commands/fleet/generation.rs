//! `fleet raise-generation`.

use crate::client::who;
use crate::config;
use crate::exit::{Coded, FAILED, USAGE};
use crate::fleet;
use crate::report::Report;
use anyhow::Result;
use serde_json::json;
use std::path::Path;

pub(super) async fn raise(file: &Path) -> Result<Report> {
    let config = config::load(file)?;
    if config.ownership.is_none() {
        let sentence = format!(
            "{}: there is no [ownership], so this is no fleet; on one machine 'twinline restore' raises the generation",
            file.display()
        );
        return Err(Coded::new(USAGE, sentence).into());
    }
    let central = fleet::central(file, &config)?;
    let raised = fleet::raise(&central, &who()).await;
    let generation = raised.map_err(|error| Coded::new(FAILED, format!("{error:#}")))?;
    let text = format!(
        "generation {generation}: every machine takes its groups over anew within a minute; 'twinline status' shows them"
    );
    Report::done(&json!({ "generation": generation }), text)
}
