//! Comments. In a service desk those with the property `sd.public.comment` = `{"internal": true}` are the internal channel.

use super::JiraCloud;
use super::adf;
use super::edit::By;
use super::failure::{Answer, Failure};
use super::hooks::CommentEvent;
use super::issues::properties_of;
use super::model::{Comment, Issue};
use super::request::Asked;
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Value, json};

impl JiraCloud {
    pub(super) fn list_comments(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let page = asked.page(100, 5000)?;
        let issue = self.issue(id);
        let mut comments = issue.comments.clone();
        let reader = self.site.user(&asked.caller);
        comments.retain(|comment| comment.is_for(reader));
        match asked.call.param("orderBy") {
            None | Some("created" | "+created") => {}
            Some("-created") => comments.reverse(),
            Some(other) => {
                return Err(Failure::invalid(format!(
                    "Cannot order comments by '{other}'."
                )));
            }
        }
        let shown: Vec<Value> = page
            .of(&comments)
            .iter()
            .map(|each| self.shown_comment(asked, issue, each))
            .collect();
        Ok(json(
            StatusCode::OK,
            &json!({"startAt": page.start_at, "maxResults": page.max_results,
            "total": comments.len(), "comments": shown}),
        ))
    }

    fn shown_comment(&self, asked: &Asked<'_>, issue: &Issue, comment: &Comment) -> Value {
        let mut out = self.show().comment(issue, comment, &asked.caller, false);
        let expand = asked.list("expand");
        if expand.iter().any(|each| each == "properties") {
            out["properties"] = comment
                .properties
                .iter()
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect();
        }
        if expand.iter().any(|each| each == "renderedBody") {
            out["renderedBody"] = json!(adf::html(&comment.body));
        }
        out
    }

    /// Checks the body of a comment to write.
    pub(super) fn check_comment(&self, body: &Value) -> Result<(), Failure> {
        let document = body.get("body").unwrap_or(&Value::Null);
        adf::check(document).map_err(|refusal| {
            Failure::field(
                "comment",
                match refusal {
                    adf::NOT_A_DOCUMENT => "Comment body is not valid!",
                    other => other,
                },
            )
        })?;
        let visible = adf::plain(document);
        let holds_node = document.to_string().contains("\"media");
        if visible.trim().is_empty() && !holds_node {
            return Err(Failure::field("comment", "Comment body can not be empty!"));
        }
        if let Some(visibility) = body.get("visibility").filter(|each| !each.is_null()) {
            let kind = visibility.get("type").and_then(Value::as_str);
            let named = visibility
                .get("value")
                .or_else(|| visibility.get("identifier"))
                .is_some();
            if !matches!(kind, Some("role" | "group")) || !named {
                return Err(Failure::field(
                    "commentLevel",
                    "The visibility of a comment needs a type and a value.",
                ));
            }
        }
        properties_of(body).map(drop)
    }

