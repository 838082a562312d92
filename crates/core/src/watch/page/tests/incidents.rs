//! Entries, vetoes, maintenance.

use super::*;
use std::collections::BTreeSet;

#[test]
fn while_the_database_hangs_and_syncs_flow_it_says_just_that() {
    let mut desk = Desk::new();
    check(
        &desk.incident(
            1,
            "database:central",
            "database:central pool:central/replicate",
        ),
        "",
    );
    check(&desk.wait(19), "");
    assert_eq!(desk.states(), "oooo");
    let effects = desk.wait(1);
    check(
        &effects,
        "published 1 Administration: degraded performance; \
         1 Investigating Administration operational > degraded performance; \
         Administration is degraded performance",
    );
    assert_eq!(desk.states(), "oodo");
    let Effect::Updated { update, .. } = &effects[1] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        update.body,
        "Administration: degraded performance. Synchronisation: operational. Webhooks: operational."
    );
    check(
        &desk.recovered(1),
        "1 Monitoring Administration degraded performance > operational; Administration is operational",
    );
    // It never resolves by itself.
    check(&desk.wait(7 * 86_400), "");
    check(&desk.posts(1, Stage::Resolved), "1 Resolved");
    check(&desk.posts(1, Stage::Postmortem), "1 Postmortem");
}

#[test]
fn the_share_that_fails_is_how_bad_it_is() {
    for (failing, expected) in [
        ("host:h1", "pooo"),
        ("host:h1 host:h2", "xooo"),
        ("canary_sync:h1 host:h1", "pooo"),
        ("edge:e1", "oxoo"),
        ("node:a node:b", "oooo"),
        ("tracker:jira-cloud", "oooo"),
    ] {
        let mut desk = Desk::new();
        desk.incident(1, "database:central", failing);
        desk.wait(20);
        assert_eq!(desk.states(), expected, "{failing}");
    }
}

#[test]
fn what_affects_nobody_is_not_published_until_it_does() {
    let mut desk = Desk::new();
    desk.incident(1, "database:central", "pool:central/replicate");
    check(&desk.wait(3600), "");
    assert_eq!(desk.status.due(&desk.page), None);
    check(
        &desk.incident(1, "database:central", "pool:central/replicate host:h1"),
        "published 1 Synchronisation: partial outage; \
         1 Investigating Synchronisation operational > partial outage; Synchronisation is partial outage",
    );
}

#[test]
fn what_is_no_infrastructure_or_no_emergency_is_not_published_by_itself() {
    let mut desk = Desk::new();
    desk.incident(1, "node:a", "node:a");
    desk.apply(Event::Incident(Shown {
        incident: IncidentId(2),
        element: "host:h1".parse().unwrap(),
        severity: Severity::Warning,
        impact: Impact::Minor,
        failing: [("host:h1".parse().unwrap(), Severity::Warning)].into(),
    }));
    check(&desk.wait(3600), "");
    assert_eq!(desk.status.due(&desk.page), None);
    // A person may.
    let publish = Event::Publish {
        incident: IncidentId(2),
        by: "ada".to_owned(),
        name: "Slow syncs".to_owned(),
        body: "We look.".to_owned(),
    };
    check(
        &desk.apply(publish.clone()),
        "published 2 Slow syncs; \
         2 Investigating Synchronisation operational > degraded performance; \
         Synchronisation is degraded performance",
    );
    check(&desk.apply(publish), "refused Published");
}

#[test]
fn a_person_may_veto_with_a_reason_and_in_time() {
    let veto = |reason: &str| Event::Veto {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        reason: reason.to_owned(),
    };
    let mut desk = Desk::new();
    check(&desk.apply(veto("a drill")), "refused Unknown");
    desk.incident(1, "host:h1", "host:h1");
    check(&desk.apply(veto(" ")), "refused NoReason");
    check(&desk.apply(veto("a drill")), "vetoed 1");
    check(&desk.wait(3600), "");
    assert_eq!(desk.states(), "oooo");

    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.wait(20);
    check(&desk.apply(veto("too late")), "refused Published");
}

#[test]
fn nothing_is_over_while_it_fails() {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    check(&desk.posts(1, Stage::Identified), "refused NotPublished");
    desk.wait(20);
    check(&desk.posts(1, Stage::Resolved), "refused StillFailing");
    check(&desk.posts(1, Stage::Postmortem), "refused StillFailing");
    check(&desk.posts(1, Stage::Identified), "1 Identified");
    desk.recovered(1);
    check(&desk.posts(1, Stage::Postmortem), "refused WrongStage");
    check(&desk.posts(1, Stage::Resolved), "1 Resolved");
    check(&desk.posts(1, Stage::Investigating), "refused WrongStage");
}

