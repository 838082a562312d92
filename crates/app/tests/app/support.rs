//! A folder with a configuration, simulators in this process, and the binary at work on both.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{API_TOKEN, JiraCloud, demo_site};
use twinline_sim::json_http::DESK_TOKEN;
use twinline_sim::redmine::{self, Redmine};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command as Act, Done, Faults, Faulty, Simulator};

/// Nothing that a test waits for takes so long, on a machine that has other work too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the processes and simulators of these tests run in real time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
    }
}

/// Waits until `look` gives something.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look)
}

/// The same for what by its own rules may take longer.
#[expect(
    clippy::disallowed_methods,
    reason = "other processes are waited for, in real time: a pause between two looks"
)]
pub(crate) fn until_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            begun.elapsed() < patience,
            "waited {patience:?} for: {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The binary that was built.
pub(crate) const BUILT: &str = env!("CARGO_BIN_EXE_twinline");
/// Where an installation has a program of its own.
pub(crate) const PROGRAM: &str = "bin/twinline";

/// An installation in a folder of its own.
pub(crate) struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    /// Writes a configuration that listens on free ports.
    pub(crate) fn new(nodes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("format = 1\n{LISTEN}\n{nodes}");
        std::fs::write(folder.path().join("twinline.toml"), text).unwrap();
        Self { folder }
    }

    /// The same with further keys of `[edge]`.
    pub(crate) fn with_edge(edge: &str, nodes: &str) -> Self {
        let made = Self::new("");
        let listen = LISTEN.replace("[edge]", &format!("[edge]\n{edge}"));
        made.write("twinline.toml", &format!("format = 1\n{listen}\n{nodes}"));
        made
    }

    /// One made by `init`, with the simulators' credentials, on free ports.
    pub(crate) fn init(github: &str, jira: &str) -> Self {
        Self::between(("github", github), ("jira-cloud", jira))
    }

    /// One made by `init` between two trackers, by name and address.
    pub(crate) fn between(left: (&str, &str), right: (&str, &str)) -> Self {
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let sides = ["init", "--left", left.0, "--right", right.0];
        let urls = ["--left-url", left.1, "--right-url", right.1];
        let done = made.run(&[&sides[..], &urls].concat());
        assert!(done.status.success(), "{done:?}");
        made.write("secrets/redmine.key", redmine::API_KEY);
        made.write("secrets/json-http.token", DESK_TOKEN);
        made.write("secrets/github.token", "github-token");
        made.write("secrets/jira-cloud.token", API_TOKEN);
        let text = std::fs::read_to_string(made.path("twinline.toml")).unwrap();
        // Without a fixed port webhooks have no address; the sweep finds every change.
        let text = text.replace("public_url = \"http://127.0.0.1:7400\"\n", "");
        // A tracker without webhooks comes with a sweep of its own.
        let swept = |line: &&str| !line.starts_with("sweep_s");
        let text = text.lines().filter(swept).collect::<Vec<_>>().join("\n") + "\n";
        let text = text.replace("tracker = ", "sweep_s = { period = 1 }\ntracker = ");
        made.write("twinline.toml", &format!("{text}{LISTEN}"));
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Puts a program in the place of the one that this installation runs, as installers do: at once, and beside what runs.
    /// Without one it runs the binary that was built.
    pub(crate) fn install(&self, program: &Path) {
        std::fs::create_dir_all(self.path("bin")).unwrap();
        let fresh = self.path("bin/fresh");
        if std::fs::hard_link(program, &fresh).is_err() {
            // It lies on another disk.
            assert!(!fresh.exists(), "it would be written over");
            std::fs::copy(program, &fresh).unwrap();
        }
        std::fs::rename(&fresh, self.path(PROGRAM)).unwrap();
        // Two names of one file are left alone by that.
        std::fs::remove_file(&fresh).ok();
    }

    /// The binary with these arguments, in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let own = self.path(PROGRAM);
        let own = own.exists().then_some(own);
        let mut command = Command::new(own.unwrap_or_else(|| BUILT.into()));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("twinline.toml"));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that succeeds, for its JSON answer.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let done = self.run(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Starts `twinline up` and waits until edge and host listen.
    pub(crate) fn up(&self) -> Up<'_> {
        let log = std::fs::File::create(self.path("up.log")).unwrap();
        let child = self
            .command(&["up"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let up = Up {
            child,
            installation: self,
        };
        up.works();
        up
    }

    /// Starts a command that stays.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let log = std::fs::File::create(self.path("role.log")).unwrap();
        let mut command = self.command(arguments);
        Running(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// Where a role's process listens.
    pub(crate) fn listener(&self, role: &str, name: &str) -> Option<SocketAddr> {
        let text = std::fs::read(self.path(&format!("twinline-data/run/{role}.json"))).ok()?;
        let running: serde_json::Value = serde_json::from_slice(&text).ok()?;
        running["listeners"][name].as_str()?.parse().ok()
    }

    /// The process that a role announces, if it lives.
    pub(crate) fn role(&self, role: &str) -> Option<u32> {
        let text = std::fs::read(self.path(&format!("twinline-data/run/{role}.json"))).ok()?;
        let running: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let pid = u32::try_from(running["pid"].as_u64()?).ok()?;
        is_alive(pid).then_some(pid)
    }
}

/// A process that is killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// Without a watch, whose tests have their own.
pub(crate) const LISTEN: &str = "[edge]\nlisten = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n[host]\nlisten = \"127.0.0.1:0\"\n[watch]\nenabled = false\n";

/// Whether a process runs; one that has ended and was not waited for does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    !matches!(state, Some("Z" | "X") | None)
}

/// The processes that a process has started, and those that these have.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let parent_of = |child: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> = all.filter_map(|one| Some((one, parent_of(one)?))).collect();
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        found.extend(children.map(|(child, _)| *child));
        at += 1;
    }
    found.split_off(1)
}

