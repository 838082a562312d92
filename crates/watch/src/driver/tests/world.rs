//! A driver at work, with a clock that a test moves.

use crate::channel::acknowledge::Signer;
use crate::channel::webhook::Template;
use crate::channel::{
    Addresses, Channel, Deadlines, Outside, Settings, SmtpSettings, WebhookSettings,
};
use crate::driver::{Driver, Handle, Overview, Setup, Watched};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::change;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::escalation::{Person, PersonName, Roster};
use twinline_core::watch::incident;
use twinline_core::watch::page::{AutoOpen, Page};
use twinline_core::watch::probe;
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_trackers::http::{Secret, SystemNames, Trust};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// What links are signed with.
pub(super) const KEY: &[u8] = b"a key of the tests";

/// A clock that is put forward by hand.
pub(super) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Waits until `look` gives something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited for: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn element(text: &str) -> Element {
    text.parse().unwrap()
}

/// Channels of this machine: by name, where each leads.
pub(super) fn outside() -> (Trust, Outside) {
    let trust = Trust::of_this_machine().unwrap();
    let addresses = Addresses::new(
        Arc::new(SystemNames),
        Duration::from_secs(1),
        BTreeMap::new(),
    );
    let deadlines = Deadlines {
        connect: Duration::from_secs(2),
        step: Duration::from_secs(2),
        whole: Duration::from_secs(2),
    };
    let clock = Arc::new(Hand(AtomicI64::new(0)));
    let outside = Outside::new(&trust, addresses, clock, deadlines).unwrap();
    (trust, outside)
}

/// A channel to a mail server on this machine.
pub(super) fn mail(name: &str, port: u16) -> Arc<Channel> {
    let (trust, outside) = outside();
    let settings = SmtpSettings {
        url: Secret::new(format!("smtp://127.0.0.1:{port}")),
        from: "watch@acme.example",
        trust: &trust,
    };
    Arc::new(Channel::new(name, Settings::Smtp(settings), &outside).unwrap())
}

/// A channel to a webhook on this machine.
pub(super) fn hook(name: &str, port: u16) -> Arc<Channel> {
    let (_, outside) = outside();
    let settings = WebhookSettings {
        url: Secret::new(format!("http://127.0.0.1:{port}/hook")),
        template: Template::Generic,
        secrets: vec![Secret::new("hush")],
        token: None,
        plain: false,
    };
    Arc::new(Channel::new(name, Settings::Webhook(settings), &outside).unwrap())
}

/// A receiver of webhooks on this machine: its port, and what was posted to it, in order.
pub(super) async fn receiver() -> (u16, Arc<Mutex<Vec<Json>>>) {
    let posted = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&posted);
    let take = move |body: axum::Json<Json>| async move { kept.lock().unwrap().push(body.0) };
    let router = axum::Router::new().route("/hook", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, posted)
}

/// One person, reached by these.
pub(crate) fn setup(channels: Vec<Arc<Channel>>, reach: &[&str]) -> Setup {
    let person = Person {
        zone: "Europe/Brussels".parse().unwrap(),
        reach: reach.iter().map(|it| it.parse().unwrap()).collect(),
    };
    let mut roster = Roster {
        people: BTreeMap::from([(PersonName::from("ada"), person)]),
        ..Roster::default()
    };
    roster.limits.channel_deadline_s = 2;
    let settings = probe::Settings::new(2, 3).unwrap();
    let watched = ["edge:m1", "host:m1"].map(|subject| Watched {
        probe: "health".to_owned(),
        subject: element(subject),
        implicates: Path::from([element("machine:m1")]),
        severity: Severity::Critical,
        settings,
        deadline_ms: 300,
    });
    let named = channels.into_iter().map(|it| (it.name().to_owned(), it));
    Setup {
        instance: "acme".to_owned(),
        machine: "m1".to_owned(),
        roster,
        incidents: incident::Settings::default(),
        page: Page {
            components: Vec::new(),
            auto_open: AutoOpen {
                after: Duration::from_secs(20),
                elements: Vec::new(),
            },
            population: BTreeMap::new(),
        },
        name: "Acme".to_owned(),
        time_zone: "UTC".parse().unwrap(),
        public_url: Some("https://status.acme.example/".parse().unwrap()),
        channels: named.collect(),
        unusable: BTreeMap::new(),
        changes: change::Settings::default(),
        watched: watched.into(),
        tenants: BTreeMap::new(),
    }
}

/// A driver at work.
pub(crate) struct World {
    pub(crate) handle: Handle,
    clock: Arc<Hand>,
    driver: JoinHandle<()>,
    end: oneshot::Sender<()>,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(setup: Setup) -> Self {
        let began = 1_800_000_000_000;
        Self::again(setup, tempfile::tempdir().unwrap(), began).await
    }

    /// One on what is in the folder.
    pub(super) async fn on(folder: tempfile::TempDir, setup: Setup) -> Self {
        Self::again(setup, folder, 1_800_000_000_000).await
    }

    async fn again(setup: Setup, folder: tempfile::TempDir, began: i64) -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(began)));
        let signer = Arc::new(Signer::new([KEY]).unwrap());
        let file: PathBuf = folder.path().join("watch.db");
        let begun = Driver::begin(&file, setup, signer, clock.clone());
        let (driver, handle) = begun.await;
        let (end, ended) = oneshot::channel();
        let run = driver.run(async {
            // Dropped or sent: both are the end.
            drop(ended.await);
        });
        Self {
            handle,
            clock,
            driver: tokio::spawn(run),
            end,
            folder,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes, second by second, as the driver sees it.
    pub(crate) async fn passes(&self, seconds: i64) {
        for _ in 0..seconds {
            self.clock.0.fetch_add(1000, Ordering::SeqCst);
            // An answer: the driver has looked at the clock since.
            self.overview().await;
        }
    }

    /// The clock is put forward, or back.
    pub(super) fn steps(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Something fails, or does not any more.
    pub(crate) async fn signal(&self, subject: &str, fails: bool) {
        let state = if fails {
            State::Failing {
                severity: Severity::Critical,
                implicates: Path::new(),
                summary: format!("{subject} answers nothing"),
            }
        } else {
            State::Passing
        };
        let signal = Signal {
            source: "test".to_owned(),
            subject: element(subject),
            state,
        };
        assert!(self.handle.signal(signal).await);
    }

    pub(crate) async fn overview(&self) -> Overview {
        self.handle.overview().await.unwrap()
    }

    /// Ends it and starts another on the same file, some seconds later.
    pub(crate) async fn restart(self, setup: Setup, seconds: i64) -> Self {
        let at = self.clock.now().as_millis() + seconds * 1000;
        let folder = self.end().await;
        Self::again(setup, folder, at).await
    }

    pub(crate) async fn end(self) -> tempfile::TempDir {
        drop(self.end);
        self.driver.await.unwrap();
        self.folder
    }
}
