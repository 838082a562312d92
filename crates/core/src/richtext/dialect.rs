//! The notations that a tracker's texts may be in.

use super::loss::LossReport;
use super::model::{Block, Document};
use super::shallow::shallow;
use super::{adf, html, markdown, plain, textile};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Markdown as GitHub's issues mean it.
    Markdown,
    /// Atlassian Document Format.
    Adf,
    /// HTML as Azure DevOps keeps it.
    Html,
    /// Textile as Redmine means it.
    Textile,
    /// Plain text.
    Plain,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Markdown => "markdown",
            Self::Adf => "adf",
            Self::Html => "html",
            Self::Textile => "textile",
            Self::Plain => "plain",
        })
    }
}

impl Dialect {
    /// What a tracker of this notation would give back of a document, and what is lost. Projecting twice is the same as
    /// projecting once.
    pub fn project(self, document: &Document) -> (Document, LossReport) {
        match self {
            Self::Markdown => {
                let (text, losses) = markdown::encode(document);
                (markdown::decode(&text), losses)
            }
            Self::Adf => {
                let (value, losses) = adf::encode(document);
                let read = adf::decode(&value).expect("what the codec writes it can read");
                (read, losses)
            }
            Self::Html => {
                let (text, losses) = html::encode(document);
                (html::decode(&text), losses)
            }
            Self::Textile => {
                let (text, losses) = textile::encode(document);
                (textile::decode(&text), losses)
            }
            Self::Plain => {
                let (text, losses) = plain::encode(document);
                (plain::decode(&text), losses)
            }
        }
    }

    /// How long a document is as such a tracker counts it: the notation's own signs in Markdown, HTML and Textile, else only the text.
    pub fn chars(self, document: &Document) -> usize {
        match self {
            Self::Markdown => markdown::encode(document).0.trim_end().chars().count(),
            Self::Html => html::encode(document).0.chars().count(),
            Self::Textile => textile::encode(document).0.chars().count(),
            Self::Adf => document.plain().chars().count(),
            Self::Plain => plain::encode(document).0.chars().count(),
        }
    }

    /// How long a document is, when that is more than `limit`. A text whose words alone are more than twice as long is
    /// counted by them: writing megabytes out in a notation takes seconds, and cannot make them fit.
    pub fn beyond(self, document: &Document, limit: usize) -> Option<usize> {
        if let Some(words) = far_beyond(document, limit) {
            return Some(words);
        }
        let chars = self.chars(document);
        (chars > limit).then_some(chars)
    }

    /// What such a tracker would give back of one block: none, one or several.
    pub fn project_block(self, block: &Block) -> Document {
        let document = Document {
            blocks: shallow(std::slice::from_ref(block)).into_owned(),
        };
        self.project(&document).0
    }
}

/// How many characters a document's words have, when that is more than twice `limit`: then no notation makes it fit.
pub(crate) fn far_beyond(document: &Document, limit: usize) -> Option<usize> {
    let words = document.plain().chars().count();
    (words / 2 > limit).then_some(words)
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
