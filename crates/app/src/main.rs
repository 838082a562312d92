//! The binary. All of it is in the library, so that other tools of the project can reach its parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    twinline::main()
}
