//! Fixtures: an item, the rule's side, and what is expected of the rule. `rules/tests/NAME.toml`.
//!
//! ```toml
//! rules = "acme-support.toml"
//! side  = "left"
//! rule  = "outgoing"                # outgoing | incoming | when
//! twin  = { key = "INC0010001" }    # the other item; needed for incoming
//!
//! [item]                            # native values as scripts see them; `fields` by name or id
//! key     = "SUP-7"
//! summary = "Checkout is slow"
//! fields  = { Severity = "S2" }
//!
//! [expect.replica]                  # fields that are not listed are not judged
//! severity = "S2"
//!
//! [expect]
//! absent = ["description"]
//! ```
//! An incoming rule takes `[replica]` and `[previous]`, and `[expect.changes]` lists every native field that it changes.

#[cfg(test)]
mod tests;

use crate::catalogue::Catalogue;
use crate::compiled::CompiledRules;
use crate::convert;
use crate::finding::{Finding, Severity};
use crate::source::SourceFile;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Comment, Item, ItemId, ItemRef, User, Version};
use twinline_core::names::Side;
use twinline_core::rules::{Draft, Incoming, Link, Outgoing, RuleError, Rules};
use twinline_core::time::Timestamp;
use twinline_core::view::View;

/// One fixture.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The rules file that it tests.
    pub rules: String,
    /// The rule's side.
    pub side: Side,
    rule: Rule,
    item: Given,
    twin: Option<Twin>,
    #[serde(default)]
    replica: Map<String, Json>,
    previous: Option<Map<String, Json>>,
    first_sync: Option<bool>,
    expect: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rule {
    When,
    Outgoing,
    Incoming,
}

