//! What monitoring sees: the health page, asked each second through the front that everything goes through.

use super::story::{Probe, Shown};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How often it asks.
const PERIOD: Duration = Duration::from_secs(1);
/// When it takes the page for unanswered.
const DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct Prober {
    probes: Arc<Mutex<Vec<Probe>>>,
    asking: JoinHandle<()>,
}

impl Prober {
    pub(super) fn start(front: SocketAddr, path: &str) -> Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.context("making a client")?;
        let url = format!("http://{front}{path}");
        let probes: Arc<Mutex<Vec<Probe>>> = Arc::default();
        let kept = Arc::clone(&probes);
        let asking = tokio::spawn(async move {
            let mut pace = interval(PERIOD);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // Dropped with this task; bounded by the deadline of each.
            let mut under_way = JoinSet::new();
            loop {
                pace.tick().await;
                while under_way.try_join_next().is_some() {}
                let (client, url, kept) = (client.clone(), url.clone(), Arc::clone(&kept));
                under_way.spawn(async move {
                    let probe = ask(&client, &url).await;
                    kept.lock().expect("no code panics here").push(probe);
                });
            }
        });
        Ok(Self { probes, asking })
    }

    /// Stops asking; what was seen.
    pub(super) fn end(self) -> Vec<Probe> {
        self.asking.abort();
        std::mem::take(&mut *self.probes.lock().expect("no code panics here"))
    }
}

async fn ask(client: &reqwest::Client, url: &str) -> Probe {
    let at = Instant::now();
    let shown = match timeout(DEADLINE, client.get(url).send()).await {
        Ok(Ok(answer)) if answer.status().is_success() => Shown::Green,
        Ok(_) => Shown::Red,
        Err(_) => Shown::Nothing,
    };
    Probe { at, shown }
}
