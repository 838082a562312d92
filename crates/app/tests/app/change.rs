//! The change gate, with a watch that probes real processes and a real database.

use crate::support::{Installation, text_of, until};
use crate::watching::{are_proven, letter, watched, works};
use crate::webhooks::ask;
use serde_json::Value as Json;
use twinline_sim::postgres::Postgres;
use twinline_sim::smtpd::Smtpd;

/// Adds to the configuration.
fn with(installation: &Installation, tables: &str) {
    let text = text_of(&installation.path("twinline.toml"));
    installation.write("twinline.toml", &format!("{text}\n{tables}"));
}

/// Whether automation may touch this: the exit code, and the answer.
fn gate(installation: &Installation, element: &str) -> (Option<i32>, Json) {
    let done = installation.run(&["change", "gate", element, "--json"]);
    let told = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    (done.status.code(), told)
}

/// Waits for a question whether ada is there that was not answered before, and follows its link as her browser does.
fn says_there(installation: &Installation, smtp: &Smtpd, answered: &mut Vec<String>) {
    let token = until("a question whether ada is there", || {
        let letters = smtp.letters().unwrap().into_iter();
        let asked = letters.filter(|it| it.content.contains("PRESENCE "));
        let mut tokens = asked.filter_map(|it| {
            // Long lines are broken in a letter.
            let text = it.content.replace("=\r\n", "").replace("=\n", "");
            let (_, link) = text.split_once("http://status.acme.example/ack/")?;
            let end = |sign: char| !(sign.is_ascii_alphanumeric() || "-_".contains(sign));
            Some(link.split(end).next()?.to_owned())
        });
        tokens.find(|it| !answered.contains(it))
    });
    let at = installation.listener("watch", "page").unwrap();
    let path = format!("/ack/{token}");
    let looked = ask(at, &format!("GET {path} HTTP/1.1"), "").unwrap();
    assert!(
        looked.body.contains("I am there, as ada"),
        "{}",
        looked.body
    );
    let done = ask(at, &format!("POST {path} HTTP/1.1"), "").unwrap();
    assert!(done.body.contains("ada is there"), "{}", done.body);
    answered.push(token);
}

/// Plans a change and starts it, with the one person there; its number.
fn runs(
    (installation, smtp): (&Installation, &Smtpd),
    answered: &mut Vec<String>,
    title: &str,
    element: &str,
) -> String {
    let planned = installation.json(&["change", "plan", title, "--element", element]);
    let change = planned["change"].to_string();
    assert_eq!(gate(installation, element).0, Some(7));
    // A name alone begins nothing: ada is sent a link.
    let named = installation.run(&["change", "start", &change, "--as", "ada"]);
    assert_eq!(named.status.code(), Some(1), "{named:?}");
    says_there(installation, smtp, answered);
    let started = installation.json(&["change", "start", &change]);
    assert_eq!(started["standing"], "running");
    assert_eq!(started["present"], "ada");
    change
}

/// Ends what is proven.
fn ends(installation: &Installation, change: &str) -> Json {
    let done = installation.json(&["change", "finish", change]);
    assert_eq!(done["standing"], "finished");
    for probe in ["host_direct", "through_edge"] {
        let checks = done["proof"]["checks"].to_string();
        assert!(checks.contains(probe), "{checks}");
    }
    proves(&done["proof"], "canary_sync", "canary_sync:m1");
    done["proof"].clone()
}

/// Whether a proof has this check.
fn proves(proof: &Json, probe: &str, subject: &str) {
    let mut checks = proof["checks"].as_array().unwrap().iter();
    let is_there = checks.any(|it| it["probe"] == probe && it["subject"] == subject);
    assert!(is_there, "{probe} {subject} in {proof}");
}

/// Whether the database was proven by the canary and by each pool of the host.
fn proves_database(proof: &Json) {
    proves(proof, "commit_canary", "database:central");
    for pool in ["replicate", "read", "probe"] {
        proves(proof, "pools", &format!("pool:central/{pool}/m1"));
    }
}