#[derive(Clone, Debug, Deserialize)]
struct Given {
    #[serde(default)]
    id: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    fields: Map<String, Json>,
    #[serde(default)]
    comments: Vec<GivenComment>,
    #[serde(flatten)]
    familiar: Map<String, Json>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenComment {
    id: String,
    channel: String,
    body: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Twin {
    #[serde(default)]
    id: String,
    key: String,
    #[serde(default)]
    url: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    admitted: Option<bool>,
    replica: Map<String, Json>,
    absent: Vec<String>,
    changes: Option<Map<String, Json>>,
    held: BTreeSet<String>,
    waived: BTreeSet<String>,
    /// Ids of the comments that cross (outgoing), or keys of those that the script adds (incoming).
    comments: Option<Vec<String>>,
    /// A part of the error that the rule ends with.
    error: Option<String>,
}

/// Reads a fixture.
///
/// # Errors
/// One finding, where the file is not such a fixture.
pub fn parse(source: &SourceFile) -> Result<Fixture, Finding> {
    toml::from_str(&source.text).map_err(|error| Finding {
        severity: Severity::Error,
        file: source.name.clone(),
        spot: source.spot(error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
        way_out: "mend the fixture here".to_owned(),
    })
}

/// What a fixture's run showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What differs from what was expected; empty: the fixture holds.
    pub differences: Vec<String>,
    /// What the script traced.
    pub trace: Vec<String>,
}

/// Runs a fixture on its rules.
pub fn run(rules: &CompiledRules, fixture: &Fixture) -> Outcome {
    let mut outcome = Outcome::default();
    let ran = build_item(rules, fixture).and_then(|item| match fixture.rule {
        Rule::When => rules
            .admits(fixture.side, &item)
            .map_err(|error| error.to_string())
            .map(|admitted| judge_when(fixture, admitted, &mut outcome)),
        Rule::Outgoing => {
            let link = fixture
                .twin
                .as_ref()
                .map(|twin| link(rules, fixture, twin, &item));
            shown(rules.outgoing(fixture.side, &item, link.as_ref()))
                .map(|result| judge_outgoing(fixture, result, &mut outcome))
        }
        Rule::Incoming => run_incoming(rules, fixture, &item)
            .map(|draft| judge_incoming(rules, fixture, &item, draft, &mut outcome)),
    });
    match (ran, &fixture.expect.error) {
        (Ok(()), None) => {}
        (Ok(()), Some(part)) => outcome.differences.push(format!(
            "expected an error with \"{part}\", but there was none"
        )),
        (Err(error), Some(part)) if error.contains(part.as_str()) => {}
        (Err(error), _) => outcome.differences.push(error),
    }
    outcome
}

fn shown<T>(result: Result<T, RuleError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn build_item(rules: &CompiledRules, fixture: &Fixture) -> Result<Item, String> {
    let side = rules.catalogue(fixture.side);
    let given = &fixture.item;
    let mut fields = BTreeMap::new();
    for (name, json) in given.familiar.iter().chain(&given.fields) {
        let id = field_id(side, name)?;
        let value = convert::native_value(json, &id, None, side)
            .map_err(|reason| format!("[item] {name}: {reason}"))?;
        fields.insert(id, value);
    }
    let comments = given.comments.iter().map(|comment| Comment {
        id: comment.id.clone(),
        author: User::default(),
        created: Timestamp::EPOCH,
        edited: None,
        body: crate::rich::from_markdown(&comment.body),
        channel: comment.channel.clone(),
        marker: None,
    });
    Ok(Item {
        reference: ItemRef {
            item: ItemId {
                node: rules.rules().sides.get(fixture.side).node.value.clone(),
                id: given.id.clone(),
            },
            key: given.key.clone(),
            url: given.url.clone(),
        },
        fields,
        comments: Some(comments.collect()),
        attachments: Some(Vec::new()),
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    })
}

fn field_id(side: &Catalogue, name: &str) -> Result<twinline_core::names::FieldName, String> {
    match side.field(name) {
        Some(id) => Ok(id.clone()),
        None if side.is_blank() => Ok(name.into()),
        None => {
            let names = side.description().fields.iter();
            let names = names.flat_map(|(id, info)| [id.as_str(), info.name.as_str()]);
            Err(format!(
                "[item] there is no field '{name}'; {}",
                crate::finding::suggest(name, names)
            ))
        }
    }
}

fn link(rules: &CompiledRules, fixture: &Fixture, twin: &Twin, item: &Item) -> Link {
    let other = rules.rules().sides.get(fixture.side.other());
    Link {
        id: "fixture".into(),
        connection: rules.rules().name.value.clone(),
        side: fixture.side,
        local: (!item.reference.key.is_empty()).then(|| item.reference.clone()),
        remote: ItemRef {
            item: ItemId {
                node: other.node.value.clone(),
                id: twin.id.clone(),
            },
            key: twin.key.clone(),
            url: twin.url.clone(),
        },
        since: Timestamp::EPOCH,
        first_sync: fixture.first_sync.unwrap_or_default(),
    }
}

fn view(rules: &CompiledRules, fields: &Map<String, Json>) -> Result<View, String> {
    let mut view = View::default();
    for (name, json) in fields {
        let kind = rules.replica_kind(&name.as_str().into());
        let value = convert::replica_value(json, kind)
            .map_err(|reason| format!("[replica] {name}: {reason}"))?;
        view.fields.insert(name.as_str().into(), value);
    }
    Ok(view)
}

fn run_incoming(rules: &CompiledRules, fixture: &Fixture, item: &Item) -> Result<Draft, String> {
    let twin = fixture
        .twin
        .as_ref()
        .ok_or("an incoming rule needs the other item: twin = { key = \"…\" }")?;
    let link = link(rules, fixture, twin, item);
    let replica = view(rules, &fixture.replica)?;
    let previous = fixture
        .previous
        .as_ref()
        .map(|fields| view(rules, fields))
        .transpose()?;
    let input = Incoming {
        target: item,
        replica: &replica,
        previous: previous.as_ref(),
        first_sync: fixture.first_sync.unwrap_or(previous.is_none()),
        link: &link,
    };
    shown(rules.incoming(fixture.side, &input))
}

fn judge_when(fixture: &Fixture, admitted: bool, outcome: &mut Outcome) {
    let expected = fixture.expect.admitted.unwrap_or(true);
    if admitted != expected {
        outcome
            .differences
            .push(format!("admitted is {admitted}, expected {expected}"));
    }
}

fn judge_outgoing(fixture: &Fixture, result: Outgoing, outcome: &mut Outcome) {
    let expect = &fixture.expect;
    for (name, expected) in &expect.replica {
        let found = result
            .view
            .fields
            .get(name.as_str())
            .map(convert::value_json);
        compare(
            &format!("replica.{name}"),
            found.as_ref(),
            expected,
            outcome,
        );
    }
    for name in &expect.absent {
        if let Some(value) = result.view.fields.get(name.as_str()) {
            let found = convert::value_json(value);
            outcome
                .differences
                .push(format!("replica.{name} is {found}, expected to be absent"));
        }
    }
    let ids = result.view.comments.into_iter().map(|comment| comment.id);
    judge_comments(expect, ids.collect(), outcome);
    judge_names("held", &result.held, &expect.held, outcome);
    judge_names("waived", &result.waived, &expect.waived, outcome);
    outcome.trace = result.trace;
}

fn judge_incoming(
    rules: &CompiledRules,
    fixture: &Fixture,
    item: &Item,
    draft: Draft,
    outcome: &mut Outcome,
) {
    let expect = &fixture.expect;
    let side = rules.catalogue(fixture.side);
    let changed: BTreeMap<_, _> = draft
        .fields
        .iter()
        .filter(|(id, assigned)| item.fields.get(*id) != Some(&assigned.value))
        .collect();
    if let Some(changes) = &expect.changes {
        let mut listed = BTreeSet::new();
        for (name, expected) in changes {
            let id = side.resolve(name);
            let found = changed
                .get(&id)
                .map(|assigned| convert::value_json(&assigned.value));
            compare(&format!("issue.{name}"), found.as_ref(), expected, outcome);
            listed.insert(id);
        }
        for (id, assigned) in &changed {
            if !listed.contains(*id) {
                let found = convert::value_json(&assigned.value);
                outcome
                    .differences
                    .push(format!("issue.{id} becomes {found}, expected no change"));
            }
        }
    }
    let keys = draft.comments.into_iter().map(|comment| comment.key);
    judge_comments(expect, keys.collect(), outcome);
    judge_names("held", &draft.held, &expect.held, outcome);
    judge_names("waived", &draft.waived, &expect.waived, outcome);
    outcome.trace = draft.trace;
}

fn judge_comments(expect: &Expected, found: Vec<String>, outcome: &mut Outcome) {
    if let Some(expected) = &expect.comments
        && *expected != found
    {
        outcome
            .differences
            .push(format!("comments are {found:?}, expected {expected:?}"));
    }
}

fn judge_names<N: std::fmt::Display>(
    what: &str,
    found: &BTreeMap<N, String>,
    expected: &BTreeSet<String>,
    outcome: &mut Outcome,
) {
    for (name, reason) in found {
        if !expected.contains(&name.to_string()) {
            outcome
                .differences
                .push(format!("{name} is {what}: {reason}"));
        }
    }
    for name in expected {
        if !found.keys().any(|known| known.to_string() == *name) {
            outcome
                .differences
                .push(format!("{name} is not {what}, as was expected"));
        }
    }
}

fn compare(what: &str, found: Option<&Json>, expected: &Json, outcome: &mut Outcome) {
    let Some(found) = found else {
        outcome
            .differences
            .push(format!("{what} is absent, expected {expected}"));
        return;
    };
    let same = match (found, expected) {
        // A rich text may be given as its Markdown, a person by any of their names, nothing as an empty text.
        (Json::Object(parts), Json::String(text)) => parts.values().any(|part| part == text),
        (Json::Null, Json::String(text)) => text.is_empty(),
        _ => found == expected,
    };
    if !same {
        outcome
            .differences
            .push(format!("{what} is {found}, expected {expected}"));
    }
}
