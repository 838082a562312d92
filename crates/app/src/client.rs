//! The command line's way to a host: over its API while one runs, else the same API in this process, on the store that
//! no host holds.

use crate::api;
use crate::config::{self, Config};
use crate::exit::{CONFIGURATION, CONFIRM, Coded, FAILED, UNREACHABLE};
use crate::fleet::{Identity, Role};
use crate::handles::SystemEntropy;
use crate::instance::DataFolder;
use crate::local_http::{LocalHttp, WHO};
use crate::roles::host::Built;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tower::ServiceExt as _;
use twinline_core::handles::Entropy as _;
use twinline_trackers::http::Sent;

/// A plan of thousands of twins asks trackers thousands of times.
const DEADLINE: Duration = Duration::from_secs(600);
/// The longest page that the API gives.
const PAGE_MAX: usize = 500;
/// A host that is asked for its nodes answers within this.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// A host that is just ending gets this long to let go of its state.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// No answer of the API is greater.
const ANSWER_MAX_BYTES: usize = 32 << 20;

/// Who uses the command line, for those who look at what was done.
pub fn who() -> String {
    let user = rustix::process::getuid().as_raw();
    format!("command line, user {user}")
}

/// Somebody who answers the API's requests.
pub struct Client {
    reach: Reach,
    identity: Identity,
    who: String,
    /// The configuration.
    pub config: Config,
}

enum Reach {
    Running { http: LocalHttp, at: SocketAddr },
    Here { router: Router, _built: Box<Built> },
}

impl Client {
    /// The running host.
    ///
    /// # Errors
    /// None runs: exit code 4.
    pub async fn running(file: &Path) -> Result<Self> {
        let config = config::load(file)?;
        let folder = DataFolder::open(&config.data)?;
        let identity = Identity::new(file, &config, &folder, Role::Command)?;
        match find(&folder, &identity).await? {
            Some(reach) => Ok(Self::new(reach, identity, config)),
            None => {
                let sentence = format!(
                    "no host runs on {}: start one with 'twinline up'",
                    config.data.display()
                );
                Err(Coded::new(UNREACHABLE, sentence).into())
            }
        }
    }

    /// The running host, or its store in this process.
    ///
    /// # Errors
    /// The configuration is wrong, or another process holds the store.
    pub async fn either(file: &Path) -> Result<Self> {
        let config = config::load(file)?;
        let folder = DataFolder::open(&config.data)?;
        let identity = Identity::new(file, &config, &folder, Role::Command)?;
        let reach = match find(&folder, &identity).await? {
            Some(reach) => reach,
            None if config.ownership.is_some() => {
                let sentence = format!(
                    "no host runs on {}, and in a fleet the state of a group is its owner's alone: start one with 'twinline up'",
                    config.data.display()
                );
                return Err(Coded::new(UNREACHABLE, sentence).into());
            }
            None => {
                let built = Built::new(file, &config, &folder, LOCK_WAIT, false).await?;
                Reach::Here {
                    router: api::router(built.api.clone()),
                    _built: Box::new(built),
                }
            }
        };
        Ok(Self::new(reach, identity, config))
    }

    fn new(reach: Reach, identity: Identity, config: Config) -> Self {
        Self {
            reach,
            identity,
            who: who(),
            config,
        }
    }

    /// Where the running host is, and how it is asked; `None` when it is in this process.
    pub fn address(&self) -> Option<(SocketAddr, Identity)> {
        match &self.reach {
            Reach::Running { at, .. } => Some((*at, self.identity.knowing(Role::Host, *at))),
            Reach::Here { .. } => None,
        }
    }

    /// Looks at something.
    ///
    /// # Errors
    /// What the API says, with its exit code.
    pub async fn get(&self, path: &str) -> Result<Json> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// All of a list, page by page.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn all(&self, path: &str) -> Result<Vec<Json>> {
        let first = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self
                .get(&format!("{path}{first}limit={PAGE_MAX}{cursor}"))
                .await?;
            all.extend(page["items"].as_array().into_iter().flatten().cloned());
            let next = match &page["next"] {
                Json::Null => return Ok(all),
                Json::String(next) => next.clone(),
                number => number.to_string(),
            };
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            cursor = format!("&cursor={next}");
        }
    }

    /// Does something, once.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &Json) -> Result<Json> {
        self.ask(Method::POST, path, body.to_string().into_bytes())
            .await
    }

    /// Ends something.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn delete(&self, path: &str) -> Result<Json> {
        self.ask(Method::DELETE, path, Vec::new()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Json> {
        let (status, bytes) = match &self.reach {
            Reach::Running { http, at } => {
                let key = format!("{:016x}", SystemEntropy.next_u64());
                let headers = [(WHO, self.who.as_str()), ("idempotency-key", key.as_str())];
                let sent = http.send(method, *at, path, &headers, body).await;
                let answer = sent.map_err(|error| {
                    Coded::new(UNREACHABLE, format!("the host at {at}: {}", error.reason))
                })?;
                (answer.status(), answer.into_body())
            }
            Reach::Here { router, .. } => self.ask_here(router, method, path, body).await?,
        };
        let document = serde_json::from_slice(&bytes)
            .with_context(|| format!("the host's answer to {path} is not JSON"))?;
        if status.is_success() {
            Ok(document)
        } else {
            Err(refused(status, &document).into())
        }
    }

    async fn ask_here(
        &self,
        router: &Router,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.identity.token().expose()),
            )
            .header(WHO, &self.who)
            .body(Body::from(body))
            .context("making a request")?;
        let answer = router
            .clone()
            .oneshot(request)
            .await
            .context("asking the API")?;
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, ANSWER_MAX_BYTES)
            .await
            .context("reading the answer")?;
        Ok((parts.status, bytes))
    }
}

