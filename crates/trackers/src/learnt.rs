//! What a node's connectors hand on.

use std::any::Any;
use std::sync::{Arc, OnceLock};

/// What a node's connectors have learnt of its tracker and go on with when one takes the place of another, since the
/// credentials have changed: what a plan was made with must not be forgotten before the plan is settled. One for each node,
/// empty at first. A cheap handle.
#[derive(Clone, Debug, Default)]
pub struct Learnt(Arc<OnceLock<Arc<dyn Any + Send + Sync>>>);

impl Learnt {
    /// What is kept here. A node is of one tracker, whose connector keeps one thing.
    pub(crate) fn kept<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let kept = self.0.get_or_init(|| Arc::new(T::default()));
        Arc::clone(kept).downcast().unwrap_or_default()
    }
}
