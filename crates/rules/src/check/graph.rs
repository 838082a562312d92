//! What only shows when all connections are seen together.

use crate::finding::{Finding, Severity};
use crate::model::{RuleSet, SideRules};
use std::collections::BTreeMap;
use twinline_core::names::Side;

/// A place where twins are made: a node and a scope in it.
struct Place {
    node: String,
    scope: BTreeMap<String, String>,
}

impl Place {
    fn of(side: &SideRules) -> Self {
        let scope = side.scope.iter();
        let scope = scope.map(|(key, text)| (key.clone(), text.value.clone()));
        Self {
            node: side.node.value.as_str().to_owned(),
            scope: scope.collect(),
        }
    }

    /// Whether one item can lie in both: no key of their scopes sets them apart.
    fn overlaps(&self, other: &Self) -> bool {
        let mut shared = self.scope.iter();
        let apart = |(key, value): (&String, &String)| {
            other.scope.get(key).is_some_and(|theirs| theirs != value)
        };
        self.node == other.node && !shared.any(apart)
    }
}

/// The places, and which of them connections and overlaps join.
#[derive(Default)]
struct Places {
    all: Vec<Place>,
    /// For each place one that it is joined to; itself: the root of what is joined.
    joined: Vec<usize>,
}

impl Places {
    /// Adds a place, joined with those that it overlaps; its number.
    fn add(&mut self, place: Place) -> usize {
        let own = self.all.len();
        self.joined.push(own);
        for other in 0..own {
            if self.all[other].overlaps(&place) {
                let root = self.root(other);
                self.joined[root] = own;
            }
        }
        self.all.push(place);
        own
    }

    fn root(&self, mut place: usize) -> usize {
        while self.joined[place] != place {
            place = self.joined[place];
        }
        place
    }
}

/// Finds connections of one name, connections that join a place with itself, and rings of connections.
pub fn check_connections(connections: &[&RuleSet]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut places = Places::default();
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
        let [left, right] = Side::BOTH.map(|side| Place::of(rules.sides.get(side)));
        if left.overlaps(&right) {
            let what = format!("'{name}' connects a scope of '{}' with itself", left.node);
            say(
                Severity::Error,
                what,
                "give the sides different nodes or scopes",
            );
            continue;
        }
        let [left, right] = [left, right].map(|place| places.add(place));
        let [left, right] = [left, right].map(|place| places.root(place));
        if left == right {
            let what = format!("'{name}' closes a cycle between connections");
            say(
                Severity::Warning,
                what,
                "it is safe, since a cluster has one item in each scope; make sure that the value tables agree around it",
            );
        } else {
            places.joined[left] = right;
        }
    }
    findings
}
