//! Development tasks: what verifies, tests and measures the product. Nothing here ships.

pub mod bench;
pub mod conformance;
pub mod fuzz;
pub mod provision;
pub mod readme;
pub mod run;
pub mod served;
pub mod sim;
pub mod suite;
pub mod verify;

use std::path::{Path, PathBuf};

/// The workspace's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

/// Where provisioned test material lies: npm packages, the Python environment.
pub fn testdata() -> PathBuf {
    root().join("target/testdata")
}

/// One line for a person.
#[expect(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]
pub fn say(line: &str) {
    println!("{line}");
}
