//! `types`: declarations of one's own nodes' fields, for editors: the modules "twinline" and "twinline/CONNECTION".

use super::rulebook;
use crate::exit::{CONFIGURATION, Coded, FAILED};
use crate::report::Report;
use crate::rulebook::load;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::path::Path;
use twinline_rules::types::{BASE, JSCONFIG, declarations};

pub(super) async fn run(file: &Path, only: Option<&str>, print: bool) -> Result<Report> {
    let (config, rulebook) = rulebook(file, false)?;
    let mut files = vec![("twinline.d.ts".to_owned(), BASE.to_owned())];
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
        files.push((one.file.replace(".toml", ".d.ts"), text));
    }
    if print {
        let printed: String = files
            .iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        return Report::done(&json!({ "declarations": printed }), printed);
    }
    // What a person has made of it stays.
    if !config.rules.join("jsconfig.json").exists() {
        files.push(("jsconfig.json".to_owned(), JSCONFIG.to_owned()));
    }
    let mut written = Vec::new();
    for (name, text) in files {
        let path = config.rules.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        written.push(path.display().to_string());
    }
    let text = written
        .iter()
        .map(|path| format!("wrote {path}\n"))
        .collect::<String>();
    Report::done(&json!({ "written": written }), text)
}
