//! The change feed and the queries of one repository.

use super::address::{Address, Repo};
use super::listing::{Entry, Page, Position, page};
use super::{GitHub, TRACKER, client, decode, wire};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, ItemPage, Scope};
use http::header::IF_NONE_MATCH;
use http::{HeaderValue, StatusCode};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::Item;
use twinline_core::time::Timestamp;

/// Lists whose newest entry is remembered, at most.
const NEWEST_MAX: usize = 2048;

/// `Date` has whole seconds: what happened within the second of the answer may be missing from it.
const DATE_RESOLUTION: Duration = Duration::from_secs(1);

/// The two lists of a repository that make up its change feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Issues,
    Comments,
}

impl List {
    fn call(self, repo: &Repo) -> Call {
        match self {
            Self::Issues => Call::get(repo.path("/issues")).query("state", "all"),
            Self::Comments => Call::get(repo.path("/issues/comments")),
        }
    }
}

/// The newest entry of each list when it was last looked at, with the answer's entity tag: asking whether that is
/// still so costs nothing of the rate limit when it is.
#[derive(Debug, Default)]
pub(super) struct Newest(Mutex<BTreeMap<String, (String, Option<Timestamp>)>>);

/// A place within a sweep, as the cursor carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    list: List,
    /// When the sweep was started, by GitHub's clock: what it will be complete to.
    started: Timestamp,
    /// Where the sweep was started: each list is read from there.
    from: Timestamp,
    position: Position,
}

impl Place {
    fn read(cursor: &Cursor) -> Option<Self> {
        let mut parts = cursor.page.as_deref()?.split('.');
        let list = match parts.next()? {
            "issues" => List::Issues,
            "comments" => List::Comments,
            _ => return None,
        };
        let mut number = || parts.next()?.parse::<i64>().ok();
        let place = Self {
            list,
            started: Timestamp::from_millis(number()?),
            from: Timestamp::from_millis(number()?),
            position: Position {
                since: cursor.since,
                page: u32::try_from(number()?).ok()?,
            },
        };
        parts.next().is_none().then_some(place)
    }

    fn write(self) -> Cursor {
        let list = match self.list {
            List::Issues => "issues",
            List::Comments => "comments",
        };
        let (started, from) = (self.started.as_millis(), self.from.as_millis());
        let Position { since, page } = self.position;
        Cursor {
            since,
            page: Some(format!("{list}.{started}.{from}.{page}")),
        }
    }
}

