//! `twinline drill`: a failure mode, made on purpose, against a fleet that works.
//!
//! A drill starts a PostgreSQL, an etcd, simulated trackers and a fleet of its own, has people edit on both sides all the
//! time, makes its fault, heals it, and judges: by the simulators' own state whether anything was lost or doubled, by what
//! the fleet says of itself whether it noticed and recovered. It ends and removes all that it started.

mod account;
mod book;
mod catalogue;
mod config;
mod disk;
mod faults;
mod incident;
mod judge;
mod load;
mod machines;
mod network;
mod outcome;
mod record;
pub mod relay;
mod stage;
mod trackers;
mod usage;
mod watch;

use crate::cli::DrillArgs;
use crate::exit::{Coded, FAILED, USAGE};
use crate::report::{Report, Table};
use crate::shutdown;
use account::Account;
use anyhow::{Context, Result};
use catalogue::{Drill, Spec};
use faults::Fault;
use incident::Moments;
use judge::{Verdict, judge};
use load::Load;
use machines::Machines;
use outcome::Asked;
use record::{Death, Record, Times, well_again};
use serde_json::json;
use stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;
use tokio::time::{Instant, sleep, sleep_until};
use usage::{Part, Sample};

/// What is asked for to see which drills there are.
const LIST: &str = "list";
/// How often an item is edited in all: so seldom that it does not grow much. The answers of a tracker, and so the work
/// that an edit makes, are to be during the fault what they were before.
const EDITS_PER_ITEM: u64 = 5;
const ITEMS_MIN: u64 = 40;
const ITEMS_MAX: u64 = 4000;
/// Before anything is compared, and after the healing, there are edits for a part of the fault's time, within these limits.
const BESIDE_MIN: Duration = Duration::from_secs(2);
const BESIDE_MAX: Duration = Duration::from_secs(30);

/// The names that can be asked for.
pub(crate) fn names() -> Vec<&'static str> {
    let drills = Drill::ALL.into_iter().map(|drill| drill.spec().name);
    std::iter::once(LIST).chain(drills).collect()
}

/// Lists the drills, or runs one.
///
/// # Errors
/// A program is missing (exit code 6), something cannot be started, or the drill was interrupted.
pub async fn run(args: &DrillArgs, json: bool) -> Result<Report> {
    if args.name == LIST {
        return list();
    }
    let unknown = || Coded::new(USAGE, format!("there is no drill '{}'", args.name));
    let drill = Drill::named(&args.name).ok_or_else(unknown)?;
    stage::check_programs(&drill.spec())?;
    stage::check_rights(&drill.spec())?;
    let shutdown = shutdown::on_signal()?;
    let account = Arc::new(Account::new(json));
    let asked = Asked {
        strict: args.strict,
        seconds: args.seconds,
        healthy_s: args.healthy.unwrap_or(args.seconds),
        per_s: args.per_s,
    };
    let record = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        record = Box::pin(play(drill, &asked, &account)) => Some(record?),
    };
    account.say("everything that was started is ended and removed");
    match record {
        Some(record) => outcome::report(&record, &asked),
        None => Err(Coded::new(FAILED, "the drill was interrupted").into()),
    }
}

fn list() -> Result<Report> {
    let mut table = Table::new(["DRILL", "MODE", "WHAT HAPPENS"]);
    let specs: Vec<Spec> = Drill::ALL.into_iter().map(Drill::spec).collect();
    for spec in &specs {
        let mode = spec
            .mode
            .map_or_else(|| "–".to_owned(), |mode| mode.to_string());
        table.row([spec.name.to_owned(), mode, spec.about.to_owned()]);
    }
    let one = |spec: &Spec| json!({ "drill": spec.name, "mode": spec.mode, "about": spec.about });
    let drills: Vec<_> = specs.iter().map(one).collect();
    Report::done(&json!({ "drills": drills }), table.text())
}

async fn play(drill: Drill, asked: &Asked, account: &Arc<Account>) -> Result<Record> {
    let spec = drill.spec();
    account.say(&format!("{}: {}", spec.name, spec.about));
    let items = usize::try_from(items(asked))?;
    let (stage, load) = Box::pin(Stage::start(&spec, items, asked.seconds, account)).await?;
    let (before, edges) = (processes(&stage.machines)?, stage.machines.edges()?);
    let mut fault = drill.fault();
    let acts = act(&spec, &mut *fault, &stage, &load, asked, account);
    let acted = tokio::select! {
        acted = Box::pin(acts) => acted?,
        never = watch::watch(&stage.machines.all, &stage.looks, account) => match never {},
    };
    let after = processes(&stage.machines)?;
    let replaced = before.iter().zip(&after).filter(|(old, new)| old != new);
    let replaced = replaced.count();
    let Stage {
        mut machines,
        relay,
        trackers,
        book,
        looks,
        ..
    } = stage;
    let record = Record {
        spec,
        times: acted.story.times,
        usage: acted.story.usage,
        edits: book.edits(),
        deliveries: relay.end().await?,
        edges,
        looks: looks.all(),
        verdict: acted.verdict,
        restarts: machines.ended(),
        replaced,
        incident: acted.story.incident,
        deaths: acted.story.deaths,
        wrong: acted.story.wrong,
    };
    drop(machines);
    trackers.stop().await;
    Ok(record)
}

