//! How an issue is addressed.
//!
//! GitHub's REST interface knows an issue by repository and number only; its database id and node id lead nowhere
//! there. So an item's id is `owner/repo#number` in lower case (GitHub ignores case in names), which every answer and
//! every webhook can be turned into without asking. It changes when an issue is transferred or its repository renamed:
//! GitHub then answers 301 at the old address, which is `Moved`. Only when somebody gives a *new* repository the old
//! name does the old address lead elsewhere; the marker on the item tells those apart.

use http::Uri;
use std::fmt;
use twinline_core::item::{ItemId, ItemRef};
use twinline_core::names::NodeName;

/// A repository: `owner/name` as GitHub writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repo(String);

impl Repo {
    /// Reads `owner/name`; `None` for anything that cannot be a repository.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let valid = |part: &str| {
            (1..=100).contains(&part.len())
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        (valid(owner) && valid(name)).then(|| Self(text.to_owned()))
    }

    /// Reads the repository out of an API address: `https://api.github.com/repos/acme/app/issues/1`.
    pub(super) fn of_api_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (_, rest) = uri.path().split_once("/repos/")?;
        let mut parts = rest.split('/');
        Self::parse(&format!("{}/{}", parts.next()?, parts.next()?))
    }

    /// `/repos/owner/name` and what follows.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{self}{rest}")
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An issue: its repository and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) repo: Repo,
    pub(super) number: u64,
}

impl Address {
    /// Reads `owner/name#number`: an item's id or its key.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (repo, number) = text.split_once('#')?;
        Some(Self {
            repo: Repo::parse(repo)?,
            number: number.parse().ok().filter(|number| *number > 0)?,
        })
    }

    /// Reads an issue's API address.
    pub(super) fn of_api_url(url: &str) -> Option<Self> {
        let (_, number) = url.rsplit_once("/issues/")?;
        Some(Self {
            repo: Repo::of_api_url(url)?,
            number: number.parse().ok()?,
        })
    }

    /// The item's id: the key in lower case.
    pub(super) fn id(&self) -> String {
        self.key().to_ascii_lowercase()
    }

    /// What a person calls it: `acme/app#12`.
    pub(super) fn key(&self) -> String {
        format!("{}#{}", self.repo, self.number)
    }

    /// Its API path and what follows.
    pub(super) fn path(&self, rest: &str) -> String {
        self.repo.path(&format!("/issues/{}{rest}", self.number))
    }

    /// The reference of the issue, whose page is at `html_url`.
    pub(super) fn reference(&self, node: &NodeName, html_url: &str) -> ItemRef {
        ItemRef {
            item: ItemId {
                node: node.clone(),
                id: self.id(),
            },
            key: self.key(),
            url: html_url.to_owned(),
        }
    }
}
