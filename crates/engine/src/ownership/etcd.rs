//! A thin client of etcd's JSON gateway (etcd 3.4 and newer, <https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/>): the
//! five requests that ownership needs, each with a deadline, asked of one endpoint after the other.

use super::roster::{GroupValue, HostValue, Owner, Roster};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::timeout;
use twinline_store::GroupId;
use twinline_trackers::http::{Sent, Transport};
use url::Url;

/// How many keys one listing reads at most: groups and hosts of one installation.
const KEYS_MAX: u32 = 50_000;
/// Where keys are listed.
const RANGE: &str = "/v3/kv/range";

/// Why etcd did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EtcdError {
    /// No endpoint answered in time; it may have done it.
    #[error("etcd did not answer: {reason}")]
    Unavailable {
        /// What the last endpoint did instead.
        reason: String,
    },
    /// An endpoint refused: a lease that is gone, no quorum, no rights.
    #[error("etcd refused ({status}): {sentence}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its sentence.
        sentence: String,
    },
    /// It is not the one that it was: emptied, put back from a copy, or another one.
    #[error(
        "etcd is at revision {found}, and groups were claimed at up to {seen} before: it was lost, put back, or is another \
         one. When it is the right one: 'twinline fleet raise-generation', on one machine"
    )]
    WentBack {
        /// Its revision now.
        found: u64,
        /// The newest claim that was seen.
        seen: u64,
    },
    /// An answer that is not etcd's.
    #[error("etcd's answer to {path} cannot be read: {reason}")]
    Unreadable {
        /// What was asked.
        path: &'static str,
        /// Why.
        reason: String,
    },
}

/// How a claim ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The group is ours from this revision on.
    Ours(u64),
    /// Somebody else has it.
    Taken,
}

/// One installation's keys in etcd.
pub struct Etcd {
    endpoints: Vec<Url>,
    transport: Arc<dyn Transport>,
    prefix: String,
    /// Of one request to one endpoint.
    deadline: Duration,
    /// The endpoint that answered last.
    current: AtomicUsize,
    /// What was listed last, and at which moment of etcd's.
    listed: Mutex<Option<(Header, Roster)>>,
}

impl Etcd {
    /// A client for `instance`'s keys. `endpoints`: at least one, `http://10.0.0.1:2379`.
    ///
    /// # Panics
    /// Without an endpoint.
    pub fn new(
        endpoints: Vec<Url>,
        transport: Arc<dyn Transport>,
        instance: &str,
        deadline: Duration,
    ) -> Self {
        assert!(!endpoints.is_empty(), "etcd has at least one endpoint");
        Self {
            endpoints,
            transport,
            prefix: format!("twinline/{instance}/"),
            deadline,
            current: AtomicUsize::new(0),
            listed: Mutex::default(),
        }
    }

