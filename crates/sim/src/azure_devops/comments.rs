//! Comments: each new version of one makes a revision of its item.

use super::AzureDevOps;
use super::failure::{Answer, Failure};
use super::hooks::Event;
use super::model::{Comment, WorkItem};
use super::request::{Asked, By};
use super::route::{no_operation, number};
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Value, json};

/// The longest comment, in characters.
const TEXT_MAX_CHARS: usize = 150_000;
/// How many comments one answer has.
const PAGE_MAX: usize = 200;

impl AzureDevOps {
    pub(super) fn talk(&mut self, asked: &Asked<'_>, id: u64, rest: &[&str]) -> Answer {
        if asked.project.is_none() {
            return Err(no_operation());
        }
        self.visible(asked, id)?;
        match (asked.call.method.as_str(), rest) {
            ("GET", []) => self.list_comments(asked, id),
            ("POST", []) => {
                let text = text_of(&asked.body()?)?;
                let comment = self.say(asked.by(), id, &text, is_markdown(asked));
                self.answer(id, comment)
            }
            ("GET", [comment]) => {
                let comment = self.found(asked, id, comment)?.id;
                self.answer(id, comment)
            }
            ("PATCH", [comment]) => {
                let comment = self.found(asked, id, comment)?.id;
                let text = text_of(&asked.body()?)?;
                self.reword(asked.by(), id, comment, (&text, is_markdown(asked)));
                self.answer(id, comment)
            }
            ("DELETE", [comment]) => {
                let comment = self.found(asked, id, comment)?.id;
                self.unsay(asked.by(), id, comment);
                Ok(empty(StatusCode::OK))
            }
            _ => Err(no_operation()),
        }
    }

    fn answer(&self, id: u64, comment: u64) -> Answer {
        let item = self.item(id);
        let found = item.comments.iter().find(|each| each.id == comment);
        let found = found.ok_or_else(|| no_comment(id))?;
        Ok(json(StatusCode::OK, &self.comment(item, found)))
    }

    /// A comment that is there; a deleted one only for who asks for those too.
    fn found(&self, asked: &Asked<'_>, id: u64, comment: &str) -> Result<&Comment, Failure> {
        let number = number(comment)?;
        let all = asked.flag("includeDeleted");
        let mut comments = self.item(id).comments.iter();
        comments
            .find(|each| each.id == number && (all || !each.deleted))
            .ok_or_else(|| no_comment(id))
    }

    fn list_comments(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let item = self.item(id);
        let (all, only) = (asked.flag("includeDeleted"), asked.list("ids"));
        let wanted = |comment: &&Comment| {
            (all || !comment.deleted) && (only.is_empty() || only.contains(&comment.id.to_string()))
        };
        let mut comments: Vec<&Comment> = item.comments.iter().filter(wanted).collect();
        // Without a word the newest come first.
        let ascending = asked
            .call
            .param("order")
            .is_some_and(|order| order.eq_ignore_ascii_case("asc"));
        if !ascending {
            comments.reverse();
        }
        let total = comments.len();
        let top = asked.number("$top", PAGE_MAX, PAGE_MAX)?;
        let from = asked.number("continuationToken", 0, usize::MAX)?;
        let page: Vec<Value> = comments
            .iter()
            .skip(from)
            .take(top)
            .map(|one| self.comment(item, one))
            .collect();
        let mut out = json!({"totalCount": total, "count": page.len(), "comments": page});
        let next = from + page.len();
        if next < total {
            out["continuationToken"] = json!(next.to_string());
            out["nextPage"] = json!(format!(
                "{}/comments?continuationToken={next}&$top={top}",
                self.item_url(id)
            ));
        }
        Ok(json(StatusCode::OK, &out))
    }

    /// Adds a comment; its id.
    pub(super) fn say(&mut self, by: By<'_>, id: u64, text: &str, markdown: bool) -> u64 {
        self.newest_comment += 1;
        let comment = self.newest_comment;
        if let Some(item) = self.items.get_mut(&id) {
            item.comments.push(Comment {
                id: comment,
                version: 1,
                author: by.who.to_owned(),
                modified_by: by.who.to_owned(),
                text: text.to_owned(),
                markdown,
                created: by.now,
                modified: by.now,
                deleted: false,
            });
            count(item);
        }
        self.record(by, id, Some((comment, 1, false)), Some(text));
        self.tell(by, id, Event::Commented);
        comment
    }

    /// Gives a comment another text.
    pub(super) fn reword(
        &mut self,
        by: By<'_>,
        id: u64,
        comment: u64,
        (text, markdown): (&str, bool),
    ) {
        self.revise(by, id, comment, |comment| {
            text.clone_into(&mut comment.text);
            comment.markdown = markdown;
        });
    }

    /// Deletes a comment.
    pub(super) fn unsay(&mut self, by: By<'_>, id: u64, comment: u64) {
        self.revise(by, id, comment, |comment| comment.deleted = true);
    }

    fn revise(&mut self, by: By<'_>, id: u64, comment: u64, how: impl FnOnce(&mut Comment)) {
        let mut made = None;
        if let Some(item) = self.items.get_mut(&id) {
            if let Some(found) = item.comments.iter_mut().find(|each| each.id == comment) {
                how(found);
                found.version += 1;
                by.who.clone_into(&mut found.modified_by);
                found.modified = by.now;
                made = Some((comment, found.version, found.deleted));
            }
            count(item);
        }
        self.record(by, id, made, None);
        self.tell(by, id, Event::Updated);
    }
}

fn count(item: &mut WorkItem) {
    let there = item
        .comments
        .iter()
        .filter(|comment| !comment.deleted)
        .count();
    item.fields
        .insert("System.CommentCount".to_owned(), json!(there));
}

fn is_markdown(asked: &Asked<'_>) -> bool {
    asked
        .call
        .param("format")
        .is_some_and(|format| format.eq_ignore_ascii_case("markdown"))
}

fn text_of(body: &Value) -> Result<String, Failure> {
    let text = body["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Failure::invalid("The comment text cannot be empty."));
    }
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(Failure::invalid(format!(
            "The comment text cannot be longer than {TEXT_MAX_CHARS} characters."
        )));
    }
    Ok(text.to_owned())
}

fn no_comment(id: u64) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "WorkItemCommentNotFoundException",
        format!("VS403526: The comment does not exist on work item {id}."),
    )
}
