//! `test`: runs the fixtures in rules/tests.

use super::rulebook;
use crate::exit::{CONFIGURATION, Coded, FAILED, OK};
use crate::report::Report;
use crate::rulebook::load;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use twinline_rules::compiled::CompiledRules;
use twinline_rules::fixtures::{self, Outcome};
use twinline_rules::source::SourceFile;

/// One fixture's name and what its run showed; an error's sentence where it could not run.
type Ran = (String, Result<Outcome, String>);

pub(super) async fn run(file: &Path, only: Option<&str>, offline: bool) -> Result<Report> {
    let (config, rulebook) = rulebook(file, offline)?;
    let mut compiled = BTreeMap::new();
    let mut unasked = BTreeSet::new();
    for one in load(&config.rules, None)? {
        let Ok((rules, sources)) = one.rules else {
            continue;
        };
        let judged = rulebook.judge(&rules, &sources).await?;
        unasked.extend(judged.unasked);
        let runner = Arc::clone(&rulebook.runner);
        let rules = CompiledRules::new(rules, &sources, judged.descriptions, 0, runner);
        compiled.insert(one.file, rules);
    }
    // Names mean what the trackers say: without them a fixture could hold or fail for no fault of its rules.
    if !unasked.is_empty() {
        let sentences: Vec<String> = unasked.into_iter().collect();
        let way_out = "'twinline test --offline' takes names for ids and asks no tracker";
        let sentence = format!("{}\n{way_out}", sentences.join("\n"));
        return Err(Coded::new(FAILED, sentence).into());
    }
    let folder = config.rules.join("tests");
    let names = names(&folder, only)?;
    let ran = tokio::task::spawn_blocking(move || {
        let each = names.into_iter().map(|name| {
            let outcome = one(&folder, &name, &compiled);
            (name, outcome)
        });
        each.collect::<Vec<Ran>>()
    });
    answer(&ran.await.context("the fixtures ended early")?)
}

fn names(folder: &Path, only: Option<&str>) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        let sentence = format!(
            "{}: the fixtures cannot be read ({error}): write one as {}/NAME.toml",
            folder.display(),
            folder.display()
        );
        Coded::new(CONFIGURATION, sentence)
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry
            .context("reading the fixtures")?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".toml") && only.is_none_or(|only| name.contains(only)) {
            names.push(name);
        }
    }
    names.sort();
    if names.is_empty() {
        let wanted = only.map_or_else(String::new, |only| format!(" with '{only}' in its name"));
        let sentence = format!("{}: there is no fixture{wanted}", folder.display());
        return Err(Coded::new(CONFIGURATION, sentence).into());
    }
    Ok(names)
}

fn one(
    folder: &Path,
    name: &str,
    compiled: &BTreeMap<String, CompiledRules>,
) -> Result<Outcome, String> {
    let source = SourceFile::read(folder, name).map_err(|error| error.to_string())?;
    let fixture = fixtures::parse(&source).map_err(|finding| finding.to_string())?;
    let rules = compiled.get(&fixture.rules).ok_or_else(|| {
        format!(
            "{name}: there are no sound rules in '{}': see 'twinline check'",
            fixture.rules
        )
    })?;
    Ok(fixtures::run(rules, &fixture))
}

fn answer(ran: &[Ran]) -> Result<Report> {
    let mut text = String::new();
    let mut failed = 0;
    let mut documents = Vec::new();
    for (name, outcome) in ran {
        let none = Vec::new();
        let (differences, trace) = match outcome {
            Ok(outcome) => (outcome.differences.clone(), &outcome.trace),
            Err(sentence) => (vec![sentence.clone()], &none),
        };
        let holds = differences.is_empty();
        failed += usize::from(!holds);
        // Writing to a string does not fail.
        let _fine = writeln!(text, "{} {name}", if holds { "ok    " } else { "FAILED" });
        for line in differences.iter().chain(trace) {
            let _fine = writeln!(text, "       {line}");
        }
        documents.push(
            json!({ "fixture": name, "ok": holds, "differences": differences, "trace": trace }),
        );
    }
    let _fine = write!(text, "{} passed, {failed} failed", ran.len() - failed);
    let json = json!({ "ok": failed == 0, "passed": ran.len() - failed, "failed": failed, "fixtures": documents });
    Ok(Report::done(&json, text)?.with_code(if failed == 0 { OK } else { FAILED }))
}
