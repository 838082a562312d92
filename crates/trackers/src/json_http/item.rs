//! One item and its comments, as the API has them now.

use super::JsonHttp;
use super::client::{self, Slots};
use super::decode::Missing;
use super::paging::Listing;
use crate::error::TrackerError;
use crate::http::{Call, Permit, Reply};
use http::StatusCode;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use twinline_core::item::{Comment, Fetched, Item, ItemRef};

/// Pages of one item's comments that are read.
const COMMENT_PAGES_MAX: usize = 500;

/// An item as it was answered.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) reply: Reply,
    pub(super) item: Json,
}

/// What asking for an item gave.
#[derive(Debug)]
pub(super) enum Asked {
    Here(Box<Raw>),
    Unreachable(String),
    Deleted(String),
}

impl JsonHttp {
    /// Asks for one item.
    pub(super) async fn ask_item(
        &self,
        id: &str,
        permit: Option<&Permit>,
    ) -> Result<Asked, TrackerError> {
        let get = &self.model().get;
        let slots = Slots::default().with("id", id);
        let deleted: Vec<StatusCode> = codes(&get.deleted_status);
        let mut call = slots.ask(Call::get(slots.path(&get.path)), &get.query);
        call = call
            .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN])
            .accept(&deleted);
        if let Some(permit) = permit {
            call = call.prepaid(permit);
        }
        let reply = self.client.send(call).await?;
        let told = || format!("{} answered {} for item {id}", self.name(), reply.status);
        if deleted.contains(&reply.status) {
            return Ok(Asked::Deleted(told()));
        }
        if matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            return Ok(Asked::Unreachable(told()));
        }
        let body = match client::body(&reply) {
            Err(TrackerError::Unreachable { reason }) => return Ok(Asked::Unreachable(reason)),
            body => body?,
        };
        let item = client::at(&reply, &body, &get.item)?.clone();
        let answered = self
            .reader()
            .id(&item)
            .map_err(|missing| unreadable(&reply, &missing))?;
        if answered != id {
            return Err(reply.unreadable(
                &get.item.to_string(),
                &format!("item {answered} is there instead of {id}"),
            ));
        }
        Ok(Asked::Here(Box::new(Raw { reply, item })))
    }

    /// An item that must be there.
    pub(super) async fn here(
        &self,
        id: &str,
        permit: Option<&Permit>,
    ) -> Result<Raw, TrackerError> {
        match self.ask_item(id, permit).await? {
            Asked::Here(raw) => Ok(*raw),
            Asked::Unreachable(reason) | Asked::Deleted(reason) => {
                Err(TrackerError::Unreachable { reason })
            }
        }
    }

    /// What an answer shows as an item, without comments.
    pub(super) fn read(&self, raw: &Raw) -> Result<Item, TrackerError> {
        self.reader()
            .item(&raw.item)
            .map_err(|missing| unreadable(&raw.reply, &missing))
    }

    /// The whole item, with its comments where they are asked for.
    pub(super) async fn whole(
        &self,
        id: &str,
        with_comments: bool,
    ) -> Result<Fetched, TrackerError> {
        let raw = match self.ask_item(id, None).await? {
            Asked::Here(raw) => raw,
            Asked::Unreachable(reason) => return Ok(Fetched::Unreachable { reason }),
            Asked::Deleted(evidence) => return Ok(Fetched::Deleted { evidence }),
        };
        let mut item = self.read(&raw)?;
        if with_comments {
            item.comments = Some(self.comments_of(id, Some(&raw)).await?);
        }
        Ok(Fetched::Found(Box::new(item)))
    }

    /// All comments of an item, in the order of their creation.
    pub(super) async fn comments(&self, id: &str) -> Result<Vec<Comment>, TrackerError> {
        self.comments_of(id, None).await
    }

    /// The same, where the item may have been read already.
    async fn comments_of(
        &self,
        id: &str,
        item: Option<&Raw>,
    ) -> Result<Vec<Comment>, TrackerError> {
        let Some(of) = &self.model().comments else {
            return Ok(Vec::new());
        };
        let Some(path) = &of.path else {
            let asked;
            let raw = match item {
                Some(raw) => raw,
                None => {
                    asked = self.here(id, None).await?;
                    &asked
                }
            };
            let list = client::at(&raw.reply, &raw.item, &of.items)?;
            let list = list.as_array().into_iter().flatten();
            let read = list.map(|raw| self.reader().comment(of, id, raw));
            let read = read.collect::<Result<Vec<_>, _>>();
            return read
                .map(in_order)
                .map_err(|missing| unreadable(&raw.reply, &missing));
        };
        let listing = Listing {
            path,
            queries: &[&of.query],
            items: &of.items,
            total: of.total.as_ref(),
            paging: &of.paging,
        };
        let slots = Slots::default().with("id", id);
        let (mut comments, mut token) = (Vec::new(), None);
        for _ in 0..COMMENT_PAGES_MAX {
            let page = self.page(listing, &slots, &[], token.as_deref()).await?;
            token = page.next.clone();
            for raw in page.all() {
                let read = self.reader().comment(of, id, &raw);
                comments.push(
                    read.map_err(|missing| self.not_as_described("a list of comments", &missing))?,
                );
            }
            if token.is_none() {
                return Ok(in_order(comments));
            }
        }
        Err(TrackerError::Unreadable {
            tracker: self.name().to_owned(),
            place: format!("the comments of item {id}"),
            reason: format!("they do not end within {COMMENT_PAGES_MAX} pages"),
        })
    }

    /// The item that a person calls by a key.
    pub(super) async fn find_item(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let Some(find) = &self.model().find else {
            let Some((_, id)) = self.model().item.key.undo(key) else {
                return Ok(None);
            };
            return match self.ask_item(id, None).await? {
                Asked::Here(raw) => Ok(Some(self.read(&raw)?.reference)),
                Asked::Unreachable(_) | Asked::Deleted(_) => Ok(None),
            };
        };
        let slots = Slots::default().with("key", key);
        let call = slots.ask(Call::get(slots.path(&find.path)), &find.query);
        let reply = self
            .client
            .send(call.accept(&[StatusCode::NOT_FOUND]))
            .await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let body = client::body(&reply)?;
        let found = client::at(&reply, &body, &find.items)?;
        let found = found
            .as_array()
            .map_or(std::slice::from_ref(found), Vec::as_slice);
        for raw in found {
            let reference = self.reader().reference(raw);
            let reference = reference.map_err(|missing| unreadable(&reply, &missing))?;
            if reference.key == key {
                return Ok(Some(reference));
            }
        }
        Ok(None)
    }

    /// The error for an entry of a list that is not what the description says.
    pub(super) fn not_as_described(&self, place: &str, missing: &Missing) -> TrackerError {
        TrackerError::Unreadable {
            tracker: self.name().to_owned(),
            place: format!("{place} at {}", missing.at),
            reason: missing.what.clone(),
        }
    }
}

/// The error for an answer that is not what the description says.
pub(super) fn unreadable(reply: &Reply, missing: &Missing) -> TrackerError {
    reply.unreadable(&missing.at, &missing.what)
}

/// Statuses as the layer below takes them.
pub(super) fn codes(statuses: &[u16]) -> Vec<StatusCode> {
    let codes = statuses.iter();
    codes
        .filter_map(|status| StatusCode::from_u16(*status).ok())
        .collect()
}

/// Each once, by the time of their creation.
fn in_order(mut comments: Vec<Comment>) -> Vec<Comment> {
    let mut seen = BTreeSet::new();
    comments.retain(|comment| seen.insert(comment.id.clone()));
    comments.sort_by_key(|comment| comment.created);
    comments
}
