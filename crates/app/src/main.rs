//! The binary. All of it is in the library, so that other tools of the project can reach its parts.

use mimalloc::MiMalloc;
use std::process::ExitCode;
use twinline::release::Release;

/// Most of a host's work is small values that live as long as one job (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    twinline::main(Release::CURRENT)
}
