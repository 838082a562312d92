//! A real etcd on loopback for tests and drills: one member or several, made in a folder of its own, ended and removed when
//! dropped. Each is started with the configuration that people are given (deploy/etcd). The faults are real ones: members
//! killed, stopped and let go on by signals.

mod config;

use crate::debian;
use crate::ports::free_ports;
use crate::watchman::Watchman;
use config::Own;
use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum EtcdStartError {
    /// The program is missing.
    #[error("etcd is not installed (Debian: apt-get install etcd-server)")]
    NotInstalled,
    /// A folder, port or program could not be used.
    #[error("starting etcd")]
    System(#[from] io::Error),
    /// It did not serve in time.
    #[error("etcd did not serve within 20 s; its last words: {0}")]
    Mute(String),
}

/// A running cluster.
#[derive(Debug)]
pub struct Etcd {
    members: Vec<Member>,
    program: PathBuf,
    watchman: Option<Watchman>,
    folder: TempDir,
}

/// Ends the members and removes the folder when this process is killed before it can.
const ENDS: &str =
    "for file in \"$2\"/*.pid; do kill -KILL \"$(cat \"$file\")\"; done; rm -rf \"$2\"";

#[derive(Debug)]
struct Member {
    client: u16,
    peer: u16,
    child: Child,
}

impl Etcd {
    /// Whether this machine has the program.
    pub fn is_installed() -> bool {
        program().is_some()
    }

    /// Whether a test that needs it can run. Without it the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When `TWINLINE_TESTDATA_REQUIRED=1` says that the program was installed, and it is missing.
    pub fn can_run() -> bool {
        debian::met(Self::is_installed(), "etcd")
    }

    /// Starts a cluster; answers when each member serves.
    ///
    /// # Errors
    /// The program is missing, or it does not come up.
    pub fn start(members: usize) -> Result<Self, EtcdStartError> {
        let program = program().ok_or(EtcdStartError::NotInstalled)?;
        let folder = TempDir::with_prefix("twinline-etcd-")?;
        let ports = free_ports(members * 2)?;
        let peers = cluster((0..members).map(|n| ports[n * 2 + 1]));
        let mut started = Vec::new();
        for n in 0..members {
            let (client, peer) = (ports[n * 2], ports[n * 2 + 1]);
            let child = spawn(&program, folder.path(), n, (client, peer), &peers)?;
            started.push(Member {
                client,
                peer,
                child,
            });
        }
        let cluster = Self {
            members: started,
            program,
            watchman: Some(Watchman::of(folder.path(), ENDS)?),
            folder,
        };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where the members are asked.
    pub fn endpoints(&self) -> Vec<String> {
        let url = |member: &Member| format!("http://127.0.0.1:{}", member.client);
        self.members.iter().map(url).collect()
    }

    /// Sends a signal to a member: stops it, lets it go on, kills it.
    ///
    /// # Panics
    /// When there is no such member, or it has ended.
    pub fn signal(&self, member: usize, signal: Signal) {
        let pid = i32::try_from(self.members[member].child.id()).expect("a process id");
        let pid = Pid::from_raw(pid).expect("a process id is not zero");
        kill_process(pid, signal).expect("the member is there");
    }

    /// Kills all members, removes what they had, and starts them anew at the same addresses: an etcd that was lost.
    ///
    /// # Errors
    /// It does not come up.
    pub fn lose(&mut self) -> Result<(), EtcdStartError> {
        for member in &mut self.members {
            member.child.kill()?;
            member.child.wait()?;
        }
        let peers = self.peers();
        for n in 0..self.members.len() {
            std::fs::remove_dir_all(self.data(n))?;
            let one = &mut self.members[n];
            let ports = (one.client, one.peer);
            one.child = spawn(&self.program, self.folder.path(), n, ports, &peers)?;
        }
        self.wait()
    }

    /// Copies what the members have on disk, for [`Etcd::put_back`]; they stand still meanwhile.
    ///
    /// # Errors
    /// A folder cannot be copied, or one does not come up again.
    pub fn keep_copy(&mut self) -> Result<(), EtcdStartError> {
        for n in 0..self.members.len() {
            self.kill(n)?;
            copy(&self.data(n), &self.kept(n))?;
        }
        self.revive()
    }

    /// Ends the members and starts them with the copy of before: what a backup is worth.
    ///
    /// # Errors
    /// There is no copy, or they do not come up.
    pub fn put_back(&mut self) -> Result<(), EtcdStartError> {
        for n in 0..self.members.len() {
            self.kill(n)?;
            std::fs::remove_dir_all(self.data(n))?;
            copy(&self.kept(n), &self.data(n))?;
        }
        self.revive()
    }

    fn data(&self, member: usize) -> PathBuf {
        self.folder.path().join(format!("m{member}"))
    }

    fn kept(&self, member: usize) -> PathBuf {
        self.folder.path().join(format!("m{member}.kept"))
    }

    fn peers(&self) -> String {
        cluster(self.members.iter().map(|member| member.peer))
    }

    /// Kills a member and starts it again with what it had on disk.
    ///
    /// # Errors
    /// It does not come up.
    pub fn restart(&mut self, member: usize) -> Result<(), EtcdStartError> {
        self.kill(member)?;
        self.revive()
    }

    /// Kills a member, and waits for its end.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(&mut self, member: usize) -> Result<(), EtcdStartError> {
        let one = &mut self.members[member];
        one.child.kill()?;
        one.child.wait()?;
        Ok(())
    }

    /// Starts the members again that have ended, each with what it had on disk; answers when all serve.
    ///
    /// # Errors
    /// One does not come up.
    pub fn revive(&mut self) -> Result<(), EtcdStartError> {
        let peers = self.peers();
        for (n, one) in self.members.iter_mut().enumerate() {
            if one.child.try_wait()?.is_some() {
                let ports = (one.client, one.peer);
                one.child = spawn(&self.program, self.folder.path(), n, ports, &peers)?;
            }
        }
        self.wait()
    }

    fn wait(&self) -> Result<(), EtcdStartError> {
        let ports: Vec<u16> = self.members.iter().map(|member| member.client).collect();
        let serves = || ports.iter().all(|port| healthy(*port));
        // Tests' threads wait here; no clock is asked.
        for _ in 0..200 {
            if serves() {
                return Ok(());
            }
            std::thread::park_timeout(std::time::Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.path().join("m0.log")).unwrap_or_default();
        let start = log.len().saturating_sub(2000);
        Err(EtcdStartError::Mute(
            log.get(start..).unwrap_or_default().to_owned(),
        ))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        drop(self.watchman.take());
        for member in &mut self.members {
            // It may have been killed already.
            let _gone = member.child.kill();
            let _ended = member.child.wait();
        }
    }
}

fn program() -> Option<PathBuf> {
    let places = ["/usr/bin/etcd", "/usr/local/bin/etcd"];
    places.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let there = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &there)?;
        } else {
            std::fs::copy(entry.path(), there)?;
        }
    }
    Ok(())
}

/// The members by the ports on which they reach each other.
fn cluster(peers: impl Iterator<Item = u16>) -> String {
    let peers = peers.enumerate();
    let peers = peers.map(|(n, port)| format!("m{n}=http://127.0.0.1:{port}"));
    peers.collect::<Vec<_>>().join(",")
}

fn spawn(
    program: &Path,
    folder: &Path,
    n: usize,
    (client, peer): (u16, u16),
    peers: &str,
) -> io::Result<Child> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join(format!("m{n}.log")))?;
    let name = format!("m{n}");
    let environment = config::environment(&Own {
        name: &name,
        client,
        peer,
        cluster: peers,
        data: &folder.join(&name),
    });
    let child = Command::new(program)
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    std::fs::write(folder.join(format!("m{n}.pid")), child.id().to_string())?;
    Ok(child)
}

/// Whether a member answers that it has a leader.
fn healthy(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
        stream.write_all(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains("\"true\""))
}
