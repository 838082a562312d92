//! A node that an edge has no route to yet: its webhook is registered when the edge has begun anew, and what comes before is
//! never told that there is no such node.

use crate::fleet::machines;
use crate::support::{
    Installation, Running, Simulators, create, in_jira, signal, text_of, until, until_within,
};
use crate::webhooks::{SECRET, address, ask, body, deliver};
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;
use twinline_sim::Command as Act;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// What takes as many turns of several processes, on a machine that has other work too.
const LONG: Duration = Duration::from_secs(180);

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Lets GitHub reach an edge there.
fn reached_at(machine: &Installation, at: SocketAddr) {
    let text = text_of(&machine.path("twinline.toml"));
    let url = format!("[instance]\npublic_url = \"http://{at}\"\n");
    machine.write("twinline.toml", &text.replace("[instance]\n", &url));
    machine.write("secrets/github.hook", SECRET);
}

/// Lets its edge listen there.
fn listens_at(machine: &Installation, at: SocketAddr) {
    let text = text_of(&machine.path("twinline.toml"));
    let listen = format!("[edge]\nlisten = \"{at}\"");
    let text = text.replace("[edge]\nlisten = \"127.0.0.1:0\"", &listen);
    assert!(text.contains(&listen), "{text}");
    machine.write("twinline.toml", &text);
}

/// The configuration as it was before GitHub was added; gives the present one.
fn without_github(machine: &Installation) -> String {
    let now = text_of(&machine.path("twinline.toml"));
    let (before, rest) = now.split_once("[nodes.github]").unwrap();
    let (_, after) = rest.split_once("\n[nodes.").unwrap();
    machine.write("twinline.toml", &format!("{before}\n[nodes.{after}"));
    now
}

/// How many webhooks GitHub has.
fn hooks(simulators: &Simulators) -> usize {
    let url = simulators.github.url();
    let at = url.strip_prefix("http://").unwrap().parse().unwrap();
    let head = "GET /repos/acme/app/hooks HTTP/1.1\r\nauthorization: Bearer github-token";
    let answer = ask(at, head, "").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let listed: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    listed.as_array().unwrap().len()
}

/// How an edge answers a delivery of GitHub's.
fn answered(at: SocketAddr, id: &str) -> u16 {
    answered_for(at, "github", id)
}

/// The same for any name.
fn answered_for(at: SocketAddr, node: &str, id: &str) -> u16 {
    until("an answer of the edge", || {
        deliver(at, node, id, &body(1, 0)).map(|answer| answer.status)
    })
}

/// Waits until a log says this.
fn says(log: &std::path::Path, words: &str) {
    until_within(LONG, words, || text_of(log).contains(words).then_some(()));
}

/// Waits until GitHub has one, for deliveries that the edge takes.
fn a_webhook_is_registered(simulators: &Simulators, edge: SocketAddr) {
    until_within(LONG, "the webhook", || {
        (hooks(simulators) == 1).then_some(())
    });
    assert_eq!(answered(edge, "registered"), 202);
}

#[test]
fn a_webhook_is_registered_when_every_edge_of_the_fleet_has_its_nodes_route() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1", "m2"], &simulators, &etcd, &database);
    let edge = free();
    listens_at(&fleet[1], edge);
    for machine in &fleet {
        reached_at(machine, edge);
    }
    let newer = without_github(&fleet[1]);
    let _first = fleet[0].up();
    let mut second = fleet[1].up();
    assert_eq!(
        fleet[0].json(&["apply"])["published"][0]["version"],
        1,
        "GitHub's node is published"
    );
    create(&simulators, "Before");
    in_jira(&simulators, "Before");

    // The edge with the older configuration learns that there is such a node.
    until("to be asked to come later", || {
        (answered(edge, "early") == 503).then_some(())
    });
    let log = fleet[0].path("up.log");
    says(&log, "it has no route to the node");
    says(
        &log,
        "the edge has refused deliveries, or may have: sweeping the node",
    );
    assert_eq!(answered(edge, "later"), 503);
    assert_eq!(hooks(&simulators), 0, "{}", text_of(&log));

    // A person is told of that edge, too, where the address leads to another.
    let file = fleet[0].path("twinline.toml");
    let (mine, here) = (text_of(&file), address(&fleet[0]));
    let url = format!("public_url = \"http://{edge}\"");
    assert!(mine.contains(&url), "{mine}");
    let other = mine.replace(&url, &format!("public_url = \"http://{here}\""));
    fleet[0].write("twinline.toml", &other);
    let asked = fleet[0].run(&["node", "webhook", "github"]);
    fleet[0].write("twinline.toml", &mine);
    let said = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(1), "{said}");
    assert!(said.contains("m2: it has no route to the node"), "{said}");
    assert_eq!(hooks(&simulators), 0);

    assert!(second.ends().success());
    fleet[1].write("twinline.toml", &newer);
    let mut second = fleet[1].up();
    a_webhook_is_registered(&simulators, edge);
    let edit = Act::edit("acme/app#1", "ana", "title", "By webhook");
    let edited = simulators
        .github
        .with(|tracker, now| tracker.command(now, edit));
    edited.unwrap();
    in_jira(&simulators, "By webhook");

    // Begun without the database it takes what it knows, and cannot know that there is nothing else.
    until_within(LONG, "to know that there is no such node", || {
        (answered_for(edge, "stranger", "well") == 404).then_some(())
    });
    assert!(second.ends().success());
    database.crash().unwrap();
    let _second = fleet[1].up();
    assert_eq!(answered_for(edge, "stranger", "blind"), 503);
    assert_eq!(answered(edge, "blind"), 202);
    database.start_again().unwrap();
    until_within(LONG, "to know it again", || {
        (answered_for(edge, "stranger", "healed") == 404).then_some(())
    });
    simulators.end();
}

/// A role of one machine with a log of its own.
fn role(installation: &Installation, role: &str) -> Running {
    let log = std::fs::File::create(installation.path(&format!("{role}.log"))).unwrap();
    let mut command = installation.command(&[role]);
    command.stdout(Stdio::null()).stderr(log);
    Running(command.spawn().unwrap())
}

#[test]
fn on_one_machine_a_webhook_waits_for_the_edge_too() {
    let simulators = Simulators::start();
    let alone = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let at = free();
    listens_at(&alone, at);
    reached_at(&alone, at);
    let newer = without_github(&alone);
    let mut edge = role(&alone, "edge");
    until("the edge", || alone.listener("edge", "webhooks"));
    assert_eq!(answered(at, "before"), 404, "there is none yet");
    alone.write("twinline.toml", &newer);
    until("to be asked to come later", || {
        (answered(at, "early") == 503).then_some(())
    });
    assert_eq!(alone.json(&["apply"])["published"][0]["version"], 1);
    let _host = role(&alone, "host");
    says(&alone.path("host.log"), "it has no route to the node");
    assert_eq!(hooks(&simulators), 0);

    signal(edge.0.id(), Signal::TERM);
    assert!(edge.0.wait().unwrap().success());
    let _edge = role(&alone, "edge");
    a_webhook_is_registered(&simulators, at);
    simulators.end();
}
