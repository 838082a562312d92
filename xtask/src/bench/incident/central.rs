//! What Twinline says of its central database during the run.

use crate::bench::rounded;
use crate::bench::stack::Stack;
use anyhow::Result;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::story::Times;

/// How often it is asked.
const PERIOD: Duration = Duration::from_millis(250);
/// A replica no older than this is up to date while changes go on.
const UP_TO_DATE_MS: u64 = 1000;

/// One look.
pub(super) struct Look {
    at: Instant,
    commits: bool,
    up_to_date: bool,
}

/// Looks until it is dropped.
pub(super) async fn watch(stack: &Stack<'_>, looks: &Mutex<Vec<Look>>) -> Result<Infallible> {
    let mut pace = interval(PERIOD);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let at = Instant::now();
        let commits = stack.measured("twinline_central_commits_ok").await?;
        let lag = stack
            .measured("twinline_central_replica_lag_milliseconds")
            .await?;
        looks.lock().expect("no code panics here").push(Look {
            at,
            commits: commits == Some(1),
            up_to_date: lag.is_some_and(|lag| lag <= UP_TO_DATE_MS),
        });
    }
}

/// When it knew what, in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Central {
    /// From the fault until it said that commits fail.
    pub(super) noticed_s: Option<f64>,
    /// From the healing until its replica was up to date.
    pub(super) caught_up_s: Option<f64>,
    /// Processes of Twinline that are other ones than at the beginning.
    pub(super) replaced: usize,
}

impl Central {
    pub(super) fn of(looks: &[Look], times: &Times, replaced: usize) -> Self {
        let first = |from: Instant, wished: &dyn Fn(&Look) -> bool| {
            let mut since = looks.iter().filter(|look| look.at >= from);
            let found = since.find(|look| wished(look))?;
            Some(rounded((found.at - from).as_secs_f64()))
        };
        Self {
            noticed_s: first(times.hung, &|look| !look.commits),
            caught_up_s: first(times.healed, &|look| look.commits && look.up_to_date),
            replaced,
        }
    }
}
