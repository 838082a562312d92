use super::*;
use serde_json::{Value, json};

/// A call as Alertmanager 0.25 sends it, with these alerts.
fn call(alerts: &Value) -> Vec<u8> {
    let call = json!({
        "receiver": "twinline", "status": "firing", "version": "4", "truncatedAlerts": 2,
        "groupKey": "{}:{alertname=\"HostDown\"}", "groupLabels": { "alertname": "HostDown" },
        "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://127.0.0.1:9093",
        "alerts": alerts,
    });
    call.to_string().into_bytes()
}

fn alert(status: &str, labels: &Value, annotations: &Value) -> Value {
    json!({
        "status": status, "labels": labels, "annotations": annotations,
        "startsAt": "2026-11-07T21:00:00.5Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up+%3D%3D+0", "fingerprint": "c6eadffa33fcdf37",
    })
}

fn check(status: &str, labels: &Value, annotations: &Value, subject: &str, state: State) {
    let heard = read(&call(&json!([alert(status, labels, annotations)]))).unwrap();
    let expected = Signal {
        source: "alertmanager/c6eadffa33fcdf37".to_owned(),
        subject: subject.parse().unwrap(),
        state,
    };
    assert_eq!(heard.signals, [expected]);
    assert_eq!(heard.left_out, 2);
}

fn failing(severity: Severity, implicates: &[&str], summary: &str) -> State {
    State::Failing {
        severity,
        implicates: implicates.iter().map(|it| it.parse().unwrap()).collect(),
        summary: summary.to_owned(),
    }
}

#[test]
fn an_alert_of_ours_says_what_it_is_about() {
    let labels = json!({ "alertname": "HostDown", "severity": "critical", "element": "host:m1" });
    let annotations =
        json!({ "summary": "m1 is\nsilent", "implicates": "machine:m1, disk:m1 nonsense" });
    let expected = failing(
        Severity::Critical,
        &["machine:m1", "disk:m1"],
        "m1 is silent",
    );
    check("firing", &labels, &annotations, "host:m1", expected);
    check("resolved", &labels, &annotations, "host:m1", State::Passing);
}

#[test]
fn an_alert_of_anything_is_an_element_of_its_own() {
    let expected = failing(Severity::Warning, &[], "the queue is long");
    let (labels, annotations) = (
        json!({ "alertname": "QueueLong" }),
        json!({ "description": "the queue is long" }),
    );
    let subject = "alert:QueueLong/c6eadffa33fcdf37";
    check("firing", &labels, &annotations, subject, expected);
    let labels = json!({ "alertname": "QueueLong", "severity": "info" });
    let expected = failing(Severity::Info, &[], "QueueLong");
    check("firing", &labels, &json!({}), subject, expected);
}

#[test]
fn a_label_that_names_no_element_loses_no_alert() {
    let labels = json!({ "alertname": "A", "severity": "page", "element": "planet:mars" });
    let heard = read(&call(&json!([alert("firing", &labels, &json!({}))]))).unwrap();
    assert_eq!(
        heard.signals[0].subject.to_string(),
        "alert:A/c6eadffa33fcdf37"
    );
    let State::Failing {
        summary, severity, ..
    } = &heard.signals[0].state
    else {
        panic!("{heard:?}");
    };
    assert!(
        summary.contains("'planet' is no kind of element"),
        "{summary}"
    );
    assert_eq!(*severity, Severity::Critical);
}

#[test]
fn without_a_fingerprint_the_labels_are_what_it_is_known_by() {
    let source = |name: &str| {
        let alert = json!({ "status": "firing", "labels": { "alertname": name } });
        read(&call(&json!([alert]))).unwrap().signals[0]
            .source
            .clone()
    };
    assert_eq!(source("a"), source("a"));
    assert_ne!(source("a"), source("b"));
}

#[test]
fn what_cannot_be_read_is_told() {
    let refused = |body: &[u8]| read(body).unwrap_err().to_string();
    assert!(refused(b"{}").contains("version"));
    assert!(refused(br#"{"version":"4","alerts":[{"status":"odd","labels":{}}]}"#).contains("odd"));
    assert!(refused(br#"{"version":"5","alerts":[]}"#).contains("version '5'"));
    let many = vec![json!({ "status": "firing", "labels": {} }); ALERTS_MAX + 1];
    assert!(refused(&call(&json!(many))).contains("max_alerts"));
}
