//! Two watches that find the same: who answers one of them is called by neither.

use super::world::*;
use crate::driver::{Acknowledged, Deed, Setup, Shown, Standing};
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::signal::Severity;

fn of(machine: &str) -> Setup {
    Setup {
        machine: machine.to_owned(),
        // Nobody answers there: the next page is tried at once, and again.
        ..setup(Vec::new(), &["chat:ops"])
    }
}

async fn found(world: &World, subject: &str, standing: &Standing) -> Shown {
    until(&format!("{subject} {standing:?}"), async || {
        world.passes(1).await;
        let mut all = world.overview().await.incidents.into_iter();
        all.find(|it| it.element == element(subject) && it.standing == *standing)
    })
    .await
}

async fn acknowledge(world: &World, incident: &Shown) {
    let deed = Deed::Acknowledge {
        incident: incident.incident,
        by: "ada".to_owned(),
    };
    world.handle.perform(deed).await.unwrap();
}

/// One watch tells another what was acknowledged at it.
async fn tells(from: (&World, &str), to: &World) {
    let there = from.0.handle.acknowledged().await.unwrap();
    assert!(to.handle.acknowledged_at(from.1, there).await);
}

#[tokio::test]
async fn who_answers_one_watch_is_called_by_neither_and_nothing_goes_round() {
    let (m1, m2) = (World::start(of("m1")).await, World::start(of("m2")).await);
    // Its numbers are others.
    m2.signal("host:h9", true).await;
    found(&m2, "host:h9", &Standing::Open).await;
    for world in [&m1, &m2] {
        world.signal("edge:m1", true).await;
        found(world, "edge:m1", &Standing::Open).await;
    }
    tells((&m1, "m1"), &m2).await;
    let open = found(&m2, "edge:m1", &Standing::Open).await;
    assert_eq!(open.acknowledged_by, None, "nobody is on it yet");

    let at_m1 = found(&m1, "edge:m1", &Standing::Open).await;
    acknowledge(&m1, &at_m1).await;
    tells((&m1, "m1"), &m2).await;
    let at_m2 = found(&m2, "edge:m1", &Standing::Open).await;
    assert_eq!(at_m2.acknowledged_by.as_deref(), Some("ada"));
    assert_eq!(at_m2.acknowledged_with.as_deref(), Some("m1"));
    assert_eq!(at_m2.next_page_at, None, "nobody is called for it");
    let other = found(&m2, "host:h9", &Standing::Open).await;
    assert_eq!(other.acknowledged_by, None, "it is about another matter");
    let detail = m2.handle.detail(at_m2.incident).await.unwrap();
    let text = "ada acknowledged it at m1's watch";
    assert!(
        detail.journal.iter().any(|it| it.text == text),
        "{detail:?}"
    );
    assert_eq!(m2.handle.acknowledged().await.unwrap(), []);

    // It comes back: whoever answered before is called again, until there is another answer.
    m2.signal("edge:m1", false).await;
    found(&m2, "edge:m1", &Standing::Recovered).await;
    m2.signal("edge:m1", true).await;
    tells((&m1, "m1"), &m2).await;
    let again = found(&m2, "edge:m1", &Standing::Open).await;
    assert_eq!((again.acknowledged_by, again.reopened), (None, 1));
    m1.passes(1).await;
    acknowledge(&m1, &at_m1).await;
    tells((&m1, "m1"), &m2).await;
    let again = found(&m2, "edge:m1", &Standing::Open).await;
    assert_eq!(again.acknowledged_by.as_deref(), Some("ada"));
    for world in [m1, m2] {
        drop(world.end().await);
    }
}

