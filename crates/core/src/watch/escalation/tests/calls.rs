//! Steps, rounds, acknowledgements.

use super::*;
use serde_json::json;

#[test]
fn steps_follow_until_somebody_acknowledges() {
    let mut desk = Desk::new();
    let first = desk.critical(1);
    check(&first, "step 1 1.1; 1 sms:1 Incident 1");
    desk.all_sent(&first);
    check(&desk.wait(179), "");
    let second = desk.wait(1);
    check(
        &second,
        "step 1 1.2; 2 sms:1 Incident 1; 3 mail:cy Incident 1",
    );
    desk.all_sent(&second);
    let third = desk.wait(300);
    check(
        &third,
        "step 1 1.3; 4 sms:1 Incident 1; 5 sms:2 Incident 1; 6 mail:cy Incident 1",
    );
    desk.all_sent(&third);
    let again = desk.wait(600);
    check(&again, "step 1 2.1; 7 sms:1 Incident 1");
    check(&desk.acknowledges(1, "ada"), "acknowledged 1 ada");
    check(&desk.wait(100_000), "");
    assert_eq!(desk.paging.next_page(IncidentId(1)), None);
}

#[test]
fn who_is_on_call_is_asked_at_each_step() {
    let mut desk = Desk::new();
    desk.now = at("2026-01-12T07:59:00Z");
    let first = desk.critical(1);
    check(&first, "step 1 1.1; 1 sms:1 Incident 1");
    desk.all_sent(&first);
    check(
        &desk.wait(180),
        "step 1 1.2; 2 sms:2 Incident 1; 3 mail:cy Incident 1",
    );
}

#[test]
fn after_the_last_round_everybody_is_called_again_and_again() {
    let mut desk = Desk::new();
    let mut everybody = 0;
    let mut effects = desk.critical(1);
    for _ in 0..24 * 60 {
        desk.all_sent(&effects);
        effects = desk.wait(60);
        let over = |it: &&Effect| {
            matches!(
                it,
                Effect::EverybodyCalled {
                    why: Why::RepeatsOver,
                    ..
                }
            )
        };
        everybody += effects.iter().filter(over).count();
        assert!(desk.paging.next_page(IncidentId(1)).is_some());
    }
    // Three rounds of 18 minutes, then every quarter of an hour.
    assert_eq!(everybody, (24 * 60 - 54) / 15 + 1);
}

#[test]
fn a_warning_is_given_up_when_its_steps_are_over() {
    let mut desk = Desk::new();
    let effects = desk.opens(1, Severity::Warning);
    check(&effects, "step 1 1.1; 1 chat:ops Incident 1");
    desk.all_sent(&effects);
    check(&desk.wait(60), "gave up 1");
    check(&desk.opens(2, Severity::Info), "gave up 2");
    assert_eq!(desk.paging.due().map(|at| at > desk.now), Some(true));
}

#[test]
fn what_gets_worse_goes_its_new_way_and_tells_who_is_on_it() {
    let raised = |incident| Event::Raised {
        incident: IncidentId(incident),
        severity: Severity::Critical,
    };
    let mut desk = Desk::new();
    desk.opens(1, Severity::Warning);
    check(&desk.apply(raised(1)), "step 1 1.1; 2 sms:1 Incident 1");
    check(&desk.apply(raised(1)), "");
    desk.opens(2, Severity::Warning);
    desk.acknowledges(2, "cy");
    check(&desk.apply(raised(2)), "4 mail:cy Worse 2");
    check(&desk.apply(raised(9)), "refused 9");
}

#[test]
fn what_is_over_is_told_and_what_comes_back_begins_anew() {
    let mut desk = Desk::new();
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    desk.acknowledges(1, "cy");
    let recovered = Event::Recovered {
        incident: IncidentId(1),
    };
    check(
        &desk.apply(recovered.clone()),
        "2 sms:1 Recovered 1; 3 mail:cy Recovered 1",
    );
    check(&desk.apply(recovered), "");
    check(&desk.critical(1), "step 1 1.1; 4 sms:1 Incident 1");
    check(&desk.critical(1), "");
    desk.apply(Event::Ended {
        incident: IncidentId(1),
    });
    assert_eq!(desk.paging.calls().count(), 0);
    check(&desk.acknowledges(1, "ada"), "refused 1");
}

#[test]
fn what_is_merged_is_called_for_no_more() {
    let mut desk = Desk::new();
    desk.critical(1);
    desk.critical(2);
    desk.apply(Event::Merged {
        incident: IncidentId(2),
        into: IncidentId(1),
    });
    check(&desk.fails(2), "");
    let open: Vec<IncidentId> = desk
        .paging
        .calls()
        .map(|call| call.brief.incident)
        .collect();
    assert_eq!(open, [IncidentId(1)]);
}

#[test]
fn what_goes_on_as_an_incident_that_nobody_was_called_for_is_called_for() {
    let mut desk = Desk::new();
    desk.critical(1);
    desk.apply(Event::Merged {
        incident: IncidentId(1),
        into: IncidentId(5),
    });
    let effects = desk.wait(180);
    check(&effects[..1], "step 5 1.2");
}

