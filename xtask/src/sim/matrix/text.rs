//! Texts of every form, written in the notation of the tracker where they are written.

use crate::sim::place::Place;
use std::fmt;
use twinline_core::richtext::{
    Block, Dialect, Document, Format, Inline, LossReport, Mention, adf, html, markdown, plain,
    textile,
};

/// A form that a text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sample {
    /// Bold and the like, and a link.
    Marks,
    /// A heading and a quotation.
    Heading,
    /// Bullets, numbers, a list in a list.
    Lists,
    /// A list of tasks.
    Tasks,
    /// A block of code, and code in a line.
    Code,
    /// A table.
    Table,
    /// A picture from the web.
    Image,
    /// A person is called.
    Mention,
}

impl Sample {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Marks,
        Self::Heading,
        Self::Lists,
        Self::Tasks,
        Self::Code,
        Self::Table,
        Self::Image,
        Self::Mention,
    ];

    /// The text, but that a mention calls nobody.
    pub(super) fn plain_form(self) -> Document {
        markdown::decode(match self {
            Self::Marks => {
                "Plain, **bold**, *slanted*, ~~struck~~ and [a link](https://shop.example/cart)."
            }
            Self::Heading => "## What happens\n\n> The cart is empty.",
            Self::Lists => "- sign in\n- open the cart\n  - twice\n\nThen:\n\n1. reload\n2. wait",
            Self::Tasks => "- [x] reproduce\n- [ ] mend",
            Self::Code => "Run `make all`:\n\n```rust\nfn main() {\n    work();\n}\n```",
            Self::Table => "| part | state |\n|---|---|\n| pump | broken |\n| valve | works |",
            Self::Image => "The plan ![of the cellar](https://shop.example/plan.png) is old.",
            Self::Mention => "Ask Ben Okafor about it.",
        })
    }

    /// The text as a person of a tracker writes it; `None` where its notation has no such form.
    pub(super) fn at(self, place: Place, document: Document) -> Option<Document> {
        if self != Self::Mention {
            return Some(document);
        }
        let mention = mention(place)?;
        let mut document = document;
        // The name stands in the last paragraph.
        if let Some(Block::Paragraph(content)) = document.blocks.last_mut() {
            *content = vec![
                Inline::text("Ask "),
                Inline::Mention(mention),
                Inline::text(" about it."),
            ];
        }
        Some(document)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Marks => "bold, slanted, struck and a link",
            Self::Heading => "a heading and a quotation",
            Self::Lists => "lists",
            Self::Tasks => "tasks",
            Self::Code => "code",
            Self::Table => "a table",
            Self::Image => "a picture",
            Self::Mention => "a mention",
        })
    }
}

/// What an edited description says.
pub(super) fn edited() -> Document {
    Document::from_plain("The second version.\n\nIt has two paragraphs.")
}

/// A call to a person as a tracker's own pages write it. Zendesk and ServiceNow have none in what others read.
fn mention(place: Place) -> Option<Mention> {
    let (format, id, label) = match place.home() {
        Place::Github => (Format::MarkdownHtml, "ben", "ben"),
        Place::Jira => (Format::Adf, "712020:ben", "Ben Okafor"),
        Place::Azure => (
            Format::Html,
            "51000001-0000-4000-8000-000000000002",
            "Ben Okafor",
        ),
        Place::Redmine => (Format::MarkdownHtml, "ben", "ben"),
        Place::Textile => (Format::Textile, "ben", "ben"),
        _ => return None,
    };
    Some(Mention {
        format,
        id: id.to_owned(),
        label: label.to_owned(),
    })
}

/// A document as a person types it, and what the notation cannot hold.
pub(super) fn written(dialect: Dialect, document: &Document) -> (String, LossReport) {
    match dialect {
        Dialect::Markdown => markdown::encode(document),
        Dialect::Html => html::encode(document),
        Dialect::Plain => plain::encode(document),
        Dialect::Textile => textile::encode(document),
        Dialect::Adf => {
            let (value, losses) = adf::encode(document);
            (value.to_string(), losses)
        }
    }
}

/// What a report says is lost, in words; `None`: nothing.
pub(super) fn lost(report: &LossReport) -> Option<String> {
    let mut kinds: Vec<String> = report
        .losses
        .iter()
        .map(|loss| loss.what.to_string())
        .collect();
    kinds.sort();
    kinds.dedup();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}
