//! Real bodies and comments through every notation: Markdown, there and back, without visible loss but what the report names.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

use std::collections::{BTreeMap, BTreeSet};
use twinline_core::richtext::{Block, Dialect, Document, LossReport, markdown};
use xtask::provision::redmine::Redmine;
use xtask::sim::histories;

const FORMS: [Dialect; 4] = [
    Dialect::Markdown,
    Dialect::Adf,
    Dialect::Html,
    Dialect::Textile,
];

fn corpus() -> Option<Vec<Document>> {
    let Some(texts) = histories::texts().unwrap() else {
        twinline_sim::needs::skip("the histories are not in ../shared/histories");
        return None;
    };
    Some(texts.iter().map(|text| markdown::decode(text)).collect())
}

/// What Markdown shows of a document.
fn shown(document: &Document) -> Document {
    Dialect::Markdown.project(document).0
}

/// The letters of a document, which no notation may lose.
fn letters(document: &Document) -> String {
    document
        .plain()
        .chars()
        .filter(|c| c.is_alphabetic())
        .collect()
}

/// A line break, as it is seen.
const BREAK: &str = "\"break\"";

/// What a reader sees of blocks: their form, and each character with how it looks. White space counts as one space between
/// two words, without a look: HTML shows no more of it, and Textile's marks cannot hold it at their edges.
fn visible(blocks: &[Block]) -> Vec<String> {
    let mut seen = Vec::new();
    walk(&serde_json::to_value(blocks).unwrap(), &mut seen);
    seen
}

fn walk(value: &serde_json::Value, seen: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(all) => all.iter().for_each(|each| walk(each, seen)),
        serde_json::Value::Object(node) => {
            let text = node.get("text").and_then(serde_json::Value::as_str);
            if let Some(text) = text.filter(|_| !node.contains_key("language")) {
                let marks = node.get("marks").map(ToString::to_string);
                let marks = marks.unwrap_or_default();
                for c in text.chars() {
                    let begins = seen
                        .last()
                        .is_none_or(|last| last == " " || last == BREAK || last.starts_with('<'));
                    match c.is_whitespace() {
                        true if begins => {}
                        true => seen.push(" ".to_owned()),
                        false => seen.push(format!("{c}{marks}")),
                    }
                }
                return;
            }
            for (name, inside) in node {
                if name != "text" {
                    seen.push(format!("<{name}>"));
                }
                walk(inside, seen);
            }
        }
        other => {
            let other = other.to_string();
            // The space at a line's end stands between no two words.
            if other == BREAK && seen.last().is_some_and(|last| last == " ") {
                seen.pop();
            }
            seen.push(other);
        }
    }
}

/// The blocks of which a report names no loss.
fn whole<'a>(document: &'a Document, report: &LossReport) -> Vec<&'a Block> {
    let lost: BTreeSet<usize> = report.losses.iter().map(|loss| loss.block).collect();
    let blocks = document.blocks.iter().enumerate();
    blocks
        .filter(|(at, _)| !lost.contains(at))
        .map(|(_, block)| block)
        .collect()
}

#[test]
fn real_texts_cross_without_visible_loss_but_what_the_report_names() {
    let Some(documents) = corpus() else {
        return;
    };
    assert!(documents.len() > 1_000, "{} texts", documents.len());
    for form in FORMS {
        let mut faults = Vec::new();
        let mut named: BTreeMap<String, usize> = BTreeMap::new();
        for document in &documents {
            // What GitHub shows is what crosses.
            let document = &shown(document);
            let (there, report) = form.project(document);
            let back = shown(&there);
            for loss in &report.losses {
                *named.entry(loss.what.to_string()).or_default() += 1;
            }
            if report.is_empty() && visible(&back.blocks) != visible(&document.blocks) {
                faults.push(format!("{document:?}\n  came back as\n{back:?}"));
            }
            for block in whole(document, &report) {
                let alone = shown(&form.project_block(block));
                if visible(&alone.blocks) != visible(std::slice::from_ref(block)) {
                    faults.push(format!("{block:?}\n  came back as\n{:?}", alone.blocks));
                }
            }
            if letters(&back) != letters(document) {
                faults.push(format!("letters of {document:?}\n  came back as\n{back:?}"));
            }
        }
        println!("{form}: {} texts; named losses {named:?}", documents.len());
        let first: Vec<&String> = faults.iter().take(5).collect();
        assert!(
            faults.is_empty(),
            "{form}: {} faults: {first:#?}",
            faults.len()
        );
    }
}

/// The characters that a text shows, white space left out, each with how it looks.
fn looks(document: &Document) -> Vec<(char, String)> {
    let mut found = Vec::new();
    gather(&serde_json::to_value(document).unwrap(), &mut found);
    found
}

fn gather(value: &serde_json::Value, found: &mut Vec<(char, String)>) {
    match value {
        serde_json::Value::Array(all) => all.iter().for_each(|each| gather(each, found)),
        serde_json::Value::Object(node) => {
            if let Some(text) = node.get("text").and_then(|text| text.as_str()) {
                let marks = node.get("marks").and_then(|marks| marks.as_object());
                let marks = marks.into_iter().flat_map(|marks| marks.keys());
                // Redmine makes links of addresses by rules of its own.
                let marks: Vec<&str> = marks.map(String::as_str).filter(|m| *m != "link").collect();
                let marks = marks.join(" ");
                let seen = text.chars().filter(|c| !c.is_whitespace());
                found.extend(seen.map(|c| (c, marks.clone())));
                return;
            }
            node.values().for_each(|each| gather(each, found));
        }
        _ => {}
    }
}

#[test]
fn redmine_shows_our_textile_as_it_is_meant() {
    if !Redmine::can_run() {
        return;
    }
    let Some(documents) = corpus() else {
        return;
    };
    let lowered: Vec<Document> = documents
        .iter()
        .map(|document| Dialect::Textile.project(document).0)
        .collect();
    let written = |document: &Document| twinline_core::richtext::textile::encode(document).0;
    let texts: Vec<String> = lowered.iter().map(written).collect();
    let pages = Redmine::formatted(&texts).unwrap();
    assert_eq!(pages.len(), texts.len());
    let mut faults = Vec::new();
    for ((document, text), page) in lowered.iter().zip(&texts).zip(&pages) {
        let seen = looks(&twinline_core::richtext::html::decode(page));
        let meant = looks(document);
        if seen != meant {
            let at = seen.iter().zip(&meant).take_while(|(a, b)| a == b).count();
            let near = |all: &[(char, String)]| -> String {
                let around = &all[at.saturating_sub(20)..(at + 20).min(all.len())];
                around.iter().map(|(c, _)| c).collect()
            };
            let (here, there) = (seen.get(at), meant.get(at));
            faults.push(format!(
                "{} is {here:?}, and {} is meant, {there:?}:\n{text}",
                near(&seen),
                near(&meant)
            ));
        }
    }
    let first: Vec<&String> = faults.iter().take(3).collect();
    assert!(
        faults.is_empty(),
        "{} of {} faults: {first:#?}",
        faults.len(),
        texts.len()
    );
}
