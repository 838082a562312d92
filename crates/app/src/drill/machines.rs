//! The fleet under test: a `twinline up` of this very binary for each machine, on a folder of its own. Beside the folder a
//! file names the process, for the watchman.

use super::config::{self, Setting};
use crate::instance::DataFolder;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the processes may take until they serve.
const START_MAX: Duration = Duration::from_secs(90);
/// How often the end of a process is looked for, and how many times: 15 s.
const END_LOOK: Duration = Duration::from_millis(50);
const END_LOOKS_MAX: u32 = 300;
/// The roles of a machine whose faults are a drill's matter.
pub(super) const ROLES: [&str; 2] = ["edge", "host"];
/// And the one that it has in some drills.
const WATCH: &str = "watch";

pub(super) struct Machine {
    pub(super) name: String,
    /// Where its host answers.
    pub(super) host: SocketAddr,
    /// Its roles.
    pub(super) roles: Vec<&'static str>,
    folder: PathBuf,
    data: DataFolder,
    up: Child,
}

/// All machines. Dropping ends them: what was stopped goes on, all are asked to end, then waited for.
pub(super) struct Machines {
    pub(super) all: Vec<Machine>,
    stopped: Mutex<BTreeSet<u32>>,
}

impl Machines {
    /// Writes each machine's folder below `root` and starts it; answers when all roles serve.
    pub(super) async fn start(root: &Path, setting: &Setting) -> Result<Self> {
        let mut machines = Self {
            all: Vec::new(),
            stopped: Mutex::default(),
        };
        let watch = setting.watches.as_ref().map(|_| WATCH);
        let roles: Vec<_> = ROLES.into_iter().chain(watch).collect();
        for (name, host) in &setting.hosts {
            let folder = root.join(name);
            config::write(&folder, name, setting)?;
            let log = std::fs::File::create(folder.join("up.log")).context("making a log")?;
            let up = command(&folder)?
                .arg("up")
                // Also when this process is killed.
                .args(["--supervisor", &std::process::id().to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .context("starting 'up'")?;
            let process = up.id().to_string();
            std::fs::write(root.join(format!("{name}.pid")), process).context("noting 'up'")?;
            machines.all.push(Machine {
                name: name.clone(),
                host: *host,
                roles: roles.clone(),
                data: DataFolder::open(&folder.join("twinline-data"))?,
                folder,
                up,
            });
        }
        let deadline = Instant::now() + START_MAX;
        for at in 0..machines.all.len() {
            while !machines.all[at].serves() {
                if let Some(how) = machines.all[at].ended() {
                    bail!("{how}");
                }
                if Instant::now() > deadline {
                    let machine = &machines.all[at];
                    bail!(
                        "{} does not serve; its log ends:\n{}",
                        machine.name,
                        machine.log_end()
                    );
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(machines)
    }

    /// Publishes the rules, as a person would on any machine.
    pub(super) async fn apply(&self) -> Result<()> {
        let output = self.run(0, &["apply", "--yes", "--json"]).await?;
        if !output.status.success() {
            bail!(
                "the rules could not be published: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// What the first machine says of the fleet.
    pub(super) async fn fleet_status(&self) -> Result<String> {
        let output = self.run(0, &["fleet", "status"]).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Calls the command line as a person would on that machine.
    pub(super) async fn run(&self, machine: usize, arguments: &[&str]) -> Result<Output> {
        let mut called = tokio::process::Command::from(command(&self.all[machine].folder)?);
        called
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = called.output().await;
        output.with_context(|| format!("calling {}", arguments.join(" ")))
    }

    /// Where webhooks and people's requests arrive, at each machine.
    pub(super) fn edges(&self) -> Result<Vec<SocketAddr>> {
        self.all.iter().map(Machine::webhooks).collect()
    }

    /// The machines whose supervisor has ended, though nobody asked for it: a person would have to start it again.
    pub(super) fn ended(&mut self) -> Vec<String> {
        self.all.iter_mut().filter_map(Machine::ended).collect()
    }

    /// Stops a process where it stands (SIGSTOP).
    pub(super) fn freeze(&self, process: u32) -> Result<()> {
        self.lock().insert(process);
        signal(process, Signal::STOP)
    }

    /// Lets it go on. One that was killed meanwhile needs nothing.
    pub(super) fn thaw(&self, process: u32) {
        self.lock().remove(&process);
        if let Err(error) = signal(process, Signal::CONT) {
            tracing::debug!(%error, process, "it has ended");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.stopped.lock().expect("no code panics with this lock")
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for process in std::mem::take(&mut *self.lock()) {
            // One that has ended meanwhile needs nothing.
            let _gone = signal(process, Signal::CONT);
        }
        for machine in &self.all {
            // One that has ended by itself needs nothing.
            let _gone = signal(machine.up.id(), Signal::TERM);
        }
        for machine in &mut self.all {
            let mut ends = || matches!(machine.up.try_wait(), Ok(None));
            let mut looks = 0;
            while ends() && looks < END_LOOKS_MAX {
                looks += 1;
                std::thread::park_timeout(END_LOOK);
            }
            // Its roles end with it.
            let _gone = machine.up.kill();
            let _ended = machine.up.wait();
        }
    }
}

impl Machine {
    /// Where webhooks arrive.
    pub(super) fn webhooks(&self) -> Result<SocketAddr> {
        self.data.running("edge")?.listener("webhooks")
    }

    /// The process of a role.
    pub(super) fn process(&self, role: &str) -> Result<u32> {
        Ok(self.data.running(role)?.pid)
    }

    /// Whether the process that a role announced last is alive.
    pub(super) fn is_alive(&self, role: &str) -> bool {
        self.process(role).is_ok_and(lives)
    }

    /// Kills a role's process as a crash would; answers when nothing is left of it. Its connections are cut off before that:
    /// a supervisor hears of its end when the last of its threads has let go of them.
    pub(super) async fn kill(&self, role: &str) -> Result<()> {
        let process = self.process(role)?;
        signal(process, Signal::KILL).with_context(|| format!("killing {role}"))?;
        let deadline = Instant::now() + START_MAX;
        while Path::new(&format!("/proc/{process}")).exists() {
            if Instant::now() > deadline {
                bail!("the killed {role} of {} does not end", self.name);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("up.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn serves(&self) -> bool {
        self.roles
            .iter()
            .all(|role| self.data.running(role).is_ok())
    }

    fn ended(&mut self) -> Option<String> {
        let status = self.up.try_wait().ok().flatten()?;
        Some(format!(
            "'twinline up' of {} ended with {status}; its log ends:\n{}",
            self.name,
            self.log_end()
        ))
    }
}

/// This same binary, with a machine's configuration.
fn command(folder: &Path) -> Result<Command> {
    let program = std::env::current_exe().context("looking for this binary")?;
    let mut command = Command::new(program);
    command.arg("--config").arg(folder.join("twinline.toml"));
    Ok(command)
}

fn signal(process: u32, signal: Signal) -> Result<()> {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    let id = id.context("no process id")?;
    kill_process(id, signal).with_context(|| format!("a signal to process {process}"))
}

/// Whether a process runs; one that has ended and was not waited for does not.
fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    !matches!(state, Some("Z" | "X") | None)
}
