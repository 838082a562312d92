//! The shape of a description. What hangs together is checked in `check`.

use super::fields::{Field, MarkerPlace};
use super::request::{Comments, Create, Delete, Find, Get, List, Update};
use super::shape::{Account, AuthForm, Errors, ItemShape, Limits, People, ScopeKey, Time};
use serde::Deserialize;
use std::collections::BTreeMap;
use twinline_core::richtext::Dialect;

/// How an API keeps items, and how it is asked for them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Model {
    /// The format of this file: 1.
    pub(in crate::json_http) format: u32,
    /// What people call the tracker; sentences name it.
    pub(in crate::json_http) name: String,
    /// The notation of its texts: `markdown`, `html`, `textile`, `plain`.
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

const fn markdown() -> Dialect {
    Dialect::Markdown
}
