//! What only shows when all connections are seen together.

use crate::finding::{Finding, Severity};
use crate::model::{RuleSet, SideRules};
use std::collections::BTreeMap;
use twinline_core::names::Side;

/// A place where twins are made: a node and a scope in it.
type Place = (String, Vec<(String, String)>);

fn place(side: &SideRules) -> Place {
    let scope = side.scope.iter();
    let scope = scope.map(|(key, text)| (key.clone(), text.value.clone()));
    (side.node.value.as_str().to_owned(), scope.collect())
}

/// Finds connections of one name, connections that join a place with itself, and rings of connections.
pub fn check_connections(connections: &[&RuleSet]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut joined: BTreeMap<Place, Place> = BTreeMap::new();
    for rules in connections {
        let name = rules.name.value.as_str();
        let mut say = |severity, what: String, way_out: &str| {
            findings.push(Finding {
                severity,
                file: rules.file.clone(),
                spot: rules.name.spot,
                what,
                way_out: way_out.to_owned(),
            });
        };
        if let Some(first) = names.get(name) {
            let what = format!("{first} also has a connection named '{name}'");
            say(Severity::Error, what, "rename one of them");
        } else {
            names.insert(name, &rules.file);
        }
        let [left, right] = Side::BOTH.map(|side| place(rules.sides.get(side)));
        if left == right {
            let what = format!("'{name}' connects a scope of '{}' with itself", left.0);
            say(
                Severity::Error,
                what,
                "give the sides different nodes or scopes",
            );
            continue;
        }
        let [left, right] = [root(&joined, left), root(&joined, right)];
        if left == right {
            let what = format!("'{name}' closes a cycle between connections");
            say(
                Severity::Warning,
                what,
                "it is safe, since a cluster has one item in each scope; make sure that the value tables agree around it",
            );
        } else {
            joined.insert(left, right);
        }
    }
    findings
}

fn root(joined: &BTreeMap<Place, Place>, mut place: Place) -> Place {
    while let Some(next) = joined.get(&place) {
        place = next.clone();
    }
    place
}
