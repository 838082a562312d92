//! The shape of a description. What hangs together is checked in `check`.

use super::path::Path;
use super::template::Template;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::capability::ChangeKind;
use twinline_core::item::Choice;
use twinline_core::richtext::Dialect;

/// Names and values of a query, with slots.
pub(in crate::json_http) type Query = BTreeMap<String, Template>;

/// How an API keeps items, and how it is asked for them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Model {
    /// The format of this file: 1.
    pub(in crate::json_http) format: u32,
    /// What people call the tracker; sentences name it.
    pub(in crate::json_http) name: String,
    /// The notation of its texts: `markdown`, `html`, `plain`.
    #[serde(default = "markdown")]
    pub(in crate::json_http) texts: Dialect,
    /// How a request says who asks.
    pub(in crate::json_http) auth: AuthForm,
    /// Headers that every request carries.
    #[serde(default)]
    pub(in crate::json_http) headers: BTreeMap<String, String>,
    /// What rules' `scope` says, key by key.
    pub(in crate::json_http) scope: BTreeMap<String, ScopeKey>,
    /// How instants are written.
    #[serde(default)]
    pub(in crate::json_http) time: Time,
    /// Where failures say what is wrong.
    #[serde(default)]
    pub(in crate::json_http) errors: Errors,
    /// What limits there are, and how long things take.
    #[serde(default)]
    pub(in crate::json_http) limits: Limits,
    /// Our own account.
    #[serde(default)]
    pub(in crate::json_http) account: Option<Account>,
    /// Who can be named.
    #[serde(default)]
    pub(in crate::json_http) people: Option<People>,
    /// What is the same in every item.
    pub(in crate::json_http) item: ItemShape,
    /// Fields by our names.
    pub(in crate::json_http) fields: BTreeMap<String, Field>,
    /// Where an item keeps our marker.
    #[serde(default)]
    pub(in crate::json_http) marker: Option<MarkerPlace>,
    /// One item.
    pub(in crate::json_http) get: Get,
    /// The item that a person calls by a key.
    #[serde(default)]
    pub(in crate::json_http) find: Option<Find>,
    /// Items of a scope.
    pub(in crate::json_http) list: List,
    /// Making one.
    pub(in crate::json_http) create: Create,
    /// Changing one.
    pub(in crate::json_http) update: Update,
    /// Deleting one.
    #[serde(default)]
    pub(in crate::json_http) delete: Option<Delete>,
    /// An item's comments.
    #[serde(default)]
    pub(in crate::json_http) comments: Option<Comments>,
}

/// How a request says who asks. The secret itself is in the node's `auth`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct AuthForm {
    pub(in crate::json_http) by: AuthBy,
    /// The header's name, for `by = "header"`.
    #[serde(default)]
    pub(in crate::json_http) header: Option<String>,
    /// What stands before the secret in that header.
    #[serde(default)]
    pub(in crate::json_http) prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::json_http) enum AuthBy {
    /// `Authorization: Bearer …`; the node has `auth.token`.
    Bearer,
    /// `Authorization: Basic …`; the node has `auth.user` and `auth.password`.
    Basic,
    /// A header of the API's own; the node has `auth.token`.
    Header,
}

/// A key of `scope`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct ScopeKey {
    /// Where an item says it.
    #[serde(default)]
    pub(in crate::json_http) path: Option<Path>,
    /// What it is for every item of the node.
    #[serde(default)]
    pub(in crate::json_http) value: Option<String>,
    /// Where the body of a create says it.
    #[serde(default)]
    pub(in crate::json_http) write: Option<Path>,
}

/// How instants are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::json_http) struct Time {
    pub(in crate::json_http) format: TimeFormat,
    /// How fine an item's stamp is.
    pub(in crate::json_http) resolution_ms: u32,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            format: TimeFormat::Iso,
            resolution_ms: 1000,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::json_http) enum TimeFormat {
    /// `2026-01-31T09:30:00Z`
    Iso,
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
}

/// Where failures say what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::json_http) struct Errors {
    /// The sentence, or a list of sentences.
    pub(in crate::json_http) sentence: Option<Path>,
    /// The field that it names, by the API's name.
    pub(in crate::json_http) field: Option<Path>,
}

/// What limits there are, and how long things take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::json_http) struct Limits {
    /// Requests a minute; absent: those that answers tell of.
    pub(in crate::json_http) per_minute: Option<u32>,
    /// The least time between two writes.
    pub(in crate::json_http) write_spacing_ms: u32,
    /// Requests at once.
    pub(in crate::json_http) in_flight: usize,
    /// After this a write that was lost on its way does not happen any more.
    pub(in crate::json_http) settle_s: u32,
    /// How long lists may lag behind items.
    pub(in crate::json_http) index_lag_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_minute: None,
            write_spacing_ms: 0,
            in_flight: 4,
            settle_s: 30,
            index_lag_s: 0,
        }
    }
}