    /// A new lease; answers its id.
    pub(super) async fn grant(&self, ttl: Duration) -> Result<i64, EtcdError> {
        // Rounded up: etcd counts seconds, and may keep a lease for longer than is counted on here, never for less.
        let body = json!({ "TTL": ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0) });
        let granted: Granted = self.ask("/v3/lease/grant", &body).await?;
        Ok(granted.id)
    }

    /// Renews a lease; `false`: it is gone.
    pub(super) async fn keep_alive(&self, lease: i64) -> Result<bool, EtcdError> {
        let body = json!({ "ID": lease.to_string() });
        let kept: Streamed<KeptAlive> = self.ask("/v3/lease/keepalive", &body).await?;
        Ok(kept.result.ttl > 0)
    }

    /// Takes a group that nobody has. Repeating a claim whose end is not known finds it ours.
    pub(super) async fn claim(
        &self,
        group: &GroupId,
        host: &str,
        lease: i64,
    ) -> Result<Claim, EtcdError> {
        let key = encoded(&self.group_key(group));
        let value = GroupValue {
            host: host.to_owned(),
        };
        let body = json!({
            "compare": [{ "key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "0" }],
            "success": [{ "requestPut": { "key": key, "value": encoded_json(&value), "lease": lease.to_string() } }],
            "failure": [{ "requestRange": { "key": key } }],
        });
        let answer: TxnAnswer = self.ask("/v3/kv/txn", &body).await?;
        if answer.succeeded {
            return Ok(Claim::Ours(answer.header.revision));
        }
        let found = answer.responses.into_iter().find_map(|answer| answer.range);
        let found = found.and_then(|range| range.kvs.into_iter().next());
        Ok(match found {
            Some(kv) if kv.lease == lease => Claim::Ours(kv.create_revision),
            _ => Claim::Taken,
        })
    }

    /// Gives a group away, if it is still the ownership that began at `revision`.
    pub(super) async fn release(&self, group: &GroupId, revision: u64) -> Result<(), EtcdError> {
        let key = encoded(&self.group_key(group));
        let body = json!({
            "compare": [{
                "key": key, "target": "CREATE", "result": "EQUAL", "create_revision": revision.to_string(),
            }],
            "success": [{ "requestDeleteRange": { "key": key } }],
        });
        self.ask::<TxnAnswer>("/v3/kv/txn", &body).await.map(drop)
    }

    /// Says that a host is there.
    pub(super) async fn announce(
        &self,
        host: &str,
        lease: i64,
        draining: bool,
    ) -> Result<(), EtcdError> {
        let body = json!({
            "key": encoded(&format!("{}hosts/{host}", self.prefix)),
            "value": encoded_json(&HostValue { draining }),
            "lease": lease.to_string(),
        });
        self.ask::<Json>("/v3/kv/put", &body).await.map(drop)
    }

    /// Who is there and who owns what; linearizable, so nothing older than what was answered before.
    ///
    /// # Errors
    /// See [`EtcdError`].
    pub async fn roster(&self) -> Result<Roster, EtcdError> {
        self.survey().await.map(|(_, roster)| roster)
    }

    /// The same, with etcd's revision at that time. Where that is what it was, nothing is listed anew: every host and edge asks
    /// every few seconds, and a fleet has thousands of groups, which change seldom.
    pub(super) async fn survey(&self) -> Result<(u64, Roster), EtcdError> {
        let listed = self.listed().clone();
        if let Some((then, roster)) = listed
            && self.list(1).await?.header == then
        {
            return Ok((then.revision, roster));
        }
        let Listing { header, kvs } = self.list(KEYS_MAX).await?;
        let mut roster = Roster::default();
        for kv in kvs {
            self.enrol(&mut roster, &kv)
                .map_err(|reason| EtcdError::Unreadable {
                    path: RANGE,
                    reason,
                })?;
        }
        let revision = header.revision;
        *self.listed() = Some((header, roster.clone()));
        Ok((revision, roster))
    }

    fn listed(&self) -> MutexGuard<'_, Option<(Header, Roster)>> {
        self.listed.lock().expect("no code panics with this lock")
    }

    /// This installation's keys: so many at most.
    async fn list(&self, max: u32) -> Result<Listing, EtcdError> {
        let mut end = self.prefix.clone().into_bytes();
        *end.last_mut().expect("the prefix is not empty") += 1;
        let body = json!({
            "key": encoded(&self.prefix),
            "range_end": BASE64_STANDARD.encode(end),
            "limit": max,
        });
        self.ask(RANGE, &body).await
    }

    fn enrol(&self, roster: &mut Roster, kv: &KeyValue) -> Result<(), String> {
        let key = decoded(&kv.key)?;
        let key = String::from_utf8(key).map_err(|_| "a key is no text".to_owned())?;
        let value = decoded(&kv.value)?;
        let unreadable = |error: serde_json::Error| format!("{key}: {error}");
        let place = key.strip_prefix(&self.prefix).unwrap_or_default();
        if let Some(group) = place.strip_prefix("groups/") {
            let value: GroupValue = serde_json::from_slice(&value).map_err(unreadable)?;
            let owner = Owner {
                host: value.host,
                revision: kv.create_revision,
                lease: kv.lease,
            };
            roster.groups.insert(GroupId::new(group), owner);
        } else if let Some(host) = place.strip_prefix("hosts/") {
            let value: HostValue = serde_json::from_slice(&value).map_err(unreadable)?;
            roster.hosts.insert(host.to_owned(), value.draining);
        }
        Ok(())
    }

    fn group_key(&self, group: &GroupId) -> String {
        format!("{}groups/{group}", self.prefix)
    }

    /// Asks the endpoint that answered last, then the others.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &Json,
    ) -> Result<T, EtcdError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut error = None;
        for turn in 0..self.endpoints.len() {
            let index = (first + turn) % self.endpoints.len();
            match self.ask_one(&self.endpoints[index], path, body).await {
                Ok(answer) => {
                    self.current.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                // A member that cannot reach the others says so; another may.
                Err(next @ EtcdError::Refused { status, .. }) if status < 500 => return Err(next),
                Err(next) => error = Some(next),
            }
        }
        // When it is back it may be another one.
        *self.listed() = None;
        Err(error.expect("at least one endpoint was asked"))
    }

    async fn ask_one<T: DeserializeOwned>(
        &self,
        endpoint: &Url,
        path: &'static str,
        body: &Json,
    ) -> Result<T, EtcdError> {
        let unavailable = |reason: String| EtcdError::Unavailable { reason };
        let url = endpoint
            .join(path)
            .map_err(|error| unavailable(error.to_string()))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| unavailable(error.to_string()))?;
        let answer = timeout(self.deadline, self.transport.send(request))
            .await
            .map_err(|_| {
                let ms = self.deadline.as_millis();
                unavailable(format!("nothing from {endpoint} within {ms} ms"))
            })?
            .map_err(|error| {
                let how = match error.sent {
                    Sent::NotSent => "could not be reached",
                    Sent::MaybeSent => "broke off",
                };
                unavailable(format!("{endpoint} {how}: {}", error.reason))
            })?;
        let status = answer.status();
        if !status.is_success() {
            return Err(EtcdError::Refused {
                status: status.as_u16(),
                sentence: sentence(answer.body()),
            });
        }
        serde_json::from_slice(answer.body()).map_err(|error| EtcdError::Unreadable {
            path,
            reason: error.to_string(),
        })
    }
}

