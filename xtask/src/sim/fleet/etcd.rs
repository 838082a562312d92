//! etcd as its JSON gateway answers: leases, transactions, ranges, revisions; with or without a quorum.

use super::links::Links;
use super::time::Time;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::sleep;
use twinline_trackers::http::{Transport, TransportError};

/// One way to a member, in milliseconds.
const WAY_MS: Range<u64> = 1..25;
/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(60);

/// See the module. Shared by all hosts.
pub(super) struct Etcd {
    time: Arc<Time>,
    inner: Mutex<Inner>,
}

struct Inner {
    random: ChaCha8Rng,
    revision: u64,
    keys: BTreeMap<String, Key>,
    leases: BTreeMap<i64, Lease>,
    next_lease: i64,
    has_quorum: bool,
    /// Creation revisions of keys that a person has removed.
    removed: BTreeSet<u64>,
    /// Hosts whose lease was just renewed, and who do not know yet.
    renews: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Key {
    value: String,
    created: u64,
    lease: i64,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    ttl_ms: u64,
    ends: u64,
}

impl Etcd {
    pub(super) fn new(time: Arc<Time>, random: ChaCha8Rng) -> Self {
        let inner = Inner {
            random,
            revision: 1,
            keys: BTreeMap::new(),
            leases: BTreeMap::new(),
            next_lease: 7000,
            has_quorum: true,
            removed: BTreeSet::new(),
            renews: BTreeSet::new(),
        };
        Self {
            time,
            inner: Mutex::new(inner),
        }
    }

    /// Whether a majority of its members is there. A new leader renews every lease.
    pub(super) fn set_quorum(&self, has_quorum: bool) {
        let now = self.time.millis();
        let mut inner = self.lock();
        if has_quorum && !inner.has_quorum {
            for lease in inner.leases.values_mut() {
                lease.ends = now + lease.ttl_ms;
            }
        }
        inner.has_quorum = has_quorum;
    }

    /// The host that owns a group, with the revision of its ownership.
    pub(super) fn owner(&self, group: &str) -> Option<(String, u64)> {
        let inner = self.lock();
        let (_, key) = inner.keys.iter().find(|(key, _)| is_of(key, group))?;
        let value: Json = serde_json::from_str(&key.value).ok()?;
        Some((value["host"].as_str()?.to_owned(), key.created))
    }

    /// Whether the ownership that began at a revision still holds; also where a person ended it, whose owner cannot know.
    pub(super) fn holds(&self, group: &str, revision: u64) -> bool {
        let mut inner = self.lock();
        inner.expire(self.time.millis());
        let held = inner.keys.iter().find(|(key, _)| is_of(key, group));
        held.is_some_and(|(_, key)| key.created == revision) || inner.removed.contains(&revision)
    }

    /// Whether a host's lease was just renewed, and it does not know yet.
    pub(super) fn renews(&self, host: &str) -> bool {
        self.lock().renews.contains(host)
    }

    /// A person removes a group's key.
    pub(super) fn remove(&self, group: &str) {
        let mut inner = self.lock();
        let found = inner.keys.iter().find(|(key, _)| is_of(key, group));
        if let Some((name, created)) = found.map(|(name, key)| (name.clone(), key.created)) {
            inner.keys.remove(&name);
            inner.removed.insert(created);
            inner.revision += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics with this lock")
    }
}

fn is_of(key: &str, group: &str) -> bool {
    key.ends_with(&format!("/groups/{group}"))
}

impl Inner {
    /// Leases that have run out end, with their keys. Without a quorum nothing is decided.
    fn expire(&mut self, now: u64) {
        if !self.has_quorum {
            return;
        }
        let before = self.leases.len();
        self.leases.retain(|_, lease| lease.ends > now);
        if self.leases.len() < before {
            let leases = &self.leases;
            self.keys.retain(|_, key| leases.contains_key(&key.lease));
            self.revision += 1;
        }
    }

    fn answer(&mut self, path: &str, body: &Json, now: u64) -> Json {
        match path {
            "/v3/lease/grant" => {
                let ttl = body["TTL"].as_u64().expect("a lease has a length");
                self.next_lease += 1;
                let lease = Lease {
                    ttl_ms: ttl * 1000,
                    ends: now + ttl * 1000,
                };
                self.leases.insert(self.next_lease, lease);
                json!({ "ID": self.next_lease.to_string(), "TTL": ttl.to_string() })
            }
            "/v3/lease/keepalive" => {
                let id = integer(&body["ID"]);
                let Some(lease) = self.leases.get_mut(&id) else {
                    return json!({ "result": { "ID": id.to_string() } });
                };
                lease.ends = now + lease.ttl_ms;
                let ttl = (lease.ttl_ms / 1000).to_string();
                json!({ "result": { "ID": id.to_string(), "TTL": ttl } })
            }
            "/v3/kv/put" => {
                self.put(body);
                json!({ "header": self.header() })
            }
            "/v3/kv/range" => {
                let (from, to) = (text(&body["key"]), text(&body["range_end"]));
                json!({ "header": self.header(), "kvs": self.range(&from, &to) })
            }
            "/v3/kv/txn" => self.transact(body),
            _ => panic!("etcd was asked for {path}"),
        }
    }

