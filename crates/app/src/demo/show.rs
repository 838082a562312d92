//! The demonstration for a person: stays until Ctrl-C and leaves nothing behind.

use super::processes::Up;
use super::script::Script;
use super::transcript;
use super::world::{Place, World};
use crate::report;
use anyhow::Result;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two scripted edits.
const PACE: Duration = Duration::from_secs(4);

/// Runs until `shutdown`.
pub(super) async fn run(shutdown: CancellationToken) -> Result<()> {
    report::line("Starting simulators of GitHub and Jira Cloud, and 'twinline up' between them …")?;
    let world = World::start().await?;
    let up = Up::start(&world).await?;
    world.hook_jira()?;
    let say = |line: &str| {
        // A closed terminal ends the demonstration by its signal.
        report::line(&format!("  ⇄ {line}")).ok();
    };
    let listening = transcript::listen(&up, say, shutdown.clone());
    for (place, name) in [(Place::GitHub, "GitHub"), (Place::Jira, "Jira  ")] {
        report::line(&format!("  {name}  {}/_sim/", world.server(place).url()))?;
    }
    report::line(
        "Open the pages above, edit an item by hand, and watch it arrive on the other side.\n\
         Meanwhile somebody edits something every few seconds. Ctrl-C ends it and leaves nothing behind.\n",
    )?;
    let mut script = Script::begin(&world);
    let mut pace = tokio::time::interval_at(tokio::time::Instant::now() + PACE, PACE);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            _ = pace.tick() => report::line(&script.next(&world)?)?,
        }
    }
    report::line("Ending …")?;
    listening.await?;
    up.end().await?;
    world.stop().await;
    Ok(())
}
