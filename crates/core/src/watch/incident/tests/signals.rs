//! Signals: joining, growing, recovering, coming back.

use super::*;

#[test]
fn nodes_that_share_a_host_are_one_incident_that_names_it() {
    let mut desk = Desk::new();
    check(&desk.fails("node:a", "host:h1"), "");
    check(&desk.fails("node:b", "host:h1"), "");
    check(&desk.fails("node:c", "host:h2"), "");
    check(
        &desk.wait(1),
        "opened 1 host:h1 Critical 2; opened 2 node:c Critical 1",
    );
    check(&desk.wait(60), "");
}

/// Each line of `failing` is a subject and what it implicates; `proven` pass. Gives the incidents, without numbers.
fn explains(failing: &[(&str, &str)], proven: &str, expected: &[&str]) {
    let mut desk = Desk::new();
    for subject in proven.split_whitespace() {
        desk.passes(subject);
    }
    for (subject, implicates) in failing {
        desk.fails(subject, implicates);
    }
    desk.wait(1);
    let found: Vec<String> = (desk.book.incidents())
        .map(|it| format!("{} {}", it.element, it.failing.len()))
        .collect();
    assert_eq!(found, expected, "{failing:?}");
}

#[test]
fn the_element_that_explains_most_names_the_incident() {
    let all = "database:central";
    explains(
        &[
            ("node:a", &format!("host:h1 {all}")),
            ("node:b", &format!("host:h1 {all}")),
            ("node:c", &format!("host:h2 {all}")),
        ],
        "",
        &["database:central 3"],
    );
    // Of equal ones the narrower.
    explains(
        &[
            ("node:a", "host:h1 database:central tracker:jira-cloud"),
            ("node:b", "host:h1 database:central tracker:jira-cloud"),
        ],
        "",
        &["host:h1 2"],
    );
}

#[test]
fn what_fails_itself_explains_before_what_is_only_suspected() {
    explains(
        &[
            ("host:h1", ""),
            ("node:a", "host:h1 database:central"),
            ("node:b", "host:h1 database:central"),
            ("node:c", "host:h2 database:central"),
            ("node:d", "host:h3 database:central"),
        ],
        "",
        &["host:h1 3", "database:central 2"],
    );
}

#[test]
fn what_its_own_probe_finds_well_is_suspected_only_by_many() {
    explains(
        &[
            ("node:a", "host:h1 database:central"),
            ("node:b", "host:h2 database:central"),
        ],
        "database:central",
        &["node:a 1", "node:b 1"],
    );
    // The edge answers its health check, and its way to the hosts hangs.
    let nodes: Vec<(String, String)> = (0..6)
        .map(|it| (format!("node:{it}"), format!("host:h{} edge:e1", it % 3)))
        .collect();
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|(a, b)| (&**a, &**b)).collect();
    explains(&nodes, "edge:e1 host:h0 host:h1 host:h2", &["edge:e1 6"]);
}

#[test]
fn a_machine_that_dies_with_two_hosts_is_one_incident() {
    explains(
        &[
            ("host:h1", "machine:m1"),
            ("host:h2", "machine:m1"),
            ("node:a", "host:h1 machine:m1"),
            ("node:b", "host:h2 machine:m1"),
        ],
        "",
        &["machine:m1 4"],
    );
}

#[test]
fn a_vendor_explains_and_never_opens() {
    let mut desk = Desk::new();
    desk.passes("host:h1");
    desk.passes("host:h2");
    desk.fails("tracker:jira-cloud", "");
    for (node, host) in [
        ("node:a", "host:h1"),
        ("node:b", "host:h1"),
        ("node:c", "host:h2"),
    ] {
        desk.fails(node, &format!("{host} tracker:jira-cloud"));
    }
    check(&desk.wait(1), "none: vendor tracker:jira-cloud");
    assert_eq!(desk.incidents(), [""; 0]);
    // Said once, though each new failure has all judged again.
    desk.fails("node:d", "host:h2 tracker:jira-cloud");
    check(&desk.wait(1), "none: vendor tracker:jira-cloud");
    desk.fails("node:z", "host:h3");
    check(&desk.wait(1), "opened 1 node:z Critical 1");
}

#[test]
fn the_way_out_that_all_trackers_need_is_ours() {
    explains(
        &[
            ("tracker:jira-cloud", "egress:m1"),
            ("tracker:github", "egress:m1"),
            ("node:a", "egress:m1 tracker:jira-cloud"),
            ("node:b", "egress:m1 tracker:github"),
        ],
        "",
        &["egress:m1 4"],
    );
}

#[test]
fn more_failures_join() {
    let mut desk = Desk::new();
    desk.fails("database:central", "");
    check(&desk.wait(1), "opened 1 database:central Critical 1");
    desk.fails("pool:central/read", "database:central");
    check(&desk.wait(1), "joined 1 1");
    assert_eq!(desk.incidents(), ["1 database:central 2/2"]);
    assert_eq!(desk.book.failing().count(), 2);
}

