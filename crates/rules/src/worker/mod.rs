//! Scripts in killable worker processes of the same binary.
//!
//! A worker is a child process that answers frames on its standard input with frames on its standard output. It has no
//! environment, opens no file, and lives under resource limits. The parent's [`WorkerPool`] judges the time: some
//! built-ins of the interpreter ignore every limit inside the process, so a call over its time ends with the process.

mod child;
mod frame;
mod pool;
mod process;

pub use child::{answer, main};
pub use pool::WorkerPool;
