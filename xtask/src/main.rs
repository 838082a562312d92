//! Twinline's development tasks: `cargo xtask TASK`. A table of tasks; each has its module.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{bench, conformance, fuzz, readme, sim, suite, verify};

/// Development tasks of Twinline.
#[derive(Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, lints, documentation, tidiness, licences: everything that needs no test run.
    Verify,
    /// The whole test suite, after installing what is missing (says so first).
    Test(suite::Options),
    /// The deterministic simulation of the engine; prints the seed of a failure.
    Sim(sim::Options),
    /// Connectors and simulators against the vendors' API descriptions; 0 violations hold.
    Conformance(conformance::Options),
    /// Real issue histories, replayed between simulated trackers; 0 lost, 0 doubled, 0 echoes hold.
    Histories(sim::histories::Options),
    /// Trackers that were full before: matched, linked and backfilled within real rate limits on a simulated clock, with a
    /// kill on the way. Judged: nothing lost or doubled; live changes take no longer; it goes on where it was killed; and at
    /// each look, until a twentieth of the whole or five minutes are left, a finish is named (not at first: a host knows
    /// too little for a twentieth of the whole or five minutes) and is wrong by a tenth of what is left at most.
    Backfill(sim::backfill::Options),
    /// Every ordered pair of trackers, every kind of change; 0 failed hold.
    Matrix(sim::matrix::Options),
    /// Hostile input for every decoder, for a given time.
    Fuzz(fuzz::Options),
    #[command(hide = true)]
    FuzzChild(fuzz::ChildOptions),
    /// The README's own first-twin steps, run in a scratch folder.
    Readme(readme::Options),
    /// Figures, with what they compare to in the same run.
    #[command(subcommand)]
    Bench(bench::Bench),
    #[command(hide = true)]
    BenchEdge(bench::ServeOptions),
    #[command(hide = true)]
    BenchStore(bench::StoreOptions),
    #[command(hide = true)]
    BenchWorld(bench::WorldOptions),
    #[command(hide = true)]
    BenchBackend,
    #[command(hide = true)]
    BenchConventional(bench::ConventionalOptions),
    #[command(hide = true)]
    BenchProxyEdge(bench::EdgeOptions),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Verify => verify::run(),
        Task::Test(options) => suite::run(&options),
        Task::Sim(options) => sim::task(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Histories(options) => sim::histories::task(&options),
        Task::Backfill(options) => sim::backfill::task(&options),
        Task::Matrix(options) => sim::matrix::task(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::FuzzChild(options) => fuzz::run_child(&options),
        Task::Readme(options) => readme::task(&options),
        Task::Bench(bench) => bench::run(&bench),
        Task::BenchEdge(options) => bench::serve(&options),
        Task::BenchStore(options) => bench::store(&options),
        Task::BenchWorld(options) => bench::world(&options),
        Task::BenchConventional(options) => bench::serve_conventional(&options),
        Task::BenchBackend => bench::serve_backend(),
        Task::BenchProxyEdge(options) => bench::serve_edge(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Not "it does not hold" but "it could not be judged".
            xtask::say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
