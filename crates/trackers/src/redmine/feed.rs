//! The change feed, queries and exact matching of one project and tracker.
//!
//! Redmine's list is read from its database, so it does not lag. Numbered pages of it would lose issues that change
//! while they are read, so each page starts at the greatest time of the one before; only where more issues than a page
//! holds share that second does an offset help out, overlapping the page before.

use super::trigger::Trigger;
use super::{Redmine, client, decode, wire};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, ItemPage, Opinion, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::{Item, ItemId};
use twinline_core::time::Timestamp;

/// Redmine's list of issues.
const LIST: &str = "/issues.json";

/// How far an offset reaches back into the page before: as many issues may leave a second while it is read.
const OFFSET_OVERLAP: usize = 20;

/// Times are whole seconds and an issue's is taken before its transaction commits.
const COMMIT_MARGIN: Duration = Duration::from_secs(2);

impl Redmine {
    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let place = Place::read(cursor, self.client.now());
        let call = self
            .list(scope, &[("status_id".to_owned(), "*".to_owned())])
            .await?
            .query(
                "updated_on",
                format!(">={}", cursor.since.floor_to_second()),
            )
            .query("sort", "updated_on:asc,id:asc")
            .query("offset", place.offset.to_string());
        let reply = self.client.send(call).await?;
        let page: wire::Many = reply.json()?;
        let began = reply.date().unwrap_or(place.began).min(place.began);
        let place = Place { began, ..place };
        let changes = page.issues.iter().map(|issue| FeedChange {
            candidate: self.candidate(issue),
            kind: ChangeKind::Field,
        });
        Ok(ChangePage {
            changes: changes.collect(),
            next: place.next(cursor, &page),
            complete_to: began.minus(COMMIT_MARGIN).floor_to_second(),
        })
    }

    /// One page of the issues that match a trigger.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let page = self.page(scope, trigger, page).await?;
        page.try_map(|issue| Ok(self.candidate(&issue)))
    }

    /// The same of whole issues: the list has all of them but their journals and attachments.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let page = self.page(scope, trigger, page).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for issue in &page.items {
            items.push(self.item(issue).await?);
        }
        Ok(ItemPage {
            items,
            next: page.next,
            total: page.total,
            estimate: page.estimate,
        })
    }

    /// The issues of one page, by id. An issue moves up when one before it leaves the filter, so each page reaches back
    /// into the one before.
    async fn page(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<wire::Issue>, TrackerError> {
        let offset: usize = page.map_or(Ok(0), str::parse).map_err(|_| {
            client::refused(Impossible::request(format!(
                "'{}' is no page of a query",
                page.unwrap_or_default()
            )))
        })?;
        let trigger = read(trigger)?;
        let place = self.place(scope).await?;
        let project = super::project(scope)?;
        self.check_offered(&trigger, project, &place).await?;
        let call = with_filters(page_of(place), &trigger.filters)
            .query("sort", "id:asc")
            .query("offset", offset.to_string());
        let reply = self.client.send(call).await?;
        let page: wire::Many = reply.json()?;
        let read = offset + page.issues.len();
        let more = !page.issues.is_empty() && (read as u64) < page.total_count;
        Ok(ItemPage {
            items: page.issues,
            next: more.then(|| {
                read.saturating_sub(OFFSET_OVERLAP)
                    .max(offset + 1)
                    .to_string()
            }),
            total: Some(page.total_count),
            estimate: None,
        })
    }

    /// Exact: the same list, narrowed to the issues in question.
    pub(super) async fn opinions(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let (trigger, everything) = (read(trigger)?, read("")?);
        let mut opinions = BTreeMap::new();
        for some in items.chunks(client::PAGE_ISSUES) {
            let matching = self.listed(some, &trigger).await?;
            // One that is not listed differs, or is not there.
            let there = match matching.len() == some.len() {
                true => matching.clone(),
                false => self.listed(some, &everything).await?,
            };
            opinions.extend(connector::opinions(some, &there, &matching));
        }
        Ok(opinions)
    }

    /// Which of at most a page of issues the lists show under a trigger's filters.
    async fn listed(
        &self,
        items: &[ItemId],
        trigger: &Trigger,
    ) -> Result<BTreeSet<String>, TrackerError> {
        let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let ids = ids.join(",");
        let mut listed = BTreeSet::new();
        for (place, list) in self.places(trigger, &ids).await? {
            self.check_offered(trigger, &place, &list).await?;
            let call = with_filters(page_of(list), &trigger.filters);
            let call = call.query("issue_id", ids.as_str());
            let page: wire::Many = self.client.send(call).await?.json()?;
            listed.extend(page.issues.iter().map(|issue| issue.id.to_string()));
        }
        Ok(listed)
    }

    /// The issues made in a scope since, newest first, one page.
    pub(super) async fn newest(
        &self,
        scope: &Scope,
        offset: usize,
    ) -> Result<(wire::Many, Reply), TrackerError> {
        let any = [("status_id".to_owned(), "*".to_owned())];
        let call = self
            .list(scope, &any)
            .await?
            .query("sort", "id:desc")
            .query("offset", offset.to_string());
        let reply = self.client.send(call).await?;
        Ok((reply.json()?, reply))
    }

    async fn list(
        &self,
        scope: &Scope,
        filters: &[(String, String)],
    ) -> Result<Call, TrackerError> {
        Ok(with_filters(page_of(self.place(scope).await?), filters))
    }

    /// The list of a scope, without filters.
    async fn place(&self, scope: &Scope) -> Result<Call, TrackerError> {
        let tracker = self.tracker_id(scope).await?;
        let call = of_project(super::project(scope)?);
        Ok(match tracker {
            Some(id) => call.query("tracker_id", id.to_string()),
            None => call,
        })
    }

    /// The lists, each with a name, in which issues are looked for that may lie in any project: one list of all projects,
    /// or one for each of theirs.
    async fn places(
        &self,
        trigger: &Trigger,
        ids: &str,
    ) -> Result<Vec<(String, Call)>, TrackerError> {
        if !trigger.is_of_a_project() {
            return Ok(vec![(String::new(), Call::get(LIST))]);
        }
        let call = page_of(Call::get(LIST)).query("status_id", "*");
        let page: wire::Many = self
            .client
            .send(call.query("issue_id", ids))
            .await?
            .json()?;
        let projects: BTreeSet<u64> = page.issues.iter().map(|issue| issue.project.id).collect();
        let place = |project: u64| (project.to_string(), of_project(&project.to_string()));
        Ok(projects.into_iter().map(place).collect())
    }

    fn candidate(&self, issue: &wire::Issue) -> Candidate {
        let (_, marker) = super::text::split(issue.description.as_deref().unwrap_or_default());
        Candidate {
            reference: self.reference(issue.id),
            version: decode::version(issue.updated_on),
            marker,
        }
    }
}