#[test]
fn a_step_that_only_posts_to_a_channel_calls_nobody() {
    let mut desk = Desk::new();
    desk.roster.policies[0].steps[0].to = vec![Target::from("chat:ops".to_owned())];
    check(&desk.critical(1), "step 1 1.1; 1 chat:ops Incident 1");
    // Unless the channel fails.
    let effects = desk.fails(1);
    check(
        &effects[..3],
        "failed chat:ops; unreached channel; everybody 1 NobodyReached",
    );
}

#[test]
fn notes_are_kept_with_what_is_known() {
    let note = |incident| Event::Noted {
        incident: IncidentId(incident),
        by: "ada".into(),
        text: "failing over".to_owned(),
    };
    let mut desk = Desk::new();
    desk.critical(1);
    check(&desk.apply(note(1)), "noted 1 ada failing over");
    check(&desk.apply(note(2)), "refused 2");
}

/// A roster in which the rotation has people in working hours only.
fn working_hours() -> Roster {
    let mut changed = serde_json::to_value(roster()).unwrap();
    changed["rotations"]["primary"]["layers"][0]["only"] = json!([
        { "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "from": "09:00", "to": "18:00" },
    ]);
    changed["rotations"]["primary"]["deliberate"] = json!([{
        "when": { "weekly": { "hours": { "from": "18:00", "to": "09:00" }, "zone": "Europe/Brussels" } },
        "reason": "nights are nobody's",
    }]);
    changed["policies"][1]["steps"][0]["to"] = json!(["primary"]);
    serde_json::from_value(changed).unwrap()
}

#[test]
fn nobody_on_call_calls_everybody_when_it_is_critical() {
    let mut desk = Desk::new();
    desk.roster = working_hours();
    desk.now = at("2026-01-07T20:00:00Z");
    check(
        &desk.critical(1),
        "step 1 1.1; nobody in primary; everybody 1 NobodyOnCall; 1 sms:1 Incident 1; \
         2 sms:2 Incident 1; 3 mail:cy Incident 1",
    );
    check(
        &desk.opens(2, Severity::Warning),
        "step 2 1.1; nobody in primary",
    );
}

#[test]
fn gaps_are_told_ahead_and_once() {
    let mut desk = Desk::new();
    desk.roster = working_hours();
    desk.now = at("2026-01-09T12:00:00Z");
    desk.roster.limits.gaps_ahead_s = 3 * 86_400;
    let effects = desk.wait(86_400);
    let told = |effects: &[Effect]| -> Vec<String> { effects.iter().map(show).collect() };
    assert_eq!(
        told(&effects),
        [
            "gap primary 2026-01-10T12:00:00Z 2026-01-10T17:00:00Z unmeant",
            "gap primary 2026-01-10T17:00:00Z 2026-01-11T08:00:00Z nights are nobody's",
            "gap primary 2026-01-11T08:00:00Z 2026-01-11T17:00:00Z unmeant",
            "gap primary 2026-01-11T17:00:00Z 2026-01-12T08:00:00Z nights are nobody's",
            "gap primary 2026-01-12T17:00:00Z 2026-01-13T08:00:00Z nights are nobody's",
        ]
    );
    check(&desk.wait(3600), "");
    let next: Vec<String> = told(&desk.wait(86_400 - 3600));
    assert_eq!(
        next,
        ["gap primary 2026-01-13T17:00:00Z 2026-01-14T08:00:00Z nights are nobody's"]
    );
}

#[test]
fn without_anybody_it_says_so_and_tries_again() {
    let mut desk = Desk::new();
    desk.roster = Roster::default();
    check(
        &desk.critical(1),
        "step 1 1.1; everybody 1 NobodyOnCall; nobody at all 1",
    );
    assert!(desk.paging.next_page(IncidentId(1)).is_some());
    desk.roster = roster();
    let effects = desk.wait(300);
    assert!(
        effects.iter().any(|it| matches!(it, Effect::Page { .. })),
        "{effects:?}"
    );
}

#[test]
fn a_clock_that_is_put_back_makes_nobody_wait_longer() {
    let mut desk = Desk::new();
    let effects = desk.critical(1);
    desk.all_sent(&effects);
    desk.now = desk.now.minus(Duration::from_secs(7200));
    check(&desk.wait(0), "");
    let effects = desk.wait(180);
    check(&effects[..1], "step 1 1.2");
}

#[test]
fn what_is_wrong_in_a_roster_is_said() {
    assert_eq!(roster().faults(), []);
    let mut broken = serde_json::to_value(roster()).unwrap();
    broken["people"]["dee"] = json!({ "zone": "UTC", "reach": [] });
    broken["people"]["primary"] = json!({ "zone": "UTC", "reach": ["mail:p"] });
    broken["rotations"]["primary"]["layers"][0]["people"] = json!(["ada", "eve"]);
    broken["policies"] =
        json!([{ "element": "host", "steps": [{ "to": ["nobody"], "wait_s": 1 }] }]);
    let broken: Roster = serde_json::from_value(broken).unwrap();
    let said: Vec<String> = broken.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "dee cannot be reached: 'reach' is empty",
            "'primary' is both a person and a rotation",
            "'eve' is neither a person nor a rotation",
            "'nobody' is neither a person nor a rotation",
            "no escalation fits every critical incident: everybody would be called for it",
        ]
    );
}
