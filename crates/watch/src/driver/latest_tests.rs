use super::*;
use twinline_core::watch::signal::State;

fn heard(source: &str, at: Option<i64>) -> Heard {
    Heard {
        signal: Signal {
            source: source.to_owned(),
            subject: "host:m1".parse().unwrap(),
            state: State::Passing,
        },
        at: at.map(Timestamp::from_millis),
    }
}

/// Whether each word is news, one after the other.
fn check(latest: &mut Latest, said: &[(&str, Option<i64>, bool)]) {
    for (source, at, is_news) in said {
        let news = latest.news(vec![heard(source, *at)]);
        assert_eq!(!news.is_empty(), *is_news, "{source} {at:?}");
    }
}

#[test]
fn an_older_word_of_the_same_source_is_no_news() {
    let mut latest = Latest::default();
    check(
        &mut latest,
        &[
            ("a", Some(5), true),
            ("a", Some(5), true),
            ("a", Some(4), false),
            ("b", Some(4), true),
            ("a", None, true),
            ("a", Some(6), true),
            ("a", Some(5), false),
        ],
    );
    let mut other = Latest::default();
    check(&mut other, &[("a", Some(7), true), ("c", Some(1), true)]);
    latest.take_over(other);
    check(&mut latest, &[("a", Some(6), false), ("b", Some(4), true)]);
}

#[test]
fn as_many_sources_are_kept_as_there_may_be() {
    let mut latest = Latest::default();
    let all = (0..SOURCES_MAX + 10).map(|it| heard(&format!("s{it}"), i64::try_from(it).ok()));
    assert_eq!(latest.news(all.collect()).len(), SOURCES_MAX + 10);
    assert_eq!(latest.0.len(), SOURCES_MAX);
    assert!(!latest.0.contains_key("s9") && latest.0.contains_key("s10"));
}
