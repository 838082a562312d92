//! Subscriptions to the status page, by mail and by webhook.
//!
//! Somebody asks for one, and gets a letter with a link, or a webhook a challenge; only who has that can confirm. Until
//! then nothing is kept: the link holds the address. Everything that comes later has a link that ends it.
//!
//! A task of its own, with a file of its own ([`Herald`]): it looks at what the page shows, as visitors do, and neither a
//! mail server that hangs nor a thousand subscribers delay a page to a person on call. Who is told what and when is
//! decided by `twinline_core::watch::subscription`.

mod herald;
mod hooks;
mod keep;
mod letters;
mod links;
mod ways;

pub use herald::{Herald, Reach, Registry};
pub use hooks::{Hooks, NoHooks};
pub use links::Links;
pub use ways::Post;

#[cfg(test)]
mod tests;
