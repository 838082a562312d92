//! Attributes of a ticket in a request: brought into it, then checked together.

use super::Zendesk;
use super::failure::Errors;
use super::model::Ticket;
use super::site::{Field, FieldKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

/// The most characters of a subject.
const SUBJECT_MAX_CHARS: usize = 150;
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
const TYPES: [&str; 4] = ["problem", "incident", "question", "task"];
const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];

/// A number, also when it is written as a text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => return None,
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Tags as Zendesk keeps them: in small letters, without white space.
pub(super) fn tags(value: &Value) -> BTreeSet<String> {
    let written: Vec<&str> = match value {
        Value::Array(tags) => tags.iter().filter_map(Value::as_str).collect(),
        Value::String(tags) => tags.split_whitespace().collect(),
        _ => Vec::new(),
    };
    let kept = written.into_iter().map(|tag| {
        let words: Vec<&str> = tag.split_whitespace().collect();
        words.join("_").to_lowercase()
    });
    kept.filter(|tag| !tag.is_empty()).collect()
}

/// The tags that a field's value puts on its ticket.
fn tags_of(field: &Field, value: Option<&Value>) -> BTreeSet<String> {
    match (field.kind, value) {
        (FieldKind::Tagger | FieldKind::Multiselect, Some(value)) => tags(&match value {
            Value::String(tag) => json!([tag]),
            other => other.clone(),
        }),
        (FieldKind::Checkbox, Some(Value::Bool(true))) => field.tag.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

impl Zendesk {
    /// Brings attributes into a ticket. As the real one, it quietly ignores what it does not know.
    pub(super) fn assign(&self, ticket: &mut Ticket, attributes: &Map<String, Value>) {
        let before = ticket.clone();
        for (name, value) in attributes {
            match name.as_str() {
                "subject" => ticket.subject = text(value).unwrap_or_default().trim().to_owned(),
                "priority" => ticket.priority = text(value),
                "type" => ticket.kind = text(value),
                "status" => self.assign_status(ticket, value),
                "custom_status_id" => {
                    let known = number(value).and_then(|id| self.site.status(id));
                    if let Some(status) = known {
                        ticket.custom_status = status.id;
                        status.category.clone_into(&mut ticket.status);
                    }
                }
                "requester_id" => ticket.requester = number(value).unwrap_or(0),
                "submitter_id" => ticket.submitter = number(value).unwrap_or(ticket.submitter),
                "assignee_id" => ticket.assignee = number(value),
                "group_id" => ticket.group = number(value),
                "brand_id" => ticket.brand = number(value).unwrap_or(ticket.brand),
                "external_id" => ticket.external_id = text(value),
                "due_at" => ticket.due = text(value),
                "tags" => ticket.tags = tags(value),
                "custom_fields" | "fields" => {
                    for field in value.as_array().into_iter().flatten() {
                        let id = field.get("id").and_then(number);
                        self.assign_custom(ticket, id, field.get("value").unwrap_or(&Value::Null));
                    }
                }
                _ => {}
            }
        }
        self.settle(&before, ticket);
    }

    /// What follows from what was written.
    fn settle(&self, before: &Ticket, ticket: &mut Ticket) {
        // Only a task is due.
        if ticket.kind.as_deref() != Some("task") {
            ticket.due = None;
        }
        // A ticket that somebody has is no longer new.
        if ticket.assignee.is_some() && before.assignee.is_none() && ticket.status == "new" {
            self.assign_status(ticket, &json!("open"));
        }
        if ticket.assignee != before.assignee && ticket.group == before.group {
            let agent = ticket.assignee.and_then(|id| self.site.agent(id));
            ticket.group = ticket.group.or_else(|| agent?.groups.first().copied());
        }
        // Who is not in the new group no longer has the ticket.
        if ticket.group != before.group && ticket.assignee == before.assignee {
            ticket.assignee = ticket
                .assignee
                .filter(|id| self.is_member(*id, ticket.group));
        }
        self.settle_tags(before, ticket);
    }

    /// A list's option and its tag are one: whichever is written, the other follows.
    fn settle_tags(&self, before: &Ticket, ticket: &mut Ticket) {
        for field in &self.site.fields {
            let (old, new) = (before.custom.get(&field.id), ticket.custom.get(&field.id));
            let (was, is) = (tags_of(field, old), tags_of(field, new));
            if old != new {
                ticket
                    .tags
                    .retain(|tag| !was.contains(tag) || is.contains(tag));
                ticket.tags.extend(is);
            } else if is.iter().any(|tag| !ticket.tags.contains(tag)) {
                let left: Vec<String> = is.intersection(&ticket.tags).cloned().collect();
                match field.kind {
                    FieldKind::Multiselect if !left.is_empty() => {
                        ticket.custom.insert(field.id, json!(left));
                    }
                    _ => drop(ticket.custom.remove(&field.id)),
                }
            }
        }
    }

    fn assign_status(&self, ticket: &mut Ticket, value: &Value) {
        ticket.status = text(value).unwrap_or_default();
        let fits = self.site.status(ticket.custom_status);
        let fits = fits.is_some_and(|status| status.category == ticket.status);
        if let (false, Some(status)) = (fits, self.site.default_status(&ticket.status)) {
            ticket.custom_status = status.id;
        }
    }

    fn assign_custom(&self, ticket: &mut Ticket, id: Option<u64>, value: &Value) {
        let Some(field) = id.and_then(|id| self.site.field(id)) else {
            return;
        };
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            _ => false,
        };
        match empty {
            true => drop(ticket.custom.remove(&field.id)),
            false => drop(ticket.custom.insert(field.id, kept(field.kind, value))),
        }
    }

    fn is_member(&self, agent: u64, group: Option<u64>) -> bool {
        let agent = self.site.agent(agent);
        agent.is_some_and(|agent| group.is_none_or(|group| agent.groups.contains(&group)))
    }

    /// What is wrong with a ticket.
    pub(super) fn errors(&self, ticket: &Ticket, before: Option<&Ticket>) -> Errors {
        let mut errors = Errors::default();
        let mut add = |attribute: &str, sentence: &str| {
            errors.add(attribute, sentence.to_owned(), "InvalidValue");
        };
        let subject = ticket.subject.chars().count();
        if subject == 0 && before.is_some_and(|before| !before.subject.is_empty()) {
            add("subject", "Subject: cannot be blank");
        }
        if subject > SUBJECT_MAX_CHARS {
            add(
                "subject",
                "Subject: is too long (maximum is 150 characters)",
            );
        }
        let listed = |value: &Option<String>, of: &[&str]| {
            value.as_deref().is_none_or(|value| of.contains(&value))
        };
        if !listed(&ticket.priority, &PRIORITIES) {
            add("priority", "Priority: is not valid");
        }
        if !listed(&ticket.kind, &TYPES) {
            add("type", "Type: is not valid");
        }
        if !STATUSES.contains(&ticket.status.as_str()) {
            add("status", "Status: is not valid");
        }
        let was_new = before.is_none_or(|before| before.status == "new");
        if ticket.status == "new" && !was_new {
            add("status", "Status: cannot be set back to new");
        }
        let kept = before.is_some_and(|before| {
            (before.assignee, before.group) == (ticket.assignee, ticket.group)
        });
        if let Some(assignee) = ticket.assignee.filter(|_| !kept)
            && !self.is_member(assignee, ticket.group)
        {
            add("assignee", "Assignee: is not an agent of this group");
        }
        if ticket
            .group
            .is_some_and(|group| self.site.group(group).is_none())
        {
            add("group", "Group: is invalid");
        }
        if self.site.brand(ticket.brand).is_none() {
            add("brand", "Brand: is invalid");
        }
        // Whose ticket it is already stays so.
        if before.is_none_or(|before| before.requester != ticket.requester) {
            self.requester_errors(ticket.requester, &mut errors);
        }
        self.custom_errors(ticket, before, &mut errors);
        errors
    }

    fn custom_errors(&self, ticket: &Ticket, before: Option<&Ticket>, errors: &mut Errors) {
        let solves =
            ticket.status == "solved" && before.is_none_or(|before| before.status != "solved");
        for field in &self.site.fields {
            let value = ticket.custom.get(&field.id);
            let problem = match value {
                None if field.required && solves => Some("is required when solving a ticket"),
                None => None,
                Some(value) => self.problem(field, value),
            };
            if let Some(problem) = problem {
                let sentence = format!("{}: {problem}", field.title);
                errors.add_field(field.id, field.kind.name(), sentence);
            }
        }
    }

    fn problem(&self, field: &Field, value: &Value) -> Option<&'static str> {
        let written = value.as_str().unwrap_or_default();
        let option = |value: &Value| {
            let mut options = field.options.iter();
            options.any(|(_, option)| value.as_str() == Some(option))
        };
        let fits = match field.kind {
            FieldKind::Text | FieldKind::Textarea => value.is_string(),
            FieldKind::Checkbox => value.is_boolean(),
            FieldKind::Date => is_day(written),
            FieldKind::Integer => written.parse::<i64>().is_ok(),
            FieldKind::Decimal => written.parse::<f64>().is_ok_and(f64::is_finite),
            FieldKind::Regexp => {
                !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit())
            }
            FieldKind::Tagger => option(value),
            FieldKind::Multiselect => value
                .as_array()
                .is_some_and(|values| values.iter().all(option)),
            FieldKind::Lookup => number(value).is_some_and(|id| self.site.user(id).is_some()),
        };
        (!fits).then_some("is invalid")
    }
}

/// A value as the field keeps it: numbers as texts, as the real one answers them.
fn kept(kind: FieldKind, value: &Value) -> Value {
    match (kind, value) {
        (FieldKind::Integer | FieldKind::Decimal, Value::Number(number)) => {
            json!(number.to_string())
        }
        (FieldKind::Lookup, Value::Number(number)) => json!(number.to_string()),
        (FieldKind::Multiselect, Value::String(one)) => json!([one]),
        (FieldKind::Checkbox, Value::String(text)) => json!(text == "true" || text == "1"),
        (_, other) => other.clone(),
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}
