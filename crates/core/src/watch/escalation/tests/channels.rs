//! Channels that fail, are too many, or were never proven.

use super::*;
use crate::watch::change::ChangeId;

#[test]
fn a_channel_that_fails_is_followed_by_the_next_at_once() {
    let mut desk = Desk::new();
    check(&desk.critical(1), "step 1 1.1; 1 sms:1 Incident 1");
    check(&desk.fails(1), "failed sms:1; 2 mail:ada Incident 1");
    // A late word of the first is nobody's.
    check(&desk.sent(1), "");
    check(&desk.fails(1), "");
    check(&desk.sent(2), "");
    check(&desk.wait(60), "");
}

#[test]
fn a_channel_that_says_nothing_has_failed() {
    let mut desk = Desk::new();
    desk.critical(1);
    check(&desk.wait(9), "");
    check(&desk.wait(1), "failed sms:1; 2 mail:ada Incident 1");
}

#[test]
fn when_nobody_can_be_reached_everybody_is_called() {
    let mut desk = Desk::new();
    desk.critical(1);
    desk.fails(1);
    check(
        &desk.fails(2),
        "failed mail:ada; unreached ada; everybody 1 NobodyReached; 3 sms:1 Incident 1; \
         4 sms:2 Incident 1; 5 mail:cy Incident 1",
    );
    // All of them fail: the next step does not wait for its time, nor is everybody called in circles.
    for attempt in 3..=7 {
        desk.fails(attempt);
    }
    check(&desk.wait(59), "");
    let effects = desk.wait(1);
    check(&effects[..1], "step 1 1.2");
}

#[test]
fn one_who_is_reached_is_enough_not_to_call_everybody() {
    let mut desk = Desk::new();
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    let effects = desk.wait(180);
    check(
        &effects,
        "step 1 1.2; 2 sms:1 Incident 1; 3 mail:cy Incident 1",
    );
    desk.sent(2);
    check(&desk.fails(3), "failed mail:cy; unreached cy");
}

#[test]
fn nothing_is_sent_by_another_way_once_it_is_acknowledged() {
    let mut desk = Desk::new();
    desk.critical(1);
    desk.acknowledges(1, "bo");
    check(&desk.fails(1), "");
    check(&desk.wait(20), "");
}

#[test]
fn too_many_pages_become_one_digest() {
    let mut desk = Desk::new();
    for incident in 1..=6 {
        let effects = desk.critical(incident);
        desk.all_sent(&effects);
    }
    check(&desk.critical(7), "step 7 1.1; capped ada 7");
    check(&desk.critical(8), "step 8 1.1; capped ada 8");
    desk.acknowledges(8, "bo");
    check(&desk.wait(59), "");
    check(&desk.wait(1), "7 sms:1 Digest 7");
    desk.sent(7);
    // The next digest is ten minutes away; the other people are called as ever.
    let effects = desk.wait(120);
    let pages = |effects: &[Effect], contact: &str| {
        let all = effects.iter().map(show);
        all.filter(|it| it.contains(contact)).collect::<Vec<_>>()
    };
    assert_eq!(pages(&effects, "sms:1"), [""; 0]);
    assert_eq!(pages(&effects, "mail:cy").len(), 6);
    desk.all_sent(&effects);
    for incident in 1..=7 {
        desk.acknowledges(incident, "cy");
    }
    check(&desk.wait(3600), "");
}

#[test]
fn a_digest_that_cannot_be_delivered_goes_by_the_next_channel() {
    let mut desk = Desk::new();
    desk.roster.limits.pages_per_person_10min = 1;
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    desk.critical(2);
    desk.critical(3);
    check(&desk.wait(60), "2 sms:1 Digest 2+3");
    check(&desk.fails(2), "failed sms:1; 3 mail:ada Digest 2+3");
}

/// Until after the next tests: at Tuesday 10:00 by each person's own clock.
fn tests(desk: &mut Desk) -> Vec<String> {
    let mut shown = Vec::new();
    for _ in 0..7 * 24 {
        let effects = desk.wait(3600);
        shown.extend(
            effects
                .iter()
                .map(|it| format!("{} {}", desk.now, show(it))),
        );
        desk.all_sent(&effects);
    }
    shown
}

#[test]
fn contacts_are_tested_weekly_by_everybodys_own_clock() {
    let mut desk = Desk::new();
    assert_eq!(
        tests(&mut desk),
        [
            "2026-01-13T05:00:00Z 1 mail:cy Test",
            "2026-01-13T09:00:00Z 2 sms:1 Test",
            "2026-01-13T09:00:00Z 3 mail:ada Test",
            "2026-01-13T15:00:00Z 4 sms:2 Test",
            "2026-01-13T15:00:00Z 5 mail:bo Test",
            "2026-01-14T05:00:00Z unproven mail:cy",
            "2026-01-14T09:00:00Z unproven sms:1",
            "2026-01-14T09:00:00Z unproven mail:ada",
        ]
    );
}

#[test]
fn an_unproven_contact_goes_last_until_a_person_acknowledges() {
    let mut desk = Desk::new();
    desk.apply(Event::TestAcknowledged {
        contact: "mail:ada".parse().unwrap(),
    });
    let effects = desk.critical(1);
    check(&effects, "step 1 1.1; 1 mail:ada Incident 1");
    // An acknowledgement by the link in a page proves as well.
    desk.apply(Event::Acknowledged {
        incident: IncidentId(1),
        by: "ada".into(),
        via: Some("sms:1".parse().unwrap()),
    });
    check(&desk.critical(2), "step 2 1.1; 2 sms:1 Incident 2");
    // Proof grows old.
    desk.acknowledges(2, "ada");
    desk.roster.limits.proof_lasts_s = 2 * 86_400;
    desk.now = desk.now.plus(Duration::from_secs(2 * 86_400 - 60));
    desk.apply(Event::TestAcknowledged {
        contact: "mail:ada".parse().unwrap(),
    });
    desk.now = desk.now.plus(Duration::from_secs(120));
    let effects = desk.critical(3);
    assert!(
        effects
            .iter()
            .map(show)
            .any(|it| it.ends_with("mail:ada Incident 3")),
        "{effects:?}"
    );
}

