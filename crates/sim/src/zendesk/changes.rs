//! How a ticket comes to be and changes: by the API, by people, and what is written down of it.

use super::Zendesk;
use super::failure::{Errors, Failure};
use super::html;
use super::model::{Audit, Comment, Deletion, Ticket};
use super::tickets::By;
use serde_json::{Map, Value, json};

/// Comments of one ticket at most.
const COMMENTS_MAX: usize = 5000;

/// A comment in a request.
struct Written {
    html: String,
    public: bool,
    author: u64,
    attachments: Vec<Value>,
}

/// The attributes that history and events tell of, by the names that audits have for them.
fn told(ticket: &Ticket) -> Vec<(String, Value)> {
    let id = |id: Option<u64>| id.map_or(Value::Null, |id| json!(id.to_string()));
    let mut told = vec![
        ("subject".to_owned(), json!(ticket.subject)),
        ("status".to_owned(), json!(ticket.status)),
        (
            "custom_status_id".to_owned(),
            id(Some(ticket.custom_status)),
        ),
        ("priority".to_owned(), json!(ticket.priority)),
        ("type".to_owned(), json!(ticket.kind)),
        ("requester_id".to_owned(), id(Some(ticket.requester))),
        ("assignee_id".to_owned(), id(ticket.assignee)),
        ("group_id".to_owned(), id(ticket.group)),
        ("brand_id".to_owned(), id(Some(ticket.brand))),
        ("external_id".to_owned(), json!(ticket.external_id)),
        ("due_at".to_owned(), json!(ticket.due)),
        ("tags".to_owned(), json!(ticket.tags)),
    ];
    let custom = ticket.custom.iter();
    told.extend(custom.map(|(id, value)| (id.to_string(), value.clone())));
    told
}

