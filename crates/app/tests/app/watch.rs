//! Watch as a process of its own: it calls people while everything that it watches hangs.

use crate::support::{Installation, is_alive, signal, text_of, until};
use crate::watching::{
    are_proven, ends, health, incidents, letter, stands, start, watched, watches, works,
};
use crate::webhooks::ask;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use twinline_sim::postgres::Postgres;

/// Has a server stand still whole: its first process, so that it starts no other, and then all that it has started.
fn freeze(database: &Postgres) -> Vec<u32> {
    let mut stopped = vec![database.postmaster().unwrap()];
    database.freeze(stopped[0]).unwrap();
    for process in database.children().unwrap() {
        // It may have ended meanwhile.
        if database.freeze(process).is_ok() {
            stopped.push(process);
        }
    }
    stopped
}

/// Gives an installation a database.
fn with_database(installation: &Installation) -> Postgres {
    let database = Postgres::start(&[]).unwrap();
    installation.write("central.url", &database.url());
    let text = text_of(&installation.path("twinline.toml"));
    let central = "[central]\nurl = { file = \"central.url\" }\n";
    installation.write("twinline.toml", &format!("{text}\n{central}"));
    database
}

/// Somebody is called for the database, and the public reads of it; the incident's number.
fn database_is_told_of(installation: &Installation) -> String {
    let of_database = until("the incident of the database", || {
        let mut found = incidents(installation);
        found.retain(|it| it["element"] == "database:central" && it["standing"] == "open");
        found.pop().map(|it| it["incident"].to_string())
    });
    stands(
        installation,
        ("commit_canary", "database:central"),
        "failing",
    );
    until("somebody to be called for the database", || {
        let shown = installation.json(&["incident", "show", &of_database]);
        (!shown["course"]["paged"].is_null()).then_some(())
    });
    let page = installation.listener("watch", "page").unwrap();
    until("the status page to name what the database is for", || {
        let summary = ask(page, "GET /api/v2/summary.json HTTP/1.1", "")?;
        let summary: Json = serde_json::from_str(&summary.body).ok()?;
        let mut all = summary["components"].as_array()?.iter();
        let one = all.find(|it| it["name"] == "Administration")?;
        (one["status"] != "operational").then_some(())
    });
    of_database
}

/// Waits until nothing of them fails any more.
fn are_over(installation: &Installation, incidents: [&String; 2]) {
    for incident in incidents {
        until("both to be over", || {
            let shown = installation.json(&["incident", "show", incident]);
            (shown["standing"] == "recovered").then_some(())
        });
    }
}

#[test]
fn edge_host_and_database_that_hang_are_told_of_and_watch_still_answers() {
    if !Postgres::can_run() {
        return;
    }
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let database = with_database(&installation);
    let mut up = installation.up();
    let [edge, host] = up.works();
    let watch = works(&installation);
    are_proven(&installation);

    // With their supervisor, which would replace them while it is looked at.
    for role in [up.child.id(), edge, host] {
        signal(role, Signal::STOP);
    }
    let frozen = freeze(&database);
    let mail = letter(&smtp, "CRITICAL");
    assert_eq!(mail.to, ["ada@acme.example"]);
    let of_database = database_is_told_of(&installation);
    // The two share their machine, which explains both: however they were found, it is one incident.
    let open = until("one incident of the machine", || {
        let mut found = incidents(&installation);
        found.retain(|it| it["element"] == "machine:m1" && it["standing"] == "open");
        let failing = found[..].first()?["failing"].to_string();
        let both = failing.contains("edge:m1") && failing.contains("host:m1");
        found.pop().filter(|_| both)
    });
    let id = open["incident"].to_string();
    let page = installation.listener("watch", "page").unwrap();
    until("the status page to say so", || {
        let summary = ask(page, "GET /api/v2/summary.json HTTP/1.1", "")?;
        summary.body.contains("major_outage").then_some(())
    });

    let acknowledged = installation.json(&["incident", "ack", &id]);
    assert_eq!(acknowledged["acknowledged_by"], "ada");
    installation.json(&["incident", "note", &id, "I look at it"]);
    // It cannot be over while something of it fails.
    let refused = installation.run(&["incident", "resolve", &id]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    for role in [up.child.id(), edge, host] {
        // Their supervisor, which goes on first, may end one at once.
        let pid = Pid::from_raw(i32::try_from(role).unwrap()).unwrap();
        let _gone = kill_process(pid, Signal::CONT);
    }
    for process in frozen {
        // One that has ended needs nothing.
        let _gone = database.thaw(process);
    }
    letter(&smtp, "RESOLVED");
    are_over(&installation, [&id, &of_database]);
    let resolved = installation.json(&["incident", "resolve", &id, "--text", "All is well."]);
    assert_eq!(resolved["standing"], "resolved");
    assert_eq!(resolved["notes"][0]["text"], "I look at it");
    assert!(is_alive(watch), "it went through all of it");
    let status = up.ends();
    assert!(
        status.success(),
        "{}",
        text_of(&installation.path("up.log"))
    );
    assert!(!is_alive(watch));
}

/// A watch without its supervisor goes on, and calls somebody; the next 'up' takes over.
#[test]
fn a_watch_outlives_its_supervisor_and_gives_way_to_the_next() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let up = installation.up();
    let roles = up.works();
    let watch = works(&installation);
    are_proven(&installation);
    // Killed, as by the kernel when memory runs out.
    drop(up);
    letter(&smtp, "CRITICAL");
    until("edge and host to end with their supervisor", || {
        roles.iter().all(|role| !is_alive(*role)).then_some(())
    });
    assert!(is_alive(watch));
    let mut up = installation.up();
    up.works();
    let next = until("the next watch", || {
        installation.role("watch").filter(|next| *next != watch)
    });
    assert!(!is_alive(watch));
    letter(&smtp, "RESOLVED");
    assert!(up.ends().success() && !is_alive(next));
}

