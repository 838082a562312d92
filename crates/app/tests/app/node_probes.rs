//! What is wrong with a node is told of the node, by probes of whole processes.

use crate::support::{Installation, Simulators, until};
use crate::watching::{stands, watches};
use crate::webhooks::{SECRET, address, ask, body, deliver};

/// Fast enough for a test, and slow enough for a machine that has other work too.
const PACE: &str = "period_ms = 500, deadline_ms = 5000, open_after = 2, close_after = 3";

/// An installation between GitHub and Jira whose rules are in force and whose nodes are probed often.
fn watched(simulators: &Simulators) -> Installation {
    let made = Installation::init(&simulators.github.url(), &simulators.jira.url());
    assert_eq!(made.json(&["apply"])["published"][0]["version"], 1);
    made.write("secrets/github.hook", SECRET);
    watches(
        &made,
        &format!(
            "[watch.probes]\ncredentials = {{ {PACE} }}\nwebhooks = {{ {PACE} }}\n\
             signatures = {{ {PACE}, refused_max = 3 }}\nledger = {{ {PACE} }}\n"
        ),
    );
    made
}

#[test]
fn refused_credentials_and_signatures_are_told_of_their_node_alone() {
    let simulators = Simulators::start();
    let installation = watched(&simulators);
    // Somebody took the token back.
    installation.write("secrets/github.token", "taken back");
    let mut up = installation.up();
    up.works();
    stands(&installation, ("credentials", "node:github"), "failing");
    stands(&installation, ("credentials", "node:jira-cloud"), "passing");
    stands(&installation, ("signatures", "node:github"), "passing");
    let told = until("the sentence", || {
        let found = installation.json(&["incident", "list", "--all"]);
        let mut all = found["incidents"].as_array()?.iter();
        let one = all.find(|it| it["failing"].to_string().contains("node:github"))?;
        let shown = installation.json(&["incident", "show", &one["incident"].to_string()]);
        let summaries = shown["summaries"].to_string();
        summaries
            .contains("refuses the credentials")
            .then_some(summaries)
    });
    assert!(told.contains("node:github"), "{told}");

    // And somebody changed what the tracker signs with.
    let edge = address(&installation);
    for number in 0..3 {
        let head = format!(
            "POST /hooks/github HTTP/1.1\r\ncontent-type: application/json\r\nx-github-event: issues\r\n\
             x-github-delivery: f{number}\r\nx-hub-signature-256: sha256={}",
            "0".repeat(64)
        );
        assert_eq!(ask(edge, &head, &body(1, 0)).unwrap().status, 401);
    }
    stands(&installation, ("signatures", "node:github"), "failing");
    stands(&installation, ("signatures", "node:jira-cloud"), "passing");
    let genuine = deliver(edge, "github", "g", &body(1, 0)).unwrap();
    assert_eq!(genuine.status, 202, "{genuine:?}");
    stands(&installation, ("signatures", "node:github"), "passing");
    assert!(up.ends().success());
    simulators.end();
}
