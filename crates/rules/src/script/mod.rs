//! Scripts: the program that a side's script makes, the calls on it, and who runs them.

mod engine;
mod in_process;
mod repeat;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use engine::{Engine, Fault};
pub use in_process::InProcess;
pub(crate) use in_process::read_reply;
pub use wire::{
    Call, CallKind, Failure, FieldSpec, Limits, Program, Reply, ScriptLine, TableSpec, ViaCall,
};

/// Runs scripts. Synchronous: a call returns within [`Limits::time_ms`], with an answer or a failure that names what
/// went over which limit.
pub trait ScriptRunner: Send + Sync + std::fmt::Debug {
    /// Runs one call on a program; the program is loaded when the runner does not hold it yet.
    ///
    /// # Errors
    /// When the script fails, rejects, or goes over a limit.
    fn run(&self, program: &Program, call: &Call) -> Result<Reply, Failure>;
}
