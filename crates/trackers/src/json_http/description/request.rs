//! The shape of the requests.

use super::fields::MarkerPlace;
use super::path::Path;
use super::shape::{Parts, Query};
use super::template::Template;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::capability::ChangeKind;

/// How one item is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Get {
    pub(in crate::json_http) path: Template,
    #[serde(default)]
    pub(in crate::json_http) query: Query,
    /// Where in the answer the item lies.
    #[serde(default)]
    pub(in crate::json_http) item: Path,
    /// The statuses that say that it was deleted, and say nothing else.
    #[serde(default)]
    pub(in crate::json_http) deleted_status: Vec<u16>,
}

/// How an item is asked for by what people call it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Find {
    pub(in crate::json_http) path: Template,
    #[serde(default)]
    pub(in crate::json_http) query: Query,
    /// Where the list of found items is.
    pub(in crate::json_http) items: Path,
}

/// How items of a scope are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct List {
    pub(in crate::json_http) path: Template,
    #[serde(default)]
    pub(in crate::json_http) query: Query,
    pub(in crate::json_http) items: Path,
    #[serde(default)]
    pub(in crate::json_http) total: Option<Path>,
    #[serde(default)]
    pub(in crate::json_http) paging: Paging,
    /// Added to list what changed at `{since}` or later, the least recently changed first.
    pub(in crate::json_http) changed: Query,
    /// Added to list what a trigger matches, in an order that an edit does not change.
    #[serde(default)]
    pub(in crate::json_http) search: Query,
    /// Names of the query that a trigger may be made of: `status=open&label=bug`.
    #[serde(default)]
    pub(in crate::json_http) filters: BTreeSet<String>,
    /// The name of the query that takes a trigger as it is, in the API's own language.
    #[serde(default)]
    pub(in crate::json_http) trigger: Option<String>,
    /// Whether lists show items whole.
    #[serde(default = "yes")]
    pub(in crate::json_http) whole: bool,
    /// What changes an item's stamp.
    #[serde(default = "covers")]
    pub(in crate::json_http) covers: BTreeSet<ChangeKind>,
}

/// How a list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Paging {
    #[serde(default)]
    pub(in crate::json_http) by: PagingBy,
    /// The name of the query that takes the page's number, the offset, or the cursor.
    #[serde(default)]
    pub(in crate::json_http) param: Option<String>,
    /// The number of the first page.
    #[serde(default)]
    pub(in crate::json_http) first: Option<u32>,
    /// Where the answer has the next cursor, or the next page's address.
    #[serde(default)]
    pub(in crate::json_http) next: Option<Path>,
    /// The name of the query that takes how many entries a page has.
    #[serde(default)]
    pub(in crate::json_http) size_param: Option<String>,
    /// How many are asked for.
    #[serde(default)]
    pub(in crate::json_http) size: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::json_http) enum PagingBy {
    /// One answer has all.
    #[default]
    None,
    /// Numbered pages.
    Page,
    /// The place of the first entry.
    Offset,
    /// A word of the answer.
    Cursor,
    /// The `Link` header with `rel="next"`.
    Link,
    /// An address in the answer.
    Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::json_http) enum Method {
    Post,
    Put,
    Patch,
}

/// How an item is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Create {
    #[serde(default = "post")]
    pub(in crate::json_http) method: Method,
    pub(in crate::json_http) path: Template,
    /// Where in the body the item lies.
    #[serde(default)]
    pub(in crate::json_http) body: Path,
    /// Where in the answer it lies.
    #[serde(default)]
    pub(in crate::json_http) item: Path,
    /// What every new item has, by its place in the item.
    #[serde(default)]
    pub(in crate::json_http) set: BTreeMap<Path, Json>,
}

