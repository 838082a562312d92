//! What an older machine does where a release changes the form of what is replicated, and where it changes the central
//! schema: it goes on with its own groups, takes over none that it could not go on from, and says so.

use crate::disasters::items;
use crate::support::{Installation, Simulators, Up, create, in_jira, signal, until_within};
use crate::upgrading::{
    INDEX, LONG, OLD, World, all_of, install_later, moved, seen_by, trouble, versions, view,
    works_on, world,
};
use crate::webhooks::{address, body, deliver};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Its rows mean something else.
const FORM: &str = "99.1.0";
/// And the central schema is another.
const SCHEMA: &str = "99.2.0";

fn of_form() -> Value {
    json!({ "version": FORM, "host": [INDEX], "changes_rows": true })
}

fn of_schema() -> Value {
    let mut release = of_form();
    release["version"] = SCHEMA.into();
    release["central"] = json!(["CREATE TABLE twinline.further (id bigint)"]);
    release
}

/// Waits until the database answers so.
fn stored(world: &World, sql: &str, expected: &str) {
    until_within(LONG, sql, || {
        (world.database.psql(sql).ok()? == expected).then_some(())
    });
}

fn has(simulators: &Simulators, title: &str) -> bool {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.items.iter().any(|item| item.title == title)
}

/// Lets both processes of a machine begin anew.
fn begins_anew(machine: &Installation) {
    let roles = [("host", Signal::TERM), ("edge", Signal::HUP)];
    let before = roles.map(|(role, with)| {
        let process = machine.role(role).unwrap();
        signal(process, with);
        (role, process)
    });
    for (role, process) in before {
        until_within(LONG, &format!("another {role}"), || {
            machine.role(role).filter(|now| *now != process)
        });
    }
}

/// The newer machine is lost: the older one says what it lacks, does nothing to the group, and takes its webhooks.
fn an_older_machine_waits<'a>(world: &'a World, ups: &mut [Option<Up<'a>>]) {
    let World {
        simulators, fleet, ..
    } = world;
    stored(
        world,
        "SELECT schema FROM twinline.groups WHERE complete",
        "16",
    );
    let shipped = "SELECT epoch, shipped_epoch, shipped_rev, machine FROM twinline.groups";
    drop(ups[0].take());
    let now = view(&fleet[1], "that m2 cannot go on", |view| {
        trouble(view, "group").is_some_and(|told| told.contains("has form"))
    });
    let told = trouble(&now, "group").unwrap();
    for part in [
        "does not work on m2",
        "has form 16, this version reads up to 15: upgrade this machine",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let before = world.database.psql(shipped).unwrap();
    assert!(before.ends_with("|m1"), "{before}");
    let key = create(simulators, "Meanwhile");
    let number = key.rsplit('#').next().unwrap().parse().unwrap();
    let taken = deliver(address(&fleet[1]), "github", "meanwhile", &body(number, 0)).unwrap();
    assert_eq!(taken.status, 202, "{taken:?}");
    // It has tried again since.
    view(&fleet[1], "that it still waits", |view| {
        trouble(view, "group").is_some_and(|told| told.contains("has form"))
    });
    assert!(!has(simulators, "Meanwhile"), "nobody works on it");
    assert_eq!(
        world.database.psql(shipped).unwrap(),
        before,
        "it is left as it is"
    );

    ups[0] = Some(fleet[0].up());
    works_on(&fleet[1], "m1");
    in_jira(simulators, "Meanwhile");
}

/// An older machine at work goes on while another changes the central schema, is not replicated from then on, and the newer one
/// goes on for it when it is lost.
fn an_older_machine_is_not_replicated<'a>(world: &'a World, ups: &mut [Option<Up<'a>>]) {
    let World {
        simulators, fleet, ..
    } = world;
    moved(&fleet[0], "m2");
    create(simulators, "Before the schema");
    in_jira(simulators, "Before the schema");
    install_later(&fleet[0], &of_schema());
    begins_anew(&fleet[0]);
    stored(
        world,
        "SELECT max(version) FROM twinline.schema_versions",
        "4",
    );
    create(simulators, "After the schema");
    in_jira(simulators, "After the schema");
    let lacks =
        "the central database has schema 4, this version knows up to 3: upgrade this machine";
    for asked in fleet {
        let now = view(asked, "that m2 is not replicated", |view| {
            trouble(view, "replicas").is_some_and(|told| told.contains(lacks))
        });
        assert_eq!(now["groups"][0]["machine"], "m2");
        assert_eq!(now["groups"][0]["here"]["works"], true);
        assert_eq!(versions(&now), all_of([SCHEMA, FORM]));
        assert!(
            trouble(&now, "versions")
                .unwrap()
                .contains(&format!("{FORM} on m2"))
        );
    }
    // What it would publish it says, too.
    let refused = fleet[1].run(&["fleet", "unpin", "github"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains(lacks),
        "{refused:?}"
    );

    drop(ups[1].take());
    works_on(&fleet[0], "m1");
    create(simulators, "After m2");
    in_jira(simulators, "After m2");
    assert_eq!(items(simulators), 5, "what m2 had made is recognised");
    ups[1] = Some(fleet[1].up());
}

#[test]
fn an_older_machine_says_what_it_cannot_do_where_a_form_or_the_schema_changed() {
    let Some(world) = world(|text| text) else {
        return;
    };
    let World {
        simulators, fleet, ..
    } = &world;
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    moved(&fleet[0], "m1");
    create(simulators, "Before");
    in_jira(simulators, "Before");
    install_later(&fleet[0], &of_form());
    begins_anew(&fleet[0]);
    view(&fleet[1], "two versions", |view| {
        versions(view) == all_of([FORM, OLD])
    });
    works_on(&fleet[1], "m1");
    an_older_machine_waits(&world, &mut ups);

    // Upgraded, it goes on from that form.
    install_later(&fleet[1], &of_form());
    begins_anew(&fleet[1]);
    view(&fleet[0], "one version", |view| {
        versions(view) == all_of([FORM, FORM])
    });
    an_older_machine_is_not_replicated(&world, &mut ups);

    install_later(&fleet[1], &of_schema());
    begins_anew(&fleet[1]);
    moved(&fleet[0], "m2");
    let now = view(&fleet[1], "that nothing is wrong", |view| {
        view["troubles"].as_array().unwrap().is_empty()
    });
    assert_eq!(versions(&now), all_of([SCHEMA, SCHEMA]));
    assert!(seen_by(&fleet[0]).is_some());
    create(simulators, "At last");
    in_jira(simulators, "At last");
    assert_eq!(items(simulators), 6, "nothing twice");
    drop(ups);
    world.simulators.end();
}
