//! A description: how one API keeps items, read from TOML and checked.
//!
//! What is read here is sound: a connector that is made of it needs no further look. `docs/guide/adding-a-tracker.md` tells
//! what each key is for.

mod check;
mod fields;
mod model;
mod path;
mod request;
mod shape;
mod template;

#[cfg(test)]
mod tests;

pub(super) use fields::{Field, Kind, MarkerPlace, OptionOf};
pub(super) use model::Model;
pub(super) use path::{Path, plain};
pub(super) use request::{CommentWrite, Comments, Method, Paging, PagingBy};
pub(super) use shape::{AuthBy, Errors, Parts, Query, Time, TimeFormat};
pub(super) use template::Template;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;
use twinline_core::capability::{AttachmentCapabilities, Capabilities, Channel, FieldSet};
use twinline_core::item::field;

/// The greatest file that is read, in bytes.
pub const DESCRIPTION_MAX_BYTES: u64 = 1024 * 1024;

/// The channel of comments that everyone reads who reads the item.
pub(super) const CHANNEL_PUBLIC: &str = "public";
/// The channel of comments for the tracker's own team.
pub(super) const CHANNEL_INTERNAL: &str = "internal";

/// The longest summary, description and comment where a description does not say, in characters.
const SUMMARY_MAX_CHARS: usize = 255;
const TEXT_MAX_CHARS: usize = 30_000;
/// Room for the marker below a text, in characters.
pub(super) const MARKER_MAX_CHARS: usize = 160;

/// How one API keeps items, and how it is asked for them. Sound.
#[derive(Debug)]
pub struct Description {
    pub(super) model: Model,
}

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DescriptionError {
    /// Where in the text, in bytes, when it is a matter of one place.
    pub at: Option<Range<usize>>,
    /// What is wrong and what to write; begins with the key where `at` is missing. Of an unknown key it is what `toml` says.
    pub message: String,
}

impl Description {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// It is no TOML, has an unknown key or a value of another kind, or what it says does not hang together.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let model: Model = toml::from_str(text).map_err(|error| DescriptionError {
            at: error.span(),
            message: error.message().to_owned(),
        })?;
        check::check(&model).map_err(|message| DescriptionError { at: None, message })?;
        Ok(Self { model })
    }

    /// What people call the tracker.
    pub fn name(&self) -> &str {
        &self.model.name
    }

    /// What a tracker of this description can do: what the description leaves out it cannot.
    pub fn capabilities(&self) -> Capabilities {
        let Model {
            fields,
            comments,
            update,
            limits,
            marker,
            ..
        } = &self.model;
        let max = |name: &str, otherwise: usize| {
            fields
                .get(name)
                .and_then(|field| field.max_chars)
                .unwrap_or(otherwise)
        };
        let in_text =
            |marker: &Option<MarkerPlace>| marker.as_ref().is_some_and(|marker| marker.in_text);
        let room = |marker: &Option<MarkerPlace>, max: usize| match in_text(marker) {
            true => max.saturating_sub(MARKER_MAX_CHARS),
            false => max,
        };
        let of_comments = comments.as_ref();
        let comment_max = of_comments
            .and_then(|comments| comments.max_chars)
            .unwrap_or(TEXT_MAX_CHARS);
        let comment_marker = of_comments.and_then(|comments| comments.marker.as_ref());
        let settle_s = limits.settle_s.max(limits.index_lag_s);
        Capabilities {
            tracker: super::KIND.name.to_owned(),
            scope_keys: self.model.scope.keys().cloned().collect(),
            channels: self.channels(),
            comment_edit: of_comments.is_some_and(|comments| comments.edit.is_some()),
            comment_delete: of_comments.is_some_and(|comments| comments.delete.is_some()),
            item_delete: self.model.delete.is_some(),
            attachments: AttachmentCapabilities::default(),
            compare_and_swap: update.if_match || update.stamp.is_some(),
            create_marker: marker.is_some(),
            comment_marker: comment_marker.is_some(),
            webhooks: false,
            field_history: FieldSet::None,
            feed_covers: self.model.list.covers.clone(),
            settle: Duration::from_secs(settle_s.into()),
            index_lag: Duration::from_secs(limits.index_lag_s.into()),
            dialect: self.model.texts,
            description_max_chars: room(marker, max(field::DESCRIPTION, TEXT_MAX_CHARS)),
            comment_max_chars: match comment_marker {
                Some(marker) if marker.in_text => comment_max.saturating_sub(MARKER_MAX_CHARS),
                _ => comment_max,
            },
            summary_max_chars: max(field::SUMMARY, SUMMARY_MAX_CHARS),
            workflow: false,
        }
    }

    fn channels(&self) -> Vec<Channel> {
        let Some(comments) = &self.model.comments else {
            return Vec::new();
        };
        let channel = |name: &str, internal| Channel {
            name: name.to_owned(),
            internal,
            written: comments.add.is_some(),
        };
        let mut channels = vec![channel(CHANNEL_PUBLIC, false)];
        if comments.channel.is_some() {
            channels.push(channel(CHANNEL_INTERNAL, true));
        }
        channels
    }

    /// The keys of `scope`.
    pub(super) fn scope_keys(&self) -> BTreeSet<&str> {
        self.model.scope.keys().map(String::as_str).collect()
    }
}
