//! Who is told what, and when.

mod addresses;
mod properties;

use super::*;
use crate::time::Timestamp;
use crate::watch::incident::{Impact, IncidentId};
use crate::watch::page::{
    Amendment, AutoOpen, Component, Event as PageEvent, Page, Shown, Stage, StatusPage,
};
use crate::watch::signal::Severity;
use std::collections::BTreeSet;
use std::time::Duration;

/// A page, its subscribers, and a clock.
struct Desk {
    status: StatusPage,
    page: Page,
    subscribers: Subscribers,
    settings: Settings,
    now: Timestamp,
}

fn address(name: &str) -> Address {
    format!("{name}@acme.example").parse().unwrap()
}

impl Desk {
    fn new() -> Self {
        let page = Page {
            components: vec![Component {
                name: "Webhooks".to_owned(),
                group: None,
                elements: vec!["edge".parse().unwrap()],
                worst: None,
                auto: true,
            }],
            auto_open: AutoOpen {
                after: Duration::from_secs(20),
                elements: vec!["edge".parse().unwrap()],
            },
            population: [("edge".parse().unwrap(), 2)].into(),
        };
        let mut desk = Self {
            status: StatusPage::default(),
            page,
            subscribers: Subscribers::default(),
            settings: Settings::default(),
            now: Timestamp::parse("2026-03-01T12:00:00Z").unwrap(),
        };
        desk.look();
        desk
    }

    fn apply(&mut self, event: Event<'_>) -> Vec<Effect> {
        self.subscribers.apply(event, self.now, &self.settings)
    }

    fn look(&mut self) -> Vec<Effect> {
        let status = self.status.clone();
        self.apply(Event::Page(&status))
    }

    fn join(&mut self, name: &str) -> Vec<Effect> {
        let address = address(name);
        self.apply(Event::Confirmed { address })
    }

    fn says(&mut self, event: PageEvent) -> Vec<Effect> {
        self.status.apply(event, self.now, &self.page);
        self.look()
    }

    fn fails(&mut self, incident: u64, element: &str) -> Vec<Effect> {
        let element = element.parse().unwrap();
        self.says(PageEvent::Incident(Shown {
            incident: IncidentId(incident),
            failing: [(Clone::clone(&element), Severity::Critical)].into(),
            element,
            severity: Severity::Critical,
            impact: Impact::Major,
        }))
    }

    fn posts(&mut self, incident: u64, body: &str) -> Vec<Effect> {
        self.says(PageEvent::Post {
            incident: IncidentId(incident),
            by: "ada".to_owned(),
            stage: Stage::Identified,
            body: body.to_owned(),
            also: Amendment::default(),
        })
    }

    fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.says(PageEvent::Tick)
    }

    fn sent(&mut self, attempt: u64) -> Vec<Effect> {
        let attempt = AttemptId(attempt);
        self.apply(Event::Sent { attempt })
    }

    fn failed(&mut self, attempt: u64) -> Vec<Effect> {
        let attempt = AttemptId(attempt);
        self.apply(Event::Failed { attempt })
    }
}

fn show(effect: &Effect) -> String {
    match effect {
        Effect::Send {
            attempt,
            address,
            news,
        } => {
            let told = news.iter().map(|it| match it.about {
                About::Incident { incident, stage } => format!(" {incident} {stage:?}"),
                About::Maintenance { maintenance, stage } => {
                    format!(" m{} {stage:?}", maintenance.0)
                }
            });
            let told: Vec<String> = told.collect();
            let name = address.to_string();
            let name = name.split('@').next().unwrap_or_default();
            format!("{} to {name}:{}", attempt.0, told.join(","))
        }
        Effect::Joined => "joined".to_owned(),
        Effect::Full => "full".to_owned(),
        Effect::Gone => "gone".to_owned(),
        Effect::GivenUp { address } => format!("given up {address}"),
    }
}

/// Compares effects with a text of lines, separated by `; `.
#[track_caller]
fn check(effects: &[Effect], expected: &str) {
    let shown: Vec<String> = effects.iter().map(show).collect();
    let expected: Vec<&str> = expected.split("; ").filter(|it| !it.is_empty()).collect();
    assert_eq!(shown, expected);
}

