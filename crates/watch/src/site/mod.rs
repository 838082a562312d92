//! The status page's public side: pages, the API that clients of Statuspage know, feeds, reports, links that
//! acknowledge.
//!
//! [`router`] serves what the driver has published last ([`Shown`]), and never waits for the driver to do so: the page
//! is up while everything else hangs, and says when it is old. What a visitor does goes to the driver through [`Desk`],
//! within bounds. [`export()`] writes the same pages to a folder, for hosting elsewhere.
//!
//! Does not decide what is true: that is `twinline_core::watch::page`. Does not listen, and terminates no TLS.

mod acknowledging;
mod answer;
mod api;
mod brief;
mod cache;
mod desk;
mod document;
mod export;
mod fault;
mod feed;
mod form;
mod identity;
mod limits;
mod links;
mod overall;
mod place;
mod reporting;
mod serve;
mod settings;
mod shown;
mod subscribing;
mod tenants;
mod view;
mod words;

pub use brief::{Brief, brief};
pub use desk::{
    Answered, Desk, Errand, Offered, REPORT_MAX_CHARS, Refused, Report, Standing, Subscriptions,
    TenantReport,
};
pub use export::{ExportFailed, Exported, export};
pub use form::Caller;
pub use serve::router;
pub use settings::{Allowance, Settings};
pub use shown::Shown;

#[cfg(test)]
mod tests;
