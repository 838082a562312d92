//! Two APIs that no vendor has, for the connector whose trackers are described (`json-http`): of different shape in all that a
//! description can say.
//!
//! | | [`Desk`] | [`Board`] |
//! |---|---|---|
//! | an item | nested: `fields`, objects for people and options | flat: logins, ids, numbers |
//! | instants | ISO 8601, whole seconds | milliseconds since 1970 |
//! | a list goes on | by offset, with a total | by an address with a cursor in it |
//! | a write | `PATCH` of some fields, `If-Match` with an ETag | `PUT` of the whole item, with the stamp that it must have |
//! | comments | below their item, public and for the team | a collection of their own, filtered by item, for everyone |
//! | a deleted item | 410 | 404, as one that is hidden |
//! | texts | Markdown | HTML |
//! | a trigger | filters, of which it ignores the unknown | a small language, of which it refuses the unknown |
//!
//! Neither has webhooks, an index that lags, or limits of its own.

mod board;
mod control;
mod desk;
mod dump;
mod fields;
mod store;

#[cfg(test)]
mod tests;

use crate::registry::Kind;

pub use board::{BOARD_KEY, Board};
pub use desk::{DESK_TOKEN, Desk};

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "json-http",
    demo: || Box::new(Desk::default()),
    auth: "",
    secret: ("token", DESK_TOKEN),
};
