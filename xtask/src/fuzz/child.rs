//! One target in a process of its own.

use super::mutate::Mutator;
use super::targets::TARGETS;
use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// What a target may take of memory, in bytes: an input that makes it want more is a crash.
const MEMORY_MAX_BYTES: u64 = 4 << 30;

/// Panics so far, also those that a task or a thread kept to itself.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Which target, from which seed, for how long.
#[derive(clap::Args)]
pub struct Target {
    name: String,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    run_ms: u64,
    /// No more inputs than this, though there be time.
    #[arg(long, default_value_t = u64::MAX)]
    inputs_max: u64,
    /// Write each input here before it is tried.
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Tries inputs until the time is over, or there were enough, and prints how many; an error names the panic.
pub fn run(options: &Target) -> Result<bool> {
    let target = TARGETS
        .iter()
        .find(|target| target.name == options.name)
        .with_context(|| format!("there is no target {}", options.name))?;
    let limit = Rlimit {
        current: Some(MEMORY_MAX_BYTES),
        maximum: Some(MEMORY_MAX_BYTES),
    };
    setrlimit(Resource::As, limit).context("limiting memory")?;
    // A second call finds the provider installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        last_words(&panic.to_string());
    }));
    let mut judge = (target.judge)()?;
    let seeds = (target.seeds)()?;
    let until = Instant::now() + Duration::from_millis(options.run_ms);
    let mut number = 0;
    while number < options.inputs_max && Instant::now() < until {
        let mut mutator = Mutator::new(options.seed, number);
        let input = mutator.input(&seeds);
        if let Some(file) = &options.keep {
            fs::write(file, &input).context("keeping an input")?;
        }
        let died = catch_unwind(AssertUnwindSafe(|| judge(&input))).is_err();
        if died || PANICS.load(Ordering::SeqCst) > 0 {
            bail!("input {number} of seed {} ends in a panic", options.seed);
        }
        number += 1;
    }
    crate::say(&number.to_string());
    Ok(true)
}

#[expect(
    clippy::print_stderr,
    reason = "the parent reads a dying child's last words"
)]
fn last_words(text: &str) {
    eprintln!("{}", text.replace('\n', " "));
}
