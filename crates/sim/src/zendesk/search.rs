//! The search: its language, and tickets as its index knows them.
//!
//! Sources: developer.zendesk.com, "Search"; support.zendesk.com, "Zendesk Support search reference". A word that is no
//! property is looked for in the text, and so is a property that there is not: nothing is refused but what cannot be taken
//! apart.

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::html;
use super::model::Ticket;
use super::page::{self, Order};
use super::route::Asked;
use crate::call::json;
use http::StatusCode;
use serde_json::json;
use std::cmp::Ordering;

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    /// Empty for a word that is looked for in the text.
    property: String,
    /// `:`, `<`, `<=`, `>` or `>=`.
    operator: &'static str,
    value: String,
}

impl Zendesk {
    pub(super) fn route_search(&self, asked: &Asked<'_>, below: &[&str]) -> Answer {
        let query = asked.call.param("query").unwrap_or_default();
        let found = self.matching(query)?;
        match (asked.call.method.as_str(), below) {
            ("GET", ["count"]) => Ok(json(StatusCode::OK, &json!({"count": found.len()}))),
            ("GET", ["export"]) => {
                if asked.call.param("filter[type]") != Some("ticket") {
                    return Err(Failure::unprocessable("invalid", "Invalid filter[type]"));
                }
                let key = |ticket: &&Ticket| (ticket.created.as_millis(), ticket.id);
                page::answer(asked, "results", &found, (key, Order::Up), |ticket| {
                    self.result(ticket)
                })
            }
            ("GET", []) => {
                let key = |ticket: &&Ticket| (0, ticket.id);
                page::answer(asked, "results", &found, (key, Order::Up), |ticket| {
                    self.result(ticket)
                })
            }
            _ => Err(Failure::NotFound),
        }
    }

    fn result(&self, ticket: &Ticket) -> serde_json::Value {
        let mut shown = self.ticket(ticket);
        shown["result_type"] = json!("ticket");
        shown
    }

    /// The tickets that the index knows and that match, in the order of creation.
    fn matching(&self, query: &str) -> Result<Vec<&Ticket>, Failure> {
        let terms = read(query)
            .ok_or_else(|| Failure::unprocessable("invalid", format!("Invalid search: {query}")))?;
        // Hidden is said of the ticket as it is now.
        let seen = |ticket: &&Ticket| {
            let now = self.tickets.get(&ticket.id);
            ticket.deleted.is_none() && now.is_some_and(|now| now.hidden.is_none())
        };
        let found = self.index.items().filter(seen);
        Ok(found
            .filter(|ticket| self.matches(ticket, &terms))
            .collect())
    }

    /// Several values of one property are alternatives; all else must hold together.
    fn matches(&self, ticket: &Ticket, terms: &[Term]) -> bool {
        terms.iter().all(|term| {
            if term.negated {
                return !self.holds(ticket, term);
            }
            if term.operator != ":" || term.property.is_empty() {
                return self.holds(ticket, term);
            }
            let mut alike = terms.iter().filter(|other| {
                !other.negated && other.operator == ":" && other.property == term.property
            });
            alike.any(|other| self.holds(ticket, other))
        })
    }

