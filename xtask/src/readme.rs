//! `cargo xtask readme`: the README's own first-twin steps, run verbatim in a scratch folder.

use crate::{root, run, say};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What marks a block of the README as one of the steps.
const MARK: &str = "```sh first-twin";

/// How long all steps may take together, in seconds.
const STEPS_MAX_S: &str = "240";

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
    let items = twins["items"]
        .as_array()
        .with_context(|| format!("no list of twins in {twins}"))?;
    Ok(items
        .iter()
        .filter(|twin| twin["state"] == "live" || twin["state"]["state"] == "live")
        .count())
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn only_marked_blocks_are_steps() {
        let readme = "```\nno\n```\n```sh first-twin\na\nb\n```\ntext\n```sh first-twin\nc\n```\n";
        assert_eq!(steps(readme).unwrap(), ["a\nb\n", "c\n"]);
        assert!(steps("nothing").is_err());
    }
}
