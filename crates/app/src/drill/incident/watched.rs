//! The watches of all machines and the pages that they send, as a drill waits for them.

use super::pages::Pages;
use super::watches::{DATABASE, Watch};
use anyhow::{Result, bail};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What is waited for comes within this: longer than the longest wait that is configured.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(90);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(200);

/// What a stage with watches has beside.
pub(in crate::drill) struct Watched {
    pub(in crate::drill) pages: Pages,
    pub(in crate::drill) watches: Vec<Watch>,
}

impl Watched {
    /// Waits until every probe of every watch has found what it looks at well.
    pub(in crate::drill) async fn proven(&self) -> Result<()> {
        let all = comes(async || {
            let mut all = true;
            for watch in &self.watches {
                all &= watch.is_proven().await;
            }
            all
        });
        if all.await.is_some() {
            return Ok(());
        }
        let mut troubles = Vec::new();
        for watch in &self.watches {
            troubles.extend(watch.troubles().await);
        }
        let (s, troubles) = (WAIT_MAX.as_secs(), troubles.join("; "));
        bail!(
            "the watches do not find everything well after {s} s: {troubles}. The drill cannot begin"
        )
    }

    /// Whether every probe finds everything well, no incident of the database is open any more, and no change is being
    /// proven.
    pub(in crate::drill) async fn is_calm(&self) -> bool {
        let mut all = true;
        for watch in &self.watches {
            let open = watch.incidents().await;
            let mut open = open.iter().filter(|it| it["standing"] == "open");
            all &= open.all(|it| it["element"] != DATABASE)
                && watch.is_proven().await
                && watch.proves_nothing().await;
        }
        all
    }

    /// Whether one of those machines' watches has called somebody for one of these elements since then.
    pub(in crate::drill) async fn calls_for(
        &self,
        elements: &[&str],
        (since, until): (Instant, Instant),
    ) -> bool {
        let called = || {
            let all = self.pages.all();
            let calls = |element: &&str| {
                all.iter()
                    .any(|page| page.at >= since && page.calls_for(element))
            };
            elements.iter().any(calls)
        };
        while !called() {
            if Instant::now() > until {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    }

    /// What did not hold of a change of the database that nobody planned: each watch notices it, hears of it by Patroni's
    /// callback, proves it, and no change is left open.
    pub(in crate::drill) async fn noticed(&self, told: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for watch in &self.watches {
            let is_so = async || watch.has_proven(told).await;
            if comes(is_so).await.is_none() {
                let (machine, s) = (&watch.machine, WAIT_MAX.as_secs());
                wrong.push(format!(
                    "the watch of {machine} has not noticed, heard of and proven the switchover within {s} s"
                ));
            }
        }
        wrong
    }
}

/// Waits until something is so; when it was.
pub(super) async fn comes(mut is_so: impl AsyncFnMut() -> bool) -> Option<Instant> {
    let deadline = Instant::now() + WAIT_MAX;
    while !is_so().await {
        if Instant::now() > deadline {
            return None;
        }
        sleep(LOOK).await;
    }
    Some(Instant::now())
}
