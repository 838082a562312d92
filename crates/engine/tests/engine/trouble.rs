//! What goes wrong stays where it goes wrong.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{World, until};
use std::time::Duration;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
use twinline_engine::NodeState;
use twinline_engine::ops::Target;
use twinline_store::host::TwinState;

#[tokio::test(start_paused = true)]
async fn a_node_that_limits_us_delays_no_other_node() {
    let world = World::new(&["a", "slow", "b", "quick"]);
    let running = world
        .start(&[contract("s", "a", "slow"), contract("q", "b", "quick")])
        .await;
    for _ in 0..5 {
        world
            .tracker("slow")
            .fault(On::Apply, Fault::Retry(Some(Duration::from_secs(60))));
    }
    world.make("a", "waits");
    let began = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    for n in 0..50 {
        world.make("b", &format!("{n}"));
    }
    until("all of b", || async {
        world.tracker("quick").state().items.len() == 50
    })
    .await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(world.tracker("slow").state().items.len(), 0);
    running.quiet().await;
    assert_eq!(world.tracker("slow").state().items.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_pause_the_node_until_they_work() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.tracker("right").fault(On::Apply, Fault::Credentials);
    world.make("left", "x");
    until("the sentence shows", || async {
        let status = running.host.status().await.unwrap();
        status.nodes.iter().any(|node| matches!(&node.state, NodeState::Credentials { sentence } if sentence.contains("expired")))
    })
    .await;
    running.quiet().await;
    assert_eq!(world.tracker("right").state().items.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_a_rule_error_hold_back_one_twin_each_and_are_released() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world
        .tracker("right")
        .fault(On::Apply, Fault::Refused("summary is too rude"));
    world.make("left", "rude");
    running.quiet().await;
    world.make("left", "reject me");
    world.make("left", "fine");
    running.quiet().await;
    assert_eq!(
        world.tracker("right").state().items.len(),
        1,
        "the others go on"
    );
    let errors = running.host.errors().await.unwrap();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    let refused = errors
        .iter()
        .find(|group| group.sentence.contains("too rude"))
        .unwrap();
    let target = Target::Group {
        connection: "c".into(),
        cause: refused.cause.clone(),
    };
    assert_eq!(running.host.retry(&target, "ada").await.unwrap(), 1);
    running.quiet().await;
    assert_eq!(world.tracker("right").state().items.len(), 2);
    running.stop().await;
}

/// One item's answer stays bad: so many tries, and then its twin waits for a person, while its neighbours go on.
async fn stays_unreadable(place: &'static str, reason: &'static str) {
    const TRIES: u32 = 13;
    let mut world = World::new(&["left", "right"]);
    world.settings.backoff_max = Duration::from_secs(10);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let [bad, good] = ["bad", "good"].map(|summary| world.make("left", summary));
    running.quiet().await;
    let twins = running.twins().await;
    let mirror = |item: &ItemId| {
        let twin = twins
            .iter()
            .find(|twin| twin.ids.left.as_ref() == Some(&item.id));
        twin.and_then(|twin| twin.item(Side::Right))
            .expect("a twin")
    };
    let shown = |item: &ItemId| world.text(&mirror(item), "summary");
    let held_back = async || {
        let states = running.states().await.into_iter();
        let held: Vec<String> = states
            .filter_map(|state| match state {
                TwinState::Quarantined { sentence, .. } => Some(sentence),
                _ => None,
            })
            .collect();
        held
    };
    let left = world.tracker("left");
    left.state()
        .unreadable
        .insert(bad.id.clone(), (place, reason));
    world.edit(&bad, "summary", Value::text("edited"));
    world.edit(&good, "summary", Value::text("goes on"));
    until("the neighbour's edit", async || shown(&good) == "goes on").await;
    assert_eq!(held_back().await, Vec::<String>::new(), "it may pass");
    until("it is given up", async || !held_back().await.is_empty()).await;
    let sentence = format!(
        "given up after many attempts: memory answered something unreadable at {place}: {reason}"
    );
    assert_eq!(held_back().await, std::slice::from_ref(&sentence));
    assert_eq!(left.state().unread, TRIES);
    running.quiet().await;
    world.edit(&good, "summary", Value::text("and on"));
    running.quiet().await;
    assert_eq!(
        (shown(&good), shown(&bad)),
        ("and on".to_owned(), "bad".to_owned())
    );
    assert_eq!(left.state().unread, TRIES, "it is left alone");

    left.state().unreadable.clear();
    let errors = running.host.errors().await.unwrap();
    let [group] = errors.as_slice() else {
        panic!("{errors:#?}");
    };
    assert_eq!((group.twins, &group.sentence), (1, &sentence));
    let target = Target::Group {
        connection: "c".into(),
        cause: group.cause.clone(),
    };
    assert_eq!(running.host.retry(&target, "ada").await.unwrap(), 1);
    running.quiet().await;
    assert_eq!(shown(&bad), "edited");
    assert!(running.host.errors().await.unwrap().is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_stays_unreadable_holds_back_its_twin_alone_until_a_person_retries() {
    stays_unreadable("GET /items/1", "text/html (812 bytes) instead of JSON").await;
    stays_unreadable("GET /items/1 at .fields", "missing field `summary`").await;
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_answer_stays_over_the_limit_holds_back_its_twin_alone() {
    stays_unreadable("GET /items/1", "the answer is longer than 33554432 bytes").await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_job_holds_back_its_twin_and_nothing_else() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.tracker("right").fault(On::Apply, Fault::Panic);
    world.make("left", "unlucky");
    world.make("left", "lucky");
    until("one twin", || async {
        world.tracker("right").state().items.len() == 1
    })
    .await;
    until("one is held back", || async {
        let states = running.states().await;
        states.iter().any(|state| matches!(state, TwinState::Quarantined { sentence, .. } if sentence.contains("on purpose")))
    })
    .await;
    assert_eq!(running.host.metrics().panics.get(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_fetched_again_and_never_believed() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "old");
    running.quiet().await;
    let stale = world.tracker("left").item(&item);
    world.edit(&item, "summary", Value::text("new"));
    running.quiet().await;
    world.tracker("left").state().stale.push_back(stale);
    world.announce(&item);
    running.quiet().await;
    assert_eq!(running.host.metrics().stale.get(), 1);
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("new"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_breaker_holds_a_connection_until_a_person_releases_it() {
    let world = World::new(&["left", "right"]);
    let mut careful = contract("c", "left", "right");
    careful.max_writes_per_10min = 10;
    let running = world.start(&[careful]).await;
    for n in 0..30 {
        world.make("left", &format!("{n}"));
    }
    until("held", || async {
        running.host.status().await.unwrap().connections[0]
            .held
            .is_some()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.tracker("right").state().items.len(), 10);
    for expected in [20, 30] {
        running
            .host
            .release_connection(&"c".into(), "ada")
            .await
            .unwrap();
        until("ten more", || async {
            world.tracker("right").state().items.len() == expected
        })
        .await;
    }
    running.quiet().await;
    running.stop().await;
}
