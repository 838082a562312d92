//! The HTTP layer below every connector: one way to send, to limit, to classify and to log.
//!
//! A connector makes a [`Call`], a [`Client`] sends it through a [`Transport`] and gives a [`Reply`] or a
//! [`crate::TrackerError`]. Nothing here retries or sleeps: the engine decides when to come back.

mod auth;
mod budget;
mod call;
mod classify;
mod client;
mod dialect;
mod guard;
mod names;
mod rate_headers;
mod reply;
mod reqwest_transport;
mod stream;
mod transport;
mod way;

pub use auth::{Auth, Secret};
pub use budget::{BudgetRules, Cost, Permit, Window};
pub use call::Call;
pub use client::Download;
pub use client::{Client, ClientSettings};
pub use dialect::{Dialect, LimitScope, Refusal};
pub use guard::AddressGuard;
pub use names::{Names, SystemNames};
pub use rate_headers::{RateSignal, parse_http_date};
pub use reply::Reply;
pub use reqwest_transport::{NoTransport, ReqwestTransport, TransportLimits, Trust};
pub use stream::{ByteStream, Outgoing, collect, one};
pub use transport::{Sent, Transport, TransportError, TransportFault};
pub use way::Way;

/// The greatest answer that is read, after decompression: 32 MiB.
pub const RESPONSE_MAX_BYTES: usize = 32 * 1024 * 1024;
