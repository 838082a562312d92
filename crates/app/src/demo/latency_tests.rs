use super::*;

fn row(effect: &str, field: &str, ms: Option<u64>) -> Json {
    let entry = json!({ "effect": effect, "field": field, "latency_ms": ms, "attempt": 1 });
    json!({ "seq": 1, "key": "APP-1", "entry": entry })
}

fn read(rows: &[Json]) -> Latencies {
    let mut latencies = Latencies::default();
    for row in rows {
        latencies.take(row);
    }
    latencies
}

#[test]
fn the_fields_of_one_write_are_one_crossing() {
    let latencies = read(&[
        row("a", "summary", Some(10)),
        row("a", "labels", Some(30)),
        row("b", "summary", Some(20)),
        row("c", "summary", None),
    ]);
    assert_eq!(latencies.count(), 2);
    assert_eq!(latencies.percentile(50), Some(20));
    assert_eq!(latencies.percentile(100), Some(30));
    let slowest = latencies.slowest().expect("there is one");
    assert_eq!(slowest["ms"], 30);
    assert_eq!(slowest["fields"], json!(["labels", "summary"]));
}

#[test]
fn nothing_has_no_percentile() {
    assert_eq!(read(&[]).percentile(99), None);
    assert_eq!(read(&[]).slowest(), None);
}
