//! `ORDER BY`, and the place of an issue in it, which page tokens carry.

use super::super::model::{FieldValue, Issue};
use super::super::site::{FieldKind, Site};
use super::compile::Context;
use super::test::Instant;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The most fields to order by.
const MOST: usize = 7;

/// By what the results are ordered: keys with their direction. Ties are broken by id, newest first.
#[derive(Clone, Debug, Default)]
pub(in crate::jira_cloud) struct Order(Vec<(By, bool)>);

#[derive(Clone, Debug)]
enum By {
    Id,
    Key,
    When(Instant),
    /// The place in the site's list of priorities; low ones first.
    Priority,
    Status,
    Text(String),
}

/// Where an issue stands in an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::jira_cloud) struct Place {
    keys: Vec<Rank>,
    id: u64,
}

/// A comparable value; an empty field comes last in both directions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Rank {
    Number(i64),
    Text(String),
    Pair(String, i64),
    Nothing,
}

/// Reads the order.
pub(super) fn order(
    written: &[(String, bool)],
    context: &Context<'_>,
    refusals: &mut Vec<String>,
) -> Order {
    if written.len() > MOST {
        refusals.push("The 'orderBy' clause can contain a maximum of 7 fields.".to_owned());
    }
    let mut out = Vec::new();
    for (field, descending) in written {
        match by(field, context) {
            Some(by) => out.push((by, *descending)),
            None => refusals.push(format!(
                "Field '{field}' does not exist or this simulator cannot sort by it."
            )),
        }
    }
    Order(out)
}

fn by(name: &str, context: &Context<'_>) -> Option<By> {
    Some(match name.to_ascii_lowercase().as_str() {
        "id" => By::Id,
        "key" | "issuekey" | "issue" => By::Key,
        "created" | "createddate" => By::When(Instant::Created),
        "updated" | "updateddate" => By::When(Instant::Updated),
        "resolved" | "resolutiondate" => By::When(Instant::Resolved),
        "priority" => By::Priority,
        "status" => By::Status,
        "due" | "duedate" => By::Text("duedate".to_owned()),
        _ => {
            let field = context.field(name)?;
            match field.kind {
                FieldKind::Line | FieldKind::Date => By::Text(field.id.clone()),
                FieldKind::DateTime => By::When(Instant::Field(field.id.clone())),
                _ => return None,
            }
        }
    })
}

impl Order {
    /// Where an issue stands.
    pub(in crate::jira_cloud) fn place(&self, issue: &Issue, site: &Site) -> Place {
        let rank = |(by, _): &(By, bool)| by.rank(issue, site);
        Place {
            keys: self.0.iter().map(rank).collect(),
            id: issue.id,
        }
    }

    /// Compares two places.
    pub(in crate::jira_cloud) fn compare(&self, left: &Place, right: &Place) -> Ordering {
        let pairs = left.keys.iter().zip(&right.keys);
        for ((left, right), (_, descending)) in pairs.zip(&self.0) {
            let nothing = *left == Rank::Nothing || *right == Rank::Nothing;
            let order = match *descending && !nothing {
                true => right.cmp(left),
                false => left.cmp(right),
            };
            if order.is_ne() {
                return order;
            }
        }
        right.id.cmp(&left.id)
    }
}

impl By {
    fn rank(&self, issue: &Issue, site: &Site) -> Rank {
        let number = |id: u64| Rank::Number(i64::try_from(id).unwrap_or(i64::MAX));
        let index = |index: Option<usize>| index.map_or(Rank::Nothing, |at| number(at as u64));
        match self {
            Self::Id => number(issue.id),
            Self::Key => match issue.key.rsplit_once('-') {
                Some((project, n)) => Rank::Pair(project.to_owned(), n.parse().unwrap_or(0)),
                None => Rank::Nothing,
            },
            Self::When(instant) => instant
                .of(issue)
                .map_or(Rank::Nothing, |at| Rank::Number(at.as_millis())),
            Self::Priority => {
                let held = issue.ids("priority");
                let place =
                    |id: &String| site.priorities.iter().rev().position(|each| each.id == *id);
                index(held.first().and_then(place))
            }
            Self::Status => index(
                site.statuses
                    .iter()
                    .position(|each| each.id == issue.status),
            ),
            Self::Text(id) => match issue.values.get(id) {
                Some(FieldValue::Text(text) | FieldValue::Date(text)) => {
                    Rank::Text(text.to_lowercase())
                }
                _ => Rank::Nothing,
            },
        }
    }
}