#[test]
fn who_joined_is_told_what_is_said_from_then_on() {
    let mut desk = Desk::new();
    check(&desk.fails(1, "edge:e1"), "");
    desk.wait(20);
    // It is on the page already.
    check(&desk.join("ada"), "joined");
    check(&desk.join("ada"), "");
    check(&desk.look(), "");
    check(
        &desk.posts(1, "The cause is known."),
        "1 to ada: 1 Identified",
    );
    check(&desk.look(), "");
    check(&desk.sent(1), "");
    check(&desk.look(), "");
}

#[test]
fn what_was_said_while_a_letter_was_under_way_is_in_the_next_one() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    check(&desk.wait(20), "1 to ada: 1 Investigating");
    check(&desk.posts(1, "a"), "");
    check(&desk.posts(1, "b"), "");
    check(&desk.sent(1), "2 to ada: 1 Identified, 1 Identified");
}

#[test]
fn a_page_with_a_past_is_no_news_at_the_first_look() {
    let mut desk = Desk::new();
    desk.fails(1, "edge:e1");
    desk.wait(20);
    desk.subscribers = Subscribers::default();
    desk.join("ada");
    check(&desk.look(), "");
    check(&desk.posts(1, "more"), "1 to ada: 1 Identified");
}

#[test]
fn what_the_public_does_not_read_is_no_news() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    desk.says(PageEvent::Veto {
        incident: IncidentId(1),
        by: "bo".to_owned(),
        reason: "a drill".to_owned(),
    });
    check(&desk.wait(3600), "");
}

#[test]
fn maintenance_is_news() {
    let mut desk = Desk::new();
    desk.join("ada");
    let from = desk.now;
    let plan = PageEvent::Plan {
        maintenance: crate::watch::page::MaintenanceId(7),
        name: "Upgrade".to_owned(),
        components: BTreeSet::from(["Webhooks".to_owned()]),
        from,
        until: from.plus(Duration::from_secs(3600)),
        body: String::new(),
    };
    check(&desk.says(plan), "1 to ada: m7 Scheduled");
}

#[test]
fn a_letter_that_failed_is_tried_again_later_and_then_rarely() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    check(&desk.wait(20), "1 to ada: 1 Investigating");
    check(&desk.failed(1), "");
    check(&desk.wait(59), "");
    check(&desk.wait(1), "2 to ada: 1 Investigating");
    // No word is a failure too.
    check(&desk.wait(60), "");
    check(&desk.posts(1, "meanwhile"), "");
    assert_eq!(
        desk.subscribers.due(),
        Some(desk.now.plus(Duration::from_secs(120)))
    );
    check(&desk.wait(120), "3 to ada: 1 Investigating, 1 Identified");
    // What comes late counts for nothing.
    check(&desk.sent(1), "");
    check(&desk.sent(3), "");
    check(&desk.posts(1, "more"), "4 to ada: 1 Identified");
}

#[test]
fn what_is_too_old_is_not_told_as_if_it_were_true() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    desk.wait(20);
    let mut attempt = 1;
    let mut last = Vec::new();
    for _ in 0..40 {
        desk.failed(attempt);
        last = desk.wait(3600);
        attempt += u64::from(!last.is_empty());
    }
    check(&last, "");
    assert_eq!(desk.subscribers.due(), None);
}

#[test]
fn nobody_reached_for_a_month_is_given_up() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    desk.wait(20);
    desk.failed(1);
    check(&desk.wait(29 * 86_400), "");
    check(&desk.wait(86_400), "given up ada@acme.example");
    assert!(desk.subscribers.is_empty());
}

#[test]
fn letters_are_few_at_once_and_go_to_those_first_who_are_behind() {
    let mut desk = Desk::new();
    desk.settings.under_way_max = 2;
    for name in ["a", "b", "c"] {
        desk.join(name);
    }
    desk.fails(1, "edge:e1");
    check(
        &desk.wait(20),
        "1 to a: 1 Investigating; 2 to b: 1 Investigating",
    );
    desk.posts(1, "more");
    check(&desk.sent(1), "3 to c: 1 Investigating, 1 Identified");
    check(&desk.sent(2), "4 to a: 1 Identified");
    check(&desk.sent(3), "5 to b: 1 Identified");
}