/// The list of one project without those below it.
fn of_project(project: &str) -> Call {
    Call::get(LIST)
        .query("project_id", project)
        .query("subproject_id", "!*")
}

fn page_of(list: Call) -> Call {
    list.query("limit", client::PAGE_ISSUES.to_string())
}

fn with_filters(call: Call, filters: &[(String, String)]) -> Call {
    filters
        .iter()
        .fold(call, |call, (name, value)| call.query(name, value.as_str()))
}

fn read(trigger: &str) -> Result<Trigger, TrackerError> {
    Trigger::parse(trigger).map_err(client::refused)
}

/// A place within one sweep.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// When the sweep began, by the earlier of both clocks.
    began: Timestamp,
    offset: usize,
}

impl Place {
    fn read(cursor: &Cursor, now: Timestamp) -> Self {
        let parts = cursor.page.as_deref().and_then(|page| page.split_once('.'));
        let read = parts.and_then(|(began, offset)| {
            Some(Self {
                began: Timestamp::from_millis(began.parse().ok()?),
                offset: offset.parse().ok()?,
            })
        });
        read.unwrap_or(Self {
            began: now,
            offset: 0,
        })
    }

    /// Where to go on; `None` at the end.
    fn next(self, cursor: &Cursor, page: &wire::Many) -> Option<Cursor> {
        let last = page.issues.last()?;
        if (self.offset + page.issues.len()) as u64 >= page.total_count {
            return None;
        }
        let later = last.updated_on > cursor.since;
        let offset = if later {
            0
        } else {
            (self.offset + page.issues.len())
                .saturating_sub(OFFSET_OVERLAP)
                .max(self.offset + 1)
        };
        Some(Cursor {
            since: if later { last.updated_on } else { cursor.since },
            page: Some(format!("{}.{offset}", self.began.as_millis())),
        })
    }
}
