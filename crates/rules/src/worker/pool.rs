//! The parent's side: a bounded number of workers, started when needed, killed when late.

use super::frame::Tag;
use super::process::{Broken, CALLS_MAX, Process, nonsense};
use crate::script::{Call, Failure, Limits, Program, Reply, ScriptRunner, read_reply};
use std::ffi::OsString;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a call waits for a free worker.
const FREE_MAX: Duration = Duration::from_secs(60);

/// Loading a program evaluates the script's top level, in at least this much processor time.
const LOAD_MIN: Duration = Duration::from_secs(2);

/// Runs scripts in worker processes. A cheap handle: clones share the workers.
#[derive(Clone, Debug)]
pub struct WorkerPool {
    inner: Arc<Inner>,
}

struct Inner {
    command: Vec<OsString>,
    limits: Limits,
    /// The workers that nobody uses; `None` for one that is to be started. Its length never exceeds the pool's size.
    free: Mutex<Vec<Option<Process>>>,
    freed: Condvar,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool")
            .field("command", &self.command)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl WorkerPool {
    /// A pool of at most `workers` processes (at least one) of this command, whose `main` is [`super::main`]:
    /// `["/usr/bin/twinline", "script-worker"]`. Nothing is started before the first call.
    pub fn new(command: Vec<OsString>, workers: usize, limits: Limits) -> Self {
        let free = (0..workers.max(1)).map(|_| None).collect();
        Self {
            inner: Arc::new(Inner {
                command,
                limits,
                free: Mutex::new(free),
                freed: Condvar::new(),
            }),
        }
    }

    fn take(&self) -> Option<Option<Process>> {
        let free = self
            .inner
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .inner
            .freed
            .wait_timeout_while(free, FREE_MAX, |free| free.is_empty());
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        free.pop()
    }

    fn give_back(&self, worker: Option<Process>) {
        let worker = worker.filter(|process| process.calls < CALLS_MAX);
        let mut free = self
            .inner
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        free.push(worker);
        self.inner.freed.notify_one();
    }

    /// One round trip; a second one first where the program is not loaded yet.
    fn call(
        &self,
        slot: &mut Option<Process>,
        program: &Program,
        call: &[u8],
    ) -> Result<Result<Reply, Failure>, Broken> {
        let limits = &self.inner.limits;
        if slot.is_none() {
            *slot = Some(Process::start(&self.inner.command, limits)?);
        }
        let process = slot.as_mut().expect("it was started just now");
        process.calls += 1;
        let time = Duration::from_millis(u64::from(limits.time_ms));
        let id = program.id();
        for _ in 0..2 {
            if !process.loaded.contains(id) {
                let text = serde_json::to_vec(program).expect("a program is JSON");
                match process.exchange(Tag::Program, &[&text], time.max(LOAD_MIN))? {
                    (Tag::Ready, _) => process.loaded.insert(id.to_owned()),
                    (Tag::Failure, body) => return Ok(Err(read_failure(&body)?)),
                    (tag, _) => return Err(nonsense(tag)),
                };
            }
            match process.exchange(Tag::Call, &[id.as_bytes(), call], time)? {
                (Tag::Reply, body) => {
                    let text = String::from_utf8(body).map_err(std::io::Error::other)?;
                    return Ok(read_reply(&text));
                }
                (Tag::Failure, body) => return Ok(Err(read_failure(&body)?)),
                (Tag::Unknown, _) => process.loaded.remove(id),
                (tag, _) => return Err(nonsense(tag)),
            };
        }
        Err(nonsense(Tag::Unknown))
    }
}

fn read_failure(body: &[u8]) -> Result<Failure, Broken> {
    serde_json::from_slice(body).map_err(|error| Broken::Dead(std::io::Error::other(error)))
}

impl ScriptRunner for WorkerPool {
    fn run(&self, program: &Program, call: &Call) -> Result<Reply, Failure> {
        let failed = |reason: String| Failure {
            file: program.file().to_owned(),
            line: None,
            column: None,
            reason,
            rejected: false,
        };
        let bytes = serde_json::to_vec(call).expect("a call is JSON");
        let Some(mut slot) = self.take() else {
            return Err(failed(format!(
                "no script worker was free within {} s",
                FREE_MAX.as_secs()
            )));
        };
        let mut outcome = self.call(&mut slot, program, &bytes);
        if let Err(Broken::Dead(error)) = &outcome {
            // A script is pure, so a worker that died of something else is no reason to fail; one that dies of this
            // script dies again.
            tracing::warn!(%error, file = program.file(), "a script worker died; the call is tried again");
            slot = None;
            outcome = self.call(&mut slot, program, &bytes);
        }
        let answer = match outcome {
            Ok(answer) => answer,
            Err(broken) => {
                slot = None;
                Err(failed(match broken {
                    Broken::Late => format!(
                        "the script took longer than {} ms and was killed",
                        self.inner.limits.time_ms
                    ),
                    Broken::Dead(error) => format!("the script ended its worker process ({error})"),
                }))
            }
        };
        self.give_back(slot);
        answer
    }
}
