//! Texts: Markdown or Textile as the instance is set to, with our marker in a form that it does not show.
//!
//! In Markdown the marker is a link reference definition, `[//]: # (twinline:ROOT:LINK)`: both of Redmine's Markdown
//! formatters drop unused ones from the page, while they show or strip HTML comments. In Textile it is a comment,
//! `<!-- twinline:ROOT:LINK -->`, which Redmine's formatter removes (`remove_html_comments`). Both are read, whatever the
//! instance is set to by now.
//!
//! The API does not tell the setting (Administration → Settings → General → Text formatting): the node's `texts` says it, and
//! the editor on an issue's page, which belongs to one notation, is asked whether that is right (docs/adr/0051).

use super::Redmine;
use crate::code_lines::code_lines;
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::Scope;
use http::StatusCode;
use http::header::{ACCEPT, HeaderValue};
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, Document, markdown, textile};

const OPEN: &str = "[//]: # (";
const CLOSE: &str = ")";
const OPEN_TEXTILE: &str = "<!-- ";
const CLOSE_TEXTILE: &str = " -->";

/// The notations that an instance may be set to, the usual one first.
pub(super) const NOTATIONS: &[Dialect] = &[Dialect::Markdown, Dialect::Textile];

/// Room for the marker below a text, in characters.
pub(super) const MARKER_MAX_CHARS: usize = 160;

/// The notation of an instance's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Markdown,
    Textile,
}

impl Notation {
    /// The notation of a node's texts.
    pub(super) const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Textile => Self::Textile,
            _ => Self::Markdown,
        }
    }

    /// A text with its marker below it.
    pub(super) fn join(self, text: &str, marker: Option<&Marker>) -> String {
        let (open, close) = match self {
            Self::Markdown => (OPEN, CLOSE),
            Self::Textile => (OPEN_TEXTILE, CLOSE_TEXTILE),
        };
        match marker {
            None => text.to_owned(),
            Some(marker) if text.is_empty() => format!("{open}{marker}{close}"),
            Some(marker) => format!("{text}\n\n{open}{marker}{close}"),
        }
    }

    /// The document that a text without its marker shows.
    pub(super) fn read(self, text: &str) -> Document {
        match self {
            Self::Markdown => markdown::decode(text),
            Self::Textile => textile::decode(text),
        }
    }

    /// The text of a document.
    pub(super) fn write(self, document: &Document) -> String {
        let (text, _) = match self {
            Self::Markdown => markdown::encode(document),
            Self::Textile => textile::encode(document),
        };
        text.trim_end().to_owned()
    }

    /// The document that Redmine would give back.
    pub(super) fn normalised(self, document: &Document) -> Document {
        self.read(&split(&self.write(document)).0)
    }
}

/// A text without its marker, and the marker. Line ends become `\n`: Redmine's web page sends `\r\n`.
pub(super) fn split(text: &str) -> (String, Option<Marker>) {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let shown = code_lines(&lines);
    let mut marker = None;
    let mut kept = Vec::with_capacity(lines.len());
    for (line, shown) in lines.into_iter().zip(shown) {
        match marked(line).filter(|_| !shown) {
            Some(found) => marker = Some(found),
            None => kept.push(line),
        }
    }
    (kept.join("\n").trim_end().to_owned(), marker)
}

/// The marker that a line is.
fn marked(line: &str) -> Option<Marker> {
    let inside = |open: &str, close: &str| {
        let inside = line.strip_prefix(open)?.strip_suffix(close)?;
        Marker::parse(inside)
    };
    inside(OPEN, CLOSE).or_else(|| inside(OPEN_TEXTILE, CLOSE_TEXTILE))
}

/// The notation for which the editor on a page is. Only Redmine's own scripts tell: what people wrote is on the page too.
fn of_editor(page: &str) -> Option<Notation> {
    let scripts = page.split("<script").skip(1);
    let scripts = scripts.filter_map(|rest| rest.split('>').next());
    let sources: Vec<&str> = scripts.collect();
    let has = |name: &str| {
        let file = format!("/jstoolbar/{name}");
        sources.iter().any(|source| source.contains(&file))
    };
    if has("textile") {
        Some(Notation::Textile)
    } else if has("markdown") || has("common_mark") {
        Some(Notation::Markdown)
    } else {
        None
    }
}

impl Redmine {
    /// The notation of this node's texts.
    pub(super) const fn notation(&self) -> Notation {
        Notation::of(self.capabilities.dialect)
    }

    /// A sentence where the instance shows that its texts have another notation than the node says. An issue's page tells
    /// it: without an issue, or without an editor on its page, nothing is said.
    pub(super) async fn check_notation(
        &self,
        scope: &Scope,
    ) -> Result<Option<String>, TrackerError> {
        let (newest, _) = self.newest(scope, 0).await?;
        let Some(issue) = newest.issues.first() else {
            return Ok(None);
        };
        let page = HeaderValue::from_static("text/html");
        // A page is no fault here, and neither is that there is none: what the API answers counts.
        let answers = [
            StatusCode::OK,
            StatusCode::FOUND,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::NOT_ACCEPTABLE,
            StatusCode::UNAUTHORIZED,
            StatusCode::INTERNAL_SERVER_ERROR,
        ];
        let call = Call::get(format!("/issues/{}", issue.id))
            .header(ACCEPT, page)
            .accept(&answers);
        let reply = self.client.send(call).await?;
        let shown = of_editor(&String::from_utf8_lossy(&reply.body));
        Ok(shown.filter(|shown| *shown != self.notation()).map(|shown| {
            let (is, other) = match shown {
                Notation::Textile => ("Textile", "textile"),
                Notation::Markdown => ("Markdown", "markdown"),
            };
            format!(
                "this Redmine's texts are {is}: write texts = \"{other}\" in the node's section, else people read signs"
            )
        }))
    }
}
