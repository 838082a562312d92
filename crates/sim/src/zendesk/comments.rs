//! Comments and audits. A comment is made with an update of its ticket; afterwards it can only be made private, or have
//! words redacted.

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::html;
use super::page::{self, Order};
use super::route::Asked;
use super::tickets::By;
use crate::call::json;
use http::StatusCode;
use serde_json::json;

impl Zendesk {
    pub(super) fn list_comments(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let ticket = self.visible(id)?;
        let mut all: Vec<_> = ticket.comments.iter().collect();
        let down = asked.call.param("sort") == Some("-created_at")
            || asked.call.param("sort_order") == Some("desc");
        let order = if down { Order::Down } else { Order::Up };
        if down {
            all.reverse();
        }
        let key = |comment: &&super::model::Comment| (0, comment.id);
        let mut page = page::listed(asked, "comments", &all, (key, order), |one| {
            Self::comment(one)
        })?;
        if asked.includes("users") {
            page["users"] = self.people(all.iter().map(|comment| comment.author));
        }
        Ok(json(StatusCode::OK, &page))
    }

    pub(super) fn list_audits(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let ticket = self.visible(id)?;
        let all: Vec<_> = ticket.audits.iter().collect();
        let key = |audit: &&super::model::Audit| (0, audit.id);
        page::answer(asked, "audits", &all, (key, Order::Up), |audit| {
            Self::audit(ticket, audit)
        })
    }

    pub(super) fn make_private(&mut self, asked: &Asked<'_>, id: &str, comment: &str) -> Answer {
        let id = self.visible(id)?.id;
        let comment = self.comment_of(id, comment).ok_or(Failure::NotFound)?;
        self.hide_from_customers(asked.by(), id, comment);
        Ok(json(StatusCode::OK, &json!({})))
    }

    /// Makes a comment an internal note, for good.
    pub(super) fn hide_from_customers(&mut self, by: By, id: u64, comment: u64) {
        let ticket = self.tickets.get_mut(&id);
        let mut comments = ticket.into_iter().flat_map(|ticket| &mut ticket.comments);
        if let Some(found) = comments.find(|one| one.id == comment && one.public) {
            found.public = false;
            let event =
                json!({"type": "CommentPrivacyChange", "comment_id": comment, "public": false});
            self.write_event(by, id, event);
            let told = json!({"comment": {"id": comment.to_string()}});
            self.tell(by, id, "comment_made_private", &told);
        }
    }

    /// Replaces what stands between `<redact>` tags.
    pub(super) fn redact(&mut self, asked: &Asked<'_>, comment: &str) -> Answer {
        let body = asked.body()?;
        let id = body["ticket_id"].as_u64().unwrap_or(0).to_string();
        let id = self.visible(&id)?.id;
        let comment = self.comment_of(id, comment).ok_or(Failure::NotFound)?;
        let marked = body["html_body"].as_str().unwrap_or_default().to_owned();
        self.blacken(asked.by(), id, comment, &marked);
        let ticket = &self.tickets[&id];
        let found = ticket.comments.iter().find(|one| one.id == comment);
        let shown = found.map(Self::comment);
        Ok(json(StatusCode::OK, &json!({"comment": shown})))
    }

    /// Redacts a comment: `marked` is its HTML with the words between `<redact>` tags.
    pub(super) fn blacken(&mut self, by: By, id: u64, comment: u64, marked: &str) {
        let mut out = String::new();
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once("<redact>") {
            let (words, behind) = after.split_once("</redact>").unwrap_or((after, ""));
            out.push_str(before);
            out.extend(html::plain(words).chars().map(|_| '▇'));
            rest = behind;
        }
        out.push_str(rest);
        let ticket = self.tickets.get_mut(&id);
        let mut comments = ticket.into_iter().flat_map(|ticket| &mut ticket.comments);
        if let Some(found) = comments.find(|one| one.id == comment) {
            found.html = out;
            let event = json!({"type": "CommentRedactionEvent", "comment_id": comment});
            self.write_event(by, id, event);
            let told = json!({"comment": {"id": comment.to_string()}});
            self.tell(by, id, "comment_redacted", &told);
        }
    }

    /// The number of a comment of a ticket.
    pub(super) fn comment_of(&self, id: u64, comment: &str) -> Option<u64> {
        let comment: u64 = comment.parse().ok()?;
        let mut comments = self.tickets.get(&id)?.comments.iter();
        comments.any(|one| one.id == comment).then_some(comment)
    }

    /// The HTML of a comment.
    pub(super) fn html_of(&self, id: u64, comment: u64) -> Option<&str> {
        let mut comments = self.tickets.get(&id)?.comments.iter();
        comments
            .find(|one| one.id == comment)
            .map(|one| one.html.as_str())
    }

    /// How many of a ticket's audits say something about comments, for tests.
    #[cfg(test)]
    pub(super) fn events_of(&self, id: u64, kind: &str) -> usize {
        let audits = self.tickets[&id].audits.iter();
        let events = audits.flat_map(|audit| &audit.events);
        events.filter(|event| event["type"] == kind).count()
    }
}
