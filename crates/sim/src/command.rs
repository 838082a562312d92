//! What a person or a test does to a simulated tracker, past its API.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One act. As JSON: `{"do": "edit", "key": "acme/app#1", "by": "ana", "field": "title", "value": "…"}`.
///
/// `key` is the item's human key in the dump (`acme/app#1`, `SUP-7`, `31`); `by` is a login. Texts are what the
/// tracker stores: Markdown for GitHub and Redmine; for Jira plain text, or ADF as JSON text; for Azure DevOps and Zendesk
/// plain text, or HTML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Creates an item.
    Create {
        /// Where: a repository or project; the simulator's first one when absent.
        #[serde(default)]
        container: Option<String>,
        /// Who.
        by: String,
        /// The title.
        title: String,
        /// The long text.
        #[serde(default)]
        body: String,
        /// Labels, created where the tracker needs that.
        #[serde(default)]
        labels: Vec<String>,
        /// Logins.
        #[serde(default)]
        assignees: Vec<String>,
    },
    /// Sets one field. Every simulator knows `title`, `body`, `status`, `labels` (array), `assignees` (array of
    /// logins); others by the tracker's own id.
    Edit {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// Which field.
        field: String,
        /// The new value; null empties it.
        value: Value,
    },
    /// Writes a comment.
    AddComment {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The text.
        body: String,
        /// The visibility, in the tracker's words; its public one when absent.
        #[serde(default)]
        channel: Option<String>,
    },
    /// Edits a comment.
    EditComment {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The comment's id.
        comment: String,
        /// The new text.
        body: String,
    },
    /// Moves a comment to another channel.
    SetChannel {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The comment's id.
        comment: String,
        /// The visibility, in the tracker's words.
        channel: String,
    },
    /// Takes a comment out of the sight of the API's account, by the tracker's own means: a restriction to others, or a
    /// permission that the account loses.
    HideComment {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The comment's id.
        comment: String,
    },
    /// Undoes [`Self::HideComment`].
    ShowComment {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The comment's id.
        comment: String,
    },
    /// Deletes a comment.
    DeleteComment {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// The comment's id.
        comment: String,
    },
    /// Attaches a file.
    Attach {
        /// To which item.
        key: String,
        /// Who.
        by: String,
        /// The file's name.
        name: String,
        /// Its media type; plain text when absent.
        #[serde(default)]
        media_type: Option<String>,
        /// What is in it.
        body: String,
    },
    /// Deletes a file.
    Detach {
        /// From which item.
        key: String,
        /// Who.
        by: String,
        /// The file's id.
        attachment: String,
    },
    /// Deletes an item for good.
    Delete {
        /// Which item.
        key: String,
        /// Who.
        by: String,
    },
    /// Moves an item to another repository or project.
    Move {
        /// Which item.
        key: String,
        /// Who.
        by: String,
        /// Where to.
        to: String,
    },
    /// Makes a copy of an item beside it, markers included, as "clone" or a copied text does.
    Clone {
        /// Which item.
        key: String,
        /// Who.
        by: String,
    },
    /// Takes the API's permission to see items; empty `keys` means all of them.
    Hide {
        /// Which items.
        #[serde(default)]
        keys: Vec<String>,
        /// With which status the tracker answers: 404 or 403.
        status: u16,
    },
    /// Gives the permission back; empty `keys` means all of them.
    Show {
        /// Which items.
        #[serde(default)]
        keys: Vec<String>,
    },
    /// Switches all items of a container off or on, where the tracker has such a switch (GitHub: the repository's feature
    /// "Issues"). They are there again when it is switched on.
    SwitchItems {
        /// Which repository or project.
        container: String,
        /// Whether it has items.
        on: bool,
    },
    /// Registers a webhook for everything the simulator sends.
    Webhook {
        /// Where to.
        url: String,
        /// The signing secret, where the tracker signs.
        secret: Option<String>,
    },
}

/// What an act made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Nothing new.
    Nothing,
    /// An item with this key: created, cloned, or moved and known by a new key.
    Item(String),
    /// A comment with this id.
    Comment(String),
    /// A file with this id.
    Attachment(String),
}

/// Why an act was not done. Nothing changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// There is no such item, comment, person, field or place.
    #[error("there is no {what} '{name}'")]
    Unknown {
        /// What was looked for: `item`, `comment`, `person`, `field`, `repository`.
        what: String,
        /// The name that nothing has.
        name: String,
    },
    /// The tracker's rules forbid it.
    #[error("{0}")]
    Invalid(String),
}

impl Refused {
    /// There is no `what` called `name`.
    pub fn unknown(what: &str, name: impl Into<String>) -> Self {
        Self::Unknown {
            what: what.to_owned(),
            name: name.into(),
        }
    }
}

impl Command {
    /// Sets one field.
    pub fn edit(key: &str, by: &str, field: &str, value: impl Into<Value>) -> Self {
        Self::Edit {
            key: key.to_owned(),
            by: by.to_owned(),
            field: field.to_owned(),
            value: value.into(),
        }
    }

    /// Attaches a file of plain text.
    pub fn attach(key: &str, by: &str, name: &str, body: &str) -> Self {
        Self::Attach {
            key: key.to_owned(),
            by: by.to_owned(),
            name: name.to_owned(),
            media_type: None,
            body: body.to_owned(),
        }
    }

    /// Writes a comment in the tracker's public channel.
    pub fn comment(key: &str, by: &str, body: &str) -> Self {
        Self::AddComment {
            key: key.to_owned(),
            by: by.to_owned(),
            body: body.to_owned(),
            channel: None,
        }
    }
}