fn log_says(installation: &Installation, log: &str, what: &str) {
    until(what, || {
        text_of(&installation.path(log))
            .contains(what)
            .then_some(())
    });
}

#[test]
fn a_damaged_state_and_a_broken_configuration_keep_no_watch_from_its_work() {
    let installation = Installation::new("");
    watches(&installation, "");
    let good = text_of(&installation.path("twinline.toml"));
    let mut watch = start(&installation);
    log_says(&installation, "role.log", "NOBODY CAN BE CALLED");
    // Edited while it runs.
    installation.write("twinline.toml", &good.replace("health", "healht"));
    log_says(&installation, "role.log", "did you mean 'health'?");
    ends(&installation, &mut watch);

    // And when it starts, with a damaged file as well.
    let file = installation.path("twinline-data/watch/watch.db");
    std::fs::write(&file, [b'!'; 8192]).unwrap();
    let mut watch = start(&installation);
    // Whoever is called then needs the command line too.
    let shown = installation.run(&["incident", "list"]);
    assert!(shown.status.success(), "{shown:?}");
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(
        said.contains("the last good configuration is used"),
        "{said}"
    );
    let told = health(&installation).unwrap();
    assert_eq!(told["nobody_to_call"], true, "{told}");
    let aside = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let aside = aside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("watch.db.damaged-")
    });
    assert!(aside.count() > 0);
    // The file is mended, and holds.
    installation.write("twinline.toml", &good);
    log_says(
        &installation,
        "role.log",
        "the configuration was edited, and holds",
    );
    let lost = until("the incident of the lost state", || {
        incidents(&installation)
            .into_iter()
            .find(|it| it["element"] == "watch:m1")
    });
    assert!(
        lost["headline"].to_string().contains("lost its state"),
        "{lost}"
    );
    ends(&installation, &mut watch);
}

#[test]
fn paths_are_verified_and_a_watch_without_a_way_to_anybody_fails() {
    let installation = Installation::new("");
    let fails = installation.run(&["watch", "verify-paths", "--json"]);
    assert_eq!(fails.status.code(), Some(1), "{fails:?}");
    let told: Json = serde_json::from_slice(&fails.stdout).unwrap();
    assert_eq!(told["ok"], false);
    installation.write("smtp.url", "smtp://mail.acme.example:25");
    let text = text_of(&installation.path("twinline.toml"));
    let text = format!(
        "{text}\n[watch.channels]\nmail = {{ kind = \"smtp\", url = {{ file = \"smtp.url\" }}, from = \"w@acme.example\" }}\n\
         [watch.people]\nada = {{ zone = \"UTC\", reach = [\"mail:ada@acme.example\"] }}\n"
    );
    installation.write("twinline.toml", &text);
    let told = installation.json(&["watch", "verify-paths"]);
    assert_eq!(told["ok"], true, "{told}");
    let route = &told["routes"]["pages"][0]["touches"];
    assert!(
        route.to_string().contains("mail_relay:mail.acme.example"),
        "{route}"
    );
    let probes = told["probes"].as_array().unwrap();
    let names: Vec<&str> = probes
        .iter()
        .map(|it| it["probe"].as_str().unwrap())
        .collect();
    for expected in [
        "edge",
        "host_direct",
        "through_edge",
        "inbox",
        "disk",
        "peers",
    ] {
        assert!(names.contains(&expected), "{names:?}");
    }
}