/// The gateway's own words, or the start of whatever came.
fn sentence(body: &[u8]) -> String {
    const SHOWN_MAX_CHARS: usize = 200;
    let told: Option<Failure> = serde_json::from_slice(body).ok();
    let told = told.map(|failure| failure.error);
    told.unwrap_or_else(|| {
        String::from_utf8_lossy(body)
            .chars()
            .take(SHOWN_MAX_CHARS)
            .collect()
    })
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn encoded_json(value: &impl Serialize) -> String {
    BASE64_STANDARD.encode(serde_json::to_vec(value).expect("a small struct is JSON"))
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| error.to_string())
}

/// The gateway writes 64-bit integers as texts, and leaves zeros out.
fn integer<'de, D: Deserializer<'de>, T: std::str::FromStr>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |_| serde::de::Error::custom(format!("'{text}' is no integer"));
    text.parse().map_err(wrong)
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(rename = "ID", deserialize_with = "integer")]
    id: i64,
}

#[derive(Deserialize)]
struct Streamed<T> {
    result: T,
}

#[derive(Deserialize)]
struct KeptAlive {
    /// Left out when the lease is gone.
    #[serde(rename = "TTL", default, deserialize_with = "integer")]
    ttl: i64,
}

/// A moment of one etcd: its revision, and under which leadership of which cluster. One that was put back from a copy, or is
/// another one, may come to a revision of before, and begins its leaderships anew: but not without having been away.
#[derive(Clone, PartialEq, Eq, Deserialize)]
struct Header {
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    raft_term: String,
    #[serde(deserialize_with = "integer")]
    revision: u64,
}

#[derive(Deserialize)]
struct Listing {
    header: Header,
    #[serde(default)]
    kvs: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct TxnAnswer {
    header: Header,
    #[serde(default)]
    succeeded: bool,
    #[serde(default)]
    responses: Vec<TxnResponse>,
}

#[derive(Deserialize)]
struct TxnResponse {
    #[serde(rename = "response_range")]
    range: Option<Range>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    kvs: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
    #[serde(deserialize_with = "integer")]
    create_revision: u64,
    #[serde(default, deserialize_with = "integer")]
    lease: i64,
}

#[cfg(test)]
#[path = "etcd_tests.rs"]
mod tests;
