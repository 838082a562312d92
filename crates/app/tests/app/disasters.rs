//! What a fleet stands on is lost for good: its etcd, its central database, a machine's disk, everything at once. Each way
//! back is gone by the commands that `docs/operations.md` shows.

use crate::fleet::{group, machines, twins};
use crate::support::{
    Installation, Simulators, Up, create, in_jira, is_alive, signal, text_of, until,
};
use crate::webhooks::{SECRET, address, body, deliver};
use rustix::process::Signal;
use serde_json::Value;
use std::process::{Command, Output};
use twinline_sim::Command as Act;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

pub(crate) const PAGE: &str = include_str!("../../../../docs/operations.md");

/// Runs a command as the page shows it, in a machine's folder.
pub(crate) fn as_shown(machine: &Installation, shown: &str) -> Output {
    assert!(
        PAGE.contains(shown),
        "docs/operations.md shows no '{shown}'"
    );
    let done = match shown.strip_prefix("twinline ") {
        Some(arguments) => machine.run(&arguments.split(' ').collect::<Vec<_>>()),
        None => {
            let mut shell = Command::new("sh");
            shell.args(["-c", shown]);
            shell.current_dir(machine.path("")).output().unwrap()
        }
    };
    assert!(done.status.success(), "{shown}: {done:?}");
    done
}

/// What a machine says of the fleet's etcd; null: all is well.
pub(crate) fn etcd_of(machine: &Installation) -> Value {
    machine.json(&["fleet", "status"])["etcd"].clone()
}

/// Waits until the replica of the one group holds so many twins at rest.
pub(crate) fn replicated(database: &Postgres, twins: u32) {
    let sql = "SELECT coalesce(sum(t.twins), 0) FROM twinline.fleet_twins t JOIN twinline.fleet_groups g USING (grp) \
               WHERE t.state = 'live' AND g.complete";
    until("the replica", || {
        // The schema may not be there yet.
        let found = database.psql(sql).ok()?;
        (found == twins.to_string()).then_some(())
    });
}

fn generation(database: &Postgres) -> String {
    let sql = "SELECT string_agg(DISTINCT generation::text, ' ') FROM twinline.fleet_groups";
    database.psql(sql).unwrap()
}

/// An edit at GitHub that nobody waits for.
pub(crate) fn edit(simulators: &Simulators, key: &str, title: &str) {
    let edit = Act::edit(key, "ana", "title", title);
    let edited = simulators
        .github
        .with(|tracker, now| tracker.command(now, edit));
    edited.unwrap();
}

pub(crate) fn retitle(simulators: &Simulators, key: &str, title: &str) {
    edit(simulators, key, title);
    in_jira(simulators, title);
}

pub(crate) fn items(simulators: &Simulators) -> usize {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.items.len()
}

pub(crate) struct World {
    pub(crate) database: Postgres,
    pub(crate) etcd: Etcd,
    pub(crate) simulators: Simulators,
    pub(crate) fleet: Vec<Installation>,
}