/// How an item is changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Update {
    #[serde(default = "patch")]
    pub(in crate::json_http) method: Method,
    pub(in crate::json_http) path: Template,
    /// Where in the body the item lies.
    #[serde(default)]
    pub(in crate::json_http) body: Path,
    /// Where in the answer it lies; absent: the answer does not show it.
    #[serde(default)]
    pub(in crate::json_http) item: Option<Path>,
    /// Whether the body is the item as a whole, and what it lacks is emptied.
    #[serde(default)]
    pub(in crate::json_http) whole: bool,
    /// What a whole item is sent without.
    #[serde(default)]
    pub(in crate::json_http) omit: Vec<Path>,
    /// Whether the API takes `If-Match` with the ETag of the item.
    #[serde(default)]
    pub(in crate::json_http) if_match: bool,
    /// Where the body says the stamp that the item must still have.
    #[serde(default)]
    pub(in crate::json_http) stamp: Option<Path>,
    /// The statuses that say that the item was changed meanwhile.
    #[serde(default = "changed_status")]
    pub(in crate::json_http) changed_status: Vec<u16>,
}

/// How an item is deleted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Delete {
    pub(in crate::json_http) path: Template,
}

/// An item's comments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Comments {
    /// The list of one item's; absent: they are in the item itself.
    #[serde(default)]
    pub(in crate::json_http) path: Option<Template>,
    #[serde(default)]
    pub(in crate::json_http) query: Query,
    pub(in crate::json_http) items: Path,
    #[serde(default)]
    pub(in crate::json_http) total: Option<Path>,
    #[serde(default)]
    pub(in crate::json_http) paging: Paging,
    pub(in crate::json_http) id: Path,
    /// Whether ids count for each item anew.
    #[serde(default)]
    pub(in crate::json_http) ids_per_item: bool,
    pub(in crate::json_http) text: Path,
    pub(in crate::json_http) created: Path,
    #[serde(default)]
    pub(in crate::json_http) edited: Option<Path>,
    pub(in crate::json_http) author: Path,
    /// Where an author that is an object has its parts.
    #[serde(default)]
    pub(in crate::json_http) of: Option<Parts>,
    #[serde(default)]
    pub(in crate::json_http) max_chars: Option<usize>,
    #[serde(default)]
    pub(in crate::json_http) marker: Option<MarkerPlace>,
    /// Who reads one; absent: whoever reads the item.
    #[serde(default)]
    pub(in crate::json_http) channel: Option<ChannelPlace>,
    /// Whether our account sees every comment of an item that it sees.
    #[serde(default)]
    pub(in crate::json_http) all_visible: bool,
    /// One comment by itself.
    #[serde(default)]
    pub(in crate::json_http) get: Option<CommentGet>,
    #[serde(default)]
    pub(in crate::json_http) add: Option<CommentWrite>,
    #[serde(default)]
    pub(in crate::json_http) edit: Option<CommentWrite>,
    #[serde(default)]
    pub(in crate::json_http) delete: Option<Delete>,
}

/// Where a comment says who reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct ChannelPlace {
    pub(in crate::json_http) path: Path,
    /// What it says for everyone who reads the item.
    pub(in crate::json_http) public: Json,
    /// What it says for the tracker's own team.
    pub(in crate::json_http) internal: Json,
}

/// How one comment is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct CommentGet {
    pub(in crate::json_http) path: Template,
    /// The statuses that say that it was deleted, and say nothing else.
    pub(in crate::json_http) deleted_status: Vec<u16>,
}

/// How a comment is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct CommentWrite {
    #[serde(default = "post")]
    pub(in crate::json_http) method: Method,
    pub(in crate::json_http) path: Template,
    /// Where in the body the comment lies.
    #[serde(default)]
    pub(in crate::json_http) body: Path,
    /// Where in the answer it lies.
    #[serde(default)]
    pub(in crate::json_http) item: Path,
    /// What else the comment says, by its place in it; slots are filled in texts.
    #[serde(default)]
    pub(in crate::json_http) set: BTreeMap<Path, Template>,
}

const fn yes() -> bool {
    true
}

const fn post() -> Method {
    Method::Post
}

const fn patch() -> Method {
    Method::Patch
}

fn changed_status() -> Vec<u16> {
    vec![409, 412]
}

fn covers() -> BTreeSet<ChangeKind> {
    BTreeSet::from([ChangeKind::Created, ChangeKind::Field])
}
