//! The configuration: one `twinline.toml`, parsed into validated types. `config/twinline.default.toml` documents every
//! key; a test holds the two against each other.
//!
//! This is the only place that reads the environment.

mod central;
mod description;
mod error;
mod fleet;
mod load;
mod model;
mod sealed;
mod secret;
pub mod watch;
mod workspace;

pub use central::{Central, CentralDeadlines, CentralPools};
pub use description::Descriptions;
pub use error::ConfigError;
pub use fleet::{Machine, Ownership};
pub use load::{load, parse};
pub use model::{
    Config, Edge, EdgeProxy, EdgeTls, Host, Instance, KeepDays, Log, LogFormat, Node, Scripts,
    Sweep, Traces, TrustedHeader, WebhookSettings,
};
pub use sealed::{SealKey, Sealed};
pub use secret::{AuthValue, SecretRef};
pub use watch::{Status, Watch};
pub use workspace::Workspace;

#[cfg(test)]
mod tests;