#[test]
fn a_change_that_is_left_alone_is_paged_and_only_proof_finishes_it() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    with(&installation, "[watch.changes]\npresence_s = 15\n");
    let mut up = installation.up();
    up.works();
    works(&installation);
    are_proven(&installation);
    let mut answered = Vec::new();
    let both = (&installation, &smtp);
    let change = runs(both, &mut answered, "a new kernel", "machine:m1");
    assert_eq!(gate(&installation, "machine:m1").0, Some(0));
    let early = installation.run(&["change", "finish", &change]);
    assert_eq!(early.status.code(), Some(1), "{early:?}");

    letter(&smtp, "it stands still");
    let (code, told) = gate(&installation, "machine:m1");
    assert_eq!(
        (code, &told["refusal"]),
        (Some(7), &"nobody_present".into())
    );
    let there = installation.json(&["change", "renew", &change, "--as", "ada"]);
    assert_eq!(there["standing"], "paused", "a name renews nothing");
    until("the change to go on", || {
        // Of what was sent before some is too late, or answered by the next.
        says_there(&installation, &smtp, &mut answered);
        let shown = installation.json(&["change", "show", &change]);
        (shown["standing"] == "running").then_some(())
    });
    let waits = ["change", "verify", &change, "--wait", "--within", "60"];
    let proven = installation.json(&waits);
    assert_eq!(proven["standing"], "proven", "{proven}");
    ends(&installation, &change);
    letter(&smtp, "RESOLVED");
    assert!(up.ends().success());
}

#[test]
fn no_go_while_commits_hang_and_a_restart_that_nobody_planned_is_proven() {
    if !Postgres::can_run() {
        return;
    }
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let database = Postgres::start(&[]).unwrap();
    installation.write("central.url", &database.url());
    with(
        &installation,
        "[central]\nurl = { file = \"central.url\" }\n",
    );
    let mut up = installation.up();
    up.works();
    works(&installation);
    are_proven(&installation);
    let both = (&installation, &smtp);
    let change = runs(both, &mut Vec::new(), "another disk", "database:central");
    until("go", || {
        (gate(&installation, "database:central").0 == Some(0)).then_some(())
    });

    database.hang_commits().unwrap();
    let told = until("no go", || {
        let (code, told) = gate(&installation, "database:central");
        (code == Some(7)).then_some(told)
    });
    assert_eq!(told["status"], 409, "{told}");
    assert_eq!(told["refusal"], "failing", "{told}");
    assert!(
        told["detail"].to_string().contains("commit_canary"),
        "{told}"
    );
    installation.json(&["change", "verify", &change]);
    letter(&smtp, "CRITICAL");
    // The database is why it is not proven: people are called to one incident, not to two.
    until("one incident of both", || {
        let found = installation.json(&["incident", "list"]);
        let all = found["incidents"].as_array()?;
        let critical = all.iter().filter(|it| it["severity"] == "critical");
        let failing: Vec<String> = critical.map(|it| it["failing"].to_string()).collect();
        let both = |it: &String| it.contains("database:central") && it.contains("change:1");
        (failing.len() == 1 && failing.iter().all(both)).then_some(())
    });
    database.let_commit().unwrap();
    until("the proof", || {
        let shown = installation.json(&["change", "show", &change]);
        (shown["standing"] == "proven").then_some(())
    });
    proves_database(&ends(&installation, &change));

    // At 22:00 on a Saturday.
    database.crash().unwrap();
    database.start_again().unwrap();
    let noticed = until("the restart to be noticed and proven", || {
        let found = installation.json(&["change", "list", "--all"]);
        let mut changes = found["changes"].as_array()?.iter();
        let noticed = changes.find(|it| it["kind"] == "noticed")?;
        (noticed["standing"] == "finished").then(|| noticed.clone())
    });
    assert_eq!(noticed["differences"], serde_json::json!(["started"]));
    proves_database(&noticed["proof"]);
    proves(&noticed["proof"], "canary_sync", "canary_sync:m1");
    assert!(up.ends().success());
}
