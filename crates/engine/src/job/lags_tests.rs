//! How many looks follow, of how many twins.

use super::*;

fn check(lags: &Lags, link: &str, left_out: &[bool], follows: &[bool]) {
    let told: Vec<bool> = left_out
        .iter()
        .map(|left_out| lags.follow(&link.into(), *left_out, at(0)))
        .collect();
    assert_eq!(told, follows, "{left_out:?}");
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

#[test]
fn looks_follow_until_there_were_enough_or_nothing_is_left_out() {
    let lags = Lags::default();
    check(
        &lags,
        "a",
        &[true; 6],
        &[true, true, true, true, true, false],
    );
    // A later sign begins anew.
    check(&lags, "a", &[true, false, true], &[true, false, true]);
    check(&lags, "b", &[false; 2], &[false; 2]);
}

/// Twins that end before their look comes keep no room for ever.
#[test]
fn looks_that_never_came_are_forgotten_where_there_is_no_room() {
    let lags = Lags::default();
    let follow = |link: usize, seconds| {
        let link = LinkId::new(format!("{link}"));
        lags.follow(&link, true, at(seconds))
    };
    assert!((0..TWINS_MAX).all(|link| follow(link, 0)));
    assert!(!follow(TWINS_MAX, 3_599), "no room");
    assert!(follow(0, 3_599), "one that is counted goes on");
    assert!(follow(TWINS_MAX, 3_600));
    assert_eq!(lags.lock().len(), 2);
}
