//! A status page with a made-up past, to be looked at: prints its address, and serves until it is ended.
//!
//! The link that acknowledges is `/ack/demo`; reports are taken and forgotten.

#[expect(clippy::unwrap_used, reason = "what it reads is written in it")]
#[path = "../src/site/tests/world.rs"]
mod world;

use async_trait::async_trait;
use std::error::Error;
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::ReportId;
use twinline_core::watch::subscription::Address;
use twinline_watch::channel::acknowledge::About;
use twinline_watch::site::{
    self, Answered, Desk, Errand, Offered, Refused, Report, Settings, Shown, Standing,
    Subscriptions, TenantReport,
};
use world::World;

/// The page's clock stands when the page was made.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A driver for one link.
struct OneLink {
    at: Timestamp,
}

impl OneLink {
    fn errand(token: &str, standing: Standing) -> Result<Errand, Refused> {
        match token {
            "demo" => Ok(Errand {
                about: About::Incident("4".to_owned()),
                person: "ada".to_owned(),
                headline: "commits fail (database:central)".to_owned(),
                standing,
            }),
            _ => Err(Refused::UnknownLink),
        }
    }
}

#[async_trait]
impl Desk for OneLink {
    async fn errand(&self, token: &str) -> Result<Errand, Refused> {
        Self::errand(token, Standing::Open)
    }

    async fn acknowledge(&self, token: &str) -> Result<Errand, Refused> {
        let by = "ada".to_owned();
        Self::errand(token, Standing::Acknowledged { by, at: self.at })
    }

    async fn report(&self, _: Report) -> Result<ReportId, Refused> {
        Ok(ReportId("report-1".to_owned()))
    }

    async fn tenant_report(&self, _: &str, _: TenantReport) -> Result<Answered, Refused> {
        Err(Refused::UnknownToken)
    }

    async fn answer(&self, _: &str, _: ReportId) -> Result<Answered, Refused> {
        Err(Refused::UnknownToken)
    }
}

/// Letters go nowhere.
struct Nobody;

#[async_trait]
impl Subscriptions for Nobody {
    fn offered(&self) -> Offered {
        Offered {
            mail: true,
            hooks: true,
            plain: false,
        }
    }

    async fn ask(&self, _: Address) -> Result<(), Refused> {
        Ok(())
    }

    async fn confirm(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }

    async fn leave(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = World::busy();
    let at = world.now;
    let shown = Shown {
        name: "Acme Sync".to_owned(),
        time_zone: "Europe/Brussels".parse()?,
        public_url: None,
        status: world.status,
        page: world.page,
        at,
    };
    // It stays open as long as it is served.
    let (_shows, shown) = tokio::sync::watch::channel(Arc::new(shown));
    let clock = Arc::new(Still(at));
    let router = site::router(
        shown,
        Arc::new(OneLink { at }),
        Some(Arc::new(Nobody)),
        clock,
        Settings::default(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    announce(&format!("http://{}/", listener.local_addr()?));
    axum::serve(listener, router).await?;
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "whoever starts it must know where it is"
)]
fn announce(address: &str) {
    println!("{address}");
}
