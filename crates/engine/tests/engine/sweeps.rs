//! Sweeps that do not come to their end.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On, Refusal, State, scope};
use crate::support::{World, until};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::Value;
use twinline_core::time::Timestamp;
use twinline_engine::Host;
use twinline_store::host::SweepCursor;

/// A page in the middle of a sweep is stored whose token the tracker has forgotten by now.
#[tokio::test(start_paused = true)]
async fn a_page_that_the_tracker_has_forgotten_begins_the_sweep_again() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    running.stop().await;
    world
        .tracker("left")
        .edit(&left, "summary", Value::text("unannounced"));
    let host = world.build().await;
    let since = Timestamp::EPOCH.as_millis();
    let place = serde_json::json!({
        "complete_to": since,
        "next": { "since": world.env.now().plus(Duration::from_secs(60)), "page": "old" },
        "since": since,
    });
    let cursor = SweepCursor {
        cursor: place.to_string(),
        started_at: Some(world.env.now()),
        finished_at: None,
    };
    let key = serde_json::to_string(&scope()).unwrap();
    let stored = host
        .store()
        .write(move |tx| tx.put_sweep_cursor(&"left".into(), &key, "feed", &cursor));
    stored.await.unwrap();
    let running = world.run(host);
    until("the change is found", async || {
        world.text(&right, "summary") == "unannounced"
    })
    .await;
    running.stop().await;
}

