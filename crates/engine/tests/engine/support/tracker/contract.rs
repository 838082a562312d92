//! What the engine asks of a tracker, answered from memory.

use super::writes::written;
use super::*;
use async_trait::async_trait;
use twinline_core::item::Attachment;
use twinline_trackers::{FileBody, Upload};

/// Comments that one request of a list gives.
const COMMENTS_PAGE: usize = 100;

#[async_trait]
impl Tracker for Memory {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn spare(&self) -> Duration {
        self.state().spare
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        Ok(Probe {
            account: Some(User {
                id: "twinline".to_owned(),
                ..User::default()
            }),
            ..Probe::default()
        })
    }

    async fn probe_place(
        &self,
        scope: &Scope,
        _: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        let project = &scope["project"];
        self.state().places_probed.push(project.clone());
        self.pass(On::Place).await?;
        self.unless_refused(project)?;
        Ok(self
            .state()
            .place_faults
            .get(project)
            .cloned()
            .unwrap_or_default())
    }

    async fn subscription(&self, scope: &Scope, url: &str) -> Result<Subscription, TrackerError> {
        let project = &scope["project"];
        let mut state = self.state();
        let looked = (project.clone(), url.to_owned());
        state.webhooks_looked_at.push(looked);
        let known = state.webhooks.get(project);
        Ok(known.cloned().unwrap_or(Subscription::Hidden))
    }

    async fn describe(&self, _: &Scope) -> Result<Description, TrackerError> {
        Ok(Description::default())
    }

    async fn fetch(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        let fetched = self.fetch_bare(item).await?;
        let Fetched::Found(mut found) = fetched else {
            return Ok(fetched);
        };
        let mut state = self.state();
        if found.comments.is_none() {
            let there = state.items.get(&item.id);
            found.comments = there.and_then(|there| there.comments.clone());
        }
        let count = found.comments.iter().flatten().count();
        state.comment_pages += count.div_ceil(COMMENTS_PAGE);
        Ok(Fetched::Found(found))
    }

    /// An old answer comes with its old comments.
    async fn fetch_bare(&self, item: &ItemId) -> Result<Fetched, TrackerError> {
        self.pass(On::Fetch).await?;
        let mut state = self.state();
        state.fetches += 1;
        if let Some((place, reason)) = state.unreadable.get(&item.id).copied() {
            state.unread += 1;
            return Err(TrackerError::Unreadable {
                tracker: "memory".to_owned(),
                place: place.to_owned(),
                reason: reason.to_owned(),
            });
        }
        if state.hidden {
            return Ok(Fetched::Unreachable {
                reason: "403 Forbidden".to_owned(),
            });
        }
        if let Some(at) = state
            .stale
            .iter()
            .position(|old| old.reference.item == *item)
        {
            let old = state.stale.remove(at).unwrap();
            return Ok(Fetched::Found(Box::new(old)));
        }
        if let Some(there) = state.moved.get(&item.id) {
            return Ok(Fetched::Moved(there.clone()));
        }
        if state.lost.contains(&item.id) {
            return Ok(Fetched::Unreachable {
                reason: "404 Not Found".to_owned(),
            });
        }
        if state.deleted.contains(&item.id) {
            return Ok(Fetched::Deleted {
                evidence: "410 Gone".to_owned(),
            });
        }
        Ok(state.items.get(&item.id).map_or_else(
            || Fetched::Unreachable {
                reason: "404 Not Found".to_owned(),
            },
            |found| {
                Fetched::Found(Box::new(Item {
                    comments: None,
                    ..found.clone()
                }))
            },
        ))
    }

    async fn find(&self, text: &str) -> Result<Option<ItemRef>, TrackerError> {
        let state = self.state();
        let found = state.items.values().find(|item| item.reference.key == text);
        Ok(found.map(|item| item.reference.clone()))
    }

    async fn query(
        &self,
        _: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        const PAGE: usize = 50;
        self.pass(On::Query).await?;
        self.unless_refused(trigger)?;
        let from: usize = page.map_or(0, |page| page.parse().unwrap());
        let state = self.state();
        let matching = || {
            let items = state.items.values();
            items.filter(|item| !state.unmatched.contains(&item.reference.item.id))
        };
        let total = matching().count();
        let again = from.min(state.overlap);
        let items = matching().skip(from - again).take(PAGE + again);
        let items = items.map(candidate).collect();
        Ok(ItemPage {
            items,
            next: (from + PAGE < total).then(|| (from + PAGE).to_string()),
            total: (!state.estimates).then_some(total as u64),
            estimate: (state.estimates && page.is_none()).then_some(total as u64 + 20),
        })
    }

