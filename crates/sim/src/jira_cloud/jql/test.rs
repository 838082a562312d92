//! A test on issues: a query whose names are resolved to ids and whose times are instants.

use super::super::adf;
use super::super::model::{FieldValue, Issue};
use super::super::site::Site;
use super::parse::Operator;
use std::cmp::Ordering;
use twinline_core::time::Timestamp;

/// Which issues match.
#[derive(Debug)]
pub(in crate::jira_cloud) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// The issue is one of these.
    Issue(Vec<u64>),
    /// The field holds one of these ids.
    Holds(Ids, Vec<String>),
    /// The field holds something.
    Filled(Ids),
    /// The instant compares so.
    When(Instant, Operator, Timestamp),
    /// The day compares so.
    Day(String, Operator, Timestamp),
    /// The number compares so.
    Number(String, Operator, f64),
    /// The text has all these words, in small letters; one may end in `*`.
    Words(Text, Vec<String>),
}

/// A field that holds ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira_cloud) enum Ids {
    Project,
    Type,
    Status,
    /// The status category's key.
    StatusCategory,
    Creator,
    /// A field by id, of any kind: whatever it holds.
    Field(String),
}

/// A field that holds an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira_cloud) enum Instant {
    Created,
    Updated,
    Resolved,
    Field(String),
}

/// A field that holds text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira_cloud) enum Text {
    /// `text`: summary, description, comments and all custom text fields.
    Any,
    Comment,
    Field(String),
}

impl Test {
    /// Whether an issue matches.
    pub(in crate::jira_cloud) fn matches(&self, issue: &Issue, site: &Site) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.matches(issue, site)),
            Self::Any(tests) => tests.iter().any(|test| test.matches(issue, site)),
            Self::Not(test) => !test.matches(issue, site),
            Self::Issue(ids) => ids.contains(&issue.id),
            Self::Holds(field, wanted) => field
                .of(issue, site)
                .iter()
                .any(|held| wanted.contains(held)),
            Self::Filled(field) => field.filled(issue, site),
            Self::When(field, operator, at) => field
                .of(issue)
                .is_some_and(|held| compare(held.cmp(at), *operator)),
            Self::Day(field, operator, at) => match issue.values.get(field) {
                Some(FieldValue::Date(day)) => Timestamp::parse(&format!("{day}T00:00:00Z"))
                    .is_ok_and(|held| compare(held.cmp(at), *operator)),
                _ => false,
            },
            Self::Number(field, operator, number) => match issue.values.get(field) {
                Some(FieldValue::Number(held)) => held
                    .partial_cmp(number)
                    .is_some_and(|order| compare(order, *operator)),
                _ => false,
            },
            Self::Words(text, words) => text.has(issue, words),
        }
    }
}

fn compare(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
        Operator::NotEqual => order.is_ne(),
        _ => order.is_eq(),
    }
}

impl Ids {
    fn of(&self, issue: &Issue, site: &Site) -> Vec<String> {
        match self {
            Self::Project => vec![issue.project.clone()],
            Self::Type => vec![issue.kind.clone()],
            Self::Status => vec![issue.status.clone()],
            Self::StatusCategory => {
                let status = site.status(&issue.status);
                status
                    .map(|status| status.category.facts().1.to_owned())
                    .into_iter()
                    .collect()
            }
            Self::Creator => vec![issue.creator.clone()],
            Self::Field(id) => issue.ids(id),
        }
    }

    fn filled(&self, issue: &Issue, site: &Site) -> bool {
        match self {
            Self::Field(id) => issue.values.contains_key(id),
            other => !other.of(issue, site).is_empty(),
        }
    }
}

impl Instant {
    /// The instant that an issue holds.
    pub(super) fn of(&self, issue: &Issue) -> Option<Timestamp> {
        match self {
            Self::Created => Some(issue.created),
            Self::Updated => Some(issue.updated),
            Self::Resolved => issue.resolved,
            Self::Field(id) => match issue.values.get(id) {
                Some(FieldValue::DateTime(at)) => Some(*at),
                _ => None,
            },
        }
    }
}

impl Text {
    fn has(&self, issue: &Issue, words: &[String]) -> bool {
        let texts: Vec<String> = match self {
            Self::Field(id) => issue.values.get(id).into_iter().filter_map(text).collect(),
            Self::Comment => comments(issue).collect(),
            Self::Any => issue
                .values
                .values()
                .filter_map(text)
                .chain(comments(issue))
                .collect(),
        };
        // All words must be in one of the texts, not spread over several.
        texts.iter().any(|text| {
            let held = split(text);
            words.iter().all(|word| match word.strip_suffix('*') {
                Some(start) => held.iter().any(|each| each.starts_with(start)),
                None => held.contains(word),
            })
        })
    }
}

fn comments(issue: &Issue) -> impl Iterator<Item = String> {
    issue
        .comments
        .iter()
        .map(|comment| adf::plain(&comment.body))
}

fn text(value: &FieldValue) -> Option<String> {
    match value {
        FieldValue::Text(text) => Some(text.clone()),
        FieldValue::Rich(document) => Some(adf::plain(document)),
        _ => None,
    }
}

/// The words of a text in small letters, as the index cuts them.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '*')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
