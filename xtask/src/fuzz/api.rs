//! The host's local API as a router: what hostile callers send as bodies, queries, paths and headers.
//!
//! The host has nodes with simulated trackers, which answer well, and does not run: only requests work on it.

use super::connectors::{self, Simulated};
use super::targets::Judge;
use crate::served::{SystemClock, TOKEN};
use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tower::ServiceExt as _;
use twinline::api::{Api, router};
use twinline::handles::SystemEntropy;
use twinline::rulebook::{Factory, Rulebook};
use twinline_core::handles::Clock as _;
use twinline_core::names::NodeName;
use twinline_engine::{Env, HostBuilder, NodeConfig, SweepSettings};
use twinline_rules::script::InProcess;
use twinline_sim::{Faulty, Outcome, seeds};
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;
use twinline_trackers::http::{Secret, Transport, TransportError};

/// One request is answered within this.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The greatest answer that is read.
const ANSWER_MAX_BYTES: usize = 64 << 20;
/// What a path may not have as it stands.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');
/// The API's own description; a test of the API holds it against the routes.
const DESCRIPTION: &str = include_str!("../../../docs/specs/openapi.json");

const RULES: &str = r#"format = 1
name = "bugs"
[left]
node = "github"
scope = { repo = "acme/app" }
trigger = "is:issue"
[right]
node = "jira-cloud"
scope = { project = "APP", type = "Task" }
trigger = "issuetype = Task"
[policy]
conflict = "left"
first = "filled"
[fields.summary]
left = "summary"
right = "summary"
"#;

/// One request.
#[derive(Deserialize)]
struct Asked {
    method: String,
    path: String,
    query: Map<String, Value>,
    headers: BTreeMap<String, String>,
    body: Value,
}

pub(super) fn judge() -> Result<Judge> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let api = runtime.block_on(api(folder.path()))?;
    let bodies = operations()?;
    let mut number = 0;
    Ok(Box::new(move |input| {
        // What is no request as a whole is the body of one operation after the other.
        number += 1;
        let request = asked(input).or_else(|| {
            let operation = bodies.get(number % bodies.len())?;
            request(operation, input.to_vec())
        });
        let Some(request) = request else { return };
        let outcome =
            runtime.block_on(async { tokio::time::timeout(ANSWER_MAX, ask(&api, request)).await });
        assert!(outcome.is_ok(), "a request is never answered");
        // Held as long as the store writes into it.
        assert!(folder.path().is_dir());
    }))
}

/// An API over a store of its own.
async fn api(folder: &Path) -> Result<Router> {
    let options = DbOptions::default();
    let store = HostStore::open(&folder.join("host.db"), options, "fuzz").await?;
    let runner = Arc::new(InProcess::default());
    let env = Env {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let mut builder = HostBuilder::new(env, store, Arc::new(Factory::new(runner.clone())));
    let (mut kinds, mut trackers) = (BTreeMap::new(), BTreeMap::new());
    for simulated in [&connectors::GITHUB, &connectors::JIRA] {
        let node = NodeName::from(simulated.tracker);
        let tracker = connectors::build(simulated, Arc::new(Honest::new(simulated)?));
        kinds.insert(node.clone(), simulated.tracker.to_owned());
        trackers.insert(node.clone(), Arc::clone(&tracker));
        builder = builder.node(NodeConfig {
            name: node,
            label: simulated.tracker.to_owned(),
            tracker,
            webhook: None,
            webhook_url: None,
            sweep: SweepSettings::default(),
        });
    }
    let rulebook = Rulebook {
        kinds: Arc::new(kinds),
        trackers,
        runner,
    };
    let api = Api::new(builder.build().await?, rulebook, Secret::new(TOKEN), 2);
    Ok(router(Arc::new(api)))
}

/// A wire to a simulator that spoils nothing.
struct Honest(Mutex<Faulty>);

impl Honest {
    fn new(simulated: &Simulated) -> Result<Self> {
        let mut tracker = connectors::simulator(simulated);
        seeds::seed_demo(&mut tracker, SystemClock.now(), None, 6)?;
        Ok(Self(Mutex::new(tracker)))
    }
}

#[async_trait]
impl Transport for Honest {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut tracker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tracker.decide(SystemClock.now(), &request) {
            Outcome::Answer { response, .. } => Ok(response),
            Outcome::Silence { .. } => Err(TransportError::maybe_sent("no answer came")),
        }
    }
}

