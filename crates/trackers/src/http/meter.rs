//! Counts the requests of one piece of work, whichever connectors make them.
//!
//! Like a span of a trace it goes with the work and not through every signature; like one it decides nothing: it is what
//! an honest finish time is reckoned from.

use super::budget::Cost;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task_local;
use twinline_core::names::NodeName;
use twinline_core::progress::Requests;

task_local! {
    static METER: Meter;
}

/// The requests that some work has made, by node.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<NodeName, Requests>>>);

impl Meter {
    /// Does the work, and counts its requests up to its end. What it leaves to other tasks is not counted.
    pub async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        METER.scope(self.clone(), work).await
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> BTreeMap<NodeName, Requests> {
        std::mem::take(&mut *self.lock())
    }

    fn add(&self, node: &NodeName, requests: Requests) {
        let mut nodes = self.lock();
        match nodes.get_mut(node) {
            Some(known) => *known += requests,
            None => drop(nodes.insert(node.clone(), requests)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, Requests>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests to a node are about to be made.
pub(super) fn count(node: &NodeName, costs: &[Cost]) {
    let counted = METER.try_with(|meter| {
        let of = |kind| costs.iter().filter(|cost| **cost == kind).count() as u64;
        let requests = Requests {
            reads: of(Cost::Read),
            writes: of(Cost::Write),
            creates: of(Cost::Create),
        };
        meter.add(node, requests);
    });
    // Nobody counts the requests of work that has no meter.
    counted.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(reads: u64, creates: u64) -> Requests {
        Requests {
            reads,
            writes: 0,
            creates,
        }
    }

    #[tokio::test]
    async fn requests_are_counted_by_node_and_only_those_of_the_work() {
        let meter = Meter::default();
        let (a, b) = (NodeName::new("a"), NodeName::new("b"));
        count(&a, &[Cost::Read]);
        let ended = meter.of(async {
            count(&a, &[Cost::Read]);
            tokio::task::yield_now().await;
            count(&a, &[Cost::Read, Cost::Create]);
            count(&b, &[Cost::Create]);
            7
        });
        assert_eq!(ended.await, 7);
        count(&b, &[Cost::Read]);
        let expected = BTreeMap::from([(a, made(2, 1)), (b, made(0, 1))]);
        assert_eq!(meter.take(), expected);
        assert_eq!(meter.take(), BTreeMap::new());
    }

    #[tokio::test]
    async fn work_within_work_is_counted_by_the_inner_meter() {
        let (outer, inner, a) = (Meter::default(), Meter::default(), NodeName::new("a"));
        let work = async {
            inner.of(async { count(&a, &[Cost::Read]) }).await;
            count(&a, &[Cost::Create]);
        };
        outer.of(work).await;
        assert_eq!(inner.take(), BTreeMap::from([(a.clone(), made(1, 0))]));
        assert_eq!(outer.take(), BTreeMap::from([(a, made(0, 1))]));
    }
}