/// A request that asks who we are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Account {
    pub(in crate::json_http) path: Template,
    /// Where in the answer the account lies.
    #[serde(default)]
    pub(in crate::json_http) item: Path,
    pub(in crate::json_http) of: Parts,
}

/// The list of the people who can be named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct People {
    pub(in crate::json_http) path: Template,
    #[serde(default)]
    pub(in crate::json_http) query: Query,
    pub(in crate::json_http) items: Path,
    #[serde(default)]
    pub(in crate::json_http) total: Option<Path>,
    #[serde(default)]
    pub(in crate::json_http) paging: Paging,
    pub(in crate::json_http) of: Parts,
}

/// Where a person or option that is an object has its parts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Parts {
    pub(in crate::json_http) id: Path,
    #[serde(default)]
    pub(in crate::json_http) name: Option<Path>,
    #[serde(default)]
    pub(in crate::json_http) email: Option<Path>,
    #[serde(default)]
    pub(in crate::json_http) login: Option<Path>,
}

/// What is the same in every item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct ItemShape {
    /// Where its id is, which never changes.
    pub(in crate::json_http) id: Path,
    /// Whether its id is a number in JSON.
    #[serde(default)]
    pub(in crate::json_http) numeric: bool,
    /// What people call it: paths of the item in braces, `#{number}`.
    pub(in crate::json_http) key: Template,
    /// Its page: paths of the item in braces, and `{base}` for the node's address.
    pub(in crate::json_http) url: Template,
    /// Where its stamp is: when it was last changed.
    pub(in crate::json_http) updated: Path,
    /// Where it says when it was made; needed where copies take the marker over.
    #[serde(default)]
    pub(in crate::json_http) created: Option<Path>,
}

/// A field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Field {
    pub(in crate::json_http) kind: Kind,
    /// Where an item has it.
    pub(in crate::json_http) path: Path,
    /// Where a write puts it, when that is another place; of a person or option the bare id goes there.
    #[serde(default)]
    pub(in crate::json_http) write: Option<Path>,
    /// What people call it.
    #[serde(default)]
    pub(in crate::json_http) label: Option<String>,
    #[serde(default)]
    pub(in crate::json_http) read_only: bool,
    /// Whether it must have a value.
    #[serde(default)]
    pub(in crate::json_http) required: bool,
    /// Whether an item that does not show it has none.
    #[serde(default)]
    pub(in crate::json_http) absent_is_empty: bool,
    #[serde(default)]
    pub(in crate::json_http) max_chars: Option<usize>,
    /// The options of a choice; the first is what an emptied one falls back to, where it is required.
    #[serde(default)]
    pub(in crate::json_http) options: Vec<OptionOf>,
    /// Where a person, an option or a label that is an object has its parts.
    #[serde(default)]
    pub(in crate::json_http) of: Option<Parts>,
    /// Whether ids are numbers in JSON.
    #[serde(default)]
    pub(in crate::json_http) numeric: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::json_http) enum Kind {
    Text,
    Rich,
    Number,
    Bool,
    Date,
    Time,
    User,
    Users,
    Choice,
    Choices,
    Set,
}

impl Kind {
    /// As descriptions of scopes call it.
    pub(in crate::json_http) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Rich => "rich",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "time",
            Self::User => "user",
            Self::Users => "users",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::Set => "set",
        }
    }
}

/// An option of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct OptionOf {
    pub(in crate::json_http) id: String,
    #[serde(default)]
    pub(in crate::json_http) name: Option<String>,
    /// Of a status: whether it counts as done.
    #[serde(default)]
    pub(in crate::json_http) closed: bool,
}

impl OptionOf {
    pub(in crate::json_http) fn choice(&self) -> Choice {
        Choice {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
        }
    }
}

/// Where our marker lies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct MarkerPlace {
    /// A text that nobody else writes.
    #[serde(default)]
    pub(in crate::json_http) path: Option<Path>,
    /// Below the text, in a form that does not show.
    #[serde(default)]
    pub(in crate::json_http) in_text: bool,
    /// Of an item: the query that lists the one with the marker, which is in `{marker}`.
    #[serde(default)]
    pub(in crate::json_http) query: Query,
}

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

const fn markdown() -> Dialect {
    Dialect::Markdown
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
