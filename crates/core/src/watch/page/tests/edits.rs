//! What people change: components and impact in an update, headlines, maintenance.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// An incident of the first host that the public reads.
fn published() -> Desk {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.wait(20);
    assert_eq!(desk.states(), "pooo");
    desk
}

fn says(desk: &mut Desk, stage: Stage, also: Amendment) -> Vec<Effect> {
    desk.apply(Event::Post {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        stage,
        body: "As told.".to_owned(),
        also,
    })
}

fn components(of: &[(&str, ComponentState)]) -> Amendment {
    let named = of.iter().map(|(name, state)| ((*name).to_owned(), *state));
    Amendment {
        components: named.collect(),
        ..Amendment::default()
    }
}

fn entry(desk: &Desk) -> &Entry {
    desk.status.entry(IncidentId(1)).unwrap()
}

#[test]
fn a_persons_word_about_a_component_counts_until_it_is_over() {
    use ComponentState::{DegradedPerformance, MajorOutage, Operational};
    let mut desk = published();
    let also = components(&[
        ("Synchronisation", MajorOutage),
        ("Webhooks", DegradedPerformance),
    ]);
    check(
        &says(&mut desk, Stage::Identified, also),
        "1 Identified Synchronisation partial outage > major outage, Webhooks operational > degraded performance; \
         Synchronisation is major outage; Webhooks is degraded performance",
    );
    assert_eq!(desk.states(), "xdoo");
    // Also where it says that all is well; and only of its own incident.
    check(
        &says(
            &mut desk,
            Stage::Identified,
            components(&[("Synchronisation", Operational)]),
        ),
        "1 Identified Synchronisation major outage > operational; Synchronisation is operational",
    );
    desk.incident(2, "host:h2", "host:h2");
    desk.wait(20);
    assert_eq!(desk.states(), "pdoo");
    desk.recovered(2);
    desk.recovered(1);
    assert_eq!(desk.states(), "odoo");
    check(
        &says(&mut desk, Stage::Resolved, Amendment::default()),
        "1 Resolved Webhooks degraded performance > operational; Webhooks is operational",
    );
    assert_eq!(desk.states(), "oooo");
}

#[test]
fn a_persons_word_does_not_outlast_a_return() {
    let mut desk = published();
    desk.recovered(1);
    let also = components(&[("Synchronisation", ComponentState::Operational)]);
    says(&mut desk, Stage::Monitoring, also);
    desk.incident(1, "host:h1", "host:h1");
    assert_eq!(desk.states(), "pooo");
}

#[test]
fn an_impact_that_a_person_said_stays() {
    let mut desk = published();
    let also = Amendment {
        impact: Some(Impact::Major),
        name: Some("Slow syncs".to_owned()),
        ..Amendment::default()
    };
    check(&says(&mut desk, Stage::Identified, also), "1 Identified");
    desk.apply(Event::Incident(Shown {
        incident: IncidentId(1),
        element: "host:h1".parse().unwrap(),
        severity: Severity::Critical,
        impact: Impact::Critical,
        failing: BTreeMap::from([("host:h1".parse().unwrap(), Severity::Critical)]),
    }));
    let known = entry(&desk);
    assert_eq!(
        (known.impact, known.name.as_str()),
        (Impact::Major, "Slow syncs")
    );
}

#[test]
fn what_is_not_taken_changes_nothing() {
    let mut desk = published();
    let before = entry(&desk).clone();
    let also = || Amendment {
        impact: Some(Impact::None),
        ..components(&[("Webhoks", ComponentState::MajorOutage)])
    };
    check(
        &says(&mut desk, Stage::Identified, also()),
        "refused NoSuchComponent { component: \"Webhoks\" }",
    );
    check(
        &says(&mut desk, Stage::Resolved, also()),
        "refused StillFailing",
    );
    let nothing = Event::Post {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        stage: Stage::Identified,
        body: " ".to_owned(),
        also: Amendment::default(),
    };
    check(&desk.apply(nothing), "refused NoText");
    assert_eq!(*entry(&desk), before);
}

#[test]
fn what_is_published_without_a_headline_has_the_one_that_it_would_have() {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.incident(2, "node:a", "node:a");
    let publish = |incident| Event::Publish {
        incident: IncidentId(incident),
        by: "ada".to_owned(),
        name: String::new(),
        body: "We look.".to_owned(),
    };
    check(&desk.apply(publish(2)), "refused NoName");
    check(
        &desk.apply(publish(1)),
        "published 1 Synchronisation: partial outage; \
         1 Investigating Synchronisation operational > partial outage; Synchronisation is partial outage",
    );
}

#[test]
fn a_veto_can_be_taken_back_by_publishing() {
    let mut desk = Desk::new();
    desk.incident(1, "host:h1", "host:h1");
    desk.apply(Event::Veto {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        reason: "a drill".to_owned(),
    });
    desk.apply(Event::Publish {
        incident: IncidentId(1),
        by: "bo".to_owned(),
        name: "Slow syncs".to_owned(),
        body: "It is no drill.".to_owned(),
    });
    assert!(entry(&desk).is_published());
}

#[test]
fn maintenance_that_cannot_be_is_refused() {
    let mut desk = Desk::new();
    let (from, until) = (desk.now, desk.now.plus(Duration::from_secs(3600)));
    let plan = |name: &str, component: &str, from, until| Event::Plan {
        maintenance: MaintenanceId(8),
        name: name.to_owned(),
        components: BTreeSet::from([component.to_owned()]),
        from,
        until,
        body: "We move house.".to_owned(),
    };
    check(
        &desk.apply(plan("", "Webhooks", from, until)),
        "refused NoName",
    );
    check(
        &desk.apply(plan("Work", "Webhooks", until, from)),
        "refused NoTime",
    );
    check(
        &desk.apply(plan("Work", "Webhoks", from, until)),
        "refused NoSuchComponent { component: \"Webhoks\" }",
    );
    check(
        &desk.apply(plan("Work", "Webhooks", from, until)),
        "maintenance 8 Scheduled",
    );
    // Planned anew: what was said before stays.
    let later = until.plus(Duration::from_secs(60));
    check(
        &desk.apply(plan("Work", "Webhooks", from, later)),
        "maintenance 8 Scheduled",
    );
    let (_, known) = desk.status.maintenances().next().unwrap();
    assert_eq!((known.until, known.updates.len()), (later, 2));
    assert_eq!(known.updates[0].2, "We move house.");
}
