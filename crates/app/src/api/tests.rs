//! The API as a router over a host of its own, without trackers and without a socket.

mod access;
mod description;
mod exposition;
mod fleet;
mod front;
mod mistakes;
mod pages;
mod places;
mod repeats;
mod shapes;

use super::*;
use crate::handles::{SystemClock, SystemEntropy};
use crate::rulebook::Factory;
use axum::body::{Body, to_bytes};
use http::Method;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use tower::ServiceExt as _;
use twinline_core::names::{NodeName, Sides};
use twinline_engine::{Env, HostBuilder, NodeConfig, SweepSettings};
use twinline_rules::script::InProcess;
use twinline_store::db::DbOptions;
use twinline_store::host::{HostStore, Twin, TwinState};
use twinline_trackers::Learnt;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, TransportLimits};
use twinline_trackers::registry::{self, NodeSettings};

const TOKEN: &str = "the-token";
const STREAMS_MAX: usize = 2;

/// An API on a store of its own.
struct Served {
    router: Router,
    host: Host,
    folder: tempfile::TempDir,
}

/// An answer, read whole.
struct Answered {
    status: StatusCode,
    content: String,
    body: Vec<u8>,
}

impl Answered {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The detail of problem details that are complete and speak of this status.
    fn problem(&self, status: StatusCode) -> String {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.content, "application/problem+json", "{text}");
        let problem = self.json();
        assert_eq!(problem["status"], status.as_u16(), "{text}");
        assert_eq!(problem["type"], "about:blank", "{text}");
        let [title, detail] = ["title", "detail"].map(|key| problem[key].as_str().unwrap_or(""));
        assert!(!title.is_empty() && !detail.is_empty(), "{text}");
        detail.to_owned()
    }
}

async fn served() -> Served {
    served_with(&[]).await
}

/// With Redmines by these names, at addresses that nothing is sent to.
async fn served_with(nodes: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.db");
    let store = HostStore::open(&path, DbOptions::default(), "test")
        .await
        .unwrap();
    let runner = Arc::new(InProcess::default());
    let env = Env {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let factory = Arc::new(Factory::new(runner.clone()));
    let builder = HostBuilder::new(env, store, factory);
    let redmines = nodes.iter().copied().map(redmine);
    let host = redmines.fold(builder, HostBuilder::node);
    let host = host.build().await.unwrap();
    let kinds = nodes
        .iter()
        .map(|node| (NodeName::from(*node), "redmine".to_owned()));
    let rulebook = Rulebook {
        kinds: Arc::new(kinds.collect()),
        trackers: BTreeMap::new(),
        runner,
    };
    let api = Api::new(host.clone(), rulebook, Secret::new(TOKEN), STREAMS_MAX);
    Served {
        router: router(Arc::new(api)),
        host,
        folder,
    }
}

fn redmine(name: &str) -> NodeConfig {
    let settings = NodeSettings {
        node: name.into(),
        url: Some("http://127.0.0.1:9".parse().unwrap()),
        auth: BTreeMap::from([("key".to_owned(), Secret::new("k"))]),
        description: None,
        settle: None,
        texts: None,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    // A guard without private networks: a request to loopback ends before it begins.
    let guard = AddressGuard::new(Vec::new());
    let transport = ReqwestTransport::new(guard, TransportLimits::default()).unwrap();
    let clock = Arc::new(SystemClock);
    NodeConfig {
        name: name.into(),
        label: "Redmine".to_owned(),
        tracker: registry::build("redmine", settings, Arc::new(transport), clock).unwrap(),
        webhook: None,
        webhook_url: None,
        sweep: SweepSettings::default(),
    }
}

impl Served {
    /// Sends what no helper makes.
    async fn send(&self, request: Request) -> Answered {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let content = parts.headers.get(header::CONTENT_TYPE);
        Answered {
            status: parts.status,
            content: content.map_or(String::new(), |value| value.to_str().unwrap().to_owned()),
            body: to_bytes(body, 64 << 20).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answered {
        self.send(request(&Method::GET, path, "")).await
    }

    async fn post(&self, path: &str, body: &str) -> Answered {
        self.send(request(&Method::POST, path, body)).await
    }

    /// Stores twins with these links.
    async fn with_twins(&self, links: Vec<String>) {
        let write = move |tx: &twinline_store::host::HostTx<'_>| {
            links.iter().try_for_each(|link| tx.put_twin(&twin(link)))
        };
        self.host.store().write(write).await.unwrap();
    }
}

/// A request that shows the token.
fn request(method: &Method, path: &str, body: &str) -> Request {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn twin(link: &str) -> Twin {
    let now = Timestamp::from_millis(1_000);
    Twin {
        link: link.into(),
        connection: "bugs".into(),
        root: link.into(),
        nodes: Sides {
            left: "gh".into(),
            right: "jira".into(),
        },
        ids: Sides {
            left: Some(link.to_owned()),
            right: None,
        },
        created_from: None,
        incarnation: 0,
        state: TwinState::Live,
        state_since: now,
        negatives: Sides::default(),
        held: BTreeMap::new(),
        comments_waived: BTreeMap::new(),
        since: now,
        reconciled: None,
    }
}

/// Every operation of the description: method, path with a value for each parameter, and whether it wants the token.
fn operations() -> Vec<(Method, String, bool)> {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let filled = path
                .replace("{link}", &"0".repeat(32))
                .replace("{node}", "none")
                .replace("{machine}", "none")
                .replace("{id}", "none")
                .replace("{connection}", "none");
            found.push((method, filled, operation["security"].is_array()));
        }
    }
    found
}