    /// Writes a comment that [`Self::check_comment`] has let pass.
    pub(super) fn write_comment(&mut self, by: By<'_>, id: u64, body: &Value) -> u64 {
        let comment = Comment {
            id: self.new_id(),
            author: by.who.to_owned(),
            update_author: by.who.to_owned(),
            body: body.get("body").cloned().unwrap_or(Value::Null),
            created: by.now,
            updated: by.now,
            visibility: body
                .get("visibility")
                .filter(|each| !each.is_null())
                .cloned(),
            properties: properties_of(body).unwrap_or_default(),
        };
        let number = comment.id;
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.comments.push(comment.clone());
        }
        self.touch(by, id);
        self.tell_comment(by, id, &comment, CommentEvent::Created);
        number
    }

    pub(super) fn add_comment(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        let body = asked.object()?;
        self.check_comment(&body)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let number = self.write_comment(by, id, &body);
        let issue = self.issue(id);
        let shown = issue
            .comments
            .iter()
            .find(|comment| comment.id == number)
            .map(|comment| self.shown_comment(asked, issue, comment));
        Ok(json(StatusCode::CREATED, &shown.unwrap_or(Value::Null)))
    }

    /// A comment that the caller may read; one that may not be read is answered like one that is not there.
    fn comment(&self, asked: &Asked<'_>, id: u64, comment: &str) -> Result<&Comment, Failure> {
        let reader = self.site.user(&asked.caller);
        let mut comments = self.issue(id).comments.iter();
        let found = comments.find(|each| each.id.to_string() == comment);
        found.filter(|found| found.is_for(reader)).ok_or_else(|| {
            Failure::not_found(format!("Can not find a comment for the id: {comment}."))
        })
    }

    pub(super) fn get_comment(&self, asked: &Asked<'_>, id: u64, comment: &str) -> Answer {
        let found = self.comment(asked, id, comment)?;
        Ok(json(
            StatusCode::OK,
            &self.shown_comment(asked, self.issue(id), found),
        ))
    }

    /// The keys of a comment's properties. Unlike all other operations this one tells a comment that is not there (404)
    /// from one that the caller may not read (403).
    pub(super) fn comment_properties(&self, asked: &Asked<'_>, comment: &str) -> Answer {
        let number: u64 = comment
            .parse()
            .map_err(|_| Failure::invalid("The comment ID is invalid."))?;
        let mut issues = self.store.issues.values().filter(|issue| !issue.deleted);
        let found = issues.find_map(|issue| {
            let mut comments = issue.comments.iter();
            Some((issue, comments.find(|each| each.id == number)?))
        });
        let Some((issue, found)) = found else {
            return Err(Failure::not_found(format!(
                "Can not find a comment for the id: {comment}."
            )));
        };
        if issue.hidden.is_some() || !found.is_for(self.site.user(&asked.caller)) {
            return Err(Failure::message(
                StatusCode::FORBIDDEN,
                "You do not have the permission to see this comment.",
            ));
        }
        let keys: Value = found
            .properties
            .keys()
            .map(|key| {
                let place = self.site.url(&format!("comment/{number}/properties/{key}"));
                json!({"key": key, "self": place})
            })
            .collect();
        Ok(json(StatusCode::OK, &json!({"keys": keys})))
    }

    pub(super) fn edit_comment(&mut self, asked: &Asked<'_>, id: u64, comment: &str) -> Answer {
        let number = self.comment(asked, id, comment)?.id;
        let body = asked.object()?;
        self.check_comment(&body)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        self.rewrite_comment(by, id, number, &body);
        self.get_comment(asked, id, comment)
    }

    /// Gives a comment a new body. Visibility and properties stay as far as the body does not name them.
    pub(super) fn rewrite_comment(&mut self, by: By<'_>, id: u64, comment: u64, body: &Value) {
        let properties = properties_of(body).unwrap_or_default();
        let comments = self
            .store
            .issues
            .get_mut(&id)
            .map(|issue| &mut issue.comments);
        let Some(found) = comments.and_then(|all| all.iter_mut().find(|each| each.id == comment))
        else {
            return;
        };
        found.body = body.get("body").cloned().unwrap_or(Value::Null);
        found.updated = by.now;
        by.who.clone_into(&mut found.update_author);
        if let Some(visibility) = body.get("visibility") {
            found.visibility = Some(visibility.clone()).filter(|each| !each.is_null());
        }
        found.properties.extend(properties);
        let found = found.clone();
        self.touch(by, id);
        self.tell_comment(by, id, &found, CommentEvent::Updated);
    }

    pub(super) fn delete_comment(&mut self, asked: &Asked<'_>, id: u64, comment: &str) -> Answer {
        let number = self.comment(asked, id, comment)?.id;
        self.remove_comment(
            By {
                now: asked.now,
                who: &asked.caller,
            },
            id,
            number,
        );
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn remove_comment(&mut self, by: By<'_>, id: u64, comment: u64) {
        let Some(issue) = self.store.issues.get_mut(&id) else {
            return;
        };
        let Some(at) = issue.comments.iter().position(|each| each.id == comment) else {
            return;
        };
        let removed = issue.comments.remove(at);
        self.touch(by, id);
        self.tell_comment(by, id, &removed, CommentEvent::Deleted);
    }

    /// Marks an issue as changed, without a changelog entry.
    pub(super) fn touch(&mut self, by: By<'_>, id: u64) {
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.updated = by.now;
            self.index.note(by.now, issue.id, issue);
        }
    }
}
