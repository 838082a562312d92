//! `cargo xtask fuzz`: hostile input for every decoder, for a given time. A short one runs with every suite.
//!
//! Coverage-guided fuzzing needs a nightly toolchain, which is not here; inputs are random bytes and mutations of real
//! shapes, from a seed that is printed. Each target runs in a child process, so that an overflowing stack or exhausted
//! memory is found too; the parent runs a child that died once more, step by step, to learn its last input, and keeps
//! that under `target/fuzz/`.

mod api;
mod child;
mod connectors;
mod edge;
mod json;
mod mutate;
mod outside;
mod seeds;
mod targets;
mod workers;

pub use child::Target as ChildOptions;
pub use child::run as run_child;

use crate::served::SystemClock;
use crate::{root, say};
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use targets::TARGETS;
use twinline_core::handles::Clock as _;

/// How long, how much and from which seed.
#[derive(clap::Args)]
pub struct Options {
    /// How long in all; each target gets an equal share.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// At most so many inputs for each target: with time enough, every machine tries the same.
    #[arg(long)]
    inputs: Option<u64>,
    /// Repeats a run: inputs depend on the seed and their number only.
    #[arg(long)]
    seed: Option<u64>,
    /// Only targets whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

/// A child ends by itself at its time; one that lives so much longer hangs on an input.
const HANG: Duration = Duration::from_secs(30);

/// Runs all targets; true when none crashed.
pub fn run(options: &Options) -> Result<bool> {
    let seed = options
        .seed
        .unwrap_or_else(|| SystemClock.now().as_millis().unsigned_abs());
    say("no nightly toolchain is used: inputs are random bytes and mutations of real shapes");
    say(&format!("seed {seed}"));
    let chosen = TARGETS.iter().filter(|target| {
        let only = options.only.as_deref();
        only.is_none_or(|part| target.name.contains(part))
    });
    let chosen: Vec<_> = chosen.collect();
    let share_ms = options.seconds * 1000 / u64::try_from(chosen.len().max(1))?;
    say(&format!(
        "{} targets share {} s: {share_ms} ms each",
        chosen.len(),
        options.seconds
    ));
    let (mut inputs, mut crashes, mut idle) = (0, 0, 0);
    for target in &chosen {
        let outcome = fuzz(&Share {
            name: target.name,
            seed,
            run_ms: share_ms,
            inputs_max: options.inputs.unwrap_or(u64::MAX),
        })?;
        inputs += outcome.inputs;
        match outcome.crash {
            // Nothing was found out about a target for which there was no time.
            None if outcome.inputs == 0 => {
                idle += 1;
                say(&format!(
                    "{}: NO INPUT was tried: give it more seconds",
                    target.name
                ));
            }
            None => say(&format!("{}: {} inputs", target.name, outcome.inputs)),
            Some(what) => {
                crashes += 1;
                say(&format!("{}: CRASH {what}", target.name));
            }
        }
    }
    if options.json {
        let line = json!({"targets": chosen.len(), "crashes": crashes, "untried": idle, "inputs": inputs, "seed": seed,
            "how": "random bytes and mutated shapes"});
        say(&line.to_string());
    } else {
        say(&format!(
            "{} targets, {inputs} inputs, {crashes} crashes",
            chosen.len()
        ));
    }
    Ok(crashes == 0 && idle == 0 && !chosen.is_empty())
}

struct Outcome {
    inputs: u64,
    crash: Option<String>,
}

/// What one target is given.
#[derive(Clone, Copy)]
struct Share {
    name: &'static str,
    seed: u64,
    run_ms: u64,
    inputs_max: u64,
}

/// Runs one target in a child; after a crash once more, to learn the input.
fn fuzz(share: &Share) -> Result<Outcome> {
    let first = child(share, None)?;
    if let Some(inputs) = first.finished {
        return Ok(Outcome {
            inputs,
            crash: None,
        });
    }
    let folder = root().join("target/fuzz");
    fs::create_dir_all(&folder).context("making target/fuzz")?;
    let file = folder.join(format!("{}-{}", share.name, share.seed));
    // Longer: this time every input is written down before it is tried.
    let longer = Share {
        run_ms: share.run_ms.saturating_mul(20),
        ..*share
    };
    let again = child(&longer, Some(&file))?;
    let kept = if again.finished.is_none() {
        format!("; its input is in {}", file.display())
    } else {
        "; it did not happen again".to_owned()
    };
    Ok(Outcome {
        inputs: 0,
        crash: Some(format!("{}{kept}", first.last_words)),
    })
}

struct Ended {
    /// How many inputs were tried, when all went well.
    finished: Option<u64>,
    last_words: String,
}

fn child(share: &Share, keep: Option<&PathBuf>) -> Result<Ended> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program);
    command.args(["fuzz-child", share.name, "--seed", &share.seed.to_string()]);
    command.args(["--run-ms", &share.run_ms.to_string()]);
    command.args(["--inputs-max", &share.inputs_max.to_string()]);
    if let Some(file) = keep {
        command.arg("--keep").arg(file);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let limit = Duration::from_millis(share.run_ms) + HANG;
    let output = runtime.block_on(async {
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        tokio::time::timeout(limit, command.output()).await
    });
    let Ok(output) = output else {
        return Ok(Ended {
            finished: None,
            last_words: "an input is never done with".to_owned(),
        });
    };
    let output = output.context("running a target")?;
    let words = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    let finished = output
        .status
        .success()
        .then(|| printed.trim().parse().ok())
        .flatten();
    let tail: Vec<&str> = words.lines().rev().take(3).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Ok(Ended {
        finished,
        last_words: format!("{}: {}", output.status, tail.join(" | ")),
    })
}