    fn holds(&self, ticket: &Ticket, term: &Term) -> bool {
        let value = term.value.as_str();
        let named = |id: Option<u64>, name: Option<&str>, email: Option<&str>| match value {
            "none" => id.is_none(),
            _ => {
                let texts = [name, email].into_iter().flatten();
                id.is_some_and(|id| id.to_string() == value)
                    || texts
                        .into_iter()
                        .any(|text| text.eq_ignore_ascii_case(value))
            }
        };
        let person = |id: Option<u64>| {
            let user = id.and_then(|id| self.site.user(id));
            named(
                id,
                user.map(|user| user.name.as_str()),
                user.map(|user| user.email.as_str()),
            )
        };
        let text = |held: Option<&str>| match value {
            "none" => held.is_none(),
            _ => held.is_some_and(|held| held.eq_ignore_ascii_case(value)),
        };
        match term.property.as_str() {
            "type" => value == "ticket",
            "id" => ticket.id.to_string() == value,
            "status" => ranked(&STATUSES, Some(&ticket.status), term),
            "priority" => ranked(&PRIORITIES, ticket.priority.as_deref(), term),
            "ticket_type" => text(ticket.kind.as_deref()),
            "custom_status_id" => ticket.custom_status.to_string() == value,
            "tags" => match value {
                "none" => ticket.tags.is_empty(),
                _ => ticket.tags.contains(&value.to_lowercase()),
            },
            "external_id" => text(ticket.external_id.as_deref()),
            "assignee" => person(ticket.assignee),
            "requester" => person(Some(ticket.requester)),
            "submitter" => person(Some(ticket.submitter)),
            "group" => {
                let group = ticket.group.and_then(|id| self.site.group(id));
                named(ticket.group, group.map(|one| one.name.as_str()), None)
            }
            "brand" => {
                let brand = self.site.brand(ticket.brand);
                named(Some(ticket.brand), brand.map(|one| one.name.as_str()), None)
            }
            "created" => dated(&ticket.created.to_string(), term),
            "updated" => dated(&ticket.updated.to_string(), term),
            "subject" => contains(&ticket.subject, value),
            "description" | "comment" => {
                let mut comments = ticket.comments.iter();
                comments.any(|one| contains(&html::plain(&one.html), value))
            }
            property => match property.strip_prefix("custom_field_") {
                Some(id) => {
                    let held = id.parse().ok().and_then(|id: u64| ticket.custom.get(&id));
                    let held =
                        held.map(|held| held.as_str().map_or(held.to_string(), str::to_owned));
                    text(held.as_deref())
                }
                None => says(ticket, term),
            },
        }
    }
}

/// Whether a ticket's words have a term that names no property.
fn says(ticket: &Ticket, term: &Term) -> bool {
    let word = match term.property.as_str() {
        "" => term.value.clone(),
        property => format!("{property}{}{}", term.operator, term.value),
    };
    let mut comments = ticket.comments.iter();
    contains(&ticket.subject, &word) || comments.any(|one| contains(&html::plain(&one.html), &word))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Compares by rank in a list.
fn ranked(list: &[&str], held: Option<&str>, term: &Term) -> bool {
    let rank = |value: &str| list.iter().position(|one| *one == value.to_lowercase());
    match (held.and_then(rank), rank(&term.value)) {
        (held, None) => term.value == "none" && held.is_none(),
        (None, Some(_)) => false,
        (Some(held), Some(wanted)) => compared(held.cmp(&wanted), term.operator),
    }
}

/// Compares an instant with another one, or with a day.
fn dated(held: &str, term: &Term) -> bool {
    let held = held.get(..term.value.len()).unwrap_or(held);
    compared(held.cmp(term.value.as_str()), term.operator)
}

fn compared(order: Ordering, operator: &str) -> bool {
    match operator {
        ":" => order.is_eq(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// The conditions of a query; `None` when a quotation does not end.
fn read(query: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    for word in words(query)? {
        let (negated, word) = match word.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (true, rest.to_owned()),
            _ => (false, word),
        };
        let name = word
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(word.len());
        let (property, rest) = word.split_at(name);
        let operators = [":", "<=", ">=", "<", ">"];
        let operator = operators.into_iter().find(|one| rest.starts_with(one));
        let (property, operator, value) = match operator {
            Some(operator) if !property.is_empty() => (property, operator, &rest[operator.len()..]),
            _ => ("", ":", word.as_str()),
        };
        terms.push(Term {
            negated,
            property: property.to_lowercase(),
            operator,
            value: value.replace('"', ""),
        });
    }
    Some(terms)
}

/// Words apart at white space outside of quotations.
fn words(query: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in query.chars() {
        match character {
            '"' => quoted = !quoted,
            character if character.is_whitespace() && !quoted => {
                words.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    (!quoted).then_some(words)
}
