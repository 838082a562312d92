//! What each process of the fleet uses in each part of a drill: processor time, and bytes that it writes.
//!
//! The system counts both, so that what a part costs does not depend on how busy the machine was with other things.

use super::machines::Machines;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use tokio::time::Instant;

/// The unit of the times in `/proc/PID/stat` and `/proc/stat`: USER_HZ, which Linux keeps at 100 (proc(5)).
const TICKS_PER_S: f64 = 100.0;
/// The drill's own process: the simulated trackers, the people and the relay.
const DRILL: &str = "drill";

/// What all processes have used so far.
pub(super) struct Sample {
    at: Instant,
    processes: BTreeMap<String, Used>,
    machine: Option<Whole>,
}

/// What one process has used since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Used {
    process: u32,
    cpu_ticks: u64,
    /// `None`: nobody may know.
    written_bytes: Option<u64>,
}

/// What the processors of the machine have done since it was started, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Whole {
    busy: u64,
    /// Nothing could be done, for want of a disk.
    waiting: u64,
    /// Others had the processor.
    stolen: u64,
}

/// One part of a drill.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Part {
    part: &'static str,
    seconds: f64,
    /// By machine and role; `drill` is the trackers, the people and the relay.
    processes: BTreeMap<String, Use>,
    /// Of all processors together; `None`: it cannot be read here.
    machine: Option<MachineUse>,
}

/// What a process has used in a part. Of one that has taken another's place, what it has used since it began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Use {
    cpu_s: f64,
    written_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct MachineUse {
    busy_s: f64,
    disk_wait_s: f64,
    stolen_s: f64,
}

impl Sample {
    /// Of now. A role that has no process at the moment is left out.
    pub(super) fn now(machines: &Machines) -> Self {
        let all = machines.all.iter();
        let roles = all.flat_map(|machine| machine.roles.iter().map(move |role| (machine, role)));
        let roles = roles.filter_map(|(machine, role)| {
            let process = machine.process(role).ok()?;
            Some((format!("{} {role}", machine.name), process))
        });
        let all = roles.chain([(DRILL.to_owned(), std::process::id())]);
        Self {
            at: Instant::now(),
            processes: all
                .filter_map(|(name, process)| Some((name, Used::of(process)?)))
                .collect(),
            machine: fs::read_to_string("/proc/stat")
                .ok()
                .and_then(|text| whole(&text)),
        }
    }

    /// What was used between this and a later one.
    pub(super) fn until(&self, later: &Self, part: &'static str) -> Part {
        let used = |(name, after): (&String, &Used)| {
            let before = self.processes.get(name).copied();
            (name.clone(), after.since(before.unwrap_or_default()))
        };
        let machine = self.machine.zip(later.machine);
        Part {
            part,
            seconds: tenths(later.at.saturating_duration_since(self.at).as_secs_f64()),
            processes: later.processes.iter().map(used).collect(),
            machine: machine.map(|(before, after)| MachineUse {
                busy_s: seconds(after.busy, before.busy),
                disk_wait_s: seconds(after.waiting, before.waiting),
                stolen_s: seconds(after.stolen, before.stolen),
            }),
        }
    }
}

impl Used {
    fn of(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let io = fs::read_to_string(format!("/proc/{process}/io")).ok();
        Some(Self {
            process,
            cpu_ticks: ticks(&stat)?,
            written_bytes: io.and_then(|text| written(&text)),
        })
    }

    fn since(self, before: Self) -> Use {
        let before = if before.process == self.process {
            before
        } else {
            Self::default()
        };
        let written = |now: u64| now.saturating_sub(before.written_bytes.unwrap_or(0));
        Use {
            cpu_s: seconds(self.cpu_ticks, before.cpu_ticks),
            written_bytes: self.written_bytes.map(written),
        }
    }
}

/// The processor time, user and kernel, of `/proc/PID/stat`. The process's name may hold anything but ends with the last
/// parenthesis.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// What `/proc/PID/io` says was written to the disk, or is to be.
fn written(io: &str) -> Option<u64> {
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes:"));
    line?.trim().parse().ok()
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn whole(stat: &str) -> Option<Whole> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let &[user, nice, system, _idle, waiting, hard, soft, stolen, ..] = fields.as_slice() else {
        return None;
    };
    Some(Whole {
        busy: user + nice + system + hard + soft,
        waiting,
        stolen,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^52 ticks are more than a million years"
)]
fn seconds(after: u64, before: u64) -> f64 {
    after.saturating_sub(before) as f64 / TICKS_PER_S
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
