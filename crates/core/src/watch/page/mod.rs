//! What the public reads: components, incidents, maintenance, ninety days.
//!
//! An entry opens by itself some seconds after its incident was declared, unless a person vetoes it with a reason, and
//! only when something that the public uses is affected. A component's state comes from what *fails* in the published
//! entries, never from what is suspected, so what works is called operational. The machine ends at *monitoring*: a person
//! resolves.
//!
//! Does not send anything: each `Updated` is to be told to the subscribers by whoever carries out the effects.

mod component;
mod edit;
mod entry;
mod event;
mod history;
mod maintenance;
pub mod postmortem;
mod status;
mod tell;

pub use component::{AutoOpen, Component, ComponentState, Page};
pub use entry::{Author, Entry, Publication, Stage, Update};
pub use event::{Amendment, Effect, Event, Refusal, Shown};
pub use history::{DayOf, History};
pub use maintenance::{Maintenance, MaintenanceId, MaintenanceStage};
pub use status::StatusPage;

#[cfg(test)]
mod tests;