/// What differs between two states: the name, the old value and the new one.
fn differences(before: &Ticket, after: &Ticket) -> Vec<(String, Value, Value)> {
    let (old, new) = (told(before), told(after));
    let value = |of: &[(String, Value)], name: &str| {
        let found = of.iter().find(|(known, _)| known == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    let gone = old
        .iter()
        .filter(|(name, _)| !new.iter().any(|(known, _)| known == name));
    let names: Vec<&String> = new.iter().chain(gone).map(|(name, _)| name).collect();
    let all = names
        .into_iter()
        .map(|name| (name.clone(), value(&old, name), value(&new, name)));
    all.filter(|(_, old, new)| old != new).collect()
}

/// The event that tells of a changed attribute.
fn event_of(name: &str) -> &'static str {
    match name {
        "subject" => "subject_changed",
        "status" => "status_changed",
        "custom_status_id" => "custom_status_changed",
        "priority" => "priority_changed",
        "type" => "type_changed",
        "requester_id" => "requester_changed",
        "assignee_id" => "agent_assignment_changed",
        "group_id" => "group_assignment_changed",
        "brand_id" => "brand_changed",
        "external_id" => "external_id_changed",
        "due_at" => "task_due_at_changed",
        "tags" => "tags_changed",
        _ => "custom_field_changed",
    }
}

impl Zendesk {
    /// Puts a new ticket in; its id, and that of its audit.
    pub(super) fn insert(
        &mut self,
        by: By,
        attributes: &Map<String, Value>,
    ) -> Result<(u64, u64), Failure> {
        let mut ticket = Ticket {
            status: "new".to_owned(),
            custom_status: self.site.default_status("new").map_or(0, |one| one.id),
            requester: by.who,
            submitter: by.who,
            brand: self.site.brands.first().map_or(0, |brand| brand.id),
            created: by.now,
            updated: by.now,
            generated: by.now,
            ..Ticket::default()
        };
        self.assign(&mut ticket, attributes);
        let mut errors = self.errors(&ticket, None);
        let mut written = self.written(by, attributes, true);
        if written
            .as_ref()
            .is_none_or(|one| html::plain(&one.html).is_empty())
        {
            let sentence = "Description: cannot be blank".to_owned();
            errors.add("base", sentence, "BlankValue");
        }
        refuse(errors)?;
        if let Some(written) = &mut written {
            written.attachments = self.take_uploads(attributes.get("comment"));
        }
        ticket.id = self.tickets.last_key_value().map_or(1, |(id, _)| id + 1);
        if ticket.subject.is_empty() {
            ticket.subject = written.as_ref().map_or_else(String::new, |one| {
                html::plain(&one.html).chars().take(80).collect()
            });
        }
        let set = differences(&Ticket::default(), &ticket);
        let mut events: Vec<Value> = Vec::new();
        for (name, _, value) in set.into_iter().filter(|(_, _, new)| !new.is_null()) {
            let id = self.new_id();
            events.push(json!({"id": id, "type": "Create", "field_name": name, "value": value}));
        }
        let id = ticket.id;
        let audit = self.write_down(by, &mut ticket, events, written, attributes);
        self.tickets.insert(id, ticket);
        self.note(by.now, id);
        self.tell(by, id, "created", &json!({}));
        Ok((id, audit))
    }

    /// Changes a ticket and writes an audit, whose id it gives. Nothing is written when everything already is so; the audit
    /// is the last one then.
    pub(super) fn change(
        &mut self,
        by: By,
        id: u64,
        attributes: &Map<String, Value>,
    ) -> Result<u64, Failure> {
        let before = self.tickets[&id].clone();
        if before.is_closed() {
            let sentence = "Status: closed prevents ticket update";
            return Err(Failure::invalid("status", sentence));
        }
        let mut ticket = before.clone();
        self.assign(&mut ticket, attributes);
        refuse(self.errors(&ticket, Some(&before)))?;
        let mut written = self.written(by, attributes, false);
        if written.is_some() && ticket.comments.len() >= COMMENTS_MAX {
            return Err(Failure::invalid(
                "base",
                "a ticket has 5000 comments at most",
            ));
        }
        if let Some(written) = &mut written {
            written.attachments = self.take_uploads(attributes.get("comment"));
        }
        let changed = differences(&before, &ticket);
        let commented = written.is_some();
        if changed.is_empty() && !commented {
            return Ok(before.audits.last().map_or(0, |audit| audit.id));
        }
        let mut events: Vec<Value> = Vec::new();
        for (name, old, new) in &changed {
            let id = self.new_id();
            events.push(json!({"id": id, "type": "Change", "field_name": name, "value": new, "previous_value": old}));
        }
        let audit = self.write_down(by, &mut ticket, events, written, attributes);
        self.tickets.insert(id, ticket);
        self.note(by.now, id);
        for (name, old, new) in &changed {
            self.tell(
                by,
                id,
                event_of(name),
                &json!({"current": new, "previous": old}),
            );
        }
        if commented {
            let comment = self.tickets[&id].comments.last();
            let comment = comment.map(|one| {
                json!({"id": one.id.to_string(), "is_public": one.public,
                "body": html::plain(&one.html), "author": {"id": one.author.to_string()}})
            });
            self.tell(by, id, "comment_added", &json!({"comment": comment}));
        }
        Ok(audit)
    }

    /// The comment of a request, if there is one. On an update one without text is none.
    fn written(&self, by: By, attributes: &Map<String, Value>, new: bool) -> Option<Written> {
        let comment = attributes.get("comment");
        let text = |name: &str| comment.and_then(|comment| comment.get(name)?.as_str());
        let description = attributes.get("description").and_then(Value::as_str);
        let html = match (
            text("html_body"),
            text("body").or(description.filter(|_| new)),
        ) {
            (Some(html), _) => html::from_html(html),
            (None, Some(text)) => html::from_plain(text),
            (None, None) => return None,
        };
        let public = comment.and_then(|comment| comment.get("public")?.as_bool());
        let author = comment.and_then(|comment| comment.get("author_id")?.as_u64());
        let written = Written {
            html,
            public: public.unwrap_or(true),
            author: author.unwrap_or(by.who),
            attachments: Vec::new(),
        };
        Some(written).filter(|one| new || !html::plain(&one.html).is_empty())
    }

    /// Writes an audit, with the comment that came along.
    fn write_down(
        &mut self,
        by: By,
        ticket: &mut Ticket,
        mut events: Vec<Value>,
        written: Option<Written>,
        attributes: &Map<String, Value>,
    ) -> u64 {
        let audit = self.new_id();
        let metadata = attributes
            .get("metadata")
            .filter(|metadata| metadata.is_object());
        let metadata = metadata.cloned().unwrap_or_else(|| json!({}));
        if let Some(written) = written {
            let comment = Comment {
                id: self.new_id(),
                audit,
                author: written.author,
                html: written.html,
                public: written.public,
                created: by.now,
                metadata: metadata.clone(),
                attachments: written.attachments,
            };
            events.push(Self::comment_event(&comment));
            ticket.comments.push(comment);
        }
        ticket.audits.push(Audit {
            id: audit,
            author: by.who,
            created: by.now,
            metadata,
            events,
        });
        ticket.updated = by.now;
        ticket.generated = by.now;
        audit
    }

    /// Writes an audit of something that happened to a comment.
    pub(super) fn write_event(&mut self, by: By, id: u64, mut event: Value) {
        let audit = self.new_id();
        event["id"] = json!(self.new_id());
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.audits.push(Audit {
                id: audit,
                author: by.who,
                created: by.now,
                metadata: json!({}),
                events: vec![event],
            });
            ticket.updated = by.now;
            ticket.generated = by.now;
        }
        self.note(by.now, id);
    }

    /// Puts a ticket into the bin, from which a person could take it again for 30 days.
    pub(super) fn put_in_bin(&mut self, by: By, id: u64) {
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.deleted = Some(Deletion {
                by: by.who,
                at: by.now,
                previous: ticket.status.clone(),
            });
            ticket.generated = by.now;
        }
        self.note(by.now, id);
        self.tell(by, id, "soft_deleted", &json!({}));
    }

    /// Tells the search of a ticket.
    pub(super) fn note(&mut self, now: twinline_core::time::Timestamp, id: u64) {
        if let Some(ticket) = self.tickets.get(&id) {
            self.index.note(now, id, ticket);
        }
    }
}

fn refuse(errors: Errors) -> Result<(), Failure> {
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::Invalid(errors)),
    }
}
