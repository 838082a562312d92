//! What became of the watch before this one: one that hung saw nothing and called nobody, until the supervisor replaced it.

use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use twinline_core::watch::element::{Element, Kind, Path};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_watch::driver::Handle;

/// Who says it.
const SOURCE: &str = "watch/before";
/// A supervisor says it with its first beat.
const SAID_MAX: Duration = Duration::from_secs(5);
/// It is told of as failing for so long.
const TOLD: Duration = Duration::from_secs(60);
/// What the driver did not take is said again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// Tells of it, and of its end; then it rests.
pub(super) async fn tell(driver: Handle, machine: String, hung: CancellationToken) {
    tokio::select! {
        biased;
        () = hung.cancelled() => {
            say(&driver, signal(&machine, true)).await;
            sleep(TOLD).await;
        }
        () = sleep(SAID_MAX) => {}
    }
    // Also what a watch that was ended in the middle of it has left in the state.
    say(&driver, signal(&machine, false)).await;
    std::future::pending().await
}

async fn say(driver: &Handle, signal: Signal) {
    while !driver.signal(signal.clone()).await {
        sleep(AGAIN).await;
    }
}

fn signal(machine: &str, hung: bool) -> Signal {
    let state = if hung {
        State::Failing {
            severity: Severity::Critical,
            implicates: Path::from([Element::new(Kind::Machine, machine)]),
            summary: "the watch before this one hung and was replaced: meanwhile nobody here saw or called".to_owned(),
        }
    } else {
        State::Passing
    };
    Signal {
        source: SOURCE.to_owned(),
        subject: Element::new(Kind::Watch, machine),
        state,
    }
}