    async fn query_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let listed = self.query(scope, trigger, page).await?;
        let state = self.state();
        listed.try_map(|listed| {
            let there = state.items[&listed.reference.item.id].clone();
            Ok(Item {
                comments: None,
                attachments: None,
                ..there
            })
        })
    }

    async fn changes(&self, scope: &Scope, cursor: &Cursor) -> Result<ChangePage, TrackerError> {
        self.pass(On::Changes).await?;
        self.unless_refused(&scope["project"])?;
        let now = self.clock.now();
        let Some((began, from)) = page_of(cursor, now) else {
            return Err(TrackerError::Refused {
                tracker: "memory".to_owned(),
                sentence: "the page token has expired".to_owned(),
                field: None,
            });
        };
        let mut state = self.state();
        let listed = listed(&state, cursor.since, now);
        let size = match state.feed.page {
            0 => usize::MAX,
            size => size,
        };
        let more = listed.len() > from.saturating_add(size);
        let changes = listed.into_iter().skip(from).take(size);
        let change = |item: &Item| FeedChange {
            candidate: candidate(item),
            kind: ChangeKind::Field,
        };
        let mut changes: Vec<FeedChange> = changes.map(change).collect();
        if state.feed.comments && !more {
            changes.extend(listed_comments(&state, cursor.since));
        }
        let page = ChangePage {
            changes,
            next: more.then(|| Cursor {
                since: cursor.since,
                page: Some(format!(
                    "{} {}",
                    began.as_millis(),
                    from.saturating_add(size)
                )),
            }),
            complete_to: began.minus(self.capabilities.index_lag),
        };
        let edit = more.then(|| state.feed.between_pages.pop_front()).flatten();
        drop(state);
        if let Some((item, text)) = edit {
            self.edit(&item, "summary", Value::text(text));
        }
        Ok(page)
    }

    async fn matches(
        &self,
        _: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let state = self.state();
        let opinion = |item: &ItemId| match state.unmatched.contains(&item.id) {
            _ if state.unsure => Opinion::Ask(self.capabilities.index_lag),
            true => Opinion::Differs,
            false => Opinion::Matches,
        };
        let opinions = items.iter().map(|item| (item.clone(), opinion(item)));
        Ok(opinions.collect())
    }

    async fn recognise(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        if let Some(Fault::Unclear) = self.pass(On::Recognise).await? {
            return Ok(Recognised::Unclear {
                reason: "the log is gone".to_owned(),
            });
        }
        if let Effect::AddAttachment { .. } | Effect::DeleteAttachment { .. } = effect {
            return Ok(self.file_there(effect, since));
        }
        if let Effect::AddComment { .. } = effect {
            return Ok(self.added(effect, since));
        }
        let state = self.state();
        if let (Effect::Create { fields, .. }, true) = (effect, state.markers_wiped) {
            return Ok(alike(&state, fields.get("summary")));
        }
        let there = |item: &Item| {
            Recognised::There(Box::new(Applied {
                created: Some(item.reference.clone()),
                item: Some(Box::new(item.clone())),
                ..Applied::default()
            }))
        };
        let found = match effect {
            Effect::Create { marker, .. } => state
                .items
                .values()
                .find(|item| item.marker.as_ref() == Some(marker)),
            Effect::DeleteComment { item, comment } => state.items.get(&item.id).filter(|item| {
                let mut comments = item.comments.iter().flatten();
                comments.all(|found| found.id != *comment)
            }),
            Effect::Update { item, fields, .. } => state.items.get(&item.id).filter(|item| {
                fields.iter().all(|(name, write)| {
                    let now = item.fields.get(name).cloned();
                    now == Some(written(now.clone(), write))
                })
            }),
            other => other.item().and_then(|item| state.items.get(&item.id)),
        };
        Ok(found.map_or(Recognised::NotThere, there))
    }

    async fn field_history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        let state = self.state();
        let of_item = state.history.iter().filter(|(id, _)| *id == item.id);
        let changes = of_item.map(|(_, change)| change.clone());
        Ok(changes.filter(|change| change.at >= since).collect())
    }

    async fn open_file(
        &self,
        item: &ItemId,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        if let Some(remote) = &self.files_at {
            return remote.open_file(item, file, from).await;
        }
        let fault = self.pass(On::Open).await?;
        self.give_file(item, file, (from, fault))
    }

    async fn attach(&self, effect: &Effect, upload: Upload) -> Result<Applied, TrackerError> {
        if let Some(remote) = &self.files_at {
            let applied = remote.attach(effect, upload).await?;
            let file = applied.attachment.clone().expect("the answer shows it");
            self.list_file(effect.item().expect("it is on an item"), *file);
            return Ok(applied);
        }
        let fault = match self.pass(On::Attach).await? {
            None => self.pass(On::Apply).await?,
            fault => fault,
        };
        self.take_file(effect, upload, fault).await
    }

    async fn apply(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        let unknown = || TrackerError::Unknown {
            reason: "the connection was cut".to_owned(),
        };
        match self.pass(On::Apply).await? {
            Some(Fault::Raced(field, value)) => {
                let item = effect.item().expect("the write has an item");
                self.edit(item, field, Value::text(value));
                Err(TrackerError::Changed)
            }
            Some(Fault::Waived(field, reason)) => {
                let mut effect = effect.clone();
                if let Effect::Update { fields, .. } = &mut effect {
                    fields.remove(field);
                }
                let waived = BTreeMap::from([(field.into(), reason.to_owned())]);
                Ok(Applied {
                    waived,
                    ..self.write(&effect)
                })
            }
            Some(Fault::LostRequest) => Err(unknown()),
            Some(Fault::LostAnswer) => {
                self.write(effect);
                Err(unknown())
            }
            Some(Fault::Late(delay)) => {
                let (late, effect) = (self.clone(), effect.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    late.write(&effect);
                });
                Err(unknown())
            }
            _ => Ok(self.write(effect)),
        }
    }

    async fn subscribe(&self, _: &Scope, _: &str, _: &str) -> Result<Subscribed, TrackerError> {
        Ok(Subscribed::Registered)
    }

    async fn unsubscribe(&self, _: &Scope, _: &str) -> Result<(), TrackerError> {
        Ok(())
    }

    fn normalise(&self, _: &Scope, _: &FieldName, value: &Value) -> Value {
        value.clone()
    }
}

