//! The product between the two trackers: its binary, its folder, its processes.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use twinline_sim::ports::free_port;
use xtask::provision::redmine::Redmine;
use xtask::run;

/// Nothing that is waited for takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// An installation, its `up`, and a simulated GitHub as a process of its own.
pub(crate) struct Product {
    binary: PathBuf,
    folder: TempDir,
    github: Child,
    up: Option<Child>,
}

impl Product {
    /// Starts GitHub; answers with its address too.
    pub(crate) async fn new() -> (Self, String) {
        let binary = run::twinline().unwrap();
        let folder = TempDir::new().unwrap();
        let said = folder.path().join("github.json");
        let github = Command::new(&binary)
            .args(["sim", "github", "--items", "0", "--json"])
            .stdout(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let product = Self {
            binary,
            folder,
            github,
            up: None,
        };
        let url = until("GitHub's address", || {
            let document: Json = serde_json::from_slice(&fs::read(&said).ok()?).ok()?;
            Some(document["url"].as_str()?.to_owned())
        });
        let url = url.await;
        (product, url)
    }

    /// Writes the configuration and the rules, and publishes them.
    pub(crate) fn configure(&self, github: &str, redmine: &str) {
        let root = self.folder.path();
        let edge = free_port().unwrap();
        fs::create_dir(root.join("rules")).unwrap();
        for (name, text) in [
            ("twinline.toml", configuration(github, redmine, edge)),
            ("rules/dev.toml", RULES.to_owned()),
            ("github.token", "github-token".to_owned()),
            ("redmine.key", Redmine::KEY.to_owned()),
            ("hook.secret", "what-signs-the-webhooks".to_owned()),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        self.json(&["check"]);
        self.json(&["apply", "--yes"]);
    }

    /// Starts edge and host.
    pub(crate) async fn start(&mut self) {
        let log = fs::File::create(self.folder.path().join("up.log")).unwrap();
        let mut up = self.command(&["up"]);
        up.stderr(log).stdout(Stdio::null());
        self.up = Some(up.spawn().unwrap());
        for role in ["edge", "host"] {
            until(role, || self.running(role)).await;
        }
    }

    /// Ends it in good order.
    pub(crate) fn stop(&mut self) {
        let mut up = self.up.take().unwrap();
        send(up.id(), Signal::TERM);
        assert!(up.wait().unwrap().success(), "{}", self.told());
    }

    /// Kills a role's process as a crash would. The supervisor starts another; nobody waits for it here.
    pub(crate) async fn crash(&self, role: &str) {
        let pid = until(role, || self.running(role)).await;
        send(pid, Signal::KILL);
    }

    /// The living process of a role.
    fn running(&self, role: &str) -> Option<u32> {
        let path = format!("twinline-data/run/{role}.json");
        let said = fs::read(self.folder.path().join(path)).ok()?;
        let said: Json = serde_json::from_slice(&said).ok()?;
        let pid = u32::try_from(said["pid"].as_u64()?).ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let state = stat.rsplit(')').next()?.split_whitespace().next()?;
        (!matches!(state, "Z" | "X")).then_some(pid)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// A command's JSON answer, if it succeeds.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Option<Json> {
        let done = self.command(arguments).arg("--json").output().unwrap();
        let answer = done.status.success().then_some(done.stdout)?;
        serde_json::from_slice(&answer).ok()
    }

    /// The JSON answer of a command that must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Json {
        let done = self.command(arguments).arg("--json").output().unwrap();
        let said = [done.stdout.as_slice(), &done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(done.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// What it says of itself: for the message of a failing test.
    pub(crate) fn told(&self) -> String {
        let mut told = String::new();
        for question in ["errors", "status"] {
            let done = self.command(&[question]).output().unwrap();
            told.push_str(&String::from_utf8_lossy(&done.stdout));
            told.push_str(&String::from_utf8_lossy(&done.stderr));
        }
        let log = fs::read_to_string(self.folder.path().join("up.log")).unwrap_or_default();
        told + &log
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if let Some(mut child) = self.up.take() {
            // Its children end with it.
            drop(child.kill());
            drop(child.wait());
        }
        drop(self.github.kill());
        drop(self.github.wait());
    }
}

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Waits until `look` gives something.
pub(crate) async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = tokio::time::interval(Duration::from_millis(50));
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited {PATIENCE:?} for: {what}"
        );
        pause.tick().await;
    }
}

fn configuration(github: &str, redmine: &str, edge: u16) -> String {
    format!(
        r#"format = 1

[instance]
public_url = "http://127.0.0.1:{edge}"

[edge]
listen = "127.0.0.1:{edge}"
health = "127.0.0.1:0"

[host]
listen = "127.0.0.1:0"

[nodes.github]
tracker = "github"
url = "{github}"
auth = {{ token = {{ file = "github.token" }} }}
webhook = {{ secrets = [{{ file = "hook.secret" }}] }}
allow_private = ["127.0.0.0/8"]
settle_s = 1
sweep_s = {{ period = 1, overlap = 5, resweep = 4, audit = 8 }}

[nodes.redmine]
tracker = "redmine"
url = "{redmine}"
auth = {{ key = {{ file = "redmine.key" }} }}
allow_private = ["127.0.0.0/8"]
settle_s = 3
sweep_s = {{ period = 1, overlap = 5, resweep = 4, audit = 8 }}
"#
    )
}

const RULES: &str = r#"format = 1
name = "dev"

[left]
node = "github"
scope = { repo = "acme/app" }
trigger = "is:issue"

[right]
node = "redmine"
scope = { project = "twin", tracker = "Bug" }
trigger = "status_id=*"

[policy]
conflict = "left"
first = "filled"
unmapped = "hold"

[fields.summary]
left = "summary"
right = "summary"

[fields.description]
left = "description"
right = "description"

[fields.labels]
left = "labels"
right = "Labels"

[fields.status]
left = "status"
right = "status"
values = "status"

[fields.assignee]
left = "assignee"
right = "assignee"
people = "staff"

[fields.twin_key]
left = { from = "key" }
right = "GitHub issue"
dir = "->"

[values.status]
open = { left = ["open"], right = ["New", "In Progress", "Feedback", "Resolved"] }
done = { left = ["closed:completed", "closed:not_planned"], right = ["Closed", "Rejected"] }

[people.staff]
match = ["table"]
table = [{ left = "ana", right = "mia" }]

[comments]
channels = [{ left = "public", right = "public", dir = "<->" }]
header = "{author} · {time}"
edits = "origin"
deletes = "origin"
"#;
