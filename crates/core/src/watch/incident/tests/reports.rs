//! Tenants' reports.

use super::*;

const H1: &str = "host:h1 tracker:jira-cloud";

#[test]
fn two_tenants_that_share_an_element_open_an_incident() {
    let mut desk = Desk::new();
    check(
        &desk.reports("r1", Some("acme"), &format!("node:a {H1}")),
        "answer r1 received; none: one tenant",
    );
    check(
        &desk.reports("r2", Some("acme"), &format!("node:a {H1}")),
        "answer r2 received; none: one tenant",
    );
    check(
        &desk.reports("r3", Some("globex"), &format!("node:b {H1}")),
        "answer r3 received; opened 1 host:h1 Critical 0; linked r1 1; answer r1 known 1; \
         linked r2 1; answer r2 known 1; linked r3 1; answer r3 known 1"
            .replace("         ", "")
            .as_str(),
    );
    check(
        &desk.reports("r4", Some("initech"), &format!("node:c {H1}")),
        "linked r4 1; answer r4 known 1",
    );
}

#[test]
fn visitors_join_and_never_open() {
    let mut desk = Desk::new();
    for visitor in 0..20 {
        check(
            &desk.reports(&format!("v{visitor}"), None, "host:h1"),
            &format!("answer v{visitor} received; none: anonymous"),
        );
    }
    desk.fails("host:h1", "");
    let effects = desk.wait(1);
    assert_eq!(effects.len(), 1 + 2 * 20);
    check(
        &desk.reports("late", None, "host:h1"),
        "linked late 1; answer late known 1",
    );
}

#[test]
fn a_vendor_of_which_many_tenants_speak_is_no_incident() {
    let mut desk = Desk::new();
    desk.reports("r1", Some("acme"), "node:a host:h1 tracker:jira-cloud");
    check(
        &desk.reports("r2", Some("globex"), "node:b host:h2 tracker:jira-cloud"),
        "answer r2 received; none: vendor tracker:jira-cloud",
    );
}

#[test]
fn who_always_reports_says_little() {
    let mut desk = Desk::new();
    for day in 0..28 {
        for report in 0..40 {
            desk.reports(&format!("{day}/{report}"), Some("acme"), "node:a");
        }
        desk.wait(86_400);
    }
    check(
        &desk.reports("today", Some("acme"), "host:h1"),
        "answer today received; none: usual rate",
    );
    check(
        &desk.reports("other", Some("globex"), "host:h1"),
        "answer other received; none: one tenant",
    );
    // Ten at once are unusual even there.
    let opened = (0..10)
        .flat_map(|more| desk.reports(&format!("more{more}"), Some("acme"), "host:h1"))
        .any(|effect| matches!(effect, Effect::Opened { .. }));
    assert!(opened);
}

#[test]
fn reports_far_apart_do_not_belong_together() {
    let mut desk = Desk::new();
    desk.reports("r1", Some("acme"), "host:h1");
    assert!(desk.book.due(&desk.settings).is_some());
    desk.wait(1801);
    assert_eq!(desk.book.due(&desk.settings), None);
    check(
        &desk.reports("r2", Some("globex"), "host:h1"),
        "answer r2 received; none: one tenant",
    );
}

#[test]
fn a_report_of_a_failing_node_joins_the_incident_of_its_host() {
    let mut desk = Desk::new();
    desk.fails("node:a", "host:h1");
    desk.fails("node:b", "host:h1");
    desk.wait(1);
    check(
        &desk.reports("r1", Some("acme"), "node:a"),
        "linked r1 1; answer r1 known 1",
    );
    check(
        &desk.reports("r2", Some("acme"), "node:z"),
        "answer r2 received; none: one tenant",
    );
}

#[test]
fn who_reported_hears_when_it_is_over() {
    let mut desk = Desk::new();
    desk.fails("host:h1", "");
    desk.wait(1);
    desk.reports("r1", Some("acme"), "host:h1");
    desk.passes("host:h1");
    desk.wait(15);
    let resolve = Event::Resolve {
        incident: IncidentId(1),
        by: "ada".to_owned(),
    };
    check(&desk.apply(resolve), "resolved 1 ada; answer r1 over 1");
}

#[test]
fn two_tenants_reopen_what_our_probes_believe_recovered() {
    let mut desk = Desk::new();
    desk.fails("host:h1", "");
    desk.wait(1);
    desk.passes("host:h1");
    check(&desk.wait(15), "recovered 1");
    desk.reports("r1", Some("acme"), "host:h1");
    check(
        &desk.reports("r2", Some("globex"), "host:h1"),
        "answer r2 received; reopened 1 1; linked r1 1; answer r1 known 1; linked r2 1; answer r2 known 1",
    );
}
