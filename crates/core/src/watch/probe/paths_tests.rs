use super::*;
use proptest::prelude::*;

fn path(elements: &str) -> Path {
    let words = elements.split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}

fn probe(name: &str, watches: &str, touches: &str) -> ProbePath {
    ProbePath {
        probe: name.to_owned(),
        watches: path(watches),
        touches: path(touches).union(&path(watches)).cloned().collect(),
        runs_on: path("watch:w1 machine:m3 disk:m3"),
    }
}

fn route(person: &str, channel: &str, touches: &str) -> RoutePath {
    RoutePath {
        person: person.to_owned(),
        channel: channel.to_owned(),
        touches: path(touches),
    }
}

fn two_ways() -> Routes {
    Routes {
        pages: vec![
            route("ada", "sms", "dns:m3 egress:m3 carrier:twilio"),
            route("ada", "mail", "mail_relay:mx"),
            route("bo", "sms", "dns:m3 egress:m3 carrier:twilio"),
            route("bo", "mail", "mail_relay:mx"),
        ],
        outside_ping: None,
    }
}

/// Each finding in one line, with whether it fails.
fn check(probes: &[ProbePath], routes: &Routes, expected: &[&str]) {
    let found: Vec<String> = verify_paths(probes, routes)
        .iter()
        .map(|finding| {
            let verdict = if finding.fails() { "fails" } else { "shown" };
            let text = match finding {
                Finding::Blind { probe, element } => format!("{probe} blind {element}"),
                Finding::Deaf {
                    probe,
                    element,
                    person,
                } => format!("{probe} deaf {element} {person}"),
                Finding::Weak {
                    probe,
                    element,
                    person,
                    channel,
                } => format!("{probe} weak {element} {person} {channel}"),
                Finding::Indirect { element, through } => {
                    format!("{element} indirect {through}")
                }
                Finding::LastLine { probe, element } => format!("{probe} last line {element}"),
            };
            format!("{verdict}: {text}")
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn paths_that_share_nothing_hold() {
    let probes = [
        probe("host_direct", "host:h1", ""),
        probe("host_by_edge", "host:h1", "edge:e1"),
        probe("edge", "edge:e1", ""),
        probe("commit_canary", "database:central pool:central/probe", ""),
    ];
    check(&probes, &two_ways(), &[]);
}

#[test]
fn the_incident_of_2021_is_found_before_it_happens() {
    // The nodes are watched through the proxy that hangs with them, and pages pass through it as well.
    let probes = [
        probe("nodes", "host:h1", "edge:e1"),
        probe("edge", "edge:e1", ""),
    ];
    let routes = Routes {
        pages: vec![route("ada", "mail", "edge:e1 mail_relay:mx")],
        outside_ping: None,
    };
    check(
        &probes,
        &routes,
        &[
            "fails: edge blind edge:e1",
            "fails: host:h1 indirect edge:e1",
        ],
    );
}

#[test]
fn a_watched_channel_is_weak_while_another_reaches_the_same_person() {
    let probes = [probe("relay", "mail_relay:mx", "")];
    check(
        &probes,
        &two_ways(),
        &[
            "shown: relay weak mail_relay:mx ada mail",
            "shown: relay weak mail_relay:mx bo mail",
        ],
    );
    let mut only_mail = two_ways();
    only_mail.pages.remove(2);
    check(
        &probes,
        &only_mail,
        &[
            "fails: relay deaf mail_relay:mx bo",
            "shown: relay weak mail_relay:mx ada mail",
        ],
    );
}

#[test]
fn what_one_machine_shares_needs_the_outside_ping() {
    let probes = [probe("disk", "disk:m3", "")];
    let mut routes = two_ways();
    check(&probes, &routes, &["fails: disk blind disk:m3"]);
    routes.outside_ping = Some(path("disk:m3 machine:m3"));
    check(&probes, &routes, &["shown: disk last line disk:m3"]);
}

#[test]
fn without_any_page_everything_is_blind() {
    let probes = [probe("edge", "edge:e1", "")];
    check(&probes, &Routes::default(), &["fails: edge blind edge:e1"]);
}

fn some_path() -> impl Strategy<Value = Path> {
    let names = ["host:h1", "edge:e1", "database:d", "disk:m", "egress:m"];
    prop::collection::btree_set(prop::sample::select(names.to_vec()), 1..4)
        .prop_map(|words| words.iter().map(|word| word.parse().unwrap()).collect())
}

proptest! {
    /// Lets each watched element fail and sees who hears of it, the plain way.
    #[test]
    fn an_element_passes_only_if_everybody_hears_of_its_failure(
        watches in some_path(),
        runs_on in some_path(),
        ways in prop::collection::vec((0_usize..3, some_path()), 0..5),
    ) {
        let probe = ProbePath { probe: "p".into(), touches: watches.clone(), watches, runs_on };
        let pages: Vec<RoutePath> = ways
            .into_iter()
            .enumerate()
            .map(|(index, (person, touches))| RoutePath {
                person: format!("person-{person}"),
                channel: format!("channel-{index}"),
                touches,
            })
            .collect();
        let everybody: std::collections::BTreeSet<&str> =
            pages.iter().map(|route| route.person.as_str()).collect();
        let all_hear = probe.watches.iter().all(|broken| {
            let heard: std::collections::BTreeSet<&str> = pages
                .iter()
                .filter(|route| !route.touches.contains(broken))
                .map(|route| route.person.as_str())
                .collect();
            !probe.runs_on.contains(broken) && !heard.is_empty() && heard == everybody
        });
        let routes = Routes { pages: pages.clone(), outside_ping: None };
        let findings = verify_paths(std::slice::from_ref(&probe), &routes);
        prop_assert_eq!(findings.iter().any(Finding::fails), !all_hear);
    }
}