#[test]
fn an_incident_grows_onto_the_element_that_explains_more() {
    let mut desk = Desk::new();
    desk.fails("node:a", "host:h1 database:central");
    check(&desk.wait(1), "opened 1 node:a Critical 1");
    desk.fails("node:b", "host:h1 database:central");
    check(&desk.wait(1), "promoted 1 node:a host:h1; joined 1 1");
    desk.fails("node:c", "host:h2 database:central");
    check(
        &desk.wait(1),
        "promoted 1 host:h1 database:central; joined 1 1",
    );
    assert_eq!(desk.incidents(), ["1 database:central 3/3"]);
}

#[test]
fn incidents_that_turn_out_to_be_one_are_merged_into_the_oldest() {
    let mut desk = Desk::new();
    desk.fails("node:a", "host:h1 machine:m1");
    desk.wait(1);
    desk.fails("node:b", "host:h2 machine:m1");
    check(&desk.wait(1), "promoted 1 node:a machine:m1; joined 1 1");
    assert_eq!(desk.incidents(), ["1 machine:m1 2/2"]);

    let mut desk = Desk::new();
    desk.fails("node:a", "host:h1 machine:m1");
    desk.wait(1);
    desk.fails("host:h1", "machine:m1");
    check(&desk.wait(1), "promoted 1 node:a host:h1; joined 1 1");
    // Explained by its host, the node points at the machine no more; the hosts do.
    desk.fails("node:b", "host:h2 machine:m1");
    desk.fails("host:h2", "machine:m1");
    check(&desk.wait(1), "promoted 1 host:h1 machine:m1; joined 1 2");
    assert_eq!(desk.incidents(), ["1 machine:m1 4/4"]);

    let mut desk = Desk::new();
    desk.passes("edge:e1");
    for host in 1..=4 {
        desk.fails(&format!("canary_sync:h{host}"), "edge:e1");
    }
    desk.wait(1);
    assert_eq!(desk.book.incidents().count(), 4);
    desk.fails("edge:e1", "");
    check(
        &desk.wait(1),
        "promoted 1 canary_sync:h1 edge:e1; merged 2 1; merged 3 1; merged 4 1; joined 1 1",
    );
    assert_eq!(desk.incidents(), ["1 edge:e1 5/5"]);
}

#[test]
fn many_warnings_together_are_critical() {
    let mut desk = Desk::new();
    for node in 0..4 {
        desk.warns(&format!("node:{node}"), "host:h1");
    }
    check(&desk.wait(1), "opened 1 host:h1 Warning 4");
    desk.warns("node:4", "host:h1");
    check(&desk.wait(1), "joined 1 1; raised 1 Critical");
}

#[test]
fn what_is_only_worth_keeping_opens_nothing() {
    let mut desk = Desk::new();
    desk.says("probe", "node:a", Some((Severity::Info, "")));
    check(&desk.wait(1), "none: info");
    desk.says("probe", "node:a", Some((Severity::Warning, "")));
    check(&desk.wait(1), "opened 1 node:a Warning 1");
    check(
        &desk.says("other", "node:a", Some((Severity::Critical, ""))),
        "raised 1 Critical",
    );
}

#[test]
fn what_is_well_before_the_window_ends_is_no_incident() {
    let mut desk = Desk::new();
    desk.fails("node:a", "");
    check(&desk.passes("node:a"), "none: passed");
    check(&desk.wait(1), "");
    // A first good word is no news.
    check(&desk.passes("node:b"), "");
}

#[test]
fn it_recovers_after_it_was_quiet_and_the_same_element_is_the_same_incident() {
    let mut desk = Desk::new();
    desk.fails("host:h1", "");
    desk.wait(1);
    check(&desk.passes("host:h1"), "");
    check(&desk.wait(14), "");
    check(&desk.wait(1), "recovered 1");
    check(&desk.wait(899), "");
    check(&desk.fails("host:h1", ""), "reopened 1 1");
    // Each time it takes longer to believe.
    desk.passes("host:h1");
    check(&desk.wait(15), "");
    check(&desk.wait(15), "recovered 1");
    check(&desk.wait(900), "closed 1");
    desk.fails("host:h1", "");
    check(&desk.wait(1), "opened 2 host:h1 Critical 1");
}

#[test]
fn what_fails_again_while_it_settles_goes_on() {
    let mut desk = Desk::new();
    desk.fails("host:h1", "");
    desk.wait(1);
    for _ in 0..50 {
        check(&desk.passes("host:h1"), "");
        check(&desk.wait(5), "");
        check(&desk.fails("host:h1", ""), "");
        check(&desk.wait(5), "");
    }
    assert_eq!(desk.incidents(), ["1 host:h1 1/1"]);
}

