//! The guide for those who write rules: each of its examples is read and judged as a rules file or a fixture is.

use crate::support::in_process;
use twinline_core::names::Sides;
use twinline_rules::check::{Surroundings, check};
use twinline_rules::describe::SideDescription;
use twinline_rules::finding::{Finding, Severity};
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::{fixtures, parse};

const PAGE: &str = include_str!("../../../../docs/guide/rules.md");

/// A fragment stands behind this.
const HEAD: &str = r#"format = 1
name = "bugs"
[left]
node = "acme-github"
scope = { repo = "acme/app" }
script = "bugs.left.js"
[right]
node = "acme-jira"
scope = { project = "APP", type = "Bug" }
"#;

/// What a fragment with `left_via = "area"` names.
const AREA: &str =
    "export const area = { outgoing: native => native, incoming: value => value };\n";

/// The blocks of a language, in the page's order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let after = PAGE.split(fence.as_str()).skip(1);
    after
        .map(|rest| rest.split_once("\n```\n").unwrap().0)
        .collect()
}

/// A rules file with this script on its left has no errors.
fn sound(text: &str, script: &str) {
    let map = SourceFile::new("bugs.toml", text);
    let rules = parse::parse(&map).unwrap_or_else(|findings| panic!("{findings:#?}\n{text}"));
    let sources = RuleSources {
        map,
        scripts: Sides {
            left: Some(SourceFile::new("bugs.left.js", script)),
            right: None,
        },
    };
    let around = Surroundings {
        descriptions: &Sides {
            left: SideDescription::default(),
            right: SideDescription::default(),
        },
        capabilities: &Sides {
            left: None,
            right: None,
        },
        nodes: None,
    };
    let findings = check(&rules, &sources, around, in_process().as_ref());
    let serious: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
        .collect();
    assert!(serious.is_empty(), "{serious:#?}\n{text}");
}

#[test]
fn every_example_of_the_guide_is_sound() {
    let scripts = blocks("js");
    assert_eq!(scripts.len(), 1, "one script is judged with the whole file");
    let mut counted = (0, 0, 0);
    for block in blocks("toml") {
        if block.starts_with("format = 1") {
            counted.0 += 1;
            sound(block, scripts[0]);
        } else if block.starts_with("rules = ") {
            counted.1 += 1;
            fixtures::parse(&SourceFile::new("summary.toml", block)).unwrap();
        } else {
            counted.2 += 1;
            sound(&format!("{HEAD}{block}"), AREA);
        }
    }
    assert_eq!((counted.0, counted.1), (1, 1));
    assert!(counted.2 >= 9, "{counted:?}");
}
