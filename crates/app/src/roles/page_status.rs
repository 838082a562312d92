//! What the status page says, on every answer of the API: whoever calls it need not know that there is a page.
//!
//! Watches are asked behind the requests, never during one, and what was heard last is kept. In a fleet each watch finds
//! by itself: the worst of what they say is told. When none has said anything for a while, that nothing is known is told:
//! a status that may be wrong by now is none.

use super::pause;
use super::tasks::Tasks;
use crate::config::Config;
use crate::fleet::Identity;
use crate::instance::DataFolder;
use crate::local_http::LocalHttp;
use anyhow::Result;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_edge::{STATUS, Told};
use url::Url;

/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(5);
/// A watch that takes longer says nothing this time.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// What was heard before that is not told any more.
const KEPT_MAX: Duration = Duration::from_secs(60);
/// Where a watch says it.
pub(super) const PLACE: &str = "/v1/page/brief";

/// How bad it is: the words of the page's API, from well to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Indicator {
    None,
    Maintenance,
    Minor,
    Major,
    Critical,
}

impl Indicator {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Maintenance => "maintenance",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

/// What one watch says.
#[derive(Clone, Debug, Deserialize)]
struct Brief {
    indicator: Indicator,
    description: String,
    url: Option<Url>,
    stale: bool,
}

/// Where a watch is asked.
enum Place {
    /// The watch of this machine says in the data folder where it listens.
    Here(Here),
    At(SocketAddr),
}

impl Place {
    async fn at(&self) -> Option<SocketAddr> {
        match self {
            Self::At(at) => Some(*at),
            Self::Here(here) => here.at().await,
        }
    }
}

/// The data folder of this machine. A disk that hangs holds one thread, and the looks are over all the same.
struct Here {
    folder: DataFolder,
    looks: Arc<AtomicBool>,
}

impl Here {
    async fn at(&self) -> Option<SocketAddr> {
        if self.looks.swap(true, Ordering::AcqRel) {
            return None;
        }
        let (folder, looks) = (self.folder.clone(), Arc::clone(&self.looks));
        let looked = tokio::task::spawn_blocking(move || {
            let running = folder.running_if_ever("watch").ok().flatten();
            let at = running.and_then(|running| running.listener("private").ok());
            looks.store(false, Ordering::Release);
            at
        });
        let looked = tokio::time::timeout(LOOK_MAX, looked).await;
        looked.ok()?.ok()?
    }
}

/// What asks the watches.
pub(super) struct Follower {
    http: LocalHttp,
    places: Vec<Place>,
    told: Told,
}

impl Follower {
    /// `None`: no watch is configured, and nothing is told.
    ///
    /// # Errors
    /// The system's trust store cannot be read.
    pub(super) fn new(
        config: &Config,
        folder: &DataFolder,
        identity: &Identity,
    ) -> Result<Option<Self>> {
        let places = places(config, folder);
        if places.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            http: LocalHttp::new(identity, LOOK_MAX)?,
            places,
            told: Told::default(),
        }))
    }

    /// What it fills.
    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }

    /// Asks until shutdown.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut kept: Option<(Brief, Instant)> = None;
        loop {
            if let Some(heard) = self.ask().await {
                kept = Some((heard, Instant::now()));
            }
            kept = kept.filter(|(_, at)| at.elapsed() <= KEPT_MAX);
            self.told.say(fields(kept.as_ref().map(|(heard, _)| heard)));
            if !pause(PERIOD, &shutdown).await {
                return;
            }
        }
    }

    /// The worst of what the watches say.
    async fn ask(&self) -> Option<Brief> {
        let all = join_all(self.places.iter().map(|place| self.ask_one(place))).await;
        let heard = all.into_iter().flatten().filter(|heard| !heard.stale);
        heard.max_by_key(|heard| heard.indicator)
    }

    async fn ask_one(&self, place: &Place) -> Option<Brief> {
        let at = place.at().await?;
        let sent = self.http.send(Method::GET, at, PLACE, &[], Vec::new());
        let answer = tokio::time::timeout(LOOK_MAX, sent).await.ok()?.ok()?;
        (answer.status() == StatusCode::OK)
            .then(|| serde_json::from_slice(answer.body()).ok())
            .flatten()
    }
}

/// The watches: of a fleet all, on one machine its own.
fn places(config: &Config, folder: &DataFolder) -> Vec<Place> {
    if config.machines.is_empty() {
        let is_there = config.watch.enabled;
        return is_there
            .then(|| {
                Place::Here(Here {
                    folder: folder.clone(),
                    looks: Arc::default(),
                })
            })
            .into_iter()
            .collect();
    }
    let machines = config.machines.values();
    let watches = machines.filter_map(|machine| machine.watch);
    watches.map(Place::At).collect()
}

/// What an answer carries: the status, and where to read more (RFC 8631).
fn fields(heard: Option<&Brief>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    let Some(heard) = heard else {
        fields.insert(STATUS, HeaderValue::from_static("unknown"));
        return fields;
    };
    let plain = |it: &char| (it.is_ascii_graphic() || *it == ' ') && !matches!(it, '"' | '\\');
    let description: String = heard.description.chars().filter(plain).take(100).collect();
    let status = format!("{}; description=\"{description}\"", heard.indicator.word());
    if let Ok(status) = HeaderValue::try_from(status) {
        fields.insert(STATUS, status);
    }
    let link = heard
        .url
        .as_ref()
        .map(|url| format!("<{url}>; rel=\"status\""));
    if let Some(Ok(link)) = link.map(HeaderValue::try_from) {
        fields.insert(header::LINK, link);
    }
    fields
}

/// A role's answers carry what its follower hears, which is one of its tasks from now on.
pub(super) fn on(
    router: Router,
    follower: Option<Follower>,
    tasks: &mut Tasks,
    shutdown: &CancellationToken,
) -> Router {
    let Some(follower) = follower else {
        return router;
    };
    let told = follower.told();
    tasks.spawn("status page", follower.run(shutdown.clone()).map(Ok));
    carries(router, told)
}

fn carries(router: Router, told: Told) -> Router {
    router.layer(map_response(move |mut answer: Response| {
        told.add_to(answer.headers_mut());
        std::future::ready(answer)
    }))
}

#[cfg(test)]
#[path = "page_status_tests.rs"]
mod tests;
