//! Atlassian Document Format, version 1, as Jira Cloud's REST API v3 has it in descriptions and comments.
//!
//! Nodes and attributes are those of the published schema (`@atlaskit/adf-schema`, `json-schema/v1/full.json`). A node
//! with an attribute or mark that the tree has no place for is kept whole as an opaque node; only `localId`, which the
//! editor makes anew, is dropped.

mod decode;
mod decode_inline;
mod decode_table;
mod encode;
mod lower;
mod lower_line;
mod node;
mod schema;

#[cfg(test)]
mod tests;

use super::loss::LossReport;
use super::model::Document;
use serde_json::{Value, json};

/// How deeply the JSON may nest: as deeply as `serde_json` reads it.
pub const MAX_JSON_DEPTH: usize = 128;

/// Why a value is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdfError {
    /// The value is not an object of type `doc` with a list of content.
    #[error("the value is not an ADF document: {0}")]
    NotADocument(&'static str),
    /// The document has another version than 1.
    #[error("ADF version {0} is not known; version 1 is")]
    Version(String),
    /// The JSON nests too deeply.
    #[error("the ADF document nests more than {MAX_JSON_DEPTH} levels deep")]
    TooDeep,
}

/// Reads a document; `null`, which Jira has for an empty field, is an empty one.
///
/// # Errors
/// When the value is not a document of version 1 or nests too deeply. Unknown nodes are no error: they are opaque.
pub fn decode(value: &Value) -> Result<Document, AdfError> {
    if value.is_null() {
        return Ok(Document::default());
    }
    if node::depth_exceeds(value, MAX_JSON_DEPTH) {
        return Err(AdfError::TooDeep);
    }
    if node::kind(value) != "doc" {
        return Err(AdfError::NotADocument("its type is not doc"));
    }
    if let Some(version) = value.get("version").filter(|version| **version != json!(1)) {
        return Err(AdfError::Version(version.to_string()));
    }
    match value.get("content") {
        None | Some(Value::Array(_)) => Ok(decode::document(value)),
        Some(_) => Err(AdfError::NotADocument("its content is not a list")),
    }
}

/// Writes a document, and what is lost.
pub fn encode(document: &Document) -> (Value, LossReport) {
    let document = document.shallow();
    let (document, losses) = lower::document(&document);
    (encode::document(document), losses)
}
