//! The suite of all connectors, against a real Redmine.

use crate::connector::transport;
use crate::person::Person;
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::item::{User, Value};
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;
use twinline_trackers::conformance::{self, Act, Acted, Harness, Meddler};
use twinline_trackers::{Scope, Tracker, Webhook};
use xtask::provision::redmine::Redmine;
use xtask::served::SystemClock;

/// Our clock, as far ahead as Redmine's.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        let ahead = Duration::from_millis(self.0.load(Ordering::Relaxed));
        SystemClock.now().plus(ahead)
    }
}

/// A real Redmine under test. Time passes by moving both clocks.
struct Real {
    redmine: Redmine,
    person: Person,
    stranger: User,
    clock: Arc<Ahead>,
    meddler: Arc<Meddler>,
    tracker: Arc<dyn Tracker>,
}

impl Real {
    async fn new(redmine: Redmine) -> Self {
        let clock = Arc::new(Ahead::default());
        let meddler = Arc::new(Meddler::new(transport()));
        let tracker = crate::connector::over(
            &redmine,
            Redmine::AGENT_KEY,
            Arc::<Meddler>::clone(&meddler),
            Arc::<Ahead>::clone(&clock),
        );
        let person = Person::new(&redmine).await;
        let stranger = User {
            id: person.stranger().await,
            ..User::default()
        };
        Self {
            redmine,
            person,
            stranger,
            clock,
            meddler,
            tracker,
        }
    }
}

#[async_trait]
impl Harness for Real {
    fn tracker(&self) -> &dyn Tracker {
        self.tracker.as_ref()
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        None
    }

    fn meddler(&self) -> &Meddler {
        &self.meddler
    }

    fn scope(&self) -> Scope {
        crate::connector::scope()
    }

    fn open_trigger(&self) -> String {
        "status_id=open".to_owned()
    }

    fn bad_trigger(&self) -> (String, String) {
        ("stauts_id=closed".to_owned(), "stauts_id".to_owned())
    }

    fn required_fields(&self) -> BTreeMap<FieldName, Value> {
        BTreeMap::new()
    }

    fn many(&self) -> usize {
        101
    }

    fn tells_deletion(&self) -> bool {
        false
    }

    /// Redmine itself has no limits: this is what a proxy before it says.
    fn too_fast(&self, retry_after_s: u64) -> http::Response<Bytes> {
        http::Response::builder()
            .status(429)
            .header("retry-after", retry_after_s)
            .body(Bytes::new())
            .unwrap()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        let before = self.clock.0.fetch_add(millis, Ordering::Relaxed);
        let ahead = Duration::from_millis(before + millis);
        self.redmine.set_ahead(ahead).unwrap();
    }

    async fn act(&self, act: Act) -> Result<Acted, String> {
        self.person.act(act).await
    }

    fn unassignable(&self) -> Option<User> {
        Some(self.stranger.clone())
    }

    async fn deliveries(&self, _: &str) -> Vec<http::Request<Bytes>> {
        Vec::new()
    }
}

#[tokio::test]
async fn the_contract_holds_on_a_real_redmine() {
    if !Redmine::can_run() {
        return;
    }
    let mut redmine = Redmine::start_with_clock().unwrap();
    redmine.serves().await.unwrap();
    let report = conformance::run(&Real::new(redmine).await).await;
    report.expect_skipped(&[
        "update: elements leave a person's other elements alone",
        "compare-and-swap: a person's edit in between is not overwritten",
        "webhook: genuine is taken, forged is not, a delivery keeps its id",
        "webhook: changes, comments, deletions and moves are told",
        "webhook: subscribing twice registers once; unsubscribed is silent",
    ]);
}
