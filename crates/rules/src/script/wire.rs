//! What crosses between the rules and whoever runs scripts: plain JSON both ways.

use crate::finding::Spot;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::digest::Digest;
use twinline_core::names::Side;

/// The limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time, in milliseconds; over it the worker process is killed.
    pub time_ms: u32,
    /// Steps, in units of 10,000 branches of the interpreter: deterministic, and mostly reached before the time.
    pub steps_10k: u32,
    /// The script's memory, in MiB.
    pub memory_mib: u32,
    /// The answer's size, in bytes of JSON.
    pub output_max_bytes: usize,
}

/// How many steps of 10,000 branches a call has where nothing else is said: some 100 ms of a tight loop.
const STEPS_10K: u32 = 500;

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_ms: 250,
            steps_10k: STEPS_10K,
            memory_mib: 64,
            output_max_bytes: 16 << 20,
        }
    }
}

/// One side's script and `when` expression, with all that they refer to; compiled once by whoever runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The digest of all else: what it is known by. See [`Program::sealed`].
    pub digest: Option<Digest>,
    /// Which side it belongs to.
    pub side: Side,
    /// The script's file name and text.
    pub script: Option<(String, String)>,
    /// The `when` expression, the rules file that it stands in and where.
    pub when: Option<(String, String, Spot)>,
    /// The replica's fields.
    pub fields: BTreeMap<String, FieldSpec>,
    /// This side's native fields by display name; ids stand for themselves.
    pub names: BTreeMap<String, String>,
    /// The ids of this side's native fields; empty where nothing is known and any name is let through.
    pub known: BTreeSet<String>,
    /// The value tables as this side reads and writes them.
    pub tables: BTreeMap<String, TableSpec>,
}

impl Program {
    /// Puts the digest in.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = None;
        self.digest = Some(Digest::of(&self));
        self
    }

    /// The file that errors name: the script, else the rules file.
    pub fn file(&self) -> &str {
        let script = self.script.as_ref().map(|(name, _)| name.as_str());
        let when = self.when.as_ref().map(|(_, file, _)| file.as_str());
        script.or(when).unwrap_or_default()
    }

    /// The digest as text; empty when it was not sealed.
    pub fn id(&self) -> &str {
        self.digest.as_ref().map_or("", Digest::as_str)
    }
}

/// What a script may put into a replica field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// The kind's name, where one is declared.
    pub kind: Option<String>,
}

/// A value table from one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Replica value, the native values that this side reads for it, the first of which it writes.
    pub rows: Vec<(String, Vec<Json>)>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// What to run.
    pub kind: CallKind,
    /// This side's item as scripts see it.
    pub issue: Json,
    /// What the field map has assigned on the item already, by native id (incoming).
    pub assigned: Map<String, Json>,
    /// The replica: the field map's (outgoing), or the one to bring in.
    pub replica: Json,
    /// The replica when the twins were last in step (incoming).
    pub previous: Json,
    /// Whether the twin was never in step.
    pub first_sync: bool,
    /// The twin as scripts see it.
    pub link: Json,
    /// The `via` exports to run before the script's own function.
    pub vias: Vec<ViaCall>,
}

impl Call {
    /// A call with nothing but a kind, an item and a replica.
    pub(crate) fn new(kind: CallKind, issue: Json, replica: Json) -> Self {
        Self {
            kind,
            issue,
            assigned: Map::new(),
            replica,
            previous: Json::Null,
            first_sync: false,
            link: Json::Null,
            vias: Vec::new(),
        }
    }

    /// Loads the program and looks for these exports.
    pub fn load(vias: Vec<ViaCall>) -> Self {
        Self {
            vias,
            ..Self::new(CallKind::Load, Json::Null, Json::Null)
        }
    }
}

/// What a call runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Nothing: the program is loaded, and the `via` exports are looked for.
    Load,
    /// The `when` expression.
    When,
    /// `outgoing`, and the `via` exports' `outgoing`.
    Outgoing,
    /// `incoming`, and the `via` exports' `incoming`.
    Incoming,
}

/// One `via` conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViaCall {
    /// The export.
    pub export: String,
    /// The replica field.
    pub field: String,
    /// The native fields by id: one, or several that are passed as one object.
    pub natives: Vec<String>,
}

/// What a call gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the item belongs into the connection (`when`).
    #[serde(default)]
    pub admitted: bool,
    /// The replica after the script (outgoing).
    #[serde(default)]
    pub replica: Json,
    /// Where the script assigned a replica field, or first got hold of one that it may have changed in place (outgoing).
    #[serde(default)]
    pub places: BTreeMap<String, Option<Spot>>,
    /// Native fields that the script assigned, by id: the value, and the place where it is known (incoming).
    #[serde(default)]
    pub assigned: BTreeMap<String, (Json, Option<Spot>)>,
    /// Native fields whose assignment by the field map the script took back (`issue.x = undefined`), by id.
    #[serde(default)]
    pub dropped: BTreeSet<String>,
    /// Comments that the script asks for (incoming).
    #[serde(default)]
    pub comments: Vec<ScriptLine>,
    /// Frozen fields, with the reason.
    #[serde(default)]
    pub held: BTreeMap<String, String>,
    /// What the script traced.
    #[serde(default)]
    pub trace: Vec<String>,
}

/// A comment that a script asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptLine {
    /// The script's key.
    pub key: String,
    /// The text: a string of Markdown, or `{plain, markdown}`.
    pub body: Json,
    /// The native channel.
    pub channel: String,
    /// The place of the call, where it is known.
    pub at: Option<Spot>,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct Failure {
    /// The file's name in the rules folder.
    pub file: String,
    /// The line, where it is known.
    pub line: Option<u32>,
    /// The column, where it is known.
    pub column: Option<u32>,
    /// What happened.
    pub reason: String,
    /// Whether the script said so itself (`reject(why)`).
    pub rejected: bool,
}
