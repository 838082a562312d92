//! The outside dead man's switch: an address that is asked as long as all is well with watch. When it is not asked any
//! more, somebody else calls: the machine is gone, watch hangs, or nobody can be told of what fails.

use crate::driver::Handle;
use bytes::Bytes;
use http::{Method, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use twinline_core::watch::element::{Element, Kind, Path};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_trackers::http::{Secret, Transport};

/// One ping takes no longer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// So many that fail in a row are told of.
const FAILURES_TOLD: u32 = 3;
/// Who says that pings fail.
const SOURCE: &str = "outside_ping";

/// What is asked, and how often.
pub struct OutsidePing {
    /// The address: who has it can keep the switch quiet.
    pub url: Secret,
    /// From one ping to the next.
    pub period: Duration,
    /// By what it is reached.
    pub transport: Arc<dyn Transport>,
    /// This machine's name.
    pub machine: String,
}

/// How the turns before ended.
#[derive(Default)]
struct Found {
    /// Pings that failed in a row.
    failures: u32,
    /// Whether nothing was asked, so that the outside calls.
    silent: bool,
}

impl OutsidePing {
    /// Asks until it is dropped.
    pub async fn run(self, driver: Handle) {
        let mut ticks = interval(self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut found = Found::default();
        loop {
            ticks.tick().await;
            self.turn(&driver, &mut found).await;
        }
    }

    /// Asks once, where all is well with watch.
    async fn turn(&self, driver: &Handle, found: &mut Found) {
        let figures = driver.vitals().figures();
        let is_well = figures.is_well();
        if std::mem::replace(&mut found.silent, !is_well) == is_well {
            if is_well {
                tracing::info!("the outside is pinged again");
            } else {
                tracing::error!(
                    unheard = figures.unheard,
                    "the outside is not pinged any more, so that it calls somebody"
                );
            }
        }
        if !is_well {
            return;
        }
        let outcome = self.ping().await;
        let failures = found.failures.saturating_add(1);
        found.failures = outcome.as_ref().map_or(failures, |()| 0);
        if let Err(error) = &outcome {
            tracing::warn!(error, failures, "the outside could not be pinged");
        }
        if found.failures == 0 || found.failures >= FAILURES_TOLD {
            // What is not taken is said with the next ping again.
            driver.signal(signal(&self.machine, outcome.err())).await;
        }
    }

    async fn ping(&self) -> Result<(), String> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(self.url.expose())
            .body(Bytes::new())
            .map_err(|_| "watch.outside_ping.url is no address".to_owned())?;
        let answer = timeout(ANSWER_MAX, self.transport.send(request)).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", ANSWER_MAX.as_secs()))?;
        let answer = answer.map_err(|error| error.reason.replace(self.url.expose(), "…"))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("it answers {}", answer.status()))
    }
}

/// That nothing outside is pinged any more is no failure of the pings.
pub fn none(machine: &str) -> Signal {
    signal(machine, None)
}

fn signal(machine: &str, trouble: Option<String>) -> Signal {
    let state = match trouble {
        None => State::Passing,
        Some(trouble) => State::Failing {
            severity: Severity::Warning,
            implicates: Path::from([
                Element::new(Kind::Egress, machine),
                Element::new(Kind::Dns, machine),
            ]),
            summary: format!("the outside dead man's switch cannot be pinged: {trouble}"),
        },
    };
    Signal {
        source: SOURCE.to_owned(),
        subject: Element::new(Kind::Carrier, SOURCE),
        state,
    }
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
