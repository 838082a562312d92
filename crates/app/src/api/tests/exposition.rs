//! `/metrics`: the text form that Prometheus reads, and every series that the documents name.

use super::*;
use std::collections::BTreeSet;

/// What is wrong with an exposition in OpenMetrics' text form; answers its families by type.
fn families(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut families = BTreeMap::new();
    let mut current = String::new();
    let mut seen = BTreeSet::new();
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("it does not end with # EOF")?;
    for line in body.lines() {
        let fail = |why: &str| Err(format!("{why}: {line}"));
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (word, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            if !matches!(word, "TYPE" | "HELP" | "UNIT") || words.next().is_none() {
                return fail("no such comment");
            }
            if word == "TYPE"
                && families
                    .insert(name.to_owned(), rest.rsplit(' ').next().unwrap().to_owned())
                    .is_some()
            {
                return fail("a family twice");
            }
            if word == "UNIT" && !name.ends_with("seconds") {
                return fail("the name lacks its unit");
            }
            current = name.to_owned();
            continue;
        }
        let Some((series, value)) = line.rsplit_once(' ') else {
            return fail("no value");
        };
        let name = series.split('{').next().unwrap();
        let suffix = name.strip_prefix(current.as_str()).unwrap_or("?");
        let fits = match families.get(&current).map(String::as_str) {
            Some("counter") => suffix == "_total",
            Some("gauge") => suffix.is_empty(),
            Some("histogram") => matches!(suffix, "_bucket" | "_sum" | "_count"),
            _ => false,
        };
        if !fits {
            return fail("not of the family above it");
        }
        if value.parse::<f64>().is_err() || !seen.insert(series.to_owned()) {
            return fail("no number, or twice");
        }
    }
    Ok(families)
}

#[tokio::test]
async fn the_exposition_is_valid_and_complete() {
    let served = served().await;
    let answer = served.get("/metrics").await;
    assert!(
        answer
            .content
            .starts_with("application/openmetrics-text; version=1.0.0"),
        "{}",
        answer.content
    );
    let text = String::from_utf8(answer.body).unwrap();
    let families = families(&text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    assert_eq!(families["twinline_host_dirty"], "gauge");
    assert_eq!(families["twinline_host_room_wait_seconds"], "gauge");
    assert_eq!(families["twinline_host_latency_seconds"], "histogram");
    assert_eq!(families["twinline_host_trace_spans_dropped"], "counter");
    for (name, _) in served.host.metrics().counters() {
        assert_eq!(families[&format!("twinline_host_{name}")], "counter");
    }
    let buckets = text
        .lines()
        .filter(|line| line.starts_with("twinline_host_latency_seconds_bucket"));
    let counts: Vec<u64> = buckets
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(counts.is_sorted() && counts.len() > 2, "{counts:?}");
    assert!(text.contains("_bucket{le=\"+Inf\"}"));
}

#[test]
fn the_judge_of_expositions_finds_what_is_wrong() {
    let cases = [
        ("# TYPE a counter\na 1\n# EOF\n", "not of the family"),
        ("# TYPE a gauge\na 1\n", "# EOF"),
        ("# TYPE a gauge\na x\n# EOF\n", "no number"),
        ("# TYPE a gauge\na 1\na 1\n# EOF\n", "twice"),
        ("b 1\n# EOF\n", "not of the family"),
    ];
    for (text, expected) in cases {
        let fault = families(text).unwrap_err();
        assert!(fault.contains(expected), "{text}: {fault}");
    }
}
