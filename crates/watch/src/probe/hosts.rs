//! What any host can be asked: its status, which in a fleet is of all groups that answer.

use super::places::Place;
use super::web::{NoWord, Web};
use serde_json::Value as Json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Hosts of which one is asked. When it refuses, or says nothing for half of the time, another one is asked too, and the
/// first word is taken: that one of them is dead hides no node. Who answered last is asked first. Cheap to clone.
#[derive(Clone)]
pub struct Hosts {
    web: Arc<Web>,
    places: Arc<[Arc<dyn Place>]>,
    within: Duration,
    first: Arc<AtomicUsize>,
}

impl Hosts {
    /// The hosts' APIs, asked by `web`, the first of them first; all together may take `within`.
    pub fn new(web: Arc<Web>, places: Vec<Arc<dyn Place>>, within: Duration) -> Self {
        Self {
            web,
            places: places.into(),
            within,
            first: Arc::default(),
        }
    }

    /// The status that the first of two says that answers.
    pub(super) async fn status(&self) -> Result<Json, NoWord> {
        let ends = Instant::now() + self.within;
        let count = self.places.len();
        let one = self.first.load(Ordering::Relaxed);
        if count < 2 {
            return self.ask(0, ends).await;
        }
        let other = (one + 1) % count;
        let mut first = std::pin::pin!(self.ask(one, ends));
        let began = timeout(self.within / 2, &mut first).await;
        let answer = match began {
            Ok(Ok(status)) => return Ok(status),
            Ok(Err(why)) => self
                .ask(other, ends)
                .await
                .map(|it| (other, it))
                .map_err(|_| why),
            Err(_) => {
                let second = std::pin::pin!(self.ask(other, ends));
                first_word((one, first), (other, second)).await
            }
        };
        // When neither answers the next look begins with another one.
        let next = answer.as_ref().map_or((one + 2) % count, |(at, _)| *at);
        self.first.store(next, Ordering::Relaxed);
        answer.map(|(_, status)| status)
    }

    async fn ask(&self, host: usize, ends: Instant) -> Result<Json, NoWord> {
        let place = self.places.get(host);
        let place = place.ok_or_else(|| NoWord::Silent("there is no host".to_owned()))?;
        let at = place.at().map_err(NoWord::Silent)?;
        let left = ends.saturating_duration_since(Instant::now());
        self.web.told_within(at, "/v1/status", left).await
    }
}

/// The first good answer of two that are asked; the first one's reason when there is none.
async fn first_word<A, B>(
    (one, mut first): (usize, A),
    (other, mut second): (usize, B),
) -> Result<(usize, Json), NoWord>
where
    A: Future<Output = Result<Json, NoWord>> + Unpin,
    B: Future<Output = Result<Json, NoWord>> + Unpin,
{
    tokio::select! {
        answer = &mut first => match answer {
            Ok(status) => Ok((one, status)),
            Err(why) => second.await.map(|it| (other, it)).map_err(|_| why),
        },
        answer = &mut second => match answer {
            Ok(status) => Ok((other, status)),
            Err(_) => first.await.map(|it| (one, it)),
        },
    }
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
