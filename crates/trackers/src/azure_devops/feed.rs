//! The change feed: reporting work item revisions, of the whole organization.
//!
//! Asked of one project it would not tell that an item has left it. So it is asked of all, and what it lists is told apart by
//! where each revision lies; of an item that lies elsewhere now the state at the cursor's instant says whether it has left
//! the scope since. Source: Microsoft's page on the operation, which warns of projects and types in the address.

use super::query::only;
use super::{Azure, client, decode, wire};
use crate::error::TrackerError;
use crate::http::Reply;
use crate::tracker::{ChangePage, Cursor, FeedChange, Scope};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::time::Timestamp;

/// The feed.
const FEED: &str = "wit/reporting/workitemrevisions";

/// A revision's time is taken before it is committed.
const COMMIT_MARGIN: Duration = Duration::from_secs(2);

/// Whether an item that has the beginning as its time is listed is not said: a second earlier it is.
const START_MARGIN: Duration = Duration::from_secs(1);

const DELETED: &str = "System.IsDeleted";

/// What is known of an item from one page: its newest revision there, whether one of them lies in the scope, and whether its
/// first one is among them.
struct Seen {
    newest: wire::WorkItem,
    in_scope: bool,
    is_new: bool,
}

impl Azure {
    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let stored = cursor.page.as_deref().and_then(|page| page.split_once(' '));
        let began = stored
            .and_then(|(began, _)| began.parse().ok())
            .map(Timestamp::from_millis);
        let began = began.unwrap_or_else(|| self.tracker_now());
        let fields = [
            decode::PROJECT,
            decode::TYPE,
            decode::AREA,
            decode::CHANGED,
            DELETED,
        ];
        let call = client::get(client::path(FEED))
            .query("fields", fields.join(","))
            .query("includeDeleted", "true")
            .query("$maxPageSize", client::PAGE_ITEMS.to_string());
        let call = match stored {
            Some((_, token)) => call.query("continuationToken", token),
            None => {
                let since = cursor.since.minus(START_MARGIN);
                call.query("startDateTime", since.to_string())
            }
        };
        let reply = self.client.send(call).await?;
        let page: wire::Revisions = reply.json()?;
        let next = match (page.is_last, page.next) {
            (true, _) => None,
            (false, Some(token)) => Some(Cursor {
                since: cursor.since,
                page: Some(format!("{} {token}", began.as_millis())),
            }),
            (false, None) => {
                return Err(reply.unreadable("continuationToken", "none, and not the last batch"));
            }
        };
        let seen = by_item(page.values, scope);
        Ok(ChangePage {
            changes: self.in_reach(seen, scope, cursor.since, &reply).await?,
            next,
            complete_to: began.minus(COMMIT_MARGIN),
        })
    }

    /// The changes of items that lie in the scope, or have left it since.
    async fn in_reach(
        &self,
        seen: BTreeMap<u64, Seen>,
        scope: &Scope,
        since: Timestamp,
        reply: &Reply,
    ) -> Result<Vec<FeedChange>, TrackerError> {
        let elsewhere = seen
            .iter()
            .filter(|(_, seen)| !seen.in_scope && !seen.is_new);
        let elsewhere: Vec<u64> = elsewhere.map(|(id, _)| *id).collect();
        let mut left = Vec::new();
        for some in elsewhere.chunks(client::PAGE_ITEMS) {
            let mut asked = only(&[decode::PROJECT, decode::TYPE, decode::AREA]);
            asked["asOf"] = json!(since.to_string());
            let (was, _) = client::items(&self.client, some, asked).await?;
            let here = was.iter().filter(|item| lies_in(item, scope));
            left.extend(here.map(|item| item.id));
        }
        let mut changes = Vec::new();
        for (id, seen) in &seen {
            let moved = left.contains(id);
            if !seen.in_scope && !moved {
                continue;
            }
            let deleted = seen.newest.fields.get(DELETED) == Some(&Json::Bool(true));
            changes.push(FeedChange {
                candidate: self.candidate(&seen.newest, Some(reply))?,
                kind: match (deleted, moved) {
                    (true, _) => ChangeKind::Deleted,
                    (false, true) => ChangeKind::Moved,
                    (false, false) => ChangeKind::Field,
                },
            });
        }
        Ok(changes)
    }

    /// Now, by the tracker's clock as far as it is known.
    pub(super) fn tracker_now(&self) -> Timestamp {
        let now = self.client.now().as_millis() + self.client.skew_ms();
        Timestamp::from_millis(now)
    }
}

fn by_item(revisions: Vec<wire::WorkItem>, scope: &Scope) -> BTreeMap<u64, Seen> {
    let mut seen: BTreeMap<u64, Seen> = BTreeMap::new();
    for revision in revisions {
        let (in_scope, is_new) = (lies_in(&revision, scope), revision.rev == 1);
        match seen.get_mut(&revision.id) {
            None => {
                let one = Seen {
                    in_scope,
                    is_new,
                    newest: revision,
                };
                seen.insert(one.newest.id, one);
            }
            Some(known) => {
                known.in_scope |= in_scope;
                known.is_new |= is_new;
                if revision.rev > known.newest.rev {
                    known.newest = revision;
                }
            }
        }
    }
    seen
}

/// Whether a revision lies in a scope.
fn lies_in(revision: &wire::WorkItem, scope: &Scope) -> bool {
    let keys = [
        ("project", decode::PROJECT),
        ("type", decode::TYPE),
        ("area", decode::AREA),
    ];
    keys.iter().all(|(key, field)| {
        scope
            .get(*key)
            .is_none_or(|wanted| revision.text(field) == Some(wanted.as_str()))
    })
}
