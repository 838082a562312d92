//! What other monitoring says: its alerts become signals, so that they reach a person on the same ways and belong to the same
//! incidents.
//!
//! Pure: bytes in, signals out. Who may send them is the listener's matter, what becomes of them core's.

pub mod alertmanager;
pub mod signals;
