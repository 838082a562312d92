use super::*;
use serde_json::json;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-30T21:00:00Z").unwrap()
}

fn heard(call: &Json) -> Vec<Heard> {
    read(call.to_string().as_bytes(), now()).unwrap()
}

/// A signal that says all it must, with these members exchanged or added.
fn signal(members: &Json) -> Json {
    let mut signal = json!({
        "source": "nagios", "subject": "disk:m1", "state": "firing", "summary": "96 % full",
    });
    let said = signal.as_object_mut().unwrap();
    said.extend(members.as_object().unwrap().clone());
    signal
}

fn check(members: &Json, source: &str, state: State) {
    let expected = Heard {
        signal: Signal {
            source: source.to_owned(),
            subject: "disk:m1".parse().unwrap(),
            state,
        },
        at: None,
    };
    assert_eq!(heard(&signal(members)), [expected]);
}

fn failing(severity: Severity, implicates: &[&str], summary: &str) -> State {
    State::Failing {
        severity,
        implicates: implicates.iter().map(|it| it.parse().unwrap()).collect(),
        summary: summary.to_owned(),
    }
}

/// What is said to be wrong, and where.
fn check_wrong(call: &Json, expected: &[(&str, &str)]) {
    let refused = read(call.to_string().as_bytes(), now()).unwrap_err();
    let Unreadable::Wrong(wrong) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
    for (wrong, (pointer, says)) in wrong.iter().zip(expected) {
        assert_eq!(wrong.pointer, *pointer);
        assert!(wrong.detail.contains(says), "{wrong:?}");
    }
}

#[test]
fn a_signal_is_known_by_its_source_and_its_id_or_subject() {
    let expected = failing(Severity::Warning, &[], "96 % full");
    check(&json!({}), "signals/nagios/disk:m1", expected.clone());
    check(&json!({ "id": "7" }), "signals/nagios/7", expected);
    let resolved = json!({ "state": "resolved", "summary": null });
    check(&resolved, "signals/nagios/disk:m1", State::Passing);
}

#[test]
fn all_that_it_says_is_heard() {
    let members = json!({
        "severity": "critical", "summary": " full\nagain ", "url": "https://nagios.example/d/7",
        "implicates": ["machine:m1", "host:m1"],
    });
    let expected = failing(
        Severity::Critical,
        &["machine:m1", "host:m1"],
        "full again (https://nagios.example/d/7)",
    );
    check(&members, "signals/nagios/disk:m1", expected);
    let long = json!({ "severity": "info", "summary": "x".repeat(1000) });
    let expected = failing(Severity::Info, &[], &"x".repeat(SUMMARY_MAX_CHARS));
    check(&long, "signals/nagios/disk:m1", expected);
    let at = heard(&signal(&json!({ "at": "2026-11-30T22:30:00+02:00" })));
    assert_eq!(at[0].at, Some(now().minus(Duration::from_secs(1800))));
}

#[test]
fn several_come_in_one_call_in_their_order() {
    let other = json!({ "subject": "alert:backup", "state": "resolved" });
    let all = heard(&json!([signal(&json!({})), signal(&other)]));
    let subjects: Vec<String> = all.iter().map(|it| it.signal.subject.to_string()).collect();
    assert_eq!(subjects, ["disk:m1", "alert:backup"]);
    assert_eq!(heard(&json!([])), []);
}

#[test]
fn what_is_wrong_is_named() {
    for (members, pointer, says) in [
        (json!({ "source": "" }), "#/source", "is empty"),
        (
            json!({ "source": "x".repeat(101) }),
            "#/source",
            "more than 100",
        ),
        (json!({ "subject": "disk" }), "#/subject", "kind:name"),
        (
            json!({ "subject": "planet:mars" }),
            "#/subject",
            "is no kind of element",
        ),
        (
            json!({ "state": "odd" }),
            "#/state",
            "'firing' or 'resolved'",
        ),
        (json!({ "summary": null }), "#/summary", "is missing"),
        (
            json!({ "severity": "page" }),
            "#/severity",
            "'critical', 'warning' or 'info'",
        ),
        (json!({ "severity": 1 }), "#/severity", "is no text"),
        (json!({ "implicates": "m1" }), "#/implicates", "no array"),
        (
            json!({ "implicates": ["host:m1", "m1"] }),
            "#/implicates/1",
            "kind:name",
        ),
        (json!({ "url": "ftp://x/" }), "#/url", "https://"),
        (json!({ "url": "https://a:b@x/" }), "#/url", "no password"),
        (json!({ "at": "yesterday" }), "#/at", "no instant"),
        (
            json!({ "at": "2026-12-24T00:00:00Z" }),
            "#/at",
            "an hour ahead",
        ),
        (json!({ "sevrity": "info" }), "#/sevrity", "is not known"),
    ] {
        check_wrong(&signal(&members), &[(pointer, says)]);
    }
    let all = json!([signal(&json!({})), 7, { "source": "a", "state": "resolved" }]);
    check_wrong(&all, &[("#/1", "no object"), ("#/2/subject", "is missing")]);
}

#[test]
fn a_call_without_bounds_is_refused() {
    let refused = |body: &[u8]| read(body, now()).unwrap_err().to_string();
    assert!(refused(b"firing").contains("neither a signal nor an array"));
    assert!(refused(b"7").contains("single value"));
    let many = json!(vec![signal(&json!({})); SIGNALS_MAX + 1]);
    assert!(refused(many.to_string().as_bytes()).contains("at most 1000"));
    let wrong = json!(vec![json!({}); SIGNALS_MAX]);
    let Err(Unreadable::Wrong(wrong)) = read(wrong.to_string().as_bytes(), now()) else {
        panic!("it was taken");
    };
    assert_eq!(wrong.len(), WRONG_MAX);
}