fn candidate(item: &Item) -> Candidate {
    Candidate {
        reference: item.reference.clone(),
        version: item.version.clone(),
        marker: item.marker.clone(),
    }
}

/// When the reading of a feed began, and how many changes its pages have listed so far.
fn page_of(cursor: &Cursor, now: Timestamp) -> Option<(Timestamp, usize)> {
    let Some(page) = &cursor.page else {
        return Some((now, 0));
    };
    let (began, from) = page.split_once(' ')?;
    Some((
        Timestamp::from_millis(began.parse().ok()?),
        from.parse().ok()?,
    ))
}

/// What the feed lists now, newest first: who reads on while an item changes meets others again rather than never.
fn listed(state: &State, since: Timestamp, now: Timestamp) -> Vec<&Item> {
    let is_listed = |item: &&Item| {
        let from = state.feed.listed_from.get(&item.reference.item.id);
        item.version.updated >= since && from.is_none_or(|from| *from <= now)
    };
    let mut items: Vec<&Item> = state.items.values().filter(is_listed).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.version.updated));
    if state.feed.disordered {
        for page in items.chunks_mut(state.feed.page.max(1)) {
            page.reverse();
        }
    }
    items
}

/// The comments since an instant, each with the time of its own.
fn listed_comments(state: &State, since: Timestamp) -> Vec<FeedChange> {
    let of = move |item: &Item| {
        let listed = candidate(item);
        let all = item.comments.clone().into_iter().flatten();
        let since = all.filter(move |comment| comment.created >= since);
        since.map(move |comment| FeedChange {
            candidate: Candidate {
                version: Version {
                    revision: None,
                    updated: comment.created,
                    ..listed.version.clone()
                },
                ..listed.clone()
            },
            kind: ChangeKind::CommentAdded,
        })
    };
    state.items.values().flat_map(of).collect()
}
