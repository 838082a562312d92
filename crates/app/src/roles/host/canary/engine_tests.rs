//! The rules that are built in are rules like others: the real factory takes them, and a change crosses by them.

use super::*;
use crate::handles::{SystemClock, SystemEntropy};
use async_trait::async_trait;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use twinline_core::handles::Clock as _;
use twinline_core::item::{Fetched, ItemId, Value, field};
use twinline_core::names::Side;
use twinline_engine::{Delivery, InboxError, Pulled, Refused, RulesFactory as _};
use twinline_rules::script::{InProcess, Limits};
use twinline_store::host::RuleVersion;
use twinline_store::inbox::{InboxId, InboxPlace};
use twinline_trackers::Tracker as _;
use twinline_trackers::canary::{ITEM, delivery};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn factory() -> Arc<Factory> {
    let runner = InProcess::new(Limits::default());
    Arc::new(Factory::new(Arc::new(runner)))
}

/// A machine's name may have all that one in a configuration may.
async fn check_compiles(machine: &str) {
    let built_in = rules(machine, SystemClock.now());
    let version = RuleVersion {
        connection: built_in.connection,
        version: 1,
        digest: built_in.digest,
        sources: built_in.sources,
        published_at: built_in.at,
        published_by: built_in.by,
        rollback_of: None,
        active: true,
    };
    let compiled = factory().compile(&version);
    let compiled = compiled.unwrap_or_else(|why| panic!("{machine}: {why}"));
    assert!(!compiled.blocking, "it has no script");
    let tracker = Tracker::new(left(machine), Arc::new(SystemClock));
    tracker.show(7);
    let item = ItemId {
        node: left(machine),
        id: ITEM.to_owned(),
    };
    let Fetched::Found(item) = tracker.fetch(&item).await.unwrap() else {
        panic!("it is there");
    };
    let rules = &compiled.rules;
    assert_eq!(rules.admits(Side::Left, &item), Ok(true));
    assert_eq!(item.scope, *rules.contract().scopes.get(Side::Left));
    let shown = rules.outgoing(Side::Left, &item, None).unwrap();
    assert_eq!(shown.held, [].into());
    let fields: Vec<&Value> = shown.view.fields.values().collect();
    assert_eq!(fields, [&Value::text("7")], "its {}", field::SUMMARY);
}

#[tokio::test]
async fn the_real_factory_takes_the_rules_of_any_machine() {
    for machine in ["m1", "db.acme.example", "the \"first\" one"] {
        check_compiles(machine).await;
    }
}

/// An edge's inbox in memory.
struct Hand {
    left: watch::Sender<Vec<Delivery>>,
    taken: Mutex<u64>,
}

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            left: watch::Sender::default(),
            taken: Mutex::new(0),
        })
    }

    fn leave(&self, machine: &str) {
        let (_, body) = delivery(b"signed before", "d");
        self.left.send_modify(|all| {
            all.push(Delivery {
                seq: all.len() as u64 + 1,
                node: left(machine),
                headers: http::HeaderMap::new(),
                body: body.into(),
                received: SystemClock.now(),
            });
        });
    }
}

#[async_trait]
impl EdgeInbox for Hand {
    fn name(&self) -> &str {
        "edge"
    }

    async fn pull(
        &self,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        let inbox = InboxId::new("in memory".to_owned());
        let seq = if from.inbox == inbox { from.seq } else { 0 };
        let later = |all: &Vec<Delivery>| all.iter().any(|it| it.seq > seq);
        let mut left = self.left.subscribe();
        // None in time: then there are none.
        let _came = timeout(wait, left.wait_for(later)).await;
        let all = self.left.borrow().clone();
        let deliveries = all.into_iter().filter(|it| it.seq > seq);
        Ok(Pulled {
            from: InboxPlace { inbox, seq },
            deliveries: deliveries.take(max).collect(),
            refused: Vec::new(),
        })
    }

    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError> {
        *self.taken.lock().unwrap() = to.seq;
        Ok(())
    }

    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.ack_taken(to).await
    }

    async fn heard(&self, _: &[Refused]) -> Result<(), InboxError> {
        Ok(())
    }
}

fn parts(folder: &Path) -> Parts {
    Parts {
        machine: "m1".to_owned(),
        instance: "acme".to_owned(),
        folder: folder.join("canary"),
        factory: factory(),
        env: Env {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        },
        shutdown: CancellationToken::new(),
    }
}

/// Changes the left item and leaves its delivery; waits until the right one shows it.
async fn crosses(both: &Both, inbox: &Hand, number: u64) {
    let mut shown = both.right.shown();
    both.left.show(number);
    inbox.leave("m1");
    let shows = shown.wait_for(|shown| shown.is_some_and(|shown| shown >= number));
    let came = timeout(PATIENCE, shows).await;
    drop(came.expect("it crosses").unwrap());
}

#[tokio::test]
async fn changes_cross_and_the_next_engine_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let parts = parts(folder.path());
    for _ in 0..2 {
        let inbox = Hand::new();
        let engine = begin(parts.clone(), Arc::<Hand>::clone(&inbox))
            .await
            .unwrap();
        for number in 1..=3 {
            crosses(&engine.both, &inbox, number).await;
        }
        let ended = engine.ended.clone();
        drop(engine);
        timeout(PATIENCE, ended.cancelled()).await.expect("it ends");
    }
}
