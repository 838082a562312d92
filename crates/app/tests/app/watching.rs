//! What tests of watch stand on: an installation with a watch that mails to ada, and what it is asked and told.

use crate::support::{Installation, Running, signal, text_of, until};
use crate::webhooks::ask;
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use twinline_sim::smtpd::{Letter, Smtpd, SmtpdSettings};

/// Fast enough for a test, and slow enough for a machine that has other work too.
const PACE: &str = "period_ms = 500, deadline_ms = 2000, open_after = 2, close_after = 3";

/// An installation with a watch that mails to ada, and her mail server; none where none can run. How full the disk of the
/// machine is that tests is no matter.
pub(crate) fn watched() -> Option<(Smtpd, Installation)> {
    if !Smtpd::can_run() {
        return None;
    }
    let smtp = Smtpd::start(&SmtpdSettings::default()).unwrap();
    let made = Installation::new("");
    made.write("smtp.url", &format!("smtp://127.0.0.1:{}", smtp.port()));
    let tables = format!(
        "public_url = \"http://status.acme.example/\"\n\
         [watch.probes]\nedge = {{ {PACE} }}\nhost_direct = {{ {PACE} }}\npeers = {{ {PACE} }}\ninbox = {{ {PACE} }}\nthrough_edge = {{ {PACE} }}\n\
         canary_sync = {{ period_ms = 2000, deadline_ms = 10000, open_after = 2, close_after = 3 }}\n\
         disk = {{ free_min_percent = 1 }}\n\
         [watch.channels]\nmail = {{ kind = \"smtp\", url = {{ file = \"smtp.url\" }}, from = \"watch@acme.example\" }}\n\
         [watch.people]\nada = {{ zone = \"Europe/Brussels\", reach = [\"mail:ada@acme.example\"] }}\n\
         [status]\nauto_open = {{ after_s = 1 }}\n"
    );
    watches(&made, &tables);
    Some((smtp, made))
}

/// Gives an installation a watch, with these keys and tables.
pub(crate) fn watches(made: &Installation, tables: &str) {
    let text = text_of(&made.path("twinline.toml"));
    let watch = format!("[watch]\nlisten = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n{tables}");
    made.write(
        "twinline.toml",
        &text.replace("[watch]\nenabled = false\n", &watch),
    );
}

/// Waits until watch answers where it says that it listens; its process.
pub(crate) fn works(installation: &Installation) -> u32 {
    until("watch", || {
        let pid = installation.role("watch")?;
        installation.listener("watch", "page")?;
        answers(installation).then_some(pid)
    })
}

/// Whether watch says that it is well.
fn answers(installation: &Installation) -> bool {
    let at = installation.listener("watch", "private");
    let answer = at.and_then(|at| ask(at, "GET /health HTTP/1.1", ""));
    answer.is_some_and(|answer| answer.status == 200)
}

/// Starts a watch without a supervisor, and waits until it answers.
pub(crate) fn start(installation: &Installation) -> Running {
    let watch = installation.spawn(&["watch"]);
    is_the_one(installation, &watch);
    watch
}

/// Waits until this is the watch that answers.
pub(crate) fn is_the_one(installation: &Installation, watch: &Running) {
    let pid = watch.0.id();
    until("watch to answer", || {
        installation.listener("watch", "page")?;
        let is_it = installation.role("watch") == Some(pid);
        (is_it && answers(installation)).then_some(())
    });
}

/// Ends a watch that has no supervisor.
pub(crate) fn ends(installation: &Installation, watch: &mut Running) {
    signal(watch.0.id(), Signal::TERM);
    let status = until("the end of watch", || watch.0.try_wait().unwrap());
    assert!(
        status.success(),
        "{}",
        text_of(&installation.path("role.log"))
    );
}

/// What watch says of its health, well or not.
pub(crate) fn health(installation: &Installation) -> Option<Json> {
    let at = installation.listener("watch", "private")?;
    let answer = ask(at, "GET /health HTTP/1.1", "")?;
    serde_json::from_str(&answer.body).ok()
}

/// The incidents that are under way.
pub(crate) fn incidents(installation: &Installation) -> Vec<Json> {
    let found = installation.json(&["incident", "list"]);
    found["incidents"].as_array().unwrap().clone()
}

/// Waits until every probe has found its subject well: before, what fails may be starting.
pub(crate) fn are_proven(installation: &Installation) {
    until("every probe to be proven", || {
        let found = installation.json(&["incident", "list"]);
        let probes = found["probes"].as_array()?.iter();
        let unknown = probes.filter(|it| it["standing"] == "unknown").count();
        (unknown == 0).then_some(())
    });
}

/// How the subject of a probe stands by now; `None` while watch does not answer.
pub(crate) fn standing(
    installation: &Installation,
    (probe, subject): (&str, &str),
) -> Option<String> {
    let out = installation.run(&["incident", "list", "--json"]);
    let told: Json = serde_json::from_slice(&out.stdout).ok()?;
    let mut probes = told["probes"].as_array()?.iter();
    let found = probes.find(|it| it["probe"] == probe && it["subject"] == subject)?;
    Some(found["standing"].as_str()?.to_owned())
}

/// Waits until it stands so.
pub(crate) fn stands(installation: &Installation, of: (&str, &str), wanted: &str) {
    until(&format!("{of:?} to be {wanted}"), || {
        (standing(installation, of)? == wanted).then_some(())
    });
}

/// Waits for a letter that has this in it.
pub(crate) fn letter(smtp: &Smtpd, what: &str) -> Letter {
    until(&format!("a letter with '{what}'"), || {
        let letters = smtp.letters().unwrap();
        letters.into_iter().find(|it| it.content.contains(what))
    })
}

/// Says to watch, as another monitoring that shows the installation's token, how an alert is.
pub(crate) fn alert(installation: &Installation, name: &str, severity: &str, status: &str) {
    let body = json!({
        "version": "4",
        "alerts": [{
            "status": status,
            "labels": { "alertname": name, "severity": severity },
            "annotations": { "summary": format!("{name} does not work") },
            "fingerprint": "f1",
        }],
    });
    let token = text_of(&installation.path("twinline-data/run/token"));
    let head = format!(
        "POST /v1/inbound/alertmanager HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
        token.trim()
    );
    until("the alert to be taken", || {
        let at = installation.listener("watch", "private")?;
        (ask(at, &head, &body.to_string())?.status == 200).then_some(())
    });
}