/// A node with two connections in two projects; the tracker refuses the trigger, or the project, of the first one, in one
/// way or another.
async fn check_refused(refused: &str, refusal: Refusal) {
    let mut world = World::new(&["a", "b", "c"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    world.sweep.resweep = Duration::from_secs(600);
    let mut ab = contract("ab", "a", "b");
    ab.triggers.left = Some("by a field".to_owned());
    ab.scopes.left = BTreeMap::from([("project".to_owned(), "A".to_owned())]);
    let running = world.start(&[ab, contract("ac", "a", "c")]).await;
    let a = world.make("a", "x");
    running.quiet().await;
    // Nobody could see it when it was made, and no feed shows it any more.
    let tracker = world.tracker("a");
    let late = tracker.make(&[("summary", Value::text("late"))]);
    let hidden = tracker.state().items.remove(&late.id).unwrap();
    tracker.state().refused.insert(refused.to_owned());
    tracker.state().refusal = refusal;
    tokio::time::sleep(world.sweep.overlap * 3).await;
    tracker.state().items.insert(late.id.clone(), hidden);
    tracker.state().unsure = true;
    until("it has entered", async || {
        world.tracker("c").state().items.len() == 2
    })
    .await;
    let (hour, before) = (Duration::from_secs(3600), tracker.state().fetches);
    tokio::time::sleep(hour).await;
    let looks = tracker.state().fetches - before;
    // Two items, twelve audits, six resweeps.
    assert!((20..=80).contains(&looks), "{looks} in an hour");
    let counted = running.host.metrics().sweeps.get();
    tokio::time::sleep(hour).await;
    assert!(running.host.metrics().sweeps.get() > counted + 300);
    assert_eq!(world.text(&a, "summary"), "x");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_is_refused_keeps_no_other_and_makes_no_audit_endless() {
    check_refused("by a field", Refusal::Sentence).await;
}

#[tokio::test(start_paused = true)]
async fn a_trigger_or_a_project_whose_answer_cannot_be_read_keeps_no_other_and_makes_no_audit_endless()
 {
    check_refused("by a field", Refusal::Garbled).await;
    check_refused("A", Refusal::Garbled).await;
}

#[tokio::test(start_paused = true)]
async fn a_project_that_is_refused_keeps_no_other_and_makes_no_audit_endless() {
    check_refused("A", Refusal::Sentence).await;
}

#[tokio::test(start_paused = true)]
async fn a_project_that_is_gone_keeps_no_other_and_makes_no_audit_endless() {
    check_refused("A", Refusal::Gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_project_or_a_trigger_that_keeps_failing_keeps_no_other_and_makes_no_audit_endless() {
    check_refused("A", Refusal::Down).await;
    check_refused("by a field", Refusal::Down).await;
}

/// Up to when the left node's changes of a kind were audited.
async fn audited(host: &Host, kind: ChangeKind) -> Option<Timestamp> {
    let ledger = host.status().await.unwrap().ledger.into_iter();
    let mut lines = ledger.filter(|line| line.node.as_str() == "left" && line.kind == kind);
    lines.find_map(|line| line.audited_to)
}

#[tokio::test(start_paused = true)]
async fn creations_are_audited_only_when_the_triggers_were_enumerated() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "x");
    running.quiet().await;
    for _ in 0..1_000 {
        world
            .tracker("left")
            .fault(On::Query, Fault::Refused("the query is too wide"));
    }
    until("an audit", async || {
        let at = audited(&running.host, ChangeKind::CommentDeleted).await;
        at.is_some()
    })
    .await;
    assert_eq!(audited(&running.host, ChangeKind::Created).await, None);
    world.tracker("left").state().faults.clear();
    until("creations are audited", async || {
        audited(&running.host, ChangeKind::Created).await.is_some()
    })
    .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_panics_comes_less_and_less_often_and_keeps_no_other_node_waiting() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(320);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    for _ in 0..1_000 {
        world.tracker("left").fault(On::Changes, Fault::Panic);
    }
    let before = running.host.metrics().panics.get();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let panics = running.host.metrics().panics.get() - before;
    assert!((6..=18).contains(&panics), "{panics} in an hour");
    let tracker = world.tracker("right");
    tracker.edit(&right, "summary", Value::text("from the right"));
    until("the other node is swept", async || {
        world.text(&left, "summary") == "from the right"
    })
    .await;
    let tracker = world.tracker("left");
    tracker.state().faults.clear();
    tracker.edit(&left, "summary", Value::text("from the left"));
    until("a node that panics no longer is swept", async || {
        world.text(&right, "summary") == "from the left"
    })
    .await;
    running.stop().await;
}

/// An item of a paused node's twin waits for days: what the feed does not show is found for the others all the same.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_node_stops_no_audit() {
    let mut world = World::new(&["left", "right", "paused"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    let mut other = contract("other", "left", "paused");
    other.scopes.left = BTreeMap::from([("project".to_owned(), "A".to_owned())]);
    let rules = [contract("c", "left", "right"), other];
    let running = world.start(&rules).await;
    let left = world.make("left", "x");
    let stuck = world.tracker("left").make_in("A", "stuck");
    world.announce(&stuck);
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    assert_eq!(world.tracker("paused").state().items.len(), 1);
    running
        .host
        .pause_node(&"paused".into(), "", "ada")
        .await
        .unwrap();
    world.edit(&stuck, "summary", Value::text("waits"));
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    let before = audited(&running.host, ChangeKind::Field).await;
    let kept = audited(&running.host, ChangeKind::CommentDeleted).await;
    let tracker = world.tracker("left");
    tracker.edit_silently(&left, "summary", Value::text("unseen by any feed"));
    until("an audit has found it", async || {
        world.text(&right, "summary") == "unseen by any feed"
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    assert_eq!(
        (
            audited(&running.host, ChangeKind::Field).await,
            audited(&running.host, ChangeKind::CommentDeleted).await
        ),
        (before, kept),
        "what waits is not accounted for"
    );
    running
        .host
        .resume_node(&"paused".into(), "ada")
        .await
        .unwrap();
    until("it is accounted for", async || {
        audited(&running.host, ChangeKind::CommentDeleted).await > kept
    })
    .await;
    running.stop().await;
}

/// What a sweep was to read wide is read wide, though another one stood in the middle when its turn came.
#[tokio::test(start_paused = true)]
async fn a_wide_sweep_follows_one_that_stands_in_the_middle() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.overlap = Duration::from_secs(20);
    world.sweep.resweep = Duration::from_secs(600);
    world.sweep.audit = Duration::from_secs(86_400);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let tracker = world.tracker("left");
    tracker.edit(&left, "summary", Value::text("listed late"));
    let late = world.env.now().plus(Duration::from_secs(60));
    let listed = |state: &mut State| state.feed.listed_from.insert(left.id.clone(), late);
    listed(&mut tracker.state());
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(world.text(&right, "summary"), "x", "no overlap reaches it");
    // A sweep of two pages comes to the second one only after the wide one's turn.
    tracker.state().feed.page = 1;
    for summary in ["y", "z"] {
        tracker.make(&[("summary", Value::text(summary))]);
    }
    tracker.fault(On::Changes, Fault::Pass);
    for _ in 0..1_000 {
        tracker.fault(On::Changes, Fault::Retry(None));
    }
    tokio::time::sleep(world.sweep.resweep).await;
    tracker.state().faults.clear();
    tokio::time::sleep(Duration::from_secs(120)).await;
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "listed late");
    running.stop().await;
}

/// A page that is there, and cannot be read, is asked for again as it is.
#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_read_does_not_make_the_sweep_begin_again() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    let running = world.start(&[contract("c", "left", "right")]).await;
    running.quiet().await;
    let tracker = world.tracker("left");
    tracker.state().feed.page = 1;
    for summary in ["x", "y"] {
        tracker.make(&[("summary", Value::text(summary))]);
    }
    tracker.fault(On::Changes, Fault::Pass);
    for _ in 0..1_000 {
        tracker.fault(On::Changes, Fault::Unreadable);
    }
    let hour = Duration::from_secs(3_600);
    tokio::time::sleep(hour).await;
    let asked = 1_001 - tracker.state().faults[&On::Changes].len();
    assert!((300..=400).contains(&asked), "{asked} pages in an hour");
    tracker.state().faults.clear();
    until("both have entered", async || {
        running.twins().await.len() == 2
    })
    .await;
    running.stop().await;
}
