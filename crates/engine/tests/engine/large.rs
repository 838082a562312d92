//! Half a GiB through 64 MiB: real bytes over loopback, through the engine and the connectors of Jira Cloud and Redmine.
//!
//! What a process has had in memory at most is its own figure, so this test has a process of its own, as nextest gives it. The
//! servers make and check the bytes as they go by and hold none of them either.

use crate::support::World;
use crate::support::rules::contract;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use twinline_core::contract::{AttachmentContract, Direction};
use twinline_core::handles::Clock;
use twinline_core::item::{Attachment, ItemId, User};
use twinline_core::time::Timestamp;
use twinline_engine::FileRoom;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Secret, TransportLimits, Trust};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Learnt, Tracker};

const MIB: u64 = 1024 * 1024;
/// What all of it is to fit into.
const BUDGET: u64 = 64 * MIB;
const LARGE: u64 = 500 * MIB;
const SMALL: u64 = 16 * MIB;

/// The bytes of every file, over and over; no power of two, so that a piece at the wrong place shows.
const PERIOD: usize = 1_000_003;

fn pattern() -> Bytes {
    (0..PERIOD).map(|at| (at * 31 % 251) as u8).collect()
}

/// The piece of a file at a place.
fn piece(pattern: &Bytes, at: u64, left: u64) -> Bytes {
    let from = usize::try_from(at % PERIOD as u64).unwrap();
    let len = (PERIOD - from).min(128 * 1024);
    let len = len.min(usize::try_from(left).unwrap_or(usize::MAX));
    pattern.slice(from..from + len)
}

/// A file's size is its id.
async fn content(State(pattern): State<Bytes>, Path(id): Path<u64>) -> Response {
    let size = id;
    let pieces = stream::unfold(0, move |at| {
        let pattern = pattern.clone();
        async move {
            let next = piece(&pattern, at, size - at);
            let then = at + next.len() as u64;
            (!next.is_empty()).then_some((Ok::<_, std::io::Error>(next), then))
        }
    });
    let body = Body::from_stream(pieces);
    ([(CONTENT_LENGTH, size.to_string())], body).into_response()
}

/// What the target has taken.
#[derive(Clone)]
struct Taken {
    pattern: Bytes,
    /// By token: the size.
    sent: Arc<Mutex<BTreeMap<String, u64>>>,
    /// By issue: what is attached, as Redmine shows it.
    attached: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
}

async fn upload(State(taken): State<Taken>, body: Body) -> Response {
    let mut pieces = body.into_data_stream();
    let mut at = 0;
    while let Some(next) = pieces.next().await {
        let Ok(mut next) = next else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        while !next.is_empty() {
            let expected = piece(&taken.pattern, at, next.len() as u64);
            let part = next.split_to(expected.len());
            assert_eq!(part, expected, "the bytes at {at}");
            at += part.len() as u64;
        }
    }
    let mut sent = taken.sent.lock().unwrap();
    let token = format!("{}.token", sent.len() + 1);
    sent.insert(token.clone(), at);
    (
        StatusCode::CREATED,
        Json(json!({ "upload": { "token": token } })),
    )
        .into_response()
}

async fn attach(
    State(taken): State<Taken>,
    Path(issue): Path<String>,
    Json(body): Json<Value>,
) -> StatusCode {
    let upload = &body["issue"]["uploads"][0];
    let token = upload["token"].as_str().unwrap();
    let size = taken.sent.lock().unwrap()[token];
    let id: u64 = token.split('.').next().unwrap().parse().unwrap();
    let shown = json!({ "id": id, "filename": upload["filename"], "filesize": size,
        "description": upload["description"], "created_on": "2026-01-01T00:00:00Z" });
    let mut attached = taken.attached.lock().unwrap();
    attached.entry(issue).or_default().push(shown);
    StatusCode::NO_CONTENT
}

