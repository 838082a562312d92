//! The ways back of `docs/operations.md` that are gone seldom: a state of which nothing is left but the items themselves, a
//! damaged file, a copy of etcd.

use crate::disasters::{
    PAGE, World, applied, as_shown, begun, edit, etcd_of, items, lose, replicated, retitle,
};
use crate::fleet::{group, twins};
use crate::support::{
    Installation, Running, Simulators, Up, create, in_jira, signal, text_of, until, until_within,
};
use crate::webhooks::{SECRET, address, ask, body, deliver};
use rustix::process::Signal;
use std::process::Stdio;
use std::time::Duration;

/// What takes as many turns of several processes, on a machine that has other work too.
const LONG: Duration = Duration::from_secs(180);

/// The central database is lost, and in the same days the machine that had the group.
#[test]
fn a_group_that_nobody_has_a_state_of_is_begun_from_nothing() {
    let Some((world, _)) = begun(&["m1", "m2"]) else {
        return;
    };
    let World {
        database,
        simulators,
        fleet,
        ..
    } = &world;
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    applied(&world);
    let owner = group(&fleet[0])["machine"].clone();
    let (lost, other) = if owner == "m1" { (0, 1) } else { (1, 0) };
    lose(&fleet[lost], ups[lost].take().unwrap());
    database.lose().unwrap();

    let waits = until_within(
        LONG,
        "it to wait for the machine that had the group",
        || {
            let view = fleet[other].json(&["fleet", "status"]);
            let group = view["groups"][0].clone();
            let fault = group["here"]["fault"].as_str().unwrap_or_default();
            fault
                .contains("has not copied its state there yet")
                .then_some(group)
        },
    );
    let shown = "DELETE FROM twinline.groups WHERE grp = 'GROUP' AND epoch = 0";
    assert!(
        PAGE.contains(shown),
        "docs/operations.md shows no '{shown}'"
    );
    let name = waits["group"].as_str().unwrap();
    database.psql(&shown.replace("GROUP", name)).unwrap();

    until_within(LONG, "the group to work", || {
        let view = fleet[other].json(&["fleet", "status"]);
        (view["groups"][0]["here"]["works"] == true).then_some(())
    });
    // Its rules are gone as well.
    let applied = fleet[other].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    create(simulators, "After");
    in_jira(simulators, "After");
    fleet[other].json(&["backfill", "first", "--wait"]);
    until_within(LONG, "the item of before to be recognised", || {
        (twins(&fleet[other]) == 2).then_some(())
    });
    assert_eq!(items(simulators), 2, "nothing twice");
    drop(ups);
    world.simulators.end();
}

