//! Serves a simulated GitHub until Ctrl-C: `cargo run -p twinline-sim --example github -- 4010`.
//!
//! The API is at the printed address, with the token `github-token`; the page is at `/_sim/`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::serve::SimServer;
use twinline_sim::{Faults, Faulty, seeds};

struct WallClock;

impl Clock for WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the example's only use of the wall clock"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::EPOCH.plus(since.unwrap_or_default())
    }
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the address is what the caller wants to know"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let github = Github::new(GithubConfig::default());
    let mut tracker = Faulty::new(Box::new(github), Faults::default(), 1);
    seeds::seed_demo(&mut tracker, WallClock.now(), None, 20)?;
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = SimServer::start(tracker, Arc::new(WallClock), addr).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
