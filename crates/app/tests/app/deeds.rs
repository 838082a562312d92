//! What a person does to living twins from the command line, and what the commands say when something is wrong.

use crate::support::{Installation, Simulators, until};
use serde_json::Value as Json;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done};

/// Four issues on GitHub and their twins in Jira, under rules that ask for much.
struct Living {
    simulators: Simulators,
    installation: Installation,
}

const SCRIPT: &str = r#"
export function outgoing({ issue }) {
  if (issue.summary.includes("secret")) reject("it holds a secret");
}
"#;

fn act(server: &SimServer, command: Command) -> Done {
    let done = server.with(|tracker, now| tracker.command(now, command));
    done.unwrap()
}

fn create(server: &SimServer, title: &str) -> String {
    let create = Command::Create {
        container: None,
        by: "ana".into(),
        title: title.into(),
        body: String::new(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    match act(server, create) {
        Done::Item(key) => key,
        other => panic!("the simulator answered {other:?}"),
    }
}

fn title(server: &SimServer, key: &str) -> String {
    let dump = server.with(|tracker, now| tracker.dump(now));
    dump.item(key).unwrap().title.clone()
}

impl Living {
    /// `issues` on GitHub, rules published; no host runs yet.
    fn new(issues: usize) -> Self {
        let simulators = Simulators::start();
        let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
        let rules = std::fs::read_to_string(installation.path("rules/first.toml")).unwrap();
        let rules = rules
            .replace("[left]\n", "[left]\nscript = \"first.left.js\"\n")
            .replace(
                "[fields.summary]\n",
                "[fields.summary]\nconflict = \"hold\"\n",
            )
            .replace("[policy]\n", "[policy]\nmax_writes_per_10min = 40\n");
        installation.write("rules/first.toml", &rules);
        installation.write("rules/first.left.js", SCRIPT);
        for number in 1..=issues {
            create(&simulators.github, &format!("Issue {number}"));
        }
        Self {
            simulators,
            installation,
        }
    }

    /// The key in Jira of the living twin of `acme/app#NUMBER`.
    fn twin(&self, number: usize) -> String {
        until("a living twin", || {
            let page = self
                .installation
                .json(&["twins", &format!("acme/app#{number}")]);
            let mut twins = page["items"].as_array()?.iter();
            let twin = twins.find(|twin| twin["state"] != "unlinked")?;
            Some(twin["items"]["right"]["key"].as_str()?.to_owned())
        })
    }

    fn retitle(&self, number: usize, text: &str) {
        let key = format!("acme/app#{number}");
        act(
            &self.simulators.github,
            Command::edit(&key, "ana", "title", text),
        );
    }

    fn errors(&self) -> Json {
        self.installation.json(&["errors"])
    }

    /// Waits until Jira's twin of an issue has this title.
    fn crosses(&self, number: usize, text: &str) {
        let twin = self.twin(number);
        until(&format!("'{text}' in Jira"), || {
            (title(&self.simulators.jira, &twin) == text).then_some(())
        });
    }

    /// A command that fails with this exit code and says this, as text and as JSON.
    fn refuses(&self, arguments: &[&str], code: i32, parts: &[&str]) {
        refuses(&self.installation, arguments, code, parts);
    }
}

fn refuses(installation: &Installation, arguments: &[&str], code: i32, parts: &[&str]) {
    let done = installation.run(&[arguments, &["--json"]].concat());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
    for part in parts {
        assert!(
            said.contains(part),
            "{arguments:?}: '{part}' is not in: {said}"
        );
    }
    let document: Json = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["exit"], code, "{arguments:?}");
}

#[test]
fn what_is_held_back_goes_on_when_a_person_says_so() {
    let living = Living::new(4);
    let installation = &living.installation;
    assert_eq!(installation.json(&["apply"])["published"][0]["items"], 4);
    let up = installation.up();
    let backfill = installation.json(&["backfill", "first", "--items", "4", "--wait"]);
    let refused = &backfill["refused"][0];
    assert_eq!(refused["side"], "right", "{backfill}");
    let why = refused["why"].as_str().unwrap();
    assert!(
        why.contains("the right side of first has no trigger"),
        "{why}"
    );
    assert_eq!(backfill["backfills"][0]["state"], "finished");
    assert_eq!(backfill["backfills"][0]["done"], 4);
    errors_are_retried(&living);
    fields_are_released(&living);
    twins_end_and_begin(&living);
    versions_go_back(&living);
    the_breaker_is_released(&living);
    drop(up);
    living.simulators.end();
}

/// A script rejects two items: one line for both; the mended rule lets them go on.
fn errors_are_retried(living: &Living) {
    living.retitle(1, "a secret");
    living.retitle(2, "another secret");
    let group = until("a group of two", || {
        let group = living.errors()["errors"][0].clone();
        (group["twins"] == 2).then_some(group)
    });
    assert_eq!(group["state"], "quarantined");
    let cause = group["cause"].as_str().unwrap();
    let text = living.installation.run(&["errors"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("it holds a secret"), "{text}");
    let way_on = format!("twinline retry --connection first --cause {cause}");
    assert!(text.contains(&way_on), "{text}");
    // What is wrong stays wrong; the others go on meanwhile.
    let retry = ["retry", "--connection", "first", "--cause", cause];
    assert_eq!(living.installation.json(&retry)["twins"], 2);
    living.retitle(3, "harmless");
    living.crosses(3, "harmless");
    until("both set aside again", || {
        (living.errors()["errors"][0]["twins"] == 2).then_some(())
    });
    living.installation.write(
        "rules/first.left.js",
        &SCRIPT.replace("\"secret\"", "\"classified\""),
    );
    assert_eq!(
        living.installation.json(&["apply"])["published"][0]["version"],
        2
    );
    living.crosses(1, "a secret");
    living.crosses(2, "another secret");
    assert_eq!(living.installation.json(&retry)["twins"], 0);
    living.refuses(
        &["retry", "--connection", "second", "--cause", cause],
        1,
        &["connection 'second' is not known here", "twinline status"],
    );
    living.refuses(&["retry", "nobody#1"], 1, &["'nobody#1'", "twinline twins"]);
    let history = living.installation.json(&["history", &living.twin(1)]);
    assert_eq!(history["items"][0]["entry"]["rule_version"], 2);
    // Nothing was written to the source: its history shows what it led to.
    let source = living.installation.json(&["history", "acme/app#3"]);
    let created = source["items"].as_array().unwrap().last().unwrap();
    assert_eq!(created["key"], living.twin(3));
    assert_eq!(created["source"], "acme/app#3");
    assert_eq!(created["entry"]["kind"], "created");
    for number in [1, 2] {
        living.retitle(number, &format!("Issue {number} again"));
        living.crosses(number, &format!("Issue {number} again"));
    }
}

/// Both sides change a field at once: it freezes until somebody chooses.
fn fields_are_released(living: &Living) {
    living.installation.json(&["pause", "jira-cloud"]);
    living.retitle(4, "Left");
    let edit = Command::edit(&living.twin(4), "ben", "title", "Right");
    act(&living.simulators.jira, edit);
    living.installation.json(&["resume", "jira-cloud"]);
    let frozen = until("a frozen field", || {
        let errors = living.errors();
        errors["frozen"].get(0).cloned()
    });
    assert_eq!(
        (&frozen["field"], &frozen["twins"]),
        (&"summary".into(), &1.into())
    );
    let item = "acme/app#4";
    living.refuses(
        &["release", item],
        1,
        &[
            "summary of 'acme/app#4' is frozen",
            "--field summary --take left",
        ],
    );
    living.refuses(
        &["release", item, "--field", "status", "--take", "left"],
        1,
        &["field 'status'", "is not held"],
    );
    living.refuses(
        &["release", item, "--field", "nothing", "--take", "left"],
        1,
        &["field 'nothing' of first is not known here"],
    );
    living
        .installation
        .json(&["release", "first", "--field", "summary", "--take", "left"]);
    living.crosses(4, "Left");
    until("nothing frozen", || {
        living.errors()["frozen"]
            .as_array()?
            .is_empty()
            .then_some(())
    });
    living.refuses(&["release", item], 1, &["nothing of 'acme/app#4' is held"]);
    living.refuses(
        &["release", "first", "--field", "summary", "--take", "left"],
        1,
        &["no twin of 'first' has summary frozen"],
    );
    living.refuses(
        &["release", "second"],
        1,
        &["neither a connection, an item nor a twin is called 'second'"],
    );
}

/// Ended by hand, linked by key pair and by a file whose faulty lines are named.
fn twins_end_and_begin(living: &Living) {
    let (left, right) = ("acme/app#3", living.twin(3));
    let right = right.as_str();
    let ended = living.installation.json(&["unlink", left]);
    assert_eq!(ended["unlinked"].as_array().unwrap().len(), 1);
    living.refuses(
        &["unlink", left],
        1,
        &["'acme/app#3' has no living twin here"],
    );
    living.refuses(
        &["link", "second", left, right],
        1,
        &["connection 'second' is not known"],
    );
    let linked = living.installation.json(&["link", "first", left, right]);
    assert_eq!(
        linked["pairs"][0]["outcome"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap(),
        "linked"
    );
    let none = living
        .installation
        .run(&["link", "first", "acme/app#99", right]);
    assert_eq!(none.status.code(), Some(1));
    let said = String::from_utf8_lossy(&none.stdout).into_owned();
    assert!(said.contains("github has no item 'acme/app#99'"), "{said}");

    living.installation.write(
        "pairs.csv",
        &format!("left,right\n{left}\n{left},{right}\n,{right}\n"),
    );
    living.refuses(
        &["link", "first", "--csv", "pairs.csv"],
        2,
        &[
            "pairs.csv:2: 1 columns where 'left,right' is asked for",
            "pairs.csv:4: the key under 'left' is missing",
            "nothing was done",
        ],
    );
    living
        .installation
        .write("pairs.csv", &format!("left,right\n{left},{right}\n"));
    let again = living
        .installation
        .json(&["link", "first", "--csv", "pairs.csv"]);
    assert!(
        again["pairs"][0]["outcome"]["already"].is_string(),
        "{again}"
    );
    living.refuses(
        &["link", "first", "--csv", "none.csv"],
        2,
        &["none.csv: cannot be read"],
    );
}

fn versions_go_back(living: &Living) {
    let diff = living
        .installation
        .json(&["versions", "first", "--diff", "2"]);
    assert!(
        diff["diff"].as_str().unwrap().contains("classified"),
        "{diff}"
    );
    living.refuses(
        &["versions", "first", "--diff", "9"],
        1,
        &["'first' has no version 9; its versions are 1 to 2"],
    );
    living.refuses(
        &["versions", "second"],
        1,
        &[
            "connection 'second' has no published rules",
            "twinline apply",
        ],
    );
    let back = living.installation.json(&["rollback", "first", "1"]);
    assert_eq!(back["version"], 3);
    living.refuses(
        &["rollback", "first", "9"],
        1,
        &[
            "version 9 of 'first' is not known here",
            "twinline versions",
        ],
    );
    living.refuses(
        &["rollback", "second", "1"],
        1,
        &["connection 'second' is not known here"],
    );
}

/// More writes than the connection's limit: it is held, and nothing is lost.
fn the_breaker_is_released(living: &Living) {
    let mut round = 0;
    let held = until("a held connection", || {
        round += 1;
        for number in 1..=4 {
            living.retitle(number, &format!("Round {round} of {number}"));
        }
        living.errors()["held"].get(0).cloned()
    });
    assert!(
        held["why"].as_str().unwrap().contains("the limit is 40"),
        "{held}"
    );
    let status = living.installation.json(&["status"]);
    assert!(status["connections"][0]["held"].is_array(), "{status}");
    for number in 1..=4 {
        living.retitle(number, &format!("Last of {number}"));
    }
    living.installation.json(&["release", "first"]);
    for number in 1..=4 {
        living.crosses(number, &format!("Last of {number}"));
    }
    assert_eq!(living.errors()["held"], serde_json::json!([]));
}

#[test]
fn many_items_need_a_confirmation() {
    let living = Living::new(101);
    let installation = &living.installation;
    refuses(
        installation,
        &["apply"],
        5,
        &["101 items", "twinline plan", "--yes"],
    );
    assert_eq!(
        installation.json(&["apply", "--yes"])["published"][0]["items"],
        101
    );
    living.simulators.end();
}

#[test]
fn a_token_that_the_host_does_not_take_is_named() {
    let installation = Installation::new("");
    refuses(
        &installation,
        &["status"],
        4,
        &["no host runs on", "start one with 'twinline up'"],
    );
    let up = installation.up();
    let token = installation.path("twinline-data/run/token");
    let right = std::fs::read_to_string(&token).unwrap();
    for (text, code, said) in [
        ("0".repeat(64), 4, "does not take the token in run/token"),
        ("short".to_owned(), 1, "run/token is damaged"),
    ] {
        std::fs::write(&token, text).unwrap();
        for command in ["status", "twins", "errors", "events"] {
            refuses(&installation, &[command], code, &[said]);
        }
    }
    std::fs::remove_file(&token).unwrap();
    refuses(
        &installation,
        &["twins"],
        4,
        &["does not take the token in run/token"],
    );
    std::fs::write(&token, right).unwrap();
    up.works();
}
