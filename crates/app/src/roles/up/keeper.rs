//! Keeps one role running until shutdown.

use super::super::line::Word;
use super::super::pulse::{HUNG_AFTER, hangs};
use super::Plan;
use super::child::{DRAIN, Role, millis, shown};
use crate::exit::{CONFIGURATION, Coded};
use anyhow::Result;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// A child that ends is started again after this at first.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// The pause doubles up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A child that ran this long starts again at the shortest pause: it had work in hand, and its clients wait for another one.
const SOUND_AFTER: Duration = Duration::from_secs(10);
/// A child that ran this long and ended well was asked to: another takes its place at once.
const ASKED_AFTER: Duration = Duration::from_secs(2);
/// So much of the time that a role has for its end it waits for those that end before it.
const TURN_MAX: Duration = Duration::from_secs(4);
/// A successor that is not ready by then is given up; the one at work goes on.
const READY_MAX: Duration = Duration::from_secs(60);

/// Keeps one role running.
pub(super) struct Keeper {
    pub(super) plan: Plan,
    pub(super) role: &'static str,
    pub(super) shutdown: CancellationToken,
    /// Cancelled when those have ended that end before this role.
    pub(super) turn: CancellationToken,
}

/// How a child went.
enum Ran {
    /// There was none.
    NotStarted(anyhow::Error),
    /// It ended.
    Ended(Result<ExitStatus>),
    /// It hung, and was killed.
    Hung(Result<ExitStatus>),
    /// Another has taken its place.
    Succeeded(Box<Role>),
    /// Shutdown began, and it was ended.
    Shutdown(Result<()>),
}

/// What came of letting another child take over.
enum Handover {
    /// It has.
    Done(Box<Role>),
    /// It has not: the one at work goes on.
    None,
    /// Shutdown began meanwhile, and the one at work was ended.
    Shutdown(Result<()>),
}

impl Keeper {
    /// Keeps the role running until shutdown. Only a role's first start ends all when it fails: starting it again is no use
    /// then. Later the other roles work, and a person may be in the middle of an edit, or the system short of something.
    pub(super) async fn keep(self) -> Result<()> {
        let role = self.role;
        let mut pause = BACKOFF_MIN;
        let mut first = true;
        let mut successor = None;
        let mut hung = false;
        while successor.is_some() || !self.shutdown.is_cancelled() {
            let started = Instant::now();
            let status = match self.run_once(successor.take(), hung).await {
                Ran::Shutdown(ended) => return ended,
                Ran::Succeeded(next) => {
                    (first, hung, successor) = (false, false, Some(*next));
                    continue;
                }
                Ran::NotStarted(error) if first => return Err(error),
                Ran::NotStarted(error) => Err(error),
                Ran::Ended(status) => {
                    hung = false;
                    status
                }
                Ran::Hung(status) => {
                    hung = true;
                    status
                }
            };
            let code = status.as_ref().ok().and_then(ExitStatus::code);
            if first && code == Some(CONFIGURATION) {
                let sentence = format!("{role} refused its configuration: see above");
                return Err(Coded::new(CONFIGURATION, sentence).into());
            }
            first = false;
            let ran = started.elapsed();
            if ran >= SOUND_AFTER {
                pause = BACKOFF_MIN;
            }
            if code == Some(0) && ran >= ASKED_AFTER && !self.shutdown.is_cancelled() {
                tracing::info!(role, "ended as it was asked to; starting it again");
                continue;
            }
            let how = status.map_or_else(|error| format!("{error:#}"), shown);
            tracing::error!(
                role,
                how,
                pause_ms = millis(pause),
                "ended; starting it again"
            );
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(BACKOFF_MAX);
        }
        Ok(())
    }

    /// Waits for the end of the child that is there, or of one that it starts. `after_hung`: the one before it hung.
    async fn run_once(&self, there: Option<Role>, after_hung: bool) -> Ran {
        let role = self.role;
        let started = there.map_or_else(|| Role::start(&self.plan, role, after_hung), Ok);
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Ran::NotStarted(error),
        };
        loop {
            let pid = child.pid();
            let ended = tokio::select! {
                biased;
                ended = child.ends_or_says(Word::Successor) => ended,
                () = self.shutdown.cancelled() => return Ran::Shutdown(self.end(&mut child).await),
                () = hangs(&self.plan.folder, role, pid) => {
                    let silent_s = HUNG_AFTER.as_secs();
                    tracing::error!(role, pid, silent_s, "answers nothing any more; killing it");
                    return Ran::Hung(child.kill().await);
                }
            };
            if let Some(status) = ended {
                return Ran::Ended(status);
            }
            match self.succeeded(&mut child).await {
                Handover::Done(next) => return Ran::Succeeded(next),
                Handover::Shutdown(ended) => return Ran::Shutdown(ended),
                Handover::None => {}
            }
        }
    }

    /// Starts another child beside the one at work, and ends that when the other is ready.
    async fn succeeded(&self, at_work: &mut Role) -> Handover {
        let role = self.role;
        let started = Role::start(&self.plan, role, false).map_err(|error| format!("{error:#}"));
        let ready = match started {
            Ok(mut next) => {
                let ready = self.ready(at_work, &mut next).await;
                ready.map(|is_ready| is_ready.then_some(next))
            }
            Err(why) => Err(why),
        };
        let next = match ready {
            Ok(Some(next)) => next,
            Ok(None) => return Handover::None,
            Err(why) => {
                tracing::error!(
                    role,
                    why,
                    "the successor cannot take over; the one at work goes on"
                );
                return Handover::None;
            }
        };
        let mut ends = pin!(at_work.end(Instant::now() + DRAIN));
        tokio::select! {
            biased;
            ended = &mut ends => {
                if let Err(error) = ended {
                    tracing::error!(role, error = %format!("{error:#}"), "had to make room");
                }
                Handover::Done(Box::new(next))
            }
            () = self.shutdown.cancelled() => {
                // It has begun nothing yet, or for a moment only: then the next start finds an edge that was killed, and sweeps.
                drop(next);
                Handover::Shutdown(ends.await)
            }
        }
    }

    /// Waits until the next one waits for nothing but the end of the one at work, or that one makes room by itself; false:
    /// shutdown has begun. The error says why the next one will not be ready.
    async fn ready(&self, at_work: &mut Role, next: &mut Role) -> Result<bool, String> {
        let pid = at_work.pid();
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Ok(false),
            _ended = at_work.ended() => Ok(true),
            ended = next.ends_or_says(Word::Ready) => match ended {
                None => Ok(true),
                Some(Ok(status)) => Err(shown(status)),
                Some(Err(error)) => Err(format!("{error:#}")),
            },
            () = hangs(&self.plan.folder, self.role, pid) => Ok(true),
            () = sleep(READY_MAX) => Err(format!("it was not ready within {} s", READY_MAX.as_secs())),
        }
    }

    /// Ends a child when its turn has come.
    async fn end(&self, child: &mut Role) -> Result<()> {
        let deadline = Instant::now() + DRAIN;
        // Whether its turn has come by itself or by the time does not matter.
        drop(timeout(TURN_MAX, self.turn.cancelled()).await);
        child.end(deadline).await
    }
}
