//! What watch itself stands on fails: its disk, the resolver, the secrets of its ways to people. It calls all the same, and
//! says what is wrong.

use crate::disk::Small;
use crate::support::{Installation, Running, is_alive, text_of, until};
use crate::watching::{
    alert, are_proven, ends, health, incidents, is_the_one, letter, watched, works,
};
use std::path::Path;
use std::process::{Command, Stdio};
use twinline_sim::needs;

fn stored(installation: &Installation, expected: bool) {
    until("the state of watch's file", || {
        let sound = health(installation)?["store"] == "ok";
        (sound == expected).then_some(())
    });
}

#[test]
fn a_watch_whose_disk_is_full_calls_and_says_so_and_stores_when_there_is_space() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let Some(small) = Small::mount(&installation.path("twinline-data/watch")) else {
        return;
    };
    // Full when it starts.
    small.fill();
    let mut up = installation.up();
    let watch = works(&installation);
    stored(&installation, false);
    letter(&smtp, "is not stored");
    small.free();
    stored(&installation, true);
    letter(&smtp, "RESOLVED");
    are_proven(&installation);

    // Full meanwhile: what fails then is told all the same, and so is the disk.
    small.fill();
    alert(&installation, "Queue", "critical", "firing");
    letter(&smtp, "Queue does not work");
    stored(&installation, false);
    until("the incident of the disk", || {
        let found = incidents(&installation);
        let told = found
            .iter()
            .any(|it| it["failing"].to_string().contains("disk:m1"));
        told.then_some(())
    });
    small.free();
    stored(&installation, true);
    assert!(is_alive(watch), "it went through all of it");
    let status = up.ends();
    assert!(
        status.success(),
        "{}",
        text_of(&installation.path("up.log"))
    );
}

/// Starts a watch that sees these files as the resolver's, or says why that is not possible here.
fn watch_with_names(installation: &Installation) -> Result<Running, String> {
    let [hosts, resolver] = ["hosts", "resolv.conf"].map(|name| installation.path(name));
    let may = Command::new("unshare")
        .args(["--mount", "true"])
        .output()
        .map_err(|error| error.to_string())?;
    if !may.status.success() {
        return Err(String::from_utf8_lossy(&may.stderr).trim().to_owned());
    }
    let script = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/resolv.conf && shift 2 && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        script,
        "sh",
    ]);
    let watch = installation.command(&["watch"]);
    command.args([&hosts, &resolver]).arg(watch.get_program());
    command.args(watch.get_args());
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(installation.path("role.log"))
        .unwrap();
    let started = command.stdout(Stdio::null()).stderr(log).spawn();
    Ok(Running(started.map_err(|error| error.to_string())?))
}

/// Waits until watch keeps an address of the mail server.
fn is_known(kept: &Path) {
    until("the address of the mail server to be known", || {
        text_of(kept).contains("127.0.0.1").then_some(())
    });
}

#[test]
fn a_watch_whose_resolver_is_gone_calls_by_the_addresses_that_it_knew() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    installation.write("smtp.url", &format!("smtp://localhost:{}", smtp.port()));
    installation.write("hosts", "127.0.0.1 localhost\n");
    // A resolver that never answers.
    installation.write("resolv.conf", "nameserver 192.0.2.1\n");
    let mut watch = match watch_with_names(&installation) {
        Ok(watch) => watch,
        Err(why) => {
            needs::met(false, &format!("a mount namespace of its own ({why})"));
            return;
        }
    };
    works(&installation);
    is_known(&installation.path("twinline-data/watch/addresses.json"));
    installation.write("hosts", "");
    alert(&installation, "First", "critical", "firing");
    letter(&smtp, "First does not work");
    // And when it is started again without one.
    ends(&installation, &mut watch);
    let mut watch = watch_with_names(&installation).unwrap();
    is_the_one(&installation, &watch);
    alert(&installation, "Second", "critical", "firing");
    letter(&smtp, "Second does not work");
    ends(&installation, &mut watch);
}

#[test]
fn a_watch_whose_ways_to_people_cannot_be_used_says_so_and_uses_them_when_they_can() {
    let Some((smtp, installation)) = watched() else {
        return;
    };
    let url = text_of(&installation.path("smtp.url"));
    std::fs::remove_file(installation.path("smtp.url")).unwrap();
    let mut watch = installation.spawn(&["watch"]);
    works(&installation);
    let told = until("the incident of the configuration", || {
        let found = incidents(&installation);
        found
            .into_iter()
            .find(|it| it["element"] == "configuration:m1")
    });
    assert!(
        told["headline"]
            .to_string()
            .contains("channel mail cannot be used"),
        "{told}"
    );
    let nobody = installation.run(&["incident", "list"]);
    let said = String::from_utf8_lossy(&nobody.stdout).into_owned();
    assert!(said.contains("NOBODY CAN BE CALLED"), "{said}");
    installation.write("smtp.url", &url);
    letter(&smtp, "RESOLVED");
    ends(&installation, &mut watch);
}
