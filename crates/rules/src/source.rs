//! The texts that a connection's rules are made of.

use crate::finding::Spot;
use serde::{Deserialize, Serialize};
use std::path::Path;
use twinline_core::names::Sides;

/// The greatest size of one rules file or script, in bytes.
pub const SOURCE_MAX_BYTES: usize = 1 << 20;

/// One text file of the rules folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name in the rules folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// Names a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Reads a file of the rules folder.
    ///
    /// # Errors
    /// When the name leads out of the folder, or the file is not there, not UTF-8 or over [`SOURCE_MAX_BYTES`].
    pub fn read(folder: &Path, name: &str) -> Result<Self, SourceError> {
        let fail = |reason: String| SourceError {
            file: name.to_owned(),
            reason,
        };
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err(fail(
                "is not the plain name of a file in the rules folder".to_owned(),
            ));
        }
        let bytes = std::fs::read(folder.join(name)).map_err(|error| fail(error.to_string()))?;
        if bytes.len() > SOURCE_MAX_BYTES {
            return Err(fail(format!("is over {SOURCE_MAX_BYTES} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|_| fail("is not UTF-8".to_owned()))?;
        Ok(Self::new(name, text))
    }

    /// The line and column of a byte offset.
    pub fn spot(&self, offset: usize) -> Spot {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        Spot {
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
        }
    }
}

/// A file of the rules folder that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct SourceError {
    /// The name that was asked for.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// All texts of one connection's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSources {
    /// The TOML file.
    pub map: SourceFile,
    /// Each side's script, where it has one.
    pub scripts: Sides<Option<SourceFile>>,
}
