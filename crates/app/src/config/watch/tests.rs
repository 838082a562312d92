use crate::config::{Config, parse};
use std::path::Path;
use twinline_core::time::Timestamp;
use twinline_core::watch::escalation::{OnCall, PersonName};

/// The documented example of `[watch]`, as a person writes it.
const EXAMPLE: &str = r#"format = 1
[watch]
public_url   = "https://status.acme.example"
outside_ping = { url = { file = "deadman.url" } }
[watch.channels]
mail = { kind = "smtp", url = { file = "smtp.url" }, from = "watch@acme.example" }
sms  = { kind = "twilio", account = "AC0", token = { file = "twilio.token" }, from = "+3225550100" }
chat = { kind = "webhook", template = "slack", url = { file = "slack.url" } }
[watch.people]
ada = { zone = "Europe/Brussels", reach = ["sms:+3225550101", "mail:ada@acme.example"] }
bo  = { zone = "America/Montreal", reach = ["mail:bo@acme.example"] }
[watch.rotations.primary]
people    = ["ada", "bo"]
every     = "week"
handover  = "Mon 09:00 Europe/Brussels"
overrides = [{ person = "bo", from = 2026-12-24T09:00:00+01:00, to = "2026-12-27T09:00:00+01:00" }]
deliberate = [{ hours = { days = ["Sun"], from = "00:00", to = "06:00" }, zone = "Europe/Brussels", reason = "we sleep" }]
[[watch.escalations]]
match  = { severity = "critical" }
steps  = [{ to = ["primary"], wait_s = 180 }, { to = ["everyone", "chat:ops"], wait_s = 600 }]
repeat = 5
[[watch.escalations]]
match  = { element = "tracker:jira-cloud" }
steps  = [{ to = ["chat:ops"], wait_s = 0 }]
"#;

fn read(text: &str) -> Result<Config, String> {
    parse(Path::new("twinline.toml"), text).map_err(|error| error.to_string())
}

fn check_refused(from: &str, to: &str, said: &str) {
    let text = EXAMPLE.replace(from, to);
    assert_ne!(text, EXAMPLE, "{from}");
    let refused = read(&text).unwrap_err();
    assert!(refused.contains(said), "{refused}");
}

#[test]
fn the_example_says_who_is_on_call() {
    let roster = read(EXAMPLE).unwrap().watch.roster();
    assert_eq!(roster.faults(), []);
    let on_call = |at: &str| roster.rotations["primary"].on_call(Timestamp::parse(at).unwrap());
    assert_eq!(
        on_call("2026-12-25T00:00:00Z"),
        OnCall::Person {
            person: PersonName::from("bo"),
            overridden: true
        }
    );
    let Some(step) = roster.policies[0].steps.first() else {
        panic!("no step");
    };
    assert_eq!(step.wait_s, 180);
}

#[test]
fn what_is_mistyped_is_refused_with_a_suggestion() {
    check_refused("public_url", "publc_url", "did you mean 'public_url'?");
    check_refused("from = \"watch", "frm = \"watch", "did you mean 'from'?");
    check_refused("\"smtp\"", "\"smpt\"", "did you mean 'smtp'?");
    check_refused(
        "\"mail:bo@",
        "\"mali:bo@",
        "watch.people.bo.reach: there is no channel 'mali': did you mean 'mail'?",
    );
    check_refused(
        "\"chat:ops\"], wait_s = 600",
        "\"chit:ops\"], wait_s = 600",
        "watch.escalations[0].steps.to: there is no channel 'chit': did you mean 'chat'?",
    );
    check_refused(
        "to = [\"primary\"]",
        "to = [\"prim\"]",
        "'prim' is neither a person nor a rotation",
    );
    check_refused(
        "Europe/Brussels\", reach",
        "Europe/Brusels\", reach",
        "no time zone",
    );
    check_refused(
        "every     = \"week\"\n",
        "",
        "watch.rotations.primary: people, every and handover come together",
    );
    check_refused("2026-12-24T09:00:00+01:00", "2026-12-24T09:00:00", "offset");
    check_refused(
        "url = { file = \"smtp.url\" }",
        "url = \"smtp://me:hush@mail\"",
        "a secret does not stand in this file",
    );
    check_refused(
        "match  = { severity = \"critical\" }\n",
        "match  = { severity = \"warning\" }\n",
        "no escalation fits every critical incident",
    );
}

#[test]
fn a_limit_that_cannot_be_meant_is_refused() {
    for (section, said) in [
        (
            "[watch]\nlisten = \"0.0.0.0:80\"",
            "watch.listen: is 0.0.0.0:80, and plain HTTP",
        ),
        ("[watch]\npublic_url = \"mailto:a@b\"", "watch.public_url"),
        (
            "[watch.probes]\nedge = { open_after = 9, close_after = 9 }",
            "watch.probes.edge: close_after is 9",
        ),
        (
            "[watch.probes]\nedge = { period_ms = 0 }",
            "watch.probes.edge: a probe's period",
        ),
        ("[watch.probes]\nedg = {}", "did you mean 'edge'?"),
        (
            "[watch.limits]\nchannel_deadline_s = 0",
            "watch.limits.channel_deadline_s: write 1 to 60",
        ),
        (
            "[watch.changes]\npresence_s = 4",
            "watch.changes.presence_s: write 5 to 3600",
        ),
        (
            "[watch.changes]\nproof_s = 9",
            "watch.changes.proof_s: write 10 to 300",
        ),
        ("[status]\ntime_zone = \"Mars\"", "no time zone"),
        (
            "[status]\ncomponents = [{ name = \"A\", elements = [\"edge\"] }, { name = \"A\", elements = [\"host\"] }]",
            "status.components.name: 'A'",
        ),
        (
            "[status]\ncomponents = [{ name = \"A\", elements = [\"edgy\"] }]",
            "is no kind of element",
        ),
    ] {
        let refused = read(&format!("format = 1\n{section}")).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn a_watch_without_a_word_has_components_and_nobody_to_call() {
    let config = read("format = 1").unwrap();
    assert!(config.has_watch());
    assert!(config.watch.roster().people.is_empty());
    let shown = config.status.shown();
    let names: Vec<&str> = shown.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Synchronisation", "Webhooks", "Administration"]);
    let off = read("format = 1\n[watch]\nenabled = false").unwrap();
    assert!(!off.has_watch());
}

#[test]
fn subscribers_are_told_by_a_channel_that_takes_letters() {
    let with = |mail: &str| EXAMPLE.to_owned() + "[status]\nmail = \"" + mail + "\"\n";
    assert_eq!(
        read(&with("mail")).unwrap().status.mail.as_deref(),
        Some("mail")
    );
    let refused = read(&with("chat")).unwrap_err();
    assert!(refused.contains("no channel of kind smtp"), "{refused}");
    let refused = read(&with("mial")).unwrap_err();
    assert!(refused.contains("did you mean 'mail'?"), "{refused}");
    let nowhere = with("mail").replace("public_url   = \"https://status.acme.example\"\n", "");
    let refused = read(&nowhere).unwrap_err();
    assert!(refused.contains("watch.public_url"), "{refused}");
}