/// Sends a signal to a process that this test knows.
pub(crate) fn signal(pid: u32, name: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, name).unwrap();
}

/// A running `twinline up`; killed when dropped, and its children end with it.
pub(crate) struct Up<'a> {
    pub(crate) child: Child,
    installation: &'a Installation,
}

impl Up<'_> {
    /// Waits until edge and host work; answers with their processes.
    pub(crate) fn works(&self) -> [u32; 2] {
        until("edge and host", || {
            let roles = [
                self.installation.role("edge")?,
                self.installation.role("host")?,
            ];
            let status = self.installation.run(&["status"]);
            status.status.success().then_some(roles)
        })
    }
}

impl Up<'_> {
    /// Asks it to end, and waits for that, not for ever. What it says is in its log.
    pub(crate) fn ends(&mut self) -> std::process::ExitStatus {
        signal(self.child.id(), rustix::process::Signal::TERM);
        until("the end of up", || self.child.try_wait().unwrap())
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// Simulators on loopback, with a runtime of their own.
pub(crate) struct Simulators {
    runtime: tokio::runtime::Runtime,
    pub(crate) github: SimServer,
    pub(crate) jira: SimServer,
    pub(crate) redmine: SimServer,
}

impl Simulators {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let serve = |simulator| serve(&runtime, simulator);
        Self {
            github: serve(Box::new(Github::new(GithubConfig::default()))),
            jira: serve(Box::new(JiraCloud::new(demo_site()))),
            redmine: serve(Box::new(Redmine::new(redmine::demo_site()))),
            runtime,
        }
    }

    /// One more.
    pub(crate) fn serve(&self, simulator: Box<dyn Simulator>) -> SimServer {
        serve(&self.runtime, simulator)
    }

    /// Ends one of those.
    pub(crate) fn stop(&self, server: SimServer) {
        self.runtime.block_on(server.shutdown());
    }

    pub(crate) fn end(self) {
        self.runtime.block_on(async {
            self.github.shutdown().await;
            self.jira.shutdown().await;
            self.redmine.shutdown().await;
        });
    }
}

fn serve(runtime: &tokio::runtime::Runtime, simulator: Box<dyn Simulator>) -> SimServer {
    let tracker = Faulty::new(simulator, Faults::default(), 1);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let started = runtime.block_on(SimServer::start(tracker, Arc::new(WallClock), at));
    started.unwrap()
}

/// Creates an issue in GitHub; its key.
pub(crate) fn create(simulators: &Simulators, title: &str) -> String {
    create_with(simulators, title, "It **fails**.")
}

/// Creates an issue in GitHub with this text; its key.
pub(crate) fn create_with(simulators: &Simulators, title: &str, body: &str) -> String {
    let create = Act::Create {
        container: None,
        by: "ana".into(),
        title: title.into(),
        body: body.into(),
        labels: vec!["bug".into()],
        assignees: Vec::new(),
    };
    let done = simulators
        .github
        .with(|tracker, now| tracker.command(now, create));
    match done.unwrap() {
        Done::Item(key) => key,
        other => panic!("the simulator answered {other:?}"),
    }
}

/// Waits until Jira shows an issue of that title; answers with its key.
pub(crate) fn in_jira(simulators: &Simulators, title: &str) -> String {
    until(&format!("'{title}' in Jira"), || {
        let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
        dump.items
            .into_iter()
            .find(|item| item.title == title)
            .map(|item| item.key)
    })
}

/// The text of a file, empty when it is not there.
pub(crate) fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