#[test]
fn a_test_that_is_not_even_taken_is_told_at_once() {
    let mut desk = Desk::new();
    desk.now = at("2026-01-13T09:00:00Z");
    let effects = desk.wait(0);
    let shown: Vec<String> = effects.iter().map(show).collect();
    assert!(shown.contains(&"2 mail:ada Test".to_owned()), "{shown:?}");
    check(&desk.fails(2), "failed mail:ada; unproven mail:ada");
}

fn raised() -> Event {
    Event::Raised {
        incident: IncidentId(1),
        severity: Severity::Critical,
    }
}

/// A warning that cy has acknowledged gets worse.
fn worse(desk: &mut Desk) -> Vec<Effect> {
    desk.opens(1, Severity::Warning);
    desk.sent(1);
    desk.acknowledges(1, "cy");
    desk.apply(raised())
}

#[test]
fn who_acknowledged_and_cannot_be_told_that_it_is_worse_is_not_relied_on() {
    let mut desk = Desk::new();
    check(&worse(&mut desk), "2 mail:cy Worse 1");
    check(
        &desk.fails(2),
        "failed mail:cy; unreached cy; taken back 1 cy; step 1 1.1; 3 sms:1 Incident 1",
    );
    // One who can be told is relied on.
    let mut desk = Desk::new();
    worse(&mut desk);
    check(&desk.sent(2), "");
    check(&desk.wait(100_000), "");
}

#[test]
fn who_acknowledged_and_is_nobody_any_more_is_not_relied_on() {
    let mut desk = Desk::new();
    desk.opens(1, Severity::Warning);
    desk.sent(1);
    desk.acknowledges(1, "cy");
    desk.roster.people.remove(&PersonName::from("cy"));
    check(
        &desk.apply(raised()),
        "unreached cy; taken back 1 cy; step 1 1.1; 2 sms:1 Incident 1",
    );
    // What is over by then is over.
    let mut desk = Desk::new();
    worse(&mut desk);
    desk.apply(Event::Recovered {
        incident: IncidentId(1),
    });
    check(&desk.fails(2), "");
}

fn unheard(desk: &Desk) -> Vec<u64> {
    let calls = desk.paging.calls().filter(|call| call.is_unheard());
    calls.map(|call| call.brief.incident.0).collect()
}

#[test]
fn an_incident_is_unheard_only_when_nobody_at_all_was_told() {
    let mut desk = Desk::new();
    desk.restarts = true;
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    desk.wait(180);
    desk.sent(2);
    // Cy is not reached, and Ada was.
    desk.fails(3);
    assert_eq!(unheard(&desk), [0; 0]);
    // Nobody is: until one is, also after a restart.
    let effects = desk.wait(300);
    assert_eq!(effects.len(), 4, "{effects:?}");
    for attempt in 4..=8 {
        desk.fails(attempt);
    }
    assert_eq!(unheard(&desk), [1]);
    let effects = desk.wait(60);
    assert_eq!(unheard(&desk), [1], "{effects:?}");
    desk.all_sent(&effects);
    assert_eq!(unheard(&desk), [0; 0]);
}

#[test]
fn a_warning_that_was_given_up_and_that_nobody_heard_of_stays_unheard() {
    let mut desk = Desk::new();
    desk.opens(1, Severity::Warning);
    let effects = desk.fails(1);
    check(&effects, "failed chat:ops; unreached channel");
    check(&desk.wait(60), "gave up 1");
    assert_eq!(unheard(&desk), [1]);
    // What nobody is called for by configuration is not.
    desk.opens(2, Severity::Info);
    assert_eq!(unheard(&desk), [1]);
    desk.acknowledges(1, "bo");
    assert_eq!(unheard(&desk), [0; 0]);
}

#[test]
fn a_late_word_that_it_was_over_is_no_call() {
    let mut desk = Desk::new();
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    desk.apply(Event::Recovered {
        incident: IncidentId(1),
    });
    check(&desk.critical(1), "step 1 1.1; 3 sms:1 Incident 1");
    desk.sent(2);
    check(&desk.fails(3), "failed sms:1; 4 mail:ada Incident 1");
    let effects = desk.fails(4);
    check(
        &effects[..3],
        "failed mail:ada; unreached ada; everybody 1 NobodyReached",
    );
}

#[test]
fn whether_somebody_is_there_is_asked_by_their_ways_one_after_the_other() {
    let mut desk = Desk::new();
    let asks = |desk: &mut Desk| {
        desk.apply(Event::Ask {
            person: "bo".into(),
            change: ChangeId(3),
        })
    };
    check(&asks(&mut desk), "1 sms:2 Presence(ChangeId(3))");
    check(&asks(&mut desk), "");
    check(
        &desk.fails(1),
        "failed sms:2; 2 mail:bo Presence(ChangeId(3))",
    );
    check(&desk.sent(2), "asked 3 bo mail:bo");
    check(&asks(&mut desk), "3 sms:2 Presence(ChangeId(3))");
    desk.fails(3);
    check(&desk.fails(4), "failed mail:bo; not asked 3 bo");
}
