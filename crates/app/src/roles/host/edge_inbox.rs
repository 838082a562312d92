//! An edge's inbox over its private listener.

use crate::fleet::Identity;
use crate::instance::DataFolder;
use crate::local_http::LocalHttp;
use anyhow::Result;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use twinline_edge::protocol::{self, Ack, Cursors, Deliveries, Heard, Numbered, Owner, Pull};
use twinline_engine::{Delivery, EdgeInbox, InboxError, Pulled, Refused};
use twinline_store::Stamp;
use twinline_store::inbox::InboxPlace;

/// An answer to a pull may take two long polls and a margin: an edge of an older version lets 256 pulls of a host wait at
/// once, and those beyond begin when one of these has ended.
const PULL_DEADLINE: Duration = Duration::from_secs(50);
/// An answer to all else is a write of the edge's. One that ends may still take connections, and answers none.
const DEADLINE: Duration = Duration::from_secs(5);
/// About as much in one pull.
const PULL_MAX_BYTES: u64 = 16 << 20;

/// Where an edge is.
#[derive(Clone)]
pub(super) enum Place {
    /// The one edge of an installation on one machine, found through the data folder: when it restarts elsewhere, the
    /// next request finds it there.
    Here(DataFolder),
    /// The edge of a machine of the fleet.
    At(String, SocketAddr),
}

impl Place {
    pub(super) fn find(&self) -> Result<SocketAddr> {
        match self {
            Self::Here(folder) => folder.running("edge")?.listener("private"),
            Self::At(_, address) => Ok(*address),
        }
    }

    /// What people call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Here(_) => "edge",
            Self::At(machine, _) => machine,
        }
    }

    /// Whether nothing that trackers send can be taken without it.
    pub(super) const fn is_the_only_one(&self) -> bool {
        matches!(self, Self::Here(_))
    }
}

/// The connections of this process to edges. All its groups share them: each reading of the machine's trust store takes
/// some milliseconds and some hundred KiB, and a host may have hundreds of groups, of each of which a pull waits at each
/// edge. Pulls go side by side over one connection to an edge: the next edge that begins there is met by one of each host.
#[derive(Clone)]
pub(super) struct EdgeHttp {
    http: Arc<LocalHttp>,
    pulls: Arc<LocalHttp>,
}

impl EdgeHttp {
    pub(super) fn new(identity: &Identity) -> Result<Self> {
        Ok(Self {
            http: Arc::new(LocalHttp::new(identity, DEADLINE)?),
            pulls: Arc::new(LocalHttp::side_by_side(identity, PULL_DEADLINE)?),
        })
    }

    /// For short requests of other kinds.
    pub(super) fn short(&self) -> &LocalHttp {
        &self.http
    }
}

/// An edge as a group's owner sees it.
pub(super) struct HttpInbox {
    place: Place,
    edges: EdgeHttp,
    owner: Owner,
    known: Mutex<Known>,
}

/// What is known of the edge; after a fault it is looked for anew.
#[derive(Clone, Copy, Default)]
struct Known {
    at: Option<SocketAddr>,
    /// Its inbox has taken our claim, and keeps it while edges come and go, until it says that it knows of none.
    is_claimed: bool,
}

/// Why an edge did not do what it was asked.
struct Fault {
    reason: String,
    /// It answered that something is not there.
    is_missing: bool,
}

impl<T: ToString> From<T> for Fault {
    fn from(reason: T) -> Self {
        Self {
            reason: reason.to_string(),
            is_missing: false,
        }
    }
}

impl HttpInbox {
    pub(super) fn new(place: Place, edges: EdgeHttp, stamp: Stamp) -> Self {
        Self {
            place,
            edges,
            owner: Owner {
                group: stamp.group,
                epoch: stamp.epoch,
            },
            known: Mutex::default(),
        }
    }

