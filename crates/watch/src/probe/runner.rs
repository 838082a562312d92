//! Runs probes: from start to start, each cut off at its deadline.

use super::{Look, Probe};
use crate::driver::Handle;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::{Failure, Outcome};

/// Runs all of them, each by a task of its own, until it is dropped.
pub async fn run(probes: Vec<Probe>, driver: Handle) {
    let mut tasks = JoinSet::new();
    tasks.spawn(super::prove::run(probes.clone(), driver.clone()));
    for probe in probes {
        tasks.spawn(repeat(probe, driver.clone()));
    }
    // None of them ends by itself: what panics in a look is that look's failure.
    while tasks.join_next().await.is_some() {}
}

/// Counts time from its own beginning: a clock that is put forward or back runs nothing twice and leaves nothing out.
async fn repeat(probe: Probe, driver: Handle) {
    let began = Instant::now();
    let passed = || {
        let passed = began.elapsed().as_millis();
        Timestamp::from_millis(i64::try_from(passed).unwrap_or(i64::MAX))
    };
    loop {
        let (run, start) = probe.schedule.next(Timestamp::EPOCH, passed());
        tokio::time::sleep_until(began + start.since(Timestamp::EPOCH)).await;
        let seen = look(&probe).await;
        driver.results(&probe.name, run, seen).await;
    }
}

/// One look, and a word about every subject, whatever becomes of it.
pub(super) async fn look(probe: &Probe) -> Vec<(Element, Outcome)> {
    let looks: Arc<dyn Look> = Arc::clone(&probe.look);
    let look = async move { looks.look().await };
    cut_off(probe, probe.schedule.deadline(), look).await
}

/// One look, or proof, that ends within this.
pub(super) async fn cut_off(
    probe: &Probe,
    within: Duration,
    look: impl Future<Output = Vec<(Element, Outcome)>> + Send + 'static,
) -> Vec<(Element, Outcome)> {
    // Of its own, so that a panic in it is its failure and not the runner's end.
    let mut task = JoinSet::new();
    task.spawn(look);
    let ended = timeout(within, task.join_next()).await;
    // What still runs ends here, wherever it waits.
    task.abort_all();
    let (mut said, missing) = match ended {
        Err(_) => (BTreeMap::new(), Failure::Deadline),
        Ok(Some(Ok(seen))) => {
            let detail = "nothing was said of it".to_owned();
            (seen.into_iter().collect(), Failure::Answer { detail })
        }
        Ok(_) => {
            let detail = "the probe itself failed".to_owned();
            (BTreeMap::new(), Failure::Answer { detail })
        }
    };
    let targets = probe.targets.iter();
    targets
        .map(|target| {
            let outcome = said.remove(&target.subject);
            let outcome = outcome.unwrap_or_else(|| Outcome::Failed(missing.clone()));
            (target.subject.clone(), outcome)
        })
        .collect()
}
