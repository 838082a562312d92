use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::serve::SimServer;
use twinline_sim::{Faults, Faulty, registry};
struct WallClock;
impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "x")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::EPOCH.plus(since.unwrap_or_default())
    }
}
#[tokio::main]
#[expect(clippy::print_stdout, reason = "x")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator = (registry::kind("servicenow").unwrap().demo)();
    let tracker = Faulty::new(simulator, Faults::default(), 1);
    let server = SimServer::start(tracker, Arc::new(WallClock), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