#[test]
fn what_comes_back_is_investigated_again_in_the_same_entry() {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.wait(20);
    desk.recovered(1);
    desk.posts(1, Stage::Resolved);
    check(
        &desk.incident(1, "host:h1", "host:h1"),
        "1 Investigating Synchronisation operational > partial outage; Synchronisation is partial outage",
    );
    let entry = desk.status.entry(IncidentId(1)).unwrap();
    assert_eq!((entry.resolved_at, entry.monitoring_at), (None, None));
}

#[test]
fn each_change_of_what_is_affected_is_an_update() {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.wait(20);
    check(
        &desk.incident(1, "machine:m1", "host:h1 edge:e1"),
        "1 Investigating Webhooks operational > major outage; Webhooks is major outage",
    );
    check(
        &desk.incident(1, "machine:m1", "host:h1 edge:e1 node:a"),
        "",
    );
    check(
        &desk.incident(1, "machine:m1", "edge:e1"),
        "1 Investigating Synchronisation partial outage > operational; Synchronisation is operational",
    );
    assert_eq!(
        desk.status.entry(IncidentId(1)).unwrap().affected,
        BTreeSet::from(["Synchronisation".to_owned(), "Webhooks".to_owned()])
    );
}

#[test]
fn what_is_merged_says_where_it_goes_on() {
    let mut desk = Desk::new();
    desk.incident(2, "host:h2", "host:h2");
    desk.wait(20);
    desk.incident(1, "machine:m1", "edge:e1");
    let effects = desk.apply(Event::Merged {
        incident: IncidentId(2),
        into: IncidentId(1),
    });
    check(
        &effects,
        "2 Resolved; published 1 Webhooks: major outage; \
         1 Investigating Webhooks operational > major outage; Webhooks is major outage",
    );
    assert_eq!(desk.states(), "pxoo");
    assert!(desk.status.entry(IncidentId(2)).unwrap().is_resolved());
}

#[test]
fn what_a_person_dismisses_is_over_on_the_page() {
    let dismissed = || Event::Dismissed {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        reason: "a probe was wrong".to_owned(),
    };
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.wait(20);
    check(
        &desk.apply(dismissed()),
        "1 Resolved Synchronisation partial outage > operational; Synchronisation is operational",
    );
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    check(&desk.apply(dismissed()), "");
    check(&desk.wait(60), "");
}

#[test]
fn a_person_sets_what_watch_does_not() {
    let set = |component: &str, state| Event::Set {
        component: component.to_owned(),
        state,
    };
    let mut desk = Desk::new();
    let outage = Some(ComponentState::MajorOutage);
    check(
        &desk.apply(set("Jira Cloud", outage)),
        "Jira Cloud is major outage",
    );
    check(
        &desk.apply(set("Jira Cloud", None)),
        "Jira Cloud is operational",
    );
    check(
        &desk.apply(set("Jira", None)),
        "refused NoSuchComponent { component: \"Jira\" }",
    );
}

#[test]
fn maintenance_is_announced_done_proven_and_over() {
    use MaintenanceStage::{Completed, InProgress, Scheduled, Verifying};
    let mut desk = Desk::new();
    let (from, until) = (desk.now, desk.now.plus(Duration::from_secs(3600)));
    let plan = Event::Plan {
        maintenance: MaintenanceId(7),
        name: "Database upgrade".to_owned(),
        components: BTreeSet::from(["Administration".to_owned()]),
        from,
        until,
        body: String::new(),
    };
    let maintain = |stage| Event::Maintain {
        maintenance: MaintenanceId(7),
        stage,
        body: String::new(),
    };
    check(&desk.apply(maintain(InProgress)), "refused Unknown");
    check(&desk.apply(plan.clone()), "maintenance 7 Scheduled");
    assert_eq!(desk.states(), "oooo");
    check(
        &desk.apply(maintain(InProgress)),
        "maintenance 7 InProgress; Administration is under maintenance",
    );
    check(&desk.apply(plan), "refused WrongStage");
    check(&desk.apply(maintain(Scheduled)), "refused WrongStage");
    // What fails meanwhile is said all the same.
    desk.incident(1, "database:central", "database:central");
    desk.wait(20);
    assert_eq!(desk.states(), "oodo");
    desk.recovered(1);
    assert_eq!(desk.states(), "oomo");
    check(&desk.apply(maintain(Verifying)), "maintenance 7 Verifying");
    check(&desk.wait(3600), "maintenance 7 overran");
    check(&desk.wait(3600), "");
    check(
        &desk.apply(maintain(Completed)),
        "maintenance 7 Completed; Administration is operational",
    );
    check(&desk.apply(maintain(InProgress)), "refused Completed");
}