/// How many items are edited.
fn items(asked: &Asked) -> u64 {
    let lasts = beside(asked) * 2 + Duration::from_secs(asked.healthy_s + asked.seconds);
    let edits = u64::from(asked.per_s) * lasts.as_secs();
    (edits / EDITS_PER_ITEM).clamp(ITEMS_MIN, ITEMS_MAX)
}

/// How long there are edits before anything is compared, and after the healing.
fn beside(asked: &Asked) -> Duration {
    (Duration::from_secs(asked.seconds) / 4).clamp(BESIDE_MIN, BESIDE_MAX)
}

/// The processes of all roles.
fn processes(machines: &Machines) -> Result<Vec<u32>> {
    let all = machines.all.iter();
    let roles = all.flat_map(|machine| machine.roles.iter().map(|role| machine.process(role)));
    roles.collect()
}

/// What became of the acts of a drill.
struct Acted {
    story: Story,
    verdict: Verdict,
}

/// What happened while there were edits.
struct Story {
    times: Times,
    /// By part.
    usage: Vec<Part>,
    incident: Option<Moments>,
    /// The processes that the fault killed.
    deaths: Vec<Death>,
    /// What the fault's own checks found.
    wrong: Vec<String>,
}

/// Has people edit, makes the fault and heals it, and waits until all is in step.
async fn act(
    spec: &Spec,
    fault: &mut dyn Fault,
    stage: &Stage,
    load: &Load,
    asked: &Asked,
    account: &Account,
) -> Result<Acted> {
    let (over, seen) = channel::channel(false);
    let told = async {
        let told = story(fault, stage, asked, account).await;
        over.send_replace(true);
        told
    };
    let edits = load.run(&stage.trackers, asked.per_s, seen);
    let (story, ()) = tokio::try_join!(told, edits)?;
    account.say(&format!(
        "no more edits after {}; waiting until all is in step",
        stage.book.made()
    ));
    let from = if spec.heals_itself {
        story.times.made
    } else {
        story.times.healed
    };
    let latest = Instant::now() + spec.settle_max;
    let verdict = settle(stage, load, from, latest).await;
    let words = match (verdict.is_in_step(), verdict.twins) {
        (true, twins) => format!("all {twins} twins are in step"),
        (false, _) => format!("not in step after {} s", spec.settle_max.as_secs()),
    };
    account.say(&words);
    Ok(Acted { story, verdict })
}

/// What happens while there are edits: a while until everything is warm, the time that the fault's is compared with, the
/// fault, and a while after its healing.
async fn story(
    fault: &mut dyn Fault,
    stage: &Stage,
    asked: &Asked,
    account: &Account,
) -> Result<Story> {
    let (lasts, beside) = (Duration::from_secs(asked.seconds), beside(asked));
    let began = Instant::now();
    account.say(&format!("{} edits a second from now on", asked.per_s));
    sleep_until(began + beside).await;
    let warm = Instant::now();
    let used_before = Sample::now(&stage.machines);
    account.say("what is compared begins");
    sleep_until(warm + Duration::from_secs(asked.healthy_s)).await;
    let used_healthy = Sample::now(&stage.machines);
    account.say("now the fault");
    let hit = Instant::now();
    let made = fault.make(stage).await.context("making the fault")?;
    account.say(&format!("the fault is made: {made}"));
    let is_made = Instant::now();
    fault.hold(stage, is_made + lasts).await?;
    let mut wrong = fault.check(stage).await?;
    let heals = Instant::now();
    let healed = fault.heal(stage).await.context("healing the fault")?;
    account.say(&format!("the fault is healed: {healed}"));
    let times = Times {
        began,
        warm,
        hit,
        last_step: fault.last_step(),
        made: is_made,
        heals,
        healed: Instant::now(),
    };
    let used_fault = Sample::now(&stage.machines);
    wrong.extend(fault.after(stage).await?);
    sleep_until(times.healed + beside).await;
    let usage = vec![
        used_before.until(&used_healthy, "healthy"),
        used_healthy.until(&used_fault, "fault"),
        used_fault.until(&Sample::now(&stage.machines), "after"),
    ];
    Ok(Story {
        times,
        usage,
        incident: fault.told(),
        deaths: fault.deaths(),
        wrong,
    })
}

/// Waits until both sides are as the edits say and the fleet says that it is well, or the time is over.
async fn settle(stage: &Stage, load: &Load, from: Instant, latest: Instant) -> Verdict {
    loop {
        let is_late = Instant::now() >= latest;
        let is_well = stage.book.open() == 0 && well_again(&stage.looks.all(), from).is_some();
        if is_well || is_late {
            let verdict = judge(&stage.trackers, &load.wanted());
            if verdict.is_in_step() || is_late {
                return verdict;
            }
        }
        sleep(Duration::from_millis(250)).await;
    }
}
