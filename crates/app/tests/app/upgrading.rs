//! Machines of a fleet that run programs of their own, and what they say that they run.

use crate::fleet::machines;
use crate::support::{BUILT, Installation, PROGRAM, Simulators, text_of, until_within};
use crate::webhooks::SECRET;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// A machine begins anew, a lease ends, a group is taken over: on a machine that has other work too.
pub(crate) const LONG: Duration = Duration::from_secs(240);

/// The release that is built.
pub(crate) const OLD: &str = env!("CARGO_PKG_VERSION");

/// A fleet whose machines run the binary that is built, each from a file of its own.
pub(crate) struct World {
    pub(crate) database: Postgres,
    _etcd: Etcd,
    pub(crate) simulators: Simulators,
    pub(crate) fleet: Vec<Installation>,
}

/// `None`: there is nothing to run it on. `edit`: makes of a configuration what it is to be.
pub(crate) fn world(edit: impl Fn(String) -> String) -> Option<World> {
    if !Postgres::can_run() || !Etcd::can_run() {
        return None;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1", "m2"], &simulators, &etcd, &database);
    for machine in &fleet {
        machine.write("secrets/github.hook", SECRET);
        let text = edit(text_of(&machine.path("twinline.toml")));
        machine.write("twinline.toml", &text);
        machine.install(Path::new(BUILT));
    }
    Some(World {
        database,
        _etcd: etcd,
        simulators,
        fleet,
    })
}

/// A step of a host's file that changes no row.
pub(crate) const INDEX: &str = "CREATE INDEX items_by_address ON items (url);";

/// Puts a later release in the place of what a machine runs: the program of `examples/later-release.rs`, as the document
/// says.
pub(crate) fn install_later(machine: &Installation, release: &Value) {
    let built = Path::new(BUILT).parent().unwrap();
    let later: PathBuf = built.join("examples/later-release");
    assert!(
        later.is_file(),
        "{}: it is built with all targets",
        later.display()
    );
    machine.write(&format!("{PROGRAM}.release.json"), &release.to_string());
    machine.install(&later);
}

/// What a machine shows of its fleet; `None`: its host is just not there.
pub(crate) fn seen_by(machine: &Installation) -> Option<Value> {
    let done = machine.run(&["fleet", "status", "--json"]);
    serde_json::from_slice(&done.stdout)
        .ok()
        .filter(|_| done.status.success())
}

/// Waits until a machine's view of the fleet is as wished; the view.
pub(crate) fn view(asked: &Installation, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    until_within(LONG, what, || {
        last = seen_by(asked)?;
        wished(&last).then(|| last.clone())
    })
}

/// What each machine runs, as one shows it: the machine's version, and those of its host and its edge.
pub(crate) fn versions(view: &Value) -> Value {
    let machines = view["machines"].as_array().unwrap().iter();
    let each =
        machines.map(|it| json!([it["version"], it["host"]["version"], it["edge"]["version"]]));
    each.collect()
}

/// The same where both processes of each machine run this.
pub(crate) fn all_of(each: [&str; 2]) -> Value {
    each.iter()
        .map(|version| json!([version, version, version]))
        .collect()
}

/// What is wrong with something, with the way out.
pub(crate) fn trouble(view: &Value, about: &str) -> Option<String> {
    let mut troubles = view["troubles"].as_array().unwrap().iter();
    let found = troubles.find(|it| it["about"].as_str().unwrap().starts_with(about))?;
    Some(format!(
        "{}: {}",
        found["what"].as_str()?,
        found["way_out"].as_str()?
    ))
}

/// Waits until the one group works on a machine.
pub(crate) fn works_on(asked: &Installation, machine: &str) {
    view(asked, &format!("the group at work on {machine}"), |view| {
        let group = &view["groups"][0];
        group["machine"] == machine && group["here"]["works"] == true
    });
}

/// Moves the one group to a machine, and waits until it works there.
pub(crate) fn moved(asked: &Installation, machine: &str) {
    until_within(LONG, "a move", || {
        // While the machine that has it begins anew it is refused.
        let done = asked.run(&["fleet", "move", "github", machine]);
        done.status.success().then_some(())
    });
    works_on(asked, machine);
}
