//! When people's words are a rally.

use super::*;

fn check(words: &str, expected: bool) {
    let titles = words.split_whitespace().map(|word| {
        let (place, at) = word.split_at(1);
        let place = if place == "g" {
            Place::Github
        } else {
            Place::Jira
        };
        let at = Duration::from_secs(at.parse().unwrap());
        (Timestamp::EPOCH.plus(at), place)
    });
    let titles: Vec<(Timestamp, Place)> = titles.collect();
    assert_eq!(is_rally(&titles), expected, "{words}");
}

#[test]
fn four_words_in_turn_are_a_rally() {
    check("g0 j9 g18 j27", true);
    check("g0 g1 j9 j10 g18 j27 j28", true);
}

#[test]
fn fewer_later_or_at_one_place_are_none() {
    check("", false);
    check("g0 j9 g18", false);
    check("g0 g1 g2 g3 g4", false);
    check("g0 j9 g18 j49", false);
    check("g0 j1 j2 j3 g4", false);
}
