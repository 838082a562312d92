//! GitHub's requests: its dialect of failures, its limits, its pages.

use super::address::{Address, Repo};
use super::app::App;
use super::{TRACKER, wire};
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientSettings, Dialect, Refusal, Reply, Window,
};
use crate::registry::{Node, RegistryError};
use http::header::{ACCEPT, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;

/// Items on a page; GitHub's greatest.
pub(super) const PAGE_ITEMS: usize = 100;

/// Pages of one item's comments or events, or of one repository's lists, that are read at most.
const PAGES_MAX: usize = 100;

/// GitHub's published limits (docs.github.com, "Rate limits for the REST API", "Best practices").
fn limits(node: &Node) -> BudgetRules {
    let minute = Duration::from_secs(60);
    let window = |name, per, points_max, points| Window {
        name,
        per,
        points_max,
        points,
        keyed: false,
    };
    let published = vec![
        window("points per minute", minute, 900, [1, 5, 5]),
        window("content creations per minute", minute, 80, [0, 0, 1]),
        window("content creations per hour", minute * 60, 500, [0, 0, 1]),
    ];
    let spacing = if node.unlimited {
        Duration::ZERO
    } else {
        Duration::from_secs(1)
    };
    BudgetRules {
        windows: if node.unlimited {
            Vec::new()
        } else {
            published
        },
        write_spacing: node.write_spacing.unwrap_or(spacing),
        in_flight_max: 0,
    }
}

/// The client of one node.
pub(super) fn client(
    node: &Node,
    app: Option<&Arc<App>>,
    transport: Arc<dyn crate::http::Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let auth = match app {
        Some(app) => Auth::Granted(Arc::<App>::clone(app)),
        None => Auth::Bearer(node.secret("token")?),
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("x-github-api-version"),
        HeaderValue::from_static("2022-11-28"),
    );
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/vnd.github+json"),
    );
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth,
        headers,
        budget: limits(node),
    };
    Client::new(settings, &GitHubDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth.token: {error}")))
}

struct GitHubDialect;

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Fault {
    Sentence(String),
    Object {
        #[serde(default)]
        field: Option<String>,
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
}

impl Fault {
    fn sentence(&self) -> String {
        match self {
            Self::Sentence(text) => text.clone(),
            Self::Object {
                message: Some(message),
                ..
            } => message.clone(),
            Self::Object { field, code, .. } => {
                let parts = [field.as_deref(), code.as_deref()];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Object { field, .. } => field.as_deref(),
            Self::Sentence(_) => None,
        }
    }
}

impl GitHubDialect {
    fn failure(reply: &Reply) -> Option<Failure> {
        serde_json::from_slice(&reply.body).ok()
    }
}

/// What a failure says; empty where it says nothing readable.
pub(super) fn message(reply: &Reply) -> String {
    GitHubDialect::failure(reply).map_or_else(String::new, |failure| failure.message)
}

impl Dialect for GitHubDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let Some(failure) = Self::failure(reply) else {
            return Refusal::default();
        };
        let faults: Vec<String> = failure.errors.iter().map(Fault::sentence).collect();
        let sentence = match (failure.message.as_str(), faults.is_empty()) {
            (message, true) => message.to_owned(),
            (message, false) => format!("{message}: {}", faults.join("; ")),
        };
        Refusal {
            sentence,
            field: failure.errors.iter().find_map(Fault::field).map(our_field),
        }
    }

    fn is_rate_limited(&self, reply: &Reply) -> bool {
        reply.status == StatusCode::FORBIDDEN
            && (reply.header("retry-after").is_some()
                || reply.header("x-ratelimit-remaining") == Some("0")
                || Self::failure(reply).is_some_and(|failure| {
                    failure.message.to_ascii_lowercase().contains("rate limit")
                }))
    }

    fn lacks_scope(&self, reply: &Reply) -> bool {
        Self::failure(reply).is_some_and(|failure| {
            failure.message.starts_with("Resource not accessible by")
                || failure.message.starts_with("Must have admin rights")
        })
    }
}

/// Our name of a field that GitHub names in a failure.
fn our_field(theirs: &str) -> String {
    match theirs {
        "title" => "summary",
        "body" => "description",
        "state" | "state_reason" => "status",
        other => other,
    }
    .to_owned()
}

/// Reads all pages that start at `call`.
pub(super) async fn all_pages<T: DeserializeOwned>(
    client: &Client,
    call: Call,
) -> Result<Vec<T>, TrackerError> {
    let mut call = call.query("per_page", PAGE_ITEMS.to_string());
    let mut items = Vec::new();
    for _ in 0..PAGES_MAX {
        let reply = client.send(call).await?;
        items.extend(reply.json::<Vec<T>>()?);
        match reply.link("next") {
            Some(next) => call = Call::get(next),
            None => return Ok(items),
        }
    }
    Err(TrackerError::Unreadable {
        tracker: TRACKER.to_owned(),
        place: client.base().path().to_owned(),
        reason: format!("more than {} entries in one list", PAGES_MAX * PAGE_ITEMS),
    })
}

/// An issue's answer when nothing is assumed about it: 301, 404 and 410 are for the caller.
pub(super) async fn issue_reply(client: &Client, address: &Address) -> Result<Reply, TrackerError> {
    let call = Call::get(address.path("")).accept(&[StatusCode::NOT_FOUND, StatusCode::GONE]);
    client.send(call).await
}

/// An issue that must be there. Elsewhere or gone is `Unreachable`: the caller fetches and learns which.
pub(super) async fn issue(client: &Client, address: &Address) -> Result<wire::Issue, TrackerError> {
    let reply = client.send(Call::get(address.path(""))).await?;
    here(&reply)?;
    reply.json()
}

/// Makes a redirect an error: the thing is no longer at its address.
pub(super) fn here(reply: &Reply) -> Result<(), TrackerError> {
    if !reply.status.is_redirection() {
        return Ok(());
    }
    Err(TrackerError::Unreachable {
        reason: format!(
            "GitHub says that what was at {} has moved",
            reply.url.path()
        ),
    })
}

/// Makes a redirect of a repository an error that says what to do.
pub(super) fn repo_here(reply: &Reply, repo: &Repo) -> Result<(), TrackerError> {
    here(reply).map_err(|_| TrackerError::Unreachable {
        reason: format!(
            "the repository {repo} was renamed or transferred: write its new name into the scope"
        ),
    })
}
