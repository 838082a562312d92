//! A connection while it is used. Dropped in the middle of anything, its socket is destroyed and never pooled again.

use super::pools::Maker;
use super::session::Session;
use super::state::State;
use deadpool::managed::Object;
use std::sync::Arc;

/// See the module.
pub(super) struct Lease {
    object: Option<Object<Maker>>,
    state: Arc<State>,
    /// Whether the connection is between transactions with nothing under way.
    pub(super) is_idle: bool,
}

impl Lease {
    pub(super) const fn new(object: Object<Maker>, state: Arc<State>) -> Self {
        Self {
            object: Some(object),
            state,
            is_idle: true,
        }
    }

    pub(super) fn session(&self) -> &Session {
        self.object
            .as_ref()
            .expect("it is taken by drop and detach alone")
    }

    /// Takes the connection out of its pool, which makes room there for another.
    pub(super) fn detach(mut self) -> Session {
        Object::take(
            self.object
                .take()
                .expect("it is taken by drop and detach alone"),
        )
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        if self.is_idle && object.is_usable(self.state.generation()) {
            // Back to the pool, without a word to the server.
            drop(object);
        } else {
            Object::take(object).destroy();
        }
    }
}
