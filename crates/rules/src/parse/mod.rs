//! Reading a rules file: TOML ⇒ [`RuleSet`], or every error with its place and the way out.

mod fields;
mod reader;
mod sections;
mod values;

#[cfg(test)]
mod tests;

use crate::finding::{Finding, Severity};
use crate::model::{Placed, RuleSet};
use crate::source::{RuleSources, SourceError, SourceFile};
use reader::{Reader, Table};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::DeTable;
use twinline_core::contract::Direction;
use twinline_core::names::{ConnectionName, ReplicaField, Side, Sides};

const DIRECTIONS: [(&str, Direction); 3] = [
    ("<->", Direction::Both),
    ("->", Direction::ToRight),
    ("<-", Direction::ToLeft),
];

/// Reads a rules file.
///
/// # Errors
/// Every error that the file has, in the order of the file; never an empty list.
pub fn parse(source: &SourceFile) -> Result<RuleSet, Vec<Finding>> {
    let document = DeTable::parse(&source.text).map_err(|error| vec![not_toml(source, &error)])?;
    let reader = Reader::new(source);
    let spot = source.spot(0);
    let root = Table::new(&reader, "the file".to_owned(), spot, document.get_ref());
    let rules = read_root(&root);
    let findings = reader.into_findings();
    match rules {
        Some(rules) if findings.is_empty() => Ok(rules),
        _ => Err(findings),
    }
}

/// Reads one connection's rules from the rules folder: the TOML file and the scripts that it names.
///
/// # Errors
/// What [`parse`] says, and an error at the `script` key for a script that cannot be read.
pub fn load(folder: &Path, file: &str) -> Result<(RuleSet, RuleSources), Vec<Finding>> {
    let map = SourceFile::read(folder, file).map_err(|error| vec![unreadable(&error)])?;
    let rules = parse(&map)?;
    let mut findings = Vec::new();
    let scripts = Sides::from_fn(|side| {
        let name = rules.sides.get(side).script.as_ref()?;
        match SourceFile::read(folder, &name.value) {
            Ok(script) => Some(script),
            Err(error) => {
                findings.push(Finding {
                    severity: Severity::Error,
                    file: file.to_owned(),
                    spot: name.spot,
                    what: format!(
                        "the {side} script '{}' cannot be read: {}",
                        error.file, error.reason
                    ),
                    way_out: "put the script beside the rules file, or leave 'script' out"
                        .to_owned(),
                });
                None
            }
        }
    });
    if findings.is_empty() {
        Ok((rules, RuleSources { map, scripts }))
    } else {
        Err(findings)
    }
}

fn unreadable(error: &SourceError) -> Finding {
    Finding {
        severity: Severity::Error,
        file: error.file.clone(),
        spot: crate::finding::Spot { line: 1, column: 1 },
        what: format!("the file cannot be read: {}", error.reason),
        way_out: "check its name and permissions".to_owned(),
    }
}

fn not_toml(source: &SourceFile, error: &toml::de::Error) -> Finding {
    Finding {
        severity: Severity::Error,
        file: source.name.clone(),
        spot: source.spot(error.span().map_or(0, |span| span.start)),
        what: format!("this is not TOML: {}", error.message()),
        way_out: "mend the syntax here".to_owned(),
    }
}

fn read_root(root: &Table<'_, '_>) -> Option<RuleSet> {
    if root.get("format").is_none() {
        root.missing("format", "write format = 1");
    } else {
        root.number("format", 1, 1);
    }
    let name = root.string("name");
    if name.is_none() && root.get("name").is_none() {
        root.missing("name", "name the connection, as in name = \"acme-support\"");
    }
    let left = sections::side(root, Side::Left);
    let right = sections::side(root, Side::Right);
    let policy = sections::policy(root);
    let mut fields = BTreeMap::new();
    if let Some(table) = root.table("fields") {
        for (key, value) in table.entries() {
            let read = table
                .table_of(&key, value)
                .and_then(|field| fields::field(&field, &policy));
            if let Some(field) = read {
                fields.insert(ReplicaField::from(key.value), field);
            }
            if matches!(key.value, "comments" | "attachments") {
                let way_out = format!("use the [{}] section", key.value);
                let what = format!("'{}' is no replica field of its own", key.value);
                table.reader.error(key.spot, what, way_out);
            }
        }
    }
    let values = sections::named(root, "values", values::value_table);
    let people = sections::named(root, "people", values::people_table);
    let comments = root
        .table("comments")
        .map(|table| sections::comments(&table));
    let attachments = root
        .table("attachments")
        .map(|table| sections::attachments(&table));
    root.finish();
    let name = name?;
    let rules = RuleSet {
        file: root.reader.file_name().to_owned(),
        name: Placed {
            value: ConnectionName::from(name.value.as_str()),
            spot: name.spot,
        },
        sides: Sides {
            left: left?,
            right: right?,
        },
        policy,
        fields,
        values,
        people,
        comments,
        attachments,
    };
    fields::references(root.reader, &rules);
    Some(rules)
}