#[test]
fn who_leaves_is_told_nothing_more() {
    let mut desk = Desk::new();
    desk.join("ada");
    desk.fails(1, "edge:e1");
    desk.wait(20);
    let address = address("ada");
    check(
        &desk.apply(Event::Left {
            address: address.clone(),
        }),
        "gone",
    );
    check(&desk.apply(Event::Left { address }), "");
    check(&desk.failed(1), "");
    check(&desk.posts(1, "more"), "");
}

#[test]
fn there_is_room_for_so_many() {
    let mut desk = Desk::new();
    desk.settings.subscribers_max = 1;
    check(&desk.join("a"), "joined");
    check(&desk.join("b"), "full");
    assert!(desk.subscribers.get(&address("b")).is_none());
}

/// A webhook joins.
fn hooked(desk: &mut Desk) {
    let address: Address = "https://acme.example/hook".parse().unwrap();
    check(&desk.apply(Event::Confirmed { address }), "joined");
}

#[test]
fn webhooks_that_hang_delay_no_letter() {
    let mut desk = Desk::new();
    desk.settings.under_way_max = 1;
    desk.settings.hooks_under_way_max = 1;
    desk.join("ada");
    hooked(&mut desk);
    desk.fails(1, "edge:e1");
    check(
        &desk.wait(20),
        "1 to ada: 1 Investigating; 2 to https://acme.example/hook: 1 Investigating",
    );
    desk.posts(1, "more");
    check(&desk.sent(1), "3 to ada: 1 Identified");
}

#[test]
fn a_webhook_is_given_up_sooner_and_ends_itself_at_once() {
    let mut desk = Desk::new();
    hooked(&mut desk);
    desk.fails(1, "edge:e1");
    desk.wait(20);
    desk.failed(1);
    check(&desk.wait(2 * 86_400), "");
    check(&desk.wait(86_400), "given up https://acme.example/hook");

    let mut desk = Desk::new();
    hooked(&mut desk);
    desk.fails(1, "edge:e1");
    desk.wait(20);
    let attempt = AttemptId(1);
    check(&desk.apply(Event::Unwanted { attempt }), "gone");
    check(&desk.apply(Event::Unwanted { attempt }), "");
    assert!(desk.subscribers.is_empty());
}

fn administrators(desk: &mut Desk, names: &str) -> Vec<Effect> {
    let all: BTreeSet<Address> = names.split_whitespace().map(address).collect();
    desk.apply(Event::Administrators(&all))
}

#[test]
fn administrators_are_told_until_they_say_no() {
    let mut desk = Desk::new();
    check(&administrators(&mut desk, "ada bo"), "joined; joined");
    check(&administrators(&mut desk, "ada bo"), "");
    desk.fails(1, "edge:e1");
    check(
        &desk.wait(20),
        "1 to ada: 1 Investigating; 2 to bo: 1 Investigating",
    );
    let address = address("ada");
    check(
        &desk.apply(Event::Left {
            address: address.clone(),
        }),
        "gone",
    );
    // Also after the next start, and when others come.
    check(&administrators(&mut desk, "ada bo cy"), "joined");
    // Who asks is told again; who is no administrator any more is not, unless they asked.
    check(&desk.apply(Event::Confirmed { address }), "joined");
    check(&administrators(&mut desk, ""), "gone; gone");
    assert_eq!(desk.subscribers.len(), 1);
    check(&administrators(&mut desk, "ada"), "");
    check(&administrators(&mut desk, ""), "");
    assert_eq!(desk.subscribers.len(), 1);
}

#[test]
fn who_has_all_news_is_reached() {
    let mut desk = Desk::new();
    administrators(&mut desk, "ada bo");
    let both = [address("ada"), address("bo")];
    assert!(desk.subscribers.reached(&both));
    desk.fails(1, "edge:e1");
    desk.wait(20);
    assert!(!desk.subscribers.reached(&both));
    desk.failed(1);
    desk.sent(2);
    assert!(desk.subscribers.reached(&both));
    assert!(!desk.subscribers.reached(&both[..1]));
    assert!(!desk.subscribers.reached([]));
}
