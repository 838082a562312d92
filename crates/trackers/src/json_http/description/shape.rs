//! The shape of what is said once for all requests and items.

use super::path::Path;
use super::request::Paging;
use super::template::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Names and values of a query, with slots.
pub(in crate::json_http) type Query = BTreeMap<String, Template>;

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
