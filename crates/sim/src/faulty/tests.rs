use super::*;
use crate::faults::Span;
use crate::github::{Github, GithubConfig, Limits};
use crate::inprocess::InProcess;
use crate::seeds;
use serde_json::json;

const ISSUES: &str = "http://github.sim/repos/acme/app/issues";

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_760_000_000_000 + millis)
}

pub(super) fn tracker(faults: Faults) -> Faulty {
    let config = GithubConfig {
        limits: Limits::none(),
        ..GithubConfig::default()
    };
    Faulty::new(Box::new(Github::new(config)), faults, 7)
}

pub(super) fn request(method: Method, address: &str, body: &serde_json::Value) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(address);
    let request = request.header("authorization", "Bearer github-token");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    request.body(Bytes::from(body)).unwrap()
}

pub(super) fn create(title: &str) -> Request<Bytes> {
    request(Method::POST, ISSUES, &json!({"title": title}))
}

pub(super) fn read(address: &str) -> Request<Bytes> {
    request(Method::GET, address, &serde_json::Value::Null)
}

pub(super) fn answered(outcome: Outcome) -> Response<Bytes> {
    match outcome {
        Outcome::Answer { response, .. } => response,
        Outcome::Silence { .. } => panic!("there was no answer"),
    }
}

/// With these faults a create gets an answer of this status (`None`: silence), and leaves this many items at once.
fn check_create(faults: Faults, status: Option<u16>, items: usize) {
    let mut tracker = tracker(faults);
    let status_seen = match tracker.decide(at(0), &create("x")) {
        Outcome::Answer { response, .. } => Some(response.status().as_u16()),
        Outcome::Silence { .. } => None,
    };
    assert_eq!(
        (status_seen, tracker.dump(at(0)).items.len()),
        (status, items)
    );
}

#[test]
fn each_fault_does_what_it_says_to_a_write() {
    let none = Faults::default;
    check_create(none(), Some(201), 1);
    check_create(
        Faults {
            throttle: 1.0,
            ..none()
        },
        Some(403),
        0,
    );
    check_create(
        Faults {
            timeout_after_effect: 1.0,
            ..none()
        },
        None,
        1,
    );
    check_create(
        Faults {
            late_write: 1.0,
            late_write_ms: Span(50, 50),
            ..none()
        },
        None,
        0,
    );
    let mut broken = tracker(Faults {
        server_error: 1.0,
        ..none()
    });
    let status = answered(broken.decide(at(0), &create("x"))).status();
    assert!(status.is_server_error() && broken.dump(at(0)).items.is_empty());
}

#[test]
fn a_late_write_lands_when_its_time_has_come() {
    let mut tracker = tracker(Faults {
        late_write: 1.0,
        late_write_ms: Span(50, 50),
        ..Faults::default()
    });
    assert!(matches!(
        tracker.decide(at(0), &create("late")),
        Outcome::Silence { .. }
    ));
    assert_eq!(tracker.next_due(), Some(at(50)));
    assert!(tracker.dump(at(49)).items.is_empty());
    let landed = tracker.dump(at(60));
    assert_eq!(landed.items[0].created, at(50).to_string());
    assert!(tracker.is_quiet());
}

#[test]
fn reads_can_be_stale_or_no_answer_of_the_tracker_at_all() {
    let one = &format!("{ISSUES}/1");
    let mut tracker = tracker(Faults {
        stale_read: 1.0,
        stale_read_ms: 1000,
        ..Faults::default()
    });
    answered(tracker.decide(at(0), &create("old")));
    let fresh = answered(tracker.decide(at(1), &read(one)));
    let edit = Command::edit("acme/app#1", "ana", "title", "new");
    tracker.command(at(2), edit).unwrap();
    assert_eq!(
        answered(tracker.decide(at(3), &read(one))).body(),
        fresh.body()
    );
    let later = answered(tracker.decide(at(5000), &read(one)));
    assert!(later.body().windows(5).any(|part| part == b"\"new\""));
    tracker.set_faults(Faults {
        html: 1.0,
        ..Faults::default()
    });
    let html = answered(tracker.decide(at(5001), &read(one)));
    assert_eq!(html.headers()["content-type"], "text/html; charset=utf-8");
    tracker.set_faults(Faults {
        oversize: 1.0,
        oversize_bytes: 5000,
        ..Faults::default()
    });
    assert!(answered(tracker.decide(at(5002), &read(one))).body().len() > 5000);
    assert_eq!(
        (
            tracker.counts().stale_reads,
            tracker.counts().html,
            tracker.counts().oversize
        ),
        (1, 1, 1)
    );
}