impl GitHub {
    /// One page of the change feed: first the issues, then the comments, for an edited comment need not change the time
    /// of its issue.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let repo = super::repo(scope)?;
        if cursor.page.is_some() {
            let place = Place::read(cursor).ok_or_else(|| TrackerError::Unreadable {
                tracker: TRACKER.to_owned(),
                place: "the stored cursor".to_owned(),
                reason: format!("{:?} is no place in the feed", cursor.page),
            })?;
            return self.sweep(&repo, place).await;
        }
        let from = cursor.since;
        let (started, quiet) = self.quiet(&repo, List::Issues, from).await?;
        let mut place = Place {
            list: List::Issues,
            started,
            from,
            position: Position::from(from),
        };
        if quiet {
            if self.quiet(&repo, List::Comments, from).await?.1 {
                return Ok(ChangePage {
                    complete_to: started,
                    ..ChangePage::default()
                });
            }
            place.list = List::Comments;
        }
        self.sweep(&repo, place).await
    }

    async fn sweep(&self, repo: &Repo, place: Place) -> Result<ChangePage, TrackerError> {
        let call = place.list.call(repo);
        let (changes, next) = match place.list {
            List::Issues => {
                let found: Page<wire::Issue> = page(&self.client, &call, place.position).await?;
                let entries = found.entries.iter();
                let issues = entries.filter(|issue| !issue.is_pull_request());
                let changes = issues.map(|issue| self.issue_change(issue, &found.reply));
                (changes.collect::<Result<Vec<_>, _>>()?, found.next)
            }
            List::Comments => {
                let found: Page<wire::Comment> = page(&self.client, &call, place.position).await?;
                let entries = found.entries.iter();
                let comments = entries.filter(|comment| !is_on_pull_request(comment));
                let changes = comments.map(|comment| self.comment_change(comment, &found.reply));
                (changes.collect::<Result<Vec<_>, _>>()?, found.next)
            }
        };
        let next = match (next, place.list) {
            (Some(position), _) => Some(Place { position, ..place }),
            (None, List::Issues) => Some(Place {
                list: List::Comments,
                position: Position::from(place.from),
                ..place
            }),
            (None, List::Comments) => None,
        };
        Ok(ChangePage {
            changes,
            next: next.map(Place::write),
            complete_to: place.started,
        })
    }

    /// GitHub's time at the answer, and whether nothing in a list has changed since an instant.
    async fn quiet(
        &self,
        repo: &Repo,
        list: List,
        since: Timestamp,
    ) -> Result<(Timestamp, bool), TrackerError> {
        let call = list.call(repo);
        let mut call = call
            .query("sort", "updated")
            .query("direction", "desc")
            .query("per_page", "1");
        let key = format!("{list:?} {repo}");
        let known = self.newest.get(&key);
        if let Some((tag, _)) = &known
            && let Ok(tag) = HeaderValue::from_str(tag)
        {
            call = call.header(IF_NONE_MATCH, tag);
        }
        let reply = self.client.send(call).await?;
        let now = reply.date().unwrap_or_else(|| self.client.now());
        let newest = match known {
            Some((_, newest)) if reply.status == StatusCode::NOT_MODIFIED => newest,
            _ => {
                client::repo_here(&reply, repo)?;
                let newest = match list {
                    List::Issues => newest(&reply.json::<Vec<wire::Issue>>()?),
                    List::Comments => newest(&reply.json::<Vec<wire::Comment>>()?),
                };
                if let Some(tag) = reply.etag() {
                    self.newest.set(key, (tag.to_owned(), newest));
                }
                newest
            }
        };
        let quiet = newest.is_none_or(|newest| newest < since.floor_to_second());
        Ok((now.minus(DATE_RESOLUTION), quiet))
    }

    fn issue_change(&self, issue: &wire::Issue, reply: &Reply) -> Result<FeedChange, TrackerError> {
        let new = issue.created_at == issue.updated_at;
        Ok(FeedChange {
            candidate: self.candidate(issue, reply)?,
            kind: if new {
                ChangeKind::Created
            } else {
                ChangeKind::Field
            },
        })
    }

    fn comment_change(
        &self,
        comment: &wire::Comment,
        reply: &Reply,
    ) -> Result<FeedChange, TrackerError> {
        let address = Address::of_api_url(&comment.issue_url)
            .ok_or_else(|| reply.unreadable("issue_url", "not the address of an issue"))?;
        let page = comment.html_url.split('#').next().unwrap_or_default();
        let new = comment.created_at == comment.updated_at;
        Ok(FeedChange {
            candidate: Candidate {
                reference: address.reference(self.client.node(), page),
                version: decode::version(comment.updated_at),
                marker: None,
            },
            kind: if new {
                ChangeKind::CommentAdded
            } else {
                ChangeKind::CommentEdited
            },
        })
    }

    /// An issue as a list shows it.
    pub(super) fn candidate(
        &self,
        issue: &wire::Issue,
        reply: &Reply,
    ) -> Result<Candidate, TrackerError> {
        Ok(Candidate {
            reference: self.reference(issue, reply)?,
            version: decode::version(issue.updated_at),
            marker: decode::marker(issue),
        })
    }

    /// One page of a query.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        token: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let (page, reply) = self.matching(scope, trigger, token).await?;
        page.try_map(|issue| self.candidate(&issue, &reply))
    }

    /// The same of whole issues: the list has all of them but their comments.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        token: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let asked = super::repo(scope)?;
        let (page, reply) = self.matching(scope, trigger, token).await?;
        page.try_map(|issue| {
            let reference = self.reference(&issue, &reply)?;
            let repo = decode::address(&issue).map_or(asked.clone(), |address| address.repo);
            Ok(decode::item(&issue, reference, repo.to_string(), None))
        })
    }

    /// The issues of one page that match. Its token is a place in the list of issues, oldest change first.
    async fn matching(
        &self,
        scope: &Scope,
        trigger: &str,
        token: Option<&str>,
    ) -> Result<(ItemPage<wire::Issue>, Reply), TrackerError> {
        let repo = super::repo(scope)?;
        let trigger = super::trigger(trigger)?;
        let position = match token {
            None => Position::from(Timestamp::EPOCH),
            Some(token) => Position::read(token).ok_or_else(|| TrackerError::Unreadable {
                tracker: TRACKER.to_owned(),
                place: "the page token".to_owned(),
                reason: format!("{token:?} is no place in a query"),
            })?,
        };
        let mut call = Call::get(repo.path("/issues"));
        for (name, value) in trigger.parameters() {
            call = call.query(name, value);
        }
        let found: Page<wire::Issue> = page(&self.client, &call, position).await?;
        let mut items = found.entries;
        items.retain(|issue| trigger.matches(issue));
        let page = ItemPage {
            items,
            next: found.next.map(Position::write),
            total: None,
            // A count would be a search, which has a small budget of its own and no words for some triggers.
            estimate: found.most.filter(|_| token.is_none()),
        };
        Ok((page, found.reply))
    }
}

impl Newest {
    fn get(&self, key: &str) -> Option<(String, Option<Timestamp>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).cloned()
    }

    fn set(&self, key: String, newest: (String, Option<Timestamp>)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= NEWEST_MAX && !known.contains_key(&key) {
            known.pop_first();
        }
        known.insert(key, newest);
    }
}

fn newest<T: Entry>(entries: &[T]) -> Option<Timestamp> {
    entries.iter().map(T::updated).max()
}

fn is_on_pull_request(comment: &wire::Comment) -> bool {
    comment.html_url.contains("/pull/")
}

#[cfg(test)]
mod tests;