/// The request that an input describes; `None` where it describes none, or none that HTTP can carry.
fn asked(input: &[u8]) -> Option<Request<Body>> {
    let asked: Asked = serde_json::from_slice(input).ok()?;
    let body = match &asked.body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    request(&asked, body)
}

fn request(asked: &Asked, body: Vec<u8>) -> Option<Request<Body>> {
    if names_a_place(&body) {
        return None;
    }
    let parameters = asked.query.iter().map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!("{}={}", encoded(name), encoded(&value))
    });
    let query: Vec<String> = parameters.collect();
    let path = utf8_percent_encode(&asked.path, PATH);
    let mut request = Request::builder()
        .method(asked.method.as_str())
        .uri(format!("{path}?{}", query.join("&")))
        .header("authorization", format!("Bearer {TOKEN}"));
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    request.body(Body::from(body)).ok()
}

/// Whether a backup would be written by this, to where an input says: that must be nowhere on this machine.
fn names_a_place(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    // An array is read as an object's values in their order.
    let file = body.get("file").or_else(|| body.get(0));
    file.and_then(Value::as_str)
        .is_some_and(|file| Path::new(file).is_absolute())
}

/// Whatever is asked, the answer is no fault of ours, and a refusal is problem details.
async fn ask(api: &Router, request: Request<Body>) {
    let what = format!("{} {}", request.method(), request.uri());
    // It goes on until the caller leaves.
    let endless = request.uri().path() == "/v1/events";
    let answer = api.clone().oneshot(request).await;
    let (parts, body) = answer.expect("a router always answers").into_parts();
    if endless && parts.status.is_success() {
        return;
    }
    let body = to_bytes(body, ANSWER_MAX_BYTES).await;
    let body = body.unwrap_or_else(|error| panic!("{what}: {error}"));
    let text = String::from_utf8_lossy(&body);
    assert_ne!(
        parts.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "{what}: {text}"
    );
    if !parts.status.is_success() {
        let problem: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{what}: {}: {error}: {text}", parts.status));
        assert_eq!(problem["status"], parts.status.as_u16(), "{what}: {text}");
    }
}

/// Every operation of the description with values that are right, or nearly.
fn operations() -> Result<Vec<Asked>> {
    let seeds = requests()?;
    let read = |seed: &Vec<u8>| serde_json::from_slice(seed).context("a seed of our own");
    seeds.iter().map(read).collect()
}

pub(super) fn requests() -> Result<Vec<Vec<u8>>> {
    let description: Value =
        serde_json::from_str(DESCRIPTION).context("reading the description")?;
    let paths = description["paths"]
        .as_object()
        .context("the description has paths")?;
    let mut seeds = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array();
            let query: Map<String, Value> = parameters
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str())
                .map(|name| (name.to_owned(), value_of(name)))
                .collect();
            let filled = path
                .replace("{link}", &"0".repeat(32))
                .replace("{node}", "github")
                .replace("{connection}", "bugs");
            let seed = json!({"method": method.to_uppercase(), "path": filled, "query": query,
                "headers": {"twinline-who": "ana", "content-type": "application/json"}, "body": body_of(path)});
            seeds.push(seed.to_string().into_bytes());
        }
    }
    Ok(seeds)
}

fn value_of(parameter: &str) -> Value {
    match parameter {
        "connection" => json!("bugs"),
        "state" => json!("live"),
        "held" => json!("true"),
        "item" => json!("acme/app#1"),
        "limit" => json!("2"),
        _ => json!("1"),
    }
}

fn body_of(path: &str) -> Value {
    let rules = json!({"map": {"name": "bugs.toml", "text": RULES},
        "scripts": {"left": {"name": "bugs.js", "text": "export function outgoing({ replica }) { replica.summary += 1 }"},
            "right": null}});
    match path.rsplit('/').next().unwrap_or_default() {
        "backfills" => {
            json!({"connection": "bugs", "side": "left", "query": "is:open", "items": 10})
        }
        "links" => {
            json!({"connection": "bugs", "pairs": [{"left": "acme/app#1", "right": "APP-1"}]})
        }
        "pause" => json!({"reason": "maintenance"}),
        "release" => json!({"connection": "bugs", "take": {"summary": "left"}}),
        "retry" => json!({"connection": "bugs", "cause": "refused"}),
        "backup" => json!({"file": "backup.db"}),
        "check" => rules,
        "plan" => json!({"rules": rules, "max": 10}),
        "publish" => json!({"rules": rules, "confirmed": true}),
        "rollback" => json!({"to": 1, "confirmed": true}),
        _ => Value::Null,
    }
}
