//! The command line's way to a fleet: any machine whose host answers.

use crate::client::{refused, who};
use crate::config::{self, Config};
use crate::exit::{Coded, FAILED, UNREACHABLE, USAGE};
use crate::fleet::{Identity, Role, view::FleetView};
use crate::instance::DataFolder;
use crate::local_http::{LocalHttp, WHO};
use crate::report::aside;
use anyhow::{Context as _, Result};
use http::Method;
use indicatif::ProgressBar;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A look at the fleet is answered within this; else another machine is asked.
const LOOK_MAX: Duration = Duration::from_secs(8);
/// So is a deed, which may wait for the central database.
const DEED_MAX: Duration = Duration::from_secs(30);
/// Between two looks at what is waited for.
const AGAIN: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Fleet {
    /// This machine's first.
    hosts: Vec<(String, SocketAddr)>,
    looks: LocalHttp,
    deeds: LocalHttp,
    who: String,
}

/// The configuration of a fleet.
///
/// # Errors
/// It is none: exit code 2.
pub(super) fn config_of(file: &Path) -> Result<Config> {
    let config = config::load(file)?;
    if config.ownership.is_none() {
        let sentence = format!(
            "{}: this is no fleet: there is one machine, without [machines] and [ownership]; docs/guide/fleet.md tells how \
             to make one",
            file.display()
        );
        return Err(Coded::new(USAGE, sentence).into());
    }
    Ok(config)
}

impl Fleet {
    /// # Errors
    /// The configuration is no fleet's, or the fleet's key cannot be read.
    pub(super) fn open(file: &Path) -> Result<Self> {
        let config = config_of(file)?;
        let folder = DataFolder::open(&config.data)?;
        let identity = Identity::new(file, &config, &folder, Role::Command)?;
        let me = &config.instance.machine;
        let mut hosts: Vec<(String, SocketAddr)> = (config.machines.iter())
            .filter_map(|(name, at)| Some((name.clone(), at.host?)))
            .collect();
        hosts.sort_by_key(|(name, _)| name != me);
        Ok(Self {
            hosts,
            looks: LocalHttp::new(&identity, LOOK_MAX)?,
            deeds: LocalHttp::new(&identity, DEED_MAX)?,
            who: who(),
        })
    }

    /// The fleet, as the first machine sees it that answers.
    pub(super) async fn view(&self) -> Result<FleetView> {
        self.view_but(None).await
    }

    /// The same; `avoid` is asked last.
    pub(super) async fn view_but(&self, avoid: Option<&str>) -> Result<FleetView> {
        self.ask(&self.looks, Method::GET, "/v1/fleet", None, avoid)
            .await
    }

    /// Does something. Every deed of a fleet may be repeated.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Json) -> Result<T> {
        self.ask(&self.deeds, Method::POST, path, Some(body), None)
            .await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        http: &LocalHttp,
        method: Method,
        path: &str,
        body: Option<&Json>,
        avoid: Option<&str>,
    ) -> Result<T> {
        let mut order: Vec<&(String, SocketAddr)> = self.hosts.iter().collect();
        order.sort_by_key(|(name, _)| avoid == Some(name.as_str()));
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let mut silent = Vec::new();
        for (name, at) in order {
            let headers = [(WHO, self.who.as_str())];
            let sent = http
                .send(method.clone(), *at, path, &headers, bytes.clone())
                .await;
            let answer = match sent {
                Ok(answer) => answer,
                Err(error) => {
                    silent.push(format!("{name} at {at}: {}", error.reason));
                    continue;
                }
            };
            let document: Json = serde_json::from_slice(answer.body())
                .with_context(|| format!("the answer of {name} to {path} is not JSON"))?;
            if !answer.status().is_success() {
                return Err(refused(answer.status(), &document).into());
            }
            return serde_json::from_value(document)
                .with_context(|| format!("the answer of {name} to {path} is not understood"));
        }
        let sentence = format!(
            "no machine's host answers ({}): start them with 'twinline up'",
            silent.join("; ")
        );
        Err(Coded::new(UNREACHABLE, sentence).into())
    }
}

/// What a look at the fleet shows of what is waited for.
pub(super) enum Look<T> {
    /// It is there.
    There(T),
    /// It is not, in words.
    NotYet(String),
}

/// Looks until it is there; `what` begins the sentence that says it is not. A machine that does not answer meanwhile is
/// none of its errors.
pub(super) async fn until<T>(
    (within, line): (Duration, &ProgressBar),
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    let mut told = String::new();
    loop {
        let why = match look().await {
            Ok(Look::There(found)) => return Ok(found),
            Ok(Look::NotYet(why)) => why,
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            let sentence = format!(
                "{what} within {} s: {why}; 'twinline fleet status' shows more",
                within.as_secs()
            );
            return Err(Coded::new(FAILED, sentence).into());
        }
        if line.is_hidden() && why != told {
            aside(&why);
        }
        line.set_message(why.clone());
        told = why;
        sleep(AGAIN).await;
    }
}
