//! `types`: declarations of one's own nodes' fields, for editors.

use super::rulebook;
use crate::exit::{CONFIGURATION, Coded, FAILED};
use crate::report::Report;
use crate::rulebook::load;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::path::Path;
use twinline_rules::types::declarations;

pub(super) async fn run(file: &Path, only: Option<&str>, print: bool) -> Result<Report> {
    let (config, rulebook) = rulebook(file, false)?;
    let (mut printed, mut written) = (String::new(), Vec::new());
    for one in load(&config.rules, only)? {
        let (rules, sources) = one.rules.map_err(|findings| {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            Coded::new(CONFIGURATION, lines.join("\n"))
        })?;
        let judged = rulebook.judge(&rules, &sources).await?;
        if let Some(sentence) = judged.unasked.first() {
            return Err(Coded::new(FAILED, sentence).into());
        }
        let text = declarations(&rules, &judged.descriptions);
        if print {
            printed.push_str(&text);
        } else {
            let path = config.rules.join(one.file.replace(".toml", ".d.ts"));
            std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            written.push(path.display().to_string());
        }
    }
    if print {
        return Report::done(&json!({ "declarations": printed }), printed);
    }
    let text = written
        .iter()
        .map(|path| format!("wrote {path}\n"))
        .collect::<String>();
    Report::done(&json!({ "written": written }), text)
}
