//! `fleet raise-generation`.

use super::ask::config_of;
use crate::client::who;
use crate::exit::{Coded, FAILED};
use crate::fleet;
use crate::report::Report;
use anyhow::Result;
use serde_json::json;
use std::path::Path;

pub(super) async fn raise(file: &Path) -> Result<Report> {
    let config = config_of(file)?;
    let central = fleet::central(file, &config)?;
    let raised = fleet::raise(&central, &who()).await;
    let generation = raised.map_err(|error| Coded::new(FAILED, format!("{error:#}")))?;
    let text = format!(
        "generation {generation}: every machine takes its groups over anew within a minute; 'twinline status' shows them"
    );
    Report::done(&json!({ "generation": generation }), text)
}
