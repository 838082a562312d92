//! Triggers: Zendesk's search language, `status<solved tags:vip`.
//!
//! Source: support.zendesk.com, "Zendesk Support search reference". Zendesk looks for what is no property as a word in the
//! texts: a slip of the pen would match nothing, without a word. So each property must be one of those that it documents
//! for tickets. What can be judged on a ticket itself is judged there, since the search lags by minutes.

use super::wire;
use crate::connector::Impossible;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Properties that say where, and in which order: the scope's and Twinline's.
const RESERVED: &[&str] = &["type", "order_by", "sort", "sort_by", "sort_order"];

/// Properties of tickets.
const PROPERTIES: &[&str] = &[
    "assignee",
    "attachment_name",
    "brand",
    "cc",
    "channel",
    "comment",
    "commenter",
    "created",
    "custom_status_id",
    "description",
    "due_date",
    "external_id",
    "fieldvalue",
    "form",
    "group",
    "has_attachment",
    "has_incidents",
    "id",
    "organization",
    "priority",
    "requester",
    "satisfaction",
    "solved",
    "status",
    "subject",
    "submitter",
    "tags",
    "ticket_type",
    "updated",
    "via",
];

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// Likeness below which a name is no suggestion.
const LIKENESS_MIN: f64 = 0.8;

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    /// Empty for a word that is looked for in the texts.
    property: String,
    operator: &'static str,
    value: String,
}

/// A trigger whose properties are known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    /// As it was written, white space aside.
    pub(super) text: String,
    terms: Vec<Term>,
}

impl Trigger {
    /// Reads a trigger, or says which part of it is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, Impossible> {
        let refused = |why: String| Impossible::part("trigger", why);
        let words = words(text).ok_or_else(|| {
            refused(format!(
                "the trigger has a quotation that does not end: {text}"
            ))
        })?;
        let terms: Vec<Term> = words.iter().map(|word| Term::read(word)).collect();
        for term in &terms {
            term.check().map_err(refused)?;
        }
        Ok(Self {
            text: words.join(" "),
            terms,
        })
    }

    /// Whether a ticket matches, where its own answer tells; `None` where only the search knows. Several values of one
    /// property are alternatives; all else must hold together.
    pub(super) fn judge(&self, ticket: &wire::Ticket) -> Option<bool> {
        let mut all = Some(true);
        for term in &self.terms {
            let holds = if term.negated {
                term.holds(ticket).map(|holds| !holds)
            } else if term.operator == ":" {
                let mut any = Some(false);
                for other in self.terms.iter().filter(|other| other.is_beside(term)) {
                    any = match (any, other.holds(ticket)) {
                        (Some(true), _) | (_, Some(true)) => Some(true),
                        (Some(false), Some(false)) => Some(false),
                        _ => None,
                    };
                }
                any
            } else {
                term.holds(ticket)
            };
            all = match (all, holds) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        all
    }
}

impl Term {
    fn read(word: &str) -> Self {
        let (negated, word) = match word.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, word),
        };
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (property, rest) = word.split_at(end.unwrap_or(word.len()));
        let operators = [":", "<=", ">=", "<", ">"];
        let operator = operators.into_iter().find(|one| rest.starts_with(one));
        let (property, operator, value) = match operator {
            Some(operator) if !property.is_empty() => (property, operator, &rest[operator.len()..]),
            _ => ("", ":", word),
        };
        Self {
            negated,
            property: property.to_lowercase(),
            operator,
            value: value.replace('"', ""),
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = self.property.as_str();
        if name.is_empty() {
            return Ok(());
        }
        if RESERVED.contains(&name) {
            return Err(format!(
                "the trigger must not contain '{name}': it is about tickets, and their order is Twinline's"
            ));
        }
        if self.value.is_empty() {
            return Err(format!(
                "the trigger's part '{name}{}' has no value",
                self.operator
            ));
        }
        let custom = name.strip_prefix("custom_field_");
        if PROPERTIES.contains(&name) || custom.is_some_and(|id| id.parse::<u64>().is_ok()) {
            return Ok(());
        }
        let likeness = |known: &str| strsim::jaro_winkler(known, name);
        let closest = PROPERTIES
            .iter()
            .filter(|known| likeness(known) >= LIKENESS_MIN)
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let hint = closest.map_or_else(String::new, |known| format!("; did you mean '{known}'?"));
        Err(format!(
            "Zendesk's search knows no property '{name}' of tickets{hint}"
        ))
    }

    /// Whether another condition is an alternative to this one.
    fn is_beside(&self, other: &Self) -> bool {
        !self.negated
            && self.operator == ":"
            && self.property == other.property
            && (!self.property.is_empty() || self == other)
    }

    /// Whether it holds for a ticket, by itself; `None` where the ticket's own answer does not tell exactly.
    fn holds(&self, ticket: &wire::Ticket) -> Option<bool> {
        let value = self.value.as_str();
        let equal = self.operator == ":";
        let id = |held: Option<u64>| match value {
            "none" => Some(held.is_none()),
            value => value.parse().ok().map(|id: u64| held == Some(id)),
        };
        let text = |held: Option<&str>| match value {
            "none" => held.is_none(),
            value => held.is_some_and(|held| held.eq_ignore_ascii_case(value)),
        };
        match self.property.as_str() {
            "status" => self.ranked(&STATUSES, Some(&ticket.status)),
            "priority" => self.ranked(&PRIORITIES, ticket.priority.as_deref()),
            "ticket_type" if equal => Some(text(ticket.kind.as_deref())),
            "tags" if equal => {
                let tags: BTreeSet<&str> = ticket.tags.iter().map(String::as_str).collect();
                Some(match value {
                    "none" => tags.is_empty(),
                    value => tags.contains(value.to_lowercase().as_str()),
                })
            }
            "id" if equal => id(Some(ticket.id)),
            "custom_status_id" if equal => id(ticket.custom_status_id),
            "assignee" if equal => id(ticket.assignee_id),
            "group" if equal => id(ticket.group_id),
            "brand" if equal => id(ticket.brand_id),
            "requester" if equal => id(ticket.requester_id),
            _ => None,
        }
    }

    /// Compares by rank in a list.
    fn ranked(&self, list: &[&str], held: Option<&str>) -> Option<bool> {
        let rank = |value: &str| list.iter().position(|one| one.eq_ignore_ascii_case(value));
        if self.value == "none" {
            return Some(held.is_none());
        }
        let wanted = rank(&self.value)?;
        let Some(held) = held else {
            return Some(false);
        };
        let order = rank(held)?.cmp(&wanted);
        Some(match self.operator {
            ":" => order == Ordering::Equal,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            ">" => order == Ordering::Greater,
            _ => order != Ordering::Less,
        })
    }
}

/// Words apart at white space outside of quotations; `None` when one does not end.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        if character == '"' {
            quoted = !quoted;
        }
        if character.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    (!quoted).then_some(words)
}

/// A text as the value of a property.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', ""))
}

#[cfg(test)]
mod tests;