/// A fleet that has made a twin of 'Before', under this key; `None`: there is nothing to run it on.
pub(crate) fn begun(names: &[&str]) -> Option<(World, String)> {
    if !Postgres::can_run() || !Etcd::can_run() {
        return None;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(names, &simulators, &etcd, &database);
    let world = World {
        database,
        etcd,
        simulators,
        fleet,
    };
    let key = create(&world.simulators, "Before");
    Some((world, key))
}

pub(crate) fn applied(world: &World) {
    let applied = world.fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    in_jira(&world.simulators, "Before");
    replicated(&world.database, 1);
}

#[test]
fn a_fleet_goes_on_with_an_empty_etcd_when_a_person_says_so() {
    let Some((mut world, before)) = begun(&["m1", "m2"]) else {
        return;
    };
    let World {
        database,
        etcd,
        simulators,
        fleet,
    } = &mut world;
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    in_jira(simulators, "Before");
    replicated(database, 1);

    etcd.lose().unwrap();
    for machine in fleet.iter() {
        until("a machine to notice that etcd is another one", || {
            let said = etcd_of(machine);
            said.as_str()?.contains("raise-generation").then_some(())
        });
    }
    create(simulators, "Meanwhile");
    as_shown(&fleet[1], "twinline fleet raise-generation");
    in_jira(simulators, "Meanwhile");
    retitle(simulators, &before, "Before, edited");
    until("etcd to be well", || {
        etcd_of(&fleet[0]).is_null().then_some(())
    });
    until("the new generation in the replica", || {
        (generation(database) == "2").then_some(())
    });

    // A takeover in the new generation, from the replica.
    replicated(database, 2);
    let owner = group(&fleet[0])["machine"].clone();
    let (lost, other) = if owner == "m1" { (0, 1) } else { (1, 0) };
    drop(ups[lost].take());
    create(simulators, "After");
    in_jira(simulators, "After");
    assert_eq!(twins(&fleet[other]), 3);
    assert_eq!(items(simulators), 3, "nothing twice");
    drop(ups);
    world.simulators.end();
}

#[test]
fn a_central_database_that_was_lost_gets_everything_back_from_the_machines() {
    let Some((world, before)) = begun(&["m1", "m2"]) else {
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

    database.lose().unwrap();
    create(simulators, "Meanwhile");
    in_jira(simulators, "Meanwhile");
    replicated(database, 2);
    until("what was published to be there", || {
        let versions = "SELECT string_agg(version::text, ' ') FROM twinline.published";
        (database.psql(versions).unwrap() == "1").then_some(())
    });
    let places = database.psql("SELECT count(*) FROM twinline.nodes");
    assert_eq!(places.unwrap(), "2");
    as_shown(&fleet[0], "twinline fleet status");

    // The new database is good for a takeover.
    let owner = group(&fleet[0])["machine"].clone();
    let (lost, other) = if owner == "m1" { (0, 1) } else { (1, 0) };
    drop(ups[lost].take());
    create(simulators, "After");
    in_jira(simulators, "After");
    retitle(simulators, &before, "Before, edited");
    assert_eq!(twins(&fleet[other]), 3);
    assert_eq!(items(simulators), 3, "nothing twice");
    drop(ups);
    world.simulators.end();
}

#[test]
fn a_machine_comes_back_from_the_database_and_everything_from_a_dump() {
    let Some((mut world, before)) = begun(&["m1"]) else {
        return;
    };
    let up = world.fleet[0].up();
    applied(&world);

    // Its disk is lost.
    drop(up);
    let machine = &world.fleet[0];
    std::fs::remove_dir_all(machine.path("twinline-data")).unwrap();
    create(&world.simulators, "Meanwhile");
    let up = machine.up();
    in_jira(&world.simulators, "Meanwhile");
    retitle(&world.simulators, &before, "Before, edited");
    assert_eq!(items(&world.simulators), 2, "nothing twice");
    replicated(&world.database, 2);
    as_shown(
        machine,
        "pg_dump --format=custom --schema=twinline --file=twinline.dump \"$(cat secrets/central.url)\"",
    );

    // Everything is lost, after more was done.
    create(&world.simulators, "After the dump");
    in_jira(&world.simulators, "After the dump");
    drop(up);
    std::fs::remove_dir_all(machine.path("twinline-data")).unwrap();
    world.etcd.lose().unwrap();
    world.database.lose().unwrap();
    as_shown(
        machine,
        "pg_restore --exit-on-error --dbname=\"$(cat secrets/central.url)\" twinline.dump",
    );
    as_shown(machine, "twinline fleet raise-generation");
    let up = machine.up();
    create(&world.simulators, "After");
    in_jira(&world.simulators, "After");
    retitle(&world.simulators, &before, "Before, edited twice");
    replicated(&world.database, 4);
    assert_eq!(generation(&world.database), "2");
    assert_eq!(items(&world.simulators), 4, "nothing twice");
    drop(up);
    world.simulators.end();
}

/// Kills a machine without leaving it a moment, with everything on its disk.
pub(crate) fn lose(machine: &Installation, up: Up<'_>) {
    let roles = ["edge", "host"].map(|role| machine.role(role).unwrap());
    drop(up);
    for role in roles {
        if is_alive(role) {
            signal(role, Signal::KILL);
        }
    }
    until("the end of its processes", || {
        roles.iter().all(|role| !is_alive(*role)).then_some(())
    });
    std::fs::remove_dir_all(machine.path("twinline-data")).unwrap();
}

#[test]
fn a_machine_of_several_that_lost_its_disk_comes_back_under_its_name() {
    let Some((world, before)) = begun(&["m1", "m2"]) else {
        return;
    };
    let World {
        database,
        simulators,
        fleet,
        ..
    } = &world;
    for machine in fleet {
        machine.write("secrets/github.hook", SECRET);
    }
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    applied(&world);
    let owner = group(&fleet[0])["machine"].clone();
    let (lost, other) = if owner == "m1" { (0, 1) } else { (1, 0) };

    // A webhook that nobody has pulled: the owner stands still, and nobody else is the owner before its lease ends.
    let address_then = address(&fleet[lost]);
    signal(fleet[lost].role("host").unwrap(), Signal::STOP);
    edit(simulators, &before, "Told to the lost edge");
    let number = before.rsplit('#').next().unwrap().parse().unwrap();
    let delivery = body(number, 0);
    let told = deliver(address_then, "github", "only here", &delivery).unwrap();
    assert_eq!(told.status, 202, "{told:?}");
    lose(&fleet[lost], ups[lost].take().unwrap());

    in_jira(simulators, "Told to the lost edge");
    assert_ne!(group(&fleet[other])["machine"], owner, "it was taken over");
    create(simulators, "Meanwhile");
    in_jira(simulators, "Meanwhile");
    replicated(database, 2);

    // Its configuration is there again, under the same name; nothing else.
    ups[lost] = Some(fleet[lost].up());
    let name = owner.as_str().unwrap();
    until("it to take groups", || {
        let view = fleet[other].json(&["fleet", "status"]);
        let machines = view["machines"].as_array()?;
        let own = machines.iter().find(|machine| machine["machine"] == name)?;
        (own["there"] == true).then_some(())
    });
    fleet[other].json(&["fleet", "move", "github", name]);
    until("the group on it", || {
        let view = fleet[other].json(&["fleet", "status"]);
        let group = &view["groups"][0];
        (group["machine"] == name && group["here"]["works"] == true).then_some(())
    });
    create(simulators, "After");
    in_jira(simulators, "After");
    retitle(simulators, &before, "Before, edited again");
    assert_eq!(twins(&fleet[lost]), 3);
    assert_eq!(items(simulators), 3, "nothing twice");
    // Its edge takes deliveries, in an inbox that is another one.
    let again = deliver(address(&fleet[lost]), "github", "only here", &delivery).unwrap();
    assert_eq!(again.status, 202);
    drop(ups);
    world.simulators.end();
}

#[test]
fn a_fleet_is_restarted_onto_a_new_database_at_another_address() {
    let Some((world, before)) = begun(&["m1", "m2"]) else {
        return;
    };
    let World {
        database,
        simulators,
        fleet,
        ..
    } = &world;
    for machine in fleet {
        // The default: each machine is back within it.
        let text = text_of(&machine.path("twinline.toml")).replace("lease_ms = 3000", "");
        machine.write("twinline.toml", &text);
    }
    let ups: Vec<Up<'_>> = fleet.iter().map(Installation::up).collect();
    applied(&world);

    database.crash().unwrap();
    let next = Postgres::start(&[]).unwrap();
    for machine in fleet {
        machine.write("secrets/central.url", &next.url());
    }
    as_shown(&fleet[0], "twinline fleet restart");
    replicated(&next, 1);
    create(simulators, "After");
    in_jira(simulators, "After");
    retitle(simulators, &before, "Before, edited");
    replicated(&next, 2);
    assert_eq!(items(simulators), 2, "nothing twice");
    drop(ups);
    world.simulators.end();
}
