//! The list of trackers, by the name that the configuration uses: `tracker = "github"`.

use crate::http::{Secret, Transport};
use crate::json_http::Description;
use crate::learnt::Learnt;
use crate::tracker::{Tracker, Webhook};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::capability::Capabilities;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_core::richtext::Dialect;
use url::Url;

/// Every tracker that Twinline knows: one line each.
const KINDS: &[&Kind] = &[
    &crate::azure_devops::KIND,
    &crate::github::KIND,
    &crate::jira_cloud::KIND,
    &crate::json_http::KIND,
    &crate::redmine::KIND,
    &crate::servicenow::KIND,
    &crate::zendesk::KIND,
];

/// What the registry must know of a tracker.
pub(crate) struct Kind {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) label: &'static str,
    /// Where its API is when the configuration gives no `url`; `None`: it must.
    pub(crate) default_url: Option<&'static str>,
    /// The sets of `auth` keys that it takes; exactly one set must be given. `private_key` is a text of many lines, in PEM.
    pub(crate) auth: &'static [&'static [&'static str]],
    /// Those `auth` keys whose value is no secret.
    pub(crate) plain_auth: &'static [&'static str],
    /// What it can do, before a node is known.
    pub(crate) capabilities: fn() -> Capabilities,
    /// Its webhook reader.
    pub(crate) webhook: &'static dyn Webhook,
    /// Makes a node's connector, from settings whose `auth` keys are checked.
    pub(crate) build: Build,
    /// The notations that its texts may have by an instance's own setting, the usual one first; none: no choice.
    pub(crate) notations: &'static [Dialect],
    /// Of a tracker that a node's description file tells of, the file to start from; `None`: it is known without one.
    pub(crate) described: Option<&'static str>,
    /// What a configuration and rules can start from.
    pub(crate) example: &'static Example,
}

/// What an example of a configuration and rules that fits a tracker is made of.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// An address to start from.
    pub url: &'static str,
    /// The `auth` table but for its secret, with a comma at the end.
    pub auth: &'static str,
    /// The secret's key in the `auth` table.
    pub secret: &'static str,
    /// Where a person makes the secret.
    pub token: &'static str,
    /// What its account must be allowed.
    pub rights: &'static str,
    /// Whether only a person can register a webhook: then the connector's `subscribe` says how, and does nothing.
    pub by_hand: bool,
    /// Where items lie.
    pub scope: &'static str,
    /// A query that enumerates what is open.
    pub trigger: &'static str,
    /// Whether items have labels.
    pub labels: bool,
    /// Its statuses of work that is to be done; the first is what is written.
    pub open: &'static [&'static str],
    /// Its statuses of work that is done; the first is what is written.
    pub done: &'static [&'static str],
    /// What is written along with the status that ends an item.
    pub done_set: Option<&'static str>,
}

/// Makes a node's connector.
pub(crate) type Build = fn(
    Node,
    Capabilities,
    Arc<dyn Transport>,
    Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>, RegistryError>;

/// A node's settings as the configuration gives them.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The node's name.
    pub node: NodeName,
    /// The API's base URL; `None`: the tracker's public service, where it has one.
    pub url: Option<Url>,
    /// The `auth` table, its secrets read. A user name is no secret but travels here too.
    pub auth: BTreeMap<String, Secret>,
    /// How the API is described, where the tracker is one that is.
    pub description: Option<Arc<Description>>,
    /// Replaces the tracker's settle time.
    pub settle: Option<Duration>,
    /// The notation of its texts, where the instance has a choice.
    pub texts: Option<Dialect>,
    /// Replaces the tracker's advised time between two writes; zero for simulators.
    pub write_spacing: Option<Duration>,
    /// Keeps only the limits that the tracker's answers name, not its public service's published ones: for GitHub
    /// Enterprise Server, whose limits are off by default, and for simulators.
    pub unlimited: bool,
    /// What the node's connectors have learnt so far: the same handle to each that follows another.
    pub learnt: Learnt,
}

/// Settings that the registry has checked.
pub(crate) struct Node {
    pub(crate) name: NodeName,
    pub(crate) url: Url,
    pub(crate) auth: BTreeMap<String, Secret>,
    pub(crate) description: Option<Arc<Description>>,
    pub(crate) write_spacing: Option<Duration>,
    pub(crate) unlimited: bool,
    pub(crate) learnt: Learnt,
}

impl Node {
    /// A secret of the `auth` table.
    pub(crate) fn secret(&self, key: &str) -> Result<Secret, RegistryError> {
        let secret = self.auth.get(key).cloned();
        secret.ok_or_else(|| self.fault(format!("auth.{key} is missing")))
    }

    /// An error about this node's settings.
    pub(crate) fn fault(&self, sentence: String) -> RegistryError {
        RegistryError::Settings {
            node: self.name.clone(),
            sentence,
        }
    }
}

/// A node that cannot be built from its settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No such tracker.
    #[error("there is no tracker '{name}'; there are: {known}")]
    UnknownTracker {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The `auth` table is not what the tracker needs.
    #[error("nodes.{node}: {sentence}")]
    Settings {
        /// The node.
        node: NodeName,
        /// What is wrong and what to write.
        sentence: String,
    },
}

