//! How tickets, comments, audits and people look in the API.

use super::Zendesk;
use super::html;
use super::model::{Audit, Comment, Ticket};
use super::site::User;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// When everything that the account is set up with was made.
pub(super) const LONG_AGO: &str = "2025-01-01T00:00:00Z";

impl Zendesk {
    /// A ticket as every answer has it.
    pub(super) fn ticket(&self, ticket: &Ticket) -> Value {
        let custom: Vec<Value> = self
            .site
            .fields
            .iter()
            .map(|field| json!({"id": field.id, "value": ticket.custom.get(&field.id)}))
            .collect();
        let description = ticket.comments.first().map(|one| html::plain(&one.html));
        let public = ticket.comments.iter().any(|comment| comment.public);
        json!({
            "url": format!("{}/api/v2/tickets/{}.json", self.base_url, ticket.id),
            "id": ticket.id,
            "external_id": ticket.external_id,
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": null}},
            "created_at": ticket.created.to_string(),
            "updated_at": ticket.updated.to_string(),
            "generated_timestamp": ticket.generated.as_millis() / 1000,
            "type": ticket.kind,
            "subject": ticket.subject,
            "raw_subject": ticket.subject,
            "description": description,
            "priority": ticket.priority,
            "status": if ticket.deleted.is_some() { "deleted" } else { ticket.status.as_str() },
            "recipient": null,
            "requester_id": ticket.requester,
            "submitter_id": ticket.submitter,
            "assignee_id": ticket.assignee,
            "organization_id": null,
            "group_id": ticket.group,
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "forum_topic_id": null,
            "problem_id": null,
            "has_incidents": false,
            "is_public": public,
            "due_at": ticket.due,
            "tags": ticket.tags,
            "custom_fields": custom,
            "fields": custom,
            "satisfaction_rating": {"score": "unoffered"},
            "sharing_agreement_ids": [],
            "custom_status_id": ticket.custom_status,
            "encoded_id": format!("ZD-{}", ticket.id),
            "followup_ids": [],
            "ticket_form_id": null,
            "brand_id": ticket.brand,
            "allow_channelback": false,
            "allow_attachments": true,
            "from_messaging_channel": false,
        })
    }

    /// A comment as the list of comments has it.
    pub(super) fn comment(comment: &Comment) -> Value {
        let plain = html::plain(&comment.html);
        json!({
            "id": comment.id,
            "type": "Comment",
            "author_id": comment.author,
            "body": plain,
            "html_body": comment.html,
            "plain_body": plain,
            "public": comment.public,
            "attachments": comment.attachments,
            "audit_id": comment.audit,
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": null}},
            "created_at": comment.created.to_string(),
            "metadata": {"system": {}, "custom": comment.metadata},
        })
    }

    /// A comment as its audit has it.
    pub(super) fn comment_event(comment: &Comment) -> Value {
        let mut event = Self::comment(comment);
        if let Some(event) = event.as_object_mut() {
            event.remove("created_at");
            event.remove("metadata");
        }
        event
    }

    pub(super) fn audit(ticket: &Ticket, audit: &Audit) -> Value {
        json!({
            "id": audit.id,
            "ticket_id": ticket.id,
            "created_at": audit.created.to_string(),
            "author_id": audit.author,
            "metadata": {"system": {}, "custom": audit.metadata},
            "events": audit.events,
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": null}},
        })
    }

    pub(super) fn user(&self, user: &User) -> Value {
        json!({
            "id": user.id,
            "url": format!("{}/api/v2/users/{}.json", self.base_url, user.id),
            "name": user.name,
            "email": user.email,
            "role": user.role.name(),
            "active": !user.deleted,
            "suspended": user.suspended,
            "verified": true,
            "created_at": LONG_AGO,
            "updated_at": LONG_AGO,
            "time_zone": "UTC",
            "locale": "en-US",
            "default_group_id": user.groups.first(),
            "external_id": null,
            "tags": [],
        })
    }

    /// The people whom tickets name, for the sideload `users`.
    pub(super) fn people_of<'a>(&self, tickets: impl Iterator<Item = &'a Ticket>) -> Value {
        let named = tickets.flat_map(|ticket| {
            [
                Some(ticket.requester),
                Some(ticket.submitter),
                ticket.assignee,
            ]
        });
        self.people(named.flatten())
    }

    /// People by id, each once.
    pub(super) fn people(&self, ids: impl Iterator<Item = u64>) -> Value {
        let ids: BTreeSet<u64> = ids.collect();
        let users = ids.into_iter().filter_map(|id| self.site.user(id));
        users.map(|user| self.user(user)).collect()
    }
}
