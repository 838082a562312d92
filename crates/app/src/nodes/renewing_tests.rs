//! In front of a simulated Redmine: what was refused is asked once more, with what the files hold by then.

use super::*;
use crate::handles::SystemClock;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use twinline_core::handles::Clock;
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_sim::redmine::{API_KEY, Redmine, demo_site};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command as Act, Faults, Faulty};
use twinline_trackers::Learnt;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Transport, TransportLimits};
use twinline_trackers::registry::{self, NodeSettings};

const EXPIRED: &str = "expired";

/// A clock that is wrong.
struct Behind(Duration);

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        SystemClock.now().minus(self.0)
    }
}

struct Rotating {
    server: SimServer,
    node: Arc<Renewing>,
    /// How often the file was read, and how many connectors were made.
    reads: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

fn credentials(key: &str) -> Credentials {
    [("key".to_owned(), Secret::new(key))].into()
}

/// A node that began with a key, and whose file holds another one by now; `None`: it cannot be read.
async fn rotating(key: &str, now: Option<&'static str>, behind: Duration) -> Rotating {
    let site = Faulty::new(Box::new(Redmine::new(demo_site())), Faults::default(), 1);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = SimServer::start(site, Arc::new(SystemClock), at);
    let server = server.await.unwrap();
    let url = server.url().parse().unwrap();
    let [reads, made] = [(); 2].map(|()| Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&reads);
    let read: Read = Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        now.map(credentials).ok_or_else(|| ConfigError {
            place: "nodes.rm.auth.key".to_owned(),
            reason: "the file cannot be read".to_owned(),
        })
    });
    let settings = NodeSettings {
        node: "rm".into(),
        url: Some(url),
        auth: Credentials::new(),
        description: None,
        settle: None,
        texts: None,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let transport = ReqwestTransport::new(guard, TransportLimits::default()).unwrap();
    let transport: Arc<dyn Transport> = Arc::new(transport);
    let counted = Arc::clone(&made);
    let build: Build = Arc::new(move |auth| {
        counted.fetch_add(1, Ordering::Relaxed);
        let settings = NodeSettings {
            auth,
            ..settings.clone()
        };
        let clock = Arc::new(Behind(behind));
        registry::build("redmine", settings, Arc::clone(&transport), clock)
    });
    let node = Renewing::new("rm".into(), credentials(key), read, build).unwrap();
    Rotating {
        server,
        node: Arc::new(node),
        reads,
        made,
    }
}

fn scope() -> Scope {
    [("project".to_owned(), "app".to_owned())].into()
}

impl Rotating {
    /// How often the file was read, and how many connectors were made.
    fn counts(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.reads), of(&self.made))
    }

    async fn is_refused(&self) {
        let refused = self.node.describe(&scope()).await.unwrap_err();
        let TrackerError::Credentials { sentence } = refused else {
            panic!("{refused:?}");
        };
        assert!(!sentence.contains("file"), "the tracker's own: {sentence}");
    }
}

#[tokio::test]
async fn what_was_refused_is_asked_again_with_what_the_file_holds_by_now() {
    let node = rotating(EXPIRED, Some(API_KEY), Duration::ZERO).await;
    node.node.describe(&scope()).await.unwrap();
    assert_eq!(node.counts(), (1, 2));
    node.node.describe(&scope()).await.unwrap();
    assert_eq!(node.counts(), (1, 2), "what works is not read again");
    node.server.shutdown().await;
}

#[tokio::test]
async fn with_nothing_new_or_nothing_to_be_read_the_trackers_answer_stands() {
    for now in [Some(EXPIRED), None] {
        let node = rotating(EXPIRED, now, Duration::ZERO).await;
        node.is_refused().await;
        assert_eq!(node.counts(), (1, 1));
        node.server.shutdown().await;
    }
}

#[tokio::test]
async fn new_credentials_that_are_refused_too_are_tried_once() {
    let node = rotating(EXPIRED, Some("expired as well"), Duration::ZERO).await;
    node.is_refused().await;
    assert_eq!(node.counts(), (1, 2));
    node.server.shutdown().await;
}

#[tokio::test]
async fn many_that_are_refused_at_once_read_the_file_once() {
    let node = rotating(EXPIRED, Some(API_KEY), Duration::ZERO).await;
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let node = Arc::clone(&node.node);
        asking.spawn(async move { node.describe(&scope()).await });
    }
    for answer in asking.join_all().await {
        answer.unwrap();
    }
    assert_eq!(node.counts(), (1, 2));
    node.server.shutdown().await;
}

#[tokio::test]
async fn a_write_that_was_refused_is_made_once() {
    let node = rotating(EXPIRED, Some(API_KEY), Duration::ZERO).await;
    let make = Act::Create {
        container: Some("app".into()),
        by: "ana".into(),
        title: "an issue".into(),
        body: "x".into(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    let made = node.server.with(|tracker, now| tracker.command(now, make));
    let twinline_sim::Done::Item(key) = made.unwrap() else {
        panic!("an issue is made");
    };
    let item = ItemId {
        node: "rm".into(),
        id: key.trim_start_matches('#').to_owned(),
    };
    let note = Effect::AddComment {
        item: item.clone(),
        channel: "public".to_owned(),
        body: Document::from_plain("a note"),
        marker: Marker {
            root: "r1".into(),
            link: "l1".into(),
        },
    };
    node.node.apply(&note).await.unwrap();
    let Fetched::Found(found) = node.node.fetch(&item).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(found.comments.unwrap().len(), 1);
    node.server.shutdown().await;
}

#[tokio::test]
async fn a_probe_reads_the_file_where_it_was_not_let_in_and_for_no_other_fault() {
    let late = rotating(API_KEY, Some(EXPIRED), Duration::from_secs(600)).await;
    let told = late.node.probe().await.unwrap().faults;
    assert!(told[0].contains("clock"), "{told:?}");
    assert_eq!(late.counts(), (0, 1));
    late.server.shutdown().await;
    let ended = rotating(EXPIRED, Some(API_KEY), Duration::ZERO).await;
    let told = ended.node.probe().await.unwrap().faults;
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(ended.counts(), (1, 2));
    ended.server.shutdown().await;
}
