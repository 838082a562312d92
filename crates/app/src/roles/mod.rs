//! The roles: each its own process with its own files, so that one can hang without the others.

pub mod up;
