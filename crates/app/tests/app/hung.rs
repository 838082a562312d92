//! Processes that hang instead of dying: SIGSTOP.

use crate::support::{Installation, Simulators, create, in_jira, is_alive, signal, text_of, until};
use crate::watching::{are_proven, incidents, letter, watched, works};
use crate::webhooks::{SECRET, address, ask, body, deliver};
use rustix::process::Signal;
use std::net::TcpStream;
use twinline_core::time::Timestamp;

#[test]
fn a_role_that_hangs_is_replaced_while_the_other_works() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/github.hook", SECRET);
    assert_eq!(installation.json(&["apply"])["published"][0]["version"], 1);
    let up = installation.up();
    let [edge, host] = up.works();

    // A stopped edge: whoever asks is not answered and finds that out by its own deadline; the sweep goes on.
    let stopped = address(&installation);
    signal(edge, Signal::STOP);
    create(&simulators, "While the edge hangs");
    assert!(deliver(stopped, "github", "d1", &body(1, 0)).is_none());
    in_jira(&simulators, "While the edge hangs");
    let edge = until("a new edge", || {
        installation.role("edge").filter(|new| *new != edge)
    });
    let accepted = until("the new edge to take deliveries", || {
        deliver(address(&installation), "github", "d2", &body(1, 0))
    });
    assert_eq!(accepted.status, 202);

    // A stopped host: the edge takes deliveries as if nothing were.
    signal(host, Signal::STOP);
    let second = create(&simulators, "While the host hangs");
    let number = second.rsplit('#').next().unwrap().parse().unwrap();
    let taken = deliver(address(&installation), "github", "d3", &body(number, 0)).unwrap();
    assert_eq!(taken.status, 202);
    let api = installation.listener("host", "api").unwrap();
    assert!(ask(api, "GET /health HTTP/1.1", "").is_none());
    until("a new host", || {
        installation.role("host").filter(|new| *new != host)
    });
    in_jira(&simulators, "While the host hangs");
    assert!(!is_alive(host) && is_alive(edge));
    let log = text_of(&installation.path("up.log"));
    assert_eq!(log.matches("answers nothing any more").count(), 2, "{log}");
    drop(up);
    simulators.end();
}

#[test]
fn a_host_whose_api_is_all_taken_still_answers_its_supervisor() {
    let proxy = "proxy = { in_flight_per_host = 1, streams_per_host = 1 }";
    let installation = Installation::with_edge(proxy, "");
    let _up = installation.up();
    let [api, health] = ["api", "health"].map(|name| installation.listener("host", name).unwrap());
    let taken: Vec<_> = (0..80).map(|_| TcpStream::connect(api).unwrap()).collect();
    assert!(
        ask(api, "GET /health HTTP/1.1", "").is_none(),
        "every place is taken"
    );
    assert_eq!(ask(health, "GET /health HTTP/1.1", "").unwrap().status, 200);
    drop(taken);
}

#[test]
fn a_role_that_was_only_paused_goes_on() {
    let installation = Installation::new("");
    let up = installation.up();
    let roles = up.works();
    for role in roles {
        signal(role, Signal::STOP);
    }
    // The command line does not wait for ever, and says what is the matter.
    let done = installation.run(&["status"]);
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("does not answer"), "{said}");
    for role in roles {
        signal(role, Signal::CONT);
    }
    assert_eq!(up.works(), roles, "nobody was replaced");
}

/// Its supervisor replaces a role that hangs after twenty seconds; somebody is called before.
#[test]
fn a_role_that_hangs_is_paged_while_its_supervisor_is_well() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let mut up = installation.up();
    let [edge, host] = up.works();
    works(&installation);
    are_proven(&installation);

    signal(host, Signal::STOP);
    let mail = letter(&smtp, "CRITICAL");
    assert_eq!(mail.to, ["ada@acme.example"]);
    let told = until("the incident of the host", || {
        let mut all = incidents(&installation).into_iter();
        all.find(|it| it["standing"] != "closed" && it.to_string().contains("host:m1"))
    });
    let opened = Timestamp::from_millis(told["opened_at"].as_i64().unwrap());
    let next = until("another host", || {
        installation.role("host").filter(|new| *new != host)
    });
    letter(&smtp, "RESOLVED");
    assert!(is_alive(next) && is_alive(edge));
    // It was not the replacing that was told of.
    let log = text_of(&installation.path("up.log"));
    let replaced = log
        .lines()
        .find(|it| it.contains("answers nothing any more"));
    let replaced = replaced.and_then(|it| it.split_whitespace().next());
    let replaced = Timestamp::parse(replaced.unwrap()).unwrap();
    assert!(opened < replaced, "{opened}: {log}");
    assert!(up.ends().success());
}
