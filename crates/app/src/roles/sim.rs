//! `twinline sim`: one simulated tracker on loopback.

use crate::cli::SimArgs;
use crate::config::{Log, LogFormat};
use crate::exit::{Coded, USAGE};
use crate::handles::SystemClock;
use crate::{report, shutdown, telemetry};
use anyhow::{Context, Result};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use twinline_core::handles::Clock as _;
use twinline_sim::registry::{self, Kind};
use twinline_sim::serve::SimServer;
use twinline_sim::{Faults, Faulty, seeds};
use twinline_trackers::registry::described;

/// Runs it until a signal.
///
/// # Errors
/// The port is taken, or the faults cannot be read.
pub async fn run(args: &SimArgs, as_json: bool) -> Result<()> {
    telemetry::start(&Log {
        format: LogFormat::Human,
        level: "warn".to_owned(),
    })?;
    let shutdown = shutdown::on_signal()?;
    let faults = faults(&args.faults)?;
    let kind = kind(&args.tracker)?;
    let mut tracker = Faulty::new((kind.demo)(), faults, args.seed);
    let now = SystemClock.now();
    seeds::seed_demo(&mut tracker, now, None, args.items as usize).context("seeding items")?;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let server = SimServer::start(tracker, Arc::new(SystemClock), at).await?;
    let node = node_section(kind, &server.url());
    if as_json {
        let document = json!({
            "tracker": args.tracker,
            "url": server.url(),
            "page": format!("{}/_sim/", server.url()),
            "node": node,
        });
        report::line(&document.to_string())?;
    } else {
        let url = server.url();
        report::line(&format!(
            "API:   {url}\npage:  {url}/_sim/\nstate: {url}/_sim/dump\n\nFor twinline.toml:\n\n{node}"
        ))?;
    }
    shutdown.cancelled().await;
    server.shutdown().await;
    Ok(())
}

fn kind(tracker: &str) -> Result<&'static Kind> {
    registry::kind(tracker).with_context(|| format!("there is no simulator of '{tracker}'"))
}

/// A node's section, ready to paste, with the commands that make its secret files.
fn node_section(kind: &Kind, url: &str) -> String {
    let (tracker, auth, (name, text)) = (kind.tracker, kind.auth, kind.secret);
    let is_described = matches!(described(tracker), Ok(Some(_)));
    let description = match is_described {
        true => format!(
            "description = \"trackers/{tracker}.toml\"   # 'twinline init --left {tracker}' writes this one\n"
        ),
        false => String::new(),
    };
    format!(
        "[nodes.{tracker}]\ntracker = \"{tracker}\"\nurl     = \"{url}\"\n{description}\
         auth    = {{ {auth}{name} = {{ file = \"secrets/{tracker}.{name}\" }} }}\n\
         allow_private = [\"127.0.0.0/8\"]\n\n\
         # Its secret:\n#   mkdir -p secrets && echo {text} > secrets/{tracker}.{name}\n"
    )
}

fn faults(text: &str) -> Result<Faults> {
    let faults = match text {
        "none" => return Ok(Faults::default()),
        "demo" => return Ok(Faults::demo()),
        file => {
            let bytes = std::fs::read(Path::new(file))
                .with_context(|| format!("reading the faults in {file}"))?;
            serde_json::from_slice::<Faults>(&bytes).map_err(|error| {
                Coded::new(USAGE, format!("{file}: these are no faults: {error}"))
            })?
        }
    };
    faults
        .check()
        .map_err(|sentence| Coded::new(USAGE, format!("{text}: {sentence}")))?;
    Ok(faults)
}

#[cfg(test)]
#[path = "sim_tests.rs"]
mod tests;
