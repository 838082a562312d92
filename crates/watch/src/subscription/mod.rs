//! Subscriptions to the status page, by mail.
//!
//! Somebody asks for one, and gets a letter with a link; only who has that letter can confirm. Until then nothing is
//! kept: the link holds the address. Every later letter has a link that ends them.
//!
//! A task of its own, with a file of its own ([`Herald`]): it looks at what the page shows, as visitors do, and neither a
//! mail server that hangs nor a thousand subscribers delay a page to a person on call. Who is told what and when is
//! decided by `twinline_core::watch::subscription`.

mod herald;
mod keep;
mod letters;
mod links;

pub use herald::{Herald, Post, Registry};
pub use links::Links;

#[cfg(test)]
mod tests;
