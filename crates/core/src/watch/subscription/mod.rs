//! Who is told what the page says: subscribers by mail and by webhook, each with a place in the row of news.
//!
//! Level-triggered: what the page shows is compared with what was news already, so an update that nobody announced is
//! news with the next look. Each subscriber is sent all that is news since it was last sent something, in one letter, so
//! that a mail server that was away is not flooded when it comes back.
//!
//! Does not send anything, and does not know how somebody came to be a subscriber: an address is confirmed before it
//! comes here, and until then nothing of it is kept.

mod address;
mod machine;
mod news;

pub use address::{Address, NotAnAddress, Way};
pub use machine::{AttemptId, Effect, Event, Settings, Subscriber, Subscribers};
pub use news::{About, News};

#[cfg(test)]
mod tests;