#[test]
fn other_nodes_that_share_the_element_reopen_it_too() {
    let mut desk = Desk::new();
    for node in ["node:a", "node:b"] {
        desk.fails(node, "host:h1");
    }
    desk.wait(1);
    for node in ["node:a", "node:b"] {
        desk.passes(node);
    }
    check(&desk.wait(15), "recovered 1");
    // One node more is a node of its own…
    desk.fails("node:x", "host:h1");
    check(&desk.wait(1), "opened 2 node:x Critical 1");
    // …two are the host again, and it takes the other in.
    desk.fails("node:y", "host:h1");
    check(&desk.wait(1), "merged 2 1; reopened 1 1; joined 1 1");
    assert_eq!(desk.incidents(), ["1 host:h1 2/4"]);
}

#[test]
fn a_person_resolves_what_is_over_and_dismisses_what_is_none() {
    let by = "ada".to_owned();
    let resolve = |incident| Event::Resolve {
        incident: IncidentId(incident),
        by: by.clone(),
    };
    let mut desk = Desk::new();
    desk.fails("node:a", "");
    desk.wait(1);
    check(&desk.apply(resolve(1)), "none: 1 still fail");
    check(&desk.apply(resolve(7)), "none: no such incident");
    desk.passes("node:a");
    check(&desk.apply(resolve(1)), "resolved 1 ada");
    check(&desk.fails("node:a", ""), "reopened 1 1");

    let dismiss = Event::Dismiss {
        incident: IncidentId(1),
        by,
        reason: "it is being moved".to_owned(),
    };
    check(&desk.apply(dismiss), "dismissed 1");
    check(
        &desk.says("other", "node:a", Some((Severity::Critical, ""))),
        "none: dismissed",
    );
    check(&desk.wait(5), "");
    desk.says("other", "node:a", None);
    desk.passes("node:a");
    desk.fails("node:a", "");
    check(&desk.wait(1), "opened 2 node:a Critical 1");
}

#[test]
fn what_is_gone_fails_no_more() {
    let mut desk = Desk::new();
    desk.fails("node:a", "");
    desk.wait(1);
    desk.apply(Event::Gone {
        subject: element("node:a"),
    });
    check(&desk.wait(15), "recovered 1");
    assert_eq!(desk.book.failing().count(), 0);
}

#[test]
fn what_was_long_well_in_an_incident_that_goes_on_is_judged_anew() {
    let mut desk = Desk::new();
    desk.fails("database:central", "");
    desk.fails("node:a", "database:central");
    desk.wait(1);
    desk.passes("node:a");
    desk.wait(901);
    desk.fails("node:a", "host:h1");
    check(&desk.wait(1), "opened 2 node:a Critical 1");
    assert_eq!(desk.incidents(), ["1 database:central 1/2", "2 node:a 1/1"]);
}

#[test]
fn a_clock_that_is_put_back_delays_no_judgement() {
    let mut desk = Desk::new();
    desk.fails("node:a", "");
    desk.now = desk.now.minus(Duration::from_secs(7200));
    check(&desk.wait(0), "");
    check(&desk.wait(1), "opened 1 node:a Critical 1");
}

#[test]
fn it_says_when_it_wants_to_be_woken() {
    let mut desk = Desk::new();
    assert_eq!(desk.book.due(&desk.settings), None);
    desk.fails("node:a", "");
    assert_eq!(
        desk.book.due(&desk.settings),
        Some(desk.now.plus(desk.settings.window))
    );
    desk.wait(1);
    assert_eq!(desk.book.due(&desk.settings), None);
    desk.passes("node:a");
    assert_eq!(
        desk.book.due(&desk.settings),
        Some(desk.now.plus(desk.settings.settle))
    );
    desk.wait(15);
    assert_eq!(
        desk.book.due(&desk.settings),
        Some(desk.now.plus(desk.settings.reopen_within))
    );
}

#[test]
fn impact_is_what_fails_and_not_what_is_suspected() {
    let population: Population = [("host", 8), ("canary_sync", 8), ("node", 1000)]
        .map(|(kind, count)| (kind.parse().unwrap(), count))
        .into();
    let check = |severity, failing: &str, expected| {
        assert_eq!(
            Impact::of(severity, &path(failing), &population),
            expected,
            "{failing}"
        );
    };
    let critical = Severity::Critical;
    check(
        critical,
        "database:central pool:central/replicate",
        Impact::Minor,
    );
    check(critical, "host:h1 database:central", Impact::Major);
    check(
        critical,
        "host:h1 host:h2 host:h3 host:h4",
        Impact::Critical,
    );
    check(critical, "node:a", Impact::Major);
    check(Severity::Warning, "host:h1", Impact::Minor);
    check(Severity::Info, "host:h1", Impact::None);
}