    fn transact(&mut self, body: &Json) -> Json {
        let compared = &body["compare"][0];
        let created = self.keys.get(&text(&compared["key"]));
        let created = created.map_or(0, |key| key.created);
        let succeeded = integer(&compared["create_revision"]) == signed(created);
        let mut responses = Vec::new();
        let branch = if succeeded { "success" } else { "failure" };
        for request in body[branch].as_array().into_iter().flatten() {
            if let Some(put) = request.get("requestPut") {
                self.put(put);
                responses.push(json!({ "response_put": {} }));
            } else if let Some(delete) = request.get("requestDeleteRange") {
                self.keys.remove(&text(&delete["key"]));
                self.revision += 1;
                responses.push(json!({ "response_delete_range": {} }));
            } else if let Some(range) = request.get("requestRange") {
                let key = text(&range["key"]);
                let kvs = self.range(&key, &format!("{key}\0"));
                responses.push(json!({ "response_range": { "kvs": kvs } }));
            }
        }
        let mut answer = json!({ "header": self.header(), "responses": responses });
        if succeeded {
            answer["succeeded"] = json!(true);
        }
        answer
    }

    fn put(&mut self, body: &Json) {
        let (key, lease) = (text(&body["key"]), integer(&body["lease"]));
        if !self.leases.contains_key(&lease) {
            // The real one refuses; whoever asks learns at the next renewal that the lease is gone.
            return;
        }
        self.revision += 1;
        let created = self.keys.get(&key).map_or(self.revision, |key| key.created);
        let value = text(&body["value"]);
        let key_value = Key {
            value,
            created,
            lease,
        };
        self.keys.insert(key, key_value);
    }

    fn range(&self, from: &str, to: &str) -> Vec<Json> {
        let found = self.keys.range(from.to_owned()..to.to_owned());
        found
            .map(|(name, key)| {
                json!({
                    "key": BASE64_STANDARD.encode(name),
                    "value": BASE64_STANDARD.encode(&key.value),
                    "create_revision": key.created.to_string(),
                    "lease": key.lease.to_string(),
                })
            })
            .collect()
    }

    fn header(&self) -> Json {
        json!({ "revision": self.revision.to_string() })
    }
}

fn text(encoded: &Json) -> String {
    let encoded = encoded.as_str().expect("keys and values are texts");
    let bytes = BASE64_STANDARD.decode(encoded).expect("they are base64");
    String::from_utf8(bytes).expect("ours are UTF-8")
}

fn integer(written: &Json) -> i64 {
    let text = written.as_str().expect("64-bit integers are texts");
    text.parse().expect("they are integers")
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("revisions are few")
}

/// One host's way to it.
pub(super) struct Gateway {
    pub(super) etcd: Arc<Etcd>,
    pub(super) links: Arc<Links>,
    pub(super) host: String,
}

impl Gateway {
    fn way(&self) -> Duration {
        Duration::from_millis(self.etcd.lock().random.random_range(WAY_MS))
    }

    /// What a member does and says; `None`: no answer arrives.
    fn decide(&self, request: &http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        let is_cut = self.links.of(&self.host).etcd_cut;
        let now = self.etcd.time.millis();
        let mut inner = self.etcd.lock();
        inner.expire(now);
        // What is cut off may have arrived, and its answer not.
        if is_cut && inner.random.random_bool(0.7) {
            return None;
        }
        if !inner.has_quorum {
            return inner.random.random_bool(0.5).then(|| {
                let body = json!({ "error": "etcdserver: no leader", "code": 14 });
                answer(503, &body)
            });
        }
        let body: Json = serde_json::from_slice(request.body()).expect("our requests are JSON");
        let said = inner.answer(request.uri().path(), &body, now);
        (!is_cut).then(|| answer(200, &said))
    }
}

fn answer(status: u16, body: &Json) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = http::StatusCode::from_u16(status).expect("it is one");
    answer
}

#[async_trait]
impl Transport for Gateway {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        sleep(self.way()).await;
        let Some(answer) = self.decide(&request) else {
            sleep(NEVER).await;
            return Err(TransportError::maybe_sent("no answer came"));
        };
        let late = self.links.of(&self.host).etcd_answers_after;
        let renews = request.uri().path().ends_with("/keepalive");
        if renews {
            self.etcd.lock().renews.insert(self.host.clone());
        }
        sleep(self.way() + late).await;
        if renews {
            self.etcd.lock().renews.remove(&self.host);
        }
        Ok(answer)
    }
}
