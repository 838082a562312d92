//! Probes: when one runs, what its results mean, and which elements stand between it and a person.

mod paths;
mod schedule;
mod settings;
mod verdict;

pub use paths::{Finding, ProbePath, RoutePath, Routes, verify_paths};
pub use schedule::{Schedule, WrongSchedule};
pub use settings::{Damping, Intermittence, Settings, WrongSettings};
pub use verdict::{Failure, Outcome, Standing, Turn, Verdict};