/// Puts keys into etcd that are not Twinline's: Patroni writes such ones all the time.
fn written(etcd: &str, keys: u32) {
    let at = etcd.strip_prefix("http://").unwrap().parse().unwrap();
    for _ in 0..keys {
        // "a" and "b" in base64.
        let put = r#"{"key": "YQ==", "value": "Yg=="}"#;
        let answer = ask(at, "POST /v3/kv/put HTTP/1.1", put).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn a_copy_of_etcd_that_was_put_back_is_noticed_and_emptied() {
    let Some((mut world, before)) = begun(&["m1", "m2"]) else {
        return;
    };
    let World {
        database,
        etcd,
        simulators,
        fleet,
    } = &mut world;
    let ups: Vec<Up<'_>> = fleet.iter().map(Installation::up).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    in_jira(simulators, "Before");
    replicated(database, 1);

    etcd.keep_copy().unwrap();
    written(&etcd.endpoints()[0], 100);
    let owner = group(&fleet[0])["machine"].clone();
    let next = if owner == "m1" { "m2" } else { "m1" };
    // etcd has much to do just now, and says so.
    until_within(LONG, "the move to be taken", || {
        let moved = fleet[0].run(&["fleet", "move", "github", next]);
        moved.status.success().then_some(())
    });
    until_within(LONG, "the group on the other machine", || {
        (group(&fleet[0])["machine"] == next).then_some(())
    });
    retitle(simulators, &before, "After the copy");

    // By the copy the group is the first one's.
    etcd.put_back().unwrap();
    for machine in fleet.iter() {
        until_within(LONG, "a machine to notice that etcd is another one", || {
            let said = etcd_of(machine);
            said.as_str()?.contains("raise-generation").then_some(())
        });
    }
    etcd.lose().unwrap();
    as_shown(&fleet[1], "twinline fleet raise-generation");
    create(simulators, "After");
    in_jira(simulators, "After");
    retitle(simulators, &before, "Before, edited");
    until("etcd to be well", || {
        etcd_of(&fleet[0]).is_null().then_some(())
    });
    assert_eq!(items(simulators), 2, "nothing twice");
    drop(ups);
    world.simulators.end();
}

#[test]
fn a_damaged_state_is_put_back_whole_from_a_backup() {
    let simulators = Simulators::start();
    let alone = Installation::init(&simulators.github.url(), &simulators.jira.url());
    alone.write("secrets/github.hook", SECRET);
    assert_eq!(alone.json(&["apply"])["published"][0]["version"], 1);
    let mut up = alone.up();
    let before = create(&simulators, "Before");
    in_jira(&simulators, "Before");
    let backup = alone.path("twinline-monday.db");
    let backup = backup.to_str().unwrap();
    alone.json(&["backup", backup]);
    create(&simulators, "Meanwhile");
    in_jira(&simulators, "Meanwhile");
    assert!(up.ends().success());

    // All but the file's first page.
    let file = alone.path("twinline-data/host/host.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0xff);
    std::fs::write(&file, &bytes).unwrap();
    let log = std::fs::File::create(alone.path("damaged.log")).unwrap();
    let mut tried = alone.command(&["up"]);
    let mut tried = Running(tried.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    until("the host to say what is the matter", || {
        let said = text_of(&alone.path("damaged.log"));
        (said.contains("host.db: damaged") && said.contains("restore")).then_some(())
    });
    // Webhooks are taken, by the edge that has begun beside it.
    let edge = until("the edge", || {
        alone
            .role("edge")
            .and_then(|_| alone.listener("edge", "webhooks"))
    });
    assert_eq!(edge, address(&alone));
    let taken = until("an answer of the edge", || {
        deliver(edge, "github", "1", &body(1, 0))
    });
    assert_eq!(taken.status, 202);
    signal(tried.0.id(), Signal::TERM);
    until("the end of up", || tried.0.try_wait().unwrap());

    let shown = "twinline restore /backup/twinline-monday.db --replace";
    as_shown_with(&alone, shown, "twinline-monday.db");
    let replaced = std::fs::read(alone.path("twinline-data/host/host.db.replaced")).unwrap();
    assert_eq!(replaced, bytes, "it is kept");
    let versions = alone.json(&["versions", "first"]);
    assert_eq!(versions["versions"][0]["active"], true, "{versions}");
    let _up = alone.up();
    create(&simulators, "After");
    in_jira(&simulators, "After");
    retitle(&simulators, &before, "Before, edited");
    until_within(LONG, "what was made meanwhile to be recognised", || {
        (twins(&alone) == 3).then_some(())
    });
    assert_eq!(items(&simulators), 3, "nothing twice");
    simulators.end();
}

/// What a person brings to another machine.
fn bring(from: &Installation, to: &Installation) {
    to.write("twinline.toml", &text_of(&from.path("twinline.toml")));
    for folder in ["rules", "secrets"] {
        std::fs::create_dir_all(to.path(folder)).unwrap();
        for file in std::fs::read_dir(from.path(folder)).unwrap().flatten() {
            let name = file.file_name();
            let name = format!("{folder}/{}", name.to_str().unwrap());
            std::fs::copy(file.path(), to.path(&name)).unwrap();
        }
    }
}

#[test]
fn an_installation_moves_to_another_machine() {
    let simulators = Simulators::start();
    let old = Installation::init(&simulators.github.url(), &simulators.jira.url());
    old.write("secrets/github.hook", SECRET);
    assert_eq!(old.json(&["apply"])["published"][0]["version"], 1);
    let mut up = old.up();
    let before = create(&simulators, "Before");
    in_jira(&simulators, "Before");

    // A delivery that nobody has pulled when all ends: the host stands still.
    let edge = address(&old);
    signal(old.role("host").unwrap(), Signal::STOP);
    edit(&simulators, &before, "Told to the old edge");
    let number = before.rsplit('#').next().unwrap().parse().unwrap();
    let told = deliver(edge, "github", "only here", &body(number, 0)).unwrap();
    assert_eq!(told.status, 202, "{told:?}");
    // `up` kills what does not end by itself.
    assert!(!up.ends().success());

    let new = Installation::new("");
    bring(&old, &new);
    let checked = new.run(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    // Without a running host.
    let backup = old.path("moved.db");
    old.json(&["backup", backup.to_str().unwrap()]);
    std::fs::copy(&backup, new.path("moved.db")).unwrap();
    create(&simulators, "On the way");
    as_shown_with(&new, "twinline restore FILE", "moved.db");
    let _up = new.up();
    in_jira(&simulators, "Told to the old edge");
    in_jira(&simulators, "On the way");
    retitle(&simulators, &before, "Before, edited");
    assert_eq!(twins(&new), 2);
    assert_eq!(items(&simulators), 2, "nothing twice");
    let versions = new.json(&["versions", "first"]);
    assert_eq!(versions["versions"][0]["active"], true, "{versions}");
    simulators.end();
}

/// A command as the page shows it, with a file's name in its place.
fn as_shown_with(machine: &Installation, shown: &str, file: &str) {
    let in_page = format!("`{shown}`");
    assert!(
        PAGE.contains(&in_page),
        "docs/operations.md shows no {in_page}"
    );
    let said = shown.strip_prefix("twinline ").unwrap();
    let arguments: Vec<String> = (said.split(' '))
        .map(|word| match word {
            word if word == "FILE" || word.starts_with('/') => {
                machine.path(file).to_str().unwrap().to_owned()
            }
            word => word.to_owned(),
        })
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = machine.run(&arguments);
    assert!(done.status.success(), "{shown}: {done:?}");
}
