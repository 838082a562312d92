use super::*;
use crate::channel::page::{Digest, Event, Severity};
use crate::channel::tests::{digest, incident, matter, page};

const LINK: &str = " Ack: https://status.acme.example/ack/t0ken";

fn said(headline: &str) -> String {
    let matter = matter("inc-12", Severity::Critical, headline);
    let event = Event::Opened;
    of(&page(Content::Incident { event, matter }))
}

/// The text begins and ends so, and fits: in septets, or where a character is in no GSM alphabet in units of UTF-16.
fn check(text: &str, begins: &str, ends: &str, gsm: bool) {
    assert!(text.starts_with(begins), "{text}");
    assert!(text.ends_with(ends), "{text}");
    let septets = text.chars().map(cost).sum::<Option<usize>>();
    assert_eq!(septets.is_some(), gsm, "{text}");
    let (length, room) = match septets {
        Some(septets) => (septets, 459),
        None => (text.encode_utf16().count(), 201),
    };
    assert!(length <= room, "{length} > {room}: {text}");
}

#[test]
fn the_gravest_comes_first_and_the_link_is_whole() {
    let check_page = |page: &Page, begins: &str| check(&of(page), begins, LINK, true);
    check_page(
        &incident(Event::Opened),
        "CRITICAL acme: commits fail (database:central). 2 affected: jira, github Ack:",
    );
    check_page(
        &digest(),
        "CRITICAL acme: commits fail (database:central) and 2 more. warning: a certificate ends; info: a sweep is late Ack:",
    );
    let many = (0..500).map(|n| matter(&n.to_string(), Severity::Warning, "something is late"));
    let many = Digest::new(many.collect()).unwrap();
    check_page(
        &page(Content::Digest(many)),
        "WARNING acme: something is late (database:central) and 499 more. warning: ",
    );
    check(
        &of(&page(Content::Proof)),
        "TEST acme: please acknowledge",
        LINK,
        true,
    );
}

#[test]
fn long_texts_are_cut_before_the_link_in_any_alphabet() {
    let cut = format!("...{LINK}");
    check(&said(&"a".repeat(1000)), "CRITICAL acme: aaa", &cut, true);
    check(&said(&"{".repeat(1000)), "CRITICAL acme: {{{", &cut, true);
    check(&said(&"я".repeat(1000)), "CRITICAL acme: яяя", &cut, false);
    check(
        &said(&"😀".repeat(1000)),
        "CRITICAL acme: 😀😀",
        &cut,
        false,
    );
    // Characters that only look better do not halve the room.
    check(
        &said("commits “fail” – it’s down…"),
        "CRITICAL acme: commits \"fail\" - it's down...",
        LINK,
        true,
    );
}

#[test]
fn a_link_that_leaves_no_room_is_left_out_whole() {
    let mut page = incident(Event::Opened);
    let long = format!("https://status.acme.example/{}", "x".repeat(420));
    page.acknowledge = Some(long.parse().unwrap());
    let text = of(&page);
    assert!(!text.contains("https"), "{text}");
    assert!(text.starts_with("CRITICAL acme: commits fail"), "{text}");
}
