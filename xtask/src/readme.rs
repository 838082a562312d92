//! `cargo xtask readme`: the README's own first-twin steps, run verbatim in a scratch folder, and both trackers compared
//! afterwards.

use crate::sim::differences;
use crate::{root, run, say};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use twinline_sim::{Dump, DumpItem};

/// What marks a block of the README as one of the steps.
const MARK: &str = "```sh first-twin";

/// How long all steps may take together, in seconds.
const STEPS_MAX_S: &str = "240";

/// The ports that the steps name: the simulators, and the default ones of edge and host.
const PORTS: [u16; 7] = [4010, 4020, 7400, 7401, 7410, 7412, 7420];

/// The simulators' ports.
const GITHUB: u16 = 4010;
const JIRA: u16 = 4020;

/// A simulator on loopback answers within this.
const ANSWER: Duration = Duration::from_secs(10);

/// How to run the task.
#[derive(clap::Args)]
pub struct Options {
    /// Prints one JSON document as the last line.
    #[arg(long)]
    json: bool,
}

/// Runs the steps; true when they end with at least one twin in step.
pub fn task(options: &Options) -> Result<bool> {
    let program = run::twinline()?;
    let readme = fs::read_to_string(root().join("README.md")).context("reading README.md")?;
    let steps = steps(&readme)?;
    free(&PORTS)?;
    let folder = TempDir::new().context("making a scratch folder")?;
    let lines = steps.iter().map(|step| step.lines().count()).sum::<usize>();
    let twins = in_scratch(folder.path(), &program, &steps.concat());
    let (ok, sentence) = match &twins {
        Ok(count) => (
            *count > 0,
            format!("{lines} lines of the README end with {count} twins in step"),
        ),
        Err(error) => (false, format!("the README's steps failed: {error:#}")),
    };
    say(&sentence);
    if options.json {
        say(&json!({ "ok": ok, "steps": lines }).to_string());
    }
    Ok(ok)
}

/// The marked blocks, each ending with a newline.
fn steps(readme: &str) -> Result<Vec<String>> {
    let mut steps = Vec::new();
    let mut rest = readme;
    while let Some((_, after)) = rest.split_once(&format!("{MARK}\n")) {
        let (step, after) = after
            .split_once("```")
            .context("a block of the README has no end")?;
        steps.push(step.to_owned());
        rest = after;
    }
    if steps.is_empty() {
        bail!("README.md has no block that begins with {MARK}");
    }
    Ok(steps)
}

/// The steps are run verbatim, so their ports must be free.
fn free(ports: &[u16]) -> Result<()> {
    for port in ports {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err() {
            bail!(
                "port {port} is in use, and the README's steps use it: end what listens there (an instance of your own?) and run this again"
            );
        }
    }
    Ok(())
}

/// Everything that the steps start ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // Nothing may be left of it by now.
            kill_process_group(group, Signal::TERM).ok();
        }
        self.0.wait().ok();
    }
}

/// Runs the script in a process group of its own; how many live twins there are at its end.
fn in_scratch(folder: &Path, program: &Path, script: &str) -> Result<usize> {
    let binaries = program.parent().context("the binary lies in no folder")?;
    let ask = "twinline twins --json > twins.json";
    let path = format!("export PATH=\"{}:$PATH\"", binaries.display());
    let script = format!("set -euo pipefail\n{path}\n{script}\n{ask}\n");
    let log = fs::File::create(folder.join("log")).context("making the log")?;
    let mut bash = Command::new("timeout");
    bash.args([STEPS_MAX_S, "bash", "-c", &script])
        .current_dir(folder)
        .process_group(0);
    bash.stdin(Stdio::null())
        .stdout(log.try_clone().context("doubling the log")?)
        .stderr(log);
    let mut group = Group(bash.spawn().context("starting bash")?);
    let status = group.0.wait().context("waiting for the steps")?;
    let said = fs::read_to_string(folder.join("log")).unwrap_or_default();
    if !status.success() {
        bail!("{status}:\n{said}");
    }
    let twins = fs::read(folder.join("twins.json")).context("reading the twins")?;
    let twins: Value = serde_json::from_slice(&twins).context("reading the twins")?;
    let (github, jira) = (dump(GITHUB)?, dump(JIRA)?);
    let faults = compare(&twins, &github, &jira);
    if !faults.is_empty() {
        bail!("the twins are not in step:\n{}", faults.join("\n"));
    }
    Ok(living(&twins).count())
}

fn living(twins: &Value) -> impl Iterator<Item = &Value> {
    let items = twins["items"].as_array().into_iter().flatten();
    items.filter(|twin| twin["state"] == "live")
}

/// Every twin that lacks an item at a tracker or whose items differ; none: all is well.
fn compare(twins: &Value, github: &Dump, jira: &Dump) -> Vec<String> {
    let mut faults = Vec::new();
    for twin in twins["items"].as_array().into_iter().flatten() {
        let key = |side: &str| twin["items"][side]["key"].as_str().unwrap_or_default();
        let (left, right) = (key("left"), key("right"));
        if twin["state"] != "live" {
            faults.push(format!(
                "the twin of {left} and {right} is {}",
                twin["state"]
            ));
            continue;
        }
        let item = |dump: &Dump, key: &str| -> Option<DumpItem> { dump.item(key).cloned() };
        match (item(github, left), item(jira, right)) {
            (Some(left), Some(right)) => faults.extend(differences(&left, &right)),
            _ => faults.push(format!("there is no {left}, or no {right}")),
        }
    }
    faults
}

/// A simulator's whole state.
fn dump(port: u16) -> Result<Dump> {
    let asking = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        // This version's answers come in one piece and end with the connection.
        stream.write_all(b"GET /_sim/dump HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = asking().with_context(|| format!("asking the simulator on port {port}"))?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .context("a simulator's answer has no body")?;
    serde_json::from_str(body).with_context(|| format!("the simulator on port {port}: {answer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, title: &str, status: &str) -> Dump {
        let item = DumpItem {
            key: key.to_owned(),
            title: title.to_owned(),
            status: status.to_owned(),
            ..DumpItem::default()
        };
        Dump {
            tracker: String::new(),
            items: vec![item],
        }
    }

    /// How many faults a twin in this state has whose item in Jira is this.
    fn check(state: &str, jira: &Dump, faults: usize) {
        let items = json!({ "left": { "key": "acme/app#1" }, "right": { "key": "SUP-1" } });
        let twins = json!({ "items": [{ "state": state, "items": items }] });
        let github = item("acme/app#1", "A title", "open");
        let found = compare(&twins, &github, jira);
        assert_eq!(found.len(), faults, "{found:?}");
    }

    #[test]
    fn both_trackers_are_compared() {
        check("live", &item("SUP-1", "A title", "To Do"), 0);
        check("live", &item("SUP-1", "Another", "To Do"), 1);
        check("live", &item("SUP-1", "Another", "Done"), 2);
        check("live", &item("SUP-2", "A title", "To Do"), 1);
        check("quarantined", &item("SUP-1", "A title", "To Do"), 1);
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = free(&[port]).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is in use")), "{error}");
    }

    #[test]
    fn only_marked_blocks_are_steps() {
        let readme = "```\nno\n```\n```sh first-twin\na\nb\n```\ntext\n```sh first-twin\nc\n```\n";
        assert_eq!(steps(readme).unwrap(), ["a\nb\n", "c\n"]);
        assert!(steps("nothing").is_err());
    }
}