#[test]
fn the_trackers_clock_can_be_wrong() {
    let mut tracker = tracker(Faults {
        clock_skew_ms: -60_000,
        ..Faults::default()
    });
    answered(tracker.decide(at(0), &create("x")));
    assert_eq!(
        tracker.dump(at(0)).items[0].created,
        at(-60_000).to_string()
    );
}

/// With these faults, ten changes put this many webhooks on their way.
fn check_webhooks(faults: Faults, expected: usize) -> Vec<u64> {
    let mut tracker = tracker(faults);
    let register = Command::Webhook {
        url: "http://edge.local/hooks/gh".into(),
        secret: None,
    };
    tracker.command(at(0), register).unwrap();
    for n in 0..10 {
        answered(tracker.decide(at(n), &create("x")));
    }
    let sent = tracker.due_webhooks(at(10_000));
    assert_eq!(sent.len(), expected);
    assert!(tracker.is_quiet());
    sent.into_iter().map(|webhook| webhook.delivery).collect()
}

#[test]
fn webhooks_are_lost_doubled_and_reordered() {
    let ordered = check_webhooks(Faults::default(), 10);
    assert!(ordered.is_sorted());
    check_webhooks(
        Faults {
            webhook_lose: 1.0,
            ..Faults::default()
        },
        0,
    );
    check_webhooks(
        Faults {
            webhook_double: 1.0,
            ..Faults::default()
        },
        20,
    );
    let mixed = check_webhooks(
        Faults {
            webhook_reorder: 0.5,
            webhook_reorder_ms: 500,
            ..Faults::default()
        },
        10,
    );
    assert!(!mixed.is_sorted());
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let history = || {
        let mut tracker = tracker(Faults {
            late_write: 0.2,
            html: 0.1,
            ..Faults::demo()
        });
        seeds::seed_demo(&mut tracker, at(0), None, 10).unwrap();
        let outcomes: Vec<String> = (0..200)
            .map(|n| match n % 3 {
                0 => tracker.decide(at(n * 10), &create(&n.to_string())),
                _ => tracker.decide(at(n * 10), &read(ISSUES)),
            })
            .map(|outcome| format!("{outcome:?}"))
            .collect();
        (outcomes, tracker.dump(at(10_000)), tracker.counts())
    };
    let (first, second) = (history(), history());
    assert_eq!(first, second);
    assert!(first.2.late_writes > 0 && first.2.server_errors > 0 && first.2.throttled > 0);
}

#[test]
fn several_trackers_answer_in_process_each_at_its_origin() {
    let mut network = InProcess::default();
    network.add("http://one.sim", tracker(Faults::default()));
    network.add("http://two.sim", tracker(Faults::default()));
    let register = Command::Webhook {
        url: "http://edge.local/hooks/two".into(),
        secret: None,
    };
    network
        .tracker("http://two.sim")
        .unwrap()
        .command(at(0), register)
        .unwrap();
    let create = request(
        Method::POST,
        "http://two.sim/repos/acme/app/issues",
        &json!({"title": "x"}),
    );
    let made = answered(network.decide(at(1), &create).unwrap());
    assert_eq!(
        made.headers()["location"],
        "http://two.sim/repos/acme/app/issues/1"
    );
    let dumps = network.dumps(at(1));
    assert_eq!(
        (
            dumps["http://one.sim"].items.len(),
            dumps["http://two.sim"].items.len()
        ),
        (0, 1)
    );
    let sent = network.due_webhooks(at(1));
    assert_eq!(sent[0].origin, "http://two.sim");
    let how = Delivered::Answered {
        status: 202,
        millis: 1,
    };
    network.delivered(at(2), sent[0].clone(), &how).unwrap();
    assert_eq!(network.next_due(), None);
    assert!(
        network
            .decide(at(2), &read("http://three.sim/user"))
            .is_err()
    );
}
