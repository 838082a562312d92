//! Traces: one change from the webhook to the write, in two processes, at a collector that reads the protobuf.

use crate::support::{Installation, Simulators, create, in_jira, until};
use crate::webhooks::{SECRET, address, ask, body_of, deliver};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use twinline_sim::Command;

/// The names of spans by trace, each with the service that made it.
type Traces = BTreeMap<Vec<u8>, BTreeSet<(String, String)>>;

/// A collector on loopback.
struct Collector {
    at: SocketAddr,
    traces: Arc<Mutex<Traces>>,
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let traces = Arc::new(Mutex::new(Traces::new()));
        let into = Arc::clone(&traces);
        let router = Router::new().route(
            "/v1/traces",
            post(move |body: Bytes| async move { take(&into, &body) }),
        );
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(at)).unwrap();
        let at = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            at,
            traces,
            _runtime: runtime,
        }
    }
}

fn take(traces: &Mutex<Traces>, body: &[u8]) {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP in protobuf");
    let mut traces = traces.lock().unwrap();
    for of_resource in request.resource_spans {
        let attributes = of_resource.resource.unwrap().attributes;
        let named = attributes.iter().find(|one| one.key == "service.name");
        let value = named.unwrap().value.clone().unwrap().value.unwrap();
        let Value::StringValue(service) = value else {
            panic!("a service's name is a text: {value:?}");
        };
        for span in of_resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
        {
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
            let names = traces.entry(span.trace_id).or_default();
            names.insert((service.clone(), span.name));
        }
    }
}

/// An installation that sends its traces there, swept once at its start only.
fn installation(simulators: &Simulators, collector: SocketAddr) -> Installation {
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/github.hook", SECRET);
    let text = std::fs::read_to_string(installation.path("twinline.toml")).unwrap();
    let text = text.replace("sweep_s = { period = 1 }", "sweep_s = { period = 3600 }");
    let text = format!("{text}\n[traces]\notlp = \"http://{collector}\"\n");
    installation.write("twinline.toml", &text);
    installation.json(&["apply"]);
    installation
}

/// Announces an item's last change by webhook.
fn announce(simulators: &Simulators, installation: &Installation, key: &str, id: &str) {
    let number = key.rsplit('#').next().unwrap().parse().unwrap();
    let dump = simulators.github.with(|tracker, now| tracker.dump(now));
    let mut items = dump.items.into_iter();
    let item = items.find(|item| item.key == key).unwrap();
    // GitHub tells whole seconds.
    let seconds = &item.updated[.."2026-01-31T09:30:00".len()];
    let body = body_of(number, &format!("{seconds}Z"), 0);
    let answer = deliver(address(installation), "github", id, &body).unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// Waits until nothing is to be looked at any more: then nobody sees a change but by its delivery.
fn rests(installation: &Installation) {
    let api = installation.listener("host", "api").unwrap();
    until("rest", || {
        let metrics = ask(api, "GET /metrics HTTP/1.1", "")?.body;
        let lines = metrics.lines();
        let dirty: Vec<&str> = lines
            .filter(|line| line.starts_with("twinline_host_dirty{"))
            .collect();
        let rests = !dirty.is_empty() && dirty.iter().all(|line| line.ends_with(" 0"));
        rests.then_some(())
    });
}

#[test]
fn one_change_is_one_trace_through_edge_and_host() {
    let (simulators, collector) = (Simulators::start(), Collector::start());
    let installation = installation(&simulators, collector.at);
    let up = installation.up();
    let key = create(&simulators, "Traced");
    announce(&simulators, &installation, &key, "d1");
    in_jira(&simulators, "Traced");
    rests(&installation);
    let edit = Command::Edit {
        key: key.clone(),
        by: "ana".into(),
        field: "title".into(),
        value: "Traced again".into(),
    };
    simulators
        .github
        .with(|tracker, now| tracker.command(now, edit))
        .unwrap();
    announce(&simulators, &installation, &key, "d2");
    in_jira(&simulators, "Traced again");
    let wanted: BTreeSet<(String, String)> = [
        ("twinline-edge", "webhook"),
        ("twinline-edge", "append"),
        ("twinline-host", "pull"),
        ("twinline-host", "job"),
        ("twinline-host", "reconcile"),
        ("twinline-host", "write"),
    ]
    .map(|(service, name)| (service.to_owned(), name.to_owned()))
    .into();
    // The first one may have been found by the sweep at the start; the edit was told by its delivery alone.
    until("a whole trace", || {
        let traces = collector.traces.lock().unwrap();
        let whole = traces.values().filter(|names| wanted.is_subset(names));
        let whole = whole.count();
        (whole >= 1).then_some(())
    });
    drop(up);
    simulators.end();
}

#[test]
fn a_mute_collector_stops_nothing_and_what_it_misses_is_counted() {
    let simulators = Simulators::start();
    // It accepts connections, and never answers.
    let mute = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let installation = installation(&simulators, mute.local_addr().unwrap());
    let up = installation.up();
    let key = create(&simulators, "Untraced");
    announce(&simulators, &installation, &key, "d1");
    in_jira(&simulators, "Untraced");
    for (role, listener) in [("edge", "private"), ("host", "api")] {
        let at = installation.listener(role, listener).unwrap();
        let name = format!("twinline_{role}_trace_spans_dropped_total ");
        until(&format!("dropped spans of the {role}"), || {
            let metrics = ask(at, "GET /metrics HTTP/1.1", "")?.body;
            let line = metrics.lines().find_map(|line| line.strip_prefix(&name))?;
            (line.trim().parse::<u64>().unwrap() > 0).then_some(())
        });
    }
    drop(up);
    simulators.end();
}
