//! The demonstration as a proof: faults on, edge and host killed in the middle, everything counted.

use super::judge::{self, Verdict, judge};
use super::processes::{self, Up};
use super::script::Script;
use super::transcript;
use super::world::{Place, World};
use crate::cli::DemoArgs;
use crate::exit;
use crate::report::{self, Report};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;
use twinline_sim::Faults;

/// Scripted edits.
const STEPS: usize = 160;
/// Between two of them.
const PACE: Duration = Duration::from_millis(80);
/// Both sides are in step within this after the last edit, or the check fails.
const CONVERGE: Duration = Duration::from_secs(150);
/// In this long without an edit nothing may be written.
const QUIET: Duration = Duration::from_secs(6);

/// Runs the proof.
pub(super) async fn run(args: &DemoArgs, shutdown: CancellationToken) -> Result<Report> {
    let world = World::start().await?;
    let mut up = Up::start(&world).await?;
    world.hook_jira()?;
    let stop = shutdown.child_token();
    let loud = !args.quiet;
    let say = move |line: &str| {
        if loud {
            report::aside(&format!("  ⇄ {line}"));
        }
    };
    let (heard, listening) = transcript::listen(&up, say, stop.clone());
    let mut script = Script::begin(&world);
    settle(&world, &script, &shutdown).await;
    world.set_faults(&Faults::demo());
    edit(&world, &mut up, &mut script, &shutdown, loud).await?;
    world.set_faults(&Faults::default());
    let verdict = settle(&world, &script, &shutdown).await;
    let echoes = quiet(&world, &shutdown).await;
    if !verdict.converged() {
        report::aside(&processes::tell(&world, &verdict.items).await?);
    }
    stop.cancel();
    listening.await?;
    let ended = up.end().await?;
    world.stop().await;
    for sentence in verdict.lost.iter().chain(&verdict.duplicated) {
        report::aside(sentence);
    }
    let ok = verdict.converged() && echoes == 0 && ended && !shutdown.is_cancelled();
    let document = json!({
        "ok": ok,
        "twins": verdict.twins,
        "changes": script.changes,
        "lost": verdict.lost.len(),
        "duplicated": verdict.duplicated.len(),
        "echoes": echoes,
        "converged": verdict.converged(),
        "p50_ms": heard.percentile(50),
        "p99_ms": heard.percentile(99),
    });
    let text = format!(
        "{} twins, {} changes: {} lost, {} duplicated, {echoes} echoes",
        verdict.twins,
        script.changes,
        verdict.lost.len(),
        verdict.duplicated.len()
    );
    let code = if ok { exit::OK } else { exit::FAILED };
    Ok(Report::done(&document, text)?.with_code(code))
}

/// Makes the edits; the host is killed after a third of them, the edge after two thirds.
async fn edit(
    world: &World,
    up: &mut Up,
    script: &mut Script,
    shutdown: &CancellationToken,
    loud: bool,
) -> Result<()> {
    let mut pace = interval(PACE);
    for step in 0..STEPS {
        if shutdown.is_cancelled() {
            return Ok(());
        }
        pace.tick().await;
        let line = script.next(world)?;
        if loud {
            report::aside(&line);
        }
        if step == STEPS / 3 {
            report::aside("killing the host");
            up.crash("host").await?;
        }
        if step == STEPS * 2 / 3 {
            report::aside("killing the edge");
            up.crash("edge").await?;
        }
    }
    Ok(())
}

/// Waits until both sides are in step, or the time is over.
async fn settle(world: &World, script: &Script, shutdown: &CancellationToken) -> Verdict {
    let deadline = Instant::now() + CONVERGE;
    let mut look = interval(Duration::from_millis(250));
    loop {
        look.tick().await;
        let verdict = judge(world, script);
        if verdict.converged() || Instant::now() >= deadline || shutdown.is_cancelled() {
            return verdict;
        }
    }
}

/// How many writes come in a time in which nobody does anything.
async fn quiet(world: &World, shutdown: &CancellationToken) -> usize {
    let places = [Place::GitHub, Place::Jira];
    let mut before = places.map(|place| world.dump(place));
    // The last confirmations of what has just converged may still be under way.
    let mut settled = Instant::now() + QUIET;
    let deadline = Instant::now() + QUIET * 5;
    let mut look = interval(Duration::from_millis(250));
    let mut echoes = 0;
    while Instant::now() < settled && Instant::now() < deadline && !shutdown.is_cancelled() {
        look.tick().await;
        let now = places.map(|place| world.dump(place));
        let changed: usize = before
            .iter()
            .zip(&now)
            .map(|(before, now)| judge::echoes(before, now))
            .sum();
        if changed > 0 {
            echoes += changed;
            settled = Instant::now() + QUIET;
            before = now;
        }
    }
    echoes
}
