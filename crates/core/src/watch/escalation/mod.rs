//! Who is told, by which way, and when next.
//!
//! `schedule` says who is on call at an instant, and where nobody is; `roster` is the configuration (people, rotations,
//! policies, limits); `paging` is the machine that calls people until one acknowledges. What it must keep: a critical
//! incident that nobody has acknowledged always has a next page, whoever is on call and whatever fails.
//!
//! Does not send anything, and does not know what a channel is: it names one and an address.

mod handover;
mod paging;
mod roster;
mod schedule;
mod zone;

pub use handover::{Every, Handover, Hours, Layer, Turn};
pub use paging::{AttemptId, Brief, Call, Effect, Event, Paging, Purpose, Why};
pub use roster::{
    Contact, Limits, Person, PersonName, Policy, Roster, RosterFault, Step, Target, WeeklyHour,
};
pub use schedule::{Deliberate, Marked, OnCall, Override, Schedule, Shift};
pub use zone::{Day, LocalTime, NotASchedule, Weekday, Zone};

#[cfg(test)]
mod tests;
