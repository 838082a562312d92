//! What stands in a line: runs of text with marks, and the small nodes between them.

use super::depth;
use super::model::Format;
use serde::{Deserialize, Serialize};

/// A piece of a line. In canonical form no text is empty and neighbours with equal marks are one text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// A run of text.
    Text {
        /// The text, without line feeds and control characters in canonical form.
        text: String,
        /// How it looks.
        #[serde(default, skip_serializing_if = "Marks::is_plain")]
        marks: Marks,
    },
    /// A line break.
    Break,
    /// A person is called.
    Mention(Mention),
    /// An emoji that the tracker knows by name.
    Emoji(Emoji),
    /// A picture in a line.
    Image(Image),
    /// A node that only its own tracker understands.
    Opaque(OpaqueInline),
}

/// How a run of text looks. All may combine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Bold.
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    /// Italic.
    #[serde(skip_serializing_if = "is_false")]
    pub italic: bool,
    /// Struck through.
    #[serde(skip_serializing_if = "is_false")]
    pub strike: bool,
    /// Code.
    #[serde(skip_serializing_if = "is_false")]
    pub code: bool,
    /// Underlined.
    #[serde(skip_serializing_if = "is_false")]
    pub underline: bool,
    /// Below or above the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// The colour of the text, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// The colour behind the text, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// Below or above the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Below.
    Sub,
    /// Above.
    Super,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The address, as the tracker has it; not checked.
    pub url: String,
    /// The title shown on hovering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A call to a person. The id is one tracker's: a codec of another format writes the label as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mention {
    /// The notation in whose tracker the id is valid: Markdown ids are logins, ADF ids are accountIds, those in
    /// HTML are Azure DevOps' ids of people.
    pub format: Format,
    /// The tracker's id of the person.
    pub id: String,
    /// The name to show, without the `@`.
    pub label: String,
}

/// An emoji that the tracker knows by name. One that is just a character is text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Emoji {
    /// Its name with colons: `:smile:`.
    pub short_name: String,
    /// The tracker's id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The character, or other text to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A picture in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Image {
    /// Where it is.
    pub url: String,
    /// What it shows, for those who do not see it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The title shown on hovering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where a click on it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// A node in a line that only its own tracker understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpaqueInline {
    /// The notation of `raw`.
    pub format: Format,
    /// The node as the tracker wrote it.
    pub raw: String,
    /// The nearest that others can show. Nothing in it is opaque.
    #[serde(deserialize_with = "depth::inside")]
    pub shown: Vec<Inline>,
}

impl Inline {
    /// A text without marks.
    pub fn text(text: impl Into<String>) -> Self {
        Self::marked(text, Marks::default())
    }

    /// A text with marks.
    pub fn marked(text: impl Into<String>, marks: Marks) -> Self {
        Self::Text {
            text: text.into(),
            marks,
        }
    }

    /// The text without its form.
    pub fn plain(&self) -> String {
        match self {
            Self::Text { text, .. } => text.clone(),
            Self::Break => "\n".to_owned(),
            Self::Mention(mention) => format!("@{}", mention.label),
            Self::Emoji(emoji) => emoji.shown().to_owned(),
            Self::Image(image) => image.label().to_owned(),
            Self::Opaque(opaque) => plain_inlines(&opaque.shown),
        }
    }
}

impl Marks {
    /// Whether there is none.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl Link {
    /// A link without a title.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            title: None,
        }
    }
}

impl Emoji {
    /// The character, else the name with colons.
    pub fn shown(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.short_name)
    }
}

impl Image {
    /// What to show where the picture cannot be: its alternative text or address.
    pub fn label(&self) -> &str {
        if self.alt.is_empty() {
            &self.url
        } else {
            &self.alt
        }
    }
}

/// The texts of a line, one after the other.
pub(super) fn plain_inlines(content: &[Inline]) -> String {
    content.iter().map(Inline::plain).collect()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if hands a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