    fn fault(&self, reason: impl ToString) -> InboxError {
        InboxError {
            edge: self.name().to_owned(),
            reason: reason.to_string(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no code panics with this lock")
    }

    /// Where the edge is; claims first where its inbox is not known to have our claim.
    async fn edge(&self) -> Result<SocketAddr, Fault> {
        let known = *self.known();
        let at = match known.at {
            Some(at) => at,
            None => self.place.find().map_err(|error| format!("{error:#}"))?,
        };
        if !known.is_claimed {
            let claim = "/inbox/claim";
            let _cursors: Cursors = self.post(&self.edges.http, at, claim, &self.owner).await?;
        }
        *self.known() = Known {
            at: Some(at),
            is_claimed: true,
        };
        Ok(at)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        http: &LocalHttp,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, InboxError> {
        let asked = async { self.post(http, self.edge().await?, path, body).await };
        asked.await.map_err(|fault| {
            let mut known = self.known();
            // It may have restarted: look for it, and claim anew where its inbox is another one.
            known.at = None;
            known.is_claimed &= !fault.is_missing;
            self.fault(fault.reason)
        })
    }

    async fn post<T: DeserializeOwned>(
        &self,
        http: &LocalHttp,
        at: SocketAddr,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Fault> {
        let body = serde_json::to_vec(body)?;
        let sent = http.send(Method::POST, at, path, &[], body).await;
        let answer = sent.map_err(|error| format!("{path}: {}", error.reason))?;
        if answer.status() != StatusCode::OK {
            let text = String::from_utf8_lossy(answer.body());
            let short: String = text.chars().take(300).collect();
            return Err(Fault {
                reason: format!("{path}: {} {short}", answer.status()),
                is_missing: answer.status() == StatusCode::NOT_FOUND,
            });
        }
        Ok(serde_json::from_slice(answer.body()).map_err(|error| format!("{path}: {error}"))?)
    }

    async fn acknowledge(&self, path: &str, to: &InboxPlace) -> Result<(), InboxError> {
        let ack = Ack {
            owner: self.owner.clone(),
            to: to.clone(),
        };
        let _cursors: Cursors = self.ask(&self.edges.http, path, &ack).await?;
        Ok(())
    }

    fn delivery(&self, numbered: Numbered) -> Result<Delivery, InboxError> {
        let wrong = |what: &str| self.fault(format!("delivery {}: {what}", numbered.seq));
        let body = STANDARD
            .decode(&numbered.body)
            .map_err(|_| wrong("its body is not base64"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &numbered.headers {
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("a header's name"))?;
            let value = HeaderValue::from_str(value).map_err(|_| wrong("a header's value"))?;
            headers.append(name, value);
        }
        Ok(Delivery {
            seq: numbered.seq,
            node: numbered.node.clone(),
            headers,
            body: body.into(),
            received: numbered.received_at,
        })
    }
}

#[async_trait]
impl EdgeInbox for HttpInbox {
    fn name(&self) -> &str {
        self.place.name()
    }

    async fn pull(
        &self,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        let pull = Pull {
            owner: self.owner.clone(),
            from: from.clone(),
            max_rows: u32::try_from(max).unwrap_or(u32::MAX),
            max_bytes: PULL_MAX_BYTES,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            hears: true,
        };
        let found: Deliveries = self.ask(&self.edges.pulls, "/inbox/pull", &pull).await?;
        let deliveries = found.deliveries.into_iter();
        let deliveries = deliveries.map(|numbered| self.delivery(numbered));
        Ok(Pulled {
            from: found.from,
            deliveries: deliveries.collect::<Result<_, _>>()?,
            refused: found.refused.into_iter().map(refused).collect(),
        })
    }

    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.acknowledge("/inbox/taken", to).await
    }

    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.acknowledge("/inbox/safe", to).await
    }

    async fn heard(&self, refused: &[Refused]) -> Result<(), InboxError> {
        let told = refused.iter().map(|one| protocol::Refused {
            node: one.node.clone(),
            since: one.since,
            until: one.until,
        });
        let heard = Heard {
            owner: self.owner.clone(),
            refused: told.collect(),
        };
        let _done: IgnoredAny = self.ask(&self.edges.http, "/inbox/heard", &heard).await?;
        Ok(())
    }
}

fn refused(told: protocol::Refused) -> Refused {
    Refused {
        node: told.node,
        since: told.since,
        until: told.until,
    }
}

#[cfg(test)]
#[path = "edge_inbox_tests.rs"]
mod tests;