async fn issue(State(taken): State<Taken>, Path(issue): Path<String>) -> Json<Value> {
    let files = taken.attached.lock().unwrap().get(&issue).cloned();
    let named = json!({ "id": 1, "name": "x" });
    let id: u64 = issue.trim_end_matches(".json").parse().unwrap();
    Json(
        json!({ "issue": { "id": id, "project": named, "tracker": named, "status": named,
        "priority": named, "author": named, "subject": "x", "custom_fields": [],
        "created_on": "2026-01-01T00:00:00Z", "updated_on": "2026-01-01T00:00:00Z",
        "journals": [], "attachments": files.unwrap_or_default() } }),
    )
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    at
}

fn connector(
    tracker: &str,
    at: SocketAddr,
    auth: &[(&str, &str)],
    clock: Arc<dyn Clock>,
) -> Arc<dyn Tracker> {
    let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let trust = Trust::of_this_machine().unwrap();
    let transport = ReqwestTransport::trusting(&trust, guard, TransportLimits::default());
    let settings = NodeSettings {
        node: "node".into(),
        url: Some(format!("http://{at}").parse().unwrap()),
        auth: auth
            .iter()
            .map(|(key, secret)| ((*key).to_owned(), Secret::new(*secret)))
            .collect(),
        description: None,
        settle: None,
        texts: None,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    registry::build(tracker, settings, Arc::new(transport.unwrap()), clock).unwrap()
}

/// A figure of this process, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

fn file(size: u64) -> Attachment {
    Attachment {
        id: size.to_string(),
        name: format!("{size}.bin"),
        size,
        media_type: "application/octet-stream".to_owned(),
        author: Some(User {
            id: "person".to_owned(),
            ..User::default()
        }),
        created: Timestamp::EPOCH,
        url: None,
        internal: false,
        marker: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_gib_goes_through_64_mib() {
    let mut world = World::new(&["left", "right"]);
    // The room is what lets no more than two go at once.
    world.settings.files = FileRoom::new(16);
    world.settings.node_files_max = 4;
    let source = Router::new()
        .route("/rest/api/3/attachment/content/{id}", get(content))
        .with_state(pattern());
    let taken = Taken {
        pattern: pattern(),
        sent: Arc::default(),
        attached: Arc::default(),
    };
    let target = Router::new()
        .route("/uploads.json", post(upload))
        .route("/issues/{issue}", get(issue).put(attach))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(taken.clone());
    let (source, target) = (serve(source).await, serve(target).await);
    let clock = || Arc::clone(&world.env.clock);
    let jira = connector(
        "jira-cloud",
        source,
        &[("email", "e"), ("token", "t")],
        clock(),
    );
    let redmine = connector("redmine", target, &[("key", "k")], clock());
    world.trackers.get_mut("left").unwrap().files_at = Some(jira);
    world.trackers.get_mut("right").unwrap().files_at = Some(redmine);
    let mut rules = contract("c", "left", "right");
    rules.attachments = Some(AttachmentContract {
        direction: Direction::ToRight,
        max_bytes: u64::MAX,
        deny: [].into(),
        link_over: true,
        deletes: false,
    });
    let running = world.start(&[rules]).await;
    let left = world.tracker("left");
    let items: Vec<ItemId> = (0..4)
        .map(|at| world.make("left", &format!("{at}")))
        .collect();
    running.quiet().await;
    let before = memory("VmRSS:");
    for (at, item) in items.iter().enumerate() {
        let size = if at == 0 { LARGE } else { SMALL + at as u64 };
        left.list_file(item, file(size));
        world.announce(item);
    }
    let all = LARGE + 3 * SMALL + 6;
    let arrived = || -> u64 {
        let attached = taken.attached.lock().unwrap();
        let sizes = attached.values().flatten();
        sizes.map(|file| file["filesize"].as_u64().unwrap()).sum()
    };
    tokio::time::timeout(Duration::from_secs(300), async {
        while arrived() < all {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("all files arrive");
    running.quiet().await;
    let grown = memory("VmHWM:").saturating_sub(before);
    println!("{} MiB crossed, {} MiB of memory", all / MIB, grown / MIB);
    assert!(grown <= BUDGET, "{} MiB of memory", grown / MIB);
    running.stop().await;
}
