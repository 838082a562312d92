//! Keeps what is deserialised from nesting too deeply.
//!
//! `serde_json` bounds the depth of a text that it reads, but not of a `Value` that it deserialises, and other formats have
//! bounds of their own or none.

use super::model::MAX_DEPTH;
use serde::de::{Deserialize, Deserializer, Error};
use std::cell::Cell;

/// In how many nodes blocks may stand: in all the containers of canonical form, and in an opaque node there.
const MAX_AROUND: usize = MAX_DEPTH + 1;

thread_local! {
    /// In how many nodes the value stands that this thread is deserialising.
    static AROUND: Cell<usize> = const { Cell::new(0) };
}

/// Deserialises the content of a node, for `#[serde(deserialize_with)]` on every field by which the tree nests.
///
/// # Errors
/// Those of the deserializer, and when the content stands in more nodes than canonical form allows.
pub(super) fn inside<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let Some(_level) = Level::enter() else {
        let message = format!("the blocks of the rich text nest more than {MAX_DEPTH} levels deep");
        return Err(D::Error::custom(message));
    };
    T::deserialize(deserializer)
}

/// Counts for as long as it lives.
struct Level;

impl Level {
    fn enter() -> Option<Self> {
        let around = AROUND.get();
        (around < MAX_AROUND).then(|| {
            AROUND.set(around + 1);
            Self
        })
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        AROUND.set(AROUND.get() - 1);
    }
}

#[cfg(test)]
#[path = "depth_tests.rs"]
mod tests;