/// The names of all trackers, for messages and completion.
pub fn trackers() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// What people call a tracker; its name for one that there is not.
pub fn label(tracker: &str) -> &str {
    kind(tracker).map_or(tracker, |kind| kind.label)
}

/// What an example of a configuration and rules for a tracker is made of.
pub fn example(tracker: &str) -> Result<&'static Example, RegistryError> {
    Ok(kind(tracker)?.example)
}

/// The sets of `auth` keys that a tracker takes: one of them, whole.
pub fn auth(tracker: &str) -> Result<&'static [&'static [&'static str]], RegistryError> {
    Ok(kind(tracker)?.auth)
}

/// The notations that an instance's texts may be set to, the usual one first; none: there is no choice.
pub fn notations(tracker: &str) -> Result<&'static [Dialect], RegistryError> {
    Ok(kind(tracker)?.notations)
}

/// Of a tracker that each node's own description tells of, a description to start from; `None`: it is known without one.
///
/// # Errors
/// There is no such tracker.
pub fn described(tracker: &str) -> Result<Option<&'static str>, RegistryError> {
    Ok(kind(tracker)?.described)
}

/// What a tracker can do, before a node is known; of a described one, what the example can do.
pub fn capabilities(tracker: &str) -> Result<Capabilities, RegistryError> {
    Ok((kind(tracker)?.capabilities)())
}

/// Whether the value of an `auth` key is a secret: every key is, but for those that the tracker says are not.
pub fn is_secret(tracker: &str, key: &str) -> bool {
    !kind(tracker).is_ok_and(|kind| kind.plain_auth.contains(&key))
}

/// A tracker's webhook reader: needs no credentials.
pub fn webhook(tracker: &str) -> Result<&'static dyn Webhook, RegistryError> {
    Ok(kind(tracker)?.webhook)
}

/// Makes a node's connector.
pub fn build(
    tracker: &str,
    settings: NodeSettings,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>, RegistryError> {
    let kind = kind(tracker)?;
    let mut capabilities = match &settings.description {
        Some(description) => description.capabilities(),
        None => (kind.capabilities)(),
    };
    capabilities.settle = settings.settle.unwrap_or(capabilities.settle);
    capabilities.dialect = settings.texts.unwrap_or(capabilities.dialect);
    let node = check(kind, settings)?;
    (kind.build)(node, capabilities, transport, clock)
}

fn kind(name: &str) -> Result<&'static Kind, RegistryError> {
    let found = KINDS.iter().find(|kind| kind.name == name).copied();
    found.ok_or_else(|| RegistryError::UnknownTracker {
        name: name.to_owned(),
        known: trackers().collect::<Vec<_>>().join(", "),
    })
}

fn check(kind: &Kind, settings: NodeSettings) -> Result<Node, RegistryError> {
    let fail = |sentence: String| RegistryError::Settings {
        node: settings.node.clone(),
        sentence,
    };
    let given: Vec<&str> = settings.auth.keys().map(String::as_str).collect();
    let fits = |form: &[&str]| {
        form.len() == given.len() && form.iter().all(|key| settings.auth.contains_key(*key))
    };
    if !kind.auth.iter().any(|form| fits(form)) {
        let forms: Vec<String> = kind.auth.iter().map(|form| form.join(" and ")).collect();
        let given = if given.is_empty() {
            "nothing".to_owned()
        } else {
            given.join(" and ")
        };
        return Err(fail(format!(
            "auth for {} needs {}; it has {given}",
            kind.name,
            forms.join(", or "),
        )));
    }
    if let Some((key, _)) = settings.auth.iter().find(|(_, secret)| secret.is_empty()) {
        return Err(fail(format!("auth.{key} is empty")));
    }
    if let Some(texts) = settings
        .texts
        .filter(|texts| !kind.notations.contains(texts))
    {
        return Err(fail(no_choice(kind, texts)));
    }
    match (kind.described, &settings.description) {
        (Some(_), None) => {
            return Err(fail(
                "description is missing: name the file that describes the tracker, such as description = \"trackers/desk.toml\""
                    .to_owned(),
            ));
        }
        (None, Some(_)) => {
            return Err(fail(format!(
                "description: {} is known without one, take the line out",
                kind.label
            )));
        }
        _ => {}
    }
    let default = || kind.default_url.and_then(|url| Url::parse(url).ok());
    let url = settings
        .url
        .clone()
        .or_else(default)
        .ok_or_else(|| fail(format!("url is missing: where is this {}?", kind.name)))?;
    check_url(&url).map_err(|sentence| fail(format!("url {sentence}")))?;
    Ok(Node {
        name: settings.node,
        url,
        auth: settings.auth,
        description: settings.description,
        write_spacing: settings.write_spacing,
        unlimited: settings.unlimited,
        learnt: settings.learnt,
    })
}

/// Why a node's texts cannot have a notation.
fn no_choice(kind: &Kind, texts: Dialect) -> String {
    if kind.notations.is_empty() {
        return format!("texts: {} has no choice of notations", kind.label);
    }
    let known = kind.notations.iter().map(|known| format!("\"{known}\""));
    format!(
        "texts: {} has no texts in {texts}; write {}",
        kind.label,
        known.collect::<Vec<_>>().join(" or ")
    )
}

fn check_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err("must start with https:// or http:// and name a server");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no user name and no password: they belong into auth");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end after the path");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
