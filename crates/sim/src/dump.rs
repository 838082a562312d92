//! A simulated tracker's whole state in one form for all of them, so that checkers can compare two.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything the tracker holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dump {
    /// The tracker's name: `github`, `jira-cloud`, `redmine`.
    pub tracker: String,
    /// All items in the order of creation, deleted ones included.
    pub items: Vec<DumpItem>,
}

/// One item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DumpItem {
    /// What a person calls it: `acme/app#12`, `SUP-7`, `31`.
    pub key: String,
    /// The tracker's own id.
    pub id: String,
    /// Where it lies: a repository or project.
    pub container: String,
    /// The title.
    pub title: String,
    /// The long text as the tracker stores it; empty when there is none. ADF as JSON text.
    pub body: String,
    /// The status in the words of the configuration: `closed:completed`, `In Progress`.
    pub status: String,
    /// Sorted.
    pub labels: Vec<String>,
    /// Logins (account ids where the tracker has no logins), sorted.
    pub assignees: Vec<String>,
    /// Other fields by the tracker's own id.
    pub fields: BTreeMap<String, Value>,
    /// In the order of creation; deleted ones are not listed.
    pub comments: Vec<DumpComment>,
    /// Attached files, in the order in which they came; deleted ones are not listed.
    #[serde(default)]
    pub attachments: Vec<DumpAttachment>,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it was last changed, RFC 3339.
    pub updated: String,
    /// Deleted for good.
    pub deleted: bool,
    /// Hidden from the API by [`crate::Command::Hide`].
    pub hidden: bool,
}

/// One comment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpComment {
    /// The tracker's id.
    pub id: String,
    /// The author's login.
    pub author: String,
    /// The text as the tracker stores it.
    pub body: String,
    /// Its visibility in the tracker's words.
    pub channel: String,
    /// When it was written, RFC 3339.
    pub created: String,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpAttachment {
    /// The tracker's id.
    pub id: String,
    /// The login of who attached it.
    pub author: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: usize,
    /// SHA-256 of what is in it, in hexadecimal.
    pub digest: String,
}

impl Dump {
    /// The item with a key.
    pub fn item(&self, key: &str) -> Option<&DumpItem> {
        self.items.iter().find(|item| item.key == key)
    }
}
