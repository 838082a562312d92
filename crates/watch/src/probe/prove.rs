//! Proofs of changes: each probe that is asked looks once, from its beginning, beside its usual looks.

use super::runner::cut_off;
use super::{Look, Probe};
use crate::driver::Handle;
use crate::driver::changes::Wanted;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use twinline_core::watch::change::{ChangeId, Check};
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::{Failure, Outcome};

/// Runs the proofs that are wanted, each once for its round, until it is dropped.
pub(super) async fn run(probes: Vec<Probe>, driver: Handle) {
    let mut wanted = driver.wanted();
    let mut begun: BTreeSet<(ChangeId, u32)> = BTreeSet::new();
    // Those of rounds that are over end at their deadline; what they say is not heard.
    let mut tasks = JoinSet::new();
    loop {
        let open = Arc::clone(&wanted.borrow_and_update());
        begun.retain(|known| open.iter().any(|it| (it.change, it.round) == *known));
        for one in open.iter() {
            if begun.insert((one.change, one.round)) {
                begin(one, &probes, &driver, &mut tasks);
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() {
                // The driver has ended, and this ends with the probes.
                return;
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

fn begin(wanted: &Wanted, probes: &[Probe], driver: &Handle, tasks: &mut JoinSet<()>) {
    for probe in probes {
        let subjects = probe.targets.iter().map(|it| &it.subject);
        let checks = subjects.map(|subject| Check {
            probe: probe.name.to_string(),
            subject: subject.clone(),
        });
        if checks
            .into_iter()
            .any(|check| wanted.checks.contains(&check))
        {
            let (wanted, probe, driver) = (wanted.clone(), probe.clone(), driver.clone());
            tasks.spawn(async move { prove(&wanted, &probe, &driver).await });
        }
    }
}

async fn prove(wanted: &Wanted, probe: &Probe, driver: &Handle) {
    let looks: Arc<dyn Look> = Arc::clone(&probe.look);
    let look = async move { looks.prove().await };
    let seen = cut_off(probe, wanted.within, look).await;
    for (subject, outcome) in seen {
        let (check, failure) = ended(&probe.name, subject, outcome, wanted.within);
        if wanted.checks.contains(&check) {
            let of = (wanted.change, wanted.round);
            driver.proved(of, check, failure).await;
        }
    }
}

fn ended(
    probe: &str,
    subject: Element,
    outcome: Outcome,
    within: Duration,
) -> (Check, Option<String>) {
    let failure = match outcome {
        Outcome::Passed => None,
        Outcome::Failed(Failure::Answer { detail }) => Some(detail),
        // Nothing is proven by what could not be seen.
        Outcome::Unseen => Some("it could not be seen".to_owned()),
        Outcome::Failed(Failure::Deadline | Failure::Silent) => {
            Some(format!("no answer within {} s", within.as_secs()))
        }
    };
    let probe = probe.to_owned();
    (Check { probe, subject }, failure)
}