#[tokio::test]
async fn an_answer_of_a_stranger_or_to_something_less_bad_is_none() {
    let world = World::start(of("m2")).await;
    world.signal("edge:m1", true).await;
    let open = found(&world, "edge:m1", &Standing::Open).await;
    let there = |by: &str, severity| Acknowledged {
        element: element("edge:m1"),
        severity,
        by: by.to_owned(),
        at: open.opened_at,
        opened: None,
    };
    for wrong in [
        there("bo", Severity::Critical),
        there("ada", Severity::Warning),
    ] {
        assert!(world.handle.acknowledged_at("m1", vec![wrong]).await);
        let still = found(&world, "edge:m1", &Standing::Open).await;
        assert_eq!(still.acknowledged_by, None);
    }
    drop(world.end().await);
}

#[tokio::test]
async fn what_two_watches_say_one_after_the_other_is_each_taken_over_once() {
    let world = World::start(of("m3")).await;
    world.signal("edge:m1", true).await;
    let open = found(&world, "edge:m1", &Standing::Open).await;
    let there = || {
        vec![Acknowledged {
            element: element("edge:m1"),
            severity: Severity::Critical,
            by: "ada".to_owned(),
            at: open.opened_at,
            opened: None,
        }]
    };
    let acknowledged = async || {
        let open = found(&world, "edge:m1", &Standing::Open).await;
        open.acknowledged_with
    };
    let comes_back = async || {
        for (failing, standing) in [(false, Standing::Recovered), (true, Standing::Open)] {
            world.signal("edge:m1", failing).await;
            found(&world, "edge:m1", &standing).await;
        }
    };
    for machine in ["m1", "m2"] {
        assert!(world.handle.acknowledged_at(machine, there()).await);
        assert_eq!(acknowledged().await.as_deref(), Some(machine));
        // It comes back: what was taken over of either is no answer any more.
        comes_back().await;
        for known in ["m1", "m2"].into_iter().take_while(|it| *it <= machine) {
            assert!(world.handle.acknowledged_at(known, there()).await);
            assert_eq!(acknowledged().await, None, "{known}");
        }
    }
    drop(world.end().await);
}

const DAY_S: u64 = 86_400;

/// Whether an answer is taken over. So many seconds before something began to fail here it was given, and began to fail
/// there; `None`: that is not said.
async fn check_age(given_s: u64, opened_s: Option<u64>, taken: bool) {
    let world = World::start(of("m3")).await;
    world.signal("host:m2", true).await;
    let open = found(&world, "host:m2", &Standing::Open).await;
    let before = |seconds| open.opened_at.minus(Duration::from_secs(seconds));
    let there = Acknowledged {
        element: element("host:m2"),
        severity: Severity::Critical,
        by: "ada".to_owned(),
        at: before(given_s),
        opened: opened_s.map(before),
    };
    assert!(world.handle.acknowledged_at("m1", vec![there]).await);
    let still = found(&world, "host:m2", &Standing::Open).await;
    let by = still.acknowledged_by.as_deref();
    assert_eq!(by, taken.then_some("ada"), "{given_s} s, {opened_s:?}");
    drop(world.end().await);
}

#[tokio::test]
async fn an_answer_to_what_failed_before_is_none_to_what_fails_now() {
    // That machine is cut off since yesterday, and somebody has answered its watch then, or a minute ago.
    check_age(DAY_S, Some(DAY_S), false).await;
    check_age(60, Some(DAY_S), false).await;
    check_age(DAY_S, None, false).await;
    // Who answers it now hears of both.
    check_age(0, Some(DAY_S), true).await;
    // It was found there a little earlier, or its clock is behind.
    check_age(60, Some(90), true).await;
    check_age(60, None, true).await;
}

#[test]
fn an_earlier_version_does_not_say_since_when_it_is_open() {
    let there = Acknowledged {
        element: element("host:m2"),
        severity: Severity::Critical,
        by: "ada".to_owned(),
        at: Timestamp::from_millis(7),
        opened: None,
    };
    let told = serde_json::to_value(&there).unwrap();
    assert_eq!(told.get("opened"), None);
    let heard: Acknowledged = serde_json::from_value(told).unwrap();
    assert_eq!(heard, there);
}
