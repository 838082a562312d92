//! The demonstration as a proof: faults on, edge and host killed in the middle, everything counted.

use super::echoes;
use super::faults::{Happened, Kills};
use super::judge::{Verdict, judge};
use super::latency::Latencies;
use super::processes::{self, Up};
use super::script::Script;
use super::transcript;
use super::world::World;
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
    world.note_writes();
    let mut up = Up::start(&world).await?;
    world.hook_jira()?;
    let stop = shutdown.child_token();
    let loud = !args.quiet;
    let say = move |line: &str| {
        if loud {
            report::aside(&format!("  ⇄ {line}"));
        }
    };
    let listening = transcript::listen(&up, say, stop.clone());
    let mut script = Script::begin(&world);
    settle(&world, &script, &shutdown).await;
    world.set_faults(&Faults::demo());
    world.force_faults();
    let kills = edit(&world, &mut up, &mut script, &shutdown, loud).await?;
    world.set_faults(&Faults::default());
    let verdict = settle(&world, &script, &shutdown).await;
    quiet(&world, &shutdown).await;
    let proof = Proof::of(&world, &script, verdict, kills).await?;
    if !proof.verdict.converged() {
        report::aside(&processes::tell(&world, &proof.verdict.items).await?);
    }
    stop.cancel();
    listening.await?;
    let ended = up.end().await?;
    world.stop().await;
    proof.report(&script, ended && !shutdown.is_cancelled())
}

/// What came of it.
struct Proof {
    verdict: Verdict,
    echoes: Vec<String>,
    happened: Happened,
    latencies: Latencies,
}

impl Proof {
    async fn of(world: &World, script: &Script, settled: Verdict, kills: Kills) -> Result<Self> {
        let (both, noted) = (world.dumps(), world.noted());
        let killed = usize::try_from(kills.host + kills.edge)?;
        Ok(Self {
            echoes: echoes::without_cause(&both, &noted, script, killed),
            happened: Happened::of(&noted, kills),
            latencies: Latencies::read(world, &both).await?,
            // What was in step has to stay so.
            verdict: if settled.converged() {
                judge(&both, script)
            } else {
                settled
            },
        })
    }

    fn report(self, script: &Script, ended: bool) -> Result<Report> {
        let Self {
            verdict,
            echoes,
            happened,
            latencies,
        } = self;
        let missing = happened.missing();
        for sentence in verdict
            .lost
            .iter()
            .chain(&verdict.duplicated)
            .chain(&echoes)
        {
            report::aside(sentence);
        }
        for fault in &missing {
            report::aside(&format!(
                "{fault} did not happen: this run proves nothing of it"
            ));
        }
        let ok = verdict.converged() && echoes.is_empty() && missing.is_empty() && ended;
        let document = json!({
            "ok": ok,
            "twins": verdict.twins,
            "changes": script.changes,
            "lost": verdict.lost.len(),
            "duplicated": verdict.duplicated.len(),
            "echoes": echoes.len(),
            "converged": verdict.converged(),
            "p50_ms": latencies.percentile(50),
            "p99_ms": latencies.percentile(99),
            "crossings": latencies.count(),
            "slowest": latencies.slowest(),
            "faults": happened,
        });
        let text = format!(
            "{} twins, {} changes: {} lost, {} duplicated, {} echoes",
            verdict.twins,
            script.changes,
            verdict.lost.len(),
            verdict.duplicated.len(),
            echoes.len()
        );
        let code = if ok { exit::OK } else { exit::FAILED };
        Ok(Report::done(&document, text)?.with_code(code))
    }
}

/// Makes the edits; the host is killed after a third of them, the edge after two thirds.
async fn edit(
    world: &World,
    up: &mut Up,
    script: &mut Script,
    shutdown: &CancellationToken,
    loud: bool,
) -> Result<Kills> {
    let mut pace = interval(PACE);
    let mut kills = Kills::default();
    for step in 0..STEPS {
        if shutdown.is_cancelled() {
            break;
        }
        pace.tick().await;
        let line = script.next(world)?;
        if loud {
            report::aside(&line);
        }
        if step == STEPS / 3 {
            report::aside("killing the host");
            up.crash("host").await?;
            kills.host += 1;
        }
        if step == STEPS * 2 / 3 {
            report::aside("killing the edge");
            up.crash("edge").await?;
            kills.edge += 1;
        }
    }
    Ok(kills)
}

/// Waits until both sides are in step, or the time is over.
async fn settle(world: &World, script: &Script, shutdown: &CancellationToken) -> Verdict {
    let deadline = Instant::now() + CONVERGE;
    let mut look = interval(Duration::from_millis(250));
    loop {
        look.tick().await;
        let verdict = judge(&world.dumps(), script);
        if verdict.converged() || Instant::now() >= deadline || shutdown.is_cancelled() {
            return verdict;
        }
    }
}

/// Waits until nothing was written for a time in which nobody does anything: what is written meanwhile is counted with
/// all other writes.
async fn quiet(world: &World, shutdown: &CancellationToken) {
    let count = || -> usize { world.noted().values().map(|(writes, _)| writes.len()).sum() };
    let mut before = count();
    let mut settled = Instant::now() + QUIET;
    let deadline = Instant::now() + QUIET * 5;
    let mut look = interval(Duration::from_millis(250));
    while Instant::now() < settled && Instant::now() < deadline && !shutdown.is_cancelled() {
        look.tick().await;
        let now = count();
        if now != before {
            settled = Instant::now() + QUIET;
            before = now;
        }
    }
}
