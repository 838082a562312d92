//! Hears what people acknowledge at other machines' watches.

use super::places::Place;
use super::web::Web;
use crate::driver::{Acknowledged, Handle};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often each is asked: a person who has answered is not called again meanwhile by the next step of a policy.
const PERIOD: Duration = Duration::from_secs(2);
/// One that does not answer is asked again; that it is silent its own probe tells.
const DEADLINE: Duration = Duration::from_secs(2);
/// Where a watch tells of it, on its private side.
const ACKNOWLEDGED: &str = "/v1/acknowledged";

/// Follows one machine's watch until it is dropped.
pub async fn follow_peer(web: Arc<Web>, machine: String, place: Arc<dyn Place>, driver: Handle) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Said once, until it answers or fails for another reason.
    let mut said = String::new();
    loop {
        ticks.tick().await;
        let asked = timeout(DEADLINE, ask(&web, &place)).await;
        let asked = asked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match asked {
            Ok(there) => {
                said.clear();
                if !there.is_empty() {
                    // What was not taken is said again with the next answer.
                    let _taken = driver.acknowledged_at(&machine, there).await;
                }
            }
            Err(why) if why == said => {}
            Err(why) => {
                tracing::warn!(
                    machine,
                    why,
                    "what is acknowledged at that machine's watch is not heard"
                );
                said = why;
            }
        }
    }
}

async fn ask(web: &Web, place: &Arc<dyn Place>) -> Result<Vec<Acknowledged>, String> {
    let answer = web.read(place.at()?, ACKNOWLEDGED).await?;
    serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
}