/// The host that runs on this folder and answers.
async fn find(folder: &DataFolder, identity: &Identity) -> Result<Option<Reach>> {
    let Ok(at) = folder
        .running("host")
        .and_then(|running| running.listener("api"))
    else {
        return Ok(None);
    };
    let identity = &identity.knowing(Role::Host, at);
    // With the token: another installation's host may have the address by now. A host that hangs is found out soon.
    let answer = LocalHttp::new(identity, FIRST_ANSWER)?
        .send(Method::GET, at, "/v1/nodes", &[], Vec::new())
        .await;
    let sentence = match answer {
        Ok(answer) if answer.status() != StatusCode::UNAUTHORIZED => {
            let http = LocalHttp::new(identity, DEADLINE)?;
            return Ok(Some(Reach::Running { http, at }));
        }
        // Nobody holds the folder: the address is another installation's by now.
        Ok(_) if folder.hold("host", Duration::ZERO).await.is_ok() => return Ok(None),
        Ok(_) => format!(
            "the host of {} at {at} does not take the token in run/token: it is not the one that the host started with; end it, and start it again",
            folder.path().display()
        ),
        Err(error) if error.sent == Sent::MaybeSent => {
            let why = error.reason;
            format!(
                "the host at {at} does not answer ({why}); one that hangs is replaced by 'twinline up'"
            )
        }
        // By TLS a host that hangs cannot be told from one that is not there, but by the folder that it holds.
        Err(error) if identity.mutual().is_some() && folder.is_held("host")? => {
            let why = error.reason;
            format!("the host at {at} does not answer ({why})")
        }
        Err(_) => return Ok(None),
    };
    Err(Coded::new(UNREACHABLE, sentence).into())
}

/// A problem as an error, with the exit code that it means.
pub(crate) fn refused(status: StatusCode, problem: &Json) -> Coded {
    let detail = problem["detail"]
        .as_str()
        .unwrap_or("the host gave no reason");
    if problem.get("items").is_some() {
        let sentence = format!("{detail}: look at 'twinline plan', then add --yes");
        return Coded::new(CONFIRM, sentence);
    }
    let Some(findings) = problem["findings"].as_array() else {
        let sentence = match problem["title"].as_str() {
            Some(title) if status.is_server_error() => format!("{title}: {detail}"),
            _ if status == StatusCode::NOT_FOUND => format!("{detail}{}", way_out(detail)),
            _ => detail.to_owned(),
        };
        return Coded::new(FAILED, sentence);
    };
    let mut sentence = String::from("the rules are not sound");
    for finding in findings {
        let at = |key: &str| finding["spot"][key].as_u64().unwrap_or(0);
        let text = |key: &str| finding[key].as_str().unwrap_or_default();
        // Writing to a string does not fail.
        let _fine = write!(
            sentence,
            "\n{}:{}:{}: {}: {}; {}",
            text("file"),
            at("line"),
            at("column"),
            text("severity"),
            text("what"),
            text("way_out")
        );
    }
    Coded::new(CONFIGURATION, sentence)
}

/// Where a person finds the right name of a thing that is not known.
fn way_out(detail: &str) -> &'static str {
    let ways = [
        (
            "connection ",
            ": 'twinline status' lists those at work, 'twinline apply' publishes the rules folder's",
        ),
        ("version ", ": 'twinline versions CONNECTION' lists them"),
        ("node ", ": 'twinline status' lists the nodes"),
        ("machine ", ": 'twinline fleet status' lists them"),
        (
            "item ",
            ": it has no twin; 'twinline twins' lists those that have",
        ),
        (
            "twin ",
            ": write an item's key (acme/app#12, PROJ-7, #31) or a twin's id; 'twinline twins' lists both",
        ),
        ("field ", ": 'twinline errors' names the frozen fields"),
    ];
    let found = ways.into_iter().find(|(what, _)| detail.starts_with(what));
    found.map_or("", |(_, way)| way)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
